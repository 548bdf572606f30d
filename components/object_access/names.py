"""Names and what is written like them: what the clouds accept, checked before anything is called.

Every `check_...` function returns a good value unchanged and raises ValueError otherwise, with one
line that says what was given, what is wrong with it, and what to write instead.
"""

import base64
import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Literal, NamedTuple

# A pattern that a good value does not contain, what is wrong with a value that does, what to do.
_Fault = tuple[str, str, str]

# S3 User Guide, "General purpose bucket naming rules". `-an` is for buckets in an account-regional
# namespace, which S3 makes only on request; the house makes all of its buckets in the global one.
_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_BUCKET_FAULTS: Sequence[_Fault] = (
    (r"^s3://", "is an address", "give the bare name"),
    (r"^arn:", "is an ARN", "give the bare name"),
    (r"/", "has a '/', where a prefix begins", "give the bucket and the prefix apart"),
    (f"^({'|'.join(_RESERVED_PREFIXES)})", "begins with {found}, which S3 reserves", "rename it"),
    (
        r"(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3|-an)\Z",
        "ends with {found}, which S3 reserves",
        "rename it",
    ),
    (r"^([0-9]+\.){3}[0-9]+\Z", "is an IP address", "give the name of a bucket"),
    (r"\.", "has a dot, which breaks TLS to the bucket's own address", "use hyphens"),
    (r"[A-Z]", "has capitals", "use lower case"),
    (r"_", "has an underscore", "use a hyphen"),
    (r"[^a-z0-9-]", "has {found}", "use only lower-case letters, digits and hyphens"),
    (r"^-|-\Z", "begins or ends with a hyphen", "use a letter or digit there"),
    (r"^.{0,2}\Z|^.{64}", "has {length} characters", "S3 takes 3 to 63"),
)

# IAM User Guide, "IAM and AWS STS quotas".
_IAM_LENGTHS: Mapping[str, int] = {"user": 64, "role": 64, "group": 128, "policy": 128}

_LABEL_FAULTS: Sequence[_Fault] = (
    (
        r"^(?![a-z][a-z0-9]*(-[a-z0-9]+)*\Z)",
        "is not lower-case letters, digits and single hyphens after a first letter",
        "rename it",
    ),
    (r"^.{41}", "has {length} characters", "shorten it to 40"),
)

# IAM User Guide, "IAM JSON policy elements": a policy holds only Latin-1, and reads `*`, `?` and
# `${` as patterns. Tools resolve `.` and `..`, so such a key is not where its prefix says.
_PREFIX_FAULTS: Sequence[_Fault] = (
    (r"^s3://", "is an address", "give only what follows the bucket"),
    (r"[^ -~\xa0-\xff]", "has {found}, which no IAM policy holds", "use plain Latin characters"),
    (
        r"[*?]|\$\{",
        "has {found}, a pattern in IAM policies",
        "write the prefix out, or give no prefix for the whole bucket",
    ),
    (r"^\Z", "is empty", "give no prefix at all for the whole bucket"),
    (r"^/", "begins with '/'", "drop it, or give no prefix for the whole bucket"),
    (r"//", "has an empty segment", "write one '/'"),
    (r"(^|/)\.\.?(/|\Z)", "has a '.' or '..' segment", "write the prefix out"),
    (r"[^/]\Z", "does not end with '/' and would open its neighbours", "end it with '/'"),
)
# One key, by the same rules, but that it names an object.
_OBJECT_KEY_FAULTS: Sequence[_Fault] = (
    (r"^\Z", "is empty", "name an object"),
    (r"/\Z", "ends with '/'", "give it as a prefix, or name an object"),
    *(
        (pattern, wrong, "write the key out")
        for pattern, wrong, _ in _PREFIX_FAULTS
        if pattern not in (r"^\Z", r"[^/]\Z")
    ),
)
_KEY_BYTES = 1_024  # S3 User Guide, "Naming Amazon S3 objects"

