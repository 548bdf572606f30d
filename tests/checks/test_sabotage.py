"""A check that cannot fail proves nothing: break each promise, and see exactly its checks fail.

What is broken is what reaches the cloud, one resource's inputs: the program stays as it is, and so
does what it hands over.
"""

import json
from dataclasses import replace

import pytest

from object_access import handover as handovers
from object_access.checks import Bystanders
from object_access.checks.administration import ADMINISTRATION, ESCALATION
from object_access.checks.browser import ELSEWHERE
from object_access.checks.check import State
from object_access.handover.model import Key

from .conftest import Batches, Case, failed, together

ACCOUNT, LIGHTLY = "123456789012", "311530292373"
READER, WRITER = (f"arn:aws:iam::{LIGHTLY}:user/{name}" for name in ("reader", "writer"))
SWIFT = {
    "auth_url": "https://identity.example.org/v3", "project_id": "0" * 32, "region": "RegionOne",
}  # fmt: skip
RAW = {"prefix": "a/raw/", "access": ["list", "read"]}


def one(holder: dict, place: dict = RAW, **more) -> dict:
    """A project with one place and one holder."""
    return {"kind": "s3", "places": {"data": place}, "holders": {"it": holder}, **more}


PROJECTS = {
    "person": one({"as": "user"}),
    "writer": one({"as": "user"}, {"prefix": "a/raw/", "access": ["list", "read", "write"]}),
    "whole": one({"as": "user"}, {"access": ["list", "read", "write", "delete"]}),
    "tags": one({"as": "user"}, {"prefix": "a/", "access": ["list", "read", "read-tags"]}),
    "typed": one({"as": "user"}, {"prefix": "a/raw/", "access": ["list", "read"], "exact": True}),
    "state": one(
        {"as": "user"}, {"keys": ["env/a.tfstate"], "access": ["list", "read", "write", "delete"]}
    ),
    "two-places": {
        "kind": "s3",
        "places": {"in": RAW, "out": {"prefix": "b/", "access": ["write", "delete"]}},
        "holders": {
            "reader": {"as": "user", "places": ["in"]},
            "writer": {"as": "user", "places": ["out"]},
        },
    },
    "vendor": one({"as": "role", "trusted": [READER, WRITER], "longest_session": 7_200}),
    "account": one({"as": "role", "trusted": [LIGHTLY]}),
    "named": one({"as": "role", "trusted": [READER], "session_name": "nobody-knows-it"}),
    "itself": one({"as": "role", "trusted": [READER], "self_assuming": True}),
    "pending": one({"as": "role"}),
    "logs": one({"as": "existing-role", "name": "logs-of-ours"}),
    "machines": one({"as": "machine"}),
    "guest": one({"as": "principal", "principals": [READER, WRITER]}),
    "pages": one(
        {"as": "user"}, {"access": ["list", "read", "write", "delete"]},
        cors=[
            {"origins": ["*"], "methods": ["GET"]},
            {"origins": ["https://app.example.com"], "methods": ["POST"], "headers": ["x-ours"]},
        ],
    ),
    "full": {"kind": "valohai-s3", "multipart": True},
    "modelstore": {"kind": "modelstore", "prefix": "team/"},
    "laptop": {"kind": "mountpoint", "prefix": "cp/", "access": "read", "holder": "key"},
    "kopah": {"kind": "kopah"},
    "swift": {
        "kind": "valohai-swift", **SWIFT, "username": "valohai", "adopt_key": True,
        "key": "account",
    },
    "urls": {
        "kind": "swift", **SWIFT, "origins": ["https://app.example.com"],
        "places": {"data": {"access": ["list", "read", "write"]}},
        "holders": {
            "links": {"as": "temp-urls"}, "robot": {"as": "credential"},
        },
    },
}  # fmt: skip
UNBROKEN = Batches(
    {name: Case(project) for name, project in PROJECTS.items()},
    ("guest", "kopah"),
)


