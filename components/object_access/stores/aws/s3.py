"""S3 in front of moto: what a request needs, what the bucket's settings refuse, and CORS."""

import io
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from ...names import check_bucket_name
from ...policies.cors import CorsRule, first_match
from ...policies.documents import LIMITS
from ...policies.evaluate import Decision, Policies, Policy, Reason, Request, evaluate
from ...policies.public import is_public
from . import forms, operations
from .backend import APPS, Backend, principal_arns
from .messages import Answer, AwsError, Incoming, elements, forward
from .operations import Needed
from .sts import Caller

# Without this, moto refuses whoever did not sign: but the gate has judged already.
_LET_IN = (
    "AWS4-HMAC-SHA256 Credential=GATE/20260101/{region}/s3/aws4_request, "
    "SignedHeaders=host, Signature=0"
)
_SIGNATURE_FIELDS = re.compile(r"(X-Amz-|AWSAccessKeyId|Signature$|Expires$|x-amz-security-token)")
# What a grant to a public group in an access control list allows.
_ACL_ALLOWS = {
    "s3:GetObject": ("object", {"READ", "FULL_CONTROL"}),
    "s3:GetObjectVersion": ("object", {"READ", "FULL_CONTROL"}),
    "s3:ListBucket": ("bucket", {"READ", "FULL_CONTROL"}),
    "s3:PutObject": ("bucket", {"WRITE", "FULL_CONTROL"}),
}
_ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
_SIGNED_IN = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
# What has condition keys of the parameters of a list.
_LISTING = {"s3:ListBucket", "s3:ListBucketVersions"}
# Actions that know the tags that an object has: not those that overwrite or delete it.
_BY_TAGS = re.compile(
    r"s3:(GetObject(Version)?|(Get|Put|Delete)Object(Version)?(Acl|Attributes|Tagging))"
)
_POLICY_ACTIONS = {"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"}
_PUBLIC_ACLS = {"public-read", "public-read-write", "authenticated-read"}