_BUCKET_ARN_FAULTS: Sequence[_Fault] = (
    (r"[*?$]", "has {found}, a pattern", "name one bucket"),
    (r"^arn:[^/]*:s3:::[^/]*/", "names objects", "give the bucket's ARN, and prefixes or keys"),
    (
        r"^(?!arn:aws[\w-]*:s3:::[A-Za-z0-9._-]+\Z)",
        "is no ARN of a bucket",
        "give one like 'arn:aws:s3:::my-bucket'",
    ),
)

_PRINCIPAL_FAULTS: Sequence[_Fault] = (
    (r"^\*\Z", "is everyone", "name an account, a role or a user"),
    (r":sts:", "is a session", "give the ARN of its role"),
    (r"\.amazonaws\.", "is a service", "name an account, a role or a user"),
    (
        r"^(?!(\d{12}|arn:aws[\w-]*:iam::\d{12}:(root|(user|role)/[\w+=,.@/-]+))\Z)",
        "is no principal",
        "give the 12 digits of an account, or the ARN of a role or user",
    ),
)
_MEMBER_FAULTS: Sequence[_Fault] = (
    (r"[*?]|\$\{", "has {found}, a pattern", "name one user or role"),
    (r":sts:", "is a session", "give the ARN of its role"),
    (
        r"^(?!arn:aws[\w-]*:iam::\d{12}:(user|role)/[\w+=,.@/-]+\Z)",
        "is no ARN of a user or role",
        "give one like 'arn:aws:iam::123456789012:user/my-user'",
    ),
)
_ACCOUNT_FAULTS: Sequence[_Fault] = (
    (r"^(?!\d{12}\Z)", "is no account", "give its 12 digits, in quotes"),
)
_LONGEST_EXTERNAL_ID = 1_224  # STS API Reference, AssumeRole
_LONGEST_SESSION_NAME = 64  # likewise
_SHORTEST_SESSION, _LONGEST_SESSION = 3_600, 43_200  # IAM API Reference, CreateRole
_KMS_FAULTS: Sequence[_Fault] = (
    (r"(^|:)alias/", "is an alias, which policies do not resolve", "give the ARN of the key"),
    (
        r"^(?!arn:aws[\w-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+\Z)",
        "is no ARN of a key",
        "give one like 'arn:aws:kms:eu-west-1:123456789012:key/...'",
    ),
)
_PROFILE_FAULTS: Sequence[_Fault] = (
    (r"[\s\[\]'\"\\#;=]", "has {found}", "use letters, digits and hyphens"),
    (r"^\Z", "is empty", "give the name of a section of ~/.aws/credentials"),
)

_DIRECTORY_FAULTS: Sequence[_Fault] = (
    (r"^[^/]|^\Z", "does not begin with '/'", "give it from the root on"),
    (r"[^A-Za-z0-9_+=,.@/-]", "has {found}", "use letters, digits and _+=,.@-"),
    (r"(^|/)\.\.?(/|\Z)", "has a '.' or '..' segment", "write it out"),
)

# Swift manual, "Object Storage API overview", "Constraints"; the limit is on bytes, see below.
_CONTAINER_FAULTS: Sequence[_Fault] = (
    (r"^\w+://", "is an address", "give the bare name"),
    (r"^\Z", "is empty", "give 1 to 256 bytes"),
    (r"/", "has a '/', where the names of objects begin", "give the container alone"),
    (r"^\.\.?\Z", "is resolved away by HTTP libraries", "rename it"),
    (r"[\x00-\x1f\x7f]", "has the control character {found}", "drop it"),
    (r"^\s|\s\Z", "begins or ends with a space, which forms drop", "drop it"),
)
_CONTAINER_BYTES = 256

_VERSION = re.compile(r"/v(2\.0|1(?:\.[0-9])?)(?=/|\Z)")

