#!/usr/bin/env python3
"""rclone with the arguments and variables that the mastodon block's copying pods have, between buckets
that mok made, by keys that open no other."""
import base64
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import yaml

from common import ROOT, Cloud, Stack, check, equal, run

PLAN = ("-f", str(ROOT / "plans" / "large.yaml"), "-f", "mok.yaml")
ESCROW = "mok: 1\nmastodon: { secrets: { escrow: kept.age } }\n"
MONTH_S = 31 * 86400


class Pods:
    """The copying pods of an applied plan, and what rclone does in their containers."""

    def __init__(self, cloud, stack):
        self.cloud = cloud
        stack.write(ESCROW)
        env = {"MOK_PASSPHRASE": "rclone is asked"}
        stack.run(*PLAN, "apply", "--yes", env=env).expect(0)
        text = stack.run(*PLAN, "manifests", "--secrets", "-", env=env).expect(0).out
        self.objects = {f"{d['kind']}/{d['metadata']['name']}": d for d in yaml.safe_load_all(text)}
        self.home = stack.dir / "home"
        self.home.mkdir()

    def containers(self, name):
        cron, job = self.objects.get(f"CronJob/{name}"), self.objects.get(f"Job/{name}")
        spec = (cron["spec"]["jobTemplate"] if cron else job)["spec"]["template"]["spec"]
        return {c["name"]: c for c in spec.get("initContainers", []) + spec["containers"]}

    def environment(self, container):
        """As its Secrets say, but that Spaces is here, without TLS or names for its buckets, which
        rclone thinks DigitalOcean has."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home)}
        for source in container["envFrom"]:
            data = self.objects[f"Secret/{source['secretRef']['name']}"]["data"]
            env.update({k: base64.b64decode(v).decode() for k, v in data.items()})
        for name in [n for n in env if n.endswith("_ENDPOINT")]:
            check(env[name].endswith(".digitaloceanspaces.com"), f"{name}: {env[name]}")
            env[name] = self.cloud.env["SPACES_ENDPOINT_URL"].replace("{{.Region}}", "ams3")
            equal(env[name.replace("_ENDPOINT", "_PROVIDER")], "DigitalOcean", "provider")
            env[name.replace("_ENDPOINT", "_PROVIDER")] = "Other"
        return env

    def run(self, cron, name, mounts=()):
        container = self.containers(cron)[name]
        arguments = [dict(mounts).get(a, a) for a in container["args"]]
        return self.rclone(self.environment(container), *arguments)

    def rclone(self, env, *arguments, code=0):
        done = subprocess.run(["rclone", *arguments], env=env, text=True, capture_output=True,
                              check=False, timeout=60)
        check(done.returncode == code, f"rclone {' '.join(arguments)}: exit code {done.returncode}\n"
              f"{done.stdout}{done.stderr}")
        return done.stdout if code == 0 else done.stderr

    def listed(self, env, remote):
        return sorted(self.rclone(env, "lsf", "--recursive", "--files-only", remote).split())


def with_pods(test):
    def wrapped():
        with Cloud() as cloud, Stack(cloud) as stack:
            test(Pods(cloud, stack))
    wrapped.__name__ = test.__name__
    return wrapped


def write(path, text, age_s=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    then = time.time() - age_s
    os.utime(path, (then, then))


@with_pods
def a_dump_arrives_and_the_old_one_goes(pods):
    env = pods.environment(pods.containers("mastodon-pg-dump")["copy"])
    to = pods.containers("mastodon-pg-dump")["copy"]["args"][2]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write(folder / "mastodon-20200101T000000Z.dump", "old", MONTH_S)
        pods.run("mastodon-pg-dump", "copy", {"/dump": name}.items())
        (folder / "mastodon-20200101T000000Z.dump").unlink()
        write(folder / "mastodon-20200201T000000Z.dump", "new")
        write(folder / ".psql_history", "no dump")
        pods.run("mastodon-pg-dump", "copy", {"/dump": name}.items())
    equal(len(pods.listed(env, to)), 2, "both are there until the last step")
    pods.run("mastodon-pg-dump", "expire")
    equal(pods.listed(env, to), ["mastodon-20200201T000000Z.dump"], "dumps")


@with_pods
def a_key_opens_no_other_bucket(pods):
    env = pods.environment(pods.containers("mastodon-pg-dump")["copy"])
    media = pods.containers("mastodon-media-sync")["sync"]["args"][1].removeprefix("media:")
    told = pods.rclone(env, "lsf", f"backup:{media}", "--retries=1", "--low-level-retries=1", code=1)
    check("AccessDenied" in told, told)


@with_pods
def media_are_copied_but_for_what_can_be_had_again(pods):
    sync = pods.containers("mastodon-media-sync")["sync"]
    env = pods.environment(sync)
    source, copy = sync["args"][1], sync["args"][2]
    with tempfile.TemporaryDirectory() as name:
        for path in ("media_attachments/1", "accounts/2", "cache/3", "backups/4"):
            write(pathlib.Path(name) / path, path)
        pods.rclone(env, "copy", name, source)
        write(pathlib.Path(name) / "kept.dump", "dump")
        pods.rclone(env, "copyto", f"{name}/kept.dump", f"{copy}/postgresql/kept.dump")
    pods.run("mastodon-media-sync", "sync")
    equal(pods.listed(env, copy), ["accounts/2", "media_attachments/1", "postgresql/kept.dump"],
          "the copy")
    pods.rclone(env, "deletefile", f"{source}/accounts/2")
    pods.run("mastodon-media-sync", "sync")
    equal(pods.listed(env, copy), ["media_attachments/1", "postgresql/kept.dump"], "after a deletion")


@with_pods
def assets_of_both_versions_are_there(pods):
    copy = pods.containers("mastodon-assets-copy")["copy"]
    env, to = pods.environment(copy), copy["args"][2]
    for name in ("application-1.js", "application-2.js"):
        with tempfile.TemporaryDirectory() as folder:
            write(pathlib.Path(folder) / "packs" / name, name)
            pods.run("mastodon-assets-copy", "copy", {"/assets": folder}.items())
    equal(pods.listed(env, to), ["packs/application-1.js", "packs/application-2.js"], "assets")
    told = pods.rclone(env, "lsjson", "--metadata", "--recursive", "--files-only", to)
    check("immutable" in told, f"browsers may keep them: {told}")


if __name__ == "__main__":
    sys.exit(run([a_dump_arrives_and_the_old_one_goes, a_key_opens_no_other_bucket,
                  media_are_copied_but_for_what_can_be_had_again,
                  assets_of_both_versions_are_there]))
