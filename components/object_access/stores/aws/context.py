"""The context of a request: the value of every condition key that AWS would give it.

Which keys an action has is data (`policies/reference/`); what each holds is said here, once. A key
that is neither in `READERS` nor in `ABSENT` is not judged: a policy that names it is refused.
Sources: Service Authorization Reference; IAM User Guide, "AWS global condition context keys".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

from ...policies import reference
from .callers import Caller
from .messages import AwsError, Incoming
from .signatures import Claim

Value = str | Sequence[str] | None


@dataclass(frozen=True)
class Call:
    """One request as it came: who sent it, how it was signed, and what it says."""

    incoming: Incoming
    caller: Caller
    claim: Claim | None
    now: datetime
    operation: str
    given: Mapping[str, Any]  # its parameters, by the names of botocore's model
    claims: Mapping[str, str] = field(default_factory=dict)  # of a token, as condition keys

    def with_headers(self, **headers: str) -> "Call":
        """The same with these headers, in WSGI's names."""
        return replace(self, incoming=self.incoming.with_headers(self.incoming.environ | headers))

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags that the request would set, or the keys of those that it would remove. A copy
        sets its source's, unless it replaces them."""
        if self.operation == "CopyObject" and self.given.get("TaggingDirective") != "REPLACE":
            return {}
        header = self.given.get("Tagging", "")
        if isinstance(header, str) and header:
            return dict(parse_qsl(header, keep_blank_values=True))
        listed = header["TagSet"] if header else self.given.get("Tags", ())
        tags = {each.get("Key", each.get("TagKey", "")): each.get("Value", "") for each in listed}
        return tags | dict.fromkeys(self.given.get("TagKeys", ()), "")


@dataclass(frozen=True)
class Subject:
    """What one permission is about: the resource's ARN and account, and what is known of it.
    `owner` is the account whose policies decide, where that is another: that of an object which is
    not its bucket's, nothing for what somebody wrote who did not sign."""

    action: str
    arn: str
    account: str
    region: str = ""
    version: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    # IAM's own: the policy, the boundary, the service that a role is passed to.
    more: Mapping[str, str] = field(default_factory=dict)
    owner: str | None = None


def context(call: Call, subject: Subject) -> Mapping[str, str | Sequence[str]]:
    """Every condition key that has a value, for the permission that the request needs."""
    found: dict[str, str | Sequence[str]] = {}
    for key, read in _readers(subject.action.lower()):
        value = read(call, subject)
        if value is not None:
            found[key] = value
    for start, read_all in _FREE.items():
        if start + "*" in _keys(subject.action.lower()):
            found |= {start + name.lower(): value for name, value in read_all(call, subject)}
    return MappingProxyType({**found, **call.claims})


def judged(key: str) -> bool:
    """Whether the context has this key, or lacks it as AWS's would. `key` is one that AWS has."""
    return key in READERS or key in ABSENT or (key[-1] == "*" and key[:-1] in _FREE)


def check_judged(key: str) -> None:
    """Refuse by name a condition key that AWS has for what is decided here, and that is not judged:
    it would never match."""
    known, service = reference.known_key(key), key.lower().partition(":")[0]
    ours = service in ("aws", *reference.services()) or known in reference.global_keys()
    if known and ours and not judged(known):
        raise AwsError(501, "NotImplemented", f"the embedded AWS does not judge {key}")


@lru_cache(maxsize=512)
def _keys(action: str) -> frozenset[str]:
    known = reference.actions().get(action)
    return (known.keys if known else frozenset()) | reference.global_keys()


@lru_cache(maxsize=512)
def _readers(action: str) -> tuple[tuple[str, "Reader"], ...]:
    return tuple((key, read) for key, read in READERS.items() if key in _keys(action))


# --- the keys ------------------------------------------------------------------------------------

Reader = Callable[[Call, Subject], Value]


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _header(name: str) -> Reader:
    return lambda call, _: call.incoming.header(name) or None


def _parameter(name: str) -> Reader:
    def read(call: Call, _: Subject) -> Value:
        value = call.given.get(name)
        return None if value is None else str(value)

    return read


def _more(name: str) -> Reader:
    return lambda _, subject: subject.more.get(name)


def _signed(read: Callable[[Caller], Value]) -> Reader:
    """What those have who signed."""
    return lambda call, _: read(call.caller) if call.claim else None


def _in_session(read: Callable[[Call, Any], Value]) -> Reader:
    def of_session(call: Call, _: Subject) -> Value:
        return read(call, call.caller.session) if call.caller.session else None

    return of_session


def _principal_type(call: Call, _: Subject) -> Value:
    kinds = {"root": "Account", "user": "User", "role": "AssumedRole"}
    if call.caller.session and call.caller.session.kind == "federated":
        return "FederatedUser"
    return kinds.get(call.caller.principal.kind, "Anonymous")


