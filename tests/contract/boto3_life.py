#!/usr/bin/env python3
"""boto3, Amazon's own client: the features that s3cmd does not use."""
import io
import os
import socket
import sys
import urllib.error
import urllib.request

import boto3
import botocore.config
import botocore.exceptions

from common import Cloud, Failure, check, equal, run

MIB = 1 << 20


def client(cloud, region="nyc3", style="path", **keys):
    return boto3.client(
        "s3", region_name=region,
        endpoint_url=keys.pop("endpoint", cloud.env["SPACES_ENDPOINT_URL"]),
        aws_access_key_id=keys.get("key", cloud.env["SPACES_ACCESS_KEY_ID"]),
        aws_secret_access_key=keys.get("secret", cloud.env["SPACES_SECRET_ACCESS_KEY"]),
        config=botocore.config.Config(s3={"addressing_style": style}, retries={"max_attempts": 1}))


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        equal(error.response["Error"]["Code"], code, f"the code of {call.__name__}")
        return error.response
    raise Failure(f"{call.__name__} was not refused with {code}")


def with_client(test):
    def wrapped():
        with Cloud() as cloud:
            s3 = client(cloud)
            s3.create_bucket(Bucket="media")
            test(s3, cloud)
    wrapped.__name__ = test.__name__
    return wrapped


@with_client
def bucket_and_its_settings(s3, cloud):
    equal(s3.get_bucket_location(Bucket="media")["LocationConstraint"], "nyc3", "location")
    equal([b["Name"] for b in s3.list_buckets()["Buckets"]], ["media"], "buckets")
    equal(client(cloud, "ams3").list_buckets()["Buckets"], [], "buckets of another region")
    client(cloud, "ams3").create_bucket(
        Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": "ams3"})
    equal(s3.get_bucket_location(Bucket="elsewhere")["LocationConstraint"], "ams3", "location")
    refused("NoSuchCORSConfiguration", s3.get_bucket_cors, Bucket="media")
    refused("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket="media")
    refused("NoSuchBucketPolicy", s3.get_bucket_policy, Bucket="media")
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "a/"}, "Expiration": {"Days": 1},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 2},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3}}
    s3.put_bucket_lifecycle_configuration(Bucket="media", LifecycleConfiguration={"Rules": [rule]})
    equal(s3.get_bucket_lifecycle_configuration(Bucket="media")["Rules"], [rule], "lifecycle")
    cors = {"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://a.example"],
            "AllowedHeaders": ["*"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 60}
    s3.put_bucket_cors(Bucket="media", CORSConfiguration={"CORSRules": [cors]})
    equal(s3.get_bucket_cors(Bucket="media")["CORSRules"], [cors], "CORS")
    s3.put_bucket_acl(Bucket="media", ACL="public-read")
    grants = s3.get_bucket_acl(Bucket="media")["Grants"]
    equal(sorted(g["Permission"] for g in grants), ["FULL_CONTROL", "READ"], "grants")
    s3.put_bucket_versioning(Bucket="media", VersioningConfiguration={"Status": "Enabled"})
    equal(s3.get_bucket_versioning(Bucket="media")["Status"], "Enabled", "versioning")
    refused("InvalidTargetBucketForLogging", s3.put_bucket_logging, Bucket="media",
            BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "media", "TargetPrefix": "l/"}})
    refused("NotImplemented", s3.get_bucket_tagging, Bucket="media")
    refused("NotImplemented", s3.get_bucket_encryption, Bucket="media")
    refused("NotImplemented", s3.get_public_access_block, Bucket="media")
    s3.delete_bucket(Bucket="media")
    refused("404", s3.head_bucket, Bucket="media")


@with_client
def objects(s3, _cloud):
    s3.put_object(Bucket="media", Key="a/b c", Body=b"hello", ContentType="text/plain",
                  Metadata={"colour": "blue"}, CacheControl="max-age=1", Tagging="k=v")
    got = s3.get_object(Bucket="media", Key="a/b c")
    equal(got["Body"].read(), b"hello", "body")
    equal((got["ContentType"], got["Metadata"], got["TagCount"]),
          ("text/plain", {"colour": "blue"}, 1), "headers")
    equal(s3.head_object(Bucket="media", Key="a/b c")["ContentLength"], 5, "length")
    equal(s3.get_object(Bucket="media", Key="a/b c", Range="bytes=1-2")["Body"].read(), b"el",
          "range")
    equal(s3.get_object_tagging(Bucket="media", Key="a/b c")["TagSet"],
          [{"Key": "k", "Value": "v"}], "tags")
    refused("304", s3.get_object, Bucket="media", Key="a/b c", IfNoneMatch=got["ETag"])
    refused("PreconditionFailed", s3.put_object, Bucket="media", Key="a/b c", Body=b"",
            IfNoneMatch="*")
    s3.copy_object(Bucket="media", Key="copy", CopySource={"Bucket": "media", "Key": "a/b c"})
    equal(s3.get_object(Bucket="media", Key="copy")["Metadata"], {"colour": "blue"}, "copied")
    refused("NoSuchKey", s3.get_object, Bucket="media", Key="never")
    for algorithm in ("CRC32", "SHA1", "SHA256"):
        s3.put_object(Bucket="media", Key="sum", Body=b"checked", ChecksumAlgorithm=algorithm)
    out = s3.delete_objects(Bucket="media", Delete={"Objects": [
        {"Key": "copy"}, {"Key": "never"}, {"Key": "a/b c"}, {"Key": "sum"}]})
    equal(len(out["Deleted"]), 4, "deleted")
    equal(s3.list_objects_v2(Bucket="media")["KeyCount"], 0, "left")


