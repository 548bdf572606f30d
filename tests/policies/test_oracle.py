"""The evaluator against somebody else's: `@cloud-copilot/iam-simulate`, in a process of its own.

It needs Node and the package: a folder with its node_modules in OBJECT_ACCESS_ORACLE, or
OBJECT_ACCESS_ORACLE=install (as in CI) to fetch it by npm into a cache outside the work tree.
"""

import json
import os
import random
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from object_access.policies.evaluate import Policies, Policy, Principal, Request, evaluate

PACKAGE, VERSION = "@cloud-copilot/iam-simulate", "0.1.173"
SEED, CASES = 20_261, 3_000
FASTER = 10  # times as many decisions as the oracle, in the same run

HERE, THERE = "111111111111", "222222222222"
ROLE = f"arn:aws:iam::{HERE}:role/r"
ALICE = Principal("user", HERE, f"arn:aws:iam::{HERE}:user/alice", "AIDAALICE")
BOB = Principal("user", THERE, f"arn:aws:iam::{THERE}:user/bob", "AIDABOB")
SESSION = Principal("role", HERE, f"arn:aws:sts::{HERE}:assumed-role/r/s", "AROAROLE", ROLE)
NOBODY = Principal("anonymous")
BUCKET = "arn:aws:s3:::b"


# --- what is asked ---


class Cases:
    """Cases of every shape that AWS takes, the same ones in every run."""

    def __init__(self, seed: int):
        self._random = random.Random(seed)

    def one(self) -> dict:
        """A request, and every policy that has a say in it."""
        return self._assuming() if self._random.random() < 0.2 else self._reaching()

    def _reaching(self) -> dict:
        pick = self._random.choice
        who = pick([ALICE, ALICE, BOB, SESSION, SESSION, NOBODY, NOBODY, NOBODY])
        action = pick(["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"])
        on_bucket = action == "s3:ListBucket"
        resource = BUCKET if on_bucket else f"{BUCKET}/{pick(['a/1', 'ab/1', 'alice/1', 'x/a/1'])}"
        context = {"aws:SecureTransport": pick(["true", "true", "false"])}
        if self._random.random() < 0.5:
            context["aws:SourceIp"] = pick(["203.0.113.7", "198.51.100.1"])
        if on_bucket and self._random.random() < 0.8:
            context["s3:prefix"] = pick(["", "a/", "a/1", "ab/", "alice/"])
        if on_bucket and self._random.random() < 0.3:
            context["s3:max-keys"] = pick(["5", "50"])
        own = [] if who is NOBODY else [self._policy() for _ in range(pick([0, 1, 1, 2]))]
        session = pick([None, self._policy()]) if who is SESSION else None
        boundary = None if who is NOBODY else pick([None, None, self._policy()])
        given = pick([None, self._policy("Principal"), self._policy("Principal")])
        if given:
            given = _left_out(given, who, narrowed=bool(session))
        return {
            "who": who,
            "action": action,
            "resource": resource,
            "context": context,
            "identity": own,
            "resource_policy": given,
            "boundary": boundary,
            "session": session,
        }

    def _assuming(self) -> dict:
        """An AssumeRole, which the role's trust and, from elsewhere, own policies must allow."""
        pick = self._random.choice
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": self._principal()}
        if self._random.random() < 0.7:
            operator = pick(["StringEquals", "StringLike", "StringEqualsIgnoreCase"])
            trust["Condition"] = {operator: {"sts:ExternalId": pick(["farm-1", ["farm-2", "f*"]])}}
        given = pick([{}, {"sts:ExternalId": pick(["farm-1", "farm-2", "FARM-1", "other"])}])
        own = {"Effect": pick(["Allow", "Allow", "Deny"]), "Action": pick(["sts:AssumeRole", "sts:*"]),
               "Resource": pick([ROLE, "*", f"{ROLE}-other"])}  # fmt: skip
        return {
            "who": pick([ALICE, BOB]),
            "action": "sts:AssumeRole",
            "resource": ROLE,
            "context": {"aws:SecureTransport": "true", **given},
            "identity": pick([[], [_document([own])]]),
            "resource_policy": _document([trust]),
            "boundary": None,
            "session": None,
        }

    def _policy(self, *parts: str) -> dict:
        count = self._random.choice([1, 1, 2, 3])
        return _document([self._statement(*parts) for _ in range(count)])

    def _statement(self, principal: str = "") -> dict:
        pick = self._random.choice
        effect = pick(["Allow", "Allow", "Allow", "Deny"])
        resource = pick(["Resource", "Resource", "Resource", "NotResource"])
        # Left out: what denies everything but a variable without a value. AWS says that it "might"
        # be invalid; the oracle takes it for that, ours goes on denying.
        mine = f"{BUCKET}/${{aws:username}}/*"
        variables = [] if (effect, resource) == ("Deny", "NotResource") else [mine]
        made = {
            "Effect": effect,
            pick(["Action", "Action", "Action", "NotAction"]): self._some(
                ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:*", "s3:*Object", "S3:get*",
                 "s3:?etObject", "s3:DeleteObject"]
            ),
            resource: self._some(
                [BUCKET, f"{BUCKET}/*", f"{BUCKET}/a/*", f"{BUCKET}/a*", "arn:aws:s3:::*",
                 f"{BUCKET}/*/1", f"{BUCKET}/?/1", *variables]
            ),
        }  # fmt: skip
        if condition := self._condition(effect):
            made["Condition"] = condition
        if principal:
            # What allows by NotPrincipal is refused by IAM, which ours follows.
            also = ["NotPrincipal"] if effect == "Deny" else []
            made[pick(["Principal", "Principal", "Principal", *also])] = self._principal()
        return made

    def _principal(self) -> object:
        names = [ALICE.arn, BOB.arn, ROLE, SESSION.arn, HERE, f"arn:aws:iam::{THERE}:root"]
        return self._random.choice(["*", {"AWS": "*"}, *[{"AWS": self._some(names)}] * 4])

    def _condition(self, effect: str) -> dict:
        pick = self._random.choice
        exists = pick(["", "", "IfExists"])
        strings = pick(["StringEquals", "StringLike", "StringNotEquals", "StringNotLike"])
        variables = [] if effect == "Deny" and "Not" in strings else ["${aws:username}/*"]
        prefix = self._some(["", "a/", "a/*", "a*", "*", "??/", *variables])
        return pick(
            [
                *[{}] * 4,
                {"Bool": {"aws:SecureTransport": pick(["true", "false"])}},
                {strings + exists: {"s3:prefix": prefix}},
                {"Null": {"s3:prefix": pick(["true", "false"])}},
                {pick(["NumericLessThanEquals", "NumericGreaterThan"]): {"s3:max-keys": "10"}},
                {pick(["IpAddress", "NotIpAddress"]) + exists: {"aws:SourceIp": "203.0.113.0/24"}},
                {pick(["ArnEquals", "ArnLike", "ArnNotEquals"]): {
                    "aws:PrincipalArn": self._some([ALICE.arn, ROLE, f"arn:aws:iam::{HERE}:user/*"])
                }},
            ]
        )  # fmt: skip

    def _some(self, values: list[str]) -> str | list[str]:
        found = self._random.sample(values, self._random.choice([1, 1, 2]))
        return found[0] if len(found) == 1 else found


