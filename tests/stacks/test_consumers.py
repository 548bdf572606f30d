"""Consumers as data: every file is whole, grants what it says and nothing else, and the handshake
of those who name themselves only once they know the role."""

import json
import re
import runpy
from collections.abc import Iterator, Mapping
from dataclasses import fields as fields_of
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest

from object_access.handover import Handover, fields, next_step
from object_access.handover.forms import resolve
from object_access.handover.model import S3, How, Place, Role, Swift
from object_access.policies.trust import Trusted, delegated
from object_access.rehearsal.engine import plain
from object_access.workspace import Workspace, parse_yaml
from stacks import consumers, projects, settings, shapes
from stacks.consumers import Consumer, Is

ROOT = Path(__file__).parents[2]
SHARED = {"protect": False, "namespace": "example-org"}
FILES = consumers.load()
REFERENCE = re.compile(r"(?<!\{)\{([\w-]+)(?:\.([\w-]+))?\??\}(?!\})")


def of(name: str, **given) -> dict:
    """The environment of one project of this consumer: with its example, or with these settings."""
    return {**SHARED, "projects": {name: {"kind": name, **(given or FILES[name].example)}}}


@pytest.fixture
def handed(program):
    """Run the program for one project; gives what it hands over."""

    def run(environment: dict) -> Handover:
        [(name, (value, _))] = program(environment).items()
        return Handover.read(name, plain(value))

    return run


# --- every file is whole ---


class Given:
    """An environment's settings, as the program reads them."""

    def __init__(self, environment: dict):
        self._environment = environment

    def get_object(self, _key: str) -> Any:
        return self._environment


def overlays(consumer: Consumer) -> Iterator[Mapping[str, Any]]:
    """Whatever its settings may lay over its project, and the project itself."""
    yield {"project": consumer.project, "form": vars(consumer.form), "next": consumer.next_}
    for setting in consumer.settings.values():
        yield from (each or {} for each in setting.choices.values())
        yield from (setting.given, setting.absent)


def texts(value: object) -> Iterator[str]:
    """Every text in it."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value


def named(consumer: Consumer, what: str) -> set[str]:
    """The names of all places, or holders, that its project may have."""
    return {name for each in overlays(consumer) for name in each.get("project", {}).get(what, {})}


@pytest.mark.parametrize("name", FILES)
def test_its_example_is_a_project(name):
    """Its example is a project of its generic kind, with all of that kind's checks."""
    [loaded] = settings.load(Given(of(name)), "dev")

    assert loaded.project.consumer == name
    assert type(loaded.project) is projects.KINDS[FILES[name].kind]


@pytest.mark.parametrize("name", FILES)
def test_it_is_explained(name):
    """It says what it does, from where its facts are, and what goes wrong with it; no sentence
    stands twice."""
    consumer = FILES[name]
    sentences = [each.what for each in consumer.traps]

    assert consumer.does
    assert consumer.sources
    assert sentences
    assert len(set(sentences)) == len(sentences)


@pytest.mark.parametrize("name", FILES)
def test_its_form_speaks_of_what_is_there(name):
    """Every `{name}` in what is pasted is a setting, a place, a holder, or something of the store;
    every `{name.part}` is a part that such a thing has."""
    consumer = FILES[name]
    alone = {
        *consumer.settings,
        *("project", "mount", "fstab", "docker", "python"),
        *(each.name for where in (S3, Swift) for each in fields_of(where)),
    }
    of_holders = {part for how in get_args(How) for part in (*how.__annotations__, *dir(how))}
    of_places = {part for part in dir(Place) if not part.startswith("_")} | {"prefix", "keys"}
    for each in overlays(consumer):
        for text in texts([each.get("form", {}), each.get("next", "")]):
            for whose, part in REFERENCE.findall(text):
                parts: set[str] = set()
                parts |= of_holders if whose in named(consumer, "holders") else set()
                parts |= of_places if whose in named(consumer, "places") else set()
                parts |= {"folder"} if whose in consumer.settings else set()
                assert (part in parts) if part else (whose in alone), text


