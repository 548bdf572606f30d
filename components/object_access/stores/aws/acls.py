"""Access control lists: whose a bucket or an object is, and what its owner gives to others.

A list is turned into statements of the policy that decides, so that the evaluator alone judges: an
account is named as in a policy, which its own policies must then allow, too. Source: S3 User Guide,
"Access control list (ACL) overview", "Controlling ownership of objects and disabling ACLs",
"Blocking public access", "How Amazon S3 authorizes a request for an object operation".
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from . import operations
from .backend import Backend, canonical_id
from .context import Call
from .messages import Answer, AwsError, elements
from .models import malformed_xml
from .operations import Needed

_GROUPS = "http://acs.amazonaws.com/groups"
EVERYONE = f"{_GROUPS}/global/AllUsers"
WHO_SIGNS = f"{_GROUPS}/global/AuthenticatedUsers"
_PUBLIC = {EVERYONE, WHO_SIGNS}
_KNOWN_GROUPS = {*_PUBLIC, f"{_GROUPS}/s3/LogDelivery"}
NOBODY = "65a011a29cdf8ec533ec3d1ccaae921c"  # by which S3 calls who does not sign
MOST_GRANTS = 100
# Permission -> the actions that it gives ("Mapping of ACL permissions and access policy
# permissions"). FULL_CONTROL gives all.
_OF_BUCKETS = {
    "READ": ("s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"),
    "WRITE": ("s3:PutObject", "s3:DeleteObject"),
    "READ_ACP": ("s3:GetBucketAcl",),
    "WRITE_ACP": ("s3:PutBucketAcl",),
}
_OF_OBJECTS = {
    "READ": ("s3:GetObject", "s3:GetObjectVersion"),
    "READ_ACP": ("s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
    "WRITE_ACP": ("s3:PutObjectAcl", "s3:PutObjectVersionAcl"),
}
_ON_OBJECTS = {action for actions in _OF_OBJECTS.values() for action in actions}
_OWNER = "bucket-owner"
_CANNED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "private": (),
    "public-read": ((EVERYONE, "READ"),),
    "public-read-write": ((EVERYONE, "READ"), (EVERYONE, "WRITE")),
    "authenticated-read": ((WHO_SIGNS, "READ"),),
    "bucket-owner-read": ((_OWNER, "READ"),),
    "bucket-owner-full-control": ((_OWNER, "FULL_CONTROL"),),
}
_HEADERS = {
    "GrantFullControl": "FULL_CONTROL",
    "GrantRead": "READ",
    "GrantWrite": "WRITE",
    "GrantReadACP": "READ_ACP",
    "GrantWriteACP": "WRITE_ACP",
}
_NAMED_BY = {"CanonicalUser": "ID", "AmazonCustomerByEmail": "EmailAddress", "Group": "URI"}
ENFORCED = "BucketOwnerEnforced"
# What may be asked for all the same where there are no lists.
_SILENT = {"private", "bucket-owner-full-control"}


class Acl(NamedTuple):
    """Whose something is, an account or nothing for who did not sign; and what each grantee, an
    account or a group, may do."""

    owner: str
    grants: tuple[tuple[str, str], ...]

    @property
    def is_public(self) -> bool:
        """Whether it gives anything to everyone, or to everyone who signs."""
        return any(grantee in _PUBLIC for grantee, _ in self.grants)


def enabled(bucket: Any) -> bool:
    """Whether the bucket's lists count."""
    return bucket is not None and bucket.ownership_rule != ENFORCED


def of(held: Any, bucket: Any) -> Acl:
    """The list of the bucket, or of an object in it."""
    private = Acl(bucket.account_id, ((bucket.account_id, "FULL_CONTROL"),))
    return getattr(held, "access", private) if enabled(bucket) else private


# --- deciding ------------------------------------------------------------------------------------


def decides(bucket: Any, needed: Needed, call: Call) -> Acl | None:
    """The list that has a say in a permission: the object's in what concerns an object that is
    there, else the bucket's. None where lists do not count."""
    if not enabled(bucket):
        return None
    of_bucket = of(bucket, bucket)
    if not _is_on_object(needed, call):
        return _unless_ignored(of_bucket, bucket)
    held = Backend.object(bucket, needed.key, needed.version)
    if held is not None:
        return _unless_ignored(of(held, bucket), bucket)
    # Whoever may list is told that an object is missing.
    readers = tuple(grant for grant in of_bucket.grants if grant[1] in ("READ", "FULL_CONTROL"))
    return _unless_ignored(Acl(bucket.account_id, readers), bucket)


def _is_on_object(needed: Needed, call: Call) -> bool:
    new = call.operation in operations.MAKE_OBJECTS and needed.action == "s3:PutObjectAcl"
    return needed.action in _ON_OBJECTS and not new


def _unless_ignored(acl: Acl, bucket: Any) -> Acl:
    """IgnorePublicAcls leaves a public list to its owner alone."""
    block = bucket.public_access_block
    ignored = block and block.ignore_public_acls and acl.is_public
    return Acl(acl.owner, ()) if ignored else acl


