"""IAM in front of moto: what an action concerns, and the limits that moto does not keep.

Source: IAM API Reference; IAM User Guide, "IAM and AWS STS quotas".
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlencode

from botocore.model import OperationNotFoundError
from moto.core.utils import get_service_model

from ...policies.documents import LIMITS
from ...policies.evaluate import Policy, PolicyKind
from .backend import APPS, PARTITION, Backend, actions, principal_arns
from .messages import Answer, AwsError, Incoming, forward, query_result
from .sts import Caller

NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"

# The parameter that names what an action concerns -> (kind of resource, longest name).
_SUBJECTS = {
    "RoleName": ("role", 64),
    "GroupName": ("group", 128),
    "InstanceProfileName": ("instance-profile", 128),
    "UserName": ("user", 64),
    "PolicyName": ("policy", 128),
}
# Where an action carries a document -> (kind, limit, the holder's parameter).
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
_OWN_USER = re.compile(r"GetUser|(Create|List|Update|Delete)AccessKeys?")
# Actions that concern the policy itself, not whom it is attached to.
_OF_POLICY = re.compile(
    r"(Get|Delete|Tag|Untag)Policy|\w+PolicyVersions?|ListEntitiesForPolicy|ListPolicyTags"
)
# Actions with the condition key of the policy, and with that of the boundary that a holder has.
_ATTACHES = re.compile(r"(Attach|Detach)(User|Role|Group)Policy")
_BOUND = re.compile(
    r"(Attach|Detach|Put|Delete)(User|Role)Policy|Delete(User|Role)PermissionsBoundary"
)


class Iam:
    """Checks an IAM action, hands it to moto, and keeps what moto leaves out."""

    def __init__(self, store: Backend):
        self._store = store

    def resources(self, action: str, form: Mapping[str, str], caller: Caller) -> list[str]:
        """The ARNs that the action's permission is about: renaming needs the new one, too."""
        own = self._resource(action, form, caller)
        renames = re.fullmatch(r"Update(User|Group)", action)
        parts = re.fullmatch(r"([^/]+)(/|/.*/)([^/]+)", own)
        if not renames or not parts:
            return [own]
        path = form.get("NewPath") or parts[2]
        return [own, f"{parts[1]}{path}{form.get(f'New{renames[1]}Name') or parts[3]}"]

    def _resource(self, action: str, form: Mapping[str, str], caller: Caller) -> str:
        account = caller.principal.account
        if _OF_POLICY.fullmatch(action) and (arn := form.get("PolicyArn")):
            return arn
        known = _parameters(action)
        for parameter, (kind, _) in _SUBJECTS.items():
            if parameter in known and (name := form.get(parameter)):
                finders = {
                    "user": self._store.user,
                    "role": self._store.role,
                    "group": self._store.group,
                }
                holder = finders[kind](account, name) if kind in finders else None
                path = form.get("Path", "/") if action.startswith("Create") else "/"
                return (
                    holder.arn if holder else f"arn:{PARTITION}:iam::{account}:{kind}{path}{name}"
                )
        if _OWN_USER.fullmatch(action) and caller.principal.kind == "user":
            return caller.principal.arn
        return f"arn:{PARTITION}:iam::{account}:*"

    def context(self, action: str, form: Mapping[str, str], caller: Caller) -> dict[str, str]:
        """IAM's own condition keys."""
        context, boundary = {}, None
        if _ATTACHES.fullmatch(action):
            context["iam:policyarn"] = form.get("PolicyArn", "")
        if "PermissionsBoundary" in _parameters(action):
            boundary = form.get("PermissionsBoundary")
        elif found := _BOUND.fullmatch(action):
            kind = "User" if "User" in found.groups() else "Role"
            find = self._store.user if kind == "User" else self._store.role
            holder = find(caller.principal.account, form.get(f"{kind}Name", ""))
            boundary = getattr(holder, "permissions_boundary_arn", None)
        return context | ({"iam:permissionsboundary": boundary} if boundary else {})

    def answer(self, action: str, incoming: Incoming, caller: Caller) -> Answer:
        """Do an action that the caller may do.

        Raises AwsError for what IAM refuses and moto would take.
        """
        form, account = incoming.form, caller.principal.account
        if _OWN_USER.fullmatch(action) and not form.get("UserName"):
            if caller.principal.kind != "user":
                raise _invalid("Must specify userName when calling with non-User credentials")
            form = form | {"UserName": caller.name}  # moto would go by the access key's ID
        self._check(action, form, account)
        if action.endswith("UserPermissionsBoundary"):
            user = self._store.user(account, form.get("UserName", ""))
            if user is None:
                raise AwsError(404, "NoSuchEntity", "The user cannot be found.")
            user.permissions_boundary_arn = form.get("PermissionsBoundary")
            return query_result(action, NAMESPACE, "")
        # Written anew from what was judged: of a parameter given twice, moto takes the first.
        answer = forward(
            APPS["iam"],
            incoming,
            body=urlencode(form).encode(),
            HTTP_X_MOTO_ACCOUNT_ID=account,
            REQUEST_METHOD="POST",
            QUERY_STRING="",
            CONTENT_TYPE="application/x-www-form-urlencoded",
        )
        if answer.status < 300:
            self._after(action, form, account, answer)
        return answer

    def _check(self, action: str, form: Mapping[str, str], account: str) -> None:
        for parameter, (kind, longest) in _SUBJECTS.items():
            name = form.get(f"New{parameter}") or form.get(parameter, "x")
            if not re.fullmatch(r"[\w+=,.@-]+", name, re.ASCII) or len(name) > longest:
                raise _invalid(
                    f"The specified value for {parameter[0].lower()}{parameter[1:]} is "
                    f"invalid. It must contain only alphanumeric characters and/or +=,.@_- "
                    f"and be at most {longest} characters, for a {kind}."
                )
        if action in ("CreateUser", "CreateRole"):
            kind = action.removeprefix("Create")
            self._check_unused(kind, form.get(f"{kind}Name", ""), account)
        new = form.get("NewUserName", "")
        if action == "UpdateUser" and new.lower() != form.get("UserName", "").lower():
            self._check_unused("User", new, account)
        if action == "DeleteUser" and self._store.has_keys(account, form.get("UserName", "")):
            raise AwsError(
                409, "DeleteConflict", "Cannot delete entity, must delete access keys first."
            )
        duration = form.get("MaxSessionDuration", "3600")
        if not duration.isdigit() or not 3_600 <= int(duration) <= 43_200:
            raise _invalid(
                f"Value '{duration}' at 'maxSessionDuration' failed to satisfy "
                "constraint: Member must have value between 3600 and 43200"
            )
        if action in _DOCUMENTS:
            kind_, limit = _DOCUMENTS[action]
            text = form.get("AssumeRolePolicyDocument") or form.get("PolicyDocument", "")
            self._check_document(kind_, text)
            self._check_size(limit, text, form, account)

    def _check_unused(self, kind: str, name: str, account: str) -> None:
        # Names differ in more than case (IAM User Guide, "IAM identifiers").
        if name.lower() in self._store.names_in_use(account, kind.lower()):
            raise AwsError(409, "EntityAlreadyExists", f"{kind} with name {name} already exists.")

    def _check_document(self, kind: PolicyKind, text: str) -> None:
        try:
            Policy("", json.loads(text), kind)
        except (ValueError, TypeError, AttributeError) as error:
            raise AwsError(400, "MalformedPolicyDocument", f"{error}") from None
        if re.search(r"[^\t\n\r\x20-\xff]", text):
            raise AwsError(
                400, "MalformedPolicyDocument", "The policy has characters beyond U+00FF"
            )
        if kind == "trust":
            if not all(action.lower().startswith("sts:") for action in actions(text)):
                raise AwsError(
                    400,
                    "MalformedPolicyDocument",
                    "AssumeRole policy may only specify STS AssumeRole actions.",
                )
            for arn in principal_arns(text):
                if self._store.unique_id(arn) is None:
                    raise AwsError(
                        400,
                        "MalformedPolicyDocument",
                        f'Invalid principal in policy: "AWS":"{arn}"',
                    )

    def _check_size(self, limit: str, text: str, form: Mapping[str, str], account: str) -> None:
        size = len("".join(text.split()))
        if "inline" in limit:
            name = form.get("PolicyName", "")
            size += sum(
                len("".join(other.split()))
                for key, other in self._store.inline(account, form).items()
                if key != name
            )
        if size > LIMITS[limit]:
            holder = form.get("UserName") or form.get("RoleName") or form.get("GroupName") or ""
            if "inline" in limit:
                message = f"Maximum policy size of {LIMITS[limit]} bytes exceeded for {holder}"
            else:
                message = f"Cannot exceed quota for {limit} size: {LIMITS[limit]}"
            raise AwsError(409, "LimitExceeded", message)

    def _after(self, action: str, form: Mapping[str, str], account: str, answer: Answer) -> None:
        if action == "CreateUser":
            user = self._store.user(account, form["UserName"])
            made, user.id = user.id, f"AIDA{user.id[:17].upper()}"
            answer.body = answer.body.replace(made.encode(), user.id.encode())
            user.permissions_boundary_arn = form.get("PermissionsBoundary")
        if action == "UpdateUser":
            user = self._store.user(account, form.get("NewUserName") or form["UserName"])
            for key in user.access_keys:
                key.user_name = user.name
        if action in ("CreateRole", "UpdateAssumeRolePolicy"):
            role = self._store.role(account, form["RoleName"])
            self._store.remember(role.arn, role.assume_role_policy_document)


@lru_cache(maxsize=256)
def _parameters(action: str) -> frozenset[str]:
    """What the action takes: of anything else that is sent, it is not about."""
    try:
        shape = get_service_model("iam").operation_model(action).input_shape
    except OperationNotFoundError:
        return frozenset()
    return frozenset(shape.members if shape else ())


def _invalid(message: str) -> AwsError:
    return AwsError(400, "ValidationError", message)