def _principal_arn(caller: Caller) -> Value:
    principal = caller.principal
    federated = caller.session and caller.session.kind == "federated"
    return principal.arn if federated else principal.role_arn or principal.arn or None


def _region(call: Call, subject: Subject) -> Value:
    return subject.region or (call.claim.region if call.claim else None)


def _age(call: Call, _: Subject) -> Value:
    return str(int(call.claim.age.total_seconds() * 1_000)) if call.claim else None


def _lock(header: str, operation: str, member: str) -> Reader:
    """A setting of an object's lock: in a header, or in the body of the operation for it."""

    def read(call: Call, _: Subject) -> Value:
        body = call.given.get(operation) or {}
        return body.get(member) or call.incoming.header(header) or None

    return read


_until = _lock("x-amz-object-lock-retain-until-date", "Retention", "RetainUntilDate")


def _days_left(call: Call, subject: Subject) -> Value:
    until = _until(call, subject)
    try:
        end = datetime.fromisoformat(str(until))
    except ValueError:
        return None
    end = end if end.tzinfo else end.replace(tzinfo=UTC)
    return str((end - call.now).days)


def _creates(call: Call, _: Subject) -> Value:
    """Whether an object comes into being: parts do not ("Enforce conditional writes")."""
    parts = {"CreateMultipartUpload", "UploadPart", "UploadPartCopy"}
    return str(call.operation not in parts).lower()


def _grant(name: str) -> Reader:
    return _header(f"x-amz-grant-{name}")


def _location(call: Call, _: Subject) -> Value:
    return (call.given.get("CreateBucketConfiguration") or {}).get("LocationConstraint")


def _tag_keys(call: Call, _: Subject) -> Value:
    return tuple(call.tags) or None


def _encryption_context(call: Call, subject: Subject) -> Mapping[str, str]:
    """What is said along with a use of a key; S3 says which object or bucket it is for."""
    if about := subject.more.get("about"):
        return {"aws:s3:arn": about}
    return call.given.get("EncryptionContext") or {}


