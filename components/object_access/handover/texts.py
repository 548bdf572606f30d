"""A hand-over as a file or a command line: one function for each format, strings in, text out."""

import json
import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import yaml

Handover = Mapping[str, Any]
PASSWORD = "the one of this user; it is in OS_PASSWORD"  # noqa: S105 it says where to look


def container(project: str, given: Handover) -> str:
    """A command that runs a container in which the mounted bucket holds the checkpoints."""
    mode = "ro" if given["access"] == "read" else "rw"
    directory = given["directory"]
    return f"docker run --mount type=bind,source={directory},target=/checkpoints,{mode} {project}"


def copy_from_aws(given: Handover) -> str:
    """Two commands that copy a bucket of AWS, by way of a directory: no S3 client knows two
    stores at once."""
    return (
        f"aws s3 sync s3://AWS-BUCKET ./copy && "
        f"aws s3 sync ./copy s3://{given['bucket']} --profile {given['profile']}"
    )


def as_json(_project: str, given: Handover) -> str:
    """Everything, as JSON."""
    return json.dumps(dict(given), indent=2, ensure_ascii=False) + "\n"


def env(_project: str, given: Handover) -> str:
    """Variables for a shell, a `.env` file or a container."""
    values = {
        **_key_pair(given),
        "AWS_REGION": _region(given),
        "AWS_DEFAULT_REGION": _region(given),
        "AWS_ENDPOINT_URL_S3": given.get("endpoint", ""),
    }
    if given["kind"] == "kopah":
        values |= {name.upper(): value for name, value in _CHECKSUMS.items()}
    if given["kind"] == "modelstore":
        values |= {
            "MODEL_STORE_AWS_BUCKET": given["bucket"],
            "MODEL_STORE_REGION": given["region"],
            "MODEL_STORE_AWS_ROOT_PREFIX": given["prefix"].rstrip("/"),
        }
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items() if value)


def aws_profile(project: str, given: Handover) -> str:
    """Sections for `~/.aws/credentials` and `~/.aws/config`."""
    _need_s3(given)
    parts = [("", given)]
    if given.get("separate"):
        own = {key[7:]: value for key, value in given.items() if key.startswith("output_")}
        shared = {key: value for key, value in given.items() if key in ("kind", "region")}
        parts = [("", {**given, "separate": False}), ("-output", {**shared, **own})]
    name = _profile(project, given)
    keys = [_section(name + part, _lower(each)) for part, each in parts if _has_keys(each)]
    settings = [_section(f"profile {name}{part}", _settings(each)) for part, each in parts]
    files = [("~/.aws/credentials", keys), ("~/.aws/config", settings)]
    return "\n".join(f"# {file}\n{''.join(sections)}" for file, sections in files if sections)


def _lower(given: Handover) -> dict[str, str]:
    return {name.lower(): value for name, value in _key_pair(given).items()}


def _has_keys(given: Handover) -> bool:
    return not ("role_arn" in given or given.get("instance_profile"))


def _settings(given: Handover) -> dict[str, str]:
    settings = {"region": _region(given)}
    if given["kind"] == "kopah":
        settings |= {
            "endpoint_url": given["endpoint"],
            "s3": "\n  addressing_style = path",
            **{name.removeprefix("aws_"): value for name, value in _CHECKSUMS.items()},
        }
    if "external_id" in given:
        settings |= {
            "role_arn": given["role_arn"],
            "external_id": given["external_id"],
            "duration_seconds": "43200",
            "source_profile": "default",
        }
    return settings


def s3cfg(_project: str, given: Handover) -> str:
    """A complete `~/.s3cfg` for s3cmd."""
    keys = _key_pair(given)
    at = urlsplit(given.get("endpoint") or f"https://s3.{_region(given)}.amazonaws.com")
    # Path style: the bucket's name goes behind the host wherever it is not a part of it.
    bucket_at = at.netloc if "endpoint" in given else f"%(bucket)s.{at.netloc}"
    tls = str(at.scheme == "https")
    settings = {
        "access_key": keys["AWS_ACCESS_KEY_ID"],
        "secret_key": keys["AWS_SECRET_ACCESS_KEY"],
        "host_base": at.netloc,
        "host_bucket": bucket_at,
        "bucket_location": _region(given),
        "use_https": tls,
        "public_url_use_https": tls,
    }
    return _section("default", settings)


def mount(project: str, given: Handover) -> str:
    """The command that mounts the bucket, with exactly the options that the grant supports."""
    options = _mount_options(project, given)
    words = ["mount-s3", given["bucket"], given["directory"]]
    for name, value in options.items():
        words += [f"--{name}", *([value] if value else [])]
    return shlex.join(words) + "\n"


def fstab(project: str, given: Handover) -> str:
    """The same as a line of `/etc/fstab`."""
    options = _mount_options(project, given)
    prefix, read_only = options.pop("prefix", ""), "read-only" in options
    options.pop("read-only", None)
    listed = ["_netdev", "nosuid", "nodev", "nofail", "ro" if read_only else "rw"]
    listed += [f"{name}={value}" if value else name for name, value in options.items()]
    return f"s3://{given['bucket']}/{prefix} {given['directory']} mount-s3 {','.join(listed)} 0 0\n"


def _mount_options(project: str, given: Handover) -> dict[str, str]:
    """Mountpoint's options that the grant supports, no more and no fewer (mountpoint-s3,
    CONFIGURATION.md)."""
    if "directory" not in given:
        raise ValueError("is not a project to mount, use another format")
    access = given.get("access", "delete")
    options = {}
    if access == "read":
        options["read-only"] = ""
    if access == "delete":
        options["allow-delete"] = ""
    if given.get("prefix"):
        options["prefix"] = given["prefix"]
    if not given.get("instance_profile"):
        options["profile"] = _profile(project, given)
    if "endpoint" in given:
        options |= {"endpoint-url": given["endpoint"], "force-path-style": ""}
    else:
        options["region"] = given["region"]
    return options


