"""Questions about IAM's own integrity, each with the answer that AWS documents and where."""

import json

import pytest

from .conftest import HERE, THERE, World, allow, answer, deny, policy

TRUST = policy(allow("sts:AssumeRole", None, Principal={"Service": "ec2.amazonaws.com"}))
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
NONE = f"arn:aws:iam::{HERE}:policy/none"


def profile(world, role=""):
    """An instance profile, perhaps with a role in it."""
    name = world.name("profile")
    world.admin("iam").create_instance_profile(InstanceProfileName=name)
    if role:
        world.admin("iam").add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    return name


def role(world):
    """The name of a role that EC2 may assume."""
    return world.role(TRUST).rpartition("/")[2]


def test_a_role_is_passed_by_who_may(world: World):
    """To a machine's profile (IAM: granting permissions to pass a role to a service)."""
    mine = role(world)
    adds = allow("iam:AddRoleToInstanceProfile")
    to_ec2 = {"Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}
    to_s3 = {"Condition": {"StringEquals": {"iam:PassedToService": "s3.amazonaws.com"}}}
    for more, expected in (
        ([], "AccessDenied"), ([allow("iam:PassRole", **to_s3)], "AccessDenied"),
        ([allow("iam:PassRole", "arn:aws:iam::*:role/other")], "AccessDenied"),
        ([allow("iam:PassRole", **to_ec2)], "ok"),
    ):  # fmt: skip
        add = world.client("iam", world.user(adds, *more)).add_role_to_instance_profile
        name = profile(world)
        given = {"InstanceProfileName": name, "RoleName": mine}
        assert answer(lambda add=add, given=given: add(**given)) == expected


def test_replication_passes_a_role(world: World):
    """(S3 API: PutBucketReplication, permissions: iam:PassRole)."""
    bucket, target = world.bucket(), world.bucket()
    for each in (bucket, target):
        world.admin("s3").put_bucket_versioning(
            Bucket=each, VersioningConfiguration={"Status": "Enabled"}
        )
    rules = [{"ID": "r", "Priority": 1, "Status": "Enabled", "Filter": {"Prefix": ""},
              "DeleteMarkerReplication": {"Status": "Disabled"},
              "Destination": {"Bucket": f"arn:aws:s3:::{target}"}}]  # fmt: skip
    given = {"Role": world.role(TRUST), "Rules": rules}
    for actions, expected in (["s3:*"], "AccessDenied"), (["s3:*", "iam:PassRole"], "ok"):
        put = world.client("s3", world.user(allow(actions))).put_bucket_replication
        assert answer(
            lambda put=put: put(Bucket=bucket, ReplicationConfiguration=given)
        ) == expected  # fmt: skip


@pytest.mark.parametrize(
    "call",
    [lambda iam, name: iam.create_user(UserName=name, PermissionsBoundary=NONE),
     lambda iam, name: iam.create_role(
         RoleName=name, AssumeRolePolicyDocument=TRUST, PermissionsBoundary=NONE),
     lambda iam, name: iam.put_user_permissions_boundary(
         UserName="administrator", PermissionsBoundary=NONE),
     lambda iam, name: iam.attach_user_policy(UserName="administrator", PolicyArn=NONE),
     lambda iam, name: iam.attach_user_policy(UserName=name, PolicyArn=READ_ONLY),
     lambda iam, name: iam.put_user_policy(
         UserName=name, PolicyName="p", PolicyDocument=policy(allow("s3:*"))),
     lambda iam, name: iam.put_role_permissions_boundary(
         RoleName=name, PermissionsBoundary=READ_ONLY),
     lambda iam, name: iam.get_policy(PolicyArn=NONE),
     lambda iam, name: iam.add_user_to_group(UserName="administrator", GroupName=name)],
)  # fmt: skip
def test_what_is_named_must_be_there(world: World, call):
    """(IAM API: NoSuchEntity)."""
    assert answer(lambda: call(world.admin("iam"), world.name("absent"))) == "NoSuchEntity"


def test_what_is_in_use_stays(world: World):
    """(IAM API: DeleteUser, DeleteGroup, DeleteRole, DeletePolicy, DeleteInstanceProfile)."""
    iam = world.admin("iam")
    user, group, held = (
        world.name("user"),
        world.name("group"),
        world.managed(policy(allow("s3:*"))),
    )
    mine = role(world)
    machine = profile(world, mine)
    iam.create_user(UserName=user)
    iam.create_group(GroupName=group)
    iam.add_user_to_group(UserName=user, GroupName=group)
    iam.attach_group_policy(GroupName=group, PolicyArn=held)
    deletions = {
        "user": lambda: iam.delete_user(UserName=user),
        "group": lambda: iam.delete_group(GroupName=group),
        "policy": lambda: iam.delete_policy(PolicyArn=held),
        "role": lambda: iam.delete_role(RoleName=mine),
        "profile": lambda: iam.delete_instance_profile(InstanceProfileName=machine),
    }
    assert {name: answer(call) for name, call in deletions.items()} == dict.fromkeys(
        deletions, "DeleteConflict"
    )

    iam.remove_user_from_group(UserName=user, GroupName=group)
    iam.detach_group_policy(GroupName=group, PolicyArn=held)
    iam.remove_role_from_instance_profile(InstanceProfileName=machine, RoleName=mine)
    assert {name: answer(call) for name, call in deletions.items()} == dict.fromkeys(
        deletions, "ok"
    )


@pytest.mark.parametrize("kind", ["user", "group", "role", "instance_profile", "policy"])
def test_names_differ_in_more_than_case(world: World, kind):
    """(IAM User Guide: IAM identifiers, names must be unique in any case)."""
    iam, name = world.admin("iam"), world.name("Name")
    more = {
        "role": {"AssumeRolePolicyDocument": TRUST},
        "policy": {"PolicyDocument": policy(allow("s3:*"))},
    }
    parameter = "".join(part.title() for part in kind.split("_")) + "Name"

    def make(called):
        call = getattr(iam, f"create_{kind}")
        return answer(lambda: call(**{parameter: called}, **more.get(kind, {})))

    assert make(name) == "ok"
    assert make(name.upper()) == "EntityAlreadyExists"


def test_how_many_policies_and_groups(world: World):
    """Ten of each with one user (IAM: quotas)."""
    iam, user = world.admin("iam"), world.name("user")
    iam.create_user(UserName=user)
    arns = [world.managed(policy(allow("s3:*"))) for _ in range(11)]
    attach = [answer(lambda a=a: iam.attach_user_policy(UserName=user, PolicyArn=a)) for a in arns]
    names = [world.name("group") for _ in range(11)]
    for name in names:
        iam.create_group(GroupName=name)
    join = [answer(lambda n=n: iam.add_user_to_group(UserName=user, GroupName=n)) for n in names]

    assert attach == join == ["ok"] * 10 + ["LimitExceeded"]


def test_aws_managed_policies(world: World):
    """Are there, give what they say, and are nobody's to change (IAM: AWS managed policies)."""
    iam, bucket = world.admin("iam"), world.bucket()
    user = world.user()
    iam.attach_user_policy(UserName=user["name"], PolicyArn=READ_ONLY)
    s3 = world.client("s3", user)

    assert answer(lambda: s3.get_object(Bucket=bucket, Key="a/1")) == "ok"
    assert answer(lambda: s3.put_object(Bucket=bucket, Key="a/1", Body=b"")) == "AccessDenied"
    assert answer(lambda: iam.delete_policy(PolicyArn=READ_ONLY)) == "AccessDenied"
    listed = iam.get_paginator("list_policies").paginate(Scope="AWS")
    assert READ_ONLY in {each["Arn"] for page in listed for each in page["Policies"]}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [(allow("sts:AssumeRole", None, NotPrincipal={"AWS": HERE}), "MalformedPolicyDocument"),
     (allow("sts:AssumeRole", None, Principal={"AWS": f"arn:aws:iam::{HERE}:group/g"}), "MalformedPolicyDocument"),
     (allow("sts:AssumeRole", None, Principal={"AWS": "somebody"}), "MalformedPolicyDocument"),
     (allow("sts:AssumeRole", None, Principal={"AWS": None}), "MalformedPolicyDocument"),
     (allow("sts:AssumeRole", None, Principal={"AWS": []}), "MalformedPolicyDocument"),
     (allow("sts:AssumeRole", None, Principal="*", Condition={"StringEquals": {"aws:nothing": "a"}}), "ok"),
     (allow("sts:AssumeRole", None, Principal="*", Condition={"StringEquals": {"iam:FIDO-certification": "a"}}),
      "NotImplemented"),
     (allow("sts:AssumeRole", None, Principal="*", Condition={"StringEquals": {"ci.example.com:job": "a"}}),
      "NotImplemented")],
)  # fmt: skip
def test_principals_of_a_trust(world: World, statement, expected):
    """(IAM: JSON policy elements, Principal and NotPrincipal); keys that are not judged by name."""
    make = world.admin("iam").create_role
    given = {"RoleName": world.name("role"), "AssumeRolePolicyDocument": policy(statement)}

    assert answer(lambda: make(**given)) == expected


