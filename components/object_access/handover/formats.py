"""A hand-over as a file or a command line: one function for each format, text out.

Each is written for where a store is and how a holder gets in; none knows a consumer.
"""

import json
import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import yaml

from .model import (
    S3,
    Credential,
    Foreign,
    Handover,
    Holder,
    How,
    Job,
    Key,
    Listed,
    Machine,
    Password,
    Place,
    Profile,
    Role,
    Swift,
    TempUrls,
)

# What a store that is not AWS needs of newer clients (boto3 issue 4392).
_CHECKSUMS = {
    "aws_request_checksum_calculation": "when_required",
    "aws_response_checksum_validation": "when_required",
}
# Why whoever is asked for keys has none to hand over.
_NO_KEYS: Mapping[type[Any], str] = {
    Machine: "machines get theirs from their instance profile",
    Role: "the consumer has its own, with which it assumes the role",
    Job: "jobs have a token instead",
    Foreign: "the consumer has its own",
    Profile: "the profile is not on this machine",
    Password: "OpenStack has a password instead",
    TempUrls: "OpenStack has a key for URLs instead",
    Listed: "they have their own login",
    Credential: "OpenStack has a credential instead",
}


def as_json(handover: Handover, _holder: str) -> str:
    """Everything, as JSON."""
    return json.dumps(handover.data(), indent=2, ensure_ascii=False) + "\n"


def env(handover: Handover, holder: str) -> str:
    """Variables for a shell, a `.env` file or a container: the keys, the region, and the form's
    where they are variables, too."""
    from .forms import fields  # which in turn can hold whole formats

    where = _s3(handover)
    values = {
        **_key_pair(handover, holder),
        "AWS_REGION": where.region,
        "AWS_DEFAULT_REGION": where.region,
        "AWS_ENDPOINT_URL_S3": where.endpoint,
    }
    if where.endpoint:
        values |= {name.upper(): value for name, value in _CHECKSUMS.items()}
    if handover.form.variables:
        values |= {each.label: each.value for each in fields(handover) if each.label.isidentifier()}
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items() if value)


def aws_profile(handover: Handover, holder: str) -> str:
    """Sections for `~/.aws/credentials` and `~/.aws/config`, one for each holder."""
    where = _s3(handover)
    able = {
        name: each.how
        for name, each in handover.holders.items()
        if name == (holder or name) and isinstance(each.how, Key | Role | Machine | Profile)
    }
    if not able:
        raise ValueError("has nobody who logs in by a profile, use another format")
    keys = [
        _section(
            profile_of(handover, name),
            {
                "aws_access_key_id": how.access_key_id,
                "aws_secret_access_key": how.secret_access_key,
            },
        )
        for name, how in able.items()
        if isinstance(how, Key | Profile) and _needs_key(how)
    ]
    settings = [
        _section(f"profile {profile_of(handover, name)}", _profile_settings(where, how))
        for name, how in able.items()
    ]
    files = [("~/.aws/credentials", keys), ("~/.aws/config", settings)]
    return "\n".join(f"# {file}\n{''.join(sections)}" for file, sections in files if sections)


def _needs_key(how: Key | Profile) -> bool:
    if not how.access_key_id:
        raise ValueError(f"has no keys to hand over: {_NO_KEYS[type(how)]}; use another format")
    return True


def _profile_settings(where: S3, how: How) -> dict[str, str]:
    settings = {"region": where.region}
    if where.endpoint:
        settings |= {
            "endpoint_url": where.endpoint,
            "s3": "\n  addressing_style = path",
            **{name.removeprefix("aws_"): value for name, value in _CHECKSUMS.items()},
        }
    if isinstance(how, Role):
        settings |= {"role_arn": how.role_arn}
        if how.external_id:
            settings["external_id"] = how.external_id
        if how.session_name:
            settings["role_session_name"] = how.session_name
        settings |= {"duration_seconds": str(how.longest_session), "source_profile": "default"}
    return settings


def s3cfg(handover: Handover, holder: str) -> str:
    """A complete `~/.s3cfg` for s3cmd."""
    where, keys = _s3(handover), _key_pair(handover, holder)
    at = urlsplit(where.endpoint or f"https://s3.{where.region}.amazonaws.com")
    tls = str(at.scheme == "https")
    settings = {
        "access_key": keys["AWS_ACCESS_KEY_ID"],
        "secret_key": keys["AWS_SECRET_ACCESS_KEY"],
        "host_base": at.netloc,
        # Path style: the bucket's name goes behind the host wherever it is not a part of it.
        "host_bucket": at.netloc if where.endpoint else f"%(bucket)s.{at.netloc}",
        "bucket_location": where.region,
        "use_https": tls,
        "public_url_use_https": tls,
    }
    return _section("default", settings)


def mount(handover: Handover, holder: str) -> str:
    """The command that mounts the bucket, with exactly the options that the grant supports."""
    words = ["mount-s3", _s3(handover).bucket, directory(handover)]
    for name, value in _mount_options(handover, holder).items():
        words += [f"--{name}", *([value] if value else [])]
    return shlex.join(words) + "\n"


