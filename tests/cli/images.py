#!/usr/bin/env python3
"""Digests of images: asked of the registry once, kept by what runs, and what happens without one."""
import json
import re
import sys
import urllib.error
import urllib.request

from lib import Cloud, Stack, check, equal, run_tests

IMAGE = "docker.io/library/postgres:17"
DIGEST = r"sha256:[0-9a-f]{64}"
PLAN = """\
mok: 1
name: pics
region: ams3
resources:
  c: { kind: kubernetes_cluster, name: k, version: "1.36" }
  p: { kind: kubernetes_node_pool, cluster_id: "${c.id}", name: p, size: s-2vcpu-4gb, count: 1 }
  db:
    kind: kubernetes_manifest
    cluster_id: ${c.id}
    wait: false
    manifest:
      apiVersion: apps/v1
      kind: Deployment
      metadata: { name: db, namespace: default }
      spec:
        selector: { matchLabels: { app: db } }
        template:
          metadata: { labels: { app: db } }
          spec: { containers: [ { name: db, image: '${image["IMAGE"]}' } ] }
""".replace("IMAGE", IMAGE)


def images_of(stack):
    text = stack.run("manifests", "-").expect(0).out
    return re.findall(r"image: (\S+)", text)


def push_again(cloud, repository, tag):
    """Moves a tag, as a push does."""
    url = f"{cloud.env['MOK_REGISTRY_URL']}/v2/{repository}/manifests/{tag}?ns=docker.io"
    request = urllib.request.Request(
        url, method="PUT", data=json.dumps({"schemaVersion": 2, "manifests": []}).encode(),
        headers={"Authorization": "Bearer x", "Content-Type": "application/vnd.oci.image.index.v1+json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.headers["Docker-Content-Digest"]


def questions(cloud, since=0):
    return [f"{e['method']} {e['path']}" for e in cloud.log()[since:]
            if "/manifests/" in e["path"] or e["path"] == "/token"]


NO_REGISTRY = [{"match": {"path": "/v2/*/manifests/*"}, "do": "status", "status": 503}]


def test_a_tag_gets_its_digest():
    with Cloud() as cloud, Stack(cloud, PLAN) as stack:
        images = images_of(stack)
        equal(len(images), 1, "images")
        check(re.fullmatch(re.escape(IMAGE) + "@" + DIGEST, images[0]), images[0])
        path = "/v2/library/postgres/manifests/17"
        equal(questions(cloud), [f"HEAD {path}", "GET /token", f"HEAD {path}"], "questions")
        equal(images_of(stack), images, "the same digest again")


def test_what_runs_keeps_its_digest():
    with Cloud() as cloud, Stack(cloud, PLAN) as stack:
        before = images_of(stack)
        stack.apply()
        moved = push_again(cloud, "library/postgres", "17")
        check(not before[0].endswith(moved), "the tag has moved")
        stack.plan(0)
        cloud.restart([{**NO_REGISTRY[0], "do": "hang"}])
        result = stack.plan(0)
        check(result.seconds < 20, "nobody waits for a registry that is not needed")
        equal(images_of(stack), before, "what runs")
        cloud.restart()
        stack.write(PLAN.replace("postgres:17", "postgres:18"))
        check("postgres:18@" in stack.plan(2).out, "another tag is asked for")
        stack.write(PLAN.replace("name: db, namespace", "name: db2, namespace").replace("  db:", "  x:"))
        check(moved in images_of(stack)[0], "an instance that is new gets what the tag is now")


def test_without_a_registry_nothing_is_guessed():
    with Cloud(NO_REGISTRY) as cloud, Stack(cloud, PLAN) as stack:
        result = stack.run("plan").expect(1)
        check("E0921" in result.err and IMAGE in result.err, result.err)
        check("pin: tag" in result.err, "what to do instead")
        stack.write(PLAN.replace('${image["', "").replace('"]}', ""))
        stack.plan(2)
        equal(stack.run("validate").expect(0).err, "", "validate needs none")


HELM = """\
  chart: { kind: helm_release, cluster_id: "${c.id}", name: web, namespace: default,
           repository: https://charts.example, chart: web, version: 1.2.3 }
"""


def test_the_image_of_helm_is_pinned_too():
    text = PLAN[:PLAN.index("  db:")] + HELM
    with Cloud(NO_REGISTRY) as cloud, Stack(cloud, text) as stack:
        result = stack.run("plan").expect(1)
        check("E0921" in result.err and "docker.io/alpine/helm" in result.err, result.err)
        stack.write(text.replace("version: 1.2.3", "version: 1.2.3, image: helm:mine"))
        stack.plan(2)
        stack.write(text)
        cloud.restart()
        check(re.search("docker.io/alpine/helm:[0-9.]+@" + DIGEST, json.dumps(stack.plan_json())),
              "pinned")
        stack.write(text[:text.index(HELM)])
        cloud.restart(NO_REGISTRY)
        stack.plan(2)


def test_what_is_in_no_registry_is_not_pulled():
    def pod(name, image):
        return f"""\
  {name}: {{ kind: kubernetes_manifest, cluster_id: "${{c.id}}", timeouts: {{ create: 1m }}, manifest: {{
          apiVersion: v1, kind: Pod, metadata: {{ name: {name}, namespace: default }},
          spec: {{ containers: [ {{ name: a, image: "{image}" }} ] }} }} }}
"""

    # In one apply, since what fails is waited for a minute.
    plan = (PLAN[:PLAN.index("  db:")] + pod("no-such-tag", "ghcr.io/mastodon/mastodon:v4.7.99") +
            pod("no-such-digest", "ghcr.io/mastodon/mastodon:v4.7@sha256:" + "0" * 64) +
            pod("fine", "nginx:1"))
    with Cloud() as cloud, Stack(cloud, plan) as stack:
        err = stack.run("apply", "--yes").expect(3).err
        for name, runs in (("no-such-tag", False), ("no-such-digest", False), ("fine", True)):
            equal(f"  {name}: created" in err, runs, name)
            equal(f"error: {name}: create" in err, not runs, name)
        check("ImagePull" in err, err)
        told = stack.run("plan", "--detailed-exitcode").expect(0)
        equal(re.findall(r"W0813\]: (\S+) is as wanted, but not ready", told.err),
              ["no-such-tag", "no-such-digest"], "the next plan says which are not ready")


def test_nobody_is_there():
    with Cloud() as cloud, Stack(cloud, PLAN) as stack:
        result = stack.run("plan", env={"MOK_REGISTRY_URL": "http://127.0.0.1:9"}).expect(1)
        check("E0921" in result.err and "docker.io" in result.err, result.err)


def test_offline_they_stay_tags():
    with Stack(None, PLAN) as stack:
        text = stack.run("manifests", "--offline", "-").expect(0).out
        equal(re.findall(r"image: (\S+)", text), [IMAGE], "images")


def test_a_stack_without_images_asks_nobody():
    with Cloud() as cloud, Stack(cloud, PLAN[:PLAN.index("  db:")]) as stack:
        stack.apply()
        equal(questions(cloud), [], "questions")


def test_in_this_process():
    with Stack(None, PLAN) as stack:
        check(re.search(re.escape(IMAGE) + "@" + DIGEST,
                        stack.run("--sandbox", "--speed", "max", "manifests", "-").expect(0).out),
              "pinned")


def test_the_registry_of_the_sandbox():
    with Cloud() as cloud:
        url = cloud.env["MOK_REGISTRY_URL"]

        def get(path, token=None):
            request = urllib.request.Request(
                url + path, headers={"Authorization": f"Bearer {token}"} if token else {})
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return answer.status, answer.headers, answer.read()
            except urllib.error.HTTPError as error:
                return error.code, error.headers, error.read()

        status, headers, _ = get("/v2/mastodon/mastodon/manifests/v4.7?ns=ghcr.io")
        equal(status, 401, "without a token")
        check(f'realm="{url}/token"' in headers["WWW-Authenticate"], "where one is to be had")
        token = json.loads(get("/token?service=ghcr.io")[2])["token"]
        for tag, wanted in (("v4.7", 200), ("v4.7.6", 200), ("v4.6.5", 200), ("latest", 200),
                            ("v4.7.9", 200), ("v4.7.10", 404), ("v4.77", 404), ("v3.5.0", 404), ("x", 404)):
            status, headers, body = get(f"/v2/mastodon/mastodon/manifests/{tag}?ns=ghcr.io", token)
            equal(status, wanted, tag)
            if status == 404:
                equal(json.loads(body)["errors"][0]["code"], "MANIFEST_UNKNOWN", tag)


if __name__ == "__main__":
    sys.exit(run_tests([f for name, f in list(globals().items()) if name.startswith("test_")]))