def joined(policy: str, acl: Acl, bucket: Any, needed: Needed, call: Call) -> str:
    """The bucket's policy with what the list gives as further statements. Of what another account
    owns, the policy can only deny."""
    on_object = _is_on_object(needed, call)
    counts = True
    if needed.action in ("s3:PutObject", "s3:DeleteObject"):
        # "For the bucket and object owners of existing objects, also allows deletions and
        # overwrites": nobody else replaces what is there, nor leaves a marker where nothing is.
        held = Backend.object(bucket, needed.key)
        own = held is not None and of(held, bucket).owner == call.caller.principal.account
        counts = own or (held is None and needed.action == "s3:PutObject")
    grants = acl.grants if counts else ()
    return _joined(policy, grants, on_object=on_object, foreign=acl.owner != bucket.account_id)


@lru_cache(maxsize=1_024)
def _joined(
    policy: str, grants: tuple[tuple[str, str], ...], *, on_object: bool, foreign: bool
) -> str:
    document: dict[str, Any] = (
        json.loads(policy) if policy else {"Version": "2012-10-17", "Statement": []}
    )
    own = document["Statement"]
    own = own if isinstance(own, list) else [own]
    if foreign:
        own = [each for each in own if each["Effect"] == "Deny"]
    statements = [*own, *_statements(grants, _OF_OBJECTS if on_object else _OF_BUCKETS)]
    return json.dumps({**document, "Statement": statements}) if statements else ""


def _statements(
    grants: tuple[tuple[str, str], ...], gives: Mapping[str, Sequence[str]]
) -> Iterator[dict[str, Any]]:
    """What the grants say, as statements about whatever they are asked for."""
    for grantee, permission in grants:
        actions = [
            action
            for name in gives
            for action in gives[name]
            if permission in (name, "FULL_CONTROL")
        ]
        if "s3:PutObject" in actions:
            actions.append("s3:PutObjectAcl")  # of the new object, which is the writer's
        if not actions or not grantee or grantee in _KNOWN_GROUPS - _PUBLIC:
            continue  # nobody can show to be one of these
        public = grantee in _PUBLIC
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Principal": "*" if public else {"AWS": grantee},
            "Action": actions,
            "Resource": "*",
        }
        if grantee == WHO_SIGNS:
            statement["Condition"] = {"Null": {"aws:PrincipalAccount": "false"}}
        yield statement


# --- changing ------------------------------------------------------------------------------------


def of_new_object(call: Call, bucket: Any, accounts: Sequence[str]) -> Acl:
    """Whose a new object is, and its list. Raises AwsError where the request may not ask for it."""
    canned, writer = call.given.get("ACL", ""), call.caller.principal.account
    if not enabled(bucket):
        if operations.has_acl(call.incoming) and canned not in _SILENT:
            raise _not_supported()
        return Acl(bucket.account_id, ((bucket.account_id, "FULL_CONTROL"),))
    preferred = bucket.ownership_rule == "BucketOwnerPreferred"
    given_away = preferred and canned == "bucket-owner-full-control"
    owner = bucket.account_id if given_away else writer
    acl = _asked(call, owner, bucket.account_id, accounts) or Acl(owner, ((owner, "FULL_CONTROL"),))
    _check_public(acl, bucket)
    return acl


def of_new_bucket(call: Call, accounts: Sequence[str]) -> Acl:
    """The list of a new bucket. Raises AwsError for one that no new bucket can have."""
    owner = call.caller.principal.account
    private = Acl(owner, ((owner, "FULL_CONTROL"),))
    acl = _asked(call, owner, owner, accounts) or private
    if acl == private:
        return private
    if call.given.get("ObjectOwnership", ENFORCED) == ENFORCED:
        raise _with_enforced()
    if acl.is_public:
        raise AwsError(
            400,
            "InvalidBucketAclWithBlockPublicAccessError",
            "Bucket cannot have public ACLs set with BlockPublicAccess enabled",
        )
    return acl


def put(call: Call, bucket: Any, key: str, accounts: Sequence[str]) -> Answer:
    """Replace a bucket's list or an object's. Raises AwsError for one that S3 does not take."""
    if not enabled(bucket):
        _check_silent(call, bucket.account_id, accounts)
    held = Backend.object(bucket, key, call.given.get("VersionId", "")) if key else bucket
    if held is None:
        raise AwsError(404, "NoSuchKey", "The specified key does not exist.", Key=key)
    if not enabled(bucket):
        return Answer()
    acl = _asked(call, of(held, bucket).owner, bucket.account_id, accounts)
    if acl is None:
        raise AwsError(400, "MissingSecurityHeader", "Your request was missing a required header")
    _check_public(acl, bucket)
    held.access = acl
    return Answer()


