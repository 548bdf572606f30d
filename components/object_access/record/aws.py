"""The embedded AWS: its gate says what each request needed."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import randbelow
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import ClientError

from ..checks.target import Target
from ..handover.model import Key
from ..policies.documents import PolicyDocument, document
from . import heard, surroundings
from .heard import Page
from .places import Places
from .store import Store

if TYPE_CHECKING:
    from ..stores.aws.decision import Judged
    from ..stores.aws.messages import Answer, Incoming

_USER = "record"
# The policy of whoever may do nothing: IAM takes no document without a statement.
_NOTHING = document([{"Effect": "Deny", "Action": "*", "Resource": "*"}])
# While it is recorded a page may do anything: a browser does not send what it may not.
_EVERY_PAGE = {
    "origins": ["*"],
    "methods": ["DELETE", "GET", "HEAD", "POST", "PUT"],
    "headers": ["*"],
}


class AwsStore(Store):
    """A bucket of S3. It is made when it is first asked for, in the region that the request was
    signed for."""

    def __init__(self, name: str, seed: Path | None):
        super().__init__(name, seed, {"as": "user"})
        self._region = ""
        self._ours = ""  # the ID of our own key
        self._document: PolicyDocument | None = None
        self._rules: Sequence[Mapping[str, list[str]]] = [_EVERY_PAGE]
        self._is_made, self._making = False, Lock()
        self._client: Callable[[str, str], Any]

    @contextmanager
    def open(self, folder: Path, *, http: bool) -> Iterator[Self]:
        """Start it; files for the command go into the folder."""
        from ..stores.aws import server

        # Of its own: what is in an account belongs to the process, and is cleared.
        account = f"{randbelow(10**12):012}"
        with server.running([account], observer=self) as aws:
            keys = Key(**aws["accounts"][account])
            target = Target(aws["endpoint"], ca_bundle=aws["ca_bundle"])
            self._ours = keys.access_key_id
            self._client = lambda service, region: target.client(service, region, keys)
            iam = self._client("iam", aws["region"])
            iam.create_user(UserName=_USER)
            made = iam.create_access_key(UserName=_USER)["AccessKey"]
            self.secrets.append(made["SecretAccessKey"])
            self.variables = surroundings.of_s3(
                folder,
                aws["http_endpoint" if http else "endpoint"],
                "" if http else aws["ca_bundle"],
                aws["region"],
                made["AccessKeyId"],
                made["SecretAccessKey"],
            )
            try:
                yield self
            finally:
                self._clear()

    @property
    def endpoint(self) -> str:
        """Where it is."""
        return self.variables["AWS_ENDPOINT_URL"]

    def settings(self) -> dict[str, str]:
        """The kind, the bucket, and its region unless it is the one that we gave."""
        given = self.variables["AWS_REGION"]
        other = {"region": self._region} if self._region not in ("", given) else {}
        return {"kind": "s3", "bucket": self.name, **other}

    # --- what the gate tells ---

    def asked(self, incoming: "Incoming") -> None:
        """Make the bucket that a request is about, if it is the first."""
        if self._is_made or heard.key_id_of(incoming) == self._ours:
            return
        name, _, key = incoming.path[1:].partition("/")
        region, service = heard.scope_of(incoming)
        if not name or service not in ("", "s3") or self.name not in ("", name):
            return
        with self._making:
            if not self._is_made:
                makes_it = incoming.method == "PUT" and not key and not incoming.query
                self._open(name, region, there=not (makes_it and not self.name))

    def answered(self, incoming: "Incoming", answer: "Answer", judged: Sequence["Judged"]) -> None:
        """Note what the command asked."""
        if heard.key_id_of(incoming) != self._ours:
            self.heard.add(heard.of_aws(incoming, answer, judged))

    # --- from run to run ---

    def reset(self, access: Places | None, pages: Sequence[Page] = ()) -> None:
        """Make everything as it was before the first run."""
        self._document = None
        if access is not None:
            self._document = self.policy(access) if access else _NOTHING
        self._rules = [_EVERY_PAGE] if access is None else heard.rules_of(pages)
        if self._is_made:
            self._clear()
            self._open(self.name, self._region, there=True)
        self.heard.take()

    def objects(self) -> dict[str, str]:
        """What is in the bucket now."""
        if not self._is_made:
            return {}
        s3 = self._client("s3", self._region)
        try:
            s3.head_bucket(Bucket=self.name)
        except ClientError:
            return {}  # the command removed it, or no bucket may have this name
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return {each["Key"]: each["ETag"] for page in pages for each in page.get("Contents", ())}

    def _open(self, name: str, region: str, *, there: bool) -> None:
        """Let the user into the bucket of this name, which is made unless the command does it."""
        self.name, self._region = name, region or self.variables["AWS_REGION"]
        arn = f"arn:aws:s3:::{name}"
        whole: PolicyDocument = document(
            [{"Effect": "Allow", "Action": "s3:*", "Resource": [arn, f"{arn}/*"]}]
        )
        self._client("iam", self.variables["AWS_REGION"]).put_user_policy(
            UserName=_USER,
            PolicyName="access",
            PolicyDocument=json.dumps(self._document or whole),
        )
        if there:
            self._make()
        self._is_made = True

    def _make(self) -> None:
        """The bucket, as a project has it by default, with what is in it before each run."""
        s3, name = self._client("s3", self._region), self.name
        where = {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
        try:
            s3.create_bucket(Bucket=name, **(where if self._region != "us-east-1" else {}))
        except ClientError:
            return  # no bucket may have this name, which the gate says to the command
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        if self._rules:
            rules = [{_CORS[key]: value for key, value in each.items()} for each in self._rules]
            s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": rules})
        for key, file in self.seeds():
            s3.put_object(Bucket=name, Key=key, Body=file.read_bytes())

    def _clear(self) -> None:
        """Remove every bucket, those that the command made included."""
        region = self._region or self.variables["AWS_REGION"]
        for each in self._client("s3", region).list_buckets()["Buckets"]:
            name = each["Name"]
            where = self._client("s3", region).head_bucket(Bucket=name)["BucketRegion"]
            s3 = self._client("s3", where)
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
                listed = [
                    {"Key": each["Key"], "VersionId": each["VersionId"]}
                    for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
                ]
                if listed:
                    s3.delete_objects(Bucket=name, Delete={"Objects": listed, "Quiet": True})
            s3.delete_bucket(Bucket=name)


_CORS = {
    "origins": "AllowedOrigins",
    "methods": "AllowedMethods",
    "headers": "AllowedHeaders",
    "expose": "ExposeHeaders",
}
