#!/usr/bin/env python3
"""mok's Helm releases in a real Kubernetes, by the real Helm: helm_life.py TOOLS.

No kubelet is there, so this test is one: it runs what is in the Job's container, with the Job's own
account, on a small chart that it serves itself, and sets the pod's status."""
import base64
import contextlib
import hashlib
import http.server
import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import mok_life  # noqa: E402
from control_plane import ControlPlane  # noqa: E402
from lib import check, equal, run_tests  # noqa: E402
from mok_life import World, config, fewest_requests, manifest  # noqa: E402

PLANE = KUBELET = CHARTS = None
JOBS = "/apis/batch/v1/namespaces/kube-system/jobs"
PODS = "/api/v1/namespaces/kube-system/pods"
OURS = "labelSelector=app.kubernetes.io/name%3Dmok-helm"
LEFT = (f"{JOBS}?{OURS}", f"/api/v1/namespaces/kube-system/secrets?{OURS}",
        f"/api/v1/namespaces/kube-system/serviceaccounts?{OURS}",
        f"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings?{OURS}")

TEMPLATE = """apiVersion: v1
kind: ConfigMap
metadata: { name: {{ .Release.Name }}-cm }
data: { colour: {{ .Values.colour | quote }}, version: {{ .Chart.Version | quote }} }
{{- if .Values.stuck }}
---
apiVersion: v1
kind: Pod
metadata: { name: {{ .Release.Name }}-stuck }
spec: { containers: [ { name: x, image: registry.example/x } ], nodeSelector: { no: such } }
{{- end }}
"""


