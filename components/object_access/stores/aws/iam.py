"""IAM in front of moto: what an action concerns, and the limits that moto does not keep.

Source: IAM API Reference; IAM User Guide, "IAM and AWS STS quotas".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from moto.core.utils import camelcase_to_underscores
from moto.iam.responses import IamResponse

from ...policies import reference
from ...policies.documents import LIMITS
from ...policies.evaluate import Policy, PolicyKind
from . import root, simulation
from .backend import APPS, OF_AWS, PARTITION, Backend, actions, condition_keys, parsed, sids
from .context import Call, Subject, check_judged
from .decision import require
from .messages import Answer, AwsError, forward, query_result
from .sts import TOKEN_KEYS

NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"

# Type of resource -> the parameter that names it; one that ends in Arn is its ARN already.
_NAMED_BY = {
    "role": "RoleName",
    "group": "GroupName",
    "instance-profile": "InstanceProfileName",
    "user": "UserName",
    "policy": "PolicyName",
    "server-certificate": "ServerCertificateName",
    "mfa": "VirtualMFADeviceName",
}
_ARNS = {
    "policy": "PolicyArn",
    "oidc-provider": "OpenIDConnectProviderArn",
    "saml-provider": "SAMLProviderArn",
    "mfa": "SerialNumber",
}
# Where an action carries a document -> (kind, limit).
_DOCUMENTS: Mapping[str, tuple[PolicyKind, str]] = {
    "PutUserPolicy": ("identity", "user inline policies"),
    "PutGroupPolicy": ("identity", "group inline policies"),
    "PutRolePolicy": ("identity", "role inline policies"),
    "CreatePolicy": ("identity", "managed policy"),
    "CreatePolicyVersion": ("identity", "managed policy"),
    "CreateRole": ("trust", "trust policy"),
    "UpdateAssumeRolePolicy": ("trust", "trust policy"),
}
# Actions whose caller may leave the user out: it is the caller then.
_OWN_USER = re.compile(
    r"GetUser|(Create|List|Update|Delete)AccessKeys?|List(MFADevices|SigningCertificates)"
)
_ATTACHES = re.compile(r"(Attach|Detach)(User|Role|Group)Policy")  # they say the policy, too
# What stays with one holder -> how many ("IAM and AWS STS quotas", the defaults).
_QUOTAS = {
    "PoliciesPerUser": 10,
    "PoliciesPerRole": 10,
    "PoliciesPerGroup": 10,
    "GroupsPerUser": 10,
    "Tags": 50,
}


class Iam:
    """Checks an IAM action, hands it to moto, and keeps what moto leaves out."""

    def __init__(self, store: Backend):
        self._store = store

    def answer(self, call: Call) -> Answer:
        """Do an action for a caller who has been authenticated, or refuse it.

        Raises AwsError for what IAM refuses and moto would take.
        """
        caller, account = call.caller, call.caller.principal.account
        if caller.session and caller.session.kind in ("user", "federated"):
            # GetSessionToken and GetFederationToken: "You cannot call any IAM API operations".
            raise AwsError(
                403, "InvalidClientTokenId", "The security token included in the request is invalid"
            )
        if call.operation not in SERVED:
            raise AwsError(501, "NotImplemented", f"the embedded AWS has no iam:{call.operation}")
        real = self._in_their_case(call)
        call = replace(call, given={**call.given, **real})
        call.incoming.form.update(real)
        if call.operation in ("ListPolicies", "GetAccountAuthorizationDetails"):
            self._store.know_aws_policies(account)
        for subject in self._subjects(call):
            require(call, subject)
        if call.operation in simulation.ACTIONS:
            result = simulation.answer(call, self._store)
            return query_result(call.operation, NAMESPACE, result)
        return self._do(call, account)

    def _in_their_case(self, call: Call) -> Mapping[str, str]:
        """The names in a request as their holders have them: IAM finds them in any case."""
        account = call.caller.principal.account
        return {
            f"{kind}Name": self._store.in_its_case(account, kind, call.given[f"{kind}Name"])
            for kind in ("User", "Group", "Role", "InstanceProfile")
            if f"{kind}Name" in call.given and call.operation != f"Create{kind}"
        }

    # --- what an action is about ---

    def _subjects(self, call: Call) -> Iterator[Subject]:
        """What the action's permissions are about: renaming needs the new name, too, and whoever
        gives a role to a service needs iam:PassRole."""
        operation, given = call.operation, call.given
        account = call.caller.principal.account
        holder, own = self._resource(call)
        action, tags = f"iam:{operation}", self._store.tags(holder) if holder else {}
        more = self._more(call)
        yield Subject(action, own, account, tags=tags, more=more)
        renamed = re.fullmatch(r"Update(User|Group)", operation)
        parts = re.fullmatch(r"([^/]+)(/|/.*/)([^/]+)", own)
        if renamed and parts:
            path = given.get("NewPath") or parts[2]
            arn = f"{parts[1]}{path}{given.get(f'New{renamed[1]}Name') or parts[3]}"
            yield Subject(action, arn, account, tags=tags)
        if operation == "AddRoleToInstanceProfile":
            role = self._store.role(account, given["RoleName"])
            arn = role.arn if role else f"arn:{PARTITION}:iam::{account}:role/{given['RoleName']}"
            passed = {"service": "ec2.amazonaws.com"}
            tags = self._store.tags(role) if role else {}
            yield Subject("iam:PassRole", arn, account, tags=tags, more=passed)

    def _resource(self, call: Call) -> tuple[Any, str]:
        """What the action concerns, and its ARN; None for what is not there yet."""
        account, given = call.caller.principal.account, call.given
        prefix = f"arn:{PARTITION}:iam::{account}"
        for kind in sorted(reference.actions()[f"iam:{call.operation.lower()}"].types - {"*"}):
            if arn := given.get(_ARNS.get(kind, "")) or given.get("PolicySourceArn"):
                return None, arn
            if kind == "oidc-provider" and "Url" in given:
                return None, f"{prefix}:oidc-provider/{given['Url'].removeprefix('https://')}"
            if kind == "user" and call.operation == "GetAccessKeyLastUsed":
                key = self._store.key(given["AccessKeyId"])
                if key is None or key.account != account:
                    raise _no_entity("The Access Key cannot be found.")
                holder = self._store.user(account, key.user_name)
                return holder, holder.arn if holder else f"{prefix}:user/unknown"
            name = given.get(_NAMED_BY.get(kind, ""), "")
            if kind == "user" and not name and _OWN_USER.fullmatch(call.operation):
                name = call.caller.name if call.caller.principal.kind == "user" else ""
            if name:
                holder = self._store.holder(account, kind, name)
                path = given.get("Path", "/") if call.operation.startswith("Create") else "/"
                return holder, holder.arn if holder else f"{prefix}:{kind}{path}{name}"
        return None, f"{prefix}:*"

    def _more(self, call: Call) -> Mapping[str, str]:
        """IAM's own condition keys."""
        given, found = call.given, {}
        if _ATTACHES.fullmatch(call.operation):
            found["policy"] = given["PolicyArn"]
        if "PermissionsBoundary" in given:
            found["boundary"] = given["PermissionsBoundary"]
        elif not call.operation.startswith("Create") and reference.has_key(
            f"iam:{call.operation}", "iam:PermissionsBoundary"
        ):
            kind = "user" if "UserName" in given else "role"
            name = given.get(f"{kind.capitalize()}Name", "")
            holder = self._store.holder(call.caller.principal.account, kind, name)
            if boundary := getattr(holder, "permissions_boundary_arn", None):
                found["boundary"] = boundary
        return found

    # --- doing it ---

    def _do(self, call: Call, account: str) -> Answer:
        action, form = call.operation, call.incoming.form
        given = call.given
        if call.caller.principal.kind == "root" and not form.get("UserName"):
            result = root.answer(call, self._store)
            if result is not None:
                return query_result(action, NAMESPACE, result)
        if _OWN_USER.fullmatch(action) and not form.get("UserName"):
            if call.caller.principal.kind != "user":
                raise _invalid("Must specify userName when calling with non-User credentials")
            # moto would go by the access key's ID
            own_name = {"UserName": call.caller.name}
            form, given = form | own_name, {**given, **own_name}
        self._check(action, given, account)
        if action.endswith("UserPermissionsBoundary"):
            user = self._store.user(account, given["UserName"])
            if user is None:
                raise _no_entity("The user cannot be found.")
            user.permissions_boundary_arn = given.get("PermissionsBoundary")
            return query_result(action, NAMESPACE, "")
        # Written anew from what was judged: of a parameter given twice, moto takes the first.
        answer = forward(
            APPS["iam"],
            call.incoming,
            body=urlencode(form).encode(),
            HTTP_X_MOTO_ACCOUNT_ID=account,
            REQUEST_METHOD="POST",
            QUERY_STRING="",
            CONTENT_TYPE="application/x-www-form-urlencoded",
        )
        if answer.status < 300:
            self._after(action, given, account, answer)
        return answer

    def _check(self, action: str, given: Mapping[str, Any], account: str) -> None:
        if not re.fullmatch(r"\d{1,9}", given.get("Marker", "0"), re.ASCII):  # as moto makes them
            raise _invalid("The provided Marker is invalid.")
        self._check_names(action, given, account)
        self._check_entities(action, given, account)
        self._check_quotas(action, given, account)
        if not re.search(r"\w\.amazonaws\.com$", given.get("AWSServiceName", "s3.amazonaws.com")):
            raise AwsError(400, "InvalidInput", "Service role name prefix is not valid.")
        for reason in self._store.holds(account, action, given):
            raise AwsError(409, "DeleteConflict", f"Cannot delete entity, must {reason} first.")
        if action in _DOCUMENTS:
            kind, limit = _DOCUMENTS[action]
            text = given.get("AssumeRolePolicyDocument") or given["PolicyDocument"]
            self._check_document(kind, text)
            self._check_size(limit, text, given, account)

    def _check_names(self, action: str, given: Mapping[str, Any], account: str) -> None:
        """Names differ in more than case (IAM User Guide, "IAM identifiers")."""
        found = re.fullmatch(r"(Create|Update)(User|Group|Role|Policy|InstanceProfile)", action)
        if not found:
            return
        verb, kind = found.groups()
        old = given.get(f"{kind}Name", "")
        new = old if verb == "Create" else given.get(f"New{kind}Name", old)
        is_new = verb == "Create" or new.lower() != old.lower()
        if is_new and self._store.is_in_use(account, kind, new):
            raise AwsError(409, "EntityAlreadyExists", f"{kind} with name {new} already exists.")

    def _check_entities(self, action: str, given: Mapping[str, Any], account: str) -> None:
        """What a request names must be there, and of the account or of AWS."""
        boundary = given.get("PermissionsBoundary")
        if boundary and self._store.managed_policy(account, boundary) is None:
            raise _no_entity(f"Scope ARN: {boundary} does not exist or is not attachable.")
        arn = given.get("PolicyArn", "")
        if arn and self._store.managed_policy(account, arn) is None:
            raise _no_entity(f"Policy {arn} does not exist or is not attachable.")
        changes = re.match(r"(Delete|Create|Set|Tag|Untag)", action)
        if arn.startswith(OF_AWS) and changes:
            raise AwsError(403, "AccessDenied", f"{arn} is AWS's own and cannot be changed")
        for kind, parameter in _NAMED_BY.items():
            name = given.get(parameter)
            wanted = kind in ("user", "role", "group") and not action.startswith(
                "Create" + kind.title()
            )
            if name and wanted and self._store.holder(account, kind, name) is None:
                raise _no_entity(f"The {kind} with name {name} cannot be found.")

    def _check_quotas(self, action: str, given: Mapping[str, Any], account: str) -> None:
        full = ""
        if found := re.fullmatch(r"Attach(User|Role|Group)Policy", action):
            holder = self._store.holder(account, found[1].lower(), given[f"{found[1]}Name"])
            quota = f"PoliciesPer{found[1]}"
            others = holder.managed_policies.keys() - {given["PolicyArn"]}
            full = quota if len(others) >= _QUOTAS[quota] else ""
        elif action == "AddUserToGroup":
            groups = self._store.groups_of(account, given["UserName"]) - {given["GroupName"]}
            full = "GroupsPerUser" if len(groups) >= _QUOTAS["GroupsPerUser"] else ""
        elif "Tags" in given:
            keys = {each["Key"].lower() for each in given["Tags"]}
            if len(keys) < len(given["Tags"]):
                raise AwsError(400, "InvalidInput", "Duplicate tag keys found.")
            found_kind = re.fullmatch(r"Tag(User|Role)", action)
            if found_kind:
                name = given[f"{found_kind[1]}Name"]
                holder = self._store.holder(account, found_kind[1].lower(), name)
                keys |= {key.lower() for key in self._store.tags(holder)}
            full = "Tags" if len(keys) > _QUOTAS["Tags"] else ""
        if full:
            raise AwsError(409, "LimitExceeded", f"Cannot exceed quota for {full}: {_QUOTAS[full]}")

    def _check_document(self, kind: PolicyKind, text: str) -> None:
        try:
            policy = Policy("", parsed(text), kind)
            named = condition_keys(text)
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            raise _malformed(f"{error}") from None
        for key in named:
            _check_key(key, kind)
        if not all(re.fullmatch(r"[0-9a-zA-Z]*", sid) for sid in sids(text)):
            raise _malformed("Statement IDs (SID) in a single policy must be alpha-numeric.")
        if kind == "trust":
            if not all(action.lower().startswith("sts:") for action in actions(text)):
                raise _malformed("AssumeRole policy may only specify STS AssumeRole actions.")
            for name in self._store.not_there(policy):
                raise _malformed(f'Invalid principal in policy: "AWS":"{name}"')

    def _check_size(self, limit: str, text: str, given: Mapping[str, Any], account: str) -> None:
        size = len("".join(text.split()))
        if "inline" in limit:
            name = given["PolicyName"]
            size += sum(
                len("".join(other.split()))
                for key, other in self._store.inline(account, given).items()
                if key != name
            )
        if size > LIMITS[limit]:
            holder = given.get("UserName") or given.get("RoleName") or given.get("GroupName") or ""
            if "inline" in limit:
                message = f"Maximum policy size of {LIMITS[limit]} bytes exceeded for {holder}"
            else:
                message = f"Cannot exceed quota for {limit} size: {LIMITS[limit]}"
            raise AwsError(409, "LimitExceeded", message)

    def _after(self, action: str, given: Mapping[str, Any], account: str, answer: Answer) -> None:
        if action == "CreateUser":
            user = self._store.user(account, given["UserName"])
            made, user.id = user.id, f"AIDA{user.id[:17].upper()}"
            answer.body = answer.body.replace(made.encode(), user.id.encode())
            user.permissions_boundary_arn = given.get("PermissionsBoundary")
        if action == "UpdateUser":
            user = self._store.user(account, given.get("NewUserName") or given["UserName"])
            for key in user.access_keys:
                key.user_name = user.name
        if action in ("CreateRole", "UpdateAssumeRolePolicy"):
            role = self._store.role(account, given["RoleName"])
            self._store.remember(role.arn, role.assume_role_policy_document)


# What moto and the gate have of IAM. Every other action is refused by name.
SERVED = (
    frozenset(
        action.name.partition(":")[2]
        for action in reference.actions().values()
        if action.name.startswith("iam:")
        and hasattr(IamResponse, camelcase_to_underscores(action.name.partition(":")[2]))
    )
    | simulation.ACTIONS
    | {"PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary"}
)


def _check_key(key: str, kind: PolicyKind) -> None:
    """Refuse a condition key that AWS has, and that is not judged: it would never match."""
    check_judged(key)
    start, _, name = key.lower().rpartition(":")
    if kind == "trust" and ("." in start or "/" in start) and name not in TOKEN_KEYS:
        raise AwsError(501, "NotImplemented", f"the embedded AWS does not judge {key}")


def _no_entity(message: str) -> AwsError:
    return AwsError(404, "NoSuchEntity", message)


def _malformed(message: str) -> AwsError:
    return AwsError(400, "MalformedPolicyDocument", message)


def _invalid(message: str) -> AwsError:
    return AwsError(400, "ValidationError", message)
