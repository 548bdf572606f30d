"""`object-access report`: who can do what, worked out by hand and compared."""

import io
import json
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from object_access.access import aws, difference, page, report, tables
from object_access.access import program as programs
from object_access.access.difference import Turn
from object_access.access.model import Verb
from object_access.policies.swift import EVERYBODY, LISTINGS
from object_access.workspace import Workspace

ROOT = Path(__file__).parents[2]
LETTERS = dict(zip(Verb, "LRWDA", strict=True))
EXTERNAL_ID = "open-sesame-1234"


def shipped(environment: str) -> report.AccessReport:
    """The report of an environment as it is in the repository."""
    return report.build(
        environment, programs.declared(ROOT, environment, Workspace.at(ROOT).config_of(environment))
    )


def of(**projects: dict) -> report.AccessReport:
    """The report of an environment with these projects."""
    body = {"namespace": "tests", "projects": projects}
    return report.build("dev", programs.declared(ROOT, "dev", {"object-access:environment": body}))


@pytest.fixture
def program(tmp_path):
    """The report of another program, such as a platform team's."""

    def run(text: str, name: str = "program") -> report.AccessReport:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__main__.py").write_text(text)
        return report.build("dev", programs.declared(folder, "dev", {}))

    return run


def matrix(found: report.AccessReport) -> dict[tuple[str, str], str]:
    """What is allowed, by the names that the program gives things."""
    shown = {}
    for who, where, answers in tables.allowed(found):
        name = f"{who.kind} {who.facts.get('declared_as', who.name)}"
        place = f"{where.facts.get('declared_as', where.root)}/{where.prefix}"
        shown[name, place] = "".join(LETTERS[verb] for verb in Verb if answers[verb].allowed)
    return shown


def one(found: report.AccessReport, kind: str, name: str):
    """The principal of that kind and declared name."""
    [who] = [
        each
        for each in found.findings.principals.values()
        if each.kind == kind and name in (each.name, each.facts.get("declared_as"))
    ]
    return who


def answer(found: report.AccessReport, who, verb: Verb, prefix: str = ""):
    """Somebody's answer, at the only bucket they have to do with."""
    [given] = [
        answers[verb]
        for (name, where), answers in found.findings.access.items()
        if name == who.id and found.findings.places[where].prefix == prefix
    ]
    return given


# --- what is shipped ---


def test_the_guides_examples():
    """Every project of the shipped environment, by hand from its guide: all that is allowed."""
    assert matrix(shipped("guides")) == {
        ("outsider account 311530292373", "lightly-guide/projects/farm-animals/"): "LRWD",
        ("role lightly-guide-lightly", "lightly-guide/projects/farm-animals/"): "LRWD",
        ("user lightly-user-lightly", "lightly-user/raw/"): "LR",
        ("user lightly-user-output", "lightly-user/lightly/"): "LRWD",
        # The library looks at the bucket first, which is listing all of it.
        ("user modelstore-guide-modelstore", "modelstore-guide/"): "L",
        ("user modelstore-guide-modelstore", "modelstore-guide/operatorai-model-store/"): "LRWD",
        ("role mountpoint-guide-mountpoint", "mountpoint-guide/"): "LRWD",
        ("user mountpoint-key-mountpoint", "mountpoint-key/checkpoints/"): "LR",
        ("user valohai-guide-valohai", "valohai-guide/"): "LRWD",
        ("role valohai-guide-multipart", "valohai-guide/"): "LRW",
        ("page any web page", "valohai-guide/"): "LR",
        ("page pages of https://app.valohai.com", "valohai-guide/"): "LRW",
        ("keys keys of profile kopah on s3.kopah.uw.edu", "kopah-guide/"): "LRWDA",
        ("user operators of the OpenStack project", "valohai-swift-guide/"): "LRWDA",
        ("temp-url key of the account", "valohai-swift-guide/"): "RWD",
        # Swift allows a page every method, for which it needs what somebody else has signed.
        ("page pages of https://app.valohai.com", "valohai-swift-guide/"): "LRWDA",
    }


def test_which_statement_decides():
    """By policy and Sid; through a role, with the role's name."""
    found = shipped("guides")
    prefix = "projects/farm-animals/"

    outsider = answer(found, one(found, "outsider", "account 311530292373"), Verb.READ, prefix)
    assert outsider.by == ("as Lightly-S3-Integration: input > Objects",)
    assert outsider.actions == ("s3:GetObject",)
    own = one(found, "user", "lightly-user-lightly")
    assert answer(found, own, Verb.LIST, "raw/").by == (f"{own.name} > ListInput",)
    assert answer(found, own, Verb.WRITE, "raw/").allowed is False