READERS: Mapping[str, Reader] = {
    # every service's
    "aws:currenttime": lambda call, _: _stamp(call.now),
    "aws:epochtime": lambda call, _: str(int(call.now.timestamp())),
    "aws:federatedprovider": _in_session(lambda _, session: session.provider or None),
    # Of sessions alone: long-lived keys do not say.
    "aws:multifactorauthpresent": _in_session(lambda *_: "false"),
    "aws:principalaccount": _signed(lambda caller: caller.principal.account or None),
    "aws:principalarn": _signed(_principal_arn),
    "aws:principalisawsservice": _signed(lambda _: "false"),
    "aws:principaltype": _principal_type,
    "aws:referer": _header("Referer"),
    "aws:requestedregion": _region,
    "aws:resourceaccount": lambda _, subject: subject.account or None,
    "aws:securetransport": lambda call, _: str(call.incoming.secure).lower(),
    "aws:sourceidentity": lambda call, _: (
        call.caller.session.source_identity or None if call.caller.session else None
    ),
    "aws:sourceip": lambda call, _: call.incoming.source_ip,
    "aws:tagkeys": _tag_keys,
    "aws:tokenissuetime": _in_session(lambda _, session: _stamp(session.issued)),
    "aws:useragent": _header("User-Agent"),
    "aws:userid": _signed(lambda caller: caller.user_id or None),
    "aws:username": lambda call, _: (
        call.caller.name if call.caller.principal.kind == "user" else None
    ),
    "aws:viaawsservice": lambda *_: "false",
    # S3's
    "s3:authtype": lambda call, _: call.claim.auth_type if call.claim else None,
    "s3:delimiter": _parameter("Delimiter"),
    "s3:if-match": _header("If-Match"),
    "s3:if-none-match": _header("If-None-Match"),
    "s3:locationconstraint": _location,
    "s3:max-keys": _parameter("MaxKeys"),
    "s3:object-lock-legal-hold": _lock("x-amz-object-lock-legal-hold", "LegalHold", "Status"),
    "s3:object-lock-mode": _lock("x-amz-object-lock-mode", "Retention", "Mode"),
    "s3:object-lock-remaining-retention-days": _days_left,
    "s3:object-lock-retain-until-date": _until,
    "s3:objectcreationoperation": _creates,
    "s3:prefix": _parameter("Prefix"),
    "s3:requestobjecttagkeys": _tag_keys,
    "s3:resourceaccount": lambda _, subject: subject.account or None,
    "s3:signatureage": _age,
    "s3:signatureversion": lambda call, _: call.claim.kind if call.claim else None,
    "s3:tlsversion": lambda call, _: call.incoming.tls_version or None,
    "s3:versionid": lambda _, subject: subject.version or None,
    "s3:x-amz-acl": _header("x-amz-acl"),
    "s3:x-amz-bucket-namespace": _header("x-amz-bucket-namespace"),
    "s3:x-amz-content-sha256": _header("x-amz-content-sha256"),
    "s3:x-amz-copy-source": _header("x-amz-copy-source"),
    "s3:x-amz-grant-full-control": _grant("full-control"),
    "s3:x-amz-grant-read": _grant("read"),
    "s3:x-amz-grant-read-acp": _grant("read-acp"),
    "s3:x-amz-grant-write": _grant("write"),
    "s3:x-amz-grant-write-acp": _grant("write-acp"),
    "s3:x-amz-metadata-directive": _header("x-amz-metadata-directive"),
    "s3:x-amz-object-ownership": _header("x-amz-object-ownership"),
    "s3:x-amz-server-side-encryption": _header("x-amz-server-side-encryption"),
    "s3:x-amz-server-side-encryption-aws-kms-key-id": _header(
        "x-amz-server-side-encryption-aws-kms-key-id"
    ),
    "s3:x-amz-server-side-encryption-customer-algorithm": _header(
        "x-amz-server-side-encryption-customer-algorithm"
    ),
    "s3:x-amz-storage-class": _header("x-amz-storage-class"),
    "s3:x-amz-website-redirect-location": _header("x-amz-website-redirect-location"),
    # KMS's
    "kms:calleraccount": _signed(lambda caller: caller.principal.account or None),
    "kms:encryptioncontextkeys": lambda call, subject: (
        tuple(_encryption_context(call, subject)) or None
    ),
    "kms:viaservice": _more("via"),
    # IAM's and STS's
    "iam:awsservicename": _parameter("AWSServiceName"),
    "iam:passedtoservice": _more("service"),
    "iam:permissionsboundary": _more("boundary"),
    "iam:policyarn": _more("policy"),
    "sts:durationseconds": _parameter("DurationSeconds"),
    "sts:externalid": _parameter("ExternalId"),
    "sts:rolesessionname": _parameter("RoleSessionName"),
    "sts:sourceidentity": _parameter("SourceIdentity"),
    "sts:transitivetagkeys": lambda call, _: call.given.get("TransitiveTagKeys"),
}
_Pairs = Callable[[Call, Subject], Any]
# Keys with a free end: what they start with -> the rest and the value of each.
_FREE: Mapping[str, _Pairs] = {
    "aws:principaltag/": lambda call, _: call.caller.tags.items(),
    "aws:requesttag/": lambda call, _: call.tags.items(),
    "aws:resourcetag/": lambda _, subject: (
        () if subject.arn.startswith("arn:aws:s3:") else subject.tags.items()
    ),
    "kms:encryptioncontext:": lambda call, subject: _encryption_context(call, subject).items(),
    "iam:resourcetag/": lambda _, subject: subject.tags.items(),
    "s3:existingobjecttag/": lambda _, subject: subject.tags.items(),
    "s3:requestobjecttag/": lambda call, _: call.tags.items(),
}
# Why a key has no value in any request here, as in a request to AWS of the same kind -> the keys.
_ABSENT_BECAUSE: Mapping[str, str] = {
    "the accounts are in no organization": "aws:principalorgid aws:principalorgpaths"
    " aws:resourceorgid aws:resourceorgpaths aws:sourceorgid aws:sourceorgpaths",
    "requests come from the internet, through no VPC": "aws:sourcevpc aws:sourcevpcarn"
    " aws:sourcevpce aws:vpceaccount aws:vpceorgid aws:vpceorgpaths aws:vpcsourceip",
    "nobody signs in at the console or through `aws login`": "aws:signinsessionarn",
    "no AWS service makes requests": "aws:calledvia aws:calledviaawsmcp aws:calledviafirst"
    " aws:calledvialast aws:principalservicename aws:principalservicenameslist"
    " aws:sourceaccount aws:sourcearn aws:sourceowner",
    "nobody signs in with a second factor, nor as another account's root": "aws:assumedroot"
    " aws:multifactorauthage",
    "there are no access points, grants or bucket tags by which access is given": "s3:buckettag/*"
    " s3:accessgrantsinstancearn s3:accessgrantscope s3:accessgrantslocationscope"
    " s3:accesspointnetworkorigin s3:accesspointtag/* s3:dataaccesspointaccount"
    " s3:dataaccesspointarn",
}
ABSENT: Mapping[str, str] = {
    key: why for why, keys in _ABSENT_BECAUSE.items() for key in keys.split()
}
