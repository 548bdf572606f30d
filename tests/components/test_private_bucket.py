"""PrivateBucket: nobody reaches it who was not granted it."""

import json

import pulumi
import pulumi_aws as aws
import pytest

from object_access import Access, PrivateBucket, Removal

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234-abcd"
GUEST = "arn:aws:iam::123456789012:user/guest"
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
        "confined": [GUEST],
        "shared": {"labels": {"principals": ["258327614892"], "access": [Access.READ]}},
        "kms_key_arn": KEY,
        "access_logs": {"bucket_name": "my-logs", "prefix": "my-bucket-1/"},
        "versioning": False,
        "removal": Removal.DESTROY,
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
    _, confined, shared = json.loads(paper.one("BucketPolicy")["policy"])["Statement"]
    assert (confined["Sid"], confined["Effect"]) == ("DenyAdministration", "Deny")
    assert confined["Condition"] == {"ArnEquals": {"aws:PrincipalArn": [GUEST]}}
    assert shared == {
        "Sid": "ObjectsLabels",
        "Effect": "Allow",
        "Principal": {"AWS": ["arn:aws:iam::258327614892:root"]},
        "Action": ["s3:GetObject"],
        "Resource": "arn:aws:s3:::my-bucket-1/*",
    }
    assert paper.one("BucketServerSideEncryptionConfiguration")["rules"] == [
        {
            "applyServerSideEncryptionByDefault": {
                "sseAlgorithm": "aws:kms",
                "kmsMasterKeyId": KEY,
            },
            "bucketKeyEnabled": True,
        }
    ]
    logs = paper.one("BucketLogging")
    assert (logs["targetBucket"], logs["targetPrefix"]) == ("my-logs", "my-bucket-1/")
    assert outputs == {
        "bucket_name": ("my-bucket-1", False),
        "bucket_arn": ("arn:aws:s3:::my-bucket-1", False),
    }