def test_facts_that_are_not_access():
    """Sessions, external ID, keys and their slots, who assumes what, how buckets are guarded."""
    found = shipped("guides")

    lightly = one(found, "role", "lightly-guide-lightly").facts
    assert lightly["longest_session"] == 43_200
    [assumed] = lightly["assumed_by"]
    assert assumed == {
        "who": "outsider:account 311530292373",
        "by": "trust > TrustLightly",
        "external_id_required": True,
    }
    [multipart] = one(found, "role", "valohai-guide-multipart").facts["assumed_by"]
    assert multipart["who"] == one(found, "user", "valohai-guide-valohai").id
    [machine] = one(found, "role", "mountpoint-guide-mountpoint").facts["assumed_by"]
    assert machine["who"] == "outsider:service ec2.amazonaws.com"
    user = one(found, "user", "valohai-guide-valohai").facts
    assert (user["keys"], user["key_slots"]) == (1, 2)
    assert found.findings.places["s3://datalake/"].facts == {
        "declared_as": "lightly-guide",
        "region": "eu-west-1",
        "encryption": "AES256",
        "force_destroy": False,
        "ownership": "BucketOwnerEnforced",
        "protected": False,
        "public_access_blocked": True,
        "tls_only": True,
    }
    assert found.findings.unknown == {}


def test_nothing_is_lost_by_not_asking_everything(monkeypatch):
    """Only pairs of which some statement speaks are asked; asking all of them finds no more."""
    few = matrix(shipped("guides"))
    monkeypatch.setattr(aws.Account, "_near", lambda self, identity, opened: set(self._buckets))

    assert matrix(shipped("guides")) == few


def test_actions_beyond_the_verbs_are_told_by_risk(program):
    """Escalation first, a few of each group, on the page, too."""
    text = """
import pulumi_aws as aws
aws.s3.Bucket("farm", bucket="farm", region="eu-west-1")
ann = aws.iam.User("ann", name="ann")
bob = aws.iam.User("bob", name="bob")
wide = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:PutUserPolicy",'
wide += '"s3:PutObjectTagging","s3:GetObject"],"Resource":"*"}]}'
aws.iam.UserPolicy("wide", user="ann", policy=wide)
aws.iam.UserPolicy("none", user="bob", policy=wide.replace("Allow", "Deny"))
"""
    found = program(text)

    also = "escalation: iam:PutUserPolicy; tags: s3:PutObjectTagging"
    groups = {"escalation": ["iam:PutUserPolicy"], "tags": ["s3:PutObjectTagging"]}
    assert one(found, "user", "ann").facts["also"] == groups
    assert "also" not in one(found, "user", "bob").facts
    assert f"and also: {also}" in tables.markdown(found)
    assert '<li class="risk">escalation: iam:PutUserPolicy</li>' in page.html(found)


# --- other settings ---


def test_valohai_s_documented_policy_administers_nothing():
    """`s3:*`, but the bucket itself denies whatever administers it; `narrow` has none at all."""
    found = of(a={"kind": "valohai-s3"}, b={"kind": "valohai-s3", "access": "narrow"})

    wide = answer(found, one(found, "user", "a-valohai"), Verb.ADMINISTER)
    assert wide.allowed is False
    assert wide.actions == ()
    assert {"s3:DeleteBucket", "s3:PutBucketPolicy"} <= set(wide.denied)
    assert wide.denied_by == ("bucket policy > DenyAdministration",)
    assert answer(found, one(found, "user", "b-valohai"), Verb.ADMINISTER).allowed is False
    assert answer(found, one(found, "user", "b-valohai"), Verb.DELETE).by == ("valohai > Objects",)


