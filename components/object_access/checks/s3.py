"""What follows from any hand-over of a bucket: what each holder can do at its places, what nobody
may do beside them, and what the bucket refuses to everyone."""

import hashlib
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from ..handover.model import Foreign, Key, Place, Role, UploadRole
from .administration import ADMINISTRATION, ESCALATION, attempts
from .check import (
    DENIED,
    Checks,
    Failed,
    NotPromised,
    NotTried,
    allowed,
    code_of,
    none_allowed,
    refused,
)
from .simulated import SimulatedChecks
from .subject import Call, Subject, can
from .verbs import BUCKET_VERBS, NOT_THERE, VERBS, At, calls

PART = 5 * 1024 * 1024  # bytes: the smallest part that S3 takes, but for the last
# A denied verb of a compatible store may carry another word for it.
WRONG = ("SignatureDoesNotMatch", "InvalidAccessKeyId", *DENIED)


def derived(subject: Subject) -> Iterator[Checks]:
    """The checks of everything that a hand-over of a bucket promises by itself."""
    for holder in subject.handover.holders:
        how = subject.handover.holders[holder].how
        if isinstance(how, UploadRole):
            yield UploadRoleChecks(subject, holder)
            continue
        if isinstance(how, Role):
            if how.trusted and not subject.assumable(how):
                yield SimulatedChecks(subject, holder, how)
                continue
            yield RoleChecks(subject, holder)
            if not how.trusted:
                continue
        for place in subject.handover.place_of(holder):
            yield PlaceChecks(subject, holder, place)
        yield HolderChecks(subject, holder)
    yield BucketChecks(subject)


class _Of(Checks):
    """Checks of one holder."""

    def __init__(self, subject: Subject, holder: str):
        self._subject, self._holder = subject, holder
        several = len(subject.handover.holders) > 1
        self.scope = f"{holder}: " if several else ""

    @cached_property
    def _s3(self) -> Any:
        return self._subject.s3(self._holder)

    @property
    def _places(self) -> Mapping[str, Place]:
        return self._subject.handover.place_of(self._holder)

    def _covered(self, verb: str, key: str) -> bool:
        """Whether some place of the holder grants a verb on a key, or on listing a prefix."""
        return any(
            (
                can(place, verb)
                and (key in place.keys if place.keys else key.startswith(place.prefix))
            )
            or (place.exact and key == place.folder and verb.startswith("list"))
            for place in self._places.values()
        )

    def _listable(self, verb: str, prefix: str) -> bool:
        """Whether listing with this prefix is promised: nothing may come that is not."""
        return self._covered(verb, prefix)

    def _calls(self, verb: str, prefix: str, key: str) -> dict[str, Call]:
        return calls(self._s3, verb, At(self._subject.bucket, prefix, key))


