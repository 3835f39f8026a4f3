"""What a control plane without nodes lacks for an instance of Mastodon, played: a kubelet that runs the pods of
Jobs, the database that they would change, and the way to the pods of web and streaming from outside."""
import contextlib
import http.server
import json
import random
import re
import socket
import socketserver
import ssl
import threading
import time
import urllib.parse

import helm_life
import yaml
from control_plane import free_port

NS = "/api/v1/namespaces/mastodon"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/mastodon/endpointslices"
COMPONENT = "app.kubernetes.io/component"
DELETION_MS = 3000  # between a pod's being told to end and its end


def serve(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def version_of(pod):
    """Of a pod's specification, or a template's."""
    found = re.search(r":v(\d+\.\d+\.\d+)", pod["containers"][0]["image"])
    return found.group(1) if found else ""


def component_of(o):
    return o["metadata"].get("labels", {}).get(COMPONENT, "")


class HelmKubelet(helm_life.Kubelet):
    """Runs Helm where the charts' hosts are."""
    hosts = None

    def environment(self, pod):
        return {**super().environment(pod), **self.hosts.environment}


def needs_of(pod):
    """The ConfigMaps and Secrets without which a kubelet starts no container of that specification."""
    found = set()
    for container in pod.get("initContainers", []) + pod["containers"]:
        for source in container.get("envFrom", []):
            found |= {(kind, source[kind]["name"]) for kind in ("configMapRef", "secretRef") if kind in source}
    for volume in pod.get("volumes", []):
        if "configMap" in volume:
            found.add(("configMapRef", volume["configMap"]["name"]))
        if "secret" in volume:
            found.add(("secretRef", volume["secret"]["secretName"]))
    return {({"configMapRef": "ConfigMap", "secretRef": "Secret"}[kind], name) for kind, name in found}


class Database:
    """What migrations leave: their versions are those of Mastodon's releases, before and after."""

    def __init__(self, version):
        self.schema = self.after("migrate-post", version)

    @staticmethod
    def after(job, version):
        numbers = "".join(f"{int(n):02d}" for n in version.split("."))
        return f"2026{numbers}{'02' if job == 'migrate-post' else '01'}00"

    def vitals(self):
        return {"database_bytes": 3 << 30, "max_connections": 97, "reserved_connections": 3, "used_connections": 40,
                "invalid_indexes": [], "schema_version": self.schema, "dead": 2, "retries": 5,
                "queues": {name: {"waiting": 3, "latency_ms": 40} for name in ("default", "push", "ingress")}}


class JobKubelet(threading.Thread):
    """Ends the pods of the instance's Jobs, does what they do to the database, and has their logs. KWOK starts
    them."""

    def __init__(self, plane, version):
        super().__init__(daemon=True)
        self.plane, self.database = plane, Database(version)
        self.holds, self.fails = set(), {}  # components that go on; that end badly, with these last words
        self.logs, self.ran, self.wrong, self.ends = {}, [], set(), False
        self.port = self.serve_logs()
        self.start()

    def serve_logs(self):
        """As a kubelet's own API, which kube-apiserver asks for the logs of pods."""
        logs = self.logs

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                _, what, *names = urllib.parse.urlsplit(self.path).path.split("/")
                text = logs.get(tuple(names[1:])) if what == "containerLogs" else None
                self.send_response(404 if text is None else 200)
                self.end_headers()
                self.wfile.write((text or "not found\n").encode())

            def log_message(self, *_):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.plane.folder / "server.crt", self.plane.folder / "server.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        return serve(server)

    def run(self):
        while not self.ends:
            with contextlib.suppress(OSError):
                for pod in self.pods():
                    self.play(pod)
            time.sleep(0.1)

    def pods(self, component=None):
        """Those of Jobs that run."""
        pods = self.plane.request("GET", f"{NS}/pods?labelSelector=batch.kubernetes.io/job-name")[1].get("items", [])
        return [p for p in pods if p["status"].get("phase") == "Running" and "deletionTimestamp" not in p["metadata"]
                and component in (None, component_of(p))]

    def play(self, pod):
        name, component = pod["metadata"]["name"], component_of(pod)
        missing = [f"{kind} {need}" for kind, need in needs_of(pod["spec"])
                   if self.plane.request("GET", f"{NS}/{kind.lower()}s/{need}")[0] != 200]
        if missing:
            self.wrong.add(f"{name} cannot start without {missing}")
        if missing or component in self.holds:
            return
        text = self.fails.get(component)
        code = 0 if text is None else 1
        self.logs[name, "job"] = text if code else self.say(pod, component)
        self.end(pod, code)
        self.ran.append((component, version_of(pod["spec"]), code))

    def say(self, pod, component):
        """Does what that Job does; its words."""
        args = pod["spec"]["containers"][0].get("args", [])
        if component in ("migrate-pre", "migrate-post"):
            skips = any(e == {"name": "SKIP_POST_DEPLOYMENT_MIGRATIONS", "value": "true"}
                        for e in pod["spec"]["containers"][0].get("env", []))
            if args != ["bundle", "exec", "rails", "db:migrate"] or skips != (component == "migrate-pre"):
                self.wrong.add(f"{component} runs {args}, skipping: {skips}")
            self.database.schema = Database.after(component, version_of(pod["spec"]))
        mark = re.search(r"puts '([^']+)' \+", args[-1]) if component == "preflight" else None
        return f"{mark.group(1)}{json.dumps(self.database.vitals())}\n" if mark else "done\n"

    def end(self, pod, code):
        statuses = [{"name": c["name"], "image": c["image"], "imageID": "", "ready": False, "restartCount": 0,
                     "state": {"terminated": {"exitCode": code, "reason": "Error" if code else "Completed"}}}
                    for c in pod["spec"]["containers"]]
        self.plane.request("PATCH", f"{NS}/pods/{pod['metadata']['name']}/status", {"status": {
            "phase": "Failed" if code else "Succeeded", "containerStatuses": statuses}},
            "application/merge-patch+json")


def start_kwok(plane, kubelet_port, pools):
    """Nodes of those pools. Their pods become ready by themselves and take a while to end; those of Jobs only
    begin, and Helm's run here."""
    stages = [s for s in yaml.safe_load_all((plane.tools / "stages.yaml").read_text())
              if s and s["metadata"]["name"] != "pod-complete"]
    for stage in stages:
        if stage["spec"]["resourceRef"]["kind"] == "Pod":
            stage["spec"]["selector"].setdefault("matchExpressions", []).append(
                {"key": '.metadata.labels["app.kubernetes.io/name"]', "operator": "NotIn", "values": ["mok-helm"]})
        if stage["metadata"]["name"] == "pod-delete":
            stage["spec"]["delay"] = {"durationMilliseconds": DELETION_MS}
    (plane.folder / "stages.yaml").write_text(yaml.safe_dump_all(stages))
    plane.start(str(plane.tools / "kwok"), "--kubeconfig", str(plane.folder / "kubeconfig"),
                "--manage-all-nodes=true", "--node-ip=127.0.0.1", f"--node-port={kubelet_port}",
                f"--server-address=127.0.0.1:{free_port()}", f"--config={plane.folder / 'stages.yaml'}")
    for i, pool in enumerate(pools):
        plane.request("POST", "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {
            "name": f"node-{i}", "labels": {"doks.digitalocean.com/node-pool": pool}}})


