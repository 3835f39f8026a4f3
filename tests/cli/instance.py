#!/usr/bin/env python3
"""The Mastodon of the sandbox over HTTP, and that it goes on answering when mok has ended."""
import json
import sys
import urllib.error
import urllib.request

from lib import Cloud, Stack, check, equal, run_tests

HEAD = """\
mok: 1
name: t
region: ams3
resources:
  cluster: { kind: kubernetes_cluster, name: k, version: "1.36" }
  nodes: { kind: kubernetes_node_pool, cluster_id: "${cluster.id}", name: n, size: s-2vcpu-4gb, count: 1 }
"""
INSTANCE = """\
  namespace:
    kind: kubernetes_manifest
    cluster_id: ${cluster.id}
    manifest: { apiVersion: v1, kind: Namespace, metadata: { name: mastodon } }
  web:
    kind: kubernetes_manifest
    cluster_id: ${cluster.id}
    depends_on: [namespace]
    manifest:
      apiVersion: apps/v1
      kind: Deployment
      metadata: { name: web, namespace: mastodon }
      spec:
        replicas: 0
        selector: { matchLabels: { tier: web } }
        template:
          metadata: { labels: { tier: web } }
          spec:
            containers:
              - name: web
                image: ghcr.io/mastodon/mastodon:v4.7.6
                args: [bundle, exec, puma]
                env: [ { name: LOCAL_DOMAIN, value: social.example } ]
"""


def ask(url, host=None):
    """Status, reason and body of one request to an instance."""
    request = urllib.request.Request(url, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers.get("x-sandbox-reason"), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("x-sandbox-reason"), error.read().decode()


def server_of(stack):
    path = stack.dir / ".mok/sandbox/server.json"
    return json.loads(path.read_text()) if path.exists() else None


def test_a_server_has_a_port_for_instances():
    with Cloud() as cloud:
        url = cloud.env["MOK_SANDBOX_INSTANCE_URL"]
        equal(int(url.rsplit(":", 1)[1]), int(cloud.env["DIGITALOCEAN_API_URL"].rsplit(":", 1)[1]) + 3,
              "its number")
        status, _, body = ask(f"{url}/api/v2/instance")
        check(status == 404 and "No cluster" in body, f"nobody is there: {status} {body}")


def test_it_answers_after_an_apply():
    with Stack(None, HEAD + INSTANCE) as stack:
        run = lambda *arguments: stack.run("--sandbox", *arguments)
        try:
            out = run("apply", "--yes", "--speed", "max").expect(0).out
            server = server_of(stack)
            check(server, f"a server runs: {out}")
            line = f"curl {server['instance_url']}/api/v2/instance"
            check(line in out and "social.example" in out, f"apply says where: {out}")
            check("answers 404 (no route of the gateway is for social.example" in out,
                  f"and that it is not well: {out}")
            status, reason, body = ask(f"{server['instance_url']}/api/v2/instance")
            equal((status, body), (404, "404 page not found\n"), "it has no route")
            check("social.example" in reason, f"and says so: {reason}")
            run("plan", "--detailed-exitcode").expect(0)
            out = run("apply", "--yes").expect(0).out
            check(line in out, f"a second apply uses the same server: {out}")
            equal(server_of(stack)["pid"], server["pid"], "the server")
            run("destroy", "--yes").expect(0)
            equal(server_of(stack), None, "destroy ends it")
        finally:
            stack.run("sandbox", "--stop")


def test_a_server_of_the_users_own_stays():
    with Stack(None, HEAD + INSTANCE) as stack:
        try:
            stack.run("sandbox", "--detach", "--listen", "127.0.0.1:0", "--speed", "max").expect(0)
            pid = server_of(stack)["pid"]
            out = stack.run("--sandbox", "apply", "--yes").expect(0).out
            check("/api/v2/instance" in out, f"apply says where: {out}")
            stack.run("--sandbox", "destroy", "--yes").expect(0)
            equal(server_of(stack)["pid"], pid, "the server")
        finally:
            stack.run("sandbox", "--stop").expect(0)


def test_without_an_instance_nothing_is_left_behind():
    with Stack(None, HEAD) as stack:
        out = stack.run("--sandbox", "apply", "--yes", "--speed", "max").expect(0).out
        check("curl" not in out, f"nothing is said: {out}")
        equal(server_of(stack), None, "no server")


if __name__ == "__main__":
    sys.exit(run_tests([f for name, f in sorted(globals().items()) if name.startswith("test_")]))
