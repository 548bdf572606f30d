"""The evaluator against a second one: naive, without regular expressions, straight from the manual.

Every example is a set of policies and a batch of requests; together at least 10,000 a run.
"""

from itertools import product

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from object_access.policies.evaluate import Policies, Policy, Principal, Request, evaluate

HERE, THERE = "111111111111", "222222222222"
ALICE = Principal("user", HERE, f"arn:aws:iam::{HERE}:user/alice", "AIDAALICE")
BOB = Principal("user", THERE, f"arn:aws:iam::{THERE}:user/bob", "AIDABOB")
ROLE_ARN = f"arn:aws:iam::{HERE}:role/r"
SESSION = Principal("role", HERE, f"arn:aws:sts::{HERE}:assumed-role/r/s", "AROAROLE", ROLE_ARN)
ROOT = Principal("root", HERE, f"arn:aws:iam::{HERE}:root")
NOBODY = Principal("anonymous")

# --- the model ---


def glob(pattern: str, text: str) -> bool:
    """`*` is anything, `?` one character."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(glob(pattern[1:], text[cut:]) for cut in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and glob(pattern[1:], text[1:])


def listed(value):
    """One or many, as a list."""
    return value if isinstance(value, list) else [value]


def fits_resource(pattern, arn):
    """Segment by segment, the last one with all that is left."""
    if pattern == "*":
        return True
    return all(map(glob, pattern.split(":", 5), arn.split(":", 5)))


def holds(operator, key, wanted, context):
    """One condition."""
    given_value = context.get(key)
    if operator == "Null":
        return (given_value is None) == (wanted == "true")
    base = operator.removesuffix("IfExists")
    if given_value is None:
        return base != operator or "Not" in base
    tests = {
        "StringEquals": lambda want: want == given_value,
        "StringLike": lambda want: glob(want, given_value),
        "StringNotEquals": lambda want: want == given_value,
        "StringNotLike": lambda want: glob(want, given_value),
        "Bool": lambda want: want == given_value,
        "NumericLessThan": lambda want: float(given_value) < float(want),
    }
    found = any(tests[base](want) for want in listed(wanted))
    return found != ("Not" in base)


NOT, ACCOUNT, ROLE, DIRECT = range(4)


def named(element, who):
    """How closely a Principal element names somebody."""
    names = ["*"] if element == "*" else listed(element["AWS"])
    best = NOT
    for name in names:
        if name == "*":
            best = DIRECT
        elif who.kind == "anonymous":
            continue
        elif name == who.arn and who.kind in ("user", "role", "root"):
            best = DIRECT
        elif who.kind == "role" and name == who.role_arn:
            best = max(best, ROLE)
        elif name in (who.account, f"arn:aws:iam::{who.account}:root"):
            best = max(best, DIRECT if who.kind == "root" else ACCOUNT)
    return best


def all_named(element, who):
    """Whether a NotPrincipal that denies spares somebody: it names each of account, role and self."""
    names = ["*"] if element == "*" else listed(element["AWS"])
    account = who.account in names or f"arn:aws:iam::{who.account}:root" in names
    own = [who.arn, who.role_arn] if who.kind == "role" else [who.arn]
    if who.kind == "root":
        return account or "*" in names
    return "*" in names or (who.kind != "anonymous" and account and all(n in names for n in own))


def applies(statement, request, with_principal, bounded):
    """How closely a statement fits a request."""
    for part, value, fits in (
        ("Action", request.action, lambda p, v: glob(p.lower(), v.lower())),
        ("Resource", request.resource, fits_resource),
    ):
        if part in statement and not any(fits(p, value) for p in listed(statement[part])):
            return NOT
        if f"Not{part}" in statement and any(
            fits(p, value) for p in listed(statement[f"Not{part}"])
        ):
            return NOT
    for operator, keys in statement.get("Condition", {}).items():
        for key, wanted in keys.items():
            if not holds(operator, key, wanted, request.context):
                return NOT
    if not with_principal:
        return DIRECT
    if "NotPrincipal" in statement:
        spared = all_named(statement["NotPrincipal"], request.principal) and not bounded
        return NOT if spared else DIRECT
    return named(statement["Principal"], request.principal)


def grade(document, request, effect, *, with_principal=False, bounded=False):
    """The closest statement of that effect."""
    if document is None:
        return NOT
    fitting = [s for s in document["Statement"] if s["Effect"] == effect]
    return max((applies(s, request, with_principal, bounded) for s in fitting), default=NOT)


def model(request, identity, bucket, boundary, session):
    """Allowed or not, in the order of the manual's flow chart."""
    documents = [*identity, boundary, session]
    if any(grade(document, request, "Deny") for document in documents):
        return False
    if grade(bucket, request, "Deny", with_principal=True, bounded=boundary is not None):
        return False
    by_bucket = grade(bucket, request, "Allow", with_principal=True)
    if request.principal.kind == "anonymous":
        return bool(by_bucket)
    by_identity = request.principal.kind == "root" or any(
        grade(document, request, "Allow") for document in identity
    )
    within = all(
        document is None or grade(document, request, "Allow") for document in (boundary, session)
    )
    if request.principal.account != HERE:
        return bool(by_bucket) and by_identity and within
    if by_bucket == DIRECT:
        return True
    return within and (by_identity or by_bucket == ROLE)