@pytest.mark.parametrize("project", UNBROKEN.params())
def test_without_sabotage_nothing_fails(cloud, project):
    """The ground the others stand on; what is not tried here says why."""
    results = UNBROKEN.results(cloud, project)

    assert failed(results) == {}
    assert sum(each.state is State.PASSED for each in results) >= 5
    told = {each.answer for each in results if each.state is State.NOT_TRIED}
    assert all("is not installed here" in why or "s3fs-fuse lists" in why for why in told)
    names = [each.name for each in results]
    assert len(names) == len(set(names))


# --- ways to break what reaches the cloud ---

POLICIES = ("UserPolicy", "RolePolicy", "Policy")


def more(*actions: str, on: str = "", kinds=POLICIES):
    """A grant allows something more: on its whole bucket, or on this resource."""

    def change(inputs):
        policy = json.loads(inputs["policy"])
        bucket = _bucket_of(policy)
        where = [on] if on else [bucket, f"{bucket}/*"]
        policy["Statement"].append({"Effect": "Allow", "Action": [*actions], "Resource": where})
        return inputs | {"policy": json.dumps(policy)}

    return kinds, change


def less(action: str, kinds=POLICIES):
    """A grant lacks an action."""

    def change(inputs):
        policy = json.loads(inputs["policy"])
        for each in policy["Statement"]:
            if action in each["Action"]:
                each["Action"] = [kept for kept in each["Action"] if kept != action] or "s3:None"
        return inputs | {"policy": json.dumps(policy)}

    return kinds, change


def _bucket_of(policy) -> str:
    [first, *_] = (each["Resource"] for each in policy["Statement"])
    return (first if isinstance(first, str) else first[0]).partition("/")[0]


def rewritten(old: str, new: str, kinds=POLICIES, what: str = "policy"):
    """A document has another text somewhere."""

    def change(inputs):
        assert old in inputs[what], inputs[what]
        return inputs | {what: inputs[what].replace(old, new)}

    return kinds, change


def trust(change_statement):
    """The statements of a role's trust are changed in place."""

    def change(inputs):
        document = json.loads(inputs["assumeRolePolicy"])
        for each in document["Statement"]:
            change_statement(each)
        return inputs | {"assumeRolePolicy": json.dumps(document)}

    return ("Role",), change


def too(*principals: str):
    """Somebody else is trusted as well, with the same proof."""

    def add(statement):
        named = statement["Principal"].get("AWS", [])
        named = [named] if isinstance(named, str) else named
        statement["Principal"] = {**statement["Principal"], "AWS": [*named, *principals]}
        statement["Effect"] = "Allow"

    return trust(add)


def of_the_bucket(*without: str, added: dict):
    """The bucket's policy lacks these statements, and has one more for its whole bucket."""

    def change(inputs):
        policy = json.loads(inputs["policy"])
        bucket = f"arn:aws:s3:::{inputs['bucket']}"
        policy["Statement"] = [
            *(each for each in policy["Statement"] if each["Sid"] not in without),
            {**added, "Resource": bucket},
        ]
        return inputs | {"policy": json.dumps(policy)}

    return ("BucketPolicy",), change


def with_cors(change_rule):
    """The CORS rules are changed in place."""

    def change(inputs):
        for each in inputs["corsRules"]:
            change_rule(each)
        return inputs

    return ("BucketCorsConfiguration",), change


def put(kind: str, **values):
    """A resource has other inputs."""
    return (kind,), lambda inputs: inputs | values


def metadata(**values):
    """A container has other metadata."""
    return ("Container",), lambda inputs: inputs | {"metadata": inputs["metadata"] | values}