def _check_silent(call: Call, owner: str, accounts: Sequence[str]) -> None:
    """Where there are no lists, S3 takes the one that gives all to the owner, as a name or as a
    document ("Controlling ownership of objects")."""
    if call.given.get("ACL") == "bucket-owner-full-control":
        return
    document = "AccessControlPolicy" in call.given
    asked = _asked(call, owner, owner, accounts) if document else None
    if asked is None or asked.grants != ((owner, "FULL_CONTROL"),):
        raise _not_supported()


def check_ownership(rule: str, bucket: Any) -> None:
    """Refuse to switch off the lists of a bucket that gives something to others."""
    if rule == ENFORCED and any(to != bucket.account_id for to, _ in of(bucket, bucket).grants):
        raise _with_enforced()


def _check_public(acl: Acl, bucket: Any) -> None:
    block = bucket.public_access_block
    if block and block.block_public_acls and acl.is_public:
        raise AwsError(403, "AccessDenied", "Access Denied")


def _asked(call: Call, owner: str, bucket_owner: str, accounts: Sequence[str]) -> Acl | None:
    """The list that a request asks for, in one of three ways; None where it asks for none."""
    canned, document = call.given.get("ACL"), call.given.get("AccessControlPolicy")
    headers = [(name, call.given[name]) for name in _HEADERS if name in call.given]
    if canned and headers:
        raise AwsError(
            400,
            "InvalidRequest",
            "Specifying both Canned ACLs and Header Grants is not allowed",
        )
    if document is not None and (canned or headers):
        raise AwsError(400, "UnexpectedContent", "This request does not support content")
    if document is not None:
        if _owner_of(document) != canonical(owner):
            raise AwsError(403, "AccessDenied", "Access Denied")
        listed = document.get("Grants", ())
        if not all("Grantee" in each and "Permission" in each for each in listed):
            raise malformed_xml()
        found = [(_grantee(each["Grantee"], accounts), each["Permission"]) for each in listed]
    elif headers:
        found = [
            (_grantee(each, accounts), _HEADERS[name])
            for name, text in headers
            for each in _listed(text)
        ]
    elif canned:
        others = [(bucket_owner if to == _OWNER else to, what) for to, what in _CANNED[canned]]
        found = [(owner, "FULL_CONTROL"), *(each for each in others if each[0] != owner)]
    else:
        return None
    if len(found) > MOST_GRANTS:
        raise AwsError(400, "MalformedACLError", f"An ACL has {MOST_GRANTS} grants at the most")
    return Acl(owner, tuple(dict.fromkeys(found)))


def _owner_of(document: Mapping[str, Any]) -> str:
    return str((document.get("Owner") or {}).get("ID", ""))


def _listed(text: str) -> Iterator[Mapping[str, str]]:
    """The grantees that a header names, such as `id="...", uri="..."`."""
    for part in text.split(","):
        found = re.fullmatch(r'\s*(\w+)\s*=\s*(?:"([^"]*)"|([^"\s]*))\s*', part)
        if not found:
            raise AwsError(400, "InvalidArgument", "Argument format not recognized")
        kind = {"id": "ID", "uri": "URI", "emailaddress": "EmailAddress"}.get(found[1].lower(), "")
        yield {kind: found[2] or found[3] or ""}


def _grantee(named: Mapping[str, str], accounts: Sequence[str]) -> str:
    """The account or the group that is named."""
    if named.get("Type") and _NAMED_BY.get(named["Type"]) not in named:
        raise malformed_xml()
    if "EmailAddress" in named:
        # "As of October 1, 2025, Amazon S3 has discontinued support for Email Grantee" (S3 API).
        raise operations.not_allowed()
    if "URI" in named:
        if named["URI"] not in _KNOWN_GROUPS:
            raise AwsError(400, "InvalidArgument", "Invalid group uri")
        return named["URI"]
    by_id = {canonical_id(account): account for account in accounts}
    if named.get("ID") not in by_id:
        raise AwsError(400, "InvalidArgument", "Invalid id")
    return by_id[named["ID"]]


def _not_supported() -> AwsError:
    return AwsError(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")


def _with_enforced() -> AwsError:
    return AwsError(
        400,
        "InvalidBucketAclWithObjectOwnership",
        "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
    )


# --- telling -------------------------------------------------------------------------------------


def canonical(account: str) -> str:
    """The ID by which S3 calls an account, or who did not sign."""
    return canonical_id(account) if account else NOBODY


def told(acl: Acl) -> bytes:
    """The list as GetBucketAcl and GetObjectAcl have it."""
    grants = ""
    for grantee, permission in acl.grants:
        group = grantee.startswith("http")
        inside = {"URI": grantee} if group else {"ID": canonical(grantee)}
        grants += (
            '<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'xsi:type="{"Group" if group else "CanonicalUser"}">{elements(inside)}</Grantee>'
            f"<Permission>{permission}</Permission></Grant>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Owner>{elements({'ID': canonical(acl.owner)})}</Owner>"
        f"<AccessControlList>{grants}</AccessControlList></AccessControlPolicy>"
    ).encode()
