"""The fields of each consumer's form, in its order and with its labels."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from . import texts

MASK = "••••••••"
DESTINATIONS: Mapping[str, str] = {
    "kopah": "the machines that use the bucket",
    "lightly": "Lightly, Datasources, S3",
    "modelstore": "the environment of the training job",
    "mountpoint": "the machines that mount the bucket",
    "valohai-s3": "Valohai, Settings, Data stores, Add S3 store",
    "valohai-swift": "Valohai, Settings, Data stores, Add OpenStack Swift store",
}
TERABYTE_MONTH = 23  # USD: S3 Standard's first 50 TB in us-west-2, as the guide has it


class Field(NamedTuple):
    """One field to paste."""

    label: str
    value: str
    secret: bool = False

    @property
    def masked(self) -> str:
        """The value, hidden where it is a secret."""
        return MASK if self.secret else self.value


def fields(project: str, handover: Mapping[str, Any]) -> list[Field]:
    """What to paste for this project; without what it does not have."""
    return [field for field in _FORMS[handover["kind"]](project, handover) if field.value]


def form(project: str, handover: Mapping[str, Any]) -> str:
    """The fields as lines of text, with their secrets."""
    listed = fields(project, handover)
    width = max(len(field.label) for field in listed)
    return "".join(f"{field.label:{width}}  {field.value}\n" for field in listed)


def _valohai_s3(_project: str, given: Mapping[str, Any]) -> list[Field]:
    return [
        Field("Bucket name", given["bucket"]),
        *_keys(given),
        Field("Multipart Upload IAM Role ARN", given.get("multipart_role_arn", "")),
    ]


def _valohai_swift(project: str, given: Mapping[str, Any]) -> list[Field]:
    return [
        Field("Name", project),
        Field("Auth URL", given["auth_url"]),
        Field("Auth version", "3.0"),
        Field("Username", given["username"]),
        Field("Password", given.get("password", texts.PASSWORD), secret="password" in given),
        Field("Container", given["container"]),
        Field("Region", given["region"]),
        Field("Temp URL key", given["temp_url_key"], secret=True),
    ]


def _lightly(_project: str, given: Mapping[str, Any]) -> list[Field]:
    path = f"s3://{given['bucket']}/"
    input_, output = path + given["prefix"], path + given["output"] if given["output"] else ""
    shared = [Field("Resource path", input_), Field("Region", given["region"]), *_access(given, "")]
    if given["separate"]:
        return [
            *shared,
            Field("Output resource path", output),
            *_access(given, "output_", "Output "),
        ]
    return [*shared, Field("Output resource path", output if output != input_ else "")]


def _access(given: Mapping[str, Any], part: str, label: str = "") -> list[Field]:
    return [
        Field(f"{label}External ID", given.get(f"{part}external_id", ""), secret=True),
        Field(f"{label}Role ARN", given.get(f"{part}role_arn", "")),
        *_keys(given, part, label),
    ]


def _keys(given: Mapping[str, Any], part: str = "", label: str = "") -> list[Field]:
    return [
        Field(f"{label}Access key ID", given.get(f"{part}access_key_id", "")),
        Field(f"{label}Secret access key", given.get(f"{part}secret_access_key", ""), secret=True),
    ]


def _modelstore(project: str, given: Mapping[str, Any]) -> list[Field]:
    return [
        Field("MODEL_STORE_AWS_BUCKET", given["bucket"]),
        Field("MODEL_STORE_REGION", given["region"]),
        Field("MODEL_STORE_AWS_ROOT_PREFIX", given["prefix"].rstrip("/")),
        Field("AWS_ACCESS_KEY_ID", given["access_key_id"]),
        Field("AWS_SECRET_ACCESS_KEY", given["secret_access_key"], secret=True),
        Field("In Python", texts.python(project, given).splitlines()[-1]),
    ]


def _mountpoint(project: str, given: Mapping[str, Any]) -> list[Field]:
    return [
        Field("Bucket", given["bucket"]),
        Field("Region", given["region"]),
        Field("Instance profile", given.get("instance_profile", "")),
        *_keys(given),
        Field("Mount", texts.mount(project, given).strip()),
        Field("In /etc/fstab", texts.fstab(project, given).strip()),
        Field("In a container", texts.container(project, given)),
        Field("Cost", f"about {TERABYTE_MONTH} USD for a TB and month"),
    ]


def _kopah(project: str, given: Mapping[str, Any]) -> list[Field]:
    return [
        Field("Bucket", given["bucket"]),
        Field("Endpoint", given["endpoint"]),
        Field("Profile", given["profile"]),
        Field("Mount", texts.mount(project, given).strip()),
        Field("Copy a bucket from AWS", texts.copy_from_aws(given)),
        Field("Not offered by the store", ", ".join(given.get("not_offered") or [])),
    ]


_FORMS: Mapping[str, Callable[[str, Mapping[str, Any]], list[Field]]] = {
    "kopah": _kopah,
    "lightly": _lightly,
    "modelstore": _modelstore,
    "mountpoint": _mountpoint,
    "valohai-s3": _valohai_s3,
    "valohai-swift": _valohai_swift,
}