def test_settings_of_a_bucket_come_one_after_another(declare, paper):
    """S3 answers OperationAborted to settings that arrive side by side."""
    more = {
        "cors": [{"origins": ["*"], "methods": ["GET"]}],
        "access_logs": {"bucket_name": "my-logs"},
    }

    declare(lambda: [PrivateBucket(f"b{n}", {**ARGS, "bucket_name": f"bucket-{n}", **more})
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
        "BucketLogging",
    ]


@pytest.mark.parametrize(
    ("removal", "protected", "emptied"),
    [("keep", True, False), (Removal.EMPTY, False, False), (Removal.DESTROY, False, True)],
)
def test_removal(declare, paper, monkeypatch, removal, protected, emptied):
    """Kept by default; what is set protects, or deletes with the bucket, its objects alone."""
    protecting = {}
    for kind in [each for each in vars(aws.s3).values() if isinstance(each, type)]:
        if issubclass(kind, pulumi.CustomResource):
            monkeypatch.setattr(kind, "__init__", watching(kind, protecting))
    declare(lambda: PrivateBucket("vision", ARGS | {"removal": removal}) and None)

    assert protecting.pop("vision") is protected
    assert len(protecting) == 6
    assert not any(protecting.values())
    assert paper.one("Bucket")["forceDestroy"] is emptied


def watching(kind, protecting):
    """A constructor that notes what is protected, by the resource's name."""
    made = kind.__init__

    def init(self, name, *args, opts, **inputs):
        protecting[name] = bool(opts.protect)
        made(self, name, *args, opts=opts, **inputs)

    return init


def test_values_that_are_not_known_yet(declare, paper):
    """They flow into the documents, and do not keep the bucket from being made before they do."""
    given = {
        "confined": [pulumi.Output.from_input(GUEST)],
        "kms_key_arn": pulumi.Output.from_input(KEY),
        "access_logs": {"bucket_name": pulumi.Output.from_input("my-logs")},
    }
    declare(lambda: PrivateBucket("vision", ARGS | given) and None)

    [_, confined] = json.loads(paper.one("BucketPolicy")["policy"])["Statement"]
    assert confined["Condition"]["ArnEquals"] == {"aws:PrincipalArn": [GUEST]}
    assert KEY in str(paper.one("BucketServerSideEncryptionConfiguration")["rules"])
    assert paper.one("BucketLogging")["targetBucket"] == "my-logs"
    [component] = paper.components
    # What flows into it would keep its children waiting, and the state would say all of it twice.
    assert component.inputs == {}


def test_a_cors_rule_that_the_consumer_documents(declare, paper):
    """W&B's: every page may write; only by an explicit word."""
    rule = {"origins": ["*"], "methods": ["GET", "HEAD", "PUT"], "as_documented": True}
    declare(lambda: PrivateBucket("vision", ARGS | {"cors": [rule]}) and None)

    [made] = paper.one("BucketCorsConfiguration")["corsRules"]
    assert (made["allowedOrigins"], made["allowedMethods"]) == (["*"], ["GET", "HEAD", "PUT"])


@pytest.mark.parametrize("wrong", ["*", "", GUEST + "*", "123456789012"])
def test_a_value_that_turns_out_wrong_is_told_with_the_component_s_name(declare, paper, wrong):
    """As soon as it is known; the policy is then not made."""
    given = {"confined": [pulumi.Output.from_input(wrong)]}
    with pytest.raises(ValueError, match="vision: user or role "):
        declare(lambda: PrivateBucket("vision", ARGS | given) and None)

    assert "BucketPolicy" not in paper.kinds()


def shares(**change):
    """Arguments that share with somebody."""
    share = {"principals": ["258327614892"], "access": ["read"]} | change
    return {"shared": {"labels": {key: value for key, value in share.items() if value is not None}}}


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
        ({"cors": [{"origins": "*", "methods": ["GET"]}]}, "input 'origins' is the text '*'"),
        ({"confined": GUEST}, "vision: input 'confined' is the text 'arn:aws:iam::"),
        ({"confined": ["*"]}, "vision: user or role '*' has '*', a pattern"),
        ({"confined": [""]}, "vision: user or role '' is no ARN of a user or role"),
        ({"confined": ["arn:aws:iam::123456789012:root"]}, "is no ARN of a user or role"),
        (
            {"confined": ["arn:aws:sts::123456789012:assumed-role/a/b"]},
            "is a session, give the ARN of its role",
        ),
        ({"confined": [f"{GUEST}-{n:0>40}" for n in range(300)]}, "AWS takes at most 20,480"),
        ({"shared": []}, "vision: input 'shared' is given as list, give a mapping"),
        (shares(principals=[]), "vision: no principal to share with"),
        (shares(principals=["*"]), "vision: principal '*' is everyone"),
        (shares(principals="258327614892"), "vision-labels: input 'principals' is the text '2583"),
        (shares(access=None), "vision-labels: input 'access' is missing"),
        (shares(access=["full"]), "vision: full access would let somebody else administer"),
        (shares(access=["admin"]), "vision: access 'admin' is unknown"),
        (shares(prefixes=["a"]), "vision: prefix 'a' does not end with '/'"),
        (shares(keys=["a/"]), "vision: key 'a/' ends with '/'"),
        ({"kms_key_arn": "alias/a"}, "vision: key ARN 'alias/a' is an alias"),
        ({"access_logs": {}}, "vision-access-logs: input 'bucket_name' is missing"),
        ({"access_logs": {"bucket_name": "my-bucket-1"}}, "make logs of logs, name another bucket"),
        ({"access_logs": {"bucket_name": "A"}}, "vision: bucket name 'A'"),
        ({"access_logs": {"bucket_name": "my-logs", "prefix": "a"}}, "vision: prefix 'a'"),
        ({"removal": "never"}, "vision: removal 'never' is unknown, use one of keep, empty, destr"),
        ({"protect": False}, "vision: unknown input 'protect'"),
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
