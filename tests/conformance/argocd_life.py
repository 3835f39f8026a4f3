#!/usr/bin/env python3
"""An instance that a real Argo CD rolls out: argocd_life.py TOOLS. mok makes what is its own and writes the
files; they go by Git. The tests are one story, in this order."""
import json
import pathlib
import shutil
import sys

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import helm_life  # noqa: E402
from argocd import (APPS, Account, ArgoCD, Balancers, ChartHosts, Players, Recorder, Repository,  # noqa: E402
                    definitions)
from control_plane import ControlPlane  # noqa: E402
from lib import ROOT, Cloud, Stack, check, equal, run_tests  # noqa: E402
from mastodon_objects import CRDS, module_folder  # noqa: E402

PLAN = ROOT / "plans/medium.yaml"
NAME = "mastodon-m"
KEPT = {"MOK_PASSPHRASE": "a passphrase"}
NS = "/api/v1/namespaces/mastodon"
JOBS, DEPLOYMENTS = "/apis/batch/v1/namespaces/mastodon/jobs", "/apis/apps/v1/namespaces/mastodon/deployments"
STORY = None


class Kubelet(helm_life.Kubelet):
    """Runs Helm where the charts' hosts are."""

    def environment(self, pod):
        return {**super().environment(pod), **STORY.hosts.environment}


def charts():
    """Small ones, with the definitions that the real ones bring."""
    crds = {name: definitions(module_folder(module), pattern) for module, pattern in CRDS.items()
            for name in ("gateway-api", "cert-manager", "prometheus-operator", "argo-cd") if f"/{name}" in module}
    settings = """{{- range $name, $data := .Values.configs }}
apiVersion: v1
kind: ConfigMap
metadata: { name: argocd-{{ $name }}, labels: { app.kubernetes.io/part-of: argocd } }
data: {{ toYaml $data | nindent 2 }}
---
{{- end }}
apiVersion: v1
kind: Secret
metadata: { name: argocd-secret, labels: { app.kubernetes.io/part-of: argocd } }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: argocd-application-controller, labels: &labels {
  app.kubernetes.io/part-of: argocd, app.kubernetes.io/component: application-controller } }
spec:
  serviceName: argocd
  selector: { matchLabels: *labels }
  template: { metadata: { labels: *labels }, spec: { containers: [ { name: controller, image: argocd } ] } }
"""
    service = """---
apiVersion: v1
kind: Service
metadata: { name: traefik }
spec: { type: LoadBalancer, selector: { app: traefik }, ports: [ { port: 443 } ] }
"""
    one = {"templates/one.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: {{ .Release.Name }} }\n"}
    some = {name: text for name, text in crds["prometheus-operator"].items() if "monitors" in name or "rules" in name}
    return [
        ("https://argoproj.github.io/argo-helm", "argo-cd", "10.1.1",
         {**crds["argo-cd"], "templates/settings.yaml": settings}),
        ("https://traefik.github.io/charts", "traefik", "41.3.0", {**crds["gateway-api"], "templates/all.yaml": one["templates/one.yaml"] + service}),
        ("https://charts.jetstack.io", "cert-manager", "v1.21.1", {**crds["cert-manager"], **one}),
        ("https://kubernetes-sigs.github.io/metrics-server/", "metrics-server", "3.13.1", one),
        ("https://prometheus-community.github.io/helm-charts", "kube-prometheus-stack", "72.0.1", {**some, **one})]