# --- what is asked ---

ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]
BUCKET = "arn:aws:s3:::b"
RESOURCES = [BUCKET, f"{BUCKET}/a/1", f"{BUCKET}/ab/1", "arn:aws:s3:::bc/a/1"]
CONTEXTS = [
    {"aws:securetransport": "true"},
    {"aws:securetransport": "false", "s3:prefix": "a/"},
    {"aws:securetransport": "true", "s3:prefix": "ab/1", "s3:max-keys": "7"},
]
PRINCIPALS = [ALICE, BOB, SESSION, ROOT, NOBODY]
REQUESTS = [
    Request(*asked[:3], HERE, asked[3])
    for asked in product(PRINCIPALS, ACTIONS, RESOURCES, CONTEXTS)
]

actions = st.lists(
    st.sampled_from([*ACTIONS, "s3:*", "*", "S3:get*", "s3:?etObject", "s3:*Object", "iam:*"]),
    min_size=1, max_size=2,
)  # fmt: skip
resources = st.lists(
    st.sampled_from(
        ["*", BUCKET, f"{BUCKET}/*", f"{BUCKET}/a/*", f"{BUCKET}/a*", f"{BUCKET}/?/1",
         "arn:aws:s3:::*", "arn:aws:s3:::b*", "arn:*:s3:*:*:b/a/1", "arn:aws:*:b/a/1:x"]
    ).filter(lambda arn: arn == "*" or arn.count(":") >= 5),
    min_size=1, max_size=2,
)  # fmt: skip
prefixes = st.sampled_from(["a/", "a/*", "a*", "*", "", "??/1"])
conditions = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"Bool": st.just({"aws:SecureTransport": "false"})}),
    st.builds(
        lambda operator, wanted: {operator: {"s3:prefix": wanted}},
        st.sampled_from(
            ["StringEquals", "StringLike", "StringNotEquals", "StringNotLike",
             "StringLikeIfExists", "StringEqualsIfExists", "StringNotLikeIfExists"]
        ),
        st.one_of(prefixes, st.lists(prefixes, min_size=1, max_size=2)),
    ),
    st.builds(lambda wanted: {"Null": {"s3:prefix": wanted}}, st.sampled_from(["true", "false"])),
    st.builds(
        lambda wanted: {"NumericLessThan": {"s3:max-keys": wanted}}, st.sampled_from(["7", "10"])
    ),
)  # fmt: skip
principals = st.one_of(
    st.just("*"),
    st.builds(
        lambda names: {"AWS": names},
        st.lists(
            st.sampled_from(
                ["*", ALICE.arn, BOB.arn, ROLE_ARN, SESSION.arn, HERE, f"arn:aws:iam::{THERE}:root",
                 f"arn:aws:iam::{HERE}:user/al"]
            ),
            min_size=1, max_size=2,
        ),
    ),
)  # fmt: skip


@st.composite
def statements(draw, *, with_principal=False):
    """A statement of any shape."""
    statement = {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(actions),
        draw(st.sampled_from(["Resource", "Resource", "NotResource"])): draw(resources),
    }
    if condition := draw(conditions):
        statement["Condition"] = condition
    if with_principal:
        turned = ["NotPrincipal"] if statement["Effect"] == "Deny" else []
        statement[draw(st.sampled_from(["Principal", "Principal", *turned]))] = draw(principals)
    return statement


def documents(**options):
    """A document of one to three statements."""
    listed_ = st.lists(statements(**options), min_size=1, max_size=3)
    return st.builds(lambda each: {"Version": "2012-10-17", "Statement": each}, listed_)


def lowered(document):
    """The model compares keys as the request spells them: in lower case."""
    if document is None:
        return None
    whole = []
    for statement in document["Statement"]:
        changed = dict(statement)
        if "Condition" in statement:
            changed["Condition"] = {
                operator: {key.lower(): wanted for key, wanted in keys.items()}
                for operator, keys in statement["Condition"].items()
            }
        whole.append(changed)
    return {"Statement": whole}


EXAMPLES = 100
asked = []


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
@given(
    identity=st.lists(documents(), max_size=2),
    bucket=st.none() | documents(with_principal=True),
    boundary=st.none() | documents(),
    session=st.none() | documents(),
)
def agree(identity, bucket, boundary, session):
    """Every request of the batch is decided alike."""
    compiled = Policies(
        identity=tuple(Policy(f"p{n}", document) for n, document in enumerate(identity)),
        resource=Policy("bucket", bucket, "resource") if bucket else None,
        boundary=Policy("boundary", boundary) if boundary else None,
        session=Policy("session", session) if session else None,
    )
    plain = [[lowered(each) for each in identity], *map(lowered, (bucket, boundary, session))]
    for request in REQUESTS:
        decision = evaluate(request, compiled)
        assert decision.allowed == model(request, *plain), (request, decision)
        # An answer always names the statement that gave it, where one did.
        by_statement = decision.allowed or decision.reason.value == "with an explicit deny"
        assert bool(decision.statement) == (by_statement and decision.policy != "account root")
    asked.append(len(REQUESTS))


def test_the_evaluator_agrees_with_the_model():
    """At least 10,000 generated requests, no mismatch."""
    asked.clear()
    agree()

    assert sum(asked) >= 10_000