_HOST_LABEL = "[a-z0-9]+(?:-+[a-z0-9]+)*"
_ORIGIN = (
    r"(?:(https?)://)?(?:[^/?#]*@)?"
    # A `*` is whole labels, with a domain after it: `*example.com` would let `evilexample.com` in,
    # and `https://*` everybody.
    rf"((?:\*\.{_HOST_LABEL}\.)?{_HOST_LABEL}(?:\.{_HOST_LABEL})*|\[[0-9a-f:.]+\])"
    r"(?::([1-9][0-9]{0,4}|\*))?(?:[/?#].*)?"
)
_AUTH_URL = re.compile(
    rf"https?://(?:{_HOST_LABEL}(?:\.{_HOST_LABEL})*|\[[0-9a-f:.]+\])(?::(?P<port>[1-9][0-9]{{0,4}}))?"
    r"(?:/[A-Za-z0-9_-]+)*?(?:/v3(?P<rest>/[^?#\s]+)?)?/?",
    re.IGNORECASE,
)
_DEFAULT_PORTS: Mapping[str, str] = {"http": "80", "https": "443"}
_LAST_PORT = 65_535

# IAM User Guide, "Rules for tagging in IAM and AWS STS"; S3 User Guide, "Using cost allocation S3
# bucket tags". Two keys are one to a store if this makes them equal.
_TAG_KEYS: Mapping[str, Callable[[str], str]] = {"iam": str.casefold, "s3": str}
_TAGS = 50
_TAG_SIGNS = "_.:/=+-@"

_CLOSE = 0.7  # of 1; difflib's own 0.6 takes "mars" for "paris"
_DIGEST = 10  # characters of base32, so 50 bits
_SHOWN = 80  # characters of a refused value that its message repeats
_LONGEST_START = 30  # characters: a bucket of 63 keeps room for project and digest


class Region(NamedTuple):
    """One region of AWS: the partition it is in, and the place people call it by."""

    partition: Literal["aws", "aws-cn", "aws-us-gov", "aws-eusc"]
    kind: Literal["city", "state", "country", "place", "name"]
    place: str


REGIONS: Mapping[str, Region] = MappingProxyType(
    {
        "af-south-1": Region("aws", "city", "Cape Town"),
        "ap-east-1": Region("aws", "city", "Hong Kong"),
        "ap-east-2": Region("aws", "city", "Taipei"),
        "ap-northeast-1": Region("aws", "city", "Tokyo"),
        "ap-northeast-2": Region("aws", "city", "Seoul"),
        "ap-northeast-3": Region("aws", "city", "Osaka"),
        "ap-south-1": Region("aws", "city", "Mumbai"),
        "ap-south-2": Region("aws", "city", "Hyderabad"),
        "ap-southeast-1": Region("aws", "city", "Singapore"),
        "ap-southeast-2": Region("aws", "city", "Sydney"),
        "ap-southeast-3": Region("aws", "city", "Jakarta"),
        "ap-southeast-4": Region("aws", "city", "Melbourne"),
        "ap-southeast-5": Region("aws", "country", "Malaysia"),
        "ap-southeast-6": Region("aws", "country", "New Zealand"),
        "ap-southeast-7": Region("aws", "country", "Thailand"),
        "ca-central-1": Region("aws", "country", "Canada"),
        "ca-west-1": Region("aws", "city", "Calgary"),
        "eu-central-1": Region("aws", "city", "Frankfurt"),
        "eu-central-2": Region("aws", "city", "Zurich"),
        "eu-north-1": Region("aws", "city", "Stockholm"),
        "eu-south-1": Region("aws", "city", "Milan"),
        "eu-south-2": Region("aws", "country", "Spain"),
        "eu-west-1": Region("aws", "country", "Ireland"),
        "eu-west-2": Region("aws", "city", "London"),
        "eu-west-3": Region("aws", "city", "Paris"),
        "il-central-1": Region("aws", "city", "Tel Aviv"),
        "me-central-1": Region("aws", "country", "UAE"),
        "me-south-1": Region("aws", "country", "Bahrain"),
        "me-west-1": Region("aws", "country", "Saudi Arabia"),
        "mx-central-1": Region("aws", "country", "Mexico"),
        "sa-east-1": Region("aws", "city", "Sao Paulo"),
        "sa-west-1": Region("aws", "country", "Chile"),
        "us-east-1": Region("aws", "place", "N. Virginia"),
        "us-east-2": Region("aws", "state", "Ohio"),
        "us-west-1": Region("aws", "place", "N. California"),
        "us-west-2": Region("aws", "state", "Oregon"),
        "cn-north-1": Region("aws-cn", "city", "Beijing"),
        "cn-northwest-1": Region("aws-cn", "place", "Ningxia"),
        "us-gov-east-1": Region("aws-us-gov", "name", "GovCloud (US-East)"),
        "us-gov-west-1": Region("aws-us-gov", "name", "GovCloud (US-West)"),
        "eusc-de-east-1": Region("aws-eusc", "name", "European Sovereign Cloud"),
    }
)


