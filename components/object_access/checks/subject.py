"""The project that is checked: its hand-over, where that is, who else is there, and how each of its
holders logs in."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import cache, cached_property
from typing import Any
from uuid import uuid4

import requests
from botocore.exceptions import BotoCoreError, ClientError
from botocore.utils import InstanceMetadataFetcher

from ..handover.model import (
    S3,
    ExistingRole,
    Foreign,
    Handover,
    Job,
    Key,
    Machine,
    Place,
    Profile,
    Role,
    Runner,
    UploadRole,
)
from ..policies.trust import account_of, is_whole_account
from .check import Bystanders, Failed, NotPromised, NotTried
from .clients import Clients, clients
from .target import Target

SESSION = "object-access-check"
HARMFUL = "would do harm if it were allowed, so that only a rehearsal tries it"


class Subject:
    """Everything is written under one name that nobody else uses, and removed again."""

    def __init__(self, handover: Handover, target: Target, bystanders: Bystanders):
        self.handover, self.bystanders = handover, bystanders
        self.where: S3 = handover.where  # type: ignore[assignment]  # Swift has a room of its own
        self.target = target
        if self.where.endpoint:  # not where AWS is
            self.target = Target(
                endpoint=self.where.endpoint, compatible=True, embedded=target.embedded
            )
        self.bucket, self.region = self.where.bucket, self.where.region
        self.name = f"object-access-check-{uuid4().hex}"
        self._open = ExitStack()
        self._written: set[str] = set()
        self.versions: dict[str, str] = {}
        """The versions of the files that were written in the bucket, by key."""
        self.keys = cache(self._keys)

    def s3(self, holder: str) -> Any:
        """A client of S3 that logs in as this holder. Raises NotTried where nobody here can."""
        return self.target.client("s3", self.region, self.keys(holder))

    def client(self, service: str, who: Key | None, **options: Any) -> Any:
        """A client of any service."""
        return self.target.client(service, self.region, who, **options)

    @property
    def outsider(self) -> Key:
        """Somebody else, with keys. Raises NotTried where there is nobody."""
        other = self.bystanders.compatible if self.where.endpoint else self.bystanders.outsider
        if other is None:
            raise NotTried("needs another user of the store, which only a rehearsal has")
        return other

    @property
    def stranger(self) -> Key:
        """Another account, with keys. Raises NotTried where there is none."""
        if self.bystanders.stranger is None:
            raise NotTried("needs another account, which only a rehearsal has")
        return self.bystanders.stranger

    def only_embedded(self) -> None:
        """Leave to rehearsals what would do harm. Raises NotTried elsewhere."""
        if not self.target.embedded:
            raise NotTried(HARMFUL)

    def harms(self, key: str) -> bool:
        """Whether changing this file would harm: its name is not ours, and it is no rehearsal."""
        return self.name not in key and not self.target.embedded

    def spare(self, key: str) -> None:
        """Leave a file that is not ours as it is. Raises NotTried where changing it would harm."""
        if self.harms(key):
            raise NotTried("it would change what is kept there, so that only a rehearsal tries it")

    # --- files ---

    def key(self, place: Place, what: str = "") -> str:
        """Where a check may write in a place."""
        return place.keys[0] if place.keys else f"{place.prefix}{self.name}{what}"

    def seed(self, holder: str, place: Place, what: str = "") -> str:
        """The key of a file that is there: written by the holder who may, by somebody else in a
        rehearsal, or found. Raises NotTried where there is none."""
        key = self.key(place, what)
        if can(place, "write") and not place.keys:
            self.put(self.s3(holder), key)
        elif self.bystanders.outsider and not self.where.endpoint:
            self.put(self.client("s3", self.outsider), key)
        elif can(place, "list"):
            found = self.s3(holder).list_objects_v2(
                Bucket=self.bucket, Prefix=top(place), MaxKeys=1
            )
            if "Contents" not in found:
                raise NotTried("there is no file in this place yet")
            return str(found["Contents"][0]["Key"])
        else:
            raise NotTried("nothing is there that it may read, and it may not write")
        return key

    def put(self, s3: Any, key: str, body: bytes = b"check", **more: Any) -> dict[str, Any]:
        """Write a small file, and remember to remove it."""
        self.wrote(key)
        made = dict(s3.put_object(Bucket=self.bucket, Key=key, Body=body, **more))
        self.versions[key] = made.get("VersionId", "null")
        return made

    def plant(self, *keys: str, bucket: str = "") -> None:
        """Have files where a holder must not find them, by somebody else, where there is anybody.

        To whoever may not list, S3 answers 403 for what is not there, so that being refused to
        read where nothing is proves nothing (API reference, "GetObject").
        """
        if self.where.endpoint or not self.bystanders.outsider:
            return
        region = self.bystanders.region if bucket else self.region
        s3 = self.target.client("s3", region, self.outsider)
        for key in keys:
            if bucket:
                s3.put_object(Bucket=bucket, Key=key, Body=b"check")
            else:
                self.put(s3, key)

    def forget(self, key: str) -> None:
        """A file that is gone."""
        self._written.discard(key)

    def wrote(self, key: str) -> None:
        """A file that somebody wrote, to be removed; what would harm stays."""
        if not self.harms(key):
            self._written.add(key)

    def tidy(self) -> None:
        """Remove what was written, with the keys that can."""
        self._open.close()
        able = [name for name in self.handover.holders if self._deletes(name)]
        for key in sorted(self._written):
            for who in [*able, None]:
                with suppress(ClientError, BotoCoreError, OSError, NotTried, Failed):
                    s3 = self.s3(who) if who else self.client("s3", self.outsider)
                    s3.delete_object(Bucket=self.bucket, Key=key)
                    break
        self._written.clear()

    def _deletes(self, holder: str) -> bool:
        return any(can(each, "delete") for each in self.handover.place_of(holder).values())

    # --- how each holder logs in ---

    def _keys(self, holder: str) -> Key:
        how = self.handover.holders[holder].how
        ways: Mapping[type, Callable[[Any], Key]] = {
            Key: lambda how: how,
            Profile: self._of_profile,
            Machine: self._of_machine,
            Role: lambda how: self.assume(how, self.trusted(how)),
            UploadRole: lambda how: self.session(self.keys(how.of), how.role_arn),
            Foreign: lambda how: self.of(how.principals[0]),
            ExistingRole: lambda how: self.of(f"role/{how.name}"),
            Job: self._of_job,
            Runner: self._of_job,
        }
        if type(how) not in ways:
            raise NotTried(f"nobody logs in as {holder}")
        try:
            return ways[type(how)](how)
        except ClientError as error:  # which is no refusal of what is tried then
            code = error.response["Error"]["Code"]
            raise Failed(f"{holder} cannot log in: {code}") from None

    def _of_profile(self, how: Profile) -> Key:
        if not how.access_key_id:
            raise NotTried(f"needs the keys of profile '{how.profile}', see --profile")
        return Key(
            access_key_id=how.access_key_id,
            secret_access_key=how.secret_access_key,
            session_token=how.session_token,
        )

    def trusted(self, how: Role) -> Key:
        """Keys of somebody whom a role trusts. Raises NotTried where there are none."""
        if not how.trusted:
            raise NotTried("trusts nobody yet")
        return self.of(how.trusted[0])

    def neighbours(self, principals: Iterable[str]) -> dict[str, Key]:
        """Somebody else in each account of which only some are named, by account. Raises
        NotPromised where there is no such account, and NotTried where nobody of it is here."""
        accounts = named_in_part(principals)
        if not accounts:
            raise NotPromised
        for account in accounts:
            if account not in self.bystanders.neighbours:
                raise NotTried(f"needs another user of account {account}, as a rehearsal has one")
        return {account: self.bystanders.neighbours[account] for account in accounts}

    def assumable(self, how: Role) -> bool:
        """Whether somebody here can assume a role."""
        return any(each in self.bystanders.trusted for each in how.trusted)

    def of(self, principal: str) -> Key:
        """Keys of a principal of somebody else. Raises NotTried where only it has them."""
        if principal not in self.bystanders.trusted:
            raise NotTried(f"needs keys of {principal}, which only it has")
        return self.bystanders.trusted[principal]

    def assume(self, how: Role, who: Key, **change: Any) -> Key:
        """A session of a role, with the proof that it asks for unless `change` says otherwise."""
        proof: dict[str, Any] = {}
        if how.external_id:
            proof["ExternalId"] = how.external_id
        if how.session_name:
            proof["RoleSessionName"] = how.session_name
        asked = {key: each for key, each in (proof | change).items() if each is not None}
        return self.session(who, how.role_arn, **asked)

    def session(self, who: Key, role_arn: str, **more: Any) -> Key:
        """Keys of a session of a role; what is asked for, STS checks and not the client."""
        sts = self.target.client("sts", self.region, who, checked=False)
        made = sts.assume_role(**{"RoleArn": role_arn, "RoleSessionName": SESSION, **more})
        return key_of(made["Credentials"])

    def _of_job(self, how: Job) -> Key:
        token = self.bystanders.tokens.get(f"{how.provider} {how.subjects[0]}")
        if token is None:
            raise NotTried(f"needs a token of {how.provider.partition('/')[2]}")
        made = self.client("sts", None).assume_role_with_web_identity(
            RoleArn=how.role_arn, RoleSessionName=SESSION, WebIdentityToken=token
        )
        return key_of(made["Credentials"])

    def _of_machine(self, how: Machine) -> Key:
        role, options = how.role_arn.rpartition("/")[2], {}
        if at := self.metadata(how):
            options["base_url"] = f"{at}/"
        given = InstanceMetadataFetcher(
            timeout=2, num_attempts=1, **options
        ).retrieve_iam_role_credentials()
        if given.get("role_name") != role:
            if self.metadata(how):
                raise Failed("the machine gets no credentials")
            raise NotTried(f"try it on a machine with the instance profile {how.instance_profile}")
        return Key(
            access_key_id=given["access_key"],
            secret_access_key=given["secret_key"],
            session_token=given["token"],
        )

    def metadata(self, how: Machine) -> str | None:
        """Where the machine's metadata are; None for where they always are."""
        if not self.target.metadata:
            return None
        account = how.role_arn.split(":")[4]
        return f"{self.target.metadata}/{account}/{how.instance_profile}"

    # --- clients, pages ---

    @cached_property
    def tools(self) -> Clients:
        """The consumers' own clients, with the files that were handed over."""
        return self._open.enter_context(clients(self.handover, self.target))

    def http(self, method: str, url: str, **request: Any) -> requests.Response:
        """What an address answers."""
        return requests.request(
            method, url, verify=self.target.ca_bundle or True, timeout=60, **request
        )

    def presigned(self, s3: Any, key: str, **headers: str) -> requests.Response:
        """What a presigned link of one minute answers."""
        url = s3.generate_presigned_url(
            "get_object", Params={"Bucket": self.bucket, "Key": key}, ExpiresIn=60
        )
        return self.http("GET", url, headers=headers)


def named_in_part(principals: Iterable[str]) -> list[str]:
    """The accounts of which only some users or roles are named, sorted."""
    whole = {account_of(each) for each in principals if is_whole_account(each)}
    return sorted({account_of(each) for each in principals} - whole)


def top(place: Place) -> str:
    """What all names of a place begin with; of exact keys, the first."""
    return place.keys[0] if place.keys else place.prefix


def parts(place: Place) -> list[Place]:
    """A place as what is tried one by one: each of its exact keys."""
    return [replace(place, keys=(key,)) for key in place.keys] or [place]


def can(place: Place, verb: str) -> bool:
    """Whether a place's access holds a verb."""
    return verb in place.access or "full" in place.access


def key_of(credentials: Mapping[str, str]) -> Key:
    """Temporary credentials as STS gives them."""
    return Key(
        access_key_id=credentials["AccessKeyId"],
        secret_access_key=credentials["SecretAccessKey"],
        session_token=credentials["SessionToken"],
    )


Call = Callable[[], object]
