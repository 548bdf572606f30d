"""What follows from any hand-over of a bucket: what each holder can do at its places, what nobody
may do beside them, and what the bucket refuses to everyone."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property, partial
from typing import Any

from botocore.exceptions import ClientError

from ..handover.model import Foreign, Job, Key, Machine, Place, Role, UploadRole
from ..policies.grants import Access
from .administration import ADMINISTRATION, ESCALATION, FILES, attempts
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
from .verbs import BUCKET_VERBS, CHANGING, LISTING, NOT_THERE, VERBS, calls

PART = 5 * 1024 * 1024  # bytes: the smallest part that S3 takes, but for the last
# A denied verb of a compatible store may carry another word for it.
WRONG = ("SignatureDoesNotMatch", "InvalidAccessKeyId", *DENIED)
STRANGER = "999999999999"  # who has nothing, unless a project trusts just that account
_OF_FILES = ("read-versions", "read-tags", "write-tags", "write-acl", "list-parts")


def derived(subject: Subject) -> Iterator[Checks]:
    """The checks of everything that a hand-over of a bucket promises by itself."""
    for holder in subject.handover.holders:
        how = subject.handover.holders[holder].how
        if isinstance(how, UploadRole):
            yield UploadRoleChecks(subject, holder)
            yield HolderChecks(subject, holder)
            continue
        if isinstance(how, Role):
            if how.trusted and not any(map(subject.assumable, how.trusted)):
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

    def _client(self, service: str) -> Any:
        return self._subject.client(service, self._subject.keys(self._holder))

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
            or (place.exact and key == place.folder and verb in LISTING and can(place, verb))
            for place in self._places.values()
        )

    def _try(self, verb: str, place: Place, key: str) -> None:
        """Each call of a verb; what is merely not there is allowed all the same."""
        for call in calls(self._subject, self._s3, verb, top(place), key).values():
            try:
                call()
            except ClientError as error:
                if code_of(error) not in NOT_THERE:
                    raise


class PlaceChecks(_Of):
    """What a holder can do at one of its places, and what not."""

    def __init__(self, subject: Subject, holder: str, place: Place):
        super().__init__(subject, holder)
        self._place = place
        shown = ", ".join(self._place.keys) or self._place.prefix or "the whole bucket"
        self.scope += f"{shown}: "
        # A file like ours has none of these: without a prefix they are about the whole bucket.
        self._missing = [
            verb
            for verb in VERBS
            if verb != "multipart"  # which is two others
            and not self._somewhere(verb)
            and not (verb in BUCKET_VERBS and self._anywhere(verb))
        ]
        plain = [verb for verb in self._missing if verb in ("list", "read", "write", "delete")]
        more = len(self._missing) - len(plain)
        told = [*plain, *([f"{more} others" if plain else f"of {more}"] if more else [])]
        self.words = {"missing": ", ".join(told)}

    def _somewhere(self, verb: str, key: str = "") -> bool:
        """Whether the holder has a verb at this place, by it or by a wider one; or for a key."""
        key = key or self._subject.key(self._place)
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
        whole = top(self._place)
        for prefix in {whole, key or whole}:
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
        if self._place.keys and CHANGING & set(verbs):
            self._subject.only_embedded()
        if {"read-tags", "write-tags", "write-acl"} & set(verbs):
            key = self._subject.seed(self._holder, self._place)
        for verb in verbs:
            self._try(verb, self._place, key)

    @refused("no other verb: {missing}")
    def no_other_verb(self) -> None:
        if self._subject.where.endpoint:
            raise NotPromised  # the operator's keys are for everything
        if self._place.keys and CHANGING & set(self._missing):
            self._subject.only_embedded()
        key = self._subject.key(self._place)
        # A file that is not there is no proof: who may not list is refused it as well.
        there = self._maybe_seed() or key
        tried: dict[str, Call] = {}
        for verb in self._missing:
            file = key if verb in CHANGING else there
            tried |= calls(self._subject, self._s3, verb, top(self._place), file)
        if "write" in self._missing:
            self._subject.wrote(key)
        none_allowed(tried, (*DENIED, "AccessControlListNotSupported"))

    @refused("more than a verb of its files ({files} ways)")
    def files(self) -> None:
        if self._subject.where.endpoint:
            raise NotPromised  # the operator's keys are for everything
        self._subject.only_embedded()
        key = self._subject.key(self._place)
        self._subject.placed(key)
        granted = {verb for verb in Access if self._covered(verb, key)}
        none_allowed(
            attempts(FILES, self._client, self._subject, granted, key),
            (*DENIED, "AccessControlListNotSupported"),
        )

    @refused("nothing beside it")
    def beside(self) -> None:
        tried: dict[str, Call] = {}
        for prefix, key in self._near():
            for verb in LISTING:
                if not self._covered(verb, prefix):
                    tried |= self._named(verb, prefix, key, f"'{prefix}'")
            for verb in ("write", "delete"):
                if not self._covered(verb, key):
                    tried |= self._named(verb, prefix, key, f"'{key[:60]}'")
                    if verb == "write":
                        self._subject.wrote(key)
        none_allowed(tried)

    @refused("reading beside it")
    def reading_beside(self) -> None:
        near = self._near()
        tried: dict[str, Call] = {}
        for prefix, key in near:
            if not self._covered("read", key):
                tried |= self._named("read", prefix, key, f"'{key[:60]}'")
        for verb in _OF_FILES:  # the rarer ones at one of them
            prefix, key = near[0] if near else ("", "")
            if near and not self._somewhere(verb, key):
                tried |= self._named(verb, prefix, key, f"'{key[:60]}'")
        if tried and not self._subject.placed(*(key for _, key in near)):
            raise NotTried("needs files there, which only a rehearsal has")
        none_allowed(tried)

    def _named(self, verb: str, prefix: str, key: str, where: str) -> dict[str, Call]:
        made = calls(self._subject, self._s3, verb, prefix, key)
        return {f"{name} {where}": call for name, call in made.items()}

    def _near(self) -> list[tuple[str, str]]:
        """Prefixes and names beside a place: those that begin alike, its parents, the top, and
        a folder of no name that anybody knows."""
        own = self._subject.name
        if self._place.keys:
            [key] = self._place.keys
            ends = (f"-{own}", f"/{own}", f".{own}")
            return [*((f"{key}{end}", f"{key}{end}") for end in ends), (f"{own}/", f"{own}/x")]
        if not self._place.prefix:
            return []
        folder = self._place.folder
        parents = [folder[:cut] for cut in range(len(folder)) if folder[cut] == "/"]
        near = [f"{folder}-2/", "", folder, f"{folder}2", f"x{folder}/", f"{own}/"]
        near += [f"{parent}/" for parent in parents]
        return [(prefix, f"{prefix}{own}") for prefix in near]

    def _needs(self, verb: str) -> None:
        if not can(self._place, verb):
            raise NotPromised

    @property
    def _others(self) -> list[str]:
        plain = {"list", "read", "read-versions", "write", "delete", "full"}
        return [verb for verb in self._place.access if verb not in plain]

    def _maybe_seed(self) -> str:
        try:
            return self._subject.seed(self._holder, self._place)
        except NotTried:
            return ""

    def listed(self) -> Any:
        """With the names of the verbs in them."""
        told = {"others": ", ".join(self._others), "files": str(len(FILES))}
        self.words = {**self.words, **told}
        return super().listed()


class HolderChecks(_Of):
    """What a holder may do nowhere."""

    @refused("another bucket")
    def other_bucket(self) -> None:
        if self._subject.where.endpoint:
            raise NotPromised  # whoever has the operator's keys has all of their buckets
        others = self._subject.bystanders
        theirs = [each for each in (others.bucket, others.alike.get(self._subject.bucket)) if each]
        if not theirs:
            raise NotTried("needs a bucket of somebody else, which only a rehearsal has")
        key, tried = self._subject.name, dict[str, Call]()
        for bucket in theirs:
            self._subject.client("s3", self._subject.outsider).put_object(Bucket=bucket, Key=key)
            for verb in ("list", "read", "write", "delete"):
                made = calls(self._subject, self._s3, verb, "", key, bucket)
                tried |= {f"{name} in {bucket}": call for name, call in made.items()}
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
        # What is refused with TLS, too, shows nothing.
        tried: dict[str, Call] = {}
        for place in (part for each in self._places.values() for part in parts(each)):
            verb = next((each for each in ("list", "read", "write") if can(place, each)), "")
            if verb and not (verb == "write" and place.keys):
                key = (
                    self._subject.seed(self._holder, place) if verb == "read" else self._name(place)
                )
                made = calls(self._subject, plain, verb, top(place), key)
                tried |= {f"{name} '{key[:60]}'": call for name, call in made.items()}
        if not tried:
            raise NotTried("there is nothing that it could list or read there")
        none_allowed(tried)

    def _name(self, place: Place) -> str:
        key = self._subject.key(place)
        self._subject.wrote(key)
        return key

    @refused("administering the bucket ({administration} ways)")
    def administer(self) -> None:
        if self._subject.where.endpoint:
            raise NotPromised  # the operator's keys are the administrator's
        self._subject.only_embedded()
        granted = {verb for place in self._places.values() for verb in place.access}
        none_allowed(
            attempts(ADMINISTRATION, self._client, self._subject, granted),
            (*DENIED, "AccessControlListNotSupported"),
        )

    @refused("becoming more: users, keys, policies, roles ({escalation} ways)")
    def escalate(self) -> None:
        if self._subject.where.endpoint:
            raise NotPromised  # there is no IAM
        if isinstance(self._subject.handover.holders[self._holder].how, Foreign):
            raise NotPromised  # in its own account it may be anybody
        self._subject.only_embedded()
        none_allowed(attempts(ESCALATION, self._client, self._subject))

    @allowed("each of the principals reaches it")
    def principals(self) -> None:
        how = self._subject.handover.holders[self._holder].how
        if not isinstance(how, Foreign) or len(how.principals) == 1:
            raise NotPromised
        for each in how.principals:
            s3 = self._subject.client("s3", self._subject.of(each))
            for place in (part for each in self._places.values() for part in parts(each)):
                for verb in ("list", "read"):
                    if can(place, verb):
                        key = self._subject.seed(self._holder, place)
                        for call in calls(self._subject, s3, verb, top(place), key).values():
                            call()

    @refused("others of the principals' accounts")
    def fellows(self) -> None:
        how = self._subject.handover.holders[self._holder].how
        if not isinstance(how, Foreign):
            raise NotPromised
        tried: dict[str, Call] = {}
        for account, who in self._subject.fellows(how.principals).items():
            s3 = self._subject.client("s3", who)
            for place in (part for each in self._places.values() for part in parts(each)):
                key = self._subject.seed(self._holder, place)
                for verb in ("list", "read", "write", "delete"):
                    made = calls(self._subject, s3, verb, top(place), key)
                    tried |= {
                        f"{account}: {name} '{key[:60]}'": each for name, each in made.items()
                    }
        none_allowed(tried)

    @refused("its role, assumed from its own account and from another")
    def role(self) -> None:
        how = self._subject.handover.holders[self._holder].how
        if not isinstance(how, Machine | Job | UploadRole):
            raise NotPromised
        others = {"its own account": self._subject.outsider, "another": self._stranger}
        none_allowed(
            {
                f"from {name}": partial(self._subject.session, who, how.role_arn)
                for name, who in others.items()
            }
        )

    @property
    def _stranger(self) -> Key:
        if self._subject.bystanders.stranger is None:
            raise NotTried("needs another account, which only a rehearsal has")
        return self._subject.bystanders.stranger

    def listed(self) -> Any:
        """With the number of ways in the names."""
        self.words = {
            "administration": str(len(ADMINISTRATION)),
            "escalation": str(len(ESCALATION)),
        }
        return super().listed()


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
        let_in = [each.how for each in self._subject.handover.holders.values()]
        if self._subject.where.endpoint or any(
            STRANGER in how.principals for how in let_in if isinstance(how, Foreign)
        ):
            raise NotPromised
        stranger = self._subject.bystanders.stranger
        if stranger is None:
            raise NotTried("needs another account, which only a rehearsal has")
        self._nobody(self._subject.client("s3", stranger))

    @refused("administering it, by another account and by anyone")
    def administered(self) -> None:
        subject = self._subject
        if subject.where.endpoint:
            raise NotPromised
        subject.only_embedded()
        tried: dict[str, Call] = {}
        for name, who in (("another account", subject.bystanders.stranger), ("anyone", None)):
            made = attempts(ADMINISTRATION, partial(self._client, who), subject)
            tried |= {f"{name}: {what}": call for what, call in made.items()}
        none_allowed(tried, (*DENIED, "AccessControlListNotSupported"))

    def _client(self, who: Key | None, service: str) -> Any:
        return self._subject.client(service, who)

    def tidy(self) -> None:
        """Remove what was written."""
        self._subject.tidy()

    def _nobody(self, s3: Any, refusals: tuple[str, ...] = DENIED) -> None:
        subject, tried = self._subject, dict[str, Call]()
        for place in (part for each in subject.handover.places.values() for part in parts(each)):
            # A file that is not there is no proof: nobody is told so who may not list.
            files = {"list": "-", "read": self._there(place)}
            if subject.target.embedded or not place.keys:
                key = subject.key(place)
                subject.wrote(key)
                files |= {"write": key, "delete": key}
            for verb, file in files.items():
                made = calls(subject, s3, verb, top(place), file) if file else {}
                tried |= {f"{name} at '{top(place)}'": call for name, call in made.items()}
        none_allowed(tried, refusals)

    def _there(self, place: Place) -> str:
        """The key of a file in a place, which somebody put there; empty where nobody could."""
        handover = self._subject.handover
        for holder in handover.holders:
            if any(set(parts(each)) & {place} for each in handover.place_of(holder).values()):
                with suppress(NotTried, ClientError):
                    return self._subject.seed(holder, place)
        return ""


class RoleChecks(_Of):
    """Whom a role trusts, with which proof and for how long."""

    @property
    def _how(self) -> Role:
        how = self._subject.handover.holders[self._holder].how
        assert isinstance(how, Role)  # noqa: S101 for the type checker
        return how

    @allowed("a session of {hours} for whom it trusts")
    def longest(self) -> None:
        for who in self._consumers():
            self._subject.assume(self._how, who, DurationSeconds=self._longest)
        if missing := [each for each in self._how.trusted if not self._subject.assumable(each)]:
            raise NotTried(f"needs keys of {missing[0]}, which only it has")

    @allowed("it may assume itself")
    def itself(self) -> None:
        if not self._how.self_assuming:
            raise NotPromised
        self._subject.assume(self._how, self._subject.keys(self._holder))

    @refused("a second more", "ValidationError")
    def longer(self) -> None:
        longer = self._how.longest_session + 1
        none_allowed(
            self._assuming(self._consumers(), DurationSeconds=longer), ("ValidationError",)
        )

    @refused("the role without its {proof}")
    def no_proof(self) -> None:
        self._assumed(None)

    @refused("the role with a wrong {proof}")
    def wrong_proof(self) -> None:
        self._assumed(self._subject.name)

    @refused("the role from another account, with the right {proof}")
    def other_account(self) -> None:
        if STRANGER in self._how.trusted:
            raise NotPromised
        stranger = self._subject.bystanders.stranger
        if stranger is None:
            raise NotTried("needs another account, which only a rehearsal has")
        self._subject.assume(self._how, stranger)

    @refused("the role by others of the accounts that it trusts one of")
    def fellows(self) -> None:
        none_allowed(self._assuming(self._subject.fellows(self._how.trusted).values()))

    @refused("the role from its own account")
    def own_account(self) -> None:
        if self._how.account in self._how.trusted:
            raise NotPromised
        self._subject.assume(self._how, self._subject.outsider)

    def listed(self) -> Any:
        """With the proof and the time in the names."""
        proof = "session name" if self._how.session_name else "external ID"
        hours = self._longest / 3_600
        told = f"{hours:g} hours" if hours > 1 else "an hour"
        self.words = {"proof": proof, "hours": told}
        return super().listed()

    def _assumed(self, value: str | None) -> None:
        name = "RoleSessionName" if self._how.session_name else "ExternalId"
        if name == "RoleSessionName" and value is None:
            value = "somebody"  # a session always has a name
        none_allowed(self._assuming(self._consumers(), **{name: value}))

    def _assuming(self, people: Iterable[Key], **change: Any) -> dict[str, Call]:
        return {
            f"trusted {number}": partial(self._subject.assume, self._how, who, **change)
            for number, who in enumerate(people, 1)
        }

    @property
    def _longest(self) -> int:
        """Seconds of the longest session that whom it trusts can have."""
        # A role's own session can open one of an hour at the most.
        roles = any(":role/" in each for each in self._how.trusted)
        return min(self._how.longest_session, 3_600) if roles else self._how.longest_session

    def _consumers(self) -> list[Key]:
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

    @refused("deleting, and more than a verb of its files")
    def nothing_else(self) -> None:
        self._subject.only_embedded()
        key = self._subject.name
        made = attempts(FILES, self._client, self._subject, key=key)
        deleting = calls(self._subject, self._s3, "delete", "", key)
        none_allowed({**deleting, **made}, (*DENIED, "AccessControlListNotSupported"))

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