def check_bucket_name(name: str) -> str:
    """A name that S3 accepts for a general purpose bucket, and that works in every address of it.

    3 to 63 lower-case letters, digits and hyphens, a letter or digit at both ends, no prefix or
    suffix that S3 reserves (S3 User Guide, "General purpose bucket naming rules"). S3 also takes
    dots; the house does not, because TLS to `<bucket>.s3...` fails with them.
    """
    return _checked("bucket name", name, _BUCKET_FAULTS, _tidy_bucket_name)


def check_region(region: str) -> str:
    """The code of a region of AWS, such as `eu-central-1`.

    Raises ValueError that knows what was probably meant by a place ("Frankfurt") and by a
    misspelt code. The regions are those of botocore's `partitions.json`; a test compares them.
    """
    if _text("region", region) in REGIONS:
        return region
    places = {each.place.lower(): code for code, each in REGIONS.items()}
    # The console and the documentation say "Europe (Frankfurt)" and "Canada (Central)".
    for part in re.split(r"\s*[()]", region.lower()):
        if code := places.get(part):
            raise ValueError(
                f"region {_shown(region)} is a {REGIONS[code].kind}, did you mean '{code}'"
            )
    known = {code: code for code in REGIONS} | places
    if close := get_close_matches(region.lower(), known, n=1, cutoff=_CLOSE):
        raise ValueError(f"region {_shown(region)} is unknown, did you mean '{known[close[0]]}'")
    raise ValueError(
        f"region {_shown(region)} is unknown, regions look like 'eu-central-1', "
        "find yours at https://docs.aws.amazon.com/general/latest/gr/s3.html"
    )


def partition_of(region: str) -> str:
    """The partition that a region is in: `aws`, `aws-cn`, `aws-us-gov` or `aws-eusc`.

    Raises ValueError for what is no region.
    """
    return REGIONS[check_region(region)].partition


def bucket_arn(bucket: str, region: str) -> str:
    """The ARN of a bucket in the partition of its region.

    Raises ValueError for what is no bucket name or no region.
    """
    return f"arn:{partition_of(region)}:s3:::{check_bucket_name(bucket)}"


def check_bucket_arn(arn: str) -> str:
    """The ARN of a bucket, also of one with a name that the house would not give."""
    return _checked("bucket ARN", arn, _BUCKET_ARN_FAULTS, lambda text: f"arn:aws:s3:::{text}")


def check_iam_name(kind: Literal["user", "role", "group", "policy"], name: str) -> str:
    """A name that IAM accepts for a user, role, group or policy.

    ASCII letters, digits and `_+=,.@-`, up to 64 characters for users and roles and 128 for groups
    and policies (IAM User Guide, "IAM and AWS STS quotas").
    """
    most = _IAM_LENGTHS[kind]
    faults = (
        (r"[^A-Za-z0-9_+=,.@-]", "has {found}", "use only letters, digits and _+=,.@-"),
        (rf"^\Z|^.{{{most + 1}}}", "has {length} characters", f"IAM takes 1 to {most}"),
    )
    return _checked(f"{kind} name", name, faults, lambda text: re.sub(r"\s+", "-", text))


