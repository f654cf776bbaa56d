"""boto3, Amazon's own client, against the sandbox's storage: its signatures are checked by a verifier that shares nothing
with ours."""

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from kit import MANIFEST, Steps, same

step = Steps("boto3")
PLACE = MANIFEST["s3"]
BUCKET = PLACE["bucket"]


def client(secret=PLACE["secret_access_key"], region=PLACE["region"], style="path"):
    # The sandbox takes bodies whole, as our own client sends them, and not in signed pieces.
    config = Config(
        s3={"addressing_style": style},
        retries={"max_attempts": 1},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.client(
        "s3",
        endpoint_url=PLACE["endpoint"],
        region_name=region,
        aws_access_key_id=PLACE["access_key_id"],
        aws_secret_access_key=secret,
        config=config,
    )


def code_of(act):
    try:
        act()
    except ClientError as error:
        return error.response["Error"]["Code"]
    raise AssertionError("it was not refused")


s3 = client()
ODD = "casa/ação é+1 (a) & b=c~.txt"


@step("put, head, get")
def _():
    s3.head_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=ODD, Body=b"rows", ContentType="text/plain")
    same(s3.head_object(Bucket=BUCKET, Key=ODD)["ContentLength"], 4)
    found = s3.get_object(Bucket=BUCKET, Key=ODD)
    same((found["Body"].read(), found["ContentType"]), (b"rows", "text/plain"))


@step("put with a SHA-256 of its own")
def _():
    s3.put_object(Bucket=BUCKET, Key="casa/sum", Body=b"rows", ChecksumAlgorithm="SHA256")
    bad = lambda: s3.put_object(Bucket=BUCKET, Key="casa/bad", Body=b"rows", ChecksumSHA256="A" * 43 + "=")
    same(code_of(bad), "BadDigest")


@step("put only what is not there")
def _():
    s3.put_object(Bucket=BUCKET, Key="casa/once", Body=b"1", IfNoneMatch="*")
    same(code_of(lambda: s3.put_object(Bucket=BUCKET, Key="casa/once", Body=b"2", IfNoneMatch="*")), "PreconditionFailed")
    same(s3.get_object(Bucket=BUCKET, Key="casa/once")["Body"].read(), b"1")


@step("list in pages")
def _():
    for number in range(25):
        s3.put_object(Bucket=BUCKET, Key=f"pages/{number:02}", Body=b"x" * number)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="pages/", PaginationConfig={"PageSize": 10})
    found = [(entry["Key"], entry["Size"]) for page in pages for entry in page["Contents"]]
    same(found, [(f"pages/{number:02}", number) for number in range(25)])
    same([entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix="casa/a")["Contents"]], [ODD])


@step("delete")
def _():
    s3.delete_object(Bucket=BUCKET, Key=ODD)
    s3.delete_object(Bucket=BUCKET, Key=ODD)
    same(code_of(lambda: s3.get_object(Bucket=BUCKET, Key=ODD)), "NoSuchKey")


@step("what is wrong is refused by its name")
def _():
    same(code_of(lambda: client(secret="other").list_objects_v2(Bucket=BUCKET)), "SignatureDoesNotMatch")
    same(code_of(lambda: s3.list_objects_v2(Bucket="nobodys")), "NoSuchBucket")


@step("a refusal names the region, and the client follows it")
def _():
    client(region="us-west-2").list_objects_v2(Bucket=BUCKET)


step.end()