def python(project: str, given: Handover) -> str:
    """Lines of Python that reach the bucket or container."""
    if given["kind"] == "valohai-swift":
        connect = _call("openstack.connect", {"cloud": project})
        objects = _call("cloud.object_store.objects", {}, given["container"])
        return f"import openstack\n\ncloud = {connect}\nprint(list({objects}))\n"
    if given["kind"] == "modelstore":
        prefix = given["prefix"].rstrip("/")
        arguments = {"bucket_name": given["bucket"], "region": given["region"]}
        arguments |= {"root_prefix": prefix} if prefix else {}
        return (
            f"from modelstore import ModelStore\n\n{_call('ModelStore.from_aws_s3', arguments)}\n"
        )
    if "external_id" in given:
        raise ValueError("is used by its consumer in another account, use form or aws-profile")
    session = "boto3.session.Session"
    if not given.get("instance_profile"):
        session = _call(session, {"profile_name": _profile(project, given)})
    else:
        session = _call(session, {"region_name": given["region"]})
    client = _call(f"{session}.client", {}, "s3")
    listing = {"Bucket": given["bucket"], "Prefix": given.get("prefix", "")}
    return f"import boto3\n\ns3 = {client}\n{_call('s3.list_objects_v2', listing)}\n"


def _call(name: str, keywords: Mapping[str, str], *arguments: str) -> str:
    listed = [json.dumps(each) for each in arguments]
    listed += [f"{key}={json.dumps(value)}" for key, value in keywords.items()]
    return f"{name}({', '.join(listed)})"


# What a store that is not AWS needs of newer clients (boto3 issue 4392).
_CHECKSUMS = {
    "aws_request_checksum_calculation": "when_required",
    "aws_response_checksum_validation": "when_required",
}


def openrc(_project: str, given: Handover) -> str:
    """What a shell loads before it runs the swift or openstack command."""
    _need_swift(given)
    values = {
        "OS_AUTH_URL": given["auth_url"],
        "OS_IDENTITY_API_VERSION": "3",
        "OS_REGION_NAME": given["region"],
        "OS_PROJECT_ID": given["project_id"],
        "OS_USER_DOMAIN_NAME": given.get("user_domain", "Default"),
        "OS_USERNAME": given["username"],
        "OS_PASSWORD": _password(given),
    }
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())


def clouds_yaml(project: str, given: Handover) -> str:
    """A `clouds.yaml` for the openstack command, openstacksdk and Terraform."""
    _need_swift(given)
    auth = {
        "auth_url": given["auth_url"],
        "project_id": given["project_id"],
        "user_domain_name": given.get("user_domain", "Default"),
        "username": given["username"],
        "password": _password(given),
    }
    cloud = {"region_name": given["region"], "identity_api_version": 3, "auth": auth}
    return str(yaml.safe_dump({"clouds": {project: cloud}}, sort_keys=False))


def rclone(project: str, given: Handover) -> str:
    """A section for `rclone.conf`."""
    if given["kind"] == "valohai-swift":
        settings = {
            "type": "swift",
            "auth": given["auth_url"],
            "auth_version": "3",
            "user": given["username"],
            "key": _password(given),
            "domain": given.get("user_domain", "Default"),
            "tenant_id": given["project_id"],
            "region": given["region"],
        }
        return _section(project, settings)
    keys = _key_pair(given)
    settings = {
        "type": "s3",
        "provider": "Other" if "endpoint" in given else "AWS",
        "access_key_id": keys["AWS_ACCESS_KEY_ID"],
        "secret_access_key": keys["AWS_SECRET_ACCESS_KEY"],
        "region": _region(given),
        "no_check_bucket": "true",  # it would try to make the bucket
    }
    if "endpoint" in given:
        settings |= {"endpoint": given["endpoint"], "force_path_style": "true"}
    return _section(project, settings)


def _need_swift(given: Handover) -> None:
    if given["kind"] != "valohai-swift":
        raise ValueError("is not on OpenStack, use another format")


def _need_s3(given: Handover) -> None:
    if given["kind"] == "valohai-swift":
        raise ValueError("is on OpenStack, use form, openrc, clouds or rclone")


def _password(given: Handover) -> str:
    if "password" not in given:
        raise ValueError("has no password to hand over: set OS_PASSWORD, or use form")
    return str(given["password"])


def _key_pair(given: Handover) -> dict[str, str]:
    _need_s3(given)
    if given.get("separate"):
        raise ValueError("has a key for input and one for output, use form or aws-profile")
    if "access_key_id" not in given:
        why = (
            f"get theirs from instance profile {given['instance_profile']}"
            if given.get("instance_profile")
            else "are the consumer's own"
            if "role_arn" in given
            else f"are not in profile '{given['profile']}' of this machine"
        )
        raise ValueError(f"has no keys to hand over, they {why}; use another format")
    return {
        "AWS_ACCESS_KEY_ID": given["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": given["secret_access_key"],
    }


def _region(given: Handover) -> str:
    return str(given.get("region", "us-east-1"))  # stores without regions take S3's first


def _profile(project: str, given: Handover) -> str:
    return str(given.get("profile", project))


def _section(name: str, settings: Mapping[str, str]) -> str:
    lines = (f"{key} = {value}".replace(" \n", "\n") for key, value in settings.items())
    return "\n".join([f"[{name}]", *lines, ""])
