#!/usr/bin/env python3
"""s3cmd, which many use with Spaces, through a bucket's life."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from common import Cloud, check, equal, run

MIB = 1 << 20


class S3cmd:
    def __init__(self, cloud, folder):
        self.cloud, self.folder = cloud, folder
        host = cloud.env["SPACES_ENDPOINT_URL"].split("://", 1)[1].rstrip("/")
        self.config = folder / "s3cfg"
        self.config.write_text(
            "[default]\n"
            f"access_key = {cloud.env['SPACES_ACCESS_KEY_ID']}\n"
            f"secret_key = {cloud.env['SPACES_SECRET_ACCESS_KEY']}\n"
            f"host_base = {host}\nhost_bucket = {host}\nuse_https = False\n"
            "bucket_location = nyc3\nmultipart_chunk_size_mb = 5\nprogress_meter = False\n")

    def __call__(self, *arguments, code=0):
        done = subprocess.run(["s3cmd", "-c", str(self.config), *map(str, arguments)], text=True,
                              capture_output=True, cwd=self.folder, check=False, timeout=120)
        check(done.returncode == code, f"s3cmd {' '.join(map(str, arguments))}: exit code "
              f"{done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def file(self, name, data):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path


def with_s3cmd(test):
    def wrapped():
        with Cloud() as cloud, tempfile.TemporaryDirectory() as folder:
            s3 = S3cmd(cloud, pathlib.Path(folder))
            s3("mb", "s3://media")
            test(s3)
    wrapped.__name__ = test.__name__
    return wrapped


@with_s3cmd
def bucket_is_made_listed_and_removed(s3):
    check("s3://media" in s3("ls"), "the bucket is listed")
    check("nyc3" in s3("info", "s3://media"), "its region is told")
    s3("mb", "s3://media")  # one's own again
    out = s3("mb", "s3://taken-by-others", code=13)
    check("BucketAlreadyExists" in out or "already exists" in out, out)
    s3("put", s3.file("a", b"x"), "s3://media/a")
    check("BucketNotEmpty" in s3("rb", "s3://media", code=13), "a full bucket stays")
    s3("rb", "--force", "--recursive", "s3://media")
    equal(s3("ls").strip(), "", "all buckets")
    check("NoSuchBucket" in s3("ls", "s3://media", code=12), "it is gone")


@with_s3cmd
def objects_go_there_and_back(s3):
    data = os.urandom(100_000)
    s3("put", s3.file("a b+c.bin", data), "s3://media/dir/a b+c.bin", "--add-header=x-amz-meta-k:v",
       "--mime-type=application/x-mok")
    info = s3("info", "s3://media/dir/a b+c.bin")
    check("application/x-mok" in info and "x-amz-meta-k" in info, info)
    s3("get", "s3://media/dir/a b+c.bin", "back")
    equal((s3.folder / "back").read_bytes(), data, "what came back")
    check("DIR" in s3("ls", "s3://media/") and "s3://media/dir/" in s3("ls", "s3://media/"),
          "folders are folded")
    s3("cp", "s3://media/dir/a b+c.bin", "s3://media/copy")
    s3("mv", "s3://media/copy", "s3://media/ünïcode")
    listed = s3("ls", "--recursive", "s3://media/")
    check("ünïcode" in listed and "/copy" not in listed, listed)
    s3("del", "s3://media/ünïcode")
    s3("modify", "--add-header=Cache-Control:max-age=60", "s3://media/dir/a b+c.bin")
    url = s3("signurl", "s3://media/dir/a b+c.bin", "+60").strip()
    check("max-age=60" in subprocess.check_output(["curl", "-s", "-D", "-", "-o", "back", url],
                                                  text=True, cwd=s3.folder), "changed headers")
    check("404" in s3("info", "s3://media/never", code=12), "no such key")


@with_s3cmd
def folders_are_synced(s3):
    for i in range(30):
        s3.file(f"tree/{i % 3}/{i}", b"%d" % i)
    s3("sync", "tree/", "s3://media/tree/")
    equal(len(s3("ls", "--recursive", "s3://media/tree/").splitlines()), 30, "objects")
    (s3.folder / "tree/0/0").unlink()
    s3.file("tree/1/1", b"changed")
    out = s3("sync", "--delete-removed", "tree/", "s3://media/tree/")
    check("delete:" in out and "tree/1/1" in out, out)
    check("tree/2/2" not in out, f"what is the same is not sent again: {out}")
    (s3.folder / "down").mkdir()
    s3("sync", "s3://media/tree/", "down/")
    equal((s3.folder / "down/1/1").read_bytes(), b"changed", "synced down")
    s3("del", "--recursive", "--force", "s3://media/tree/")
    equal(s3("ls", "--recursive", "s3://media/").strip(), "", "all gone")


@with_s3cmd
def large_files_go_in_parts(s3):
    data = os.urandom(16 * MIB + 123)
    s3("put", s3.file("big", data), "s3://media/big")
    parts = [e for e in s3.cloud.log()
             if e["method"] == "PUT" and "partNumber" in e.get("query", "")]
    equal(len(parts), 4, "parts")
    s3("get", "s3://media/big", "back")
    check((s3.folder / "back").read_bytes() == data, "the parts make the whole")
    equal(s3("multipart", "s3://media").count("2~"), 0, "uploads left over")


@with_s3cmd
def access_is_opened_and_closed(s3):
    s3("put", s3.file("a", b"open"), "s3://media/a")
    url = s3.cloud.env["SPACES_ENDPOINT_URL"].rstrip("/") + "/media/a"
    code = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url]
    equal(subprocess.check_output(code, text=True), "403", "private")
    s3("setacl", "--acl-public", "s3://media/a")
    equal(subprocess.check_output(code, text=True), "200", "public")
    check("*anon*" in s3("info", "s3://media/a"), "s3cmd sees the grant")
    s3("setacl", "--acl-private", "s3://media/a")
    equal(subprocess.check_output(code, text=True), "403", "private again")
    s3("setacl", "--acl-public", "--recursive", "s3://media")
    equal(subprocess.check_output(code, text=True), "200", "public by way of the bucket")
    url = s3("signurl", "s3://media/a", "+60").strip()
    equal(subprocess.check_output(["curl", "-s", url], text=True), "open", "a signed URL")


@with_s3cmd
def settings_read_back(s3):
    cors = s3.file("cors.xml", b"<CORSConfiguration><CORSRule><AllowedOrigin>https://a.example"
                   b"</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>"
                   b"</CORSConfiguration>")
    s3("setcors", cors, "s3://media")
    check("https://a.example" in s3("info", "s3://media"), "CORS")
    s3("delcors", "s3://media")
    check(re.search(r"CORS:\s+none", s3("info", "s3://media")), "no CORS")
    rules = s3.file("rules.xml", b"<LifecycleConfiguration><Rule><ID>old</ID><Prefix>tmp/</Prefix>"
                    b"<Status>Enabled</Status><Expiration><Days>3</Days></Expiration></Rule>"
                    b"</LifecycleConfiguration>")
    s3("setlifecycle", rules, "s3://media")
    check("<Days>3</Days>" in s3("getlifecycle", "s3://media"), "lifecycle")
    s3("dellifecycle", "s3://media")
    s3("expire", "--expiry-days=9", "--expiry-prefix=log/", "s3://media")
    check("<Days>9</Days>" in s3("getlifecycle", "s3://media").replace("\n", ""), "expire")
    policy = s3.file("policy.json", b'{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
                     b'"Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::media/*"}]}')
    s3("setpolicy", policy, "s3://media")
    check("s3:GetObject" in s3("info", "s3://media"), "policy")
    s3("delpolicy", "s3://media")
    check(re.search(r"Policy:\s+none", s3("info", "s3://media")), "no policy")


@with_s3cmd
def versions_hold_a_bucket(s3):
    # s3cmd of Debian 12 cannot switch versioning on; curl signs, too.
    env = s3.cloud.env
    equal(subprocess.check_output(
        ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "PUT",
         "--aws-sigv4", "aws:amz:nyc3:s3", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD",
         "--user", f"{env['SPACES_ACCESS_KEY_ID']}:{env['SPACES_SECRET_ACCESS_KEY']}", "--data",
         "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
         env["SPACES_ENDPOINT_URL"].rstrip("/") + "/media?versioning="], text=True), "200",
        "versioning by curl")
    s3("put", s3.file("a", b"1"), "s3://media/a")
    s3("put", s3.file("a", b"2"), "s3://media/a")
    s3("del", "s3://media/a")
    equal(s3("ls", "s3://media").strip(), "", "no current object")
    check("BucketNotEmpty" in s3("rb", "s3://media", code=13), "versions remain")


@with_s3cmd
def what_spaces_lacks_is_refused(s3):
    check("NotImplemented" in s3("setnotification", s3.file("n.xml", b"<a/>"), "s3://media",
                                 code=11), "notifications")


if __name__ == "__main__":
    sys.exit(run([
        bucket_is_made_listed_and_removed, objects_go_there_and_back, folders_are_synced,
        large_files_go_in_parts, access_is_opened_and_closed, settings_read_back,
        versions_hold_a_bucket, what_spaces_lacks_is_refused,
    ]))