@pytest.mark.parametrize(
    ("effect", "principal"),
    [("Allow", {"NotPrincipal": {"AWS": HERE}}), ("Deny", {"Principal": {"AWS": f"arn:aws:iam::{HERE}:group/g"}}),
     ("Allow", {"Principal": {"CanonicalUser": "a" * 64}}), ("Allow", {"Principal": {"AWS": "nobody"}})],
)  # fmt: skip
def test_principals_of_a_bucket_s_policy(world: World, effect, principal):
    """(IAM: JSON policy elements, NotPrincipal; S3: MalformedPolicy, "Invalid principal in policy")."""
    bucket = world.bucket(keys=())
    text = policy(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", effect=effect, **principal))
    put = world.admin("s3").put_bucket_policy

    assert answer(lambda: put(Bucket=bucket, Policy=text)) == "MalformedPolicy"


def test_restricted_buckets_keep_what_they_deny(world: World):
    """(S3: Block Public Access, RestrictPublicBuckets): also to those from outside whom IAM allows."""
    bucket, admin = world.bucket(), world.admin("s3")
    arn = f"arn:aws:s3:::{bucket}"
    guest = world.user(allow("*"), account=THERE)
    role_arn = world.role(
        policy(allow("sts:AssumeRole", None, Principal={"AWS": guest["arn"]})), allow("s3:*")
    )
    inside = world.client("s3", world.session(guest, role_arn))
    text = policy(
        allow("s3:GetObject", f"{arn}/*", Principal="*"),
        deny("s3:GetObject", f"{arn}/a/*", Principal="*"),
    )
    admin.put_bucket_policy(Bucket=bucket, Policy=text)
    admin.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": False, "IgnorePublicAcls": False, "BlockPublicPolicy": False,
            "RestrictPublicBuckets": True,
        },
    )  # fmt: skip

    assert answer(lambda: inside.get_object(Bucket=bucket, Key="a/1")) == "AccessDenied"
    assert answer(lambda: inside.get_object(Bucket=bucket, Key="b/1")) == "ok"
    outside = world.client("s3", guest)
    for key in ("a/1", "b/1"):
        assert answer(lambda key=key: outside.get_object(Bucket=bucket, Key=key)) == "AccessDenied"