class Story:
    def __init__(self, plane):
        self.plane = plane
        self.hosts = ChartHosts(plane.folder, charts())
        self.repository = Repository(plane.folder)
        self.cloud = Cloud()
        Account(self.cloud, plane.kubeconfig())
        self.stack = Stack(self.cloud)
        self.before, self.argocd, self.recorder = self.cloud.account(), None, None
        self.write(version="4.6.5")

    def write(self, manage="argocd", **settings):
        overlay = {"mastodon": {"gitops": {"manage": manage, "repository": self.repository.url,
                                           "path": "clusters/social", "revision": "main"},
                                "images": {"pin": "tag"}, **settings},
                   "secrets": {"escrow": "kept.age"}}
        self.stack.write(yaml.safe_dump(overlay), "argocd.yaml")

    def mok(self, *arguments, code=0):
        return self.stack.run("-f", str(PLAN), "-f", "argocd.yaml", *arguments,
                              env=KEPT).expect(code)

    def deploy(self, message):
        """What docs/gitops.md tells a user to do after mok apply; the revision."""
        folder = self.repository.tree / "clusters/social"
        shutil.rmtree(folder, ignore_errors=True)
        self.mok("manifests", "--argocd", "-o", str(folder))
        return self.repository.push(message)

    def get(self, path, code=200):
        status, body = self.plane.request("GET", path)
        equal(status, code, f"GET {path}")
        return body

    def close(self):
        self.stack.__exit__()
        self.cloud.close()


CONFIG = f"{NS}/configmaps"
WEB = f"{DEPLOYMENTS}/mastodon-web"
SEARCH = "mastodon-search-deploy-4-6"


def job_is_complete(o):
    return any(c["type"] == "Complete" and c["status"] == "True" for c in o.get("status", {}).get("conditions", []))


def has_synced(app):
    return app.get("status", {}).get("operationState", {}).get("phase") == "Succeeded"


def is_rolled_out(o):
    status = o.get("status", {})
    return (status.get("observedGeneration") == o["metadata"]["generation"]
            and status.get("updatedReplicas", 0) >= 1 and status.get("unavailableReplicas", 0) == 0
            and status.get("replicas") == status.get("updatedReplicas"))


def image_of(o):
    return o["spec"]["template"]["spec"]["containers"][0]["image"]


def in_order(steps):
    """Steps are (what, revision of etcd)."""
    check(all(at for _, at in steps), f"all of it happened: {steps}")
    equal([what for what, _ in sorted(steps, key=lambda s: s[1])], [what for what, _ in steps], "the order")


TIERS = ("web", "sidekiq-default", "streaming")


def waves(since, is_new):
    """When each wave began and ended, of what came after `since`; is_new tells whether a Job or Deployment is of
    that time."""
    def first(kind, name, so=lambda o: True):
        return STORY.recorder.first(kind, f"mastodon-{name}", lambda o: so(o) and is_new(o), since)

    STORY.recorder.catch_up()
    begun = [at for tier in TIERS if (at := first("Deployment", tier))]
    ended = [at for tier in TIERS if (at := first("Deployment", tier, is_rolled_out))]
    return [("rights in the database", first("Job", "db-grants", job_is_complete)),
            ("migrations before", first("Job", "migrate-pre")),
            ("those end", first("Job", "migrate-pre", job_is_complete)),
            ("workloads", min(begun, default=None)), ("they are rolled out", max(ended, default=None)),
            ("migrations after", first("Job", "migrate-post"))]


def of_version(version):
    return lambda o: image_of(o).endswith(f":v{version}")


def reads(config):
    """Of Deployments; Jobs read another one."""
    return lambda o: o["kind"] == "Job" or config in json.dumps(o["spec"]["template"])


def web_configs():
    return [name for o in STORY.get(CONFIG)["items"]
            if (name := o["metadata"]["name"]).startswith("mastodon-web-")]


def test_first_time():
    s = STORY
    result = s.mok("apply", "--yes")
    check("W0812" in result.err and "record" in result.err, result.err)
    check("mok secrets" not in result.err, "a first installation is not refused")
    s.argocd = ArgoCD(s.plane, s.hosts.environment)
    s.argocd.until("an error about the path", lambda: any(
        "does not exist" in c["message"] for c in s.argocd.get(NAME).get("status", {}).get("conditions", [])))
    s.recorder = Recorder(s.plane, (JOBS, DEPLOYMENTS, CONFIG, APPS))
    revision = s.deploy("first")
    s.argocd.refresh(NAME)
    apps = s.argocd.settle(revision)
    equal(sorted(apps), [NAME] + [f"{NAME}-{part}" for part in (
        "base", "cert-manager", "issuers", "kube-prometheus-stack", "mastodon", "metrics-server", "traefik")],
        "Applications")
    s.recorder.catch_up()
    charts_end = max(s.recorder.first("Application", f"{NAME}-{part}", has_synced) for part in (
        "base", "cert-manager", "kube-prometheus-stack", "metrics-server", "traefik"))
    in_order([("charts", charts_end), ("issuers", s.recorder.first("Application", f"{NAME}-issuers")),
              ("those end", s.recorder.first("Application", f"{NAME}-issuers", has_synced)),
              ("the instance", s.recorder.first("Application", f"{NAME}-mastodon"))])
    web, = web_configs()
    in_order([("configuration", s.recorder.first("ConfigMap", web))] + waves(0, of_version("4.6.5")))


