"""What a command is given so that it finds an embedded store, whatever tool it is: variables, a
profile, `.s3cfg`, a remote of rclone, certificate authorities."""

import configparser
import os
import ssl
import stat
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

REMOTE = "record"
"""What rclone calls the store: `rclone ls record:bucket`."""
# Of the machine's own: keys of other stores, and whatever leads away from ours.
_OURS = ("AWS_", "AWSACCESSKEYID", "AWSSECRETACCESSKEY", "OS_", "RCLONE_S3_", "RCLONE_SWIFT_")
# Not AWS_CA_BUNDLE: rclone 1.60 fails with it, and who reads it reads one of these, too.
_AUTHORITIES = (
    "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "RCLONE_CA_CERT", "REQUESTS_CA_BUNDLE",
    "RESTIC_CACERT", "SSL_CERT_FILE",
)  # fmt: skip
_LOOPBACK = "127.0.0.1,localhost"


def clean(given: Mapping[str, str]) -> dict[str, str]:
    """The machine's variables without those of other stores; loopback needs no proxy."""
    kept = {name: value for name, value in given.items() if not name.startswith(_OURS)}
    for name in ("NO_PROXY", "no_proxy"):
        kept[name] = ",".join(each for each in (given.get(name, ""), _LOOPBACK) if each)
    return kept


def of_s3(
    folder: Path, endpoint: str, authority: str, region: str, key_id: str, secret: str
) -> dict[str, str]:
    """The variables by which clients of S3 find the store, with files of theirs in the folder.

    `authority` is the file of the certificate authority, empty where there is no TLS.
    """
    at = urlsplit(endpoint)
    write_private(
        folder / "credentials",
        _profiles(f"aws_access_key_id = {key_id}\naws_secret_access_key = {secret}\n"),
    )
    write_private(
        folder / "config",
        _profiles(
            f"region = {region}\nendpoint_url = {endpoint}\ns3 =\n  addressing_style = path\n",
            "profile ",
        ),
    )
    tls = str(at.scheme == "https")
    bundle = _bundle(folder, authority) if authority else ""
    s3cfg = {
        "access_key": key_id,
        "secret_key": secret,
        "host_base": at.netloc,
        "host_bucket": at.netloc,
        "bucket_location": region,
        "use_https": tls,
        **({"ca_certs_file": bundle} if bundle else {}),
    }
    write_private(folder / "s3cfg", "[default]\n" + _lines(s3cfg))
    remote = {
        "TYPE": "s3",
        "PROVIDER": "Other",  # for AWS, 1.60 puts the bucket before the host
        "ENDPOINT": endpoint,
        "REGION": region,
        "ACCESS_KEY_ID": key_id,
        "SECRET_ACCESS_KEY": secret,
        "FORCE_PATH_STYLE": "true",
        "ENV_AUTH": "false",
    }
    return {
        "AWS_ACCESS_KEY_ID": key_id,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWSACCESSKEYID": key_id,  # s3fs reads these two
        "AWSSECRETACCESSKEY": secret,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "FSSPEC_S3_ENDPOINT_URL": endpoint,
        "MLFLOW_S3_ENDPOINT_URL": endpoint,
        "S3CMD_CONFIG": str(folder / "s3cfg"),
        # Of every remote of its own, and of one that is called `record`.
        **{f"RCLONE_S3_{key}": value for key, value in remote.items() if key != "TYPE"},
        **{f"RCLONE_CONFIG_{REMOTE.upper()}_{key}": value for key, value in remote.items()},
        **({"AWS_ALLOW_HTTP": "true"} if not bundle else dict.fromkeys(_AUTHORITIES, bundle)),
    }


def _profiles(body: str, before: str = "") -> str:
    """The same body for the default profile and for each that the machine knows, by whatever name
    the command asks for it; nothing else of theirs is read."""
    known = {"default", REMOTE}
    for name in ("credentials", "config"):
        parser = configparser.RawConfigParser(strict=False, interpolation=None)
        try:
            parser.read(Path.home() / ".aws" / name)
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
        known |= {each.removeprefix("profile ") for each in parser.sections()}
    return "".join(
        f"[{name if name == 'default' else before + name}]\n{body}" for name in sorted(known)
    )


def _bundle(folder: Path, authority: str) -> str:
    """A file of those authorities that the machine trusts, and ours."""
    told = [os.environ.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile]
    trusted = next((Path(each) for each in told if each and Path(each).is_file()), None)
    text = trusted.read_text(errors="replace") if trusted else ""
    write_private(folder / "authorities.pem", f"{Path(authority).read_text()}\n{text}")
    return str(folder / "authorities.pem")


def _lines(settings: Mapping[str, str]) -> str:
    return "".join(f"{key} = {value}\n" for key, value in settings.items())


def write_private(path: Path, text: str) -> None:
    """Write a file that is for its owner's eyes alone; a device or a pipe that is there, such as
    /dev/stdout, is written to. Raises ValueError where that cannot be."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(number, "w") as file:
            if stat.S_ISREG(os.fstat(number).st_mode):
                os.fchmod(number, 0o600)
            file.write(text)
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror}") from None