def test_the_policy_simulator(world: World):
    """Answers as the gate decides (IAM API: SimulatePrincipalPolicy, SimulateCustomPolicy)."""
    iam, bucket = world.admin("iam"), world.bucket()
    arn = f"arn:aws:s3:::{bucket}"
    user = world.user(allow("s3:Get*", f"{arn}/*"), deny("s3:GetObject", f"{arn}/b/*"))
    asked = {
        "ActionNames": ["s3:GetObject", "s3:PutObject"],
        "ResourceArns": [f"{arn}/a/1", f"{arn}/b/1"],
    }

    def decisions(results):
        return [each["EvalDecision"] for each in results["EvaluationResults"]]

    expected = ["allowed", "explicitDeny", "implicitDeny", "implicitDeny"]
    assert (
        decisions(iam.simulate_principal_policy(PolicySourceArn=user["arn"], **asked)) == expected
    )
    text = policy(allow("s3:*", Condition={"StringEquals": {"s3:prefix": "a"}}))
    custom = iam.simulate_custom_policy(PolicyInputList=[text], ActionNames=["s3:ListBucket"])
    assert decisions(custom) == ["implicitDeny"]
    assert custom["EvaluationResults"][0]["MissingContextValues"] == ["s3:prefix"]
    entry = {"ContextKeyName": "s3:prefix", "ContextKeyValues": ["a"], "ContextKeyType": "string"}
    custom = iam.simulate_custom_policy(
        PolicyInputList=[text], ActionNames=["s3:ListBucket"], ContextEntries=[entry]
    )
    assert decisions(custom) == ["allowed"]
    without = world.client("iam", world.user())
    call = without.simulate_principal_policy
    assert answer(lambda: call(PolicySourceArn=user["arn"], **asked)) == "AccessDenied"