class PlaceChecks(_Of):
    """What a holder can do at one of its places, and what not."""

    def __init__(self, subject: Subject, holder: str, place: str):
        super().__init__(subject, holder)
        self._place = subject.handover.places[place]
        shown = ", ".join(self._place.keys) or self._place.prefix or "the whole bucket"
        self.scope += f"{shown}: "
        # A file like ours has none of these: without a prefix they are about the whole bucket.
        self._missing = [
            verb
            for verb in VERBS
            if not self._somewhere(verb) and not (verb in BUCKET_VERBS and self._anywhere(verb))
        ]
        plain = [verb for verb in self._missing if verb in ("list", "read", "write", "delete")]
        more = len(self._missing) - len(plain)
        told = [*plain, *([f"{more} others" if plain else f"of {more}"] if more else [])]
        self.words = {"missing": ", ".join(told)}

    def _somewhere(self, verb: str) -> bool:
        """Whether the holder has a verb at this place, by it or by a wider one."""
        key = self._subject.key(self._place)
        if self._covered(verb, key):
            return True
        # A multipart grant is two other verbs.
        return verb in ("list-uploads", "list-parts") and self._covered("multipart", key)

    def _anywhere(self, verb: str) -> bool:
        return any(
            can(each, verb) or (verb == "list-uploads" and can(each, "multipart"))
            for each in self._places.values()
        )

    @allowed("list")
    def listing(self) -> None:
        self._needs("list")
        key = self._maybe_seed()
        # Every level on the way to the file is the same promise.
        for prefix in {self._prefix, key or self._prefix}:
            answer = self._s3.list_objects_v2(Bucket=self._subject.bucket, Prefix=prefix)
            listed = {each["Key"] for each in answer.get("Contents", [])}
            if key and not answer["IsTruncated"] and key not in listed:
                raise Failed("the file that is there was not listed")

    @allowed("list, typed without its slash")
    def listing_exact(self) -> None:
        if not self._place.exact or not self._place.prefix:
            raise NotPromised
        self._needs("list")
        where = {"Bucket": self._subject.bucket, "Prefix": self._place.folder}
        self._s3.list_objects_v2(**where, MaxKeys=1)

    @allowed("read")
    def reading(self) -> None:
        self._needs("read")
        key = self._subject.seed(self._holder, self._place)
        self._s3.get_object(Bucket=self._subject.bucket, Key=key)["Body"].read()

    @allowed("read by a presigned link")
    def presigned(self) -> None:
        self._needs("read")
        if isinstance(self._subject.handover.holders[self._holder].how, Foreign):
            raise NotPromised  # it signs with keys of its own, which it may not hand out
        key = self._subject.seed(self._holder, self._place)
        answer = self._subject.presigned(self._s3, key)
        if answer.status_code != 200:
            raise Failed(f"the link answered {answer.status_code}")

    @allowed("write, and overwrite")
    def writing(self) -> None:
        self._needs("write")
        key = self._subject.key(self._place)
        if self._place.keys and not self._subject.target.embedded:
            raise NotTried("writing there would overwrite what is kept there")
        for body in (b"one", b"two"):
            self._subject.put(self._s3, key, body)
        if can(self._place, "read"):
            read = self._s3.get_object(Bucket=self._subject.bucket, Key=key)["Body"].read()
            if read != b"two":
                raise Failed("the file that was read is not the one that was written")

    @allowed("break off a large upload")
    def abort(self) -> None:
        self._needs("write")
        where = {"Bucket": self._subject.bucket, "Key": self._subject.key(self._place)}
        upload = self._s3.create_multipart_upload(**where)["UploadId"]
        self._s3.abort_multipart_upload(**where, UploadId=upload)

    @allowed("delete")
    def deleting(self) -> None:
        self._needs("delete")
        if self._place.keys and not self._subject.target.embedded:
            raise NotTried("deleting there would remove what is kept there")
        key = self._subject.seed(self._holder, self._place)
        self._s3.delete_object(Bucket=self._subject.bucket, Key=key)
        self._subject.forget(key)

    @allowed("what else was granted: {others}")
    def others(self) -> None:
        verbs = self._others
        if not verbs:
            raise NotPromised
        with self._there(verbs) as at:
            for call in (each for verb in verbs for each in calls(self._s3, verb, at).values()):
                try:
                    call()
                except ClientError as error:
                    if code_of(error) not in NOT_THERE:
                        raise

    @refused("no other verb: {missing}")
    def no_other_verb(self) -> None:
        if self._subject.where.endpoint:
            raise NotPromised  # the operator's keys are for everything
        key = self._subject.key(self._place)
        tried: dict[str, Call] = {}
        for verb in self._missing:
            tried |= self._calls(verb, self._prefix, key)
        for verb in set(VERBS) - set(self._missing):  # a missing verb may hold one that is granted
            for name in self._calls(verb, "", key):
                tried.pop(name, None)
        if "write" in self._missing:
            self._subject.wrote(key)
        none_allowed(tried, (*DENIED, "AccessControlListNotSupported"))

    @refused("nothing beside it")
    def beside(self) -> None:
        if not self._place.prefix and not self._place.keys:
            raise NotPromised
        tried: dict[str, Call] = {}
        for prefix in self._near():
            key = prefix if self._place.keys else f"{prefix}{self._subject.name}"
            for verb in ("list", "list-versions"):
                if not self._listable(verb, prefix):
                    tried |= self._named(verb, prefix, key, f"'{prefix}'")
            for verb in ("read", "write", "delete"):
                if not self._covered(verb, key):
                    tried |= self._named(verb, prefix, key, f"'{key[:60]}'")
                    if verb == "write":
                        self._subject.wrote(key)
        none_allowed(tried)

    def _named(self, verb: str, prefix: str, key: str, where: str) -> dict[str, Call]:
        return {f"{name} {where}": call for name, call in self._calls(verb, prefix, key).items()}

    def _near(self) -> list[str]:
        """Names beside a place: those that begin alike, its parents, and the top."""
        if self._place.keys:
            return [f"{key}{end}" for key in self._place.keys[:1] for end in ("-2", "/x", ".old")]
        folder = self._place.folder
        parents = [folder[:cut] for cut in range(len(folder)) if folder[cut] == "/"]
        near = ["", folder, f"{folder}-2/", f"{folder}2", f"x{folder}/"]
        return [*near, *(f"{parent}/" for parent in parents)]

    def _needs(self, verb: str) -> None:
        if not can(self._place, verb):
            raise NotPromised

    @property
    def _prefix(self) -> str:
        """What a listing of the place asks for."""
        return self._place.keys[0] if self._place.keys else self._place.prefix

    @contextmanager
    def _there(self, verbs: Collection[str]) -> Iterator[At]:
        """Something that these verbs can be tried on: a file, its version, an unfinished upload."""
        key = self._subject.key(self._place)
        at = At(self._subject.bucket, self._prefix, key)
        if {*verbs} & {"read-tags", "read-versions", "write-tags", "write-acl"}:
            at = at._replace(key=self._subject.seed(self._holder, self._place))
        where = {"Bucket": at.bucket, "Key": at.key}
        if "read-versions" in verbs and can(self._place, "read"):
            version = self._s3.head_object(**where).get("VersionId", at.version)
            at = at._replace(version=version)
        if "list-parts" not in verbs or not can(self._place, "write"):
            yield at
            return
        upload = self._s3.create_multipart_upload(**where)["UploadId"]
        try:
            yield at._replace(upload=upload)
        finally:
            self._s3.abort_multipart_upload(**where, UploadId=upload)

    @property
    def _others(self) -> list[str]:
        plain = {"list", "read", "write", "delete", "full"}
        return [verb for verb in self._place.access if verb not in plain]

    def _maybe_seed(self) -> str:
        try:
            return self._subject.seed(self._holder, self._place)
        except NotTried:
            return ""

    def listed(self) -> Any:
        """With the names of the verbs in them."""
        self.words = {**self.words, "others": ", ".join(self._others)}
        return super().listed()