@pytest.mark.parametrize("name", FILES)
def test_every_setting_does_something(name):
    """A setting changes the project or stands in one of its texts."""
    consumer = FILES[name]
    spoken = {
        whose
        for each in overlays(consumer)
        for text in texts(each)
        for whose, _ in REFERENCE.findall(text)
    }
    spoken |= {"directory"} if "mount" in spoken else set()  # a part of the command
    for key, setting in consumer.settings.items():
        assert key in spoken or setting.choices or setting.given or setting.absent, key


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        (name, dict(zip(keys, words, strict=True)))
        for name, consumer in FILES.items()
        if (keys := [key for key, each in consumer.settings.items() if each.choices])
        for words in product(*(consumer.settings[key].choices for key in keys))
    ],
)
def test_every_choice_is_a_project(name, choices):
    """Whatever is chosen, with the rest as in the example, is a project, too."""
    others = {"external_id": "an-external-id", "principal": "111122223333"}
    known = {key: value for key, value in others.items() if key in FILES[name].settings}
    [loaded] = settings.load(Given(of(name, **known | FILES[name].example | choices)), "dev")

    assert loaded.project.holders


# --- what is granted, and nothing else ---

# The actions that the text in each file's sources asks for: on the bucket, on objects, and on the
# role itself. W&B, ClickHouse, Fivetran and Sippy have wildcards there, CVAT all of S3.
GET, PUT, REMOVE, ACL = "GetObject", "PutObject", "DeleteObject", "PutObjectAcl"
LIST, LOCATE, UPLOADS = "ListBucket", "GetBucketLocation", "ListBucketMultipartUploads"
ASKED = {
    "airbyte": ([LIST, LOCATE, UPLOADS], [GET, PUT, REMOVE, ACL]),
    "aiven-sink": ([UPLOADS], [GET, PUT, "ListMultipartUploadParts"]),
    "aiven-source": ([LIST], [GET]),
    "akridata": ([LIST, LOCATE], [GET]),
    "amplitude": ([LIST, "GetBucketNotification", "PutBucketNotification"], [GET]),
    "bitmovin": ([], [GET]),
    "celigo": ([LIST], [GET, PUT]),
    "clickhouse-cloud": ([LIST, LOCATE], [GET]),
    "cloudflare-sippy": ([LIST], [GET]),
    "cvat": ([LIST], [GET, PUT]),
    "databricks": ([LIST, LOCATE], [GET, PUT, REMOVE], ["sts:AssumeRole"]),
    "datadog-archives": ([LIST], [GET, PUT]),
    "dataloop": ([LIST], [GET, PUT, REMOVE]),
    "fiftyone-enterprise": ([LIST], [GET]),
    "fivetran": ([LIST], [GET]),
    "ground-truth": ([LIST, LOCATE], [GET, PUT]),
    "label-studio": ([LIST], [GET, PUT, REMOVE]),
    "label-studio-enterprise": ([LIST], [GET, PUT]),
    "labelbox": ([LIST, LOCATE], [GET]),
    "mixpanel": ([LIST], [GET, PUT, REMOVE]),
    "mparticle": ([], [PUT, ACL]),
    "roboflow": ([LIST, LOCATE], [GET, "GetObjectVersion", "GetObjectTagging"]),
    "rudderstack": ([LIST], [GET, PUT, ACL]),
    "scale-ai": ([LIST], [GET]),
    "segment": ([], [PUT, ACL]),
    "snowflake": ([LIST], [GET, "GetObjectVersion", PUT, REMOVE]),
    "stitch": ([LIST], [GET, PUT]),
    "superannotate": ([], [GET, PUT, REMOVE]),
    "v7-darwin": ([LIST], [GET, PUT]),
    "visual-layer": ([LIST], [GET, "GetObjectVersion"]),
    "wandb": (
        [LIST, LOCATE, UPLOADS, "ListBucketVersions", "GetBucketVersioning", "GetBucketCORS",
         "GetEncryptionConfiguration"],
        [GET, PUT, REMOVE],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKED)
def test_what_it_asks_for_is_granted_and_nothing_else(program, paper, name):
    """The allowed actions of its example are those of its vendor's text, on this bucket alone;
    whoever writes may also clean up after an upload that broke off."""
    program(of(name))

    granted: dict[str, set[str]] = {"bucket": set(), "objects": set(), "itself": set()}
    [bucket] = [each.inputs["bucket"] for each in paper.declared if each.type.endswith(":Bucket")]
    for statement in allowed(paper):
        resources = statement["Resource"]
        for resource in [resources] if isinstance(resources, str) else resources:
            assert bucket in resource or ":role/" in resource
            kind = "itself" if ":role/" in resource else "objects" if "/" in resource else "bucket"
            actions = statement["Action"]
            granted[kind] |= {actions} if isinstance(actions, str) else set(actions)
    on_bucket, on_objects, *on_itself = ASKED[name]
    cleaning = ["AbortMultipartUpload"] if PUT in on_objects else []
    assert granted == {
        "bucket": {f"s3:{action}" for action in on_bucket},
        "objects": {f"s3:{action}" for action in [*on_objects, *cleaning]},
        "itself": {action for each in on_itself for action in each},
    }


def allowed(paper) -> Iterator[dict]:
    """The statements of every declared policy that allow something."""
    kinds = (":RolePolicy", ":UserPolicy", ":Policy", ":BucketPolicy")
    for each in paper.declared:
        if each.type.endswith(kinds):
            for statement in json.loads(plain(each.inputs["policy"]))["Statement"]:
                if statement["Effect"] == "Allow":
                    yield statement


@pytest.mark.parametrize("name", ["mparticle", "stitch", "v7-darwin", "wandb"])
def test_the_buckets_policy_lets_in_whom_the_file_names(program, paper, name):
    """Somebody else's principals are named in every statement; nobody else is let in."""
    program(of(name))
    [loaded] = settings.load(Given(of(name)), "dev")
    [holder] = loaded.project.holders.values()

    for statement in allowed(paper):
        assert statement["Principal"] == {"AWS": list(holder.principals)}


# --- the handshake ---

USER, SHOWN = "arn:aws:iam::111122223333:user/theirs", "an-id-that-it-showed"
HANDSHAKES = {
    # what is known at first, what the consumer then tells, a word of what comes next
    "aiven-sink": ({}, {"principal": USER, "external_id": SHOWN}, "Aiven's support"),
    "aiven-source": ({}, {"principal": USER, "external_id": SHOWN}, "Aiven's support"),
    "clickhouse-cloud": ({"session_name": "a-secret"}, {"principal": USER}, "Service role ID"),
    "databricks": ({}, {"external_id": SHOWN}, "storage credential"),
    "snowflake": ({}, {"principal": USER, "external_id": SHOWN}, "DESC INTEGRATION"),
    "visual-layer": ({}, {"principal": USER, "external_id": SHOWN}, "Visual Layer then shows"),
}


def test_every_handshake_is_tried_here():
    """Whoever's file says what comes next is in the table above."""
    assert set(HANDSHAKES) == {name for name, each in FILES.items() if each.next_}


@pytest.mark.parametrize("name", HANDSHAKES)
def test_the_first_step_trusts_nobody_and_says_what_comes_next(handed, paper, name):
    """The role is there with all that it may do, for its ARN is pasted first, and its trust lets
    nobody in."""
    first, _, word = HANDSHAKES[name]

    handover = handed(of(name, **first, versioning=True))  # not its example

    [trust] = json.loads(plain(paper.one("Role")["assumeRolePolicy"]))["Statement"]
    assert (trust["Effect"], trust["Principal"]) == ("Deny", {"AWS": "*"})
    assert any(":role/" in field.value for field in fields(handover))
    [how] = [each.how for each in handover.holders.values()]
    made = isinstance(how, Role) and how.external_id  # not the one that the consumer will tell
    assert not made or all(made not in field.value for field in fields(handover))
    assert word in next_step(handover)
    assert "{" not in next_step(handover)
    assert list(allowed(paper))


@pytest.mark.parametrize("name", HANDSHAKES)
def test_the_second_step_trusts_the_consumer_and_nothing_comes_next(handed, paper, name):
    """With what the consumer told, the same role of the same name trusts it, with its proof."""
    first, then, _ = HANDSHAKES[name]

    handover = handed(of(name, **first, **then))

    [how] = [each.how for each in handover.holders.values()]
    assert isinstance(how, Role)
    who = then.get("principal", FILES[name].settings["principal"].default)
    trust = json.loads(plain(paper.one("Role")["assumeRolePolicy"]))
    said = {"external_id": SHOWN} if "external_id" in then else {"session_name": "a-secret"}
    key = next(iter(handover.holders))
    agreed = Trusted([who], self_assuming=name == "databricks", **said)
    assert trust == delegated({key: agreed}, how.role_arn)
    assert next_step(handover) == ""


def test_databricks_may_assume_itself(program, paper):
    """Its trust names its account with the role as the principal and the same external ID; its
    policy allows it on itself alone."""
    program(of("databricks"))

    [_, itself] = json.loads(plain(paper.one("Role")["assumeRolePolicy"]))["Statement"]
    arn = itself["Condition"]["ArnLike"]["aws:PrincipalArn"]
    policy = json.loads(
        plain(paper.one("RolePolicy", "databricks-databricks-assume-itself")["policy"])
    )
    [statement] = policy["Statement"]
    assert itself["Condition"]["StringEquals"] == {
        "sts:ExternalId": FILES["databricks"].example["external_id"]
    }
    assert itself["Principal"]["AWS"].endswith(":root")
    assert (statement["Action"], statement["Resource"]) == ("sts:AssumeRole", arn)


def test_the_environment_shows_both_steps():
    """`consumers` rehearses every consumer, and one handshake at its first step beside its
    second."""
    config = Workspace.at(ROOT).config_of("consumers")["object-access:environment"]

    loaded = {each.project.name: each.project for each in settings.load(Given(config), "consumers")}

    assert set(FILES) <= set(loaded)
    assert loaded["snowflake-first"].holders["snowflake"].trusted == ()
    assert loaded["snowflake"].holders["snowflake"].trusted


# --- what is refused ---


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("snowflake", {"principal": USER}, "principal is set without external_id, give that too"),
        ("snowflake", {"external_id": SHOWN}, "external_id is set without principal"),
        ("roboflow", {"access": "role"}, "access is 'role' without principal, give that too"),
        ("airbyte", {"access": "role"}, "access is 'role' without external_id, give that too"),
        ("label-studio", {"delete": True}, "delete is set without target, give that too"),
        ("labelbox", {}, "setting 'external_id' is missing: The external ID that"),
        ("mparticle", {"bucket": "our-events"}, "'our-events' must begin with 'mp-forwarding-'"),
        (
            "celigo",
            {"role_name": "files", "principal": USER, "external_id": SHOWN},
            "'files' must begin with 'celigo-file-adaptor'",
        ),
        ("clickhouse-cloud", {"session_name": "a b"}, "session name has ' '"),
        ("amplitude", {"centre": "asia"}, "centre 'asia' is unknown, use one of us, eu"),
        ("scale-ai", {"external_id": "x y"}, "external ID has ' '"),
    ],
)
def test_one_clear_line(name, given, message):
    """A setting that is missing, wrong, or without another one that it needs is told of in one
    line, with the project's name."""
    environment = {**SHARED, "projects": {"mine": {"kind": name, **given}}}
    with pytest.raises(ValueError) as refused:
        settings.load(Given(environment), "dev")

    assert message in str(refused.value)
    assert "mine: " in str(refused.value)
    assert "\n" not in str(refused.value)


