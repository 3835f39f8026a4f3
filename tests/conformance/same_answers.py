#!/usr/bin/env python3
"""The same requests to a real API server and to the sandbox's, the same answers: status, Status bodies,
objects with defaults and managed fields. Scenarios are in same_answers.json.

    same_answers.py TOOLS_OR_KUBECONFIG [SCENARIO...]     MOK names the binary

Normalised away: uids, times, resource versions, random names, addresses."""
import base64
import contextlib
import difflib
import json
import os
import pathlib
import re
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).parent
TYPES = {"merge": "application/merge-patch+json", "strategic": "application/strategic-merge-patch+json",
         "json": "application/json-patch+json", "apply": "application/apply-patch+yaml"}
HIDDEN = {"uid", "resourceVersion", "creationTimestamp", "time", "selfLink", "deletionTimestamp", "clusterIP",
          "clusterIPs", "lastTransitionTime", "controller-uid", "batch.kubernetes.io/controller-uid", "nodePort",
          "continue"}
DROPPED = {"storageVersionHash"}  # of discovery: an optimisation for clients that migrate storage


class Api:
    """An API server by its kubeconfig (of which JSON or the sandbox's own YAML is understood)."""
    def __init__(self, kubeconfig):
        def word(key):
            return re.search(rf'"?{key}"?: "?([^",\n]+)', kubeconfig).group(1).strip()
        self.url, self.token = word("server"), word("token")
        ca = base64.b64decode(word("certificate-authority-data")).decode()
        self.context = ssl.create_default_context(cadata=ca)
        # The sandbox's CA is Ed25519 without the strictest extensions.
        self.context.verify_flags &= ~ssl.VERIFY_X509_STRICT

    def request(self, method, path, body=None, content_type="application/json", accept="application/json"):
        data = body.encode() if isinstance(body, str) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers={
            "Authorization": f"Bearer {self.token}", "Content-Type": content_type, "Accept": accept,
            "User-Agent": "judge/1"})
        try:
            with urllib.request.urlopen(request, context=self.context, timeout=30) as answer:
                status, text, warnings = answer.status, answer.read(), answer.headers.get_all("Warning") or []
        except urllib.error.HTTPError as error:
            status, text, warnings = error.code, error.read(), error.headers.get_all("Warning") or []
        try:
            return status, json.loads(text), warnings
        except ValueError:
            return status, text.decode(errors="replace"), warnings


def normal(value, key=""):
    if key in HIDDEN:
        return "..."
    if isinstance(value, dict):
        return {k: normal(v, k) for k, v in value.items() if k not in DROPPED}
    if isinstance(value, list):
        return [normal(v) for v in value]
    if isinstance(value, str):
        value = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME", value)
        value = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID", value)
        value = re.sub(r"kube-api-access-\w{5}", "kube-api-access-XXXXX", value)
        return re.sub(r"(gen-)\w{5}", r"\1XXXXX", value)
    return value


def fill(value, names):
    return json.loads(re.sub(r"\$(\w+)", lambda m: names.get(m.group(1), m.group(0)), json.dumps(value)))


def answers(api, scenario, names):
    """One text a step; `keep` takes something out of an answer, as $NAME for later steps."""
    names = dict(names)
    for step in scenario["steps"]:
        step = fill(step, names)
        method, path = step["do"].split(" ", 1)
        if method == "WAIT":  # until a new resource is served
            while api.request("GET", path)[0] == 404:
                time.sleep(0.05)
            continue
        body = step.get("body")
        kind = TYPES.get(step.get("type"), "application/json")
        if body is not None and step.get("type") == "apply" and isinstance(body, str):
            kind = TYPES["apply"]
        status, answer, warnings = api.request(method, path, body, kind, step.get("accept", "application/json"))
        for name, at in step.get("keep", {}).items():
            found = answer
            for part in at.split("."):
                found = found[int(part)] if isinstance(found, list) else found.get(part, "")
            names[name] = str(found)
        if step.get("only"):
            answer = {k: v for k, v in answer.items() if k in step["only"]} if isinstance(answer, dict) else answer
        yield f"{step['do']} -> {status}\n" + "".join(f"warning: {w}\n" for w in warnings) + \
            ("" if step.get("quiet") else json.dumps(normal(answer), indent=1, sort_keys=True))


def prepare(api, ns, labels):
    api.request("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace",
                                               "metadata": {"name": ns, "labels": labels}})
    api.request("POST", f"/api/v1/namespaces/{ns}/serviceaccounts", {
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}})
    # Of the controller manager's doing, which the real one has not here.
    api.request("DELETE", f"/api/v1/namespaces/{ns}/configmaps/kube-root-ca.crt")


@contextlib.contextmanager
def sandbox():
    """The kubeconfig of a cluster in a sandbox of its own."""
    mok, folder = os.environ.get("MOK", "build/release/mok"), tempfile.mkdtemp(prefix="mok-same-")
    text = subprocess.run([mok, "sandbox", "--dir", folder, "--listen", "127.0.0.1:0", "--speed", "max",
                           "--detach"], check=True, capture_output=True, text=True).stdout
    try:
        env = dict(re.findall(r"export (\w+)=(.*)", text))
        head = {"Authorization": f"Bearer {env['DIGITALOCEAN_TOKEN']}", "Content-Type": "application/json"}
        url = env["DIGITALOCEAN_API_URL"] + "/v2/kubernetes/clusters"
        body = {"name": "c1", "region": "ams3", "version": "latest",
                "node_pools": [{"name": "web", "size": "s-2vcpu-4gb", "count": 2}]}
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), head)) as answer:
            cluster = json.load(answer)["kubernetes_cluster"]["id"]
        with urllib.request.urlopen(urllib.request.Request(f"{url}/{cluster}/kubeconfig", headers=head)) as answer:
            yield answer.read().decode()
    finally:
        subprocess.run([mok, "sandbox", "--dir", folder, "--stop"], check=False)


def judge(real, ours, only):
    scenarios = json.loads((HERE / "same_answers.json").read_text())
    failed = passed = 0
    for i, scenario in enumerate(s for s in scenarios if not only or s["name"] in only):
        ns = f"same-{os.getpid()}-{i}"
        labels = scenario.get("labels", {})
        for api in (real, ours):
            prepare(api, ns, labels)
        names = {"ns": ns, "tag": f"{os.getpid()}{i}"}
        theirs = "\n".join(answers(real, scenario, names)).splitlines()
        mine = "\n".join(answers(ours, scenario, names)).splitlines()
        difference = list(difflib.unified_diff(theirs, mine, "real", "sandbox", lineterm="", n=4))
        print(f"{'FAIL' if difference else 'ok  '}  {scenario['name']}")
        if difference:
            failed += 1
            print("\n".join("      " + line for line in difference[:int(os.environ.get("LINES_SHOWN", "60"))]))
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


def main():
    where, only = pathlib.Path(sys.argv[1]), sys.argv[2:]
    with contextlib.ExitStack() as stack:
        if where.is_dir():
            from control_plane import ControlPlane
            config = stack.enter_context(ControlPlane(where)).kubeconfig()
        else:
            config = where.read_text()
        ours = Api(stack.enter_context(sandbox()))
        return judge(Api(config), ours, only)


if __name__ == "__main__":
    sys.exit(main())
