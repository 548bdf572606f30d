"""Who may assume a role, as the evaluator reads its trust policy."""

import re
from itertools import product

import pytest

from object_access.policies import trust
from object_access.policies.evaluate import Policies, Policy, Principal, Request, evaluate

HERE, LIGHTLY, STRANGER = "111111111111", "311530292373", "999999999999"
ROLE = f"arn:aws:iam::{HERE}:role/Lightly"
PROVIDER = f"arn:aws:iam::{HERE}:oidc-provider/token.actions.githubusercontent.com"
ALLOW_ALL = Policy(
    "all",
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
)


def user(account, name="ann"):
    """Somebody who may assume any role that lets them."""
    return Principal("user", account, f"arn:aws:iam::{account}:user/{name}", f"AIDA{account}{name}")


def may(document, who, action="sts:AssumeRole", **context):
    """Whether that document lets them in."""
    keys = {key.replace("__", ":"): value for key, value in context.items()}
    identity = (ALLOW_ALL,) if who.kind in ("user", "role") else ()
    policies = Policies(identity=identity, resource=Policy("trust", document, "trust"))
    return evaluate(Request(who, action, ROLE, HERE, keys), policies).allowed


def trusting(principals, external_id, *, role=ROLE, **more):
    """A trust of one consumer."""
    return trust.delegated({"them": trust.Trusted(principals, external_id, **more)}, role)


@pytest.mark.parametrize("principal", [LIGHTLY, f"arn:aws:iam::{LIGHTLY}:root"])
def test_an_account_needs_the_external_id(principal):
    """The right account with the right ID, and nobody else."""
    document = trusting([principal], "farm-animals-7")

    assert may(document, user(LIGHTLY), sts__externalid="farm-animals-7")
    assert not may(document, user(LIGHTLY), sts__externalid="farm-animals-8")
    assert not may(document, user(LIGHTLY), sts__externalid="FARM-ANIMALS-7")
    assert not may(document, user(LIGHTLY))
    assert not may(document, user(STRANGER), sts__externalid="farm-animals-7")


def test_several_principals():
    """Label Studio's old and new role, both for a while."""
    old, new = (f"arn:aws:iam::{LIGHTLY}:user/{name}" for name in ("old", "new"))
    document = trusting([old, new], "an-id-of-ours")

    for name, allowed in (("old", True), ("new", True), ("other", False)):
        assert may(document, user(LIGHTLY, name), sts__externalid="an-id-of-ours") == allowed


def test_a_bare_account_is_of_the_bucket_s_partition():
    """China's accounts have ARNs of their own."""
    document = trusting([LIGHTLY], "an-id", role=ROLE.replace("arn:aws:", "arn:aws-cn:"))
    [statement] = document["Statement"]
    assert statement["Principal"] == {"AWS": [f"arn:aws-cn:iam::{LIGHTLY}:root"]}


def test_machines():
    """EC2 may, no other service, and no user."""
    document = trust.virtual_machines("aws")

    assert may(document, Principal("service", arn="ec2.amazonaws.com"))
    assert not may(document, Principal("service", arn="lambda.amazonaws.com"))
    assert not may(document, user(HERE))
    assert trust.virtual_machines("aws-cn")["Statement"][0]["Principal"] == {
        "Service": "ec2.amazonaws.com.cn"
    }


@pytest.mark.parametrize(
    ("audience", "subject", "allowed"),
    [
        ("sts.amazonaws.com", "repo:my-org/my-repo:ref:refs/heads/main", True),
        ("sts.amazonaws.com", "repo:my-org/my-repo:pull_request", False),
        ("sts.amazonaws.com", "repo:my-org/my-repo-2:ref:refs/heads/main", False),
        ("sts.amazonaws.com", "repo:evil/my-repo:ref:refs/heads/main", False),
        ("somebody-else", "repo:my-org/my-repo:ref:refs/heads/main", False),
    ],
)
def test_a_job_s_token(audience, subject, allowed):
    """Audience and subject must both be right."""
    document = trust.web_identity(
        PROVIDER, "sts.amazonaws.com", ["repo:my-org/my-repo:ref:refs/heads/*"], wide=True
    )
    token = Principal("federated", arn=PROVIDER)
    context = {
        "token.actions.githubusercontent.com__aud": audience,
        "token.actions.githubusercontent.com__sub": subject,
    }
    action = "sts:AssumeRoleWithWebIdentity"

    assert may(document, token, action, **context) == allowed
    assert not may(document, token, "sts:AssumeRole", **context)
    other = Principal("federated", arn=PROVIDER.replace("github", "gitlab"))
    assert not may(document, other, action, **context)


