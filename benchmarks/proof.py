"""The proof of a difference: of 1,000 projects of which every one widens, and of two policies with
50 prefixes each, against the solver cvc5.

What Pulumi's SDK takes to run the two programs is left out: `scale.py` measures it.
"""

import gc
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cvc5

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from object_access.access import difference, report
from object_access.access.model import Kind, Party
from object_access.access.program import Declared, Program, declared
from object_access.access.proof import Evidence, Holder, Thing, compare
from object_access.access.reading import written
from object_access.policies.classes import Known
from object_access.policies.evaluate import Principal

PROJECTS, PREFIXES = 1_000, 50
SECONDS, MEGABYTES, PAIR, RATIO = 5.0, 300, 0.2, 2.0
NAME, ACCOUNT, FARM = "p0000", "123456789012", "arn:aws:s3:::farm"


def built(projects: int, access: str) -> report.AccessReport:
    """The report of a program with so many projects: one of them, under other names."""
    project = {NAME: {"kind": "valohai-s3", "multipart": True, "access": access}}
    body = {"namespace": "benchmark", "projects": project}
    one = json.dumps(declared(ROOT, "dev", {"object-access:environment": body}).resources)
    texts = (one.replace(NAME, f"p{number:04}") for number in range(projects))
    return report.build("dev", Program([Declared(*e) for text in texts for e in json.loads(text)]))


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What came of it, and the seconds of one core."""
    began = time.process_time()
    return work(), time.process_time() - began


def prefixes(count: int) -> list[str]:
    """The keys that a policy opens."""
    return [f"project-{number}/data/*" for number in range(count)]


def reading(keys: list[str]) -> Evidence:
    """An account whose one user lists and reads these."""
    statements = [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [f"{FARM}/{e}" for e in keys]},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": FARM,
         "Condition": {"StringLike": {"s3:prefix": keys}}},
    ]  # fmt: skip
    own = written("own", {"Version": "2012-10-17", "Statement": statements})
    asker = Principal("user", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/ann", "AIDA")
    ann = Holder(Party(Kind.USER, "ann", {}), asker, Known(), (own,))
    return Evidence(ACCOUNT, {ann.shown.id: ann}, {FARM: Thing("bucket", FARM)})


def solved(before: list[str], now: list[str]) -> bool:
    """Whether some key is of `now` and not of `before`, by cvc5; asked for keys and for prefixes,
    as the proof is."""
    found = []
    for _ in range(2):
        terms = cvc5.TermManager()
        solver = cvc5.Solver(terms)
        solver.setLogic("QF_S")
        key = terms.mkConst(terms.getStringSort(), "key")

        def among(listed: list[str], terms: Any = terms, key: Any = key) -> Any:
            starts = [
                terms.mkTerm(cvc5.Kind.STRING_PREFIX, terms.mkString(each.rstrip("*")), key)
                for each in listed
            ]
            return terms.mkTerm(cvc5.Kind.OR, *starts)

        solver.assertFormula(among(now))
        solver.assertFormula(terms.mkTerm(cvc5.Kind.NOT, among(before)))
        found.append(solver.checkSat().isSat())
    return all(found)


def main() -> int:
    """Print all; fail where something is above its limit."""
    before, now = built(PROJECTS, "narrow"), built(PROJECTS, "documented")
    gc.freeze()
    changes, took = timed(lambda: difference.compare(before, now))
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    assert sum(change.witness is not None for change in changes) >= PROJECTS
    print(
        f"{PROJECTS:,} projects that widen: {took:.1f} s (at most {SECONDS}), {used:.0f} MB", end=""
    )
    print(f" (at most {MEGABYTES})")

    fewer, more = prefixes(PREFIXES), prefixes(PREFIXES + 1)
    ours = min(
        timed(lambda a=a, b=b: [*compare(reading(a), reading(b))])[1]
        for a, b in ((fewer, more), ([*fewer, "one-more/*"], more))
    )
    print(f"a pair of {PREFIXES} prefixes: {ours:.3f} s (at most {PAIR})", end="")
    worse = took > SECONDS or used > MEGABYTES or ours > PAIR
    solver = min(timed(lambda: solved(fewer, more))[1] for _ in range(3))
    print(f", {ours / solver:.1f} of cvc5's {solver:.3f} s (at most {RATIO})")
    return worse or ours / solver > RATIO


if __name__ == "__main__":
    sys.exit(main())