def check_keys(keys: Sequence[str], least: int = 1) -> Sequence[str]:
    """The names of the keys of a user, container or account: none of them has room for more than
    two. A name is 1 to 40 letters, digits and `._-`, such as "2026-11"."""
    if not least <= len(keys) <= 2 or len(set(keys)) < len(keys):
        allowed = "one or two" if least else "none, one or two"
        raise ValueError(f"keys {list(keys)} given, {allowed} of different names are allowed")
    for key in keys:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", _text("key name", key)):
            raise ValueError(
                f"key name {_shown(key)} is not 1 to 40 letters, digits and '._-', change it"
            )
    return keys


def check_inactive(inactive: Sequence[str], keys: Sequence[str]) -> Sequence[str]:
    """Those of the keys that are switched off: any but the last, which is handed over."""
    for key in inactive:
        if key not in keys[:-1]:
            raise ValueError(
                f"inactive key '{key}' is none of {list(keys)} but the last, which is handed over"
            )
    return inactive


def check_principal(principal: str) -> str:
    """Whom a role can trust by name: an account (12 digits, or the ARN of its root), or the ARN of
    an IAM user or role (IAM User Guide, "AWS JSON policy elements: Principal")."""
    return _checked("principal", principal, _PRINCIPAL_FAULTS, str.strip)


def check_member(arn: str) -> str:
    """The ARN of one IAM user or role, as `aws:PrincipalArn` has it: no account, no session, no
    pattern."""
    return _checked("user or role", arn, _MEMBER_FAULTS, str.strip)


def check_account(account: str) -> str:
    """The ID of an AWS account: 12 digits, as a text, for it may begin with 0."""
    return _checked("account", account, _ACCOUNT_FAULTS, lambda text: re.sub(r"\D", "", text))


def check_external_id(external_id: str, least: int = 2) -> str:
    """An external ID that STS takes: up to 1,224 letters, digits and `_+=,.@:/-` (STS API
    Reference, AssumeRole).

    `least` is the length that the consumer asks for. Consumers treat the ID like a passphrase, so
    no message repeats it.
    """
    given = _text("external ID", external_id)
    if found := re.search(r"[^A-Za-z0-9_+=,.@:/-]", given):
        raise ValueError(
            f"external ID has {found[0]!r}, use only letters, digits and _+=,.@:/-, "
            "or give none to have one made"
        )
    if not least <= len(given) <= _LONGEST_EXTERNAL_ID:
        raise ValueError(
            f"external ID has {len(given)} characters, {least} to {_LONGEST_EXTERNAL_ID:,} are "
            "allowed; give none to have one made"
        )
    return given


def check_session_name(name: str) -> str:
    """The name of a role session: 2 to 64 letters, digits and `_+=,.@-` (STS API Reference,
    AssumeRole). Where it stands in for an external ID it is a secret, so no message repeats it."""
    given = _text("session name", name)
    if found := re.search(r"[^A-Za-z0-9_+=,.@-]", given):
        raise ValueError(f"session name has {found[0]!r}, use only letters, digits and _+=,.@-")
    if not 2 <= len(given) <= _LONGEST_SESSION_NAME:
        raise ValueError(
            f"session name has {len(given)} characters, 2 to {_LONGEST_SESSION_NAME} are allowed"
        )
    return given


def check_session_duration(seconds: float) -> int:
    """A role's maximum session duration in seconds: 3,600 to 43,200 (IAM API Reference,
    CreateRole). Whole numbers may arrive as floats from another language."""
    if not _SHORTEST_SESSION <= seconds <= _LONGEST_SESSION or seconds != int(seconds):
        raise ValueError(
            f"session duration {seconds} given, IAM takes whole seconds from {_SHORTEST_SESSION:,} "
            f"(one hour) to {_LONGEST_SESSION:,} (twelve)"
        )
    return int(seconds)


def check_kms_key_arn(arn: str) -> str:
    """The ARN of a KMS key; policies do not understand a key's ID or alias."""
    return _checked("key ARN", arn, _KMS_FAULTS, str.strip)