class HolderChecks(_Of):
    """What a holder may do nowhere."""

    @refused("another bucket")
    def other_bucket(self) -> None:
        theirs = self._subject.bystanders.bucket
        if not theirs or self._subject.where.endpoint:
            if self._subject.where.endpoint:
                raise NotPromised  # whoever has the operator's keys has all of their buckets
            raise NotTried("needs a bucket of somebody else, which only a rehearsal has")
        file = {"Bucket": theirs, "Key": self._subject.name}
        none_allowed(
            {
                "listing": lambda: self._s3.list_objects_v2(Bucket=theirs),
                "reading": lambda: self._s3.get_object(**file),
                "writing": lambda: self._s3.put_object(**file, Body=b""),
                "deleting": lambda: self._s3.delete_object(**file),
            }
        )

    @refused("the same keys without TLS")
    def plain_http(self) -> None:
        if self._subject.where.endpoint:
            raise NotPromised  # its operator decides
        if self._subject.where.adopted:
            raise NotTried("the bucket was adopted, its own policy decides")
        target = self._subject.target
        if target.endpoint and not target.http_endpoint:
            raise NotTried("the address without TLS is not known here")
        plain = self._subject.client("s3", self._subject.keys(self._holder), tls=False)
        place = next(iter(self._places.values()))
        prefix, key = place.prefix, self._subject.key(place)
        verb = next((each for each in ("list", "read", "write") if can(place, each)), "list")
        none_allowed(calls(plain, verb, At(self._subject.bucket, prefix, key)))

    @refused("administering the bucket ({administration} ways)")
    def administer(self) -> None:
        self._aws_only()
        self._subject.only_embedded()
        granted = {verb for place in self._places.values() for verb in place.access}
        none_allowed(
            attempts(ADMINISTRATION, self._client, self._subject, granted),
            (*DENIED, "AccessControlListNotSupported"),
        )

    @refused("becoming more: users, keys, policies, roles ({escalation} ways)")
    def escalate(self) -> None:
        self._aws_only()
        self._subject.only_embedded()
        none_allowed(attempts(ESCALATION, self._client, self._subject, set()))

    def listed(self) -> Any:
        """With the number of ways in the names."""
        self.words = {
            "administration": str(len(ADMINISTRATION)),
            "escalation": str(len(ESCALATION)),
        }
        return super().listed()

    def _aws_only(self) -> None:
        if self._subject.where.endpoint:
            raise NotPromised  # the operator's keys are the administrator's; there is no IAM
        if isinstance(self._subject.handover.holders[self._holder].how, Foreign):
            raise NotPromised  # in its own account it may be anybody

    def _client(self, service: str) -> Any:
        return self._subject.client(service, self._subject.keys(self._holder))


