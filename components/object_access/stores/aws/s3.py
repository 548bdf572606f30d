"""S3 in front of moto: what a request needs, and what the bucket's settings refuse."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from ...names import check_bucket_name
from ...policies import reference
from ...policies.evaluate import Decision, Policy, Reason
from . import (
    acls,
    arguments,
    bodies,
    bucket_policies,
    conditions,
    cors,
    encryption,
    forms,
    locks,
    models,
    operations,
)
from .backend import APPS, MOTO_OWNERS, Backend, canonical_id, compiled
from .callers import Caller
from .context import Call, Subject
from .decision import decide, require
from .kms import Kms
from .messages import Answer, AwsError, Incoming, elements, forward
from .operations import Needed
from .signatures import Claim

# Without this, moto refuses whoever did not sign: but the gate has judged already.
_LET_IN = (
    "AWS4-HMAC-SHA256 Credential=GATE/20260101/{region}/s3/aws4_request, "
    "SignedHeaders=host, Signature=0"
)
_LIST = re.compile(r"HTTP_X_AMZ_(ACL|GRANT_.*)")
_DECODED = "X-Amz-Decoded-Content-Length"
_POLICY_ACTIONS = {"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"}
# What has the tags of the object among its condition keys.
_BY_TAGS = "s3:existingobjecttag/*"


class S3:
    """Checks an S3 request, hands it to moto, and keeps what moto leaves out."""

    def __init__(self, store: Backend, kms: Kms):
        self._store, self._kms = store, kms

    # --- the way of a request ---

    def answer(
        self, incoming: Incoming, caller: Caller, claim: Claim | None, now: datetime
    ) -> Answer:
        """Do a request for a caller who has been authenticated, or refuse it."""
        name, key = operations.target(incoming)
        level = "object" if key else "bucket" if name else "service"
        operation = models.s3_operation(incoming, level)
        operations.check_served(operation)
        if not models.streams(operation):
            incoming.check_document()
            incoming = bodies.unwrapped(incoming)
        elif not incoming.header("Content-Length") and not incoming.header(_DECODED):
            raise AwsError(
                411, "MissingContentLength", "You must provide the Content-Length header"
            )
        given = models.s3_parameters(operation, incoming)
        call = Call(incoming, caller, claim, now, operation, given)
        operations.check_parameters(call)
        _check_chosen(call)
        return self._do(call, name, key, claim.region if claim else "")

    def _do(self, call: Call, name: str, key: str, region: str) -> Answer:
        operations.check_names(call.incoming, name, key)
        creates = call.operation == "CreateBucket"
        bucket = self._find(call, name, region) if name and not creates else None
        if call.operation == "DeleteObjects":
            return self._delete_each(call, bucket)
        permissions = list(self._needed(call, name, key))
        for permission in permissions:
            self._require(permission, call)
        if models.streams(call.operation):
            call = replace(call, incoming=bodies.unwrapped(call.incoming))
        arguments.check(call, self._store, bucket, key)
        if bucket is None:
            self._check_new_bucket(call, name, region)
        else:
            self._check_settings(call, bucket, key, permissions[0])

        match call.operation:
            case "PutObjectLockConfiguration":
                locks.configure(bucket, call.given.get("ObjectLockConfiguration", {}))
                return Answer()
            case "GetObjectRetention":
                return locks.told(bucket, key, call.given.get("VersionId", ""))
            case "PutBucketAcl" | "PutObjectAcl":
                return acls.put(call, bucket, key, self._store.accounts)
        upload = bucket.multiparts.get(call.given.get("UploadId")) if bucket is not None else None
        answer = self._forward(call, bucket, region)
        self._after(call, answer, name, key, upload)
        return answer

    def _needed(self, call: Call, name: str, key: str) -> Iterator[Needed]:
        """What the request needs; a copy of tags, the rights on tags, too (S3: CopyObject)."""
        yield from operations.needed(call, name, key)
        if call.operation == "CopyObject" and call.given.get("TaggingDirective") != "REPLACE":
            source, source_key, version = operations.copy_source(call.incoming)
            held = self._store.bucket(source)
            if held is not None and self._store.object_tags(held, source_key, version):
                action = "s3:GetObjectVersionTagging" if version else "s3:GetObjectTagging"
                yield Needed(action, source, source_key, version)
                yield Needed("s3:PutObjectTagging", name, key)

    def _after(self, call: Call, answer: Answer, name: str, key: str, upload: Any) -> None:
        """Keep what moto leaves out, and tell nobody more than they may know."""
        incoming = call.incoming
        if answer.status < 300:
            if call.operation == "CreateBucket":
                made = self._store.bucket(name)
                if not hasattr(made, "access"):  # in us-east-1 one may ask for a bucket again
                    self._store.secure_new_bucket(name)
                made.access = acls.of_new_bucket(call, self._store.accounts)
            elif call.operation in ("GetBucketAcl", "GetObjectAcl"):
                answer.body = acls.told(self._acl(call, name, key))
            elif call.operation == "GetBucketPolicyStatus":
                answer.body = bucket_policies.status(self._store.bucket(name).policy)
            elif call.operation == "PutBucketPolicy":
                self._store.remember(f"arn:aws:s3:::{name}", incoming.body.decode())
            elif key:
                bucket = self._store.bucket(name)
                self._after_upload(call, bucket, key, upload)
        missing = answer.status == 404 and b"NoSuchUpload" not in answer.body
        if missing and key and incoming.method in ("GET", "HEAD"):
            # Who may not list is not told that an object is missing (S3 API Reference, GetObject).
            self._require(Needed("s3:ListBucket", name), call)
        if answer.status == 404 and "CopySource" in call.given and b"NoSuchKey" in answer.body:
            source, *_ = operations.copy_source(incoming)
            self._require(Needed("s3:ListBucket", source), call)

    def _after_upload(self, call: Call, bucket: Any, key: str, upload: Any) -> None:
        """Note of a new object, or of an upload of parts, whose it is, which key encrypts it and
        how it is locked. `upload` is the one that has just become an object."""
        made: Any = None
        if call.operation == "CreateMultipartUpload":
            made = [each for each in bucket.multiparts.values() if each.key_name == key][-1]
        elif call.operation in ("PutObject", "CopyObject", "CompleteMultipartUpload"):
            made = Backend.object(bucket, key)
        if made is None:
            return
        if call.operation == "CompleteMultipartUpload":
            made.access, made.kms_key = upload.access, upload.kms_key
            locks.remember(upload.object_lock, bucket, made)
            return
        made.access = acls.of_new_object(call, bucket, self._store.accounts)
        encryption.remember(call, bucket, made, self._kms)
        if call.operation == "CreateMultipartUpload":
            made.object_lock = locks.asked(call.given)
        else:
            locks.remember(locks.asked(call.given), bucket, made)

    def _acl(self, call: Call, name: str, key: str) -> acls.Acl:
        bucket = self._store.bucket(name)
        version = call.given.get("VersionId", "")
        return acls.of(Backend.object(bucket, key, version) if key else bucket, bucket)

    def _find(self, call: Call, name: str, region: str) -> Any:
        """The bucket that a request is about, in the region that it was signed for."""
        bucket = self._store.bucket(name)
        if bucket is None:
            raise _no_such_bucket(name)
        _check_owner(call.given.get("ExpectedBucketOwner"), bucket)
        if region and region != bucket.region_name:
            raise AwsError(
                400,
                "AuthorizationHeaderMalformed",
                f"The authorization header is malformed; the region '{region}' is wrong; expecting "
                f"'{bucket.region_name}'",
                Region=bucket.region_name,
            )
        return bucket

    def upload_form(
        self,
        incoming: Incoming,
        form: forms.Form,
        caller: Caller,
        claim: Claim | None,
        now: datetime,
    ) -> Answer:
        """Do the upload of a form whose signature has been checked."""
        name, key = operations.target(incoming)
        bucket = self._store.bucket(name)
        if key:
            raise operations.not_allowed()
        if bucket is None:
            raise _no_such_bucket(name)
        if claim and claim.region and claim.region != bucket.region_name:
            raise AwsError(400, "AuthorizationQueryParametersError", "The region is wrong")
        put = forms.as_put(incoming, form, name, now)
        given = models.s3_parameters("PutObject", put)
        call = Call(put, caller, claim, now, "PutObject", given)
        operations.check_parameters(call)
        answer = self._do(call, name, form.key, "")
        return forms.answer(form, name, answer) if answer.status < 300 else answer

    def _forward(self, call: Call, bucket: Any, region: str, body: bytes | None = None) -> Answer:
        # moto keeps buckets by account; whoever asks, the owner's store answers.
        account = bucket.account_id if bucket is not None else call.caller.principal.account
        signed = bucket.region_name if bucket is not None else region
        incoming = call.incoming
        if operations.has_acl(incoming):  # of which moto would make a list of its own
            sent = incoming.environ.items()
            incoming = incoming.with_headers({k: v for k, v in sent if not _LIST.match(k)})
        # Written anew from what was judged: of a parameter given twice, moto takes the first.
        known = models.query_names(call.operation)
        query = urlencode(
            {name: value for name, value in incoming.query.items() if name in known},
            quote_via=quote,
        )
        changed = {"HTTP_X_AMZ_CONTENT_SHA256": "UNSIGNED-PAYLOAD"}  # it has been compared
        if "Range" not in call.given:
            changed["HTTP_RANGE"] = ""  # moto would read it of any request
        if call.operation == "CopyObject":
            changed["HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM"] = "CRC32"  # moto locks no copy without it
        if "CopySource" in call.given:
            source, key, version = operations.copy_source(incoming)
            changed["HTTP_X_AMZ_COPY_SOURCE"] = quote(f"{source}/{key}") + (
                f"?versionId={quote(version, safe='')}" if version else ""
            )
        answer = forward(
            APPS["s3"],
            incoming,
            body=_sent(call) if body is None else body,
            HTTP_X_MOTO_ACCOUNT_ID=account,
            HTTP_AUTHORIZATION=_LET_IN.format(region=signed),
            QUERY_STRING=query,
            **changed,
        )
        if answer.body.startswith(b"<") and call.operation != "GetObject":
            answer.body = MOTO_OWNERS.sub(canonical_id(account).encode(), answer.body)
        return answer

    # --- permissions ---

    def require_tags(self, call: Call, action: str, arn: str) -> str:
        """Refuse what the caller may not do to the tags of a bucket; returns the bucket's account,
        which is the caller's (S3 Control API: TagResource)."""
        name = arn.removeprefix("arn:aws:s3:::")
        bucket = self._store.bucket(name)
        if bucket is None or bucket.account_id != call.caller.principal.account:
            raise _no_such_bucket(name)
        self._require(Needed(action, name), call)
        return str(bucket.account_id)

    def _require(self, permission: Needed, call: Call) -> None:
        decision = self._decide(permission, call)
        if not decision.allowed:
            raise _denied(permission, call.caller, decision, self._store.bucket(permission.bucket))

    def _decide(self, permission: Needed, call: Call) -> Decision:
        creates = permission.action == "s3:CreateBucket"
        bucket = None if creates else self._store.bucket(permission.bucket)
        acl = acls.decides(bucket, permission, call)
        subject = self._subject(permission, call, bucket, acl)
        principal = call.caller.principal
        at_home = bucket is not None and principal.account == bucket.account_id
        if at_home and principal.kind == "root" and permission.action in _POLICY_ACTIONS:
            # So that nobody locks a bucket for good (S3 API: PutBucketPolicy).
            return Decision(True, Reason.ALLOWED, "account root")
        return decide(call, subject, self._resource_policy(bucket, permission, call, acl))

    def _subject(
        self, permission: Needed, call: Call, bucket: Any, acl: acls.Acl | None
    ) -> Subject:
        if bucket is None:
            return Subject(permission.action, permission.arn, call.caller.principal.account)
        tags = {}
        if _BY_TAGS in reference.keys_of(permission.action):
            tags = self._store.object_tags(bucket, permission.key, permission.version)
        return Subject(
            permission.action,
            permission.arn,
            bucket.account_id,
            bucket.region_name,
            permission.version,
            tags,
            owner=acl.owner if acl else None,
        )

    def _resource_policy(
        self, bucket: Any, permission: Needed, call: Call, acl: acls.Acl | None
    ) -> Policy | None:
        """The bucket's policy, and what its list or the object's gives, as one policy."""
        if bucket is None:
            return None
        text = bucket.policy.decode() if bucket.policy else ""
        if text:
            text = self._store.resolved(f"arn:aws:s3:::{bucket.name}", text)
            block = bucket.public_access_block
            outside = call.caller.principal.account != bucket.account_id
            if outside and block and block.restrict_public_buckets:
                text = bucket_policies.restricted(text)
        if acl:
            text = acls.joined(text, acl, bucket, permission, call)
        return compiled(f"the policy of bucket {bucket.name}", text, "resource") if text else None

    def _delete_each(self, call: Call, bucket: Any) -> Answer:
        """DeleteObjects: every key is judged by itself, the answer names the refused ones."""
        given = call.given["Delete"]
        kept, refused = "", list[tuple[str, AwsError]]()
        bypass = bool(call.given.get("BypassGovernanceRetention"))
        if not 1 <= len(given["Objects"]) <= 1_000:
            raise models.malformed_xml()
        for each in given["Objects"]:
            key, version = each["Key"], each.get("VersionId", "")
            if not key:
                raise models.malformed_xml()
            if unserved := sorted(each.keys() & {"LastModifiedTime", "Size"}):
                raise AwsError(
                    501, "NotImplemented", f"the embedded AWS has no {unserved[0]} of DeleteObjects"
                )
            action = "s3:DeleteObjectVersion" if version else "s3:DeleteObject"
            actions = [action, *([operations.BYPASS] if bypass else [])]
            needed = [Needed(action, bucket.name, key, version) for action in actions]
            wanted = each.get("ETag")
            needed += operations.to_compare(wanted, bucket.name, key)
            asked = call.with_headers(HTTP_IF_MATCH=wanted) if wanted else call
            allowed = all(self._decide(permission, asked).allowed for permission in needed)
            if not allowed or locks.protects(bucket, key, version, call.now, bypass=bypass):
                refused.append((key, AwsError(403, "AccessDenied", "Access Denied")))
            elif not conditions.matches(wanted, Backend.object(bucket, key)):
                refused.append((key, conditions.failed()))
            else:
                inside = {name: each[name] for name in ("Key", "VersionId") if each.get(name)}
                kept += f"<Object>{elements(inside)}</Object>"
        answer = Answer(
            200, [("Content-Type", "application/xml")], b"<DeleteResult></DeleteResult>"
        )
        if kept:
            body = f"<Delete>{kept}</Delete>".encode()
            answer = self._forward(call, bucket, bucket.region_name, body)
        if given.get("Quiet"):
            answer.body = re.sub(rb"<Deleted>.*?</Deleted>", b"", answer.body, flags=re.DOTALL)
        errors = "".join(
            f"<Error>{elements({'Key': key, 'Code': why.code, 'Message': why.message})}</Error>"
            for key, why in refused
        )
        answer.body = answer.body.replace(b"</DeleteResult>", f"{errors}</DeleteResult>".encode())
        return answer

    # --- settings of the bucket ---

    def _check_new_bucket(self, call: Call, name: str, region: str) -> None:
        if call.operation != "CreateBucket":
            return
        if not _is_legal(name):
            raise AwsError(
                400, "InvalidBucketName", "The specified bucket is not valid.", BucketName=name
            )
        taken = self._store.bucket(name)
        if taken is not None and taken.account_id != call.caller.principal.account:
            raise AwsError(
                409, "BucketAlreadyExists", "The requested bucket name is not available."
            )
        acls.of_new_bucket(call, self._store.accounts)
        _check_location(call.given.get("CreateBucketConfiguration") or {}, region)

    def _check_settings(self, call: Call, bucket: Any, key: str, own: Needed) -> None:
        given, caller = call.given, call.caller
        if own.action in _POLICY_ACTIONS and caller.principal.account != bucket.account_id:
            raise operations.not_allowed()
        match call.operation:
            case "PutBucketPolicy":
                bucket_policies.check(call.incoming.body, bucket, self._store, caller)
            case "PutBucketCors":
                cors.check(given["CORSConfiguration"])
            case "PutBucketReplication":
                _check_passed(call, given["ReplicationConfiguration"]["Role"], bucket)
            case "PutBucketOwnershipControls":
                for rule in given["OwnershipControls"]["Rules"]:
                    acls.check_ownership(rule["ObjectOwnership"], bucket)
            case "PutObject" | "CopyObject" | "CreateMultipartUpload":
                acls.of_new_object(call, bucket, self._store.accounts)
            case "GetObject" | "HeadObject" | "GetObjectAttributes":
                encryption.check_read(call, bucket, key, given.get("VersionId", ""), self._kms)
        conditions.check_write(call.operation, given, bucket, key)
        if "CopySource" in given:
            self._check_source(call)
        locks.check(call.operation, given, bucket, key, call.now)
        encryption.check_write(call, bucket, key, self._kms)

    def _check_source(self, call: Call) -> None:
        source, key, version = operations.copy_source(call.incoming)
        held = self._store.bucket(source)
        if held is None:
            raise _no_such_bucket(source)
        _check_owner(call.given.get("ExpectedSourceBucketOwner"), held)
        encryption.check_read(call, held, key, version, self._kms, source=True)
        if (found := Backend.object(held, key, version)) is not None:
            conditions.check_source(call.given, found)


