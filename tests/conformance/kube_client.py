"""A plain client of a Kubernetes API: requests as they are written, answers with their warnings."""
import base64
import contextlib
import http.client
import json
import re
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import urllib.parse


class Client:
    def __init__(self, kubeconfig, kubectl):
        """The kubeconfig as text (YAML or JSON with one cluster and one user), and a kubectl."""
        text, self.kubectl = kubeconfig, str(kubectl)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mok-parity-"))
        (self.folder / "kubeconfig").write_text(text)
        url = urllib.parse.urlsplit(found(text, "server"))
        self.host, self.port, self.prefix = url.hostname, url.port or 443, url.path.rstrip("/")
        self.token = found(text, "token")
        ca = base64.b64decode(found(text, "certificate-authority-data")).decode()
        self.context = ssl.create_default_context(cadata=ca)
        # HTTP/1.1 with a connection for each request: a watch that is left must not linger.

    def open(self, method, path, body, headers):
        connection = http.client.HTTPSConnection(self.host, self.port, context=self.context, timeout=30)
        # The default field manager is the user agent up to its slash.
        connection.request(method, self.prefix + path, body, {
            "Authorization": f"Bearer {self.token}", "User-Agent": "parity/1", "Accept": "application/json",
            **headers})
        return connection, connection.getresponse()

    def request(self, method, path, body=None, headers=None):
        """(status, decoded body, warnings)"""
        connection, answer = self.open(method, path, body, headers or {})
        with contextlib.closing(connection):
            text = answer.read()
            warnings = [re.sub(r'^299 \S+ "(.*)"$', r"\1", w) for w in answer.headers.get_all("Warning") or []]
        try:
            return answer.status, json.loads(text), warnings
        except ValueError:
            return answer.status, text.decode(errors="replace"), warnings

    def watch(self, path, count):
        """(status, the first `count` events)"""
        connection, answer = self.open("GET", path, None, {})
        with contextlib.closing(connection):
            if answer.status != 200:
                return answer.status, json.loads(answer.read())
            events = []
            while len(events) < count:
                line = answer.readline()
                if not line:
                    break
                events.append(json.loads(line))
        return answer.status, events

    def run_kubectl(self, namespace, arguments, data):
        """(exit code, what it said). What kubectl discovered is kept for a namespace: what others add
        beside it must not be missing for it."""
        done = subprocess.run(
            [self.kubectl, "--kubeconfig", str(self.folder / "kubeconfig"),
             "--cache-dir", str(self.folder / "cache" / namespace), "-n", namespace, *arguments],
            input=data, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def found(text, key):
    match = re.search(rf'"?\b{key}"?:\s*"?([^\s",}}]+)', text)
    if not match:
        raise ValueError(f"the kubeconfig has no {key}")
    return match.group(1)
