#!/usr/bin/env python3
"""The registry that others wrote (Debian's docker-registry), open and behind tokens: mok finds the digest
that it tells, and nobody else's token is near."""
import base64
import contextlib
import hashlib
import http.server
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

from common import Cloud, Stack, check, equal, run, until

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
PLAN = """\
mok: 1
name: pics
region: ams3
resources:
  c: { kind: kubernetes_cluster, name: k, version: "1.36" }
  p: { kind: kubernetes_node_pool, cluster_id: "${c.id}", name: p, size: s-2vcpu-4gb, count: 1 }
  pod:
    kind: kubernetes_manifest
    cluster_id: ${c.id}
    manifest: { apiVersion: v1, kind: Pod, metadata: { name: a, namespace: default },
                spec: { containers: [ { name: a, image: '${image["IMAGE"]}' } ] } }
"""


def free_port():
    with contextlib.closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, check=True, capture_output=True).stdout


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """Gives out tokens as the registry's documentation describes them."""

    def __init__(self, folder):
        self.key, self.certificate = folder / "issuer.key", folder / "issuer.crt"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=issuer",
                "-keyout", str(self.key), "-out", str(self.certificate))
        self.asked, self.tokens = [], []
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.asked.append((self.path, self.headers.get("Authorization")))
                body = json.dumps({"token": issuer.token(self.path)}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.realm = f"http://127.0.0.1:{self.server.server_port}/give?account=anonymous"

    def token(self, path):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
        kind, name, actions = query["scope"][0].split(":")
        der = openssl("x509", "-in", str(self.certificate), "-outform", "DER")
        now = int(time.time())
        head = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}
        claims = {"iss": "issuer", "sub": "", "aud": query["service"][0], "exp": now + 300,
                  "nbf": now - 60, "iat": now - 60, "jti": str(len(self.tokens)),
                  "access": [{"type": kind, "name": name, "actions": actions.split(",")}]}
        text = b64(json.dumps(head).encode()) + "." + b64(json.dumps(claims).encode())
        signature = openssl("dgst", "-sha256", "-sign", str(self.key), data=text.encode())
        self.tokens.append(text + "." + b64(signature))
        return self.tokens[-1]


class Registry:
    def __init__(self, folder, auth=""):
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        (folder / "config.yml").write_text(
            f"version: 0.1\nlog: {{ level: error }}\nstorage: {{ filesystem: {{ rootdirectory: "
            f"{folder}/data }} }}\nhttp: {{ addr: {self.host} }}\n{auth}")
        self.log = open(folder / "log", "wb")
        self.process = subprocess.Popen(["docker-registry", "serve", str(folder / "config.yml")],
                                        stdout=self.log, stderr=subprocess.STDOUT)
        until("the registry", self.answers, 30)

    def answers(self):
        check(self.process.poll() is None, "the registry has ended")
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        return False

    def send(self, method, path, data, content_type, token=None):
        url = path if path.startswith("http") else f"http://{self.host}{path}"
        headers = {"Content-Type": content_type}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(url, method=method, data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.headers

    def push(self, name, tag, note, token=None):
        """A tiny image, and an index of it by that tag: the digest that the registry tells."""
        config = json.dumps({"architecture": "amd64", "os": "linux", "note": note}).encode()
        at = self.send("POST", f"/v2/{name}/blobs/uploads/", b"", "text/plain", token)["Location"]
        self.send("PUT", f"{at}{'&' if '?' in at else '?'}digest={digest(config)}", config,
                  "application/octet-stream", token)
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST_TYPE, "layers": [],
            "config": {"mediaType": CONFIG_TYPE, "digest": digest(config), "size": len(config)},
        }).encode()
        self.send("PUT", f"/v2/{name}/manifests/{digest(manifest)}", manifest, MANIFEST_TYPE, token)
        index = json.dumps({
            "schemaVersion": 2, "mediaType": INDEX_TYPE,
            "manifests": [{"mediaType": MANIFEST_TYPE, "digest": digest(manifest),
                           "size": len(manifest),
                           "platform": {"architecture": "amd64", "os": "linux"}}]}).encode()
        told = self.send("PUT", f"/v2/{name}/manifests/{tag}", index, INDEX_TYPE, token)
        equal(told["Docker-Content-Digest"], digest(index), "what the registry says")
        return digest(index)

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


@contextlib.contextmanager
def registry(auth=lambda folder: ""):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mok-registry-"))
    one = Registry(folder, auth(folder))
    try:
        yield one
    finally:
        one.close()
        shutil.rmtree(folder, ignore_errors=True)


def ask(image):
    """mok's plan for a pod of that image; its own registry is asked, not the sandbox's."""
    with Cloud() as cloud, Stack(cloud, PLAN.replace("IMAGE", image)) as stack:
        return stack.run("manifests", "-", env={"MOK_REGISTRY_URL": ""})


def test_open():
    with registry() as r:
        first = r.push("a/b", "1", "first")
        result = ask(f"{r.host}/a/b:1").expect(0)
        check(f"{r.host}/a/b:1@{first}'\n" in result.out, result.out)
        second = r.push("a/b", "1", "second")
        check(first != second, "the tag has moved")
        check(f"a/b:1@{second}'\n" in ask(f"{r.host}/a/b:1").expect(0).out, "where the tag is now")
        check('no tag "2"' in ask(f"{r.host}/a/b:2").expect(1).err, "a tag that is not there")


def test_behind_tokens():
    issuers = []

    def auth(folder):
        issuers.append(Issuer(folder))
        return (f"auth: {{ token: {{ realm: '{issuers[0].realm}', service: our service, issuer: issuer, "
                f"rootcertbundle: '{issuers[0].certificate}' }} }}\n")

    with registry(auth) as r:
        issuer = issuers[0]
        token = issuer.token("/give?service=our+service&scope=repository:a/b:pull,push")
        wanted = r.push("a/b", "1", "first", token)
        result = ask(f"{r.host}/a/b:1").expect(0)
        check(f"a/b:1@{wanted}'\n" in result.out, result.out)
        equal(len(issuer.asked), 1, "tokens asked for")
        path, authorization = issuer.asked[0]
        equal(authorization, None, "credentials for the token")
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
        equal(query, {"account": ["anonymous"], "service": ["our service"],
                      "scope": ["repository:a/b:pull"]}, "the question")
        check(not any(t in result.out + result.err for t in issuer.tokens), "no token is shown")
        issuer.server.shutdown()
        issuer.server.server_close()
        result = ask(f"{r.host}/a/b:1").expect(1)
        check("E0921" in result.err and "its token" in result.err, result.err)


if __name__ == "__main__":
    sys.exit(run([f for name, f in list(globals().items()) if name.startswith("test_")]))
