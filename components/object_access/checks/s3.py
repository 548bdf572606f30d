"""What follows from any hand-over of a bucket: what each holder can do at its places, what nobody
may do beside them, and what the bucket refuses to everyone."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from typing import Any

from botocore.exceptions import ClientError

from ..handover.model import Foreign, Job, Key, Machine, Place, Role, UploadRole
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
from .subject import Call, Subject, can, parts, top
from .verbs import BUCKET_VERBS, CHANGING, NOT_THERE, VERBS, all_calls, calls

PART = 5 * 1024 * 1024  # bytes: the smallest part that S3 takes, but for the last
PLAIN = ("list", "read", "write", "delete")
LISTING = ("list", "list-versions")
# A denied verb of a compatible store may carry another word for it.
WRONG = ("SignatureDoesNotMatch", "InvalidAccessKeyId", *DENIED)


def derived(subject: Subject) -> Iterator[Checks]:
    """The checks of everything that a hand-over of a bucket promises by itself."""
    for holder in subject.handover.holders:
        how = subject.handover.holders[holder].how
        if isinstance(how, UploadRole):
            yield UploadRoleChecks(subject, holder)
            continue
        if isinstance(how, Machine | Job):
            yield AssumedChecks(subject, holder, how.role_arn)
        if isinstance(how, Foreign):
            yield ForeignChecks(subject, holder)
        if isinstance(how, Role):
            if how.trusted and not subject.assumable(how):
                yield SimulatedChecks(subject, holder, how)
                continue
            yield RoleChecks(subject, holder)
            if not how.trusted:
                continue
        for place in subject.handover.place_of(holder).values():
            for part in parts(place):
                yield PlaceChecks(subject, holder, part)
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
                _grants(place, verb)
                and (key in place.keys if place.keys else key.startswith(place.prefix))
            )
            or (place.exact and key == place.folder and can(place, verb) and verb in LISTING)
            for place in self._places.values()
        )

    def _try(self, verb: str, place: Place, key: str) -> None:
        """Each call of a verb; what is merely not there is allowed all the same."""
        for call in calls(self._subject, self._s3, verb, top(place), key).values():
            _allowed_at_least(call)


class PlaceChecks(_Of):
    """What a holder can do at one of its places, or at one key of it, and what not."""

    def __init__(self, subject: Subject, holder: str, place: Place):
        super().__init__(subject, holder)
        self._place = place
        shown = ", ".join(self._place.keys) or self._place.prefix or "the whole bucket"
        self.scope += f"{shown}: "
        # A file like ours has none of these: without a prefix they are about the whole bucket.
        key = subject.key(self._place)
        self._missing = [
            verb
            for verb in VERBS
            if verb != "multipart"  # which is two others
            and not self._covered(verb, key)
            and not (verb in BUCKET_VERBS and self._anywhere(verb))
        ]
        plain = [verb for verb in self._missing if verb in PLAIN]
        more = len(self._missing) - len(plain)
        told = [*plain, *([f"{more} others" if plain else f"of {more}"] if more else [])]
        self.words = {"missing": ", ".join(told)}

    def _anywhere(self, verb: str) -> bool:
        return any(_grants(each, verb) for each in self._places.values())

    @allowed("list")
    def listing(self) -> None:
        self._needs("list")
        key = self._maybe_seed()
        # Every level on the way to the file is the same promise.
        for prefix in {top(self._place), key or top(self._place)}:
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
        self._subject.spare(key)
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
        key = self._subject.seed(self._holder, self._place)
        self._subject.spare(key)
        self._s3.delete_object(Bucket=self._subject.bucket, Key=key)
        self._subject.forget(key)

    @allowed("read a version")
    def reading_version(self) -> None:
        self._needs("read-versions")
        if not can(self._place, "read"):
            raise NotTried("it may not read, and so not ask which versions there are")
        file = {
            "Bucket": self._subject.bucket,
            "Key": self._subject.seed(self._holder, self._place),
        }
        version = self._s3.head_object(**file).get("VersionId", "null")
        self._s3.get_object(**file, VersionId=version)["Body"].read()

    @allowed("what else was granted: {others}")
    def others(self) -> None:
        verbs = self._others
        if not verbs:
            raise NotPromised
        key = self._subject.key(self._place)
        if {"read-tags", "write-tags", "write-acl"} & set(verbs):
            key = self._subject.seed(self._holder, self._place)
        if CHANGING & set(verbs):
            self._subject.spare(key)
        for verb in verbs:
            self._try(verb, self._place, key)

    @refused("no other verb: {missing}")
    def no_other_verb(self) -> None:
        if self._subject.where.endpoint:
            raise NotPromised  # the operator's keys are for everything
        key = self._subject.key(self._place)
        if CHANGING & set(self._missing):
            self._subject.spare(key)
        if self._missing:
            self._subject.plant(key)
        tried: dict[str, Call] = {}
        for verb in self._missing:
            tried |= calls(self._subject, self._s3, verb, top(self._place), key)
        if "write" in self._missing:
            self._subject.wrote(key)
        none_allowed(tried)

    @refused("nothing beside it")
    def beside(self) -> None:
        if not self._place.prefix and not self._place.keys:
            raise NotPromised
        near, tried = self._near(), dict[str, Call]()
        self._subject.plant(*(key for _, key in near))
        for prefix, key in near:
            for verb in VERBS:
                where = prefix if verb in LISTING else key
                if verb in BUCKET_VERBS or verb == "multipart" or self._covered(verb, where):
                    continue
                made = calls(self._subject, self._s3, verb, prefix, key)
                tried |= {f"{name} '{where[:60]}'": call for name, call in made.items()}
                if verb == "write":
                    self._subject.wrote(key)
        none_allowed(tried)

    def _near(self) -> list[tuple[str, str]]:
        """Prefixes and keys beside a place: those that begin alike, its parents, the top, and the
        project's other places."""
        near = [""]
        for each in self._place.keys or (self._place.folder,):
            near += [f"{each[:cut]}/" for cut in range(len(each)) if each[cut] == "/"]
            near += [f"{each}-2/", f"{each}2", f"x{each}/"]
        near += [] if self._place.keys else [self._place.folder]
        near += [each.prefix for each in self._subject.handover.places.values()]
        name = self._subject.name
        return [(each, f"{each}{name}") for each in dict.fromkeys(near) if each != self._own]

    @property
    def _own(self) -> str | None:
        return None if self._place.keys else self._place.prefix

    def _needs(self, verb: str) -> None:
        if not can(self._place, verb):
            raise NotPromised

    @property
    def _others(self) -> list[str]:
        plain = (*PLAIN, "read-versions", "full")  # a version has a check of its own
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
        if self._subject.where.endpoint:
            raise NotPromised  # whoever has the operator's keys has all of their buckets
        others, tried = self._subject.bystanders, dict[str, Call]()
        for theirs in filter(None, (others.bucket, others.alike.get(self._subject.bucket))):
            self._subject.plant(self._subject.name, bucket=theirs)
            made = all_calls(self._subject, self._s3, "", self._subject.name, theirs)
            tried |= {f"{name} in {theirs}": call for name, call in made.items()}
        if not tried:
            raise NotTried("needs a bucket of somebody else, which only a rehearsal has")
        none_allowed(tried)

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
        verb = next((each for each in ("list", "read", "write") if can(place, each)), "list")
        # What is refused with TLS, too, shows nothing.
        key = (
            self._subject.seed(self._holder, place) if verb == "read" else self._subject.key(place)
        )
        if verb == "write":
            self._subject.spare(key)
        none_allowed(calls(self._subject, plain, verb, top(place), key))

    @refused("administering the bucket ({administration} ways)")
    def administer(self) -> None:
        self._aws_only()
        self._subject.only_embedded()
        if self._subject.where.adopted and "full" in self._granted:
            raise NotTried("the bucket was adopted, its own policy decides what `s3:*` may change")
        places = [part for each in self._places.values() for part in parts(each)]
        keys = [self._subject.key(each) for each in places]
        self._subject.plant(*keys)
        none_allowed(attempts(ADMINISTRATION, self._client, self._subject, self._granted, keys))

    @refused("becoming more: users, keys, policies, roles ({escalation} ways)")
    def escalate(self) -> None:
        self._aws_only()
        if isinstance(self._subject.handover.holders[self._holder].how, Foreign):
            raise NotPromised  # in its own account it may be anybody
        self._subject.only_embedded()
        none_allowed(attempts(ESCALATION, self._client, self._subject))

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

    @property
    def _granted(self) -> set[str]:
        return {verb for place in self._places.values() for verb in place.access}

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
        self._nobody(self._subject.client("s3", self._subject.stranger))

    @refused("administering it, by another account and by anyone ({administration} ways)")
    def administered(self) -> None:
        if self._subject.where.endpoint:
            raise NotPromised
        self._subject.only_embedded()
        tried: dict[str, Call] = {}
        for name, who in (("another account", self._subject.stranger), ("anyone", None)):
            made = attempts(ADMINISTRATION, partial(self._client, who), self._subject)
            tried |= {f"{what} by {name}": call for what, call in made.items()}
        none_allowed(tried)

    def listed(self) -> Any:
        """With the number of ways in the name."""
        self.words = {"administration": str(len(ADMINISTRATION))}
        return super().listed()

    def _client(self, who: Key | None, service: str) -> Any:
        return self._subject.client(service, who)

    def tidy(self) -> None:
        """Remove what was written."""
        self._subject.tidy()

    def _nobody(self, s3: Any, refusals: tuple[str, ...] = DENIED) -> None:
        subject, tried = self._subject, dict[str, Call]()
        # A compatible store may not know the other verbs, and says so to anybody.
        verbs = PLAIN if subject.where.endpoint else VERBS
        for place in (part for each in subject.handover.places.values() for part in parts(each)):
            prefix, key = top(place), subject.key(place)
            subject.plant(key)
            subject.wrote(key)
            for verb in verbs:
                if verb in CHANGING and subject.harms(key):
                    continue
                made = calls(subject, s3, verb, prefix, key)
                tried |= {f"{name} '{prefix}'": call for name, call in made.items()}
        none_allowed(tried, refusals)