TLS, ADMINISTER = "DenyInsecureTransport", "DenyAdministration"
BESIDE, NO_OTHER = "a/raw/: nothing beside it", "a/raw/: no other verb: write, delete, 10 others"
WAYS = f"administering the bucket ({len(ADMINISTRATION)} ways)"
BECOMING = f"becoming more: users, keys, policies, roles ({len(ESCALATION)} ways)"
GUEST = {"Effect": "Allow", "Principal": {"AWS": READER}, "Action": "s3:PutBucketPolicy"}
NOTHING = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutBucketRequestPayment"}
PUBLIC = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
SABOTAGE = {
    # grants: verbs, prefixes, keys, buckets
    "no listing": ("person", less("s3:ListBucket"), {"a/raw/: list"}),
    "no reading": (
        "person", less("s3:GetObject"), {"a/raw/: read", "a/raw/: read by a presigned link"},
    ),
    "no writing": (
        "writer", less("s3:PutObject"),
        {"a/raw/: list", "a/raw/: read", "a/raw/: read by a presigned link",
         "a/raw/: write, and overwrite", "a/raw/: break off a large upload"},
    ),
    "no breaking off": (
        "writer", less("s3:AbortMultipartUpload"), {"a/raw/: break off a large upload"},
    ),
    "no deleting": ("whole", less("s3:DeleteObject"), {"the whole bucket: delete"}),
    "no tags": ("tags", less("s3:GetObjectTagging"), {"a/: what else was granted: read-tags"}),
    "listing is not scoped": (
        "person", rewritten('"a/raw/*"', '"*"'), {BESIDE},
    ),
    "a prefix without its slash": (
        "person", rewritten("a/raw/*", "a/raw*"), {BESIDE},
    ),
    "the parent is open": ("person", rewritten("a/raw/*", "a/*"), {BESIDE}),
    "whoever ends alike": (
        "person", rewritten("/a/raw/*", "/*/raw/*"), {BESIDE},
    ),
    "listing without its slash": (
        "typed", rewritten(',"a/raw"', ""), {"a/raw/: list, typed without its slash"},
    ),
    "a reader writes": ("person", more("s3:PutObject"), {BESIDE, NO_OTHER}),
    "a reader writes there": (
        "person", more("s3:PutObject", on="arn:aws:s3:::*/a/raw/*"), {NO_OTHER},
    ),
    "a reader sets tags beside it": (
        "tags", more("s3:PutObjectTagging"),
        {"a/: no other verb: write, delete, 9 others", "a/: nothing beside it"},
    ),
    "tags of the whole bucket": (
        "tags", more("s3:GetObjectTagging"), {"a/: nothing beside it"},
    ),
    "a reader sets ACLs": (
        "person", more("s3:PutObjectAcl", on="arn:aws:s3:::*/a/raw/*"), {NO_OTHER, WAYS},
    ),
    "a writer deletes": (
        "writer", more("s3:DeleteObject", on="arn:aws:s3:::*/a/raw/*"),
        {"a/raw/: no other verb: delete, 10 others"},
    ),
    "a writer destroys versions": (
        "whole", more("s3:DeleteObjectVersion"), {WAYS},
    ),
    "the whole of another bucket": (
        "person", more("s3:GetObject", on="*"), {BESIDE, "another bucket"},
    ),
    "tags in another bucket": (
        "whole", more("s3:GetObjectTagging", on="*"),
        {"another bucket", "the whole bucket: no other verb: of 10"},
    ),
    "an exact key's neighbours": (
        "state", rewritten('a.tfstate"', 'a.tfstate*"'), {"env/a.tfstate: nothing beside it"},
    ),
    "an exact key's folder is listed": (
        "state", rewritten('"s3:prefix":"env/a.tfstate"', '"s3:prefix":"env/*"'),
        {"env/a.tfstate: nothing beside it"},
    ),
    "one holder at the other's place": (
        "two-places", more("s3:PutObject", on="arn:aws:s3:::*/b/*", kinds=("UserPolicy",)),
        {"reader: a/raw/: nothing beside it"},
    ),
    "s3:* on the bucket": (
        "whole", more("s3:*"),
        {"the whole bucket: no other verb: of 10", WAYS},
    ),
    "the bucket's ACL": (
        "whole", more("s3:PutBucketAcl"), {WAYS},
    ),
    "iam:* everywhere": (
        "person", more("iam:*", on="*"),
        {BECOMING},
    ),
    "sts:AssumeRole everywhere": (
        "person", more("sts:AssumeRole", on="*"),
        {BECOMING},  # there is a role that trusts the whole account
    ),
    # the bucket's own policy
    "plain HTTP is served": ("person", of_the_bucket(TLS, added=NOTHING), {"the same keys without TLS"}),
    "full access administers": (
        "full", of_the_bucket(ADMINISTER, added=NOTHING),
        # It then takes the policy away, too.
        {f"valohai: {WAYS}", "multipart: the same keys without TLS"},
    ),
    "the guest writes": (
        "guest", rewritten('"s3:GetObject"', '"s3:GetObject","s3:PutObject"', ("BucketPolicy",)),
        {NO_OTHER},
    ),
    "the guest administers": (
        "guest", of_the_bucket(added=GUEST),
        {WAYS},
    ),
    "one of two guests is forgotten": (
        "guest", rewritten(f'"{READER}","{WRITER}"', f'"{READER}"', ("BucketPolicy",)),
        {"each who is named gets in"},
    ),
    "the guest's whole account": (
        "guest", rewritten(f'"{WRITER}"', f'"{LIGHTLY}"', ("BucketPolicy",)),
        {"somebody else in an account of which only some are let in"},
    ),
    # trust
    "no proof is asked for": (
        "vendor", trust(lambda each: each.pop("Condition")),
        {"the role without its external ID", "the role with a wrong external ID"},
    ),
    "another proof is asked for": (
        "vendor",
        trust(lambda each: each["Condition"]["StringEquals"].update({"sts:ExternalId": "other"})),
        {"a session of 2 hours for whom it trusts", "a second more", "a/raw/: list", "a/raw/: read",
         "a/raw/: read by a presigned link", NO_OTHER, BESIDE, "another bucket",
         "the same keys without TLS", WAYS, BECOMING},
    ),
    "any session name": (
        "named", trust(lambda each: each.pop("Condition")),
        {"the role without its session name", "the role with a wrong session name"},
    ),
    "every account": (
        "account", trust(lambda each: each.update(Principal={"AWS": "*"})),
        {"the role from another account, with the right external ID",
         "the role from its own account"},
    ),
    "the whole account of whom it trusts": (
        "vendor", too(f"arn:aws:iam::{LIGHTLY}:root"),
        {"the role from somebody else in an account of which only some are trusted"},
    ),
    "one of two is forgotten": (
        "vendor", trust(lambda each: each["Principal"].update(AWS=[READER])),
        {"a session of 2 hours for whom it trusts"},
    ),
    "its own account": (
        "vendor", too(f"arn:aws:iam::{ACCOUNT}:root"), {"the role from its own account"},
    ),
    "somebody already": (
        "pending", trust(lambda each: each.update(Effect="Allow")),
        {"the role from another account, with the right external ID",
         "the role from its own account"},
    ),
    "it cannot assume itself": (
        "itself", trust(lambda each: "ArnLike" in each["Condition"] and each.update(Effect="Deny")),
        {"it may assume itself"},
    ),
    "anybody of its account, as if it were itself": (
        "itself",
        trust(lambda each: each["Condition"].pop("ArnLike", None)),
        {"the role from its own account"},
    ),
    "shorter sessions": (
        "vendor", put("Role", maxSessionDuration=3_600),
        {"a session of 2 hours for whom it trusts"},
    ),
    "longer sessions": ("vendor", put("Role", maxSessionDuration=43_200), {"a second more"}),
    "machines of anybody": (
        "machines", too(f"arn:aws:iam::{ACCOUNT}:root"), {"the role, assumed by another user"},
    ),
    "machines of another account": (
        "machines", too("999999999999"), {"the role, assumed from another account"},
    ),
    "uploads by anybody": (
        "full", too(f"arn:aws:iam::{ACCOUNT}:root"),
        {"multipart: the role, assumed by another user"},
    ),
    "uploads for longer": (
        "full", put("Role", maxSessionDuration=7_200), {"multipart: a session of more than an hour"},
    ),
    "uploads that delete": (
        "full", more("s3:DeleteObject", kinds=("RolePolicy",)),
        {"multipart: deleting, tags, and reading versions"},
    ),
    "uploads everywhere": (
        "full", more("s3:GetObject", on="*", kinds=("RolePolicy",)), {"multipart: another bucket"},
    ),
    # pages
    "every page uploads": (
        "pages", with_cors(lambda each: each.update(allowedOrigins=["*"])),
        {"its pages may, by preflight: GET from *; POST from https://app.example.com",
         "a form on its page uploads",  # both are told "*", and not that it is this page
         "its own pages and others, by preflight: what no rule names"},
    ),
    "the app's page does more": (
        "pages", with_cors(lambda each: each["allowedMethods"].append("PUT")),
        {"its own pages and others, by preflight: what no rule names"},
    ),
    "any header": (
        "pages", with_cors(lambda each: each.update(allowedHeaders=["*"])),
        {"its own pages and others, by preflight: what no rule names"},
    ),
    "a page that looks like it": (
        "pages", with_cors(lambda each: each.update(
            allowedOrigins=[*each["allowedOrigins"], "https://*.example.com"])),
        {"its own pages and others, by preflight: what no rule names"},
    ),
    "no page": (
        "pages", with_cors(lambda each: each.update(allowedOrigins=[f"{ELSEWHERE}.org"])),
        {"its pages may, by preflight: GET from *; POST from https://app.example.com",
         "a page shows a file by a presigned link", "a form on its page uploads"},
    ),
    # the consumers' own clients
    "the library cannot look at the bucket": (
        "modelstore", less("s3:ListBucket"),
        {"the library uploads a model, lists its domain, downloads it again",
         "s3fs lists the folder and reads a file", "the whole bucket: list"},
    ),
    "a mount that writes": (
        "laptop", more("s3:PutObject", on="arn:aws:s3:::*/cp/*"),
        {"aws s3 cp, where the mount is read-only",
         "Mountpoint's client, doing more than the mount allows",
         "cp/: no other verb: write, delete, 10 others"},
    ),
    # OpenStack
    "everybody reads the container": (
        "swift", put("Container", containerRead=".r:*,.rlistings"),
        {"anyone without a login", "another project's user, and a user without a role"},
    ),
    "everybody of any project writes": (
        "swift", put("Container", containerWrite="*:*"),
        {"another project's user, and a user without a role"},
    ),
    "every page may use the container": (
        "swift", metadata(**{"Access-Control-Allow-Origin": "*"}), {"a page elsewhere (preflight)"},
    ),
    "no page may use the container": (
        "swift", metadata(**{"Access-Control-Allow-Origin": ""}),
        {"the app's page may upload (preflight)",
         "a temporary URL shows the file on the app's page"},
    ),
    "the container has another key": (
        "urls", metadata(**{"Temp-Url-Key": "x" * 32}),
        {"a temporary URL reads the file", "a temporary URL shows the file on the app's page",
         "a temporary URL writes a file",
         "a large file in segments is read whole by a temporary URL",
         "a temporary URL signed with another key"},
    ),
    "a container without a user is open": (
        "urls", put("Container", containerRead=".r:*,.rlistings"), {"anyone without a login",
         "another project's user, and a user without a role"},
    ),
    "a credential for everything": (
        "urls", put("ApplicationCredential", accessRules=[
            {"service": "object-store", "method": method, "path": "/v1/**"}
            for method in ("GET", "HEAD", "PUT", "POST", "DELETE")]),
        {"robot: what was not", "robot: another container"},
    ),
    "a credential for less": (
        "urls", put("ApplicationCredential", accessRules=[
            {"service": "object-store", "method": "HEAD", "path": "/v1/**"}]),
        {"robot: what was granted in the container"},
    ),
}  # fmt: skip


