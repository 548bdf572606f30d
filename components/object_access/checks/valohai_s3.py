"""The lights of a Valohai data store on S3, from its hand-over alone."""

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

import requests

from ..names import bucket_arn
from .check import Failed, NotPromised, Refused, allowed, refused
from .s3 import DENIED, ELSEWHERE, PrivateS3Checks

PART = 5 * 1024 * 1024  # bytes: the smallest part that S3 takes, but for the last


class ValohaiS3(PrivateS3Checks):
    """What is promised to Valohai, and what must be refused."""

    # --- allowed ---

    @allowed("the small test file is written, read and removed")
    def test_file(self) -> None:
        self._round_trip(self._s3, self._name)

    @allowed("the bucket's files are listed")
    def listing(self) -> None:
        self._s3.list_objects_v2(Bucket=self._bucket, MaxKeys=1)

    @allowed("a presigned link reads from any page")
    def presigned(self) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=self._name, Body=b"light")
        answer = self._presigned(self._s3, self._name, Origin=ELSEWHERE)
        self._s3.delete_object(Bucket=self._bucket, Key=self._name)
        _expect(answer, 200, origin="*")

    @allowed("the app's page may upload (preflight)")
    def preflight(self) -> None:
        _expect(self._preflight(self._given["origin"]), 200, origin=self._given["origin"])

    @allowed("a form on the app's page uploads")
    def form(self) -> None:
        form = self._s3.generate_presigned_post(self._bucket, self._name, ExpiresIn=60)
        answer = self._http(
            "POST",
            form["url"],
            data=form["fields"],
            files={"file": ("light.txt", b"light")},
            headers={"Origin": self._given["origin"]},
        )
        _expect(answer, 204, origin=self._given["origin"])
        self._s3.delete_object(Bucket=self._bucket, Key=self._name)

    @allowed("the role uploads in parts, the file is read back whole")
    def multipart(self) -> None:
        role = self._store.client("s3", self._region, self._assume(self._keys))
        where = {"Bucket": self._bucket, "Key": self._name}
        upload = {**where, "UploadId": role.create_multipart_upload(**where)["UploadId"]}
        parts, sent = [], hashlib.sha256()
        for number, body in enumerate((os.urandom(PART), b"the end"), 1):
            sent.update(body)
            made = role.upload_part(**upload, PartNumber=number, Body=body)
            parts.append({"PartNumber": number, "ETag": made["ETag"]})
        role.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        read = hashlib.sha256(role.get_object(**where)["Body"].read())
        self._s3.delete_object(**where)
        if read.digest() != sent.digest():
            raise Failed("the file that was read is not the one that was written")

    # --- refused ---

    @refused("a page elsewhere may not upload (preflight)", "403 AccessForbidden")
    def foreign_preflight(self) -> None:
        answer = self._preflight(ELSEWHERE)
        if answer.status_code == 403 and "<Code>AccessForbidden</Code>" in answer.text:
            raise Refused("403 AccessForbidden")
        _expect(answer, 200, origin=ELSEWHERE)

    @refused("making the bucket public", *DENIED, "AccessControlListNotSupported")
    def make_public(self) -> None:
        self._only_embedded()
        statement = {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"{bucket_arn(self._bucket, self._region)}/{self._name}",
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        where = {"Bucket": self._bucket}
        self._none_allowed(
            {
                "lifting the public access block": lambda: self._s3.delete_public_access_block(
                    **where
                ),
                "a public policy": lambda: self._s3.put_bucket_policy(**where, Policy=policy),
                "a public list": lambda: self._s3.put_bucket_acl(**where, ACL="public-read"),
            },
            (*DENIED, "AccessControlListNotSupported"),
        )

    @refused("administering the bucket")
    def administer(self) -> None:
        if self._given["access"] != "narrow":
            raise NotPromised
        self._only_embedded()
        where = {"Bucket": self._bucket}
        versioning = {"Status": "Enabled"}
        self._none_allowed(
            {
                "reading its policy": lambda: self._s3.get_bucket_policy(**where),
                "reading its CORS rules": lambda: self._s3.get_bucket_cors(**where),
                "setting its versioning": lambda: self._s3.put_bucket_versioning(
                    **where, VersioningConfiguration=versioning
                ),
                "deleting it": lambda: self._s3.delete_bucket(**where),
            }
        )

    @refused("the role, assumed by another user")
    def foreign_user(self) -> None:
        self._assume(self._somebody_else)

    @refused("a session beyond the role's maximum", "ValidationError")
    def long_session(self) -> None:
        self._assume(self._keys, DurationSeconds=3_601)

    # --- how ---

    def _assume(self, keys: Mapping[str, str], **more: Any) -> dict[str, str]:
        arn = self._given.get("multipart_role_arn")
        if not arn:
            raise NotPromised
        return self._session_of(arn, keys, **more)

    def _preflight(self, origin: str) -> requests.Response:
        url = self._s3.generate_presigned_post(self._bucket, self._name)["url"]
        return self._http(
            "OPTIONS",
            url,
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization",
            },
        )


def _expect(answer: requests.Response, status: int, origin: str) -> None:
    """Check the status, and that a browser would show the answer to that origin's pages."""
    if answer.status_code != status:
        raise Failed(f"answered {answer.status_code} instead of {status}")
    granted = answer.headers.get("Access-Control-Allow-Origin")
    if granted != origin:
        raise Failed(f"Access-Control-Allow-Origin is {granted} instead of {origin}")