def test_records_follow():
    s = STORY
    s.mok("apply", "--yes")
    domain = s.cloud.get("/v2/domains")["domains"][0]["name"]
    records = s.cloud.get(f"/v2/domains/{domain}/records")["domain_records"]
    equal([r["data"] for r in records if r["type"] == "A"], [Players.ADDRESS], "the record")
    check("No changes" in s.mok("plan", "--detailed-exitcode").out, "and then nothing")


def managers(o, subresource=""):
    return {m["manager"] for m in o["metadata"].get("managedFields", []) if m.get("subresource", "") == subresource}


def test_no_object_is_written_by_both():
    s, theirs, ours = STORY, [], []
    for name, app in s.argocd.all().items():
        for r in app["status"]["resources"]:
            group = f"/apis/{r['group']}" if r.get("group") else "/api"
            plural = next(p["name"] for p in s.get(f"{group}/{r['version']}")["resources"]
                          if p["kind"] == r["kind"] and "/" not in p["name"])
            ns = f"/namespaces/{r['namespace']}" if r.get("namespace") else ""
            o = s.get(f"{group}/{r['version']}{ns}/{plural}/{r['name']}")
            check("argocd-controller" in managers(o), f"{name}: {r['kind']} {r['name']}: {managers(o)}")
            check("mok" not in managers(o), f"{name}: {r['kind']} {r['name']} is written by both")
            theirs.append(r["name"])
    for path in ("/api/v1/namespaces", f"{NS}/secrets", "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects",
                 "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"):
        for o in s.get(path)["items"]:
            if "mok" in managers(o):
                check("argocd-controller" not in managers(o), f"{o['metadata']['name']}: {managers(o)}")
                ours.append(o["metadata"]["name"])
    check(len(theirs) > 50 and len(ours) > 8, f"{len(theirs)} of Argo CD, {len(ours)} of mok")


def test_drift_is_argocds_to_heal():
    s = STORY
    s.plane.request("PATCH", f"{WEB}?fieldManager=by-hand", {"spec": {"template": {"spec": {
        "terminationGracePeriodSeconds": 7}}}}, "application/strategic-merge-patch+json")
    s.plane.request("DELETE", f"{NS}/services/mastodon-web")
    check("No changes" in s.mok("plan", "--detailed-exitcode").out, "to mok it is no difference")
    s.argocd.until("drift is undone", lambda: s.get(WEB)["spec"]["template"]["spec"][
        "terminationGracePeriodSeconds"] != 7 and s.plane.request("GET", f"{NS}/services/mastodon-web")[0] == 200)
    s.argocd.settle()


def test_replicas_are_the_autoscalers():
    """Its autoscaler, without metrics, keeps what is within its bounds; Argo CD has no say."""
    s = STORY
    before = s.argocd.get(f"{NAME}-mastodon")["status"]["operationState"]["finishedAt"]
    s.plane.request("PATCH", f"{WEB}/scale", {"spec": {"replicas": 4}}, "application/merge-patch+json")
    for kind in ("normal", "hard"):
        equal(s.argocd.compare(f"{NAME}-mastodon", kind), "Synced", "four are as good as three")
    equal(s.get(WEB)["spec"]["replicas"], 4, "replicas")
    equal(s.argocd.get(f"{NAME}-mastodon")["status"]["operationState"]["finishedAt"], before, "no sync came of it")