@pytest.mark.parametrize(
    ("subject", "opens"),
    [
        # named in full, or some of one repository, project or namespace
        ("repo:my-org/my-repo:ref:refs/heads/main", ""),
        ("repo:my-org@123456/my-repo@456789:environment:dev", ""),
        ("repo:my-org/my-repo:pull_request", ""),
        ("repo:my-org/my-repo:ref:refs/heads/release/*", ""),
        ("repo:my-org/my-repo:ref:refs/tags/v*", ""),
        ("repo:my-org/my-repo:environment:prod-?", ""),
        ("project_path:my-group/sub/my-project:ref_type:branch:ref:main", ""),
        ("project_path:my-group/my-project:ref_type:tag:ref:v*", ""),
        ("system:serviceaccount:my-namespace:my-account", ""),
        ("system:serviceaccount:my-namespace:worker-*", ""),
        ("organization:my-org:project:p:workspace:w:run_phase:plan", ""),
        # wide
        ("repo:my-org/*", "other repositories"),
        ("repo:my-org/my-repo*", "other repositories"),
        ("repo:my-org/my-rep?:ref:refs/heads/main", "other repositories"),
        ("repo:my-org/*:ref:refs/heads/main", "other repositories"),
        ("repo:my-org/my-repo:*", "every branch and pull request of the repository"),
        ("repo:my-org/my-repo:ref:*", "every branch and pull request of the repository"),
        ("repo:my-org/my-repo:ref:refs/heads/*", "every branch and pull request of"),
        ("repo:my-org/my-repo:environment:*", "every branch and pull request of the repository"),
        ("project_path:my-group/*", "other projects"),
        ("project_path:my-group/*:ref_type:branch:ref:main", "other projects"),
        ("project_path:my-group/my-project:*", "every branch of the project"),
        ("project_path:my-group/my-project:ref_type:branch:ref:*", "every branch of the project"),
        ("system:serviceaccount:*:my-account", "every pod of the cluster"),
        ("system:serviceaccount:my-namespace:*", "every pod of the namespace"),
        ("organization:my-org:project:p:workspace:w:run_phase:*", "more than one token's holder"),
    ],
)
def test_a_subject_opens_one_thing_unless_told(subject, opens):
    """A pattern that opens other repositories, every branch or every pod is refused, in a line that
    says what it opens; whoever means it says so."""
    if opens:
        with pytest.raises(ValueError, match=re.escape(f"subject '{subject}' opens {opens}")):
            trust.web_identity(PROVIDER, "sts.amazonaws.com", [subject])
    [statement] = trust.web_identity(PROVIDER, "sts.amazonaws.com", [subject], wide=bool(opens))[
        "Statement"
    ]

    words = "StringLike" if "*" in subject or "?" in subject else "StringEquals"
    said = statement["Condition"][words]["token.actions.githubusercontent.com:sub"]
    assert said == [subject]


@pytest.mark.parametrize(
    "subject", ["repo:*", "repo:my-org*", "*", "", "project_path:*", "re*:a/b"]
)
def test_a_subject_says_whose_tokens_it_means(subject):
    """A wildcard in the owner's place would trust everyone's repositories, whatever is told."""
    with pytest.raises(ValueError, match="does not say whose tokens it means"):
        trust.web_identity(PROVIDER, "sts.amazonaws.com", [subject], wide=True)


def test_an_audience_is_no_pattern():
    """IAM would compare its `*` as the sign that it is."""
    with pytest.raises(ValueError, match=r"audience 'sts[*]' is taken word for word"):
        trust.web_identity(PROVIDER, "sts*", ["repo:my-org/my-repo:pull_request"])


@pytest.mark.parametrize(
    ("audience", "subject"),
    [
        ("sts.amazonaws.com", "${token.actions.githubusercontent.com:sub}"),
        ("sts.amazonaws.com", "repo:my-org/${*}"),
        ("${token.actions.githubusercontent.com:aud}", "repo:my-org/my-repo:pull_request"),
    ],
)
def test_a_policy_variable_is_refused(audience, subject):
    """IAM would put in its place what the token says, so that every token is right."""
    with pytest.raises(ValueError, match="holds a policy variable"):
        trust.web_identity(PROVIDER, audience, [subject], wide=True)