@pytest.mark.parametrize(
    ("project", "expected"),
    [
        ({"kind": "mountpoint"}, {"role x-mountpoint": {"": "LR"}}),
        ({"kind": "mountpoint", "access": "write"}, {"role x-mountpoint": {"": "LRW"}}),
        ({"kind": "mountpoint", "access": "delete", "prefix": "a/b/"},
         {"role x-mountpoint": {"a/b/": "LRWD"}}),
        ({"kind": "modelstore", "delete": False, "prefix": "m/"},
         {"user x-modelstore": {"": "L", "m/operatorai-model-store/": "LRW"}}),
        ({"kind": "lightly"},
         {"role x-lightly": {"": "LR"}, "outsider account 916419735646": {"": "LR"}}),
        ({"kind": "lightly", "access": "user", "prefix": "in/", "output": "in/out/"},
         {"user x-lightly": {"in/": "LR", "in/out/": "LRWD"}}),
        ({"kind": "lightly", "separate": True, "prefix": "in/", "output": "out/"},
         {"role x-lightly": {"in/": "LR"}, "role x-output": {"out/": "LRWD"},
          "outsider account 916419735646": {"in/": "LR", "out/": "LRWD"}}),
    ],
    ids=str,
)  # fmt: skip
def test_each_setting_gives_what_it_says(project, expected):
    """By hand from the settings' own words; nobody else gets anything."""
    assert matrix(of(x=project)) == {
        (who, f"x/{prefix}"): verbs
        for who, places in expected.items()
        for prefix, verbs in places.items()
    }