BROKEN = Batches(
    {name: Case(PROJECTS[project], sabotage) for name, (project, sabotage, _) in SABOTAGE.items()},
    [*{project: name for name, (project, *_) in SABOTAGE.items()}.values()][::5],
)


@pytest.mark.parametrize("sabotage", BROKEN.params())
def test_a_broken_promise_fails(cloud, sabotage):
    """Exactly the checks of that promise, no other."""
    *_, expected = SABOTAGE[sabotage]

    assert set(failed(BROKEN.results(cloud, sabotage))) == expected


# What no resource of the program decides.


def alone(cloud, project, sabotage=((), dict), behind=lambda _cloud, _handover: None, **more):
    """One project; what came of its checks."""
    [results] = together(cloud, {"it": Case(PROJECTS[project], sabotage, behind)}, **more).values()
    return results


def test_pages_of_a_bucket_without_rules(cloud):
    """No page was promised anything: a rule that somebody else set is seen."""

    def and_a_rule(cloud, handover):
        rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
        cloud.admin("s3").put_bucket_cors(
            Bucket=handover.where.bucket, CORSConfiguration={"CORSRules": [rule]}
        )

    assert set(failed(alone(cloud, "person", behind=and_a_rule))) == {
        "its own pages and others, by preflight: what no rule names"
    }