def test_the_text_of_a_policy_comes_back(world: World):
    """As it was given (IAM API: GetUserPolicy)."""
    user, text = world.user(allow("s3:*")), policy(allow("s3:Get*"))
    iam = world.admin("iam")
    iam.put_user_policy(UserName=user["name"], PolicyName="p", PolicyDocument=text)

    got = iam.get_user_policy(UserName=user["name"], PolicyName="p")["PolicyDocument"]
    assert got == json.loads(text)


def test_names_are_found_in_any_case(world: World):
    """There is one holder of a name, whatever its case (IAM API: CreateUser, UserName)."""
    iam, name = world.admin("iam"), world.name("Name")
    made = iam.create_user(UserName=name)["User"]

    assert iam.get_user(UserName=name.lower())["User"]["Arn"] == made["Arn"]
    iam.put_user_policy(UserName=name.upper(), PolicyName="p", PolicyDocument=policy(allow("s3:*")))
    assert iam.list_user_policies(UserName=name)["PolicyNames"] == ["p"]
    own = allow("iam:GetUser", made["Arn"])
    key = world.user(own)
    assert answer(lambda: world.client("iam", key).get_user(UserName=name.upper())) == "ok"
    iam.delete_user_policy(UserName=name, PolicyName="p")
    iam.delete_user(UserName=name.lower())
    assert answer(lambda: iam.get_user(UserName=name)) == "NoSuchEntity"


def test_lists_are_by_name(world: World):
    """Whatever the case, page by page (IAM API: ListUsers, ListRoles)."""
    iam, path = world.admin("iam"), f"/{world.name('path')}/"
    for name in ("b", "C", "a"):
        iam.create_user(UserName=f"{path[1:-1]}-{name}", Path=path)
        trust = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": HERE}})
        iam.create_role(RoleName=f"{path[1:-1]}-{name}", Path=path, AssumeRolePolicyDocument=trust)

    for lists, kind in (("list_users", "User"), ("list_roles", "Role")):
        pages = iam.get_paginator(lists).paginate(PathPrefix=path, PaginationConfig={"PageSize": 2})
        names = [each[f"{kind}Name"][-1] for page in pages for each in page[f"{kind}s"]]
        assert names == ["a", "b", "C"]


def test_the_root_s_own_keys(world: World):
    """Two at the most; one that is off, or gone, proves nothing (IAM API: CreateAccessKey)."""
    first = world.aws["roots"][THERE]
    iam = world.client("iam", first)
    made = iam.create_access_key()["AccessKey"]
    key = {"access_key_id": made["AccessKeyId"], "secret_access_key": made["SecretAccessKey"]}
    used = world.client("iam", key)

    assert answer(iam.create_access_key) == "LimitExceeded"
    assert {each["AccessKeyId"] for each in used.list_access_keys()["AccessKeyMetadata"]} == {
        first["access_key_id"], key["access_key_id"]}  # fmt: skip
    iam.update_access_key(AccessKeyId=key["access_key_id"], Status="Inactive")
    assert answer(used.list_access_keys) == "InvalidClientTokenId"
    iam.delete_access_key(AccessKeyId=key["access_key_id"])
    gone = answer(lambda: iam.delete_access_key(AccessKeyId=key["access_key_id"]))
    assert gone == "NoSuchEntity"