def fstab(handover: Handover, holder: str) -> str:
    """The same as a line of `/etc/fstab`."""
    options = _mount_options(handover, holder)
    prefix, read_only = options.pop("prefix", ""), "read-only" in options
    options.pop("read-only", None)
    listed = ["_netdev", "nosuid", "nodev", "nofail", "ro" if read_only else "rw"]
    listed += [f"{name}={value}" if value else name for name, value in options.items()]
    at = f"s3://{_s3(handover).bucket}/{prefix} {directory(handover)}"
    return f"{at} mount-s3 {','.join(listed)} 0 0\n"


def docker(handover: Handover, holder: str) -> str:
    """A command that runs an image of yours in which the mounted bucket holds the checkpoints."""
    read_only = ",readonly" if "read-only" in _mount_options(handover, holder) else ""
    source = f"type=bind,source={directory(handover)},target=/checkpoints{read_only}"
    return f"docker run --mount {source} IMAGE\n"


def _mount_options(handover: Handover, holder: str) -> dict[str, str]:
    """Mountpoint's options that the grant supports, no more and no fewer (mountpoint-s3,
    CONFIGURATION.md)."""
    where = _s3(handover)
    name, found = _one(handover, holder, (Key, Machine, Profile), "mounts it")
    places = [place for place in handover.place_of(name).values() if "list" in place.access]
    if len(places) != 1:
        raise ValueError(
            f"has {len(places) or 'no'} places that '{name}' can list, one is mounted: use another "
            "format"
        )
    [place] = places
    options = {}
    if "write" not in place.access and "full" not in place.access:
        options["read-only"] = ""
    if "delete" in place.access or "full" in place.access:
        options["allow-delete"] = ""
    if place.prefix:
        options["prefix"] = place.prefix
    if not isinstance(found.how, Machine):
        options["profile"] = profile_of(handover, name)
    if where.endpoint:
        options |= {"endpoint-url": where.endpoint, "force-path-style": ""}
    else:
        options["region"] = where.region
    return options


def directory(handover: Handover) -> str:
    """Where it is mounted."""
    return handover.form.settings.get("directory") or f"/mnt/{_s3(handover).bucket}"


def python(handover: Handover, holder: str) -> str:
    """Lines of Python that reach the bucket or container."""
    if isinstance(handover.where, Swift):
        _one(handover, holder, (Password, Credential), "logs in")
        connect = _call("openstack.connect", {"cloud": handover.project})
        objects = _call("cloud.object_store.objects", {}, handover.where.container)
        return f"import openstack\n\ncloud = {connect}\nprint(list({objects}))\n"
    name, found = _one(handover, holder, (Key, Machine, Profile), "logs in")
    session = "boto3.session.Session"
    if isinstance(found.how, Machine):
        session = _call(session, {"region_name": handover.where.region})
    else:
        session = _call(session, {"profile_name": profile_of(handover, name)})
    client = _call(f"{session}.client", {}, "s3")
    listing = {"Bucket": handover.where.bucket, "Prefix": _first(handover, name).prefix}
    return f"import boto3\n\ns3 = {client}\n{_call('s3.list_objects_v2', listing)}\n"


def _call(name: str, keywords: Mapping[str, str], *arguments: str) -> str:
    listed = [json.dumps(each) for each in arguments]
    listed += [f"{key}={json.dumps(value)}" for key, value in keywords.items()]
    return f"{name}({', '.join(listed)})"


def openrc(handover: Handover, holder: str) -> str:
    """What a shell loads before it runs the swift or openstack command."""
    where = _swift(handover)
    values = {
        "OS_AUTH_URL": where.auth_url,
        "OS_IDENTITY_API_VERSION": "3",
        "OS_REGION_NAME": where.region,
    }
    how = _login(handover, holder)
    if isinstance(how, Credential):
        values |= {
            "OS_AUTH_TYPE": "v3applicationcredential",
            "OS_APPLICATION_CREDENTIAL_ID": how.credential_id,
            "OS_APPLICATION_CREDENTIAL_SECRET": how.secret,
        }
    else:
        values |= {
            "OS_PROJECT_ID": where.project_id,
            "OS_USER_DOMAIN_NAME": how.user_domain,
            "OS_USERNAME": how.username,
            "OS_PASSWORD": how.password,
        }
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())


def clouds_yaml(handover: Handover, holder: str) -> str:
    """A `clouds.yaml` for the openstack command, openstacksdk and Terraform."""
    where, how = _swift(handover), _login(handover, holder)
    cloud: dict[str, Any] = {"region_name": where.region, "identity_api_version": 3}
    if isinstance(how, Credential):
        cloud["auth_type"] = "v3applicationcredential"
        cloud["auth"] = {
            "auth_url": where.auth_url,
            "application_credential_id": how.credential_id,
            "application_credential_secret": how.secret,
        }
    else:
        cloud["auth"] = {
            "auth_url": where.auth_url,
            "project_id": where.project_id,
            "user_domain_name": how.user_domain,
            "username": how.username,
            "password": how.password,
        }
    return str(yaml.safe_dump({"clouds": {handover.project: cloud}}, sort_keys=False))