def test_a_bucket_that_is_open_to_everyone(cloud):
    """At the second place only: without keys, and from another account."""

    def opened(cloud, handover):
        s3, bucket = cloud.admin("s3"), handover.where.bucket
        s3.delete_public_access_block(Bucket=bucket)
        policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
        policy["Statement"].append({**PUBLIC, "Resource": f"arn:aws:s3:::{bucket}/b/*"})
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))

    assert set(failed(alone(cloud, "two-places", behind=opened))) == {
        "anyone without keys",
        "another account",
        "writer: b/: no other verb: list, read, 10 others",
        "reader: a/raw/: nothing beside it",
    }


@pytest.mark.thorough
def test_another_user_of_the_store_who_is_let_in(cloud):
    """Somebody with keys that open everything: the check sees it."""
    names = ("access_key_id", "secret_access_key")
    let_in = Key(**{name: cloud.compatible[name] for name in names})

    found = alone(cloud, "kopah", seen=lambda others: replace(others, compatible=let_in))

    assert set(failed(found)) == {"another user of the store"}


@pytest.mark.thorough
def test_a_wrong_configuration_that_is_handed_over(cloud, monkeypatch):
    """What is handed over to s3cmd has another secret."""
    real = handovers.FORMATS["s3cfg"]
    wrong = {**handovers.FORMATS, "s3cfg": lambda *given: real(*given).replace("secret_key", "x")}
    monkeypatch.setattr(handovers, "FORMATS", wrong)

    assert set(failed(alone(cloud, "kopah"))) == {"s3cmd writes, lists, reads and removes a file"}


def test_a_machine_that_ec2_does_not_trust_gets_nothing(cloud):
    """Without credentials every check that needs some fails, and says why."""
    not_ours = rewritten("ec2.", "lambda.", ("Role",), "assumeRolePolicy")
    found = failed(alone(cloud, "machines", not_ours))

    assert {"a/raw/: list", "a/raw/: read", BESIDE, NO_OTHER} <= set(found)
    assert set(found.values()) == {"the machine gets no credentials"}


def test_nobody_beside_the_project_is_said(cloud):
    """Without other people and accounts, what needs them is not tried, and never as promised."""
    results = alone(cloud, "vendor", seen=lambda others: Bystanders(trusted=others.trusted))

    told = {each.name: each.state for each in results}
    for name in (
        "another bucket",
        "another account",
        "the role from its own account",
        "the role from another account, with the right external ID",
        "the role from somebody else in an account of which only some are trusted",
    ):
        assert told[name] is State.NOT_TRIED, name