def check_endpoint(endpoint: str) -> str:
    """The address of an S3-compatible store, such as `https://s3.example.org`: scheme, host, and a
    port where it is not the scheme's own; no path, for the bucket goes there, and no keys."""
    shown = _without_user_info(_text("endpoint", endpoint))
    match = re.fullmatch(_ORIGIN, endpoint, re.ASCII | re.DOTALL | re.IGNORECASE)
    tidy = _origin(*match.groups(default="")) if match and "*" not in endpoint else ""
    if not tidy:
        raise ValueError(f"endpoint {shown} is no address, give one like 'https://s3.example.org'")
    if tidy != endpoint:
        raise ValueError(f"endpoint {shown} has more than an address, did you mean '{tidy}'")
    return endpoint


def check_profile(profile: str) -> str:
    """The name of a profile in `~/.aws/credentials`."""
    return _checked("profile", profile, _PROFILE_FAULTS, lambda text: re.sub(r"\s+", "-", text))


def check_directory(directory: str) -> str:
    """A directory to mount a bucket on, as a mount line and an fstab line can hold it: absolute,
    of letters, digits and `_+=,.@-`."""
    return _checked(
        "directory", directory, _DIRECTORY_FAULTS, lambda text: "/" + re.sub(r"\s+", "-", text)
    )


def check_tags(tags: Mapping[str, str], store: Literal["iam", "s3"]) -> dict[str, str]:
    """Tags that IAM takes for users and roles, or S3 for buckets.

    At most 50; keys of 1 to 128 and values of 0 to 256 letters, digits, spaces and `_.:/=+-@`;
    `aws:`, in any case, begins neither. To IAM two keys that differ only by case are one (IAM User
    Guide, "Rules for tagging in IAM and AWS STS"; the patterns of both services' API models).
    """
    if not isinstance(tags, Mapping):
        raise ValueError(f"tags are given as {type(tags).__name__}, give a mapping of key to value")
    if len(tags) > _TAGS:
        raise ValueError(f"{len(tags)} tags given, at most {_TAGS} are allowed, drop some")
    same: dict[str, str] = {}
    for key, value in tags.items():
        _check_tag_part("tag key", key, 1, 128)
        _check_tag_part(f"value of tag {_shown(key)}", value, 0, 256)
        other = same.setdefault(_TAG_KEYS[store](key), key)
        if other != key:
            raise ValueError(f"tag keys '{other}' and '{key}' are one key to IAM, drop one of them")
    return dict(tags)


def check_prefix(prefix: str) -> str:
    """A prefix of keys that a policy can open without opening more: whole segments that end with
    `/`. The whole bucket has no prefix, also not an empty one.

    No wildcard or variable of policies, no empty, `.` or `..` segment, only characters that a
    policy can hold (printable Latin-1), at most 1,024 bytes of UTF-8 as for a key.
    """
    return _check_key_bytes("prefix", _checked("prefix", prefix, _PREFIX_FAULTS, _tidy_prefix))


def check_object_key(key: str) -> str:
    """The key of one object, by the rules of `check_prefix` but without a `/` at its end."""
    return _check_key_bytes("key", _checked("key", key, _OBJECT_KEY_FAULTS, str.strip))


def check_origin(origin: str) -> str:
    """The origin of web pages for CORS, exactly as browsers send it, or `*` for every origin.

    `http` or `https`, a host in lower case, and a port unless it is the scheme's own; nothing
    else. One `*` may stand for the first part of a domain (`https://*.example.com`) or for the
    port (S3 User Guide, "Elements of a CORS configuration"; RFC 6454, section 6).
    """
    if _text("origin", origin) == "*":
        return origin
    shown = _without_user_info(origin)
    match = re.fullmatch(_ORIGIN, origin, re.ASCII | re.DOTALL | re.IGNORECASE)
    tidy = _origin(*match.groups(default="")) if match else ""
    if not tidy:
        raise ValueError(
            f"origin {shown} is no web origin, "
            "give one like 'https://app.example.com' or 'https://*.example.com', or '*' for all"
        )
    if tidy != origin:
        raise ValueError(f"origin {shown} is not as browsers send it, did you mean '{tidy}'")
    return origin