class S3:
    """Checks an S3 request, hands it to moto, and keeps what moto leaves out."""

    def __init__(self, store: Backend):
        self._store = store

    # --- the way of a request ---

    def answer(
        self, incoming: Incoming, caller: Caller, context: dict[str, str], region: str
    ) -> Answer:
        """Do a request for a caller who has been authenticated, or refuse it."""
        name, key = operations.target(incoming)
        if _is_delete(incoming):
            bucket = self._find(incoming, name, region)
            return self._delete_each(
                incoming, caller, context | _s3_context(incoming, bucket), name
            )
        permissions = operations.needed(incoming, name, key)
        own = permissions[0].action
        creates = own == "s3:CreateBucket"
        bucket = self._find(incoming, name, region) if name and not creates else None
        context = context | _s3_context(incoming, bucket)
        if incoming.method == "GET" and own in _LISTING:
            given = incoming.query.keys() & {"prefix", "delimiter", "max-keys"}
            context |= {f"s3:{parameter}": incoming.query[parameter] for parameter in given}
        for permission in permissions:
            self._require(permission, caller, context)
        if creates:
            self._check_new_bucket(incoming, name, caller)
        if bucket is not None:
            self._check_settings(incoming, bucket, key, permissions[0], caller)

        answer = self._forward(incoming, caller, bucket, region)
        if creates and answer.status == 200:
            self._store.secure_new_bucket(name)
        if own == "s3:PutBucketPolicy" and answer.status < 300:
            self._store.remember(f"arn:aws:s3:::{name}", incoming.body.decode())
        missing = answer.status == 404 and b"NoSuchUpload" not in answer.body
        if missing and key and incoming.method in ("GET", "HEAD"):
            # Who may not list is not told that an object is missing (S3 API Reference, GetObject).
            self._require(Needed("s3:ListBucket", name), caller, context)
        source, *_ = operations.copy_source(incoming)
        if answer.status == 404 and source and b"NoSuchKey" in answer.body:
            self._require(Needed("s3:ListBucket", source), caller, context)
        return answer

    def _find(self, incoming: Incoming, name: str, region: str) -> Any:
        """The bucket that a request is about, in the region that it was signed for."""
        bucket = self._store.bucket(name)
        if bucket is None:
            raise _no_such_bucket(name)
        _check_owner_and_region(incoming, bucket, region)
        return bucket

    def upload_form(
        self, incoming: Incoming, form: forms.Form, caller: Caller, context: dict[str, str]
    ) -> Answer:
        """Do the upload of a form whose signature has been checked."""
        name, key = operations.target(incoming)
        bucket = self._store.bucket(name)
        if key:
            raise operations.not_allowed()
        if bucket is None:
            raise _no_such_bucket(name)
        if not form.key:
            raise AwsError(400, "InvalidArgument", "Bucket POST must contain a field named 'key'.")
        if form.fields.get("policy"):
            forms.check_policy(form, name, datetime.now(UTC))
        headers = {
            f"HTTP_{field.upper().replace('-', '_')}": value
            for field, value in form.fields.items()
            if forms.HEADERS.fullmatch(field)
        }
        if "acl" in form.fields:
            headers["HTTP_X_AMZ_ACL"] = form.fields["acl"]
        if "tagging" in form.fields:
            headers["HTTP_X_AMZ_TAGGING"] = _tags(form.fields["tagging"])
        path = f"/{name}/{quote(form.key)}"
        # What the policy does not govern is left behind.
        sent = incoming.environ.items()
        put = Incoming(
            {name: value for name, value in sent if not name.startswith("HTTP_X_AMZ_")}
            | headers
            | {
                "REQUEST_METHOD": "PUT",
                "REQUEST_URI": path,
                "PATH_INFO": f"/{name}/{form.key}",
                "QUERY_STRING": "",
                "CONTENT_TYPE": form.fields.get("content-type", "binary/octet-stream"),
                "CONTENT_LENGTH": str(len(form.content)),
                "wsgi.input": io.BytesIO(form.content),
            }
        )
        answer = self.answer(put, caller, context, bucket.region_name)
        if answer.status >= 300:
            return answer
        if redirect := form.fields.get("success_action_redirect"):
            return Answer(303, [("Location", f"{redirect}?bucket={name}&key={quote(form.key)}")])
        etag = [header for header in answer.headers if header[0].lower() == "etag"]
        body = b""
        if form.status == 201:
            body = (
                f"<PostResponse><Bucket>{name}</Bucket><Key>{escape(form.key)}</Key></PostResponse>"
            ).encode()
        return Answer(form.status, etag, body)

    def _forward(self, incoming: Incoming, caller: Caller, bucket: Any, region: str) -> Answer:
        # moto keeps buckets by account; whoever asks, the owner's store answers.
        account = bucket.account_id if bucket is not None else caller.principal.account
        signed = bucket.region_name if bucket is not None else region
        # Written anew from what was judged: of a parameter given twice, moto takes the first.
        query = urlencode(
            {
                name: value
                for name, value in incoming.query.items()
                if not _SIGNATURE_FIELDS.match(name)
            },
            quote_via=quote,
        )
        changed = {}
        if incoming.header("X-Amz-Copy-Source"):
            source, key, version = operations.copy_source(incoming)
            changed["HTTP_X_AMZ_COPY_SOURCE"] = quote(f"{source}/{key}") + (
                f"?versionId={quote(version, safe='')}" if version else ""
            )
        return forward(
            APPS["s3"],
            incoming,
            HTTP_X_MOTO_ACCOUNT_ID=account,
            HTTP_AUTHORIZATION=_LET_IN.format(region=signed),
            QUERY_STRING=query,
            **changed,
        )

    # --- permissions ---

    def _require(self, permission: Needed, caller: Caller, context: Mapping[str, str]) -> None:
        decision = self._decide(permission, caller, context)
        if not decision.allowed:
            raise _denied(permission, caller, decision, self._store.bucket(permission.bucket))

    def _decide(self, permission: Needed, caller: Caller, context: Mapping[str, str]) -> Decision:
        creates = permission.action == "s3:CreateBucket"
        bucket = None if creates else self._store.bucket(permission.bucket)
        owner = bucket.account_id if bucket is not None else caller.principal.account
        own = caller.policies
        policy = self._bucket_policy(bucket, caller)
        context = {**context, **self._context(permission, bucket, owner)}
        request = Request(caller.principal, permission.action, permission.arn, owner, context)
        decision = evaluate(request, Policies(own.identity, policy, own.boundary, own.session))
        undecided = not decision.allowed and decision.reason is not Reason.EXPLICIT_DENY
        if undecided and bucket is not None and _acl_allows(permission, bucket, caller):
            return Decision(True, Reason.ALLOWED, "the access control list", "public")
        return decision

    def _context(self, permission: Needed, bucket: Any, owner: str) -> dict[str, str]:
        """The condition keys that differ between what one request needs."""
        context = {"s3:resourceaccount": owner, "aws:resourceaccount": owner} if owner else {}
        if permission.version:
            context["s3:versionid"] = permission.version
        if bucket is not None and _BY_TAGS.fullmatch(permission.action):
            tags = self._store.object_tags(bucket, permission.key, permission.version)
            context |= {f"s3:existingobjecttag/{key}": value for key, value in tags.items()}
        return context

    def _bucket_policy(self, bucket: Any, caller: Caller) -> Policy | None:
        if bucket is None or not bucket.policy:
            return None
        text = bucket.policy.decode()
        block = bucket.public_access_block
        outside = caller.principal.account != bucket.account_id
        if outside and block and block.restrict_public_buckets and is_public(json.loads(text)):
            return None
        return self._store.resource_policy(
            f"the policy of bucket {bucket.name}", f"arn:aws:s3:::{bucket.name}", text, "resource"
        )

    def _delete_each(
        self, incoming: Incoming, caller: Caller, context: Mapping[str, str], bucket: str
    ) -> Answer:
        """DeleteObjects: every key is judged by itself, the answer names the refused ones."""
        try:
            document = ET.fromstring(incoming.body)  # noqa: S314 on loopback
        except ET.ParseError:
            raise _malformed_xml() from None
        kept, refused = "", []
        for element in document:
            inside = {_tag(part): part.text or "" for part in element}
            if _tag(element) == "Object" and not inside.get("Key"):
                raise _malformed_xml()
            if _tag(element) != "Object":
                kept += elements({_tag(element): element.text or ""})
                continue
            version = inside.get("VersionId", "")
            action = "s3:DeleteObjectVersion" if "VersionId" in inside else "s3:DeleteObject"
            actions = [action, *([operations.BYPASS] if operations.bypasses(incoming) else [])]
            needed = [Needed(each, bucket, inside["Key"], version) for each in actions]
            if all(self._decide(each, caller, context).allowed for each in needed):
                kept += f"<Object>{elements(inside)}</Object>"
            else:
                refused.append(inside["Key"])
        if not refused and "<Object>" not in kept:
            raise _malformed_xml()
        answer = Answer(
            200, [("Content-Type", "application/xml")], b"<DeleteResult></DeleteResult>"
        )
        if "<Object>" in kept:
            incoming.body = f"<Delete>{kept}</Delete>".encode()
            store = self._store.bucket(bucket)
            answer = self._forward(incoming, caller, store, store.region_name)
        errors = "".join(
            f"<Error><Key>{escape(key)}</Key><Code>AccessDenied</Code>"
            "<Message>Access Denied</Message></Error>"
            for key in refused
        )
        answer.body = answer.body.replace(b"</DeleteResult>", f"{errors}</DeleteResult>".encode())
        return answer

    # --- settings of the bucket ---

    def _check_new_bucket(self, incoming: Incoming, name: str, caller: Caller) -> None:
        if not _is_legal(name):
            raise AwsError(
                400, "InvalidBucketName", "The specified bucket is not valid.", BucketName=name
            )
        taken = self._store.bucket(name)
        if taken is not None and taken.account_id != caller.principal.account:
            raise AwsError(
                409, "BucketAlreadyExists", "The requested bucket name is not available."
            )
        ownership = incoming.header("X-Amz-Object-Ownership", "BucketOwnerEnforced")
        has_list = operations.has_acl(incoming) and incoming.header("X-Amz-Acl") != "private"
        if ownership == "BucketOwnerEnforced" and has_list:
            raise AwsError(
                400,
                "InvalidBucketAclWithObjectOwnership",
                "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
            )
        if _gives_all(incoming):
            raise AwsError(
                400,
                "InvalidBucketAclWithBlockPublicAccessError",
                "Bucket cannot have public ACLs set with BlockPublicAccess enabled",
            )

    def _check_settings(
        self, incoming: Incoming, bucket: Any, key: str, own: Needed, caller: Caller
    ) -> None:
        outside = caller.principal.account != bucket.account_id
        if own.action in _POLICY_ACTIONS and outside:
            raise operations.not_allowed()
        if own.action == "s3:PutBucketPolicy" and incoming.method == "PUT":
            self._check_policy(incoming, bucket, caller)
        if own.action == "s3:PutBucketCORS" and incoming.method == "PUT":
            _check_cors(incoming.body)
        writes_acl = own.action in ("s3:PutBucketAcl", "s3:PutObjectAcl", "s3:PutObjectVersionAcl")
        if incoming.method in ("PUT", "POST") and (
            writes_acl or (key and operations.has_acl(incoming))
        ):
            _check_acl(incoming, bucket, writes_acl)

    def _check_policy(self, incoming: Incoming, bucket: Any, caller: Caller) -> None:
        if len(incoming.body) > LIMITS["bucket policy"]:
            raise _malformed(
                "Policy exceeds the maximum allowed document size of "
                f"{LIMITS['bucket policy']} bytes."
            )
        try:
            text = incoming.body.decode()
            document = json.loads(text)
            Policy("", document, "resource")
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise _malformed(str(error)) from None
        for statement in _statements(document):
            _check_statement(statement, bucket.name)
        for arn in principal_arns(text):
            if self._store.unique_id(arn) is None:
                raise _malformed("Invalid principal in policy")
        block = bucket.public_access_block
        if block and block.block_public_policy and is_public(document):
            raise AwsError(
                403,
                "AccessDenied",
                f"{caller} is not authorized to perform: s3:PutBucketPolicy on resource: "
                f'"arn:aws:s3:::{bucket.name}" because public policies are prevented by the '
                "BlockPublicPolicy setting in S3 Block Public Access.",
            )

    # --- CORS ---

    def preflight(self, incoming: Incoming) -> Answer:
        """Answer a browser's question whether a page may send a request."""
        origin = incoming.header("Origin")
        method = incoming.header("Access-Control-Request-Method")
        if not origin or not method:
            raise AwsError(
                400, "BadRequest", "Insufficient information. Origin request header needed."
            )
        bucket = self._store.bucket(operations.target(incoming)[0])
        if bucket is None or not bucket.cors:
            raise AwsError(
                403, "AccessForbidden", "CORSResponse: CORS is not enabled for this bucket."
            )
        asked = incoming.header("Access-Control-Request-Headers")
        rule = first_match(_rules(bucket), origin, method, asked.split(","))
        if rule is None:
            raise AwsError(
                403,
                "AccessForbidden",
                "CORSResponse: This CORS request is not allowed. This is usually because the "
                "evalution of Origin, request method / Access-Control-Request-Method or "
                "Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
            )
        headers = _cors_headers(rule, origin)
        if asked:
            headers.append(("Access-Control-Allow-Headers", asked.lower()))
        return Answer(200, headers)

    def add_cors(self, incoming: Incoming, answer: Answer) -> None:
        """Say which page may read the answer, and nothing else about it."""
        answer.headers = [
            header
            for header in answer.headers
            if not header[0].lower().startswith("access-control-")
        ]
        origin = incoming.header("Origin")
        bucket = self._store.bucket(operations.target(incoming)[0]) if origin else None
        if bucket is not None and (rule := first_match(_rules(bucket), origin, incoming.method)):
            answer.headers += _cors_headers(rule, origin)