def _check_passed(call: Call, role: str, bucket: Any) -> None:
    """S3 replicates with a role, which the caller must be allowed to pass on within its account
    (IAM User Guide, "Grant a user permissions to pass a role to an AWS service")."""
    if not role.startswith(f"arn:aws:iam::{bucket.account_id}:role/"):
        raise AwsError(403, "AccessDenied", "Cross-account pass role is not allowed.")
    passed = {"service": "s3.amazonaws.com"}
    require(call, Subject("iam:PassRole", role, bucket.account_id, more=passed))


def _sent(call: Call) -> bytes:
    """The body, of operations that have one."""
    return call.incoming.body if models.has_body(call.operation) else b""


def _check_location(configuration: Any, region: str) -> None:
    """A bucket is made in the region that was asked (S3 API: CreateBucket, LocationConstraint)."""
    wanted = configuration.get("LocationConstraint")
    if wanted == "us-east-1":
        raise AwsError(
            400, "InvalidLocationConstraint", "The specified location-constraint is not valid"
        )
    wanted = {"EU": "eu-west-1", None: "us-east-1"}.get(wanted, wanted)
    if wanted != region:
        raise AwsError(
            400,
            "IllegalLocationConstraintException",
            f"The {wanted} location constraint is incompatible for the region specific endpoint "
            "this request was sent to.",
        )