def test_finished_jobs_may_go():
    """As when somebody tidies up: what ran is not run again for it."""
    s = STORY
    for name in ("mastodon-migrate-pre", "mastodon-migrate-post", "mastodon-create-owner", "mastodon-db-grants"):
        s.plane.request("DELETE", f"{JOBS}/{name}?propagationPolicy=Background")
    equal(s.argocd.compare(f"{NAME}-mastodon", "hard"), "Synced", "nothing is missed")
    s.argocd.settle()
    left = {o["metadata"]["name"] for o in s.get(JOBS)["items"] if "ownerReferences" not in o["metadata"]}
    equal(left, {SEARCH}, "Jobs")
    s.plane.request("DELETE", f"{JOBS}/{SEARCH}?propagationPolicy=Background")
    s.argocd.until("that the search is filled again", lambda: any(
        o["metadata"]["name"] == SEARCH and job_is_complete(o) for o in s.get(JOBS)["items"]))
    s.argocd.settle()


def test_an_edit_is_rolled_out():
    s = STORY
    at = int(s.get(CONFIG)["metadata"]["resourceVersion"])
    old, = web_configs()
    s.write(version="4.6.5", extra_env={"GREETING": "hello"})
    check("No changes" in s.mok("plan", "--detailed-exitcode").out, "nothing of it is mok's to write")
    s.argocd.settle(s.deploy("a greeting"))
    new, = web_configs()
    check(new != old, "it has another name")
    s.recorder.catch_up()
    gone = min(r for r, what, o in s.recorder.events if what == "DELETED" and o["metadata"]["name"] == old)
    in_order(waves(at, reads(new)) + [("the old configuration goes", gone)])
    check("No changes" in s.mok("plan", "--detailed-exitcode").out, "and mok has nothing to add")


def test_a_new_version():
    s = STORY
    at = int(s.get(CONFIG)["metadata"]["resourceVersion"])
    s.write(version="4.7.6", extra_env={"GREETING": "hello"})
    s.mok("upgrade", "--yes", code=5)
    s.mok("apply", "--yes")
    s.argocd.settle(s.deploy("4.7.6"))
    in_order(waves(at, of_version("4.7.6")))
    versions = {image_of(o).rsplit(":", 1)[1] for o in s.get(DEPLOYMENTS)["items"]}
    equal(versions, {"v4.7.6"}, "what runs")
    check("No changes" in s.mok("plan", "--detailed-exitcode").out, "mok agrees")
    s.write(version="4.6.5", extra_env={"GREETING": "hello"})
    check("E0932" in s.mok("manifests", "--argocd", "-o", "nowhere", code=5).err, "there is no way back")


def run_story(tests):
    global STORY
    controllers = ("kube-controller-manager", "kube-scheduler")
    with ControlPlane(sys.argv[1], controllers) as plane:
        helm_life.PLANE = plane
        start_kwok(plane)
        STORY = Story(plane)
        kubelet = Kubelet(sys.argv[1])
        Players(plane), Balancers(plane, STORY.cloud)
        try:
            return run_tests(tests)
        finally:
            kubelet.close()
            STORY.close()


def start_kwok(plane):
    """Its pods end and run by themselves, save Helm's, which run here."""
    stages = list(yaml.safe_load_all((plane.tools / "stages.yaml").read_text()))
    for stage in stages:
        if stage and stage["spec"]["resourceRef"]["kind"] == "Pod":
            stage["spec"]["selector"].setdefault("matchExpressions", []).append(
                {"key": '.metadata.labels["app.kubernetes.io/name"]', "operator": "NotIn", "values": ["mok-helm"]})
    (plane.folder / "stages.yaml").write_text(yaml.safe_dump_all(stages))
    plane.start(str(plane.tools / "kwok"), "--kubeconfig", str(plane.folder / "kubeconfig"),
                "--manage-all-nodes=true", f"--config={plane.folder / 'stages.yaml'}")
    for i, pool in enumerate((f"{NAME}-web", f"{NAME}-web", f"{NAME}-jobs")):
        plane.request("POST", "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {
            "name": f"node-{i}", "labels": {"doks.digitalocean.com/node-pool": pool}}})


if __name__ == "__main__":
    sys.exit(run_story([f for n, f in list(globals().items()) if n.startswith("test_")]))
