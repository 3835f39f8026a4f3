#!/usr/bin/env python3
"""Helm releases in the sandbox's clusters: life, failures, kills, strangers."""
import json
import signal
import sys
import time

from lib import Cloud, Stack, check, equal, run_tests
from workloads import HEAD, Kube, manifest

SYSTEM = "/namespaces/kube-system"
OURS = "?labelSelector=app.kubernetes.io/name%3Dmok-helm"
LEFT = (f"/apis/batch/v1{SYSTEM}/jobs{OURS}", f"/api/v1{SYSTEM}/secrets{OURS}",
        f"/api/v1{SYSTEM}/serviceaccounts{OURS}",
        f"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings{OURS}")
ISSUER = {"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": {"name": "self"},
          "spec": {"selfSigned": {}}}


REPOSITORIES = {"cert-manager": "https://charts.jetstack.io",
                "traefik": "https://traefik.github.io/charts",
                "metrics-server": "https://kubernetes-sigs.github.io/metrics-server/",
                "kube-prometheus-stack": "https://prometheus-community.github.io/helm-charts",
                "argo-cd": "https://argoproj.github.io/argo-helm"}


def release(address="certs", chart="cert-manager", version="v1.21.1", values=None, **more):
    body = {"kind": "helm_release", "cluster_id": "${k.id}", "name": chart, "namespace": chart,
            "create_namespace": True, "repository": REPOSITORIES[chart], "chart": chart,
            "version": version, "values": {"crds": {"enabled": True}, **(values or {})}, **more}
    return f"  {address}:\n" + "".join(f"    {k}: {json.dumps(v)}\n" for k, v in body.items())


def records(kube, name="cert-manager"):
    items = kube.get(f"/api/v1/namespaces/{name}/secrets?labelSelector=owner%3Dhelm")["items"]
    return sorted((int(s["metadata"]["labels"]["version"]), s["metadata"]["labels"]["status"]) for s in items)


def nothing_left(kube):
    for path in LEFT:
        equal([o["metadata"]["name"] for o in kube.get(path)["items"]], [], f"left at {path}")


def test_life():
    """The issuer is of a kind that the chart defines: it comes after it without a word in the plan."""
    secret = "variables:\n  pw: { type: string, sensitive: true, default: canary-of-a-secret }\n"
    more = {"values": {"admin": {"login": "${var.pw}"}}}
    text = HEAD + manifest("a_self", ISSUER) + release(**more) + secret
    with Cloud() as cloud, Stack(cloud, text) as stack:
        planned = stack.plan_json()
        equal(sorted(c["address"] for c in planned["changes"]), ["a_self", "certs", "k", "n"], "changes")
        stack.apply()
        kube = Kube(cloud)
        equal(records(kube), [(1, "deployed")], "records")
        nothing_left(kube)
        before = len(cloud.log())
        stack.plan(0)
        lists = [e["path"] for e in cloud.log()[before:] if "/secrets" in e["path"]]
        check(len(lists) <= 1, f"one list is enough: {lists}")
        stack.write(text.replace('"${var.pw}"', '"plain"'))
        result = stack.run("plan", "--format", "json").expect(0)
        check("canary" not in result.out + result.err, "the secret is shown")
        fields = {f["path"] for c in json.loads(result.out)["changes"] for f in c["fields"]}
        equal(fields, {"values.admin.login"}, "fields")
        stack.apply()
        equal(records(kube)[-1], (2, "deployed"), "records")
        stack.plan(0)
        stack.write(HEAD)
        stack.apply()
        equal(records(kube), [], "records when it left the plan")
        nothing_left(kube)
        left = b"".join(p.read_bytes() for p in (stack.dir / ".mok").rglob("*") if p.is_file())
        check(b"canary" not in left, "the secret is in mok's files")
        stack.destroy()


