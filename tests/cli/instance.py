#!/usr/bin/env python3
"""The Mastodon of the sandbox over HTTP, and that it goes on answering when mok has ended."""
import http.client
import json
import os
import re
import shutil
import ssl
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from lib import ROOT, Cloud, Stack, check, equal, run_tests

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


PLURALS = {"NetworkPolicy": "networkpolicies", "PriorityClass": "priorityclasses"}
NAMESPACE = "/namespaces/mastodon"
GATEWAY = f"/apis/gateway.networking.k8s.io/v1{NAMESPACE}/gateways/mastodon/status"
WEB = f"/apis/apps/v1{NAMESPACE}/deployments/mastodon-web"


class Cluster:
    """The only cluster of a cloud, through its API."""

    def __init__(self, cloud):
        cluster = cloud.get("/v2/kubernetes/clusters")["kubernetes_clusters"][0]["id"]
        api = urllib.parse.urlsplit(cloud.env["DIGITALOCEAN_API_URL"])
        self.base = f"https://{api.hostname}:{api.port + 2}/{cluster}"
        self.tls = ssl._create_unverified_context()

    def ask(self, method, path, body=None, kind="application/merge-patch+json"):
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        request = urllib.request.Request(self.base + path, method=method, data=data, headers={
            "Authorization": "Bearer dop_v1_test", "Content-Type": kind})
        with urllib.request.urlopen(request, context=self.tls, timeout=60) as answer:
            return json.loads(answer.read())

    def apply(self, text):
        """Server-side apply of one YAML document; a Job is waited for."""
        def field(pattern):
            found = re.search(pattern, text, re.M)
            return found.group(1).strip("'") if found else None
        version, kind = field(r"^apiVersion: (.*)"), field(r"^kind: (.*)")
        name, space = field(r"^  name: (.*)"), field(r"^  namespace: (.*)")
        path = (f"/apis/{version}" if "/" in version else f"/api/{version}") + (
            f"/namespaces/{space}" if space else "")
        path += f"/{PLURALS.get(kind, kind.lower() + 's')}/{name}"
        self.ask("PATCH", f"{path}?fieldManager=test&force=true", text.encode(),
                 "application/apply-patch+yaml")
        return self.wait(path, name) if kind == "Job" else None

    def wait(self, path, name):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            conditions = self.ask("GET", path)["status"].get("conditions", [])
            ended = [c["type"] for c in conditions if c["type"] in ("Complete", "Failed")]
            if ended:
                return equal(ended, ["Complete"], f"Job {name}")
            time.sleep(0.05)
        check(False, f"Job {name} does not end")


def make_instance(cloud, stack):
    """What a plan's block stands for, by its own manifests; but for the add-ons."""
    text = (ROOT / "plans/small.yaml").read_text()
    block, outputs = text.index("\nmastodon:"), text.index("\noutputs:")
    stack.write(text[:block] + text[outputs:])
    stack.write(text, "whole.yaml")
    (stack.dir / ".mok").mkdir()
    (stack.dir / ".mok/sandbox").symlink_to(cloud.dir / "cloud")
    stack.run("--sandbox", "apply", "--yes").expect(0)
    manifests = stack.run("--sandbox", "-f", "whole.yaml", "manifests", "--secrets", "-").expect(0).out
    cluster = Cluster(cloud)
    for document in manifests.split("\n---\n"):
        if "cert-manager" not in document:
            cluster.apply(document.removeprefix("---\n"))
    cluster.apply("apiVersion: v1\nkind: Secret\nmetadata:\n  name: mastodon-tls\n"
                  "  namespace: mastodon\nstringData: { tls.crt: x }\n")
    now = {"reason": "Test", "message": "", "lastTransitionTime": "2027-01-01T00:00:00Z"}
    cluster.ask("PATCH", GATEWAY, {"status": {"conditions": [
        {"type": "Programmed", "status": "True", **now}]}})
    return cluster


class Browser:
    """A client of the instance that keeps cookies and follows nothing."""

    def __init__(self, cloud):
        self.address = urllib.parse.urlsplit(cloud.env["MOK_SANDBOX_INSTANCE_URL"]).netloc
        self.headers = {}

    def ask(self, method, path, form=None):
        connection = http.client.HTTPConnection(self.address, timeout=60)
        body = urllib.parse.urlencode(form) if form else None
        headers = dict(self.headers)
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        cookie = answer.getheader("set-cookie")
        if cookie:
            self.headers["Cookie"] = cookie.split(";")[0]
        connection.close()
        return answer.status, answer.getheader("location"), text

    def json(self, method, path, form=None):
        status, _, text = self.ask(method, path, form)
        check(status == 200, f"{method} {path}: {status} {text}")
        return json.loads(text)

    def token(self, text):
        return re.search(r'authenticity_token" value="([^"]+)', text).group(1)

    def sign_in(self, email, password):
        """As an application does it, with the owner in front of it."""
        uri = "urn:ietf:wg:oauth:2.0:oob"
        app = self.json("POST", "/api/v1/apps", {"client_name": "T", "redirect_uris": uri,
                                                 "scopes": "read write"})
        wish = {"client_id": app["client_id"], "redirect_uri": uri, "response_type": "code",
                "scope": "read write"}
        path = "/oauth/authorize?" + urllib.parse.urlencode(wish)
        equal(self.ask("GET", path)[:2], (302, "/auth/sign_in"), "sent to sign in")
        page = self.ask("GET", "/auth/sign_in")[2]
        answer = self.ask("POST", "/auth/sign_in", {
            "authenticity_token": self.token(page), "user[email]": email,
            "user[password]": password})
        equal(answer[:2], (303, path), "signed in")
        page = self.ask("GET", path)[2]
        location = self.ask("POST", "/oauth/authorize", {
            **wish, "authenticity_token": self.token(page)})[1]
        got = self.json("POST", "/oauth/token", {
            "grant_type": "authorization_code", "client_id": app["client_id"],
            "client_secret": app["client_secret"], "redirect_uri": uri,
            "code": location.split("code=")[1]})
        self.headers = {"Authorization": f"Bearer {got['access_token']}"}