WHOLE = {
    "title": "A tool",
    "does": "reads",
    "kind": "s3",
    "sources": [{"what": "its page", "read": "2026-11-21"}],
    "project": {"places": {}, "holders": {}},
    "form": {"destination": "the tool", "fields": {}},
}
CHOICE = {"is": "choice", "about": "Which.", "default": "a"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sources": [{"what": "its page", "read": "yesterday"}]}, "read 'yesterday' is no day"),
        ({"sources": [{"what": "its page"}]}, "setting 'read' is missing"),
        ({"kind": "s4"}, "kind 's4' is unknown, use one of compatible, pipeline, s3, swift"),
        ({"trap": []}, "unknown setting 'trap', did you mean 'traps'"),
        (
            {"settings": {"delete": {"is": "switch", "about": "x", "given": {"projet": {}}}}},
            "unknown overlay 'projet', did you mean 'project'",
        ),
        (
            {"settings": {"how": {**CHOICE, "choices": {"a": {"needs": ["whom"]}}}}},
            "settings: how: needs 'whom', which is no setting",
        ),
        (
            {"settings": {"whom": {"is": "principal", "about": "x", "needs": "proof"}}},
            "settings: whom: needs 'proof', which is no setting",
        ),
        ({"settings": {"whom": {"is": "person", "about": "x"}}}, "'person' is unknown, use one of"),
    ],
)
def test_a_wrong_file_is_refused(change, message):
    """The schema says what is wrong with a consumer's file."""
    assert shapes.read(Consumer, WHOLE, {"name": "tool"}).title == "A tool"
    with pytest.raises(ValueError) as refused:
        shapes.read(Consumer, WHOLE | change, {"name": "tool"})

    assert message in str(refused.value)


