#!/usr/bin/env python3
"""The mastodon block's objects in a real Kubernetes: mastodon_objects.py TOOLS. Every object of the four
profiles goes in with strict field validation, and every pod that a workload would make passes Pod
Security `restricted`."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from control_plane import ControlPlane  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLANS = ("small", "medium", "large", "guide")
OVERLAYS = ("everything.yaml", "eck.yaml")
# Definitions, as their projects ship them in their Go modules.
CRDS = {
    "sigs.k8s.io/gateway-api@v1.4.0": "config/crd/standard/gateway.networking*.yaml",
    "github.com/cert-manager/cert-manager@v1.21.1": "deploy/crds/*.yaml",
    "github.com/prometheus-operator/prometheus-operator@v0.85.0":
        "example/prometheus-operator-crd/*.yaml",
    "github.com/kedacore/keda/v2@v2.19.0": "config/crd/bases/keda.sh_scaledobjects.yaml",
    "github.com/elastic/cloud-on-k8s/v3@v3.5.0":
        "config/crds/v1/resources/elasticsearch.k8s.elastic.co_elasticsearches.yaml",
    "github.com/argoproj/argo-cd/v3@v3.4.4": "manifests/crds/app*-crd.yaml",
    "github.com/cilium/cilium@v1.18.4":
        "pkg/k8s/apis/cilium.io/client/crds/v2/ciliumnetworkpolicies.yaml",
}


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
    done = kubectl(plane, tools, "wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    assert done.returncode == 0, done.stderr
    for name in ("cert-manager", "argocd"):
        kubectl(plane, tools, "create", "namespace", name)


def emit(plan, *more, to=("--secrets", "-")):
    return subprocess.run([os.environ["MOK"], "-f", str(ROOT / f"plans/{plan}.yaml"),
                           *more, "manifests", "--offline", *to],
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


def judge(plane, tools, plan, overlay=None):
    text = emit(plan, *(("-f", str(ROOT / "tests/golden/mastodon" / overlay)) if overlay else ()))
    documents = list(yaml.safe_load_all(text))
    done = kubectl(plane, tools, "apply", "--server-side", "--validate=strict", "-f", "-", text=text)
    problems = [line for line in done.stderr.splitlines() if line.strip()]
    more, pods = judge_pods(plane, tools, documents)
    problems += more
    if not refuses_root(plane):
        problems.append("Pod Security is not enforced: a pod of root was accepted")
    # What the API server reads out of the text is what is in it: a second apply changes nothing. A diff
    # during which a controller writes a status shows that; the next one does not.
    for _ in range(5):
        again = kubectl(plane, tools, "diff", "--server-side", "-f", "-", text=text)
        if again.returncode == 0:
            break
    else:
        problems.append(f"a second apply would change: {again.stdout[:500]}{again.stderr[:500]}")
    kubectl(plane, tools, "delete", "--wait=false", "-f", "-", text=text)
    for problem in problems:
        print(f"      {problem}")
    print(f"{'ok  ' if not problems else 'FAIL'}  {plan} {overlay or ''}: "
          f"{len(documents)} objects, {pods} pod templates")
    return not problems


ARGOCD = ("mastodon:\n  gitops: { manage: argocd, repository: \"https://git.example/a/b.git\", "
          "path: deploy, revision: main }\n")


def is_argocds(document):
    return document["apiVersion"].startswith("argoproj.io/")


def names_of(documents):
    return sorted((d["kind"], d["metadata"]["name"]) for d in documents)


def judge_folders(plane, tools, folder, documents):
    """Kustomize reads in each Application's folder what was written there, and all of it is there."""
    read = []
    for document in documents:
        source = document["spec"].get("source", {}) if document["kind"] == "Application" else {}
        if "path" in source:
            path = folder / source["path"].removeprefix("deploy/")
            done = kubectl(plane, tools, "kustomize", str(path))
            if done.returncode != 0:
                yield f"kustomize {path}: {done.stderr}"
            read += yaml.safe_load_all(done.stdout)
    written = [yaml.safe_load(path.read_text()) for path in folder.rglob("*.yaml")
               if path.name != "kustomization.yaml"]
    if names_of(read) != names_of(written) or not written:
        yield f"kustomize reads {names_of(read)}, written were {names_of(written)}"


def judge_argocd(plane, tools, plan):
    """What the plan says to Argo CD, under Argo CD's own definitions; nothing is kept."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "overlay.yaml").write_text(ARGOCD)
        overlay = ("-f", str(folder / "overlay.yaml"))
        documents = [d for d in yaml.safe_load_all(emit(plan, *overlay)) if is_argocds(d)]
        emit(plan, *overlay, to=("--argocd", "-o", str(folder / "deploy")))
        folders = list(judge_folders(plane, tools, folder / "deploy", documents))
    apply = ("apply", "--server-side", "--validate=strict", "--dry-run=server", "-f", "-")
    text = yaml.safe_dump_all(documents)
    problems = folders + kubectl(plane, tools, *apply, text=text).stderr.splitlines()
    kinds = {d["kind"] for d in documents}
    if kinds != {"Application", "AppProject"}:
        problems.append(f"only {kinds}")
    wrong = yaml.safe_dump_all(documents).replace("targetRevision", "targetVersion")
    if kubectl(plane, tools, *apply, text=wrong).returncode == 0:
        problems.append("a field that does not exist was accepted")
    for problem in problems:
        print(f"      {problem}")
    print(f"{'ok  ' if not problems else 'FAIL'}  {plan}: {len(documents)} objects of Argo CD")
    return not problems


def main(tools):
    with ControlPlane(tools, ("kube-controller-manager",)) as plane:
        install_definitions(plane, tools)
        passed = 0
        for plan in PLANS:
            passed += judge(plane, tools, plan)
            kubectl(plane, tools, "wait", "--for=delete", "namespace/mastodon", "--timeout=60s")
            passed += judge_argocd(plane, tools, plan)
        for overlay in OVERLAYS:
            passed += judge(plane, tools, "medium", overlay)
            kubectl(plane, tools, "wait", "--for=delete", "namespace/mastodon", "--timeout=60s")
    failed = 2 * len(PLANS) + len(OVERLAYS) - passed
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
