"""Ways around the gate that were found by attacking it, each closed, with the AWS document."""

from .conftest import World, allow
from .test_gate_signatures import code, send


def test_the_host_header_names_no_other_bucket(world: World):
    """What is judged is what is done, whatever the host is (S3: virtual hosting of buckets)."""
    mine, theirs = world.bucket(keys=("k",)), world.bucket(keys=())
    me = world.user(allow("s3:*", [f"arn:aws:s3:::{mine}", f"arn:aws:s3:::{mine}/*"]))
    host = {"Host": f"{theirs}.s3.amazonaws.com"}

    assert code(send(world, me, "PUT", f"/{mine}/new", b"x", host)) == "200"

    assert world.admin("s3").list_objects_v2(Bucket=theirs)["KeyCount"] == 0
    assert send(world, me, "GET", f"/{mine}/new", headers=host).text == "x"
