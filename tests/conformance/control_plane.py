"""A real Kubernetes control plane on loopback: etcd and kube-apiserver, and on request the controller
manager, the scheduler and KWOK's nodes. Nothing of it runs containers."""
import base64
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

TOKEN = "conformance-admin"


def free_port():
    with contextlib.closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def make_certificates(folder):
    """A CA, a server certificate for 127.0.0.1, and a key for service accounts' tokens."""
    at = lambda name: str(folder / name)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=conformance",
            "-keyout", at("ca.key"), "-out", at("ca.crt"))
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=kube-apiserver", "-keyout",
            at("server.key"), "-out", at("server.csr"))
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("x509", "-req", "-in", at("server.csr"), "-CA", at("ca.crt"), "-CAkey", at("ca.key"),
            "-CAcreateserial", "-days", "2", "-extfile", at("san"), "-out", at("server.crt"))
    openssl("genrsa", "-out", at("sa.key"), "2048")


class ControlPlane:
    def __init__(self, tools, controllers=()):
        self.tools = pathlib.Path(tools)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mok-conformance-"))
        self.processes = []
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        make_certificates(self.folder)
        (self.folder / "tokens.csv").write_text(f'{TOKEN},admin,1,"system:masters"\n')
        (self.folder / "kubeconfig").write_text(self.kubeconfig())
        self.context = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
        self.start_api()
        for name in controllers:
            self.start_controller(name)

    def start(self, *command, env=None):
        name = pathlib.Path(command[0]).name
        log = open(self.folder / f"{name}.log", "wb")
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=env)
        self.processes.append((name, process))

    def start_api(self):
        etcd, peer = free_port(), free_port()
        self.start(str(self.tools / "etcd"), "--data-dir", str(self.folder / "etcd"),
                   "--listen-client-urls", f"http://127.0.0.1:{etcd}",
                   "--advertise-client-urls", f"http://127.0.0.1:{etcd}",
                   "--listen-peer-urls", f"http://127.0.0.1:{peer}", "--unsafe-no-fsync")
        at = lambda name: str(self.folder / name)
        self.start(str(self.tools / "kube-apiserver"),
                   f"--etcd-servers=http://127.0.0.1:{etcd}", f"--secure-port={self.port}",
                   "--bind-address=127.0.0.1", f"--tls-cert-file={at('server.crt')}",
                   f"--tls-private-key-file={at('server.key')}",
                   f"--token-auth-file={at('tokens.csv')}", "--authorization-mode=RBAC",
                   "--service-account-issuer=https://kubernetes.default.svc",
                   f"--service-account-key-file={at('sa.key')}",
                   f"--service-account-signing-key-file={at('sa.key')}",
                   "--service-cluster-ip-range=10.96.0.0/16", "--allow-privileged=true", "--endpoint-reconciler-type=none",
                   f"--cert-dir={at('certs')}")
        self.wait_for("/readyz")
        self.wait_for("/api/v1/namespaces/kube-system")

    def start_controller(self, name, *flags):
        config = str(self.folder / "kubeconfig")
        extra = {"kube-controller-manager": [
            f"--service-account-private-key-file={self.folder / 'sa.key'}",
            f"--root-ca-file={self.folder / 'ca.crt'}", "--use-service-account-credentials=false",
            "--leader-elect=false", f"--cert-dir={self.folder / 'kcm'}", f"--secure-port={free_port()}"],
            "kube-scheduler": ["--leader-elect=false", f"--cert-dir={self.folder / 'ks'}",
                               f"--secure-port={free_port()}"],
            "kwok": ["--manage-all-nodes=true", f"--config={self.tools / 'stages.yaml'}"]}
        self.start(str(self.tools / name), f"--kubeconfig={config}", *extra[name], *flags)

    def kubeconfig(self):
        ca = base64.b64encode((self.folder / "ca.crt").read_bytes()).decode()
        return json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": self.url,
                                                   "certificate-authority-data": ca}}],
            "users": [{"name": "u", "user": {"token": TOKEN}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]})

    def request(self, method, path, body=None, content_type="application/json", accept=None):
        """(status, decoded JSON) of one request; bodies that are no JSON as text."""
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": content_type,
                   "Accept": accept or "application/json"}
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, context=self.context, timeout=30) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text.decode(errors="replace")

    def wait_for(self, path, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name, process in self.processes:
                if process.poll() is not None:
                    raise RuntimeError(f"{name} ended: {self.tail(name)}")
            with contextlib.suppress(OSError):
                if self.request("GET", path)[0] == 200:
                    return
            time.sleep(0.1)
        raise RuntimeError(f"{path} does not answer: {self.tail('kube-apiserver')}")

    def tail(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace")[-2000:]

    def close(self):
        for _, process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for _, process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            if process.poll() is None:
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


if __name__ == "__main__":
    # Runs one until interrupted, for trying things by hand: control_plane.py TOOLS [CONTROLLER...]
    import sys
    with ControlPlane(sys.argv[1], sys.argv[2:]) as plane:
        print(f"export KUBECONFIG={plane.folder / 'kubeconfig'}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