def _rules(bucket: Any) -> list[CorsRule]:
    return [
        {
            "AllowedOrigins": _listed(rule.allowed_origins),
            "AllowedMethods": _listed(rule.allowed_methods),
            "AllowedHeaders": _listed(rule.allowed_headers),
            "ExposeHeaders": _listed(rule.exposed_headers),
            "MaxAgeSeconds": int(rule.max_age_seconds or 0),
        }
        for rule in bucket.cors
    ]


def _cors_headers(rule: CorsRule, origin: str) -> list[tuple[str, str]]:
    everyone = "*" in rule["AllowedOrigins"]
    headers = [
        ("Access-Control-Allow-Origin", "*" if everyone else origin),
        ("Access-Control-Allow-Methods", ", ".join(rule["AllowedMethods"])),
        ("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"),
    ]
    if not everyone:
        headers.append(("Access-Control-Allow-Credentials", "true"))
    if rule["ExposeHeaders"]:
        headers.append(("Access-Control-Expose-Headers", ", ".join(rule["ExposeHeaders"])))
    if rule["MaxAgeSeconds"]:
        headers.append(("Access-Control-Max-Age", str(rule["MaxAgeSeconds"])))
    return headers


def _check_statement(statement: Mapping[str, Any], bucket: str) -> None:
    actions, resources = (
        _listed(statement.get(part, statement.get(f"Not{part}"))) for part in ("Action", "Resource")
    )
    for resource in resources:
        if not re.fullmatch(rf"arn:aws:s3:::{re.escape(bucket)}(/.*)?", resource, re.DOTALL):
            raise _malformed("Policy has invalid resource")
    if not all(action == "*" or action.lower().startswith("s3:") for action in actions):
        raise _malformed("Policy has invalid action")
    given = {"object" if "/" in resource else "bucket" for resource in resources}
    both = {"Action", "Resource"} <= statement.keys()
    if both and not all(operations.levels(action) & given for action in actions):
        raise _malformed("Action does not apply to any resource(s) in statement")


