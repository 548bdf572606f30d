"""Our program against one that is written by hand and flat: the same resources of `valohai-s3` in
the same safe order, on Pulumi's own engine. Needs `pulumi` on PATH and a plugin for AWS; one that
stands in for it and answers at once, or after a while, shows best what is ours.

    python benchmarks/flat.py 1 10
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHOWN = ("preview", "up", "second up")
MEASURED = """
import atexit, json, os, resource, runpy, sys
def tell():
    used = resource.getrusage(resource.RUSAGE_SELF)
    with open(os.environ["MEASURED"], "w") as file:
        json.dump([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024], file)
atexit.register(tell)
runpy.run_path(os.path.abspath("program.py"), run_name="__main__")
"""
FLAT = """
import json, pulumi, pulumi_aws as aws
KEPT = ["AbortMultipartUpload", "DeleteObject", "GetBucketCORS", "GetBucketLocation",
        "GetBucketVersioning", "GetEncryptionConfiguration", "GetObject", "GetObjectTagging",
        "GetObjectVersion", "ListBucket", "ListBucketMultipartUploads", "ListBucketVersions",
        "ListMultipartUploadParts", "PutObject", "PutObjectTagging"]
document = lambda *listed: json.dumps({"Version": "2012-10-17", "Statement": listed},
                                      separators=(",", ":"))
for number in range(PROJECTS):
    name, real = f"p{number}", f"p{number}-dev-data-y5o7jnjsnj"
    user = aws.iam.User(name, name=f"p{number}-dev-valohai-y5o7jnjsnj", tags={})
    arns = [f"arn:aws:s3:::{real}", f"arn:aws:s3:::{real}/*"]
    aws.iam.UserPolicy(f"{name}-valohai", name="valohai", user=user.name, policy=document(
        {"Sid": "FullAccess", "Effect": "Allow", "Action": "s3:*", "Resource": arns}))
    key = aws.iam.AccessKey(f"{name}-key", user=user.name)
    bucket = aws.s3.Bucket(name, bucket=real, region="eu-west-1", force_destroy=False, tags={})
    there = {"bucket": bucket.id, "region": "eu-west-1"}
    after = lambda *last: pulumi.ResourceOptions(depends_on=[*last], deleted_with=bucket)
    last = aws.s3.BucketPublicAccessBlock(f"{name}-public", block_public_acls=True,
        block_public_policy=True, ignore_public_acls=True, restrict_public_buckets=True,
        opts=after(), **there)
    last = aws.s3.BucketOwnershipControls(f"{name}-ownership",
        rule={"object_ownership": "BucketOwnerEnforced"}, opts=after(last), **there)
    last = aws.s3.BucketServerSideEncryptionConfiguration(f"{name}-encryption",
        rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
        opts=after(last), **there)
    last = aws.s3.BucketVersioning(f"{name}-versioning",
        versioning_configuration={"status": "Enabled"}, opts=after(last), **there)
    def refusing(arn, arns=arns):
        plain = {"Sid": "DenyInsecureTransport", "Effect": "Deny", "Principal": "*",
                 "Action": "s3:*", "Resource": arns,
                 "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
        admin = {"Sid": "DenyAdministration", "Effect": "Deny", "Principal": "*",
                 "NotAction": [f"s3:{each}" for each in KEPT], "Resource": arns,
                 "Condition": {"ArnEquals": {"aws:PrincipalArn": [arn]}}}
        return document(plain, admin)
    last = aws.s3.BucketPolicy(f"{name}-policy", policy=user.arn.apply(refusing),
                               opts=after(last), **there)
    last = aws.s3.BucketLifecycleConfiguration(f"{name}-lifecycle", rules=[{"id": "tidy",
        "status": "Enabled", "filter": {},
        "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
        "noncurrent_version_expiration": {"noncurrent_days": 30}}], opts=after(last), **there)
    shared = {"allowed_headers": ["Authorization"], "expose_headers": [], "max_age_seconds": 3000}
    aws.s3.BucketCorsConfiguration(f"{name}-cors", cors_rules=[
        {"allowed_origins": ["*"], "allowed_methods": ["GET"], **shared},
        {"allowed_origins": ["https://app.valohai.com"], "allowed_methods": ["POST"], **shared}],
        opts=after(last), **there)
    pulumi.export(name, {"bucket": bucket.id, "key": key.id, "secret": key.secret})
"""


def measured(folder: Path, program: str, projects: int) -> dict[str, tuple[float, float, float]]:
    """Seconds, the program's own seconds of CPU and its MiB of memory, for each of `SHOWN`; and
    the size of the state in KiB."""
    folder.mkdir()
    # Both lie where they run: the engine's state tells of every call in which file it stands.
    (folder / "program.py").write_text(program)
    for part in ("components", "stacks"):
        (folder / part).symlink_to(ROOT / part)
    (folder / "__main__.py").write_text(MEASURED)
    runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
    (folder / "Pulumi.yaml").write_text(json.dumps({"name": "object-access", "runtime": runtime}))
    listed = {f"p{number}": {"kind": "valohai-s3"} for number in range(projects)}
    body = {"namespace": "benchmark", "protect": False, "projects": listed}
    file = {"config": {"object-access:environment": body}}
    (folder / "Pulumi.dev.yaml").write_text(json.dumps(file))
    variables = {
        **os.environ,
        "PULUMI_BACKEND_URL": f"file://{folder}",
        "PULUMI_CONFIG_PASSPHRASE": "benchmark",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PYTHONPATH": str(folder / "components"),
        "MEASURED": str(folder / "measured"),
    }

    def run(*command: str) -> str:
        done = subprocess.run(
            ["pulumi", *command, "--stack", "dev"],
            cwd=folder, env=variables, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        return done.stdout

    run("stack", "init")
    figures = {}
    up = ("up", "--yes", "--skip-preview", "--suppress-outputs")
    for name, command in zip(SHOWN, (("preview", "--suppress-outputs"), up, up), strict=True):
        began = time.perf_counter()
        run(*command)
        took = time.perf_counter() - began
        figures[name] = (took, *json.loads((folder / "measured").read_text()))
    figures["state"] = (len(run("stack", "export")) / 1024, 0, 0)
    return figures


def main(sizes: list[str]) -> int:
    """Print a row for each number of projects and command, or what is missing."""
    if not shutil.which("pulumi"):
        print("skipped: needs 'pulumi' on PATH")
        return 0
    print("| projects | what | s, ours | flat | ratio | ratio of CPU | ratio of memory |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for size in map(int, sizes or ["1", "10"]):
        with tempfile.TemporaryDirectory(prefix="object-access-") as folder:
            program = (ROOT / "__main__.py").read_text()
            ours = measured(Path(folder) / "ours", program, size)
            theirs = measured(Path(folder) / "flat", FLAT.replace("PROJECTS", str(size)), size)
        for name, (took, *own) in ours.items():
            other, *rest = theirs[name]
            ratios = [f"{a / b:.2f}" if b else "" for a, b in zip(own, rest, strict=True)]
            told = " | ".join([f"{took:.2f}", f"{other:.2f}", f"{took / other:.2f}", *ratios])
            print(f"| {size} | {name} | {told} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