def check_container_name(name: str) -> str:
    """A name that Swift takes for a container, and that every client can address.

    1 to 256 bytes of UTF-8 without `/` (Swift manual, "Object Storage API overview"), no control
    characters, no space at either end.
    """
    _checked("container name", name, _CONTAINER_FAULTS, _tidy_container_name)
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise ValueError(f"container name {_shown(name)} is no Unicode text, rename it") from None
    if size > _CONTAINER_BYTES:
        raise ValueError(
            f"container name {_shown(name)} has {size} bytes, "
            f"Swift takes at most {_CONTAINER_BYTES}, shorten it"
        )
    return name


def check_auth_url(url: str) -> str:
    """The address of Keystone's version 3, as `OS_AUTH_URL` holds it.

    `http` or `https`, a host, perhaps a port, and a path that ends in `/v3`, or no version at all
    for the clients that ask. Version 2.0 is refused: OpenStack removed it in release Queens.
    """
    # Whoever pastes an address with a password in it must not find that in a log.
    shown = _shown(re.sub(r"^([^/]*//)?[^/]*@", r"\1...@", _text("auth URL", url), flags=re.DOTALL))
    if version := _VERSION.search(url):
        meant = url[: version.start()] + "/v3"
        raise ValueError(
            f"auth URL {shown} is for version {version[1]}, version 3 is needed, "
            + (f"did you mean {meant!r}" if _AUTH_URL.fullmatch(meant) else "ask for its address")
        )
    if not (match := _AUTH_URL.fullmatch(url)) or int(match["port"] or 0) > _LAST_PORT:
        raise ValueError(
            f"auth URL {shown} is no address of Keystone, "
            "give one like 'https://cloud.example.com:5000/v3' (OS_AUTH_URL in your openrc file)"
        )
    if match["rest"]:
        raise ValueError(
            f"auth URL {shown} goes on after '/v3', did you mean '{url[: match.start('rest')]}'"
        )
    return url


def check_label(what: str, label: str) -> str:
    """A name that a user gives to `what`, such as a project or an environment.

    Lower-case letters, digits and single hyphens, a letter first, no hyphen last, at most 40
    characters: short and plain enough to be a part of every name that is made from it.
    """
    return _checked(what, label, _LABEL_FAULTS, _tidy_label)


def check_start(start: str) -> str:
    """What names made by program begin with: a label of at most 30 characters, and a hyphen."""
    if not start.endswith("-") or len(start) > _LONGEST_START:
        raise ValueError(
            f"prefix '{start}' must end in '-' and have at most {_LONGEST_START} characters, give "
            "one like 'my-company-dev-'"
        )
    check_label("prefix", start[:-1])
    return start


def check_policy_arn(arn: str) -> str:
    """The ARN of a managed policy of an account."""
    if not re.fullmatch(r"arn:aws[\w-]*:iam::\d{12}:policy/[\w+=,.@/-]+", arn, re.ASCII):
        raise ValueError(
            f"'{arn}' is no managed policy, give an ARN like "
            "'arn:aws:iam::123456789012:policy/my-boundary'"
        )
    return arn


def made(
    kind: str, *, project: str, environment: str, namespace: str, limit: int, prefix: str = ""
) -> str:
    """A name made by program: `<prefix><project>-<environment>-<kind>-<digest>`, the readable part
    cut so that all of it has at most `limit` characters.

    The same arguments always give the same name, others another: the digest is 50 bits of all of
    them. `namespace`, any text, sets the names apart from those that others make of the same
    words. The name is legal for buckets (with a `limit` of up to 63) and in IAM (up to 64).
    Raises ValueError for a project, environment or kind that is no label (`check_label`), and for
    a `limit` that leaves no room.
    """
    room = limit - _DIGEST - 1
    if room < 1:
        raise ValueError(f"a name of {limit} characters is too short, allow at least {_DIGEST + 2}")
    labels = [
        check_label("project", project),
        check_label("environment", environment),
        check_label("kind", kind),
    ]
    stem = _cut(prefix + "-".join(labels), room)
    # Labels have no double hyphen and the digest has none at all, so that no reserved suffix and
    # no `xn--` can arise; the other reserved prefixes do not begin with "my".
    if f"{stem}-".startswith(_RESERVED_PREFIXES):
        if prefix:
            raise ValueError(f"prefix '{prefix}' is reserved by S3, choose another one")
        stem = _cut(f"my-{stem}", room)
    # As JSON, because ("a-b", "c") and ("a", "b-c") must differ.
    source = json.dumps([_text("namespace", namespace), *labels, *([prefix] if prefix else [])])
    digest = base64.b32encode(hashlib.sha256(source.encode()).digest()).decode().lower()
    return f"{stem}-{digest[:_DIGEST]}"


