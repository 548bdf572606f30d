"""Who may assume a role, as the evaluator reads its trust policy."""

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


@pytest.mark.parametrize("principal", [LIGHTLY, f"arn:aws:iam::{LIGHTLY}:root"])
def test_an_account_needs_the_external_id(principal):
    """The right account with the right ID, and nobody else."""
    document = trust.delegated([principal], "farm-animals-7", "aws")

    assert may(document, user(LIGHTLY), sts__externalid="farm-animals-7")
    assert not may(document, user(LIGHTLY), sts__externalid="farm-animals-8")
    assert not may(document, user(LIGHTLY), sts__externalid="FARM-ANIMALS-7")
    assert not may(document, user(LIGHTLY))
    assert not may(document, user(STRANGER), sts__externalid="farm-animals-7")


def test_several_principals():
    """Label Studio's old and new role, both for a while."""
    old, new = (f"arn:aws:iam::{LIGHTLY}:user/{name}" for name in ("old", "new"))
    document = trust.delegated([old, new], "an-id-of-ours", "aws")

    for name, allowed in (("old", True), ("new", True), ("other", False)):
        assert may(document, user(LIGHTLY, name), sts__externalid="an-id-of-ours") == allowed


def test_a_bare_account_is_of_the_bucket_s_partition():
    """China's accounts have ARNs of their own."""
    [statement] = trust.delegated([LIGHTLY], "an-id", "aws-cn")["Statement"]
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
        PROVIDER, "sts.amazonaws.com", ["repo:my-org/my-repo:ref:refs/heads/*"]
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
    ("subject", "good"),
    [
        ("repo:my-org/my-repo:ref:refs/heads/main", True),
        ("repo:my-org/*", True),
        ("system:serviceaccount:my-namespace:my-account", True),
        ("repo:*", False),
        ("repo:my-org*", False),
        ("*", False),
        ("", False),
    ],
)
def test_a_subject_says_whose_tokens_it_means(subject, good):
    """A wildcard in the owner's place would trust everyone's repositories."""
    if good:
        trust.web_identity(PROVIDER, "sts.amazonaws.com", [subject])
        return
    with pytest.raises(ValueError, match="does not say whose tokens it means"):
        trust.web_identity(PROVIDER, "sts.amazonaws.com", [subject])


def test_what_is_no_provider():
    """The message shows what one looks like."""
    with pytest.raises(ValueError, match="is no OpenID Connect provider, give an ARN like"):
        trust.web_identity("token.actions.githubusercontent.com", "a", ["repo:a/b:c"])
    with pytest.raises(ValueError, match="an audience and at least one subject"):
        trust.web_identity(PROVIDER, "sts.amazonaws.com", [])


def test_nobody_is_no_trust():
    """A role that nobody may assume was not meant."""
    with pytest.raises(ValueError, match="no principal to trust"):
        trust.delegated([], "an-id", "aws")