class BucketChecks(Checks):
    """What a bucket refuses to those who hold nothing."""

    def __init__(self, subject: Subject):
        self._subject = subject

    @refused("anyone without keys")
    def anonymous(self) -> None:
        self._nobody(self._subject.client("s3", None))

    @refused("wrong keys", *WRONG)
    def wrong_keys(self) -> None:
        wrong = Key(access_key_id="AKIAIOSFODNN7EXAMPLE", secret_access_key="x" * 40)
        self._nobody(self._subject.client("s3", wrong), WRONG)

    @refused("another user of the store")
    def other_user(self) -> None:
        if not self._subject.where.endpoint:
            raise NotPromised  # in one account IAM decides, and that is asked for each holder
        self._nobody(self._subject.client("s3", self._subject.outsider))

    @refused("another account")
    def other_account(self) -> None:
        if self._subject.where.endpoint:
            raise NotPromised
        stranger = self._subject.bystanders.stranger
        if stranger is None:
            raise NotTried("needs another account, which only a rehearsal has")
        self._nobody(self._subject.client("s3", stranger))

    def tidy(self) -> None:
        """Remove what was written."""
        self._subject.tidy()

    def _nobody(self, s3: Any, refusals: tuple[str, ...] = DENIED) -> None:
        subject = self._subject
        place = next(iter(subject.handover.places.values()))
        key = subject.key(place)
        subject.wrote(key)
        where = {"Bucket": subject.bucket, "Key": key}
        none_allowed(
            {
                "reading": lambda: s3.get_object(**where),
                "listing": lambda: s3.list_objects_v2(Bucket=subject.bucket, Prefix=place.prefix),
                "writing": lambda: s3.put_object(**where, Body=b""),
                "deleting": lambda: s3.delete_object(**where),
            },
            refusals,
        )