class Listener(socketserver.ThreadingTCPServer):
    request_queue_size = 128  # mok opens many connections at once
    daemon_threads = True


class Front:
    """The way in, at the port where a sandbox's instance answers for mok: three above its API, for which this
    one stands in. Answers come from the pods that are ready behind the Services: with none, there is a 503."""

    def __init__(self, plane, cloud, domain):
        self.plane, self.domain, self.versions = plane, domain, set()
        self.api, web = self.bind(cloud)
        self.environment = {"DIGITALOCEAN_API_URL": f"http://127.0.0.1:{serve(self.api)}"}
        serve(web)

    def bind(self, cloud):
        relay, handler = self.relay(cloud), self.handler()
        while True:
            port = random.randrange(20000, 30000)
            with contextlib.suppress(OSError):
                api = Listener(("127.0.0.1", port), relay)
                try:
                    return api, http.server.ThreadingHTTPServer(("127.0.0.1", port + 3), handler)
                except OSError:
                    api.server_close()

    @staticmethod
    def relay(cloud):
        """Passes on to the sandbox's API what comes, and back, but for the headers that tell of its limits: it
        has none, and mok would keep to those of an account in real time."""
        target = urllib.parse.urlsplit(cloud.env["DIGITALOCEAN_API_URL"])

        def copy(source, sink):
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    sink.sendall(re.sub(rb"(?i)\r\nratelimit-", b"\r\nxatelimit-", data))
                sink.shutdown(socket.SHUT_WR)

        class Relay(socketserver.BaseRequestHandler):
            def handle(self):
                with socket.create_connection((target.hostname, target.port)) as server:
                    back = threading.Thread(target=copy, args=(server, self.request), daemon=True)
                    back.start()
                    copy(self.request, server)
                    back.join()
        return Relay

    def pod(self, service):
        """One that is ready to take requests, or None."""
        slices = self.plane.request("GET", f"{SLICES}?labelSelector=kubernetes.io/service-name%3D{service}")[1]
        names = [e["targetRef"]["name"] for s in slices.get("items", []) for e in s.get("endpoints") or []
                 if e["conditions"].get("ready")]
        for name in random.sample(names, len(names)):
            status, pod = self.plane.request("GET", f"{NS}/pods/{name}")
            if status == 200:
                return pod
        return None

    def answer(self, path, upgrades):
        """(status, headers, body) of a request."""
        streams = path.startswith("/api/v1/streaming")
        pod = self.pod("mastodon-streaming" if streams else "mastodon-web")
        if not pod:
            return 503, {}, "no available server"
        self.versions.add((component_of(pod), version_of(pod["spec"])))
        url = urllib.parse.urlsplit(path)
        if url.path == "/api/v1/streaming" and upgrades:
            return 401, {"X-Error-Message": "Missing access token"}, ""
        if url.path in ("/health", "/api/v1/streaming/health"):
            return 200, {}, "OK"
        if url.path == "/api/v2/instance":
            return 200, {}, json.dumps({"domain": self.domain, "version": version_of(pod["spec"])})
        asked = urllib.parse.parse_qs(url.query).get("resource", [""])[0]
        if url.path == "/.well-known/webfinger" and asked == f"acct:admin@{self.domain}":
            return 200, {}, json.dumps({"subject": asked})
        return 404, {}, ""

    def handler(self):
        front = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                known = self.headers.get("Host") == front.domain
                status, headers, body = front.answer(self.path, "Upgrade" in self.headers) if known else (404, {}, "")
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass
        return Handler