def _check_cors(body: bytes) -> None:
    for element in ET.fromstring(body).iter():  # noqa: S314 on loopback
        if (
            _tag(element) in ("AllowedOrigin", "AllowedHeader")
            and (element.text or "").count("*") > 1
        ):
            raise AwsError(
                400,
                "InvalidRequest",
                f'{_tag(element)} "{element.text}" can not have more than one wildcard.',
            )


def _check_acl(incoming: Incoming, bucket: Any, writes_acl: bool) -> None:
    canned = incoming.header("X-Amz-Acl")
    without_lists = bucket.ownership_rule == "BucketOwnerEnforced"
    if without_lists and (writes_acl or canned != "bucket-owner-full-control"):
        raise AwsError(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")
    public = _gives_all(incoming) or (writes_acl and _names_all(_text(incoming.body)))
    if public and bucket.public_access_block and bucket.public_access_block.block_public_acls:
        raise AwsError(403, "AccessDenied", "Access Denied")


def _gives_all(incoming: Incoming) -> bool:
    """Whether an access control list in the headers is public."""
    grants = (v for k, v in incoming.environ.items() if k.startswith("HTTP_X_AMZ_GRANT_"))
    return incoming.header("X-Amz-Acl") in _PUBLIC_ACLS or _names_all(" ".join(grants))


def _names_all(grants: str) -> bool:
    return _ALL_USERS in grants or _SIGNED_IN in grants


def _text(document: bytes) -> str:
    """The text in an XML document, its entities resolved."""
    try:
        return "".join(ET.fromstring(document).itertext()) if document else ""  # noqa: S314 on loopback
    except ET.ParseError:
        raise AwsError(
            400, "MalformedACLError", "The XML you provided was not well-formed"
        ) from None


def _acl_allows(permission: Needed, bucket: Any, caller: Caller) -> bool:
    """Whether an access control list opens this to everyone, or to everyone who signs in."""
    if permission.action not in _ACL_ALLOWS or bucket.ownership_rule == "BucketOwnerEnforced":
        return False
    if bucket.public_access_block and bucket.public_access_block.ignore_public_acls:
        return False
    level, enough = _ACL_ALLOWS[permission.action]
    held = Backend.object(bucket, permission.key, permission.version)
    holder = bucket if level == "bucket" else held
    groups = {_ALL_USERS} if caller.principal.kind == "anonymous" else {_ALL_USERS, _SIGNED_IN}
    return (
        holder is not None
        and holder.acl is not None
        and any(
            grantee.uri in groups and enough & set(grant.permissions)
            for grant in holder.acl.grants
            for grantee in grant.grantees
        )
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


def _check_owner_and_region(incoming: Incoming, bucket: Any, region: str) -> None:
    expected = incoming.header("X-Amz-Expected-Bucket-Owner")
    if expected and expected != bucket.account_id:
        raise AwsError(403, "AccessDenied", "Access Denied")
    if region and region != bucket.region_name:
        raise AwsError(
            400,
            "AuthorizationHeaderMalformed",
            f"The authorization header is malformed; the region '{region}' is wrong; expecting "
            f"'{bucket.region_name}'",
            Region=bucket.region_name,
        )


def _s3_context(incoming: Incoming, bucket: Any) -> dict[str, str]:
    context = {}
    if bucket is not None:
        context["aws:requestedregion"] = bucket.region_name
    for name in (
        "x-amz-acl",
        "x-amz-server-side-encryption",
        "x-amz-content-sha256",
        "x-amz-storage-class",
    ):
        if value := incoming.header(name):
            context[f"s3:{name}"] = value
    return context


def _denied(permission: Needed, caller: Caller, decision: Decision, bucket: Any) -> AwsError:
    # AWS explains itself only within one account.
    if bucket is not None and caller.principal.account != bucket.account_id:
        return AwsError(403, "AccessDenied", "Access Denied")
    return caller.refused(permission.action, f'"{permission.arn}"', decision)


def _is_delete(incoming: Incoming) -> bool:
    of_bucket = not operations.target(incoming)[1]
    return incoming.method == "POST" and of_bucket and "delete" in incoming.query


def _no_such_bucket(name: str) -> AwsError:
    return AwsError(404, "NoSuchBucket", "The specified bucket does not exist", BucketName=name)


def _tags(document: str) -> str:
    """The tags of a form's document as a header has them."""
    try:
        root = ET.fromstring(document)  # noqa: S314 on loopback
    except ET.ParseError:
        raise _malformed_xml() from None
    tags = [
        {_tag(part): part.text or "" for part in tag} for tag in root.iter() if _tag(tag) == "Tag"
    ]
    return urlencode([(tag.get("Key", ""), tag.get("Value", "")) for tag in tags])


def _malformed_xml() -> AwsError:
    return AwsError(400, "MalformedXML", "The XML you provided was not well-formed")


def _malformed(message: str) -> AwsError:
    return AwsError(400, "MalformedPolicy", message)


def _statements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    statements = document["Statement"]
    return statements if isinstance(statements, list) else [statements]


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
