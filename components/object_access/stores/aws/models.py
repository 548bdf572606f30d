"""What AWS's own service models say of a request: which operation it is, and whether it is well
formed. The models are botocore's; what they leave open, the services' files add.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

from botocore.model import OperationModel, OperationNotFoundError, Shape
from moto.core.utils import get_service_model

from .messages import AwsError, Incoming

# Parameters of the query that belong to a signature, or to nothing: S3 ignores those that start
# with "x-" (S3 User Guide, "Custom access log information"), as it does others it does not know.
_APART = re.compile(r"x-.*", re.IGNORECASE)


class _Route(NamedTuple):
    """What a request must have to be an operation: sub-resources, further parameters, headers."""

    name: str
    fixed: Mapping[str, str]
    parameters: frozenset[str]
    headers: frozenset[str]

    def fits(self, incoming: Incoming) -> bool:
        return (
            all(incoming.query.get(key) == value for key, value in self.fixed.items())
            and self.parameters <= incoming.query.keys()
            and all(incoming.header(name) for name in self.headers)
        )

    @property
    def closeness(self) -> int:
        return len(self.fixed) + len(self.parameters) + len(self.headers)


@lru_cache(maxsize=1)
def _routes() -> Mapping[tuple[str, str], list[_Route]]:
    """(method, level) -> S3's operations, those that ask for most first."""
    model = get_service_model("s3")
    found: dict[tuple[str, str], list[_Route]] = {}
    for name in model.operation_names:
        operation = model.operation_model(name)
        path, _, query = operation.http["requestUri"].partition("?")
        level = {"/": "service", "/{Bucket}": "bucket", "/{Bucket}/{Key+}": "object"}.get(path)
        # Two names are each another's: the older of the two is not asked for any more.
        if level is None or operation.deprecated or name in ("ListDirectoryBuckets", "PostObject"):
            continue
        fixed = dict(part.partition("=")[::2] for part in query.split("&") if part)
        wanted = list(_required(operation, "querystring"))
        headers = [each for each in _required(operation, "header") if each == "x-amz-copy-source"]
        route = _Route(name, fixed, frozenset(wanted), frozenset(headers))
        found.setdefault((operation.http["method"], level), []).append(route)
    return {key: sorted(each, key=lambda r: -r.closeness) for key, each in found.items()}


def _required(operation: OperationModel, location: str) -> Iterator[str]:
    shape = operation.input_shape
    for name in shape.required_members if shape else ():
        serialized = shape.members[name].serialization
        if serialized.get("location") == location:
            yield serialized["name"]


@lru_cache(maxsize=1)
def sub_resources() -> frozenset[str]:
    """The names by which S3's queries tell a sub-resource, such as `uploads`."""
    return frozenset(key for routes in _routes().values() for each in routes for key in each.fixed)


@lru_cache(maxsize=512)
def _operation(service: str, name: str) -> OperationModel:
    return get_service_model(service).operation_model(name)


@lru_cache(maxsize=512)
def query_names(operation: str) -> frozenset[str]:
    """The names that an S3 operation's query may have, its sub-resources and parameters."""
    model = _operation("s3", operation)
    members = model.input_shape.members.values() if model.input_shape else ()
    fixed = model.http["requestUri"].partition("?")[2].split("&")
    return frozenset(part.partition("=")[0] for part in fixed if part) | {
        each.serialization["name"]
        for each in members
        if each.serialization.get("location") == "querystring"
    }


@lru_cache(maxsize=1)
def _every_query_name() -> frozenset[str]:
    return frozenset().union(
        *(query_names(name) for name in get_service_model("s3").operation_names)
    )


def s3_operation(incoming: Incoming, level: str) -> str:
    """The name of S3's operation that the request is, such as `PutObjectTagging`; nothing where
    the method has none on this level.

    Raises AwsError for two sub-resources at once, for what S3 has and this operation has not, and
    for what looks like a sub-resource (it has no value): what it would change is not known here.
    """
    routes = _routes().get((incoming.method, level), [])
    route = next((each for each in routes if each.fits(incoming)), None)
    if route is None:
        return ""
    named = incoming.query.keys() & sub_resources()
    if len(named - {"list-type", "select-type"}) > 1:
        raise AwsError(400, "InvalidArgument", "Conflicting query string parameters")
    apart = incoming.query.keys() - query_names(route.name)
    unknown = sorted(
        key
        for key in apart
        if not _APART.match(key) and (key in _every_query_name() or not incoming.query[key])
    )
    if unknown:
        has_value = unknown[0] not in named and incoming.query[unknown[0]]
        kind = "parameter" if has_value else "sub-resource"
        raise AwsError(
            501, "NotImplemented", f"the embedded AWS has no {kind} {unknown[0]} of {route.name}"
        )
    return route.name


