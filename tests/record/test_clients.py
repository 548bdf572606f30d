"""Real clients, recorded: each replay goes without a new refusal, and each verb that matters is
missed. OBJECT_ACCESS_CLIENTS=all runs the slow ones too, and those that `make consumers` installs.
"""

import os
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN, CONSUMERS = Path(sys.executable).parent, ROOT / ".venv/consumers/bin"
_MULTIPART = """
import boto3
s3, at = boto3.client("s3"), {"Bucket": "lab", "Key": "up/x"}
upload = {**at, "UploadId": s3.create_multipart_upload(**at)["UploadId"]}
part = {"PartNumber": 1, "ETag": s3.upload_part(**upload, PartNumber=1, Body=b"x")["ETag"]}
s3.list_parts(**upload)
s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [part]})
begun = {**at, "UploadId": s3.create_multipart_upload(**at)["UploadId"]}
s3.list_multipart_uploads(Bucket="lab")
s3.abort_multipart_upload(**begun)
"""
_MLFLOW = """
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
run = get_artifact_repository("s3://lab/mlflow/1/0123456789abcdef/artifacts")
run.log_artifact("a", "model")
assert [each.path for each in run.list_artifacts("model")] == ["model/a"]
run.delete_artifacts("model")
"""
_MODELSTORE = """
from modelstore import ModelStore
store = ModelStore.from_aws_s3(bucket_name="lab", region="eu-west-1")
model = store.upload("vision", model="a")["model"]["model_id"]
assert model in store.list_models("vision")
"""
_DVC = """
git init -q . && dvc init -q && mkdir data && cp a data/a && dvc add -q data
dvc remote add -q -d storage s3://lab/dvc && dvc push
"""
_S3FS = """
mkdir mnt && (s3fs lab:/x mnt -f -o url={endpoint} -o use_path_request_style & echo $! > pid)
until mountpoint -q mnt; do sleep 0.1; kill -0 $(cat pid) || exit 1; done
cp a mnt/a && cat mnt/a; fusermount -u mnt; wait
"""
_RESTIC = "restic -r s3:{endpoint}/lab/backups init && restic -r s3:{endpoint}/lab/backups backup a"
# Client -> the command, and the places by prefixes.
QUICK = {
    "s3cmd": (
        "s3cmd put a s3://lab/cfg/a && s3cmd get s3://lab/cfg/a b && s3cmd del s3://lab/cfg/a",
        {"cfg/": "read write delete"},
    ),
    "rclone": (
        "rclone copy . record:lab/clone --s3-no-check-bucket --s3-no-head --s3-no-head-object",
        {"clone/": "list write"},
    ),
}
SLOW = {
    "aws": (
        "aws s3 sync . s3://lab/in/ --quiet && aws s3 cp s3://lab/in/a - && aws s3 rm s3://lab/in/a",
        {"in/": "list read write delete"},
    ),
    "restic": (
        _RESTIC,
        {"backups/": "read write", "backups/locks/": "delete", "": "list"},
    ),
    "boto3": (_MULTIPART, {"up/": "list-parts write", "": "list-uploads"}),
    "mlflow": (_MLFLOW, {"mlflow/": "list write delete"}),
    "modelstore": (_MODELSTORE, {"operatorai-model-store/": "read write", "": "list"}),
    "dvc": (_DVC, {"dvc/files/md5/": "read write", "": "list"}),
    "s3fs": (_S3FS, {"x/": "read write", "": "list"}),
}
# What older ones come out at: 1.60 of rclone sends an ACL with each object.
OLDER = {"rclone": {"clone/": "list write write-acl"}}
CLIENTS = {**QUICK, **(SLOW if os.environ.get("OBJECT_ACCESS_CLIENTS") == "all" else {})}


def found(name):
    """The program, of the environments here or of the machine; skips where there is none."""
    path = os.pathsep.join([str(BIN), str(CONSUMERS), os.environ["PATH"]])
    if not shutil.which(name, path=path):
        pytest.skip(f"{name} is not installed here")
    return path


@pytest.mark.thorough
@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_gets_what_it_needs(record, monkeypatch, name):
    """No new refusal in the replay, the places that are expected, every verb missed."""
    words, places = CLIENTS[name]
    python = {"boto3": sys.executable, "modelstore": sys.executable, "mlflow": CONSUMERS / "python"}
    if name in python and not Path(python[name]).exists():
        pytest.skip("mlflow is not installed here: make consumers")
    program = {"s3fs": "mountpoint"}.get(name, name)
    path = os.environ["PATH"] if name in python else found(program)
    if name == "s3fs" and not (found(name) and Path("/dev/fuse").exists()):
        pytest.skip("there is no FUSE here")
    monkeypatch.setenv("PATH", path)
    monkeypatch.setenv("RESTIC_PASSWORD", "of-a-test")
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    Path("a").write_text("a")
    command = (str(python[name]), "-c", words) if name in python else ("sh", "-ec", words)
    told = record(command=command)

    assert told.code == 0, told.err
    assert told.places in (places, OLDER.get(name))
    assert told.data["replay"]["holds"]
    assert all(told.without.values()), told.without
