#!/usr/bin/env python3
"""minio-py: signs in chunks, and lists in its own way."""
import io
import os
import sys

import minio
import minio.deleteobjects

from common import Cloud, Failure, check, equal, run

MIB = 1 << 20


def client(cloud):
    host = cloud.env["SPACES_ENDPOINT_URL"].split("://", 1)[1].rstrip("/")
    return minio.Minio(host, access_key=cloud.env["SPACES_ACCESS_KEY_ID"],
                       secret_key=cloud.env["SPACES_SECRET_ACCESS_KEY"], secure=False,
                       region="nyc3")


def a_buckets_life():
    with Cloud() as cloud:
        s3 = client(cloud)
        s3.make_bucket("media")
        check(s3.bucket_exists("media"), "it exists")
        data = os.urandom(12 * MIB)
        s3.put_object("media", "big/file", io.BytesIO(data), len(data), part_size=5 * MIB)
        s3.put_object("media", "small", io.BytesIO(b"hello"), 5, content_type="text/plain",
                      metadata={"colour": "blue"})
        answer = s3.get_object("media", "big/file")
        check(answer.read() == data, "the same bytes")
        answer.close()
        stat = s3.stat_object("media", "small")
        equal((stat.size, stat.content_type, stat.metadata["x-amz-meta-colour"]),
              (5, "text/plain", "blue"), "stat")
        equal(sorted(o.object_name for o in s3.list_objects("media")), ["big/", "small"], "list")
        equal([o.object_name for o in s3.list_objects("media", recursive=True)],
              ["big/file", "small"], "recursive list")
        errors = list(s3.remove_objects("media", [
            minio.deleteobjects.DeleteObject("big/file"),
            minio.deleteobjects.DeleteObject("small")]))
        equal(errors, [], "errors of removing")
        s3.remove_bucket("media")
        check(not s3.bucket_exists("media"), "it is gone")
        try:
            s3.stat_object("media", "small")
        except minio.error.S3Error as error:
            equal(error.code in ("NoSuchKey", "NoSuchBucket"), True, "code")
        else:
            raise Failure("an object of a bucket that is gone")


if __name__ == "__main__":
    sys.exit(run([a_buckets_life]))