def _left_out(policy: dict, who: Principal, *, narrowed: bool) -> dict | None:
    """The bucket's policy without the shapes of statements on which the two differ.

    Grants by name or by a wildcard to a session that a session policy has `narrowed`: the oracle
    narrows them, too, but "permissions granted directly to a session are not limited by an implicit
    deny in [...] a session policy", nor those "with a wildcard in the Principal element" (IAM User
    Guide, "How AWS enforcement code logic evaluates requests"). And a Deny whose NotPrincipal names
    only a part of who asks: the oracle spares them, AWS those alone whose account is named as well,
    and the role beside its session ("AWS JSON policy elements: NotPrincipal").
    """

    def kept(each: dict) -> bool:
        named = str(each.get("NotPrincipal", each.get("Principal")))
        if "NotPrincipal" in each:
            spared = [each in named for each in _names(who)]
            return "*" in named or all(spared) or not any(spared)
        return each["Effect"] == "Deny" or not (narrowed and ("*" in named or SESSION.arn in named))

    statements = [each for each in policy["Statement"] if kept(each)]
    return _document(statements) if statements else None


def _names(who: Principal) -> list[str]:
    """All by which a NotPrincipal names them, the account as its number or its root's ARN."""
    account = f"'{HERE}'" if who.account == HERE else f"{THERE}:root"
    return [account, f"'{who.arn}'", *([f"'{who.role_arn}'"] if who.role_arn else [])]