@with_client
def lists_page(s3, _cloud):
    for i in range(25):
        s3.put_object(Bucket="media", Key=f"{i % 5}/ü{i:02}", Body=b"x")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket="media", PaginationConfig={"PageSize": 4})
    keys = [o["Key"] for page in pages for o in page["Contents"]]
    equal(keys, sorted(keys), "order")
    equal(len(set(keys)), 25, "keys")
    pages = s3.get_paginator("list_objects").paginate(
        Bucket="media", Delimiter="/", PaginationConfig={"PageSize": 2})
    folded = [p["Prefix"] for page in pages for p in page.get("CommonPrefixes", [])]
    equal(folded, ["0/", "1/", "2/", "3/", "4/"], "folders")


@with_client
def versions(s3, _cloud):
    s3.put_bucket_versioning(Bucket="media", VersioningConfiguration={"Status": "Enabled"})
    ids = [s3.put_object(Bucket="media", Key="k", Body=b"%d" % i)["VersionId"] for i in range(5)]
    marker = s3.delete_object(Bucket="media", Key="k")
    check(marker["DeleteMarker"], "a delete marker")
    old = s3.get_object(Bucket="media", Key="k", VersionId=ids[1])
    equal(old["Body"].read(), b"1", "a version")
    found, markers = [], []
    for page in s3.get_paginator("list_object_versions").paginate(
            Bucket="media", PaginationConfig={"PageSize": 2}):
        found += [v["VersionId"] for v in page.get("Versions", [])]
        markers += [v["VersionId"] for v in page.get("DeleteMarkers", [])]
    equal((found, markers), (ids[::-1], [marker["VersionId"]]), "versions, newest first")
    s3.delete_objects(Bucket="media", Delete={"Objects": [
        {"Key": "k", "VersionId": v} for v in found + markers]})
    s3.delete_bucket(Bucket="media")


@with_client
def uploads_in_parts(s3, _cloud):
    data = os.urandom(17 * MIB)
    s3.upload_fileobj(io.BytesIO(data), "media", "big",
                      Config=boto3.s3.transfer.TransferConfig(multipart_threshold=5 * MIB,
                                                              multipart_chunksize=5 * MIB))
    check(s3.head_object(Bucket="media", Key="big")["ETag"].endswith('-4"'), "four parts")
    out = io.BytesIO()
    s3.download_fileobj("media", "big", out)
    check(out.getvalue() == data, "the same bytes")
    upload = s3.create_multipart_upload(Bucket="media", Key="left")["UploadId"]
    s3.upload_part(Bucket="media", Key="left", UploadId=upload, PartNumber=1, Body=b"x")
    equal([u["UploadId"] for u in s3.list_multipart_uploads(Bucket="media")["Uploads"]], [upload],
          "uploads")
    equal(len(s3.list_parts(Bucket="media", Key="left", UploadId=upload)["Parts"]), 1, "parts")
    s3.abort_multipart_upload(Bucket="media", Key="left", UploadId=upload)
    refused("NoSuchUpload", s3.list_parts, Bucket="media", Key="left", UploadId=upload)


@with_client
def presigned(s3, _cloud):
    s3.put_object(Bucket="media", Key="a", Body=b"hello")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "media", "Key": "a"})
    with urllib.request.urlopen(url, timeout=20) as answer:
        equal(answer.read(), b"hello", "a presigned GET")
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "media", "Key": "b"})
    request = urllib.request.Request(url, method="PUT", data=b"put", headers={"Content-Type": ""})
    with urllib.request.urlopen(request, timeout=20) as answer:
        equal(answer.status, 200, "a presigned PUT")
    try:
        urllib.request.urlopen(url.replace("/b?", "/c?"), timeout=20)
    except urllib.error.HTTPError as error:
        equal(error.code, 403, "another key")
    else:
        raise Failure("the signature of another key was taken")


@with_client
def virtual_hosts(_s3, cloud):
    port = cloud.env["SPACES_ENDPOINT_URL"].rsplit(":", 1)[1].rstrip("/")
    resolve = socket.getaddrinfo
    socket.getaddrinfo = lambda name, *rest, **more: resolve("127.0.0.1", *rest, **more)
    s3 = client(cloud, style="virtual", endpoint=f"http://localhost:{port}")
    s3.put_object(Bucket="media", Key="a", Body=b"hello")
    equal(s3.get_object(Bucket="media", Key="a")["Body"].read(), b"hello", "virtual-host style")


@with_client
def keys_with_grants(s3, cloud):
    s3.put_object(Bucket="media", Key="a", Body=b"hello")
    status, answer = cloud.call("POST", "/v2/spaces/keys", {
        "name": "reader", "grants": [{"bucket": "media", "permission": "read"}]})
    equal(status, 201, f"a key: {answer}")
    reader = client(cloud, key=answer["key"]["access_key"], secret=answer["key"]["secret_key"])
    equal(reader.get_object(Bucket="media", Key="a")["Body"].read(), b"hello", "may read")
    refused("AccessDenied", reader.put_object, Bucket="media", Key="a", Body=b"x")
    wrong = client(cloud, secret="wrong")
    refused("SignatureDoesNotMatch", wrong.list_objects_v2, Bucket="media")
    refused("InvalidAccessKeyId", client(cloud, key="DO00NONE").list_objects_v2, Bucket="media")


if __name__ == "__main__":
    sys.exit(run([bucket_and_its_settings, objects, lists_page, versions, uploads_in_parts,
                  presigned, virtual_hosts, keys_with_grants]))