def test_an_adopted_bucket_needs_no_cloud(monkeypatch):
    """No credentials, no network: it is taken to exist, and said to be another's to settle. Neither
    does an OpenStack."""
    for name in [each for each in os.environ if each.startswith(("AWS_", "OS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("the network is asked"))

    found = of(x={"kind": "mountpoint", "adopt": True, "bucket": "there-already", "prefix": "p/"})

    assert found.findings.places["s3://there-already/p/"].facts == {"adopted": True}
    assert matrix(found) == {("role x-mountpoint", "s3://there-already//p/"): "LR"}
    swift = {"auth_url": "https://example.org:5000/v3", "project_id": "0" * 32, "username": "u"}
    found = of(x={"kind": "valohai-swift", "key": "container", **swift})
    assert "temp-url key of x-dev-data" in " ".join(who for who, _ in matrix(found))


def test_encrypted_settings_and_rotations():
    """What only Pulumi's engine can decrypt has a placeholder; a second key is counted."""
    found = of(
        a={"kind": "lightly", "external_id": {"secure": "v1:abcdefgh:ijkl"}},
        b={"kind": "modelstore", "keys": ["key", "next"]},
    )

    assert one(found, "role", "a-lightly").facts["assumed_by"][0]["external_id_required"] is True
    assert one(found, "user", "b-modelstore").facts["keys"] == 2


# --- other programs ---

ALLOWING = '{{"Version":"2012-10-17","Statement":[{{"Sid":"S","Effect":"Allow",{}}}]}}'


def role(trust: str, more: str = "") -> str:
    """A program with one role and one bucket that it reads."""
    own = ALLOWING.format('"Action":"s3:GetObject","Resource":"arn:aws:s3:::farm/*"')
    document = ALLOWING.format(f'"Action":"sts:AssumeRole",{trust}')
    return f"""
import pulumi_aws as aws
own = aws.get_caller_identity().account_id
aws.s3.Bucket("farm", bucket="farm", region="eu-west-1")
it = aws.iam.Role("it", name="it", assume_role_policy='{document}'.replace("OWN", own) {more})
aws.iam.RolePolicy("own", name="own", role=it.name, policy='{own}')
"""


ELSEWHERE = '"Principal":{"AWS":"arn:aws:iam::222222222222:root"}'
WITH_ID = ELSEWHERE + ',"Condition":{"StringEquals":{"sts:ExternalId":"open-sesame-1234"}}'


def test_a_trust_without_an_external_id_is_seen(program):
    """It is asked, not read: with the ID, without, and for a stranger."""
    asks, careless = program(role(WITH_ID), "asks"), program(role(ELSEWHERE), "careless")
    world = program(role('"Principal":"*"'), "world")

    def needed(found):
        return {
            each["who"]: each["external_id_required"]
            for each in one(found, "role", "it").facts["assumed_by"]
        }

    assert needed(asks) == {"outsider:account 222222222222": True}
    assert needed(careless) == {"outsider:account 222222222222": False}
    assert needed(world) == {"outsider:any other account": False}
    assert matrix(world)["outsider any other account", "farm/"] == "R"
    [change, *_] = difference.compare(asks, careless)
    assert (change.turn, change.what) == (
        Turn.WIDENED,
        "no longer asks account 222222222222 for an external ID",
    )


def test_what_one_may_become_counts(program):
    """A user without policies, by a role; and by a second one that trusts only the first."""
    account = "arn:aws:iam::OWN"
    trust = ALLOWING.format(f'"Action":"sts:AssumeRole","Principal":{{"AWS":"{account}:user/ann"}}')
    found = program(
        role(f'"Principal":{{"AWS":"{account}:role/first"}}')
        + f"""
aws.iam.User("ann", name="ann")
aws.iam.Role("first", name="first", assume_role_policy={trust!r}.replace("OWN", own))
"""
    )

    everybody = ("user ann", "role first", "role it")
    assert matrix(found) == {(who, "farm/"): "R" for who in everybody}
    assert answer(found, one(found, "user", "ann"), Verb.READ).by == ("as it: own > S",)


def test_public_buckets_and_what_holds_them_back(program):
    """A policy for everyone opens the bucket to the world, unless public access is blocked; a
    condition on the request is told."""
    text = """
import pulumi_aws as aws
aws.s3.Bucket("farm", bucket="farm", region="eu-west-1")
aws.s3.BucketPolicy("p", bucket="farm", policy='{}')
"""
    everyone = '"Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::farm/pub/*"'
    office = everyone + ',"Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}'
    block = """
aws.s3.BucketPublicAccessBlock("b", bucket="farm", block_public_acls=True,
    block_public_policy=True, ignore_public_acls=True, restrict_public_buckets=True)
"""
    opened = program(text.format(ALLOWING.format(everyone)), "opened")
    held = program(text.format(ALLOWING.format(everyone)) + block, "held")
    guarded = program(text.format(ALLOWING.format(office)), "guarded")

    assert matrix(opened) == {
        ("anonymous anyone without login", "farm/pub/"): "R",
        ("outsider any other account", "farm/pub/"): "R",
    }
    assert matrix(held) == {}
    world = one(guarded, "anonymous", "anyone without login")
    assert answer(guarded, world, Verb.READ, "pub/").only_if == ("aws:sourceip",)
    changes = difference.compare(held, opened)
    assert [change.kind for change in changes[:2]] == ["anonymous", "outsider"]
    assert difference.widened(difference.compare(guarded, opened))
    assert not difference.widened(difference.compare(opened, guarded))


def test_components_of_a_platform_team(program):
    """Tokens of a provider, KMS keys, boundaries, and what is not judged."""
    found = program("""
import pulumi_aws as aws
from object_access import AccessUser, PrivateBucket, WorkloadRole
from object_access.policies.grants import Access
PrivateBucket("farm", {"bucket_name": "farm-of-tests", "region": "eu-west-1"})
arn, key = "arn:aws:s3:::farm-of-tests", "arn:aws:kms:eu-west-1:123456789012:key/abc"
grant = {"bucket_arn": arn, "access": [Access.READ, Access.WRITE], "prefixes": ["a/"],
         "kms_key_arn": key}
WorkloadRole("ci", {"role_name": "ci", "grants": {"farm": grant}, "web_identity": {
    "provider_arn": "arn:aws:iam::123456789012:oidc-provider/token.example.org",
    "subjects": ["repo:my/repo:*"], "wide_subjects": True}})
bound = aws.iam.Policy("bound", name="bound", policy='{"Version":"2012-10-17","Statement":'
    '[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}')
AccessUser("bounded", {"user_name": "bounded", "grants": {"farm": grant},
    "permissions_boundary": bound.arn})
aws.s3.BucketNotification("told", bucket="farm-of-tests", eventbridge=True)
""")

    assert matrix(found) == {
        ("role ci", "farm/a/"): "RW",
        ("outsider repo:my/repo:* by token.example.org", "farm/a/"): "RW",
        ("user bounded", "farm/a/"): "R",
    }
    assert one(found, "role", "ci").facts["kms"] == {
        "arn:aws:kms:eu-west-1:123456789012:key/abc": ["kms:Decrypt", "kms:GenerateDataKey"]
    }
    assert "kms" not in one(found, "user", "bounded").facts
    assert set(found.findings.unknown) == {"aws:s3/bucketNotification:BucketNotification told"}
    assert "Not judged: aws:s3/bucketNotification:BucketNotification told." in tables.markdown(
        found
    )


SWIFT = f"""
from object_access import SwiftAccountKey, SwiftContainer, SwiftCredential
from object_access.policies.grants import Access
project = "0" * 32
SwiftContainer("data", {{"container_name": "data", "region": "R", "keys": ["key", "next"],
    "cors": {{"origins": ["https://app.example.org"]}},
    "access": {{"read": ["{EVERYBODY}", "{LISTINGS}"], "write": [project + ":*"], "public": True}}}})
SwiftCredential("reader", {{"credential_name": "reader", "project_id": project, "region": "R",
    "container_name": "data", "access": [Access.LIST, Access.READ],
    "expires_at": "2027-01-31T00:00:00Z"}})
SwiftAccountKey("account", {{"project_id": project, "region": "R"}})
"""


def test_swift(program):
    """By its lists, its keys and the rules of its credentials."""
    found = program(SWIFT)

    assert matrix(found) == {
        ("anonymous anyone without login", "data/"): "LR",
        (f"outsider every user of project {'0' * 32}", "data/"): "WD",
        ("page pages of https://app.example.org", "data/"): "LRWDA",
        ("temp-url key of data", "data/"): "RWD",
        ("temp-url key of the account", "data/"): "RWD",
        ("credential reader", "data/"): "LR",
        ("user operators of the OpenStack project", "data/"): "LRWDA",
    }
    assert one(found, "temp-url", "key of data").facts == {"keys": 2, "key_slots": 2}
    assert one(found, "temp-url", "key of the account").facts["keys"] == 1
    assert "| account's temp-URL key |" in tables.markdown(found)
    reader = one(found, "credential", "reader")
    assert reader.facts["expires_at"] == "2027-01-31T00:00:00Z"
    assert answer(found, reader, Verb.LIST).by == ("access rule > GET /data",)


# --- what is shown ---


def every_shape(found: report.AccessReport, earlier: report.AccessReport) -> str:
    """All that the report and its difference can be turned into."""
    console = Console(width=400, record=True, file=io.StringIO())
    changes = difference.compare(earlier, found)
    console.print(tables.table(found))
    console.print(difference.table("dev", changes, "HEAD"))
    data = difference.data("dev", changes, "HEAD")
    texts = [report.to_json(found), tables.markdown(found), page.html(found), json.dumps(data)]
    return "\n".join([*texts, difference.markdown("dev", changes, "HEAD"), console.export_text()])


def test_no_shape_tells_a_secret(program):
    """Neither the external ID, given or made, nor keys, nor the placeholders for them."""
    projects = {
        "given": {"kind": "lightly", "external_id": EXTERNAL_ID},
        "made": {"kind": "lightly"},
        "user": {"kind": "modelstore"},
    }
    before = of(**{**projects, "given": {**projects["given"], "prefix": "in/"}})

    shown = every_shape(of(**projects), before) + every_shape(program(SWIFT), before)

    assert EXTERNAL_ID not in shown
    assert "placeholder" not in shown
    assert "AKIA" not in shown
    assert one(of(**projects), "role", "given-lightly").name in shown  # it was really there


def test_json_is_stable_and_can_be_read_again():
    """The same text for the same program, sorted, and nothing is lost on the way."""
    text = report.to_json(shipped("guides"))

    assert report.to_json(shipped("guides")) == text
    assert report.to_json(report.from_json(text)) == text
    for wrong in ("", "[]", "{}", '{"format": 99}', '{"format": 2, "environment": "x"}'):
        with pytest.raises(ValueError, match="it "):
            report.from_json(wrong)


# --- the difference ---


def turns(before: report.AccessReport, now: report.AccessReport) -> list[tuple[str, str, str]]:
    """The changes, in a few words."""
    return [
        (change.turn.value, change.who.split("-dev-")[0], change.what)
        for change in difference.compare(before, now)
    ]


def test_what_a_change_of_settings_changes():
    """Exactly that, in words, and whether somebody must look."""
    narrow = {"kind": "valohai-s3", "access": "narrow"}
    documented = {"kind": "valohai-s3"}
    reading, deleting = {"kind": "mountpoint"}, {"kind": "mountpoint", "access": "delete"}

    assert difference.compare(of(x=narrow), of(x=narrow)) == []
    [wider] = difference.compare(of(x=narrow), of(x=documented))
    assert wider.turn is Turn.WIDENED
    assert wider.what == (
        "+ read (s3:GetObjectVersion); still list, write, delete; and also: tags: "
        "s3:PutObjectTagging; reads: s3:GetBucketCORS, s3:GetBucketVersioning, "
        "s3:GetEncryptionConfiguration, s3:GetObjectTagging"
    )
    [narrower] = difference.compare(of(x=documented), of(x=narrow))
    assert narrower.turn is Turn.NARROWED
    assert turns(of(x=reading), of(x=deleting)) == [
        ("widened", "x", "+ write, delete; still list, read")
    ]
    assert turns(of(x=deleting), of(x=reading)) == [
        ("narrowed", "x", "- write, delete; still list, read")
    ]
    second = {"kind": "modelstore", "keys": ["key", "next"]}
    assert turns(of(x={"kind": "modelstore"}), of(x=second)) == [("changed", "x", "1 → 2 keys")]


def test_a_prefix_that_moves_is_seen_as_that():
    """Not as a change of the bucket around it."""
    before, now = (of(x={"kind": "mountpoint", "prefix": each}) for each in ("raw/", "raw2/"))

    changes = difference.compare(before, now)

    assert [(change.turn, change.where[0].rpartition("/raw")[2], change.what) for change in changes] == [
        (Turn.ADDED, "2/", "+ list, read"),
        (Turn.REMOVED, "/", "- list, read"),
    ]  # fmt: skip
    whole = of(x={"kind": "mountpoint"})
    [wider] = difference.compare(before, whole)
    assert (wider.turn, wider.what) == (Turn.WIDENED, "+ list, read")
    assert wider.where[0].endswith(", but for raw/")
    assert [change.turn for change in difference.compare(whole, before)] == [Turn.NARROWED]


def test_a_prefix_that_goes_deeper_keeps_what_it_keeps():
    """Whoever reads the difference sees where access has ended, and where it has not."""
    before, now = (of(x={"kind": "mountpoint", "prefix": each}) for each in ("raw/", "raw/2026/"))

    [change] = difference.compare(before, now)

    assert (change.turn, change.what) == (Turn.NARROWED, "- list, read")
    assert change.where[0].endswith("/raw/, but for raw/2026/")
    [back] = difference.compare(now, before)
    assert back.turn is Turn.WIDENED


def test_the_riskiest_comes_first_and_a_screen_is_enough():
    """Outsiders before users, administering before reading, and no more than a screenful."""
    many = {f"m{number}": {"kind": "modelstore"} for number in range(20)}
    projects = {"v": {"kind": "kopah"}, "l": {"kind": "lightly"}, **many}

    changes = difference.compare(report.empty("dev"), of(**projects))
    comment = difference.markdown("dev", changes, "main")

    assert [change.kind for change in changes[:3]] == ["outsider", "keys", "user"]
    assert "administer" in changes[1].what
    seen = comment.partition("<details>")[0]
    assert len(seen.splitlines()) < 25
    # Whoever can do the same stands in one row.
    assert f"({len(changes)} added)" in comment
    assert all(difference.escape(change.who) in comment for change in changes)
    assert "unchanged" in difference.markdown("dev", [], "main")


# --- the command ---


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """A copy of the project in a repository of its own, as it is now."""
    folder = tmp_path_factory.mktemp("copy") / "project"
    kept = ("components", "stacks", "__main__.py", "Pulumi.yaml")
    for name in kept:
        take = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        folder.mkdir(exist_ok=True)
        take(ROOT / name, folder / name)
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    for step in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "as it is"]):
        subprocess.run(["git", *step], cwd=folder, check=True)
    return folder


@pytest.fixture
def command(invoke):
    """Run `object-access report` to its end, of the guides where no environment is named."""

    def run(folder: Path, *arguments: str):
        named = [] if "--environment" in arguments else ["--environment", "guides"]
        return invoke(
            "report", *named, *arguments, cwd=folder, env={**os.environ, "COLUMNS": "200"}
        )

    return run


@pytest.mark.thorough
def test_one_changed_prefix_against_a_commit(command, copy):
    """The issue's own proof: an environment file is edited, and exactly that is told."""
    file = copy / "stacks/environments/Pulumi.guides.yaml"
    as_it_was = file.read_text()
    file.write_text(as_it_was.replace("prefix: checkpoints/", "prefix: checkpoints/run-1/"))
    try:
        told = command(copy, "--against", "HEAD", "--format", "json")
        command(copy, "--format", "json", "--output", "now.json")
        same = command(copy, "--against", "now.json", "--format", "markdown")
        file.write_text(as_it_was)
        back = command(copy, "--against", "now.json")
    finally:
        file.write_text(as_it_was)

    assert (same.returncode, same.stderr) == (0, "")
    assert "unchanged" in same.stdout
    # The new prefix lies in the old one: nothing is added, the rest of the old one is lost.
    assert (told.returncode, told.stderr) == (0, "")
    [change] = json.loads(told.stdout)["changes"]
    assert (change["turn"], change["what"]) == ("narrowed", "- list, read")
    assert change["where"][0].endswith("/checkpoints/, but for checkpoints/run-1/")
    assert back.returncode == 3
    assert "widened (1 widened)" in back.stdout


def test_an_environment_that_is_new_has_everything_added(command, copy):
    """Against a commit that did not know it."""
    file = copy / "stacks/environments/Pulumi.new.yaml"
    file.write_text((copy / "stacks/environments/Pulumi.dev.yaml").read_text())
    try:
        told = command(copy, "--environment", "new", "--against", "HEAD", "--format", "json")
    finally:
        file.unlink()

    assert told.returncode == 3
    assert {each["turn"] for each in json.loads(told.stdout)["changes"]} == {"added"}


def test_a_program_of_raw_resources_beside_another(command, tmp_path):
    """A folder against a folder, without settings or components; exit code 3, and its witness."""
    for name, action in (("before", "s3:GetObject"), ("now", "s3:*")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "Pulumi.yaml").write_text("name: raw\nruntime: python\n")
        (folder / "parts.py").write_text(f"ACTION = {action!r}\n")  # beside the program
        (folder / "__main__.py").write_text("""
import json
import pulumi_aws as aws
from parts import ACTION
print("a program may say what it likes")
user = aws.iam.User("ann")
statement = {"Effect": "Allow", "Action": ACTION, "Resource": "arn:aws:s3:::farm/*"}
aws.iam.UserPolicy("p", user=user.name, policy=json.dumps(
    {"Version": "2012-10-17", "Statement": [statement]}))
""")
    wider = ["--program", str(tmp_path / "now"), "--against", str(tmp_path / "before")]
    fewer = ["--program", str(tmp_path / "before"), "--against", str(tmp_path / "now")]

    told = command(tmp_path, *wider, "--format", "json", "--environment", "prod")
    back = command(tmp_path, *fewer, "--environment", "prod")

    assert (told.returncode, back.returncode) == (3, 0), told.stderr + back.stderr
    [change] = json.loads(told.stdout)["changes"]
    assert "escalation: s3:" in change["what"]
    assert change["witness"]["resource"].startswith("arn:aws:s3:::farm/")
    assert change["witness"]["principal"]["arn"].endswith(":user/ann-0000000")
    (tmp_path / "now/__main__.py").write_text("raise ValueError('no such thing')")
    failed = command(tmp_path, *wider, "--environment", "prod")
    assert (failed.returncode, failed.stdout) == (2, "")
    assert failed.stderr == "error: the program does not run: ValueError: no such thing\n"


def test_a_broken_invariant_fails_the_report(command, copy):
    """With exit code 1, and the request that breaks it."""
    file = copy / "stacks/environments/Pulumi.sworn.yaml"
    text = (copy / "stacks/environments/Pulumi.dev.yaml").read_text()
    line = "  object-access:never:\n    - {who: anyone, may: delete, where: '*'}\n"
    file.write_text(text.replace("config:\n", "config:\n" + line, 1))
    try:
        told = command(copy, "--environment", "sworn")
    finally:
        file.unlink()

    assert told.returncode == 1
    assert told.stderr.startswith("broken: never: anyone may delete at *; but vision-sworn-valohai")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--environment", "nowhere"], "environment 'nowhere' does not exist"),
        (["--format", "pdf"], "format 'pdf' is unknown"),
        (["--against", "HEAD", "--format", "html"], "a difference has no html"),
        (
            ["--against", "no-such-ref"],
            "'no-such-ref' is neither a file, nor a folder, nor a commit",
        ),
        (["--against", "--output=x"], "'--output=x' is neither a file, nor a folder, nor a commit"),
        (["--against", "Pulumi.yaml"], "'Pulumi.yaml' cannot be compared with: it is no JSON"),
        (["--output", "no/such/folder/x"], "No such file or directory"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_one_line(command, copy, arguments, said):
    """On standard error, with exit code 2, and nothing on standard output."""
    told = command(copy, *arguments)

    assert (told.returncode, told.stdout) == (2, "")
    assert said in told.stderr
    assert len(told.stderr.splitlines()) == 1