def _document(statements: list[dict]) -> dict:
    return {"Version": "2012-10-17", "Statement": statements}


def _of_asker(who: Principal) -> dict[str, str]:
    """The condition keys that say who asks; the oracle is given them, too."""
    if who is NOBODY:
        return {"aws:PrincipalType": "Anonymous"}
    keys = {"aws:PrincipalArn": who.role_arn or who.arn, "aws:PrincipalAccount": who.account}
    if who.kind == "user":
        keys["aws:username"] = who.arn.rpartition("/")[2]
    return keys


# --- who answers ---


def compiled(case: dict) -> tuple[Request, Policies]:
    """A case as our evaluator takes it."""
    kind = "trust" if case["action"] == "sts:AssumeRole" else "resource"
    given = case["resource_policy"]
    policies = Policies(
        tuple(Policy(f"p{number}", each) for number, each in enumerate(case["identity"])),
        Policy(kind, given, kind) if given else None,
        Policy("boundary", case["boundary"]) if case["boundary"] else None,
        Policy("session", case["session"]) if case["session"] else None,
    )
    context = {**case["context"], **_of_asker(case["who"])}
    return Request(case["who"], case["action"], case["resource"], HERE, context), policies


def ours(case: dict) -> bool:
    """What our evaluator says."""
    return evaluate(*compiled(case)).allowed


def theirs(folder: Path, cases: list[dict]) -> list[bool | str]:
    """What the oracle says, an error as its text."""
    given = [
        {
            **{key: value for key, value in case.items() if key != "who"},
            "principal": case["who"].arn,
            "account": HERE,
            "context": {**case["context"], **_of_asker(case["who"])},
        }
        for case in cases
    ]
    program = str(Path(__file__).with_name("oracle.mjs"))
    done = subprocess.run(
        ["node", program, str(folder)], input=json.dumps(given), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def oracle() -> Path:
    """The folder in which the package is installed."""
    wanted = os.environ.get("OBJECT_ACCESS_ORACLE") or ("install" if os.environ.get("CI") else "")
    if not wanted:
        pytest.skip(f"set OBJECT_ACCESS_ORACLE=install to try {PACKAGE} (AGPL, by npm)")
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    if wanted != "install":
        if not (Path(wanted) / "node_modules" / PACKAGE).is_dir():
            pytest.skip(f"OBJECT_ACCESS_ORACLE has no node_modules/{PACKAGE}")
        return Path(wanted)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "object-access" / f"oracle-{VERSION}"
    if not (folder / "node_modules" / PACKAGE).is_dir():
        if not shutil.which("npm"):
            pytest.skip("npm is not installed")
        folder.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-save", "--ignore-scripts", "--prefix", str(folder)]
        done = subprocess.run([*command, f"{PACKAGE}@{VERSION}"], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"npm could not install {PACKAGE}: {done.stderr.strip().splitlines()[-1]}")
    return folder


def test_both_agree_on_everything(oracle):
    """3,000 requests, allowed and refused ones, of every kind of principal."""
    generator = Cases(SEED)
    cases = [generator.one() for _ in range(CASES)]

    answers = theirs(oracle, cases)

    assert [answer for answer in answers if isinstance(answer, str)] == []
    mine = [ours(case) for case in cases]
    differing = [case for case, a, b in zip(cases, mine, answers, strict=True) if a != b]
    assert differing == []
    kinds = Counter((case["who"].kind, answer) for case, answer in zip(cases, mine, strict=True))
    everybody = [
        (kind, answer) for kind in ("user", "role", "anonymous") for answer in (True, False)
    ]
    assert min(kinds[each] for each in everybody) >= 20


def test_ours_decides_many_times_as_fast(oracle):
    """In the same run on the same requests. Ours compiles policies once and asks them often, which
    is how the gate and the report use it; starting Node is not counted."""
    generator = Cases(SEED + 1)
    cases = [generator.one() for _ in range(1_500)]
    started = _seconds(lambda: theirs(oracle, cases[:1]))
    slow = _seconds(lambda: theirs(oracle, cases)) - started
    asked = [compiled(case) for case in cases]
    fast = _seconds(lambda: [evaluate(*each) for each in asked])

    assert fast * FASTER < slow


def _seconds(run) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
