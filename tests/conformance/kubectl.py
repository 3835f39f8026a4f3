#!/usr/bin/env python3
"""The real kubectl and Helm against the sandbox's clusters: kubectl.py TOOLS. They judge what runs in them."""
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from lib import Cloud, Stack, check, equal, run_tests  # noqa: E402

TOOLS = pathlib.Path(sys.argv[1])
PLAN = """\
mok: 1
name: t
region: ams3
resources:
  k: { kind: kubernetes_cluster, name: k, version: "1.36" }
  n: { kind: kubernetes_node_pool, cluster_id: "${k.id}", name: n, size: s-4vcpu-8gb, count: 2 }
"""
CONTAINER = """\
      containers:
      - name: app
        image: registry.example/app:1
        readinessProbe: { httpGet: { path: /, port: 80 } }
        resources: { requests: { cpu: 50m, memory: 32Mi } }
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
""" + CONTAINER
JOB = """\
apiVersion: batch/v1
kind: Job
metadata: { name: work }
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [ { name: app, image: registry.example/job:1 } ]
"""
CRON = """\
apiVersion: batch/v1
kind: CronJob
metadata: { name: cron }
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [ { name: app, image: registry.example/job:1 } ]
"""


class World:
    """A cluster of the sandbox's, and kubectl for it."""

    def __init__(self, faults=None, speed=60):
        self.cloud = Cloud(faults=faults, speed=speed)
        self.stack = Stack(self.cloud, PLAN)

    def __enter__(self):
        self.stack.apply()
        cluster = self.cloud.get("/v2/kubernetes/clusters")["kubernetes_clusters"][0]["id"]
        url = self.cloud.env["DIGITALOCEAN_API_URL"]
        request = urllib.request.Request(f"{url}/v2/kubernetes/clusters/{cluster}/kubeconfig",
                                         headers={"Authorization": "Bearer stranger"})
        self.config = self.cloud.dir / "kubeconfig"
        with urllib.request.urlopen(request, timeout=60) as answer:
            self.config.write_bytes(answer.read())
        return self

    def __exit__(self, *_):
        self.stack.__exit__()
        self.cloud.close()

    def run(self, *arguments, text=None, code=0):
        result = subprocess.run([TOOLS / "kubectl", "--kubeconfig", self.config, *arguments],
                                input=text, capture_output=True, text=True, timeout=120, check=False)
        equal(result.returncode, code, f"kubectl {' '.join(arguments)}: {result.stdout}{result.stderr}")
        return result.stdout + result.stderr

    def apply(self, text):
        return self.run("apply", "--server-side", "-f", "-", text=text)


def test_a_deployment_rolls():
    with World() as w:
        w.apply(DEPLOYMENT)
        w.run("rollout", "status", "deployment/web", "--timeout=60s")
        check("start" in w.run("logs", "deployment/web"), "a log")
        w.run("set", "image", "deployment/web", "app=registry.example/app:2")
        w.run("rollout", "status", "deployment/web", "--timeout=60s")
        w.run("rollout", "undo", "deployment/web")
        w.run("rollout", "status", "deployment/web", "--timeout=60s")
        equal(w.run("get", "deployment", "web", "-o", "jsonpath={.metadata.annotations.deployment"
                    r"\.kubernetes\.io/revision}"), "3", "the revision after an undo")
        w.run("scale", "deployment/web", "--replicas=1")
        w.run("wait", "deployment/web", "--for=jsonpath={.status.replicas}=1", "--timeout=60s")
        said = w.run("describe", "deployment", "web")
        check("NewReplicaSetAvailable" in said and "Scaled down replica set" in said, said)
        check("Successfully assigned" in w.run("describe", "pods"), "events of pods")
        w.run("delete", "deployment", "web", "--cascade=foreground", "--timeout=60s")
        check("No resources" in w.run("get", "pods"), "pods are gone")