@lru_cache(maxsize=1)
def regions() -> frozenset[str]:
    """The regions of AWS, as S3 knows them."""
    named = get_service_model("s3").shape_for("BucketLocationConstraint").enum
    return frozenset(named) - {"EU"} | {"us-east-1"}


@lru_cache(maxsize=512)
def streams(operation: str) -> bool:
    """Whether an S3 operation's body is content, of any length, and no document."""
    shape = _operation("s3", operation).input_shape
    payload = shape.serialization.get("payload") if shape else None
    return payload == "Body"


@lru_cache(maxsize=512)
def has_body(operation: str) -> bool:
    """Whether an S3 operation reads its request's body."""
    shape = _operation("s3", operation).input_shape
    return bool(shape and shape.serialization.get("payload"))


# --- S3: parameters, headers and XML -------------------------------------------------------------


def s3_parameters(operation: str, incoming: Incoming) -> Mapping[str, Any]:
    """What an S3 request says, by the names of botocore's model; a body of XML is read whole.

    Raises AwsError, 400, for what S3 would not take.
    """
    shape = _operation("s3", operation).input_shape
    given: dict[str, Any] = {}
    for name, member in shape.members.items() if shape else ():
        where = member.serialization
        if where.get("location") == "querystring":
            text = incoming.query.get(where["name"])
        elif where.get("location") == "header":
            text = incoming.header(where["name"]) or None
        elif name == shape.serialization.get("payload") and member.type_name == "structure":
            given |= {name: xml(member, incoming.body)} if incoming.body else {}
            continue
        else:
            continue
        if text is not None:
            given[name] = _argument(where["name"], member, text)
    reads = has_body(operation) and not streams(operation)
    if reads and operation not in _WITHOUT_A_BODY and not incoming.body:
        raise AwsError(400, "MissingRequestBodyError", "Request Body is empty")
    return given


# Operations whose document may be left out.
_WITHOUT_A_BODY = {"CreateBucket", "PutBucketAcl", "PutObjectAcl"}


def _argument(name: str, shape: Shape, text: str) -> Any:
    try:
        value = _scalar(shape, text)
    except ValueError:
        raise AwsError(
            400,
            "InvalidArgument",
            f"Provided {name} is not valid",
            ArgumentName=name,
            ArgumentValue=text,
        ) from None
    return value


def _scalar(shape: Shape, text: str) -> Any:
    """A value as the model has it; ValueError where it is none."""
    kind = shape.type_name
    if kind in ("integer", "long"):
        if not re.fullmatch(r"-?\d{1,19}", text, re.ASCII):
            raise ValueError(text)
        return int(text)
    if kind == "boolean":
        if text.lower() not in ("true", "false"):
            raise ValueError(text)
        return text.lower() == "true"
    if kind == "timestamp":
        moment(text)
        return text
    if (allowed := shape.metadata.get("enum")) and text not in allowed:
        if shape.name in _CODES:
            raise AwsError(400, _CODES[shape.name], f"The specified {shape.name} is not valid")
        raise ValueError(text)
    return text


# Enumerations with an error of their own (S3 API Reference, "Error responses").
_CODES = {
    "BucketLocationConstraint": "InvalidLocationConstraint",
    "StorageClass": "InvalidStorageClass",
}


def moment(text: str) -> datetime:
    """A time as ISO 8601 or HTTP write it; ValueError for anything else."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(text)


def malformed_xml() -> AwsError:
    """The refusal of a body that is no XML, or not that of the operation."""
    return AwsError(
        400,
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )


def xml(shape: Shape, body: bytes) -> Any:
    """The value of a document. Raises AwsError where the document is not what the shape says."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise malformed_xml()
    try:
        root = ET.fromstring(body)  # noqa: S314 no entities
    except (ET.ParseError, ValueError, LookupError):
        raise malformed_xml() from None
    name = shape.serialization.get("name", shape.name)
    if tag(root) not in (name, shape.name):
        raise malformed_xml()
    return _element(shape, root)


