#!/usr/bin/env python3
"""The mastodon block's objects in a real Kubernetes: mastodon_objects.py TOOLS. Every object of the four
profiles goes in with strict field validation, and every pod that a workload would make passes Pod
Security `restricted`."""
import json
import os
import pathlib
import subprocess
import sys

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from control_plane import ControlPlane  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLANS = ("small", "medium", "large", "guide")
# Definitions, as their projects ship them in their Go modules.
CRDS = {
    "sigs.k8s.io/gateway-api@v1.4.0": "config/crd/standard/gateway.networking*.yaml",
    "github.com/cert-manager/cert-manager@v1.21.1": "deploy/crds/*.yaml",
    "github.com/prometheus-operator/prometheus-operator@v0.85.0":
        "example/prometheus-operator-crd/*.yaml",
}
# Cilium's module is large, and its policy is one object: only its names are declared here.
CILIUM = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
          "metadata": {"name": "ciliumnetworkpolicies.cilium.io"},
          "spec": {"group": "cilium.io", "scope": "Namespaced",
                   "names": {"plural": "ciliumnetworkpolicies", "kind": "CiliumNetworkPolicy"},
                   "versions": [{"name": "v2", "served": True, "storage": True, "schema": {
                       "openAPIV3Schema": {"type": "object",
                                           "x-kubernetes-preserve-unknown-fields": True}}}]}}


def module_folder(module):
    out = subprocess.run(["go", "mod", "download", "-json", module], capture_output=True, text=True,
                         env={**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}, cwd="/")
    return pathlib.Path(json.loads(out.stdout)["Dir"])


def kubectl(plane, tools, *arguments, text=None):
    return subprocess.run([str(pathlib.Path(tools) / "kubectl"), "--kubeconfig",
                           str(plane.folder / "kubeconfig"), *arguments],
                          input=text, capture_output=True, text=True)


def install_definitions(plane, tools):
    for module, pattern in CRDS.items():
        for path in sorted(module_folder(module).glob(pattern)):
            done = kubectl(plane, tools, "apply", "--server-side", "-f", str(path))
            assert done.returncode == 0, (path, done.stderr)
    done = kubectl(plane, tools, "apply", "--server-side", "-f", "-", text=json.dumps(CILIUM))
    assert done.returncode == 0, done.stderr
    done = kubectl(plane, tools, "wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    assert done.returncode == 0, done.stderr
    kubectl(plane, tools, "create", "namespace", "cert-manager")


def emit(plan):
    return subprocess.run([os.environ["MOK"], "-f", str(ROOT / f"tests/golden/mastodon/{plan}.yaml"),
                           "manifests", "--offline", "--secrets", "-"],
                          check=True, capture_output=True, text=True).stdout


def templates(document):
    """The pod templates of an object: (name, template)."""
    spec = document.get("spec") or {}
    if document["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    if "template" in spec and "spec" in spec["template"]:
        template = spec["template"]
        for claim in spec.get("volumeClaimTemplates", []):
            template["spec"].setdefault("volumes", []).append(
                {"name": claim["metadata"]["name"], "emptyDir": {}})
        yield document["metadata"]["name"], template


def judge_pods(plane, tools, documents):
    problems, count = [], 0
    for document in documents:
        for name, template in templates(document):
            pod = {"apiVersion": "v1", "kind": "Pod",
                   "metadata": {**template.get("metadata", {}), "name": f"judge-{name}"[:60],
                                "namespace": document["metadata"]["namespace"]},
                   "spec": {"restartPolicy": "Always", **template["spec"]}}
            for spread in pod["spec"].get("topologySpreadConstraints", []):
                spread.pop("matchLabelKeys", None)  # the hash is a Deployment's to add
            status, answer = plane.request(
                "POST", f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods"
                "?dryRun=All&fieldValidation=Strict", pod)
            count += 1
            if status != 201:
                problems.append(f"{name}: {answer.get('message', answer)}")
    return problems, count


def refuses_root(plane):
    """Can the judgement on pods fail at all?"""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "root", "namespace": "mastodon"},
           "spec": {"serviceAccountName": "mastodon", "automountServiceAccountToken": False,
                    "containers": [{"name": "c", "image": "i",
                                    "securityContext": {"runAsUser": 0}}]}}
    status, answer = plane.request("POST", "/api/v1/namespaces/mastodon/pods?dryRun=All", pod)
    return status == 403 and "restricted" in answer["message"]


def judge(plane, tools, plan):
    text = emit(plan)
    documents = list(yaml.safe_load_all(text))
    done = kubectl(plane, tools, "apply", "--server-side", "--validate=strict", "-f", "-", text=text)
    problems = [line for line in done.stderr.splitlines() if line.strip()]
    more, pods = judge_pods(plane, tools, documents)
    problems += more
    if not refuses_root(plane):
        problems.append("Pod Security is not enforced: a pod of root was accepted")
    # What the API server reads out of the text is what is in it: a second apply changes nothing.
    again = kubectl(plane, tools, "diff", "--server-side", "-f", "-", text=text)
    if again.returncode != 0:
        problems.append(f"a second apply would change: {again.stdout[:500]}{again.stderr[:500]}")
    kubectl(plane, tools, "delete", "--wait=false", "-f", "-", text=text)
    for problem in problems:
        print(f"      {problem}")
    print(f"{'ok  ' if not problems else 'FAIL'}  {plan}: {len(documents)} objects, {pods} pod templates")
    return not problems


def main(tools):
    with ControlPlane(tools, ("kube-controller-manager",)) as plane:
        install_definitions(plane, tools)
        passed = 0
        for plan in PLANS:
            passed += judge(plane, tools, plan)
            kubectl(plane, tools, "wait", "--for=delete", "namespace/mastodon", "--timeout=60s")
    print(f"{passed} passed, {len(PLANS) - passed} failed, 0 skipped")
    return 0 if passed == len(PLANS) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
