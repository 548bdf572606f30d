"""A bucket that is there already: looked at before anything is declared, never changed."""

import boto3
import pulumi
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError


def check(bucket: str, region: str) -> None:
    """See that a bucket exists in this region and account.

    Asks AWS with the credentials of Pulumi's AWS plugin (`aws:profile`, or the environment), in a
    preview too. Raises ValueError with one line where there are none, and where the bucket does
    not exist, is somebody else's, or is in another region.
    """
    profile = pulumi.Config("aws").get("profile")
    try:
        session = boto3.session.Session(profile_name=profile, region_name=region)
        account = session.client("sts").get_caller_identity()["Account"]
        s3 = session.client("s3", config=Config(retries={"total_max_attempts": 2}))
        found = s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
    except NoCredentialsError:
        raise ValueError(
            f"no AWS credentials to look for bucket '{bucket}' with: run 'aws configure', or set "
            "AWS_PROFILE"
        ) from None
    except ClientError as error:
        raise ValueError(_told(bucket, error)) from None
    except BotoCoreError as error:
        raise ValueError(f"bucket '{bucket}' could not be looked for: {error}") from None
    # boto3 follows the bucket into its region, Pulumi's plugin does not.
    if (there := found.get("BucketRegion", region)) != region:
        raise ValueError(
            f"bucket '{bucket}' is in region {there}, not {region}: set the project's region"
        )


def _told(bucket: str, error: ClientError) -> str:
    answer = error.response["ResponseMetadata"]
    if answer["HTTPStatusCode"] == 404:
        return f"bucket '{bucket}' does not exist: is it misspelt? Without 'adopt' it is made"
    if answer["HTTPStatusCode"] == 403 and error.operation_name == "HeadBucket":
        return (
            f"bucket '{bucket}' belongs to another account, or you may not list it: "
            "adopt one of your own"
        )
    return f"bucket '{bucket}' could not be looked for: {error}"
