"""Bad settings: each one clear line, before anything is declared."""

import pytest

GOOD = {"kind": "valohai-s3", "bucket": "my-valohai-bucket"}


def of(**project):
    """An environment with one project, changed."""
    return {"projects": {"vision": GOOD | project}}


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (of(bucket="s3://my-bucket"), "vision: bucket name 's3://my-bucket'"),
        (of(bucket="My-Bucket"), "'my-bucket'"),
        (of(bucket="my_bucket"), "'my-bucket'"),
        (of(bucket="my.bucket"), "has a dot, which breaks TLS"),
        (of(bucket="192.168.5.4"), "vision: bucket name '192.168.5.4'"),
        (of(bucket="xn--bucket"), "xn--"),
        (of(bucket="sthree-bucket"), "sthree-"),
        (of(bucket="bucket-s3alias"), "-s3alias"),
        (of(bucket="bucket--ol-s3"), "--ol-s3"),
        (of(bucket="ab"), "2 characters"),
        (of(bucket="a" * 64), "64 characters"),
        (
            of(region="Frankfurt"),
            "vision: region 'Frankfurt' is a city, did you mean 'eu-central-1'",
        ),
        (of(region="uswest-2"), "did you mean 'us-west-2'"),
        (of(region="mars-north-1"), "vision: region 'mars-north-1'"),
        (of(regoin="eu-west-1"), "vision: unknown setting 'regoin', did you mean 'region'"),
        (of(name="other"), "vision: unknown setting 'name'"),
        (of(origin="https://app.valohai.com/"), "'https://app.valohai.com'"),
        (of(origin="https://app.valohai.com/p/x"), "'https://app.valohai.com'"),
        (of(origin="app.valohai.com"), "vision: "),
        (of(origin="*"), "lets every page write"),
        (of(access="full"), "vision: access 'full' is unknown, use one of documented, narrow"),
        (of(multipart="yes"), "vision: multipart must be true or false, not 'yes'"),
        (of(keys="key"), "vision: keys must be a list of texts, not 'key'"),
        (of(keys=["a", "b", "c"]), "one or two"),
        (of(tags=["team"]), "vision: tags must be a mapping"),
        (of(tags={"aws:team": "x"}), "aws:"),
        (of(tags={"team": 7}), "team"),
        (of(kind="valohai"), "vision: kind 'valohai' is unknown, use one of kopah, lightly"),
        ({"projects": {"vision": {"bucket": "b"}}}, "vision: kind"),
        ({"projects": {"vision": None}}, "vision: no settings given"),
        ({"projects": {"Vision": GOOD}}, "'Vision'"),
        ({"projects": {"vision": {"kind": "valohai-s3"}}}, "vision: no bucket given"),
        (
            {"projects": {"a": GOOD, "b": GOOD}},
            "b: bucket 'my-valohai-bucket' belongs to project 'a'",
        ),
        ({"projects": {}}, "environment 'dev': no projects"),
        ({"project": {}}, "environment 'dev': unknown setting 'project', did you mean 'projects'"),
        ({}, "environment 'dev': setting 'projects' is missing"),
        (
            {"projects": {"vision": GOOD}, "protect": "no"},
            "protect must be true or false, not 'no'",
        ),
        ([], "environment 'dev': nothing is set"),
    ],
)
def test_one_clear_line(program, paper, environment, message):
    """The line says whose setting, what was given and what to do; nothing was declared."""
    with pytest.raises(ValueError) as refused:
        program(environment)

    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert paper.declared == []
    assert paper.components == []


def test_a_stack_name_that_no_bucket_could_carry(program, paper):
    """The environment's name becomes a part of names, so it is checked as well."""
    with pytest.raises(ValueError, match="Dev_1"):
        program(of(), stack="Dev_1")

    assert paper.declared == []