def tag(element: ET.Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def _element(shape: Shape, element: ET.Element) -> Any:
    if shape.type_name != "structure":
        try:
            return _scalar(shape, (element.text or "").strip())
        except ValueError:
            raise malformed_xml() from None
    members = {
        member.serialization.get("name", name): (name, member)
        for name, member in shape.members.items()
    }
    value = dict(_attributes(shape, element))
    for child in element:
        if tag(child) not in members:
            raise malformed_xml()
        name, member = members[tag(child)]
        if member.type_name != "list":
            if name in value:
                raise malformed_xml()
            value[name] = _element(member, child)
        elif member.serialization.get("flattened"):
            value.setdefault(name, []).append(_element(member.member, child))
        else:
            value.setdefault(name, []).extend(_element(member.member, each) for each in child)
    if set(shape.required_members) - value.keys():
        raise malformed_xml()
    return value


def _attributes(shape: Shape, element: ET.Element) -> Iterator[tuple[str, Any]]:
    """The members that an element has as attributes: the type of a grantee."""
    given = {name.rpartition("}")[2]: text for name, text in element.attrib.items()}
    for name, member in shape.members.items():
        own = member.serialization.get("name", name).rpartition(":")[2]
        if member.serialization.get("xmlAttribute") and own in given:
            yield name, given[own]


# --- IAM and STS: the query protocol -------------------------------------------------------------


def query_parameters(service: str, action: str, form: Mapping[str, str]) -> Mapping[str, Any]:
    """What a request to IAM or STS says, by the names of botocore's model.

    Raises AwsError: InvalidAction for an action that the service has not, ValidationError for a
    value that it would not take.
    """
    try:
        shape = _operation(service, action).input_shape
    except OperationNotFoundError:
        version = get_service_model(service).api_version
        raise AwsError(
            400,
            "InvalidAction",
            f"Could not find operation {action} for version {version}",
        ) from None
    faults: list[str] = []
    given = _structure(shape, "", form, faults) if shape else {}
    if faults:
        noun = "error" if len(faults) == 1 else "errors"
        listed = "; ".join(faults)
        raise AwsError(
            400, "ValidationError", f"{len(faults)} validation {noun} detected: {listed}"
        )
    return given or {}


def _structure(
    shape: Shape, prefix: str, form: Mapping[str, str], faults: list[str]
) -> dict[str, Any] | None:
    value = {}
    for name, member in shape.members.items():
        found = _member(member, f"{prefix}{name}", form, faults)
        if found is not None:
            value[name] = found
    if not value and prefix:
        return None
    faults += [
        _fault("null", f"{prefix}{name}", "Member must not be null")
        for name in shape.required_members
        if name not in value
    ]
    return value


def _member(shape: Shape, name: str, form: Mapping[str, str], faults: list[str]) -> Any:
    if shape.type_name == "structure":
        return _structure(shape, f"{name}.", form, faults)
    if shape.type_name == "list":
        items: list[Any] = []
        while (
            item := _member(shape.member, f"{name}.member.{len(items) + 1}", form, faults)
        ) is not None:
            items.append(item)
        if items:
            _check_range(shape, name, len(items), "length", faults)
        return items or None
    return _value(shape, name, form[name], faults) if name in form else None


def _value(shape: Shape, name: str, text: str, faults: list[str]) -> Any:
    try:
        value = _scalar(shape, text)
    except ValueError:
        rule = f"Member must satisfy enum value set: {shape.metadata.get('enum', shape.type_name)}"
        faults.append(_fault(text, name, rule))
        return text
    if isinstance(value, str):
        _check_range(shape, name, len(value), "length", faults)
        pattern = shape.metadata.get("pattern")
        if pattern and not _pattern(pattern).fullmatch(value):
            rule = f"Member must satisfy regular expression pattern: {pattern}"
            faults.append(_fault(text, name, rule))
    elif not isinstance(value, bool):
        _check_range(shape, name, value, "value", faults)
    return value


def _check_range(shape: Shape, name: str, size: int, noun: str, faults: list[str]) -> None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        rule = f"Member must have {noun} greater than or equal to {least}"
        faults.append(_fault(str(size), name, rule))
    if most is not None and size > most:
        rule = f"Member must have {noun} less than or equal to {most}"
        faults.append(_fault(str(size), name, rule))


def _fault(value: str, name: str, rule: str) -> str:
    path = name[:1].lower() + name[1:]
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {rule}"


# Java's classes of signs, as Python's know them: letters, separators, digits.
_JAVA = {r"\p{L}": r"\w", r"\p{Z}": " ", r"\p{N}": r"\d"}


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    flags = 0 if r"\p{" in text else re.ASCII
    for java, python in _JAVA.items():
        text = text.replace(java, python)
    return re.compile(text, flags)