class RoleChecks(_Of):
    """Whom a role trusts, with which proof and for how long."""

    @property
    def _how(self) -> Role:
        how = self._subject.handover.holders[self._holder].how
        assert isinstance(how, Role)  # noqa: S101 for the type checker
        return how

    @allowed("a session of {hours} for whom it trusts")
    def longest(self) -> None:
        who = self._consumer()
        longest = self._how.longest_session
        if who.session_token:  # a role's own session can open one of an hour at the most
            longest = min(longest, 3_600)
        self._subject.assume(self._how, who, DurationSeconds=longest)

    @allowed("it may assume itself")
    def itself(self) -> None:
        if not self._how.self_assuming:
            raise NotPromised
        self._subject.assume(self._how, self._subject.keys(self._holder))

    @refused("a second more", "ValidationError")
    def longer(self) -> None:
        who = self._consumer()
        self._subject.assume(self._how, who, DurationSeconds=self._how.longest_session + 1)

    @refused("the role without its {proof}")
    def no_proof(self) -> None:
        self._assumed(None)

    @refused("the role with a wrong {proof}")
    def wrong_proof(self) -> None:
        self._assumed(self._subject.name)

    @refused("the role from another account, with the right {proof}")
    def other_account(self) -> None:
        stranger = self._subject.bystanders.stranger
        if stranger is None:
            raise NotTried("needs another account, which only a rehearsal has")
        self._subject.assume(self._how, stranger)

    @refused("the role from its own account")
    def own_account(self) -> None:
        if self._subject.bystanders.outsider is None:
            raise NotTried("needs another user of the account, which only a rehearsal has")
        self._subject.assume(self._how, self._subject.bystanders.outsider)

    def listed(self) -> Any:
        """With the proof and the time in the names."""
        proof = "session name" if self._how.session_name else "external ID"
        hours = self._how.longest_session / 3_600
        told = f"{hours:g} hours" if hours > 1 else "an hour"
        self.words = {"proof": proof, "hours": told}
        return super().listed()

    def _assumed(self, value: str | None) -> None:
        name = "RoleSessionName" if self._how.session_name else "ExternalId"
        if name == "RoleSessionName" and value is None:
            value = "somebody"  # a session always has a name
        self._subject.assume(self._how, self._consumer(), **{name: value})

    def _consumer(self) -> Key:
        if not self._how.trusted:
            raise NotPromised
        return self._subject.trusted(self._how)


class UploadRoleChecks(_Of):
    """A role for uploads in parts, which only a user of the project assumes."""

    @allowed("uploads in parts, the file is read back whole")
    def multipart(self) -> None:
        where = {"Bucket": self._subject.bucket, "Key": self._subject.name}
        self._subject.wrote(self._subject.name)
        upload = {**where, "UploadId": self._s3.create_multipart_upload(**where)["UploadId"]}
        parts, sent = [], hashlib.sha256()
        for number, body in enumerate((os.urandom(PART), b"the end"), 1):
            sent.update(body)
            made = self._s3.upload_part(**upload, PartNumber=number, Body=body)
            parts.append({"PartNumber": number, "ETag": made["ETag"]})
        self._s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        read = hashlib.sha256(self._s3.get_object(**where)["Body"].read())
        if read.digest() != sent.digest():
            raise Failed("the file that was read is not the one that was written")

    @refused("deleting, and administering the bucket")
    def nothing_else(self) -> None:
        self._subject.only_embedded()
        where = {"Bucket": self._subject.bucket, "Key": self._subject.name}
        made = attempts(
            ADMINISTRATION,
            lambda service: self._subject.client(service, self._keys),
            self._subject,
            set(),
        )
        none_allowed(
            {"deleting": lambda: self._s3.delete_object(**where), **made},
            (*DENIED, "AccessControlListNotSupported"),
        )

    @refused("the role, assumed by another user")
    def foreign_user(self) -> None:
        self._subject.session(self._subject.outsider, self._role)

    @refused("a session of more than an hour", "ValidationError")
    def long_session(self) -> None:
        how = self._subject.handover.holders[self._holder].how
        assert isinstance(how, UploadRole)  # noqa: S101 for the type checker
        who = self._subject.keys(how.of)
        self._subject.session(who, self._role, DurationSeconds=3_601)

    @property
    def _role(self) -> str:
        how = self._subject.handover.holders[self._holder].how
        assert isinstance(how, UploadRole)  # noqa: S101 for the type checker
        return how.role_arn

    @property
    def _keys(self) -> Key:
        return self._subject.keys(self._holder)