def rclone(handover: Handover, holder: str) -> str:
    """A section for `rclone.conf`."""
    where = handover.where
    settings: dict[str, str]
    if isinstance(where, Swift):
        how = _login(handover, holder)
        settings = {"type": "swift", "auth": where.auth_url, "auth_version": "3"}
        if isinstance(how, Credential):
            settings |= {
                "application_credential_id": how.credential_id,
                "application_credential_secret": how.secret,
            }
        else:
            settings |= {
                "user": how.username,
                "key": how.password,
                "domain": how.user_domain,
                "tenant_id": where.project_id,
            }
        return _section(handover.project, settings | {"region": where.region})
    keys = _key_pair(handover, holder)
    settings = {
        "type": "s3",
        "provider": "Other" if where.endpoint else "AWS",
        "access_key_id": keys["AWS_ACCESS_KEY_ID"],
        "secret_access_key": keys["AWS_SECRET_ACCESS_KEY"],
        "region": where.region,
        # It would try to make the bucket, and to read a file that it wrote before it may.
        "no_check_bucket": "true",
        "no_head": "true",
    }
    if where.endpoint:
        settings |= {"endpoint": where.endpoint, "force_path_style": "true"}
    section = _section(handover.project, settings)
    if not _looks_in_vain(handover, holder):
        return section
    upload = _section(f"{handover.project}-upload", settings | {"no_head_object": "true"})
    return f"{section}\n# To write into: it does not look for what may not be there.\n{upload}"


def _looks_in_vain(handover: Handover, holder: str) -> bool:
    """Whether S3 refuses, to this holder, to say that a file is not there: it tells only those who
    may list the whole bucket (S3 API Reference, HeadObject)."""
    if _s3(handover).endpoint:
        return False
    name, _ = _one(handover, holder, (Key, Profile), "has keys to hand over")
    places = handover.place_of(name).values()
    writes = any("write" in each.access for each in places)
    lists_all = any(
        not each.prefix and not each.keys and {"list", "full"} & {*each.access} for each in places
    )
    return writes and not lists_all


# --- what is asked of a hand-over ---


def profile_of(handover: Handover, holder: str) -> str:
    """The name of a holder's profile in `~/.aws`."""
    how = handover.holders[holder].how
    if isinstance(how, Profile):
        return how.profile
    several = sum(isinstance(e.how, Key | Role | Machine) for e in handover.holders.values()) > 1
    return f"{handover.project}-{holder}" if several else handover.project


def _s3(handover: Handover) -> S3:
    if not isinstance(handover.where, S3):
        raise ValueError("is on OpenStack, use form, openrc, clouds or rclone")
    return handover.where


def _swift(handover: Handover) -> Swift:
    if not isinstance(handover.where, Swift):
        raise ValueError("is not on OpenStack, use another format")
    return handover.where


def _one(
    handover: Handover, holder: str, able: tuple[type[Any], ...], does: str
) -> tuple[str, Holder]:
    """The one holder who can, or the one that was named."""
    found = [
        (name, each)
        for name, each in handover.holders.items()
        if isinstance(each.how, able) and name == (holder or name)
    ]
    if not found:
        hows = {
            type(each.how) for name, each in handover.holders.items() if name == (holder or name)
        }
        why = next((_NO_KEYS[each] for each in hows if each in _NO_KEYS), "")
        raise ValueError(f"has nobody here who {does}{why and ': ' + why}; use another format")
    if len(found) > 1:
        names = ", ".join(name for name, _ in found)
        raise ValueError(f"has several holders, name one with --holder: {names}")
    return found[0]


def _key_pair(handover: Handover, holder: str) -> dict[str, str]:
    _s3(handover)
    _, found = _one(handover, holder, (Key, Profile), "has keys to hand over")
    how = found.how
    assert isinstance(how, Key | Profile)  # noqa: S101 for the type checker
    _needs_key(how)
    pair = {
        "AWS_ACCESS_KEY_ID": how.access_key_id,
        "AWS_SECRET_ACCESS_KEY": how.secret_access_key,
    }
    return pair | ({"AWS_SESSION_TOKEN": how.session_token} if how.session_token else {})


def _login(handover: Handover, holder: str) -> Password | Credential:
    _, found = _one(handover, holder, (Password, Credential), "logs in")
    how = found.how
    if isinstance(how, Password) and not how.password:
        raise ValueError("has no password to hand over: set OS_PASSWORD, or use form")
    assert isinstance(how, Password | Credential)  # noqa: S101 for the type checker
    return how


def _first(handover: Handover, holder: str) -> Place:
    return next(iter(handover.place_of(holder).values()))


def _section(name: str, settings: Mapping[str, str]) -> str:
    lines = (f"{key} = {value}".replace(" \n", "\n") for key, value in settings.items())
    return "\n".join([f"[{name}]", *lines, ""])