def test_jobs_complete_and_come_from_cron_jobs():
    with World() as w:
        w.apply(JOB)
        w.apply(CRON)
        w.run("wait", "job/work", "--for=condition=complete", "--timeout=60s")
        check("Complete" in w.run("get", "jobs"), "the table of Jobs")
        told = w.run("logs", "job/work", "--timestamps")
        check(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z app: started", told), told)
        w.run("create", "job", "now", "--from=cronjob/cron")
        w.run("wait", "job/now", "--for=condition=complete", "--timeout=60s")
        w.run("wait", "cronjob/cron", "--for=jsonpath={.status.lastSuccessfulTime}", "--timeout=60s")


def check_debugging(w):
    """Of the pod p."""
    w.run("debug", "p", "--image=registry.example/shell:1", "--container=one", "--target=p")
    w.run("wait", "pod/p", "--timeout=60s", "--for=jsonpath={.status.ephemeralContainerStatuses[0].state.terminated"
          ".reason}=Completed")
    said = w.run("debug", "p", "--image=registry.example/shell:1", "--container=two", "-i")
    check("no program runs in this cluster" in said, said)
    w.run("wait", "pod/p", "--for=condition=Ready", "--timeout=60s")
    said = w.run("get", "pod", "p", "-o", "jsonpath={.status.ephemeralContainerStatuses[1].state.running}")
    check("startedAt" in said, said)
    w.run("logs", "p", "-c", "two")
    said = w.run("get", "events", "-o", "jsonpath={.items[?(@.reason=='Started')].involvedObject.fieldPath}")
    check("spec.ephemeralContainers{two}" in said, said)


def test_a_pod_is_debugged_followed_and_told_of():
    with World() as w:
        w.run("run", "p", "--image=registry.example/app:1")
        w.run("wait", "pod/p", "--for=condition=Ready", "--timeout=60s")
        check_debugging(w)
        follower = subprocess.Popen([TOOLS / "kubectl", "--kubeconfig", w.config, "logs", "-f", "p", "-c", "p"],
                                    stdout=subprocess.PIPE, text=True)
        equal(follower.stdout.readline(), "p: started\n", "a log that is followed")
        equal(follower.poll(), None, "its end")
        w.run("delete", "pod", "p", "--now")
        equal(follower.wait(60), 0, "the end of a log whose pod is gone")
        follower.stdout.close()
        check("pod/p" in w.run("get", "events.events.k8s.io"), "the table of events")
        name = w.run("get", "events.events.k8s.io", "--field-selector", "reason=Killing,regarding.name=p", "-o", "name")
        said = w.run("get", "events", name.strip().split("/")[1], "-o", "jsonpath={.involvedObject.name} {.message}")
        equal(said, "p Stopping container p", "the same event of the core group")


CHART = {
    "Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.0.0\nappVersion: \"1\"\n",
    "values.yaml": "tag: 1\nsize: 1\n",
    "crds/widgets.yaml": """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { plural: widgets, singular: widget, kind: Widget, listKind: WidgetList }
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties: { spec: { type: object, properties: { size: { type: integer, minimum: 1 } } } }
""",
    "templates/all.yaml": DEPLOYMENT.replace("app:1", "app:{{ .Values.tag }}") + """\
---
apiVersion: v1
kind: ConfigMap
metadata: { name: told }
data:
  space: {{ (lookup "v1" "Namespace" "" "kube-system").metadata.name }}
  batch: {{ .Capabilities.APIVersions.Has "batch/v1/CronJob" | quote }}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec: { containers: [ { name: db, image: registry.example/db:1 } ] }
  volumeClaimTemplates:
  - metadata: { name: data }
    spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: np }
spec: { podSelector: {}, policyTypes: [Ingress] }
---
apiVersion: example.com/v1
kind: Widget
metadata: { name: w }
spec: { size: {{ .Values.size }} }
---
apiVersion: batch/v1
kind: Job
metadata:
  name: before
  annotations: { helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-delete-policy: "before-hook-creation,hook-succeeded" }
spec: { template: { spec: { restartPolicy: Never, containers: [ { name: app, image: registry.example/job:1 } ] } } }
""",
}


def test_helm_by_itself():
    with World(speed=600) as w:
        chart = str(w.cloud.dir / "chart")
        for path, text in CHART.items():
            path = w.cloud.dir / "chart" / path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        env = {**os.environ, **{f"HELM_{part}_HOME": str(w.cloud.dir / part) for part in ("CACHE", "CONFIG", "DATA")}}

        def helm(*arguments, code=0):
            result = subprocess.run([TOOLS / "helm", "--kubeconfig", w.config, "-n", "a", *arguments], env=env,
                                    capture_output=True, text=True, timeout=120, check=False)
            equal(result.returncode, code, f"helm {' '.join(arguments)}: {result.stdout}{result.stderr}")
            return result.stdout + result.stderr

        helm("install", "r", chart, "--create-namespace", "--wait", "--timeout", "60s")
        told = json.loads(w.run("get", "configmap", "told", "-n", "a", "-o", "jsonpath={.data}"))
        equal(told, {"space": "kube-system", "batch": "true"}, "what a chart knows of the cluster")
        check("No resources" in w.run("get", "jobs", "-n", "a"), "the hook is gone")
        helm("upgrade", "r", chart, "--set", "tag=2", "--wait", "--timeout", "60s")
        said = helm("upgrade", "r", chart, "--set", "size=0", code=1)
        check("should be greater than or equal to 1" in said, said)
        helm("rollback", "r", "1", "--wait", "--timeout", "60s")
        equal([(x["revision"], x["status"]) for x in json.loads(helm("history", "r", "-o", "json"))],
              [(1, "superseded"), (2, "superseded"), (3, "failed"), (4, "deployed")], "the history")
        image = w.run("get", "deploy", "web", "-n", "a", "-o", "jsonpath={.spec.template.spec.containers[0].image}")
        equal(image, "registry.example/app:1", "after the rollback")
        check("StatefulSet" in helm("status", "r"), "what is in a release")
        helm("uninstall", "r", "--wait", "--timeout", "60s")
        equal(json.loads(helm("list", "-A", "-o", "json")), [], "releases that are left")
        equal(w.run("get", "pvc", "-n", "a", "-o", "name"), "persistentvolumeclaim/data-db-0\n", "claims stay")


def test_a_node_is_drained_within_budgets():
    with World() as w:
        w.apply(DEPLOYMENT)
        w.apply("apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: { name: web }\n"
                "spec: { maxUnavailable: 1, selector: { matchLabels: { app: web } } }\n")
        w.run("rollout", "status", "deployment/web", "--timeout=60s")
        node = w.run("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")
        w.run("drain", node, "--ignore-daemonsets", "--timeout=90s")
        w.run("rollout", "status", "deployment/web", "--timeout=60s")
        nodes = set(w.run("get", "pods", "-o", "jsonpath={.items[*].spec.nodeName}").split())
        check(node not in nodes and len(nodes) == 1, f"pods are on {nodes}, not on {node}")


def test_what_fails_is_told():
    faults = [{"do": "crash_loop", "match": {"kind": "Deployment", "name": "web"}}]
    with World(faults) as w:
        w.apply(DEPLOYMENT)
        w.run("rollout", "status", "deployment/web", "--timeout=5s", code=1)
        for _ in range(100):
            if "CrashLoopBackOff" in w.run("get", "pods"):
                break
            time.sleep(0.1)
        else:
            check(False, w.run("get", "pods"))
        check("Back-off restarting" in w.run("get", "events"), "an event")


if __name__ == "__main__":
    sys.exit(run_tests([f for name, f in sorted(globals().items()) if name.startswith("test_")]))