def poll(browser, until, failures, versions):
    while not until.is_set():
        status, _, text = browser.ask("GET", "/api/v2/instance")
        if status == 200:
            versions.add(json.loads(text)["version"])
        else:
            failures.append((status, text))
        status, _, text = browser.ask("GET", "/")
        if status != 200:
            failures.append((status, text))


def check_rollout(cloud, cluster):
    """Nobody notices, and then there is nobody."""
    until, failures, versions = threading.Event(), [], set()
    thread = threading.Thread(target=poll, args=(Browser(cloud), until, failures, versions))
    thread.start()
    container = cluster.ask("GET", WEB)["spec"]["template"]["spec"]["containers"][0]
    image = re.sub(r":v4\.7\.6.*", ":v4.7.7", container["image"])
    cluster.ask("PATCH", WEB, {"spec": {"template": {"spec": {"containers": [
        {"name": "web", "image": image}]}}}}, "application/strategic-merge-patch+json")
    end = time.monotonic() + 60
    while "4.7.7" not in versions and time.monotonic() < end:
        time.sleep(0.05)
    until.set()
    thread.join()
    equal((failures, sorted(versions)), ([], ["4.7.6", "4.7.7"]), "a rollout")
    cluster.ask("PATCH", WEB, {"spec": {"replicas": 0}})
    time.sleep(0.5)
    status, _, text = Browser(cloud).ask("GET", "/")
    equal((status, text), (503, "no available server"), "without pods")


def test_the_objects_of_a_plan_make_an_instance():
    with Cloud() as cloud, Stack(cloud) as stack:
        make_instance(cloud, stack)
        browser = Browser(cloud)
        told = browser.json("GET", "/api/v2/instance")
        equal((told["version"], told["domain"]), ("4.7.6", "small.mastodon.example"), "instance")
        equal(browser.ask("GET", "/api/v1/streaming/health")[0], 200, "streaming")
        browser.sign_in("owner@small.mastodon.example", "known-after-apply.secret.owner_password")
        equal(browser.json("GET", "/api/v1/accounts/verify_credentials")["acct"], "admin", "owner")
        post = browser.json("POST", "/api/v1/statuses", {"status": "first"})
        equal([s["id"] for s in browser.json("GET", "/api/v1/timelines/home")], [post["id"]], "home")
        cloud.restart()
        browser.address = Browser(cloud).address
        equal([s["id"] for s in browser.json("GET", "/api/v1/timelines/home")], [post["id"]],
              "home, after the server was restarted")
        check_rollout(cloud, Cluster(cloud))
        log = json.dumps(cloud.log())
        check("owner_password" not in log and "/oauth" not in log, "the log tells nothing of it")


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


def test_a_plan_with_its_block_answers():
    """From nothing to an instance that its owner signs in to, and back."""
    with Stack(None, (ROOT / "plans/small.yaml").read_text()) as stack:
        run = lambda *arguments: stack.run("--sandbox", *arguments, timeout=600)
        try:
            done = run("apply", "--yes", "--speed", "max").expect(0)
            server = server_of(stack)
            check("small.mastodon.example answers" in done.out and
                  f"\n  curl {server['instance_url']}/api/v2/instance\n" in done.out,
                  f"apply says where: {done.out}")
            status, _, body = ask(f"{server['instance_url']}/api/v2/instance")
            equal(status, 200, "instance")
            equal(json.loads(body)["domain"], "small.mastodon.example", "its domain")
            run("plan", "--detailed-exitcode").expect(0)
            run("status").expect(0)
            run("destroy", "--yes").expect(0)
            equal(server_of(stack), None, "destroy ends the server")
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


def test_a_server_does_not_outlive_its_folder():
    with Stack(None) as stack:
        stack.run("sandbox", "--detach", "--listen", "127.0.0.1:0").expect(0)
        pid = server_of(stack)["pid"]
        os.kill(pid, 0)
        shutil.rmtree(stack.dir / ".mok")
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.2)
        check(False, f"process {pid} is still there")


def test_without_an_instance_nothing_is_left_behind():
    with Stack(None, HEAD) as stack:
        out = stack.run("--sandbox", "apply", "--yes", "--speed", "max").expect(0).out
        check("curl" not in out, f"nothing is said: {out}")
        equal(server_of(stack), None, "no server")


if __name__ == "__main__":
    sys.exit(run_tests([f for name, f in sorted(globals().items()) if name.startswith("test_")]))
