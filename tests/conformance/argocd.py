"""A real Argo CD beside a control plane: its application controller and repository server, Redis, and what it
reads from: a Git repository in a folder, and chart repositories at the addresses that the plan has."""
import contextlib
import http.client
import http.server
import io
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import tarfile
import threading
import time

import yaml

from control_plane import free_port, openssl
from lib import Failure, until

REFRESH = "argocd.argoproj.io/refresh"
CONTROLLER = "/api/v1/namespaces/argocd/pods/argocd-application-controller-0"
APPS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"


def package(name, version, files):
    """A chart's archive."""
    out = io.BytesIO()
    files = {"Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n", "values.yaml": "{}\n", **files}
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for path, text in files.items():
            info = tarfile.TarInfo(f"{name}/{path}")
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


class ChartHosts:
    """Chart repositories behind a proxy that answers for the hosts itself: charts are (repository's URL,
    name, version, files). Whoever has `environment` finds them at their own addresses."""

    def __init__(self, folder, charts):
        self.folder, self.pages = pathlib.Path(folder), {}
        for url, name, version, files in charts:
            at, file = url.removeprefix("https://").rstrip("/"), f"{name}-{version}.tgz"
            entry = {"apiVersion": "v2", "name": name, "version": version, "urls": [file]}
            self.pages[f"{at}/index.yaml"] = json.dumps({"apiVersion": "v1", "entries": {name: [entry]}}).encode()
            self.pages[f"{at}/{file}"] = package(name, version, files)
        self.make_certificate({page.split("/")[0] for page in self.pages})
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "hosts.crt", self.folder / "hosts.key")
        pages = self.pages

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            host = ""

            def do_CONNECT(self):
                self.host = self.path.rsplit(":", 1)[0]
                self.send_response(200)
                self.end_headers()
                self.wfile.flush()
                self.connection = context.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")
                self.close_connection = False

            def do_GET(self):
                body = pages.get(self.host + self.path)
                self.send_response(200 if body else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")
                self.wfile.flush()

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.environment = {"HTTPS_PROXY": f"http://127.0.0.1:{self.server.server_port}",
                            "NO_PROXY": "127.0.0.1,localhost", "SSL_CERT_FILE": str(self.folder / "ca.crt")}
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def make_certificate(self, hosts):
        """Of the control plane's authority."""
        at = lambda name: str(self.folder / name)
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=charts", "-keyout", at("hosts.key"), "-out",
                at("hosts.csr"))
        (self.folder / "hosts.san").write_text("subjectAltName=" + ",".join(f"DNS:{h}" for h in sorted(hosts)))
        openssl("x509", "-req", "-in", at("hosts.csr"), "-CA", at("ca.crt"), "-CAkey", at("ca.key"),
                "-CAcreateserial", "-days", "2", "-extfile", at("hosts.san"), "-out", at("hosts.crt"))