def _check_chosen(call: Call) -> None:
    """Headers of the answer are for who signed to choose, and such as a header can be (S3 API:
    GetObject)."""
    chosen = [name for name in call.given if name.startswith("Response")]
    for name in chosen:
        value = str(call.given[name])
        if not value.isprintable() or value.encode("latin-1", "replace").decode("latin-1") != value:
            raise AwsError(
                400,
                "InvalidArgument",
                "Header value cannot be represented using ISO-8859-1.",
                ArgumentName=name,
            )
    if chosen and call.caller.principal.kind == "anonymous":
        raise AwsError(
            400,
            "InvalidRequest",
            "Request specific response headers cannot be used for anonymous GET requests.",
        )


def _is_legal(name: str) -> bool:
    """Whether S3 takes the name. It takes dots, which our own names never have."""
    if ".." in name or name.endswith(".mrap") or re.fullmatch(r"[\d.]+", name):
        return False
    try:
        check_bucket_name(re.sub(r"(?<=[a-z0-9])\.(?=[a-z0-9])", "0", name))
    except ValueError:
        return False
    return True


def _check_owner(expected: str | None, bucket: Any) -> None:
    if expected and expected != bucket.account_id:
        raise AwsError(403, "AccessDenied", "Access Denied")


def _denied(permission: Needed, caller: Caller, decision: Decision, bucket: Any) -> AwsError:
    # AWS explains itself only within one account.
    if bucket is not None and caller.principal.account != bucket.account_id:
        return AwsError(403, "AccessDenied", "Access Denied")
    return caller.refused(permission.action, f'"{permission.arn}"', decision)


def _no_such_bucket(name: str) -> AwsError:
    return AwsError(404, "NoSuchBucket", "The specified bucket does not exist", BucketName=name)