def middleware():
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "middlewares.traefik.io"}, "spec": {
                "group": "traefik.io", "scope": "Namespaced",
                "names": {"plural": "middlewares", "kind": "Middleware"},
                "versions": [{"name": "v1alpha1", "served": True, "storage": True,
                              "schema": {"openAPIV3Schema": {
                                  "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}}


def package(name, version, files):
    out = io.BytesIO()
    files = {"Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\nappVersion: \"9\"\n",
             "values.yaml": "colour: red\nstuck: false\n", "templates/all.yaml": TEMPLATE, **files}
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for path, text in files.items():
            info = tarfile.TarInfo(f"{name}/{path}")
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


class Charts:
    """A chart repository on loopback."""

    def __init__(self):
        packages = {"mini-1.0.0.tgz": package("mini", "1.0.0", {}),
                    "mini-1.1.0.tgz": package("mini", "1.1.0", {}),
                    "traefik-1.0.0.tgz": package("traefik", "1.0.0", {
                        "crds/middleware.yaml": json.dumps(middleware())})}
        entries = {}
        for file in packages:
            name, version = file[:-4].rsplit("-", 1)
            entries.setdefault(name, []).append(
                {"apiVersion": "v2", "name": name, "version": version, "urls": [file]})
        pages = {"/index.yaml": json.dumps({"apiVersion": "v1", "entries": entries}).encode(),
                 **{f"/{k}": v for k, v in packages.items()}}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = pages.get(self.path)
                self.send_response(200 if body else 404)
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Kubelet(threading.Thread):
    def __init__(self, tools):
        super().__init__(daemon=True)
        self.helm = str(pathlib.Path(tools) / "helm")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mok-helm-"))
        self.seen, self.ran, self.holds, self.process = set(), [], threading.Event(), None
        self.ends = False
        self.start()

    def run(self):
        while not self.ends:
            with contextlib.suppress(OSError):
                for pod in PLANE.request("GET", f"{PODS}?{OURS}")[1].get("items", []):
                    if pod["metadata"]["uid"] not in self.seen and not self.holds.is_set():
                        self.seen.add(pod["metadata"]["uid"])
                        self.play(pod)
            time.sleep(0.1)

    def environment(self, pod):
        """In the pod it is the mounted token of its account."""
        account = pod["spec"]["serviceAccountName"]
        status, token = PLANE.request(
            "POST", f"/api/v1/namespaces/kube-system/serviceaccounts/{account}/token",
            {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})
        check(status == 201, f"token of {account}: {status}")
        kubeconfig = json.loads(PLANE.kubeconfig())
        kubeconfig["users"][0]["user"]["token"] = token["status"]["token"]
        (self.folder / "config").write_text(json.dumps(kubeconfig))
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder),
                "KUBECONFIG": str(self.folder / "config")}

    def arguments(self, pod):
        spec = pod["spec"]
        volume = next(v for v in spec["volumes"] if "secret" in v)
        data = PLANE.request("GET", "/api/v1/namespaces/kube-system/secrets/"
                             + volume["secret"]["secretName"])[1]["data"]
        mounted = next(m for m in spec["containers"][0]["volumeMounts"] if m["name"] == volume["name"])
        for key, value in data.items():
            (self.folder / key).write_bytes(base64.b64decode(value))
        at = mounted["mountPath"] + "/"
        return [a.replace(at, f"{self.folder}/", 1) if a.startswith(at) else a
                for a in spec["containers"][0]["args"]]

    def play(self, pod):
        container = pod["spec"]["containers"][0]
        equal(container["command"], ["helm"], "what runs")
        self.ran.append(container["args"])
        self.process = subprocess.Popen([self.helm, *self.arguments(pod)], env=self.environment(pod),
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = self.process.communicate()[0]
        code = self.process.returncode
        state = {"exitCode": abs(code), "reason": "Completed" if code == 0 else "Error",
                 "message": said[-2000:], "startedAt": pod["metadata"]["creationTimestamp"],
                 "finishedAt": pod["metadata"]["creationTimestamp"]}
        PLANE.request("PATCH", f"{PODS}/{pod['metadata']['name']}/status", {"status": {
            "phase": "Succeeded" if code == 0 else "Failed", "containerStatuses": [{
                "name": "helm", "image": "x", "imageID": "", "ready": False, "restartCount": 0,
                "state": {"terminated": state}}]}}, "application/merge-patch+json")

    def commands(self):
        ran, self.ran = self.ran, []
        return [a[0] for a in ran]

    def close(self):
        self.ends = True
        self.join(10)


class Releases(World):
    def release(self, values=None, version="1.0.0", name="shop", chart="mini", extra=""):
        body = {"cluster_id": "here", "kind": "helm_release", "name": name, "namespace": self.name,
                "repository": CHARTS.url, "chart": chart, "version": version, "timeout": "20s",
                "values": values or {}}
        return f"  {name}:\n" + "".join(f"    {k}: {json.dumps(v)}\n" for k, v in body.items()) + extra

    def record(self, name="shop"):
        items = self.get(f"/api/v1/namespaces/NS/secrets?labelSelector=owner%3Dhelm,name%3D{name}")["items"]
        return max((s["metadata"]["labels"] for s in items), key=lambda r: int(r["version"]), default=None)

    def colour(self, name="shop"):
        return self.get(f"/api/v1/namespaces/NS/configmaps/{name}-cm")["data"]["colour"]

    def helm(self, *arguments):
        (self.stack.dir / "config").write_text(PLANE.kubeconfig())
        env = {"PATH": os.environ["PATH"], "HOME": str(self.stack.dir),
               "KUBECONFIG": str(self.stack.dir / "config")}
        return subprocess.Popen([KUBELET.helm, *arguments, "--namespace", self.name], env=env,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def nothing_left(self):
        for path in LEFT:
            names = [o["metadata"]["name"] for o in PLANE.request("GET", path)[1]["items"]]
            equal(names, [], f"what is left at {path.split('?')[0]}")


def test_install_upgrade_and_drift():
    with Releases() as w:
        w.converge(w.release({"colour": "blue"}))
        record = w.record()
        equal((record["status"], record["version"], record["mok/stack"]), ("deployed", "1", w.name), "record")
        equal(w.colour(), "blue", "colour")
        w.nothing_left()
        KUBELET.commands()
        w.converge(w.release({"colour": "green"}))
        equal((w.colour(), w.record()["version"]), ("green", "2"), "after new values")
        w.write(w.release({}, version="1.1.0"))
        fields = {f["path"]: (f["before"], f["after"]) for f in w.changes()["shop"]["fields"]}
        equal(fields, {"version": ("1.0.0", "1.1.0"), "values.colour": (None, None)}, "fields")
        w.converge(w.release({}, version="1.1.0"))
        equal((w.colour(), w.record()["version"]), ("red", "3"), "after a new version without values")
        equal(KUBELET.commands(), ["upgrade", "upgrade"], "what ran")
        w.helm("upgrade", "shop", "mini", "--repo", CHARTS.url, "--set", "colour=pink").communicate()
        w.plan(2)
        w.apply()
        equal((w.colour(), w.record()["mok/stack"]), ("red", w.name), "drift is undone")
        w.plan(0)


def test_unchanged_release_is_one_list():
    with Releases() as w:
        w.converge(w.release({"a": {"b": [1, 2.5, "3"], "c": None}, "d": 1.0}))
        KUBELET.commands()
        equal(fewest_requests(w, "secrets", "LIST"), 1, "lists of Secrets")
        w.apply()
        equal(KUBELET.commands(), [], "what ran")


def test_failed_upgrade_is_rolled_back_and_told():
    with Releases() as w:
        w.converge(w.release({"colour": "blue"}))
        w.write(w.release({"colour": "grey", "stuck": True}).replace('"20s"', '"4s"'))
        result = w.apply(3)
        said = " ".join(result.err.split())
        check("UPGRADE FAILED" in said, said)
        equal((w.colour(), w.record()["status"]), ("blue", "deployed"), "rolled back")
        w.nothing_left()
        w.converge(w.release({"colour": "white"}))
        equal(w.colour(), "white", "the next run")


def test_failed_install_leaves_nothing():
    with Releases() as w:
        w.write(w.release({"stuck": True}).replace('"20s"', '"4s"'))
        check("failed" in w.apply(3).err, "it is said")
        equal(w.record(), None, "record")
        w.nothing_left()
        w.converge(w.release({"colour": "white"}))


def test_killed_run_is_taken_up_again():
    """A Job that waits for its pod: mok dies, and a second run waits for the same Job."""
    with Releases() as w:
        w.converge()
        w.write(w.release({"colour": "blue"}))
        KUBELET.commands()
        KUBELET.holds.set()
        process = w.stack.start("apply", "--yes", *w.options)
        end = time.monotonic() + 60
        while not PLANE.request("GET", f"{PODS}?{OURS}")[1]["items"] and time.monotonic() < end:
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        again = w.stack.start("apply", "--yes", *w.options)
        time.sleep(2)
        equal(len(PLANE.request("GET", f"{JOBS}?{OURS}")[1]["items"]), 1, "Jobs")
        KUBELET.holds.clear()
        said = again.communicate()
        equal(again.returncode, 0, said)
        equal((KUBELET.commands(), w.record()["version"]), (["upgrade"], "1"), "what ran")
        w.nothing_left()
        w.plan(0)


def test_left_over_of_a_killed_run_goes():
    """mok died after the Job's end: the next run sees it in the one list, and takes it away."""
    with Releases() as w:
        w.converge(w.release())
        KUBELET.commands()
        labels = {"app.kubernetes.io/name": "mok-helm", "owner": "mok", "mok/release": hashlib.sha256(f"{w.name}/shop".encode()).hexdigest()[:16]}
        for path, kind, version in (("/api/v1/namespaces/kube-system/secrets", "Secret", "v1"), (
                "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "ClusterRoleBinding",
                "rbac.authorization.k8s.io/v1")):
            body = {"apiVersion": version, "kind": kind, "metadata": {"name": "left", "labels": labels}}
            if kind != "Secret":
                body["roleRef"] = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                                   "name": "cluster-admin"}
            status, answer = PLANE.request("POST", path, body)
            equal(status, 201, answer)
        w.plan(2)
        w.apply()
        w.nothing_left()
        w.plan(0)
        equal(KUBELET.commands(), [], "what ran")


def interrupted(w, *arguments):
    """A Helm that dies while it waits, as in a node's crash."""
    process = w.helm(*arguments, "--set", "stuck=true", "--wait", "--timeout", "60s", "--repo", CHARTS.url)
    end = time.monotonic() + 60
    while not (w.record() or {"status": ""})["status"].startswith("pending-") and time.monotonic() < end:
        time.sleep(0.1)
    process.kill()
    process.communicate()
    check(w.record()["status"].startswith("pending-"), w.record())


def test_pending_upgrade_is_rolled_back_first():
    with Releases() as w:
        w.converge(w.release({"colour": "blue"}))
        KUBELET.commands()
        interrupted(w, "upgrade", "shop", "mini")
        w.plan(2)
        w.apply()
        equal(KUBELET.commands(), ["rollback"], "the wish was there before")
        equal((w.colour(), w.record()["status"]), ("blue", "deployed"), "after")
        w.plan(0)
        interrupted(w, "upgrade", "shop", "mini")
        w.converge(w.release({"colour": "green"}))
        equal(KUBELET.commands(), ["rollback", "upgrade"], "what ran")
        equal(w.colour(), "green", "colour")


def test_pending_install_is_uninstalled_first():
    with Releases() as w:
        w.converge()
        KUBELET.commands()
        mark = f"mok/stack={w.name},mok/address=shop-" + hashlib.sha256(
            b"shop").hexdigest()[:16] + ",mok/generation=1,mok/began=install"
        interrupted(w, "install", "shop", "mini", "--labels", mark)
        w.converge(w.release({"colour": "blue"}))
        equal(KUBELET.commands(), ["uninstall", "upgrade"], "what ran")
        equal((w.colour(), w.record()["status"], w.record()["version"]), ("blue", "deployed", "1"), "after")


def test_pending_take_over_is_carried_through():
    """What others made and Helm was taking over as it died is there afterwards, the same object."""
    with Releases() as w:
        w.converge()
        name = "/api/v1/namespaces/NS/configmaps/shop-cm".replace("NS", w.name)
        made = PLANE.request("POST", name.rsplit("/", 1)[0], {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shop-cm"},
            "data": {"colour": "black", "others": "kept"}})[1]
        KUBELET.commands()
        mark = f"mok/stack={w.name},mok/address=shop-" + hashlib.sha256(
            b"shop").hexdigest()[:16] + ",mok/generation=1,mok/began=take-over"
        interrupted(w, "install", "shop", "mini", "--labels", mark, "--take-ownership", "--force-conflicts")
        w.write(w.release({"colour": "blue"}))
        w.plan(2)
        w.apply()
        equal(KUBELET.commands(), ["rollback", "upgrade"], "what ran")
        have = PLANE.request("GET", name)[1]
        equal((have["metadata"]["uid"], have["data"]["others"]), (made["metadata"]["uid"], "kept"), "what was there")
        equal((w.colour(), w.record()["status"]), ("blue", "deployed"), "after")
        w.nothing_left()
        w.plan(0)


def test_a_strangers_release_is_adopted():
    with Releases() as w:
        w.converge()
        w.helm("install", "shop", "mini", "--repo", CHARTS.url, "--version", "1.0.0",
               "--set", "colour=blue").communicate()
        w.write(w.release({"colour": "blue"}))
        result = w.run("plan").expect(1)
        check("E0806" in result.err and f"mok adopt 'shop' {w.name}/shop" in " ".join(result.err.split()),
              result.err)
        w.run("adopt", "shop", f"{w.name}/shop").expect(0)
        w.plan(0)
        w.converge(w.release({"colour": "green"}))
        equal((w.colour(), w.record()["mok/stack"]), ("green", w.name), "after")


def test_kinds_of_the_chart_come_after_it():
    """One run: the release, then an object of a kind that its chart defines, without depends_on."""
    with Releases() as w:
        strip = {"apiVersion": "traefik.io/v1alpha1", "kind": "Middleware",
                 "metadata": {"name": "strip", "namespace": w.name}, "spec": {"stripPrefix": {}}}
        w.converge(manifest("a_strip", strip), w.release(chart="traefik", name="zz"))
        w.get("/apis/traefik.io/v1alpha1/namespaces/NS/middlewares/strip")
        w.run("destroy", "--yes", "--confirm", w.name).expect(0)
        w.nothing_left()


def test_values_known_after_apply_and_secrets():
    canary = "canary-of-a-secret"
    with Releases() as w:
        secret = f"variables:\n  pw: {{ type: string, sensitive: true, default: {canary} }}\n"
        w.write(manifest("cfg", config("env", w.name, A="1")),
                w.release({"colour": "${cfg.object.metadata.uid}", "admin": {"login": "${var.pw}"}}),
                outputs=secret)
        change = w.changes()["shop"]
        check(any(f.get("unknown") for f in change["fields"]), change)
        KUBELET.ran = []
        events = w.stack.dir / "events"
        said = [w.run("plan"), w.run("apply", "--yes", "--events", str(events)), w.plan(0)]
        uid = w.get("/api/v1/namespaces/NS/configmaps/env")["metadata"]["uid"]
        equal(w.colour(), uid, "colour")
        check(canary not in json.dumps(KUBELET.ran), "the secret is an argument")
        w.write(manifest("cfg", config("env", w.name, A="1")),
                w.release({"colour": "${cfg.object.metadata.uid}"}), outputs=secret)
        said += [w.run("plan"), w.run("plan", "--format", "json"), w.run("apply", "--yes")]
        for result in said:
            check(canary not in result.out + result.err, "the secret is shown")
        left = b"".join(p.read_bytes() for p in (w.stack.dir / ".mok").rglob("*") if p.is_file())
        check(canary.encode() not in left + events.read_bytes(), "the secret is in mok's files")


def test_destroy_uninstalls():
    with Releases() as w:
        w.converge(w.release({"colour": "blue"}))
        KUBELET.commands()
        w.converge()  # only the release goes
        equal((KUBELET.commands(), w.record()), (["uninstall"], None), "removed from the plan")
        w.get("/api/v1/namespaces/NS/configmaps/shop-cm", 404)
        w.nothing_left()
        w.converge(w.release({"colour": "blue"}))
        w.run("destroy", "--yes", "--confirm", w.name).expect(0)
        w.nothing_left()


def main():
    global PLANE, KUBELET, CHARTS
    with ControlPlane(sys.argv[1], ("kube-controller-manager",)) as PLANE:
        mok_life.PLANE = PLANE
        CHARTS, KUBELET = Charts(), Kubelet(sys.argv[1])
        try:
            return run_tests([f for n, f in sorted(globals().items()) if n.startswith("test_")])
        finally:
            KUBELET.close()


if __name__ == "__main__":
    sys.exit(main())