class Account:
    """The sandbox's account, behind a server that hands out the plane's kubeconfig for its clusters."""

    def __init__(self, cloud, kubeconfig):
        host, port = cloud.env["DIGITALOCEAN_API_URL"].removeprefix("http://").rstrip("/").rsplit(":", 1)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                connection = http.client.HTTPConnection(host, int(port), timeout=120)
                connection.request(self.command, self.path, body, {
                    k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")})
                answer = connection.getresponse()
                text = answer.read()
                if answer.status == 200 and self.path.endswith("/kubeconfig"):
                    text = yaml.safe_dump(json.loads(kubeconfig)).encode()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
                connection.close()
            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = forward

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        cloud.env["DIGITALOCEAN_API_URL"] = f"http://127.0.0.1:{self.server.server_port}"


class Repository:
    """A bare Git repository and a work tree of it."""

    def __init__(self, folder):
        self.url, self.tree = f"file://{folder}/deploy.git", pathlib.Path(folder) / "deploy"
        self.git("init", "-q", "--bare", "-b", "main", f"{folder}/deploy.git", cwd=folder)
        self.git("clone", "-q", self.url, str(self.tree), cwd=folder)
        (self.tree / "README").write_text("What Argo CD applies.\n")
        self.push("first")

    def git(self, *arguments, cwd=None):
        names = {f"GIT_{who}_{what}": "somebody@example.com" for who in ("AUTHOR", "COMMITTER")
                 for what in ("NAME", "EMAIL")}
        done = subprocess.run(["git", *arguments], cwd=cwd or self.tree, capture_output=True, text=True,
                              env={**os.environ, **names, "GIT_CONFIG_GLOBAL": "/dev/null"})
        if done.returncode:
            raise RuntimeError(f"git {' '.join(arguments)}: {done.stderr}")
        return done.stdout.strip()

    def push(self, message):
        """Returns the revision."""
        self.git("add", "-A")
        if self.git("status", "--porcelain"):
            self.git("commit", "-q", "-m", message)
            self.git("push", "-q", "origin", "HEAD:main")
        return self.git("rev-parse", "HEAD")


class ArgoCD:
    """The processes; its objects are in the namespace argocd, where mok puts them."""

    def __init__(self, plane, environment):
        self.plane, self.tools = plane, plane.tools
        self.folder = plane.folder / "argocd"
        for name in ("home", "tmp", "tls", "ssh"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "ssh/ssh_known_hosts").write_text("")
        self.env = {"PATH": f"{self.tools}:{os.environ['PATH']}", "HOME": str(self.folder / "home"),
                    "TMPDIR": str(self.folder / "tmp"), "KUBECONFIG": str(plane.folder / "kubeconfig"),
                    "ARGOCD_FAKE_IN_CLUSTER": "true", "ARGOCD_GPG_ENABLED": "false",
                    "ARGOCD_TLS_DATA_PATH": str(self.folder / "tls"),
                    "ARGOCD_SSH_DATA_PATH": str(self.folder / "ssh"),
                    "ARGOCD_ASK_PASS_SOCK": str(self.folder / "askpass.sock"),
                    "ARGOCD_PLUGINSOCKFILEPATH": str(self.folder), **environment}
        redis, repo, self.metrics = free_port(), free_port(), free_port()
        plane.start(shutil.which("redis-server"), "--bind", "127.0.0.1", "--port", str(redis), "--save", "",
                    "--dir", str(self.folder / "tmp"))
        common = ("--redis", f"127.0.0.1:{redis}", "--logformat", "text", "--loglevel", "info")
        plane.start(str(self.tools / "argocd-repo-server"), *common, "--address", "127.0.0.1", "--port",
                    str(repo), "--metrics-address", "127.0.0.1", "--metrics-port", str(free_port()),
                    "--disable-tls", env=self.env)
        self.command = (str(self.tools / "argocd-application-controller"), *common, "--namespace", "argocd",
                        "--kubeconfig", str(plane.folder / "kubeconfig"), "--repo-server", f"127.0.0.1:{repo}",
                        "--repo-server-plaintext", "--metrics-port", str(self.metrics),
                        "--app-resync-jitter", "0")
        self.start_controller()

    def start_controller(self):
        self.plane.start(*self.command, env=self.env)
        self.controller = self.plane.processes[-1][1]
        threading.Thread(target=self.live_as_pod, args=(self.controller,), daemon=True).start()

    def live_as_pod(self, process):
        """What a kubelet does: when the pod goes, so does the process."""
        while process.poll() is None:
            with contextlib.suppress(OSError):
                status, pod = self.plane.request("GET", CONTROLLER)
                if status == 404 or "deletionTimestamp" in pod["metadata"]:
                    process.terminate()
            time.sleep(0.2)

    def get(self, name):
        return self.plane.request("GET", f"{APPS}/{name}")[1]

    def all(self):
        return {a["metadata"]["name"]: a for a in self.plane.request("GET", APPS)[1].get("items", [])}

    def refresh(self, name, kind="normal"):
        self.plane.request("PATCH", f"{APPS}/{name}", {"metadata": {"annotations": {REFRESH: kind}}},
                           "application/merge-patch+json")

    def compare(self, name, kind="normal"):
        """A refresh that has ended; the sync status."""
        self.refresh(name, kind)
        self.until("a refresh", lambda: REFRESH not in self.get(name)["metadata"].get("annotations", {}))
        return self.get(name)["status"]["sync"]["status"]

    def until(self, what, look, seconds=120):
        end = time.monotonic() + seconds
        while True:
            found = look()
            if found:
                return found
            if time.monotonic() > end:
                raise Failure(f"{what} did not come about in {seconds} s\n{self.describe()}")
            time.sleep(0.3)

    def describe(self):
        rows = []
        for name, app in self.all().items():
            status = app.get("status", {})
            operation = status.get("operationState", {})
            rows.append(f"{name}: {status.get('sync', {}).get('status')} {status.get('health', {}).get('status')} "
                        f"{operation.get('phase')} {operation.get('message')} "
                        f"{[c.get('message') for c in status.get('conditions', [])]}")
            rows += [f"    {r['kind']} {r['name']} {r.get('status')} {r.get('health')}"
                     for r in status.get("resources", [])
                     if r.get("status") != "Synced" or (r.get("health") or {}).get("status", "Healthy") != "Healthy"]
        return "\n".join(rows)

    def is_settled(self, app, revision):
        """One that found all as it wants it has never had anything to do."""
        status = app.get("status", {})
        return (status.get("sync", {}).get("status") == "Synced"
                and status.get("health", {}).get("status") == "Healthy"
                and status.get("operationState", {}).get("phase", "Succeeded") == "Succeeded"
                and (not revision or "path" not in app["spec"]["source"]
                     or status["sync"].get("revision") == revision))

    def settle(self, revision=None, seconds=400):
        """Until all Applications are synced with that revision, healthy, and none is at work."""
        asked = [time.monotonic()]

        def look():
            apps = self.all()
            late = [name for name, app in apps.items() if not self.is_settled(app, revision)]
            if late and time.monotonic() - asked[0] > 5:
                asked[0] = time.monotonic()
                for name in late:  # which it does by itself every two minutes
                    self.refresh(name)
            return None if late or len(apps) < 2 else apps
        return self.until(f"that all is synced with {revision}", look, seconds)


class Recorder:
    """What happens to objects of some collections, in the order of etcd's revisions."""

    def __init__(self, plane, paths):
        self.plane, self.events, self.ends = plane, [], False
        self.seen = {path: {} for path in paths}  # what is there, by uid, and at which revision
        self.threads = [threading.Thread(target=self.watch, args=(path,), daemon=True) for path in paths]
        for thread in self.threads:
            thread.start()

    def watch(self, path):
        import urllib.request
        from control_plane import TOKEN
        while not self.ends:
            with contextlib.suppress(OSError, ValueError):
                request = urllib.request.Request(f"{self.plane.url}{path}?watch=1&timeoutSeconds=3600",
                                                 headers={"Authorization": f"Bearer {TOKEN}"})
                with urllib.request.urlopen(request, context=self.plane.context) as answer:
                    self.seen[path] = {}
                    for event in map(json.loads, answer):
                        if event["type"] in ("ADDED", "MODIFIED", "DELETED"):
                            self.note(self.seen[path], event["type"], event["object"])
            time.sleep(0.2)

    def note(self, seen, what, o):
        at, uid = o["metadata"]["resourceVersion"], o["metadata"]["uid"]
        self.events.append((int(at), what, o))
        if what == "DELETED":
            seen.pop(uid, None)
        else:
            seen[uid] = at

    def catch_up(self):
        """Waits until all that has happened by now was told: events come after what they tell of."""
        for path in self.seen:
            until(f"all events of {path}", lambda path=path: self.seen[path] == {
                o["metadata"]["uid"]: o["metadata"]["resourceVersion"]
                for o in self.plane.request("GET", path)[1].get("items", [])})

    def first(self, kind, name, condition=lambda o: True, since=0):
        """The revision at which such an object first was so; None: never."""
        return min((at for at, what, o in list(self.events) if at > since and what != "DELETED"
                    and o["kind"] == kind and o["metadata"]["name"] == name and condition(o)), default=None)


class Balancers(threading.Thread):
    """DigitalOcean's part in a cluster: load balancers in the account for Services of that type."""
    CLEANUP, ID = "service.kubernetes.io/load-balancer-cleanup", "kubernetes.digitalocean.com/load-balancer-id"

    def __init__(self, plane, cloud):
        super().__init__(daemon=True)
        self.plane, self.cloud = plane, cloud
        self.start()

    def run(self):
        while True:
            with contextlib.suppress(OSError, KeyError, AttributeError, IndexError):
                for o in self.plane.request("GET", "/api/v1/services")[1]["items"]:
                    if o["spec"]["type"] == "LoadBalancer":
                        self.play(o, f"/api/v1/namespaces/{o['metadata']['namespace']}/services/"
                                     + o["metadata"]["name"])
            time.sleep(0.2)

    def play(self, o, path):
        meta = o["metadata"]
        balancer, merge = meta.get("annotations", {}).get(self.ID), "application/merge-patch+json"
        if "deletionTimestamp" in meta:
            if balancer:
                self.cloud.call("DELETE", f"/v2/load_balancers/{balancer}")
            left = [f for f in meta.get("finalizers", []) if f != self.CLEANUP]
            self.plane.request("PATCH", path, {"metadata": {"finalizers": left}}, merge)
        elif not balancer:
            cluster = self.cloud.get("/v2/kubernetes/clusters")["kubernetes_clusters"][0]["id"]
            made = self.cloud.post(f"/_sandbox/kubernetes/{cluster}/load_balancers", {})["load_balancer"]
            self.plane.request("PATCH", path, {"metadata": {
                "finalizers": [self.CLEANUP], "annotations": {self.ID: made["id"]}}}, merge)
            self.plane.request("PATCH", f"{path}/status", {"status": {"loadBalancer": {
                "ingress": [{"ip": Players.ADDRESS}]}}}, merge)


class Players(threading.Thread):
    """Sets what the controllers of gateways and certificates would, which are not there."""
    GATEWAY, CERT = "/apis/gateway.networking.k8s.io/v1", "/apis/cert-manager.io/v1"
    ADDRESS = "203.0.113.7"

    def __init__(self, plane):
        super().__init__(daemon=True)
        self.plane, self.ends, self.holds = plane, False, set()
        self.start()

    def status(self, o):
        condition = lambda kind: {"type": kind, "status": "True", "reason": "Fine", "message": "",
                                  "lastTransitionTime": "2026-01-01T00:00:00Z",
                                  "observedGeneration": o["metadata"]["generation"]}
        if o["kind"] == "Gateway":
            return {"addresses": [{"type": "IPAddress", "value": self.ADDRESS}],
                    "conditions": [condition("Accepted"), condition("Programmed")]}
        if o["kind"] == "HTTPRoute":
            return {"parents": [{"parentRef": p, "controllerName": "example.com/gateway",
                                 "conditions": [condition("Accepted"), condition("ResolvedRefs")]}
                                for p in o["spec"]["parentRefs"]]}
        return {"conditions": [condition("Ready")]}

    def run(self):
        kinds = ((self.GATEWAY, "gateways", "Gateway"), (self.GATEWAY, "httproutes", "HTTPRoute"),
                 (self.CERT, "certificates", "Certificate"), (self.CERT, "clusterissuers", "ClusterIssuer"))
        while not self.ends:
            for group, plural, kind in kinds:
                with contextlib.suppress(OSError, KeyError, AttributeError):
                    if kind not in self.holds:
                        self.play(f"{group}/{plural}", group, plural, kind)
            time.sleep(0.3)

    def play(self, path, group, plural, kind):
        for o in self.plane.request("GET", path)[1].get("items", []):
            want = self.status({**o, "kind": kind})
            if o.get("status") == want:
                continue
            ns = o["metadata"].get("namespace")
            at = f"{group}/{f'namespaces/{ns}/' if ns else ''}{plural}/{o['metadata']['name']}/status"
            self.plane.request("PATCH", at, {"status": want}, "application/merge-patch+json")


def definitions(folder, pattern):
    """CustomResourceDefinitions out of files, as a chart's crds: name to text."""
    texts = {f"crds/{path.name}": path.read_text() for path in sorted(pathlib.Path(folder).glob(pattern))}
    return {name: text for name, text in texts.items() if "\nkind: CustomResourceDefinition" in text}
