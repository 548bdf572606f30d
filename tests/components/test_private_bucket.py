"""PrivateBucket: nobody reaches it who was not granted it."""

import json

import pytest

from object_access import PrivateBucket

ARGS = {"bucket_name": "my-bucket-1", "region": "eu-west-1"}


def test_by_default_everything_is_closed(declare, paper):
    """All four public access flags, owner-enforced objects, encryption, versions, TLS only."""
    declare(lambda: PrivateBucket("vision", ARGS) and None)

    assert paper.kinds() == [
        "Bucket",
        "BucketLifecycleConfiguration",
        "BucketOwnershipControls",
        "BucketPolicy",
        "BucketPublicAccessBlock",
        "BucketServerSideEncryptionConfiguration",
        "BucketVersioning",
    ]
    assert paper.one("Bucket") == {
        "bucket": "my-bucket-1", "region": "eu-west-1", "forceDestroy": False, "tags": {},
    }  # fmt: skip
    where = {"bucket": "my-bucket-1", "region": "eu-west-1"}
    assert paper.one("BucketPublicAccessBlock") == where | {
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    assert paper.one("BucketOwnershipControls")["rule"] == {
        "objectOwnership": "BucketOwnerEnforced"
    }
    assert paper.one("BucketServerSideEncryptionConfiguration")["rules"] == [
        {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    ]
    assert paper.one("BucketVersioning")["versioningConfiguration"] == {"status": "Enabled"}
    [statement] = json.loads(paper.one("BucketPolicy")["policy"])["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    [rule] = paper.one("BucketLifecycleConfiguration")["rules"]
    assert rule["filter"] == {}
    assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 30}


def test_with_everything_set(declare, paper):
    """Every input reaches the resource it is for."""
    everything = ARGS | {
        "cors": [
            {
                "origins": ["https://app.example.com"],
                "methods": ["PUT"],
                "headers": ["Authorization"],
                "expose": ["ETag"],
                "max_age_seconds": 60,
            }
        ],
        "guests": ["arn:aws:iam::123456789012:user/guest"],
        "versioning": False,
        "protect": False,
        "force_destroy": True,
        "tags": {"team": "vision"},
    }
    outputs = declare(lambda: vars_of(PrivateBucket("vision", everything)))

    assert paper.one("Bucket")["forceDestroy"] is True
    assert paper.one("Bucket")["tags"] == {"team": "vision"}
    assert paper.one("BucketVersioning")["versioningConfiguration"] == {"status": "Suspended"}
    assert paper.one("BucketCorsConfiguration")["corsRules"] == [
        {
            "allowedOrigins": ["https://app.example.com"],
            "allowedMethods": ["PUT"],
            "allowedHeaders": ["Authorization"],
            "exposeHeaders": ["ETag"],
            "maxAgeSeconds": 60,
        }
    ]
    guarded = json.loads(paper.one("BucketPolicy")["policy"])["Statement"][1]
    assert guarded["Effect"] == "Deny"
    assert guarded["Condition"]["ArnEquals"]["aws:PrincipalArn"] == [
        "arn:aws:iam::123456789012:user/guest"
    ]
    assert outputs == {
        "bucket_name": ("my-bucket-1", False),
        "bucket_arn": ("arn:aws:s3:::my-bucket-1", False),
    }


def test_settings_of_a_bucket_come_one_after_another(declare, paper):
    """S3 answers OperationAborted to settings that arrive side by side."""
    cors = [{"origins": ["*"], "methods": ["GET"]}]

    declare(lambda: [PrivateBucket(f"b{n}", {**ARGS, "bucket_name": f"bucket-{n}", "cors": cors})
                     for n in range(3)] and None)  # fmt: skip

    assert paper.overlaps == []
    order = [each.type.rpartition(":")[2] for each in paper.declared if each.name.startswith("b1")]
    assert order == [
        "Bucket",
        "BucketPublicAccessBlock",
        "BucketOwnershipControls",
        "BucketServerSideEncryptionConfiguration",
        "BucketVersioning",
        "BucketPolicy",
        "BucketLifecycleConfiguration",
        "BucketCorsConfiguration",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bucket_name": "My-Bucket"}, "vision: bucket name 'My-Bucket'"),
        ({"region": "Frankfurt"}, "did you mean 'eu-central-1'"),
        ({"bucket": "x"}, "vision: unknown input 'bucket'"),
        ({"tags": {"aws:x": "1"}}, "aws:"),
        ({"cors": [{"origins": ["*"], "methods": ["PUT"]}]}, "lets every page write"),
        ({"cors": [{"origins": ["https://a.example/"], "methods": ["GET"]}]}, "https://a.example"),
        ({"cors": [{"origins": ["*"], "methods": ["PATCH"]}]}, "CORS method 'PATCH' is unknown"),
        ({"cors": [{"origins": ["*"]}]}, "input 'methods' is missing"),
        ({"cors": [{"origins": ["*"], "methods": ["GET"]}] * 101}, "at most 100"),
    ],
)
def test_bad_input_is_refused_before_anything_is_declared(declare, paper, change, message):
    """The message names the component and says what to do; nothing was registered."""
    with pytest.raises((ValueError, TypeError)) as refused:
        declare(lambda: PrivateBucket("vision", ARGS | change) and None)

    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert paper.declared == []
    assert paper.components == []


def vars_of(bucket):
    """The outputs of a bucket."""
    return {"bucket_name": bucket.bucket_name, "bucket_arn": bucket.bucket_arn}