class RoleChecks(_Of):
    """Whom a role trusts, with which proof and for how long."""

    @property
    def _how(self) -> Role:
        how = self._subject.handover.holders[self._holder].how
        assert isinstance(how, Role)  # noqa: S101 for the type checker
        return how

    @allowed("a session of {hours} for whom it trusts")
    def longest(self) -> None:
        self._consumer()
        for each in self._how.trusted:
            who, longest = self._subject.of(each), self._how.longest_session
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
        self._subject.assume(self._how, self._subject.stranger)

    @refused("the role from its own account")
    def own_account(self) -> None:
        if self._subject.bystanders.outsider is None:
            raise NotTried("needs another user of the account, which only a rehearsal has")
        self._subject.assume(self._how, self._subject.bystanders.outsider)

    @refused("the role from somebody else in an account of which only some are trusted")
    def neighbour(self) -> None:
        none_allowed(
            {
                account: partial(self._subject.assume, self._how, who)
                for account, who in self._subject.neighbours(self._how.trusted).items()
            }
        )

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
        none_allowed(
            {
                who: partial(
                    self._subject.assume, self._how, self._subject.of(who), **{name: value}
                )
                for who in self._how.trusted
            }
        )

    def _consumer(self) -> Key:
        if not self._how.trusted:
            raise NotPromised
        return self._subject.trusted(self._how)