def _text(what: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{what} is given as {type(value).__name__}, write it as a string")
    return value


def _shown(text: str) -> str:
    """The text in quotes, on one line, and not longer than one can read."""
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}..."


def _without_user_info(address: str) -> str:
    # Whoever pastes an address with a password in it must not find that in a log.
    return _shown(re.sub(r"^(\w+://)?.*@", r"\1...@", address, flags=re.DOTALL))


def _fault(text: str, faults: Sequence[_Fault]) -> tuple[str, str] | None:
    """What is wrong with the text first, and what to do."""
    for pattern, wrong, remedy in faults:
        if found := re.search(pattern, text):
            return wrong.format(found=repr(found[0]), length=len(text)), remedy
    return None


def _checked(what: str, given: str, faults: Sequence[_Fault], tidy: Callable[[str], str]) -> str:
    """The given text, or ValueError, which suggests it made tidy where that is good."""
    if not (fault := _fault(_text(what, given), faults)):
        return given
    wrong, remedy = fault
    if not _fault(meant := tidy(given), faults):
        remedy = f"did you mean {meant!r}"
    raise ValueError(f"{what} {_shown(given)} {wrong}, {remedy}")


def _tidy_bucket_name(text: str) -> str:
    bare = re.sub(r"^(s3://|arn:.*:::)", "", text).partition("/")[0]
    return re.sub(r"[_\s]+", "-", bare.lower()).strip("-")


def _tidy_container_name(text: str) -> str:
    return re.sub(r"^\w+://", "", text.strip()).partition("/")[0]


def _tidy_prefix(text: str) -> str:
    return re.sub(r"/+", "/", re.sub(r"^s3://[^/]*", "", text)).strip("/*") + "/"


def _check_key_bytes(what: str, text: str) -> str:
    if (size := len(text.encode())) > _KEY_BYTES:
        raise ValueError(
            f"{what} {_shown(text)} has {size} bytes, keys have at most {_KEY_BYTES}, shorten it"
        )
    return text


def _tidy_label(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _check_tag_part(what: str, text: str, least: int, most: int) -> None:
    if not least <= len(_text(what, text)) <= most:
        raise ValueError(
            f"{what} has {len(text)} characters, {least} to {most} are allowed, "
            f"change {_shown(text)}"
        )
    if text.lower().startswith("aws:"):
        raise ValueError(f"{what} begins with 'aws:', which AWS reserves, change {_shown(text)}")
    for character in text:
        # The API models' `[\p{L}\p{Z}\p{N}_.:/=+\-@]`: letters, separators, numbers, and signs.
        if unicodedata.category(character)[0] not in "LZN" and character not in _TAG_SIGNS:
            raise ValueError(
                f"{what} has {character!r} in {_shown(text)}, "
                f"use only letters, digits, spaces and {_TAG_SIGNS}"
            )


def _origin(scheme: str, host: str, port: str) -> str:
    """The origin as browsers send it, or nothing if no browser can send it."""
    scheme = scheme.lower() or "https"
    if (port.isdigit() and int(port) > _LAST_PORT) or (host + port).count("*") > 1:
        return ""
    suffix = f":{port}" if port not in ("", _DEFAULT_PORTS[scheme]) else ""
    return f"{scheme}://{host.lower()}{suffix}"


def _cut(text: str, room: int) -> str:
    return text[:room].rstrip("-")