def test_a_proof_is_no_setting_to_show():
    """External IDs and the names of sessions that stand in for them are secrets; they are not
    among the settings that a hand-over shows."""
    for name, proof in (("clickhouse-cloud", "session_name"), ("segment", "external_id")):
        consumer = FILES[name]
        _, paste = consumer.fill_in(consumer.example)

        assert consumer.settings[proof].is_ in (Is.SESSION_NAME, Is.EXTERNAL_ID)
        assert consumer.example[proof] not in paste.settings.values()


def test_the_account_of_a_role_can_be_pasted(handed):
    """Scale asks for the account alone, and knows the role by its fixed name."""
    handover = handed(of("scale-ai"))

    told = dict(handover.form.fields)
    assert resolve(handover, told["AWS account ID"]) == ("123456789012", False)
    assert handover.holders["scale"].how.role_arn.endswith(":role/ScaleAI-Integration")


def test_the_page_is_of_these_files():
    """docs/consumers.md is what docs/consumers.py makes of the files."""
    made = runpy.run_path(str(ROOT / "docs/consumers.py"))

    assert made["page"]() == (ROOT / "docs/consumers.md").read_text(), "run `make docs`"


def test_the_page_shows_a_whole_file():
    """The file that docs/consumers.md shows is one, and its example fills in a project."""
    _, _, rest = (ROOT / "docs/consumers.md").read_text().partition("```yaml\n")
    text, _, _ = rest.partition("```")

    consumer = shapes.read(Consumer, parse_yaml(text, "the page"), {"name": "pixel-farm"})
    project, paste = consumer.fill_in(consumer.example)

    fixed = {"name": "farm", "environment": "dev", "namespace": "example-org", "consumer": "x"}
    read = shapes.read(projects.KINDS[consumer.kind], project, fixed)
    assert list(read.places) == ["images", "labels"]
    assert list(paste.form.fields) == ["Bucket", "Role ARN", "Label folder"]