def test_a_failing_run_is_told():
    faults = [{"do": "job_fails", "match": {"kind": "Job"}, "times": 1}]
    with Cloud(faults=faults) as cloud, Stack(cloud, HEAD + release()) as stack:
        said = " ".join(stack.apply(3).err.split())
        check("certs" in said and "the Job that was to install it failed" in said, said)
        nothing_left(Kube(cloud))
        cloud.restart()
        stack.apply()
        equal(records(Kube(cloud)), [(1, "deployed")], "records")
        stack.plan(0)


def test_killed_at_any_moment():
    """After each kill the second run comes to one revision, and leaves nothing of the first."""
    with Cloud(speed=60) as cloud, Stack(cloud, HEAD) as stack:
        stack.apply()
        kube = Kube(cloud)
        stack.write(HEAD + release())
        for delay_ms in range(0, 1000, 100):
            process = stack.start("apply", "--yes")
            time.sleep(delay_ms / 1000)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            stack.apply()
            equal(records(kube), [(1, "deployed")], f"after a kill at {delay_ms} ms")
            nothing_left(kube)
            stack.plan(0)
            stack.write(HEAD)
            stack.apply()
            equal(records(kube), [], "records")
            stack.write(HEAD + release())


def test_killed_and_no_longer_wanted():
    """What a killed run began is taken back, though nothing in the plan tells of it any more."""
    with Cloud(speed=60) as cloud, Stack(cloud, HEAD) as stack:
        stack.apply()
        kube = Kube(cloud)
        for delay_ms in range(50, 450, 100):
            stack.write(HEAD + release())
            process = stack.start("apply", "--yes")
            time.sleep(delay_ms / 1000)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            stack.forget_journal()
            stack.write(HEAD)
            stack.apply()
            equal(records(kube), [], f"after a kill at {delay_ms} ms")
            nothing_left(kube)
            stack.plan(0)


def test_a_release_of_somebody_else():
    with Cloud() as cloud, Stack(cloud, HEAD + release()) as stack:
        stack.apply()
        with Stack(cloud, (HEAD + release()).replace("name: t\n", "name: other\n", 1)) as other:
            cluster = cloud.get("/v2/kubernetes/clusters")["kubernetes_clusters"][0]["id"]
            other.write("mok: 1\nname: other\nregion: ams3\nresources:\n"
                        + release().replace("${k.id}", cluster))
            said = " ".join(other.run("plan").expect(1).err.split())
            check("E0806" in said and 'it belongs to the stack "t"' in said, said)
            other.run("adopt", "--all", "--yes").expect(5)
        stack.plan(0)


def test_another_name_goes_first():
    """Two releases cannot have the same cluster-wide objects."""
    about = {"chart": "metrics-server", "version": "3.13.1"}
    with Cloud() as cloud, Stack(cloud, HEAD + release(**about)) as stack:
        stack.apply()
        stack.write(HEAD + release(**about, name="other"))
        action = [c["action"] for c in stack.plan_json()["changes"] if c["address"] == "certs"]
        equal(action, ["replace"], "action")
        stack.apply()
        kube = Kube(cloud)
        found = kube.get("/api/v1/namespaces/metrics-server/secrets?labelSelector=owner%3Dhelm")["items"]
        equal([s["metadata"]["labels"]["name"] for s in found], ["other"], "releases")
        nothing_left(kube)
        stack.plan(0)


def test_well_known_charts():
    charts = (("cert-manager", "v1.21.1"), ("traefik", "41.3.0"), ("metrics-server", "3.13.1"),
              ("kube-prometheus-stack", "72.0.1"), ("argo-cd", "9.0.0"))
    text = HEAD + "".join(release(f"r{i}", c, v) for i, (c, v) in enumerate(charts))
    with Cloud() as cloud, Stack(cloud, text) as stack:
        stack.apply()
        kube = Kube(cloud)
        for chart, _ in charts:
            equal(records(kube, chart), [(1, "deployed")], chart)
        nothing_left(kube)
        stack.plan(0)
        stack.destroy()


if __name__ == "__main__":
    sys.exit(run_tests([f for name, f in sorted(globals().items()) if name.startswith("test_")]))
