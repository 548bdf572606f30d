"""The consumers' own clients, as they are: what they are promised works, and a check of theirs
turns red once the grant lacks what it is about."""

import json
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from object_access.checks.check import State, run_all
from object_access.checks.consumers import clients_of
from object_access.checks.subject import Subject
from object_access.rehearsal import bystanders, engine, environments, provision
from object_access.workspace import KEY, Workspace

WORKSPACE = Workspace.at(Path(__file__).parent)
LABELS = {
    "kind": "s3",
    "places": {
        "source": {"prefix": "images/", "access": ["list", "read"]},
        "target": {
            "prefix": "annotations/",
            "access": ["list", "read", "write", "delete"],
            "exact": True,
        },
    },
    "holders": {"label-studio": {"as": "user"}},
}
PROJECTS = {
    "barman-cloud": {"prefix": "barman/"},
    "delta-lake": {"prefix": "tables/"},
    "docker-registry": {"prefix": "registry/"},
    "dvc": {"prefix": "dvc/"},
    "label-studio": LABELS,
    "metaflow": {"prefix": "flows/"},
    "mlflow": {"prefix": "mlflow/"},
    "pgbackrest": {},
    "rclone": {"prefix": "files/"},
    "restic": {"prefix": "restic/", "delete": False},
}
_NUMBERS = count(1)


@pytest.fixture
def tried(cloud):
    """Rehearse one project; gives the states of its own client's checks, by their names."""

    def run(consumer: str, settings: dict) -> dict[str, State]:
        config = {KEY: {"namespace": "tests", "projects": {"it": {"kind": consumer} | settings}}}
        name = f"own-{next(_NUMBERS)}"
        bystanders.provide(
            cloud, [each.project for each in environments.projects_of(WORKSPACE, name, config)]
        )
        made = engine.run(WORKSPACE, name, config, cloud, lambda _: None)
        handed = bystanders.with_keys(cloud, made.handovers)
        others = bystanders.bystanders_of(cloud, handed)
        subject = Subject(replace(handed["it"], consumer=consumer), cloud.target, others)
        results = run_all({"it": list(clients_of(subject))})
        if missing := {each.answer for each in results if each.state is State.NOT_TRIED}:
            pytest.skip(", ".join(missing))
        return {each.name: each.state for each in results}

    return run


def without(action: str, prefix: str = "*"):
    """A change of policies: no statement allows an action; of listing only where it is asked for
    this prefix, `None` being the whole bucket."""

    def change(policy: dict) -> dict:
        for each in policy["Statement"]:
            listed = each.get("Condition", {}).get("StringLike", {}).get("s3:prefix")
            actions = [each["Action"]] if isinstance(each["Action"], str) else each["Action"]
            if prefix in ("*", listed) and action in actions:
                each["Action"] = [kept for kept in actions if kept != action] or ["s3:None"]
            elif isinstance(listed, list) and prefix in listed:
                each["Condition"]["StringLike"]["s3:prefix"] = [p for p in listed if p != prefix]
        return policy

    return change


@pytest.mark.parametrize(
    "consumer",
    [
        pytest.param(name, marks=() if name in ("dvc", "rclone") else pytest.mark.thorough)
        for name in PROJECTS
    ],
)
def test_a_client_works_with_what_is_handed_over(tried, consumer):
    """Every check of the consumer's own client passes with the narrow grant of its file."""
    states = tried(consumer, PROJECTS[consumer])

    assert states
    assert set(states.values()) == {State.PASSED}, states


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("consumer", "settings", "passes"),
    [
        ("dvc", {"prefix": "dvc/", "pull_only": True}, "dvc push, where data is only pulled"),
        ("dvc", {}, "dvc gc --cloud removes data that nobody uses"),
        ("delta-lake", {"read_only": True}, "delta-rs writing a table, where it only reads"),
        ("mlflow", {"delete": False}, "MLflow deleting an artifact, where it may not: it stays"),
        ("rclone", {"prefix": "a/", "access": "read"}, "rclone writing, where it only reads"),
        ("rclone", {"access": "write"}, "rclone deletefile, where nothing may be deleted"),
        ("restic", {"old": True}, "restic forget --prune removes a snapshot"),
    ],
)
def test_a_client_with_other_settings(tried, consumer, settings, passes):
    """What a setting takes away is refused to the client itself, and what it gives works."""
    states = tried(consumer, settings)

    assert states[passes] is State.PASSED
    assert set(states.values()) == {State.PASSED}, states


SABOTAGE = {
    "barman-cloud asks for the bucket first": (
        "barman-cloud", without("s3:ListBucket", None),
        {
            "barman-cloud-backup-list looks at it",
            "barman-cloud-wal-archive and -restore keep a segment and bring it back",
        },
    ),
    "delta-rs reads what may not be there": (
        "delta-lake", without("s3:ListBucket", None),
        {"delta-rs writes a table, appends to it and reads it"},
    ),
    "the registry sends ACLs": (
        "docker-registry", without("s3:PutObjectAcl"),
        {"a layer is pushed, pulled by the link that it is sent to, and deleted"},
    ),
    "dvc looks for what may not be there": (
        "dvc", without("s3:ListBucket", None), {"dvc push and pull keep data and bring it back"},
    ),
    "Label Studio lists the target as it is typed": (
        "label-studio", without("s3:ListBucket", "annotations"),
        {"a target, typed without its slash, is tested, written and cleaned up"},
    ),
    "Label Studio reads its source": (
        "label-studio", without("s3:GetObject"),
        {
            "a source is tested, scanned and read",
            "a target, typed without its slash, is tested, written and cleaned up",
        },
    ),
    "Metaflow reads what may not be there": (
        "metaflow", without("s3:ListBucket", None),
        {"a flow keeps its code and artifacts, and its next step reads them"},
    ),
    "MLflow lists the root without its slash": (
        "mlflow", without("s3:ListBucket", "mlflow"), {"MLflow deletes all artifacts at the root"},
    ),
    "pgBackRest looks for what may not be there": (
        "pgbackrest", without("s3:ListBucket", None),
        {"pgbackrest repo-put, repo-ls, repo-get and repo-rm keep a file of the repository"},
    ),
    "rclone deletes": (
        "rclone", without("s3:DeleteObject"),
        {"rclone sync writes new files and removes others, deletefile one"},
    ),
}  # fmt: skip


@pytest.mark.thorough
@pytest.mark.parametrize("sabotage", SABOTAGE)
def test_a_client_without_a_right_fails(monkeypatch, tried, sabotage):
    """Exactly the checks fail that need what the grant lacks."""
    consumer, change, expected = SABOTAGE[sabotage]
    real = provision.create

    def broken(cloud, token, inputs):
        if token.endswith(":UserPolicy"):
            inputs = inputs | {"policy": json.dumps(change(json.loads(inputs["policy"])))}
        return real(cloud, token, inputs)

    monkeypatch.setattr(provision, "create", broken)
    states = tried(consumer, PROJECTS[consumer])

    assert {name for name, state in states.items() if state is State.FAILED} == expected