def test_what_is_no_provider():
    """The message shows what one looks like."""
    with pytest.raises(ValueError, match="is no OpenID Connect provider, give an ARN like"):
        trust.web_identity("token.actions.githubusercontent.com", "a", ["repo:a/b:c"])
    with pytest.raises(ValueError, match="an audience and at least one subject"):
        trust.web_identity(PROVIDER, "sts.amazonaws.com", [])


# --- generated: everybody, with everything they may say ---

SECRETS = ["", "their-id", "their-Id", "our-id", "their-id "]
OURS = {
    "first": trust.Trusted([f"arn:aws:iam::{LIGHTLY}:user/first"], "their-id"),
    "second": trust.Trusted([f"arn:aws:iam::{LIGHTLY}:user/second", HERE], "our-id"),
    "secret": trust.Trusted([STRANGER], session_name="their-id"),
    "itself": trust.Trusted([f"arn:aws:iam::{LIGHTLY}:user/third"], "our-id", self_assuming=True),
    "not yet": trust.Trusted([], "their-id"),
}
ITSELF = Principal("role", HERE, f"arn:aws:sts::{HERE}:assumed-role/Lightly/s", "AROALIGHTLY", ROLE)
IMPOSTOR = Principal(
    "role", HERE, f"arn:aws:sts::{HERE}:assumed-role/Lightly2/s", "AROAOTHER", f"{ROLE}2"
)
PEOPLE = [
    *(user(LIGHTLY, name) for name in ("first", "second", "third", "fourth")),
    user(HERE), user(STRANGER), user("888888888888"), ITSELF, IMPOSTOR,
]  # fmt: skip


def agreed(key, who, external_id, session_name) -> bool:
    """What the words of one trust mean."""
    trusted = OURS[key]
    says = session_name if trusted.session_name else external_id
    named = any(each in (who.arn, who.account) for each in trusted.principals)
    itself = trusted.self_assuming and who is ITSELF
    return (named or itself) and says == (trusted.session_name or trusted.external_id)


@pytest.mark.parametrize("keys", [[key] for key in OURS] + [["first", "second"], list(OURS)])
def test_only_who_says_what_was_agreed_upon_with_them_gets_in(keys):
    """Each consumer by its own principal with its own secret, in its own place; nobody yet is
    nobody, and beside others it shuts nobody out."""
    document = trust.delegated({key: OURS[key] for key in keys}, ROLE)
    let_in = 0
    for who, external_id, session_name in product(PEOPLE, SECRETS, SECRETS):
        says = {"sts__ExternalId": external_id} if external_id else {}
        says["sts__RoleSessionName"] = session_name or "anything"
        says["aws__PrincipalArn"] = who.role_arn or who.arn
        expected = any(agreed(key, who, external_id, session_name) for key in keys)
        assert may(document, who, **says) == expected, (who, says)
        let_in += expected
    assert bool(let_in) == (keys != ["not yet"])


def test_a_role_that_assumes_itself_needs_a_policy_that_allows_it():
    """The trust of its account is not enough; with `assuming` it is, for this role alone."""
    document = trust.delegated({"itself": OURS["itself"]}, ROLE)
    says = {"sts:ExternalId": "our-id", "aws:PrincipalArn": ROLE}

    def may_itself(*identity, role=ROLE):
        policies = Policies(identity=identity, resource=Policy("trust", document, "trust"))
        return evaluate(Request(ITSELF, "sts:AssumeRole", role, HERE, says), policies).allowed

    allowing = Policy("own", trust.assuming(ROLE))
    assert may_itself(allowing)
    assert not may_itself()
    assert not may_itself(allowing, role=f"{ROLE}2")


def test_nobody_yet_is_a_document_that_iam_takes():
    """One statement that refuses everybody: a trust policy needs one, and its principals may be
    denied (IAM User Guide, "AWS JSON policy elements: Principal")."""
    document = trust.delegated({"them": trust.Trusted([], "an-id")}, ROLE)

    assert [each["Effect"] for each in document["Statement"]] == ["Deny"]
    root = Principal("root", HERE, f"arn:aws:iam::{HERE}:root")
    assert not may(document, root, sts__ExternalId="an-id")