class ForeignChecks(_Of):
    """Somebody else's users and roles, whom the bucket's own policy lets in."""

    @allowed("each who is named gets in")
    def each(self) -> None:
        for who in self._principals:
            for call in self._calls(self._subject.of(who)).values():
                _allowed_at_least(call)

    @refused("somebody else in an account of which only some are let in")
    def neighbour(self) -> None:
        tried: dict[str, Call] = {}
        for account, who in self._subject.neighbours(self._principals).items():
            made = self._calls(who)
            tried |= {f"{account}: {name}": call for name, call in made.items()}
        none_allowed(tried)

    @property
    def _principals(self) -> tuple[str, ...]:
        how = self._subject.handover.holders[self._holder].how
        return how.principals if isinstance(how, Foreign) else ()

    def _calls(self, who: Key) -> dict[str, Call]:
        """All that is granted, at each place, as somebody; a file is there, deleting comes last."""
        s3, made = self._subject.client("s3", who), dict[str, Call]()
        for place in (part for each in self._places.values() for part in parts(each)):
            key = self._subject.key(place)
            self._subject.plant(key)
            self._subject.wrote(key)
            for verb in sorted(VERBS, key="delete".__eq__):
                if can(place, verb) and not (verb in CHANGING and self._subject.harms(key)):
                    own = calls(self._subject, s3, verb, top(place), key)
                    made |= {f"{name} '{key}'": call for name, call in own.items()}
        return made


class AssumedChecks(_Of):
    """A role that nobody assumes but by what they are: a machine, or a job with its token."""

    def __init__(self, subject: Subject, holder: str, role_arn: str):
        super().__init__(subject, holder)
        self._role_arn = role_arn

    @refused("the role, assumed by another user")
    def foreign_user(self) -> None:
        self._subject.session(self._subject.outsider, self._role_arn)

    @refused("the role, assumed from another account")
    def foreign_account(self) -> None:
        self._subject.session(self._subject.stranger, self._role_arn)


class UploadRoleChecks(HolderChecks):
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

    @refused("deleting, tags, and reading versions")
    def nothing_else(self) -> None:
        self._subject.plant(self._subject.name)
        tried: dict[str, Call] = {}
        for verb in ("delete", "read-versions", "read-tags", "write-tags", "write-acl"):
            tried |= calls(self._subject, self._s3, verb, "", self._subject.name)
        none_allowed(tried)

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
    def _granted(self) -> set[str]:
        return set()  # of the places' verbs it has those that uploads need


def _grants(place: Place, verb: str) -> bool:
    """Whether a place's access holds a verb, by that of uploads, too, which is two others."""
    of_uploads = verb in ("list-uploads", "list-parts") and can(place, "multipart")
    return can(place, verb) or of_uploads


def _allowed_at_least(call: Call) -> None:
    """Make a call; what is merely not there is allowed all the same."""
    try:
        call()
    except ClientError as error:
        if code_of(error) not in NOT_THERE:
            raise
