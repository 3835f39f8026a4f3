#!/usr/bin/env python3
"""What runs in the sandbox's clusters, as mok and as others see it: rollouts, Jobs, failures."""
import json
import ssl
import sys
import time
import urllib.error
import urllib.request

from lib import ROOT, Cloud, Stack, check, equal, run_tests, until

HEAD = """\
mok: 1
name: t
region: ams3
resources:
  k: { kind: kubernetes_cluster, name: k, version: "1.36" }
  n: { kind: kubernetes_node_pool, cluster_id: "${k.id}", name: n, size: s-4vcpu-8gb, count: 2 }
"""
APPS = "/apis/apps/v1/namespaces/default"
CORE = "/api/v1/namespaces/default"


def manifest(address, body, more=""):
    return (f"  {address}:\n    kind: kubernetes_manifest\n    cluster_id: ${{k.id}}\n{more}"
            f"    manifest: {json.dumps(body)}\n")


def template(image, policy="Always"):
    return {"metadata": {"labels": {"app": "web"}}, "spec": {
        "restartPolicy": policy,
        "containers": [{"name": "app", "image": image,
                        "env": [{"name": "PASSWORD", "value": "hunter2hunter2"}]}]}}


def deployment(image, **spec):
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}},
                     "template": template(image), **spec}}


def job(name, **spec):
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
            "spec": {"template": template("registry.example/job:1", "Never"), **spec}}


class Kube:
    """The API of the only cluster, for a client that is not mok."""

    def __init__(self, cloud):
        cluster = cloud.get("/v2/kubernetes/clusters")["kubernetes_clusters"][0]
        server = json.loads((cloud.dir / "cloud/server.json").read_text())
        self.url = f"{server['kubernetes_url']}/{cluster['id']}"
        self.context = ssl._create_unverified_context()

    def raw(self, method, path, body=None, kind="application/json"):
        request = urllib.request.Request(
            self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer dop_v1_x", "Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=60, context=self.context) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def get(self, path):
        status, text = self.raw("GET", path)
        check(status == 200, f"GET {path}: {status} {text}")
        return json.loads(text)

    def wait(self, path, is_so):
        """For what takes the sandbox's time: at its highest speed next to none."""
        for _ in range(600):
            found = self.get(path)
            if is_so(found):
                return found
            time.sleep(0.05)
        check(False, f"it never came: {json.dumps(found)[:2000]}")
        return None


def test_apply_waits_for_a_rollout_and_a_job():
    text = HEAD + manifest("web", deployment("registry.example/web:1")) + manifest("work", job("work"))
    with Cloud(speed=60) as cloud, Stack(cloud, text) as stack:
        stack.apply()
        kube = Kube(cloud)
        equal(kube.get(APPS + "/deployments/web")["status"]["availableReplicas"], 3, "pods")
        said = [c["type"] for c in
                kube.get("/apis/batch/v1/namespaces/default/jobs/work")["status"]["conditions"]]
        equal(said, ["SuccessCriteriaMet", "Complete"], "what the Job says")
        pods = kube.get(CORE + "/pods?labelSelector=pod-template-hash")["items"]
        equal({p["status"]["phase"] for p in pods}, {"Running"}, "phases")
        status, log = kube.raw("GET", f"{CORE}/pods/{pods[0]['metadata']['name']}/log")
        check(status == 200 and log and "hunter2" not in log, f"a log, and no secret in it: {log}")
        stack.plan(0)
        stack.write(HEAD + manifest("web", deployment("registry.example/web:2")) +
                    manifest("work", job("work")))
        stack.apply()
        pods = kube.get(CORE + "/pods?labelSelector=pod-template-hash")["items"]
        equal({c["image"] for p in pods if "deletionTimestamp" not in p["metadata"]
               for c in p["spec"]["containers"]}, {"registry.example/web:2"}, "images")
        stack.plan(0)
        stack.destroy()


def test_a_failing_rollout_and_a_failing_job_are_told():
    faults = [{"do": "image_pull", "match": {"kind": "Deployment", "name": "web"}},
              {"do": "job_fails", "match": {"kind": "Job", "name": "bad"}}]
    text = HEAD + manifest("web", deployment("registry.example/web:1", progressDeadlineSeconds=30))
    with Cloud(faults=faults, speed=60) as cloud, Stack(cloud, text) as stack:
        result = stack.apply(3)
        said = " ".join(result.err.split())
        check("ImagePull" in said or "ProgressDeadlineExceeded" in said, said)
        stack.write(HEAD + manifest("bad", job("bad", backoffLimit=0)))
        said = " ".join(stack.apply(3).err.split())
        check("BackoffLimitExceeded" in said, said)


def test_others_scale_and_watch():
    """A watch tells what controllers do, though nobody else asks."""
    with Cloud(speed=60) as cloud, Stack(cloud, HEAD) as stack:
        stack.apply()
        kube = Kube(cloud)
        status, text = kube.raw("POST", APPS + "/deployments", deployment("registry.example/web:1"))
        equal(status, 201, text)
        request = urllib.request.Request(
            kube.url + APPS + "/deployments?watch=true&timeoutSeconds=60",
            headers={"Authorization": "Bearer dop_v1_x"})
        with urllib.request.urlopen(request, timeout=90, context=kube.context) as answer:
            for line in answer:
                event = json.loads(line)
                if event["object"]["status"].get("availableReplicas") == 3:
                    break
            else:
                check(False, "the watch ended first")
        status, text = kube.raw("PATCH", APPS + "/deployments/web/scale", {"spec": {"replicas": 1}},
                                "application/merge-patch+json")
        equal(status, 200, text)
        kube.wait(CORE + "/pods", lambda pods: len(pods["items"]) == 1)


def settings(address, value, more=""):
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"v": value}}
    return HEAD + manifest(address, body, more + "    name_suffix: hash\n")


def test_what_stays_for_rolling_back_moves_along():
    def markers():
        return sorted(item["metadata"]["annotations"]["mok/marker"] for item in
                      kube.get(CORE + "/configmaps")["items"] if item["metadata"]["name"].startswith("web-"))

    with Cloud() as cloud, Stack(cloud, settings("old", "1")) as stack:
        stack.apply()
        kube = Kube(cloud)
        for value in "23":
            stack.write(settings("old", value))
            stack.apply()
        stack.write(settings("new", "4", "    moved_from: old\n"))
        said = stack.plan(2).out
        check("Plan: 1 to create, 2 to update, 1 to delete, 2 moved" in said, said)
        stack.apply()
        check(all(m.startswith("mok:t:new-") for m in markers()), f"{markers()}")
        equal([m[-2:] for m in markers()], ["g2", "g3", "g4"], "generations")
        stack.plan(0)
        stack.write(settings("new", "4"))
        stack.plan(0)
        stack.write(settings("newer", "4", "    moved_from: new\n"))
        stack.apply()
        check(all(m.startswith("mok:t:newer-") for m in markers()), f"{markers()}")
        stack.plan(0)
        stack.destroy()


def test_two_lines_of_former_selves_are_not_taken_for_one():
    both = settings("old", "1") + settings("new", "2")[len(HEAD):]
    with Cloud() as cloud, Stack(cloud, both) as stack:
        stack.apply()
        stack.write(settings("new", "2", "    moved_from: old\n"))
        check("E0805" in stack.plan(1).err, "refused")


def test_a_name_without_its_hash_under_another_address_survives_a_kill():
    """The new one is there and none of the former selves has gone: they are one line."""
    with Cloud() as cloud, Stack(cloud, settings("old", "1")) as stack:
        stack.apply()
        stack.write(settings("old", "2"))
        stack.apply()
        stack.write(settings("new", "2", "    moved_from: old\n").replace("    name_suffix: hash\n", ""))
        cloud.restart({"rules": [{"match": {"method": "DELETE", "path": "*/configmaps/web-*"}, "do": "hang",
                                  "when": "before", "times": 1}]})
        process = stack.start("apply", "--yes")
        until("a deletion hangs", lambda: process.poll() is not None or any(
            str(e.get("fault", "")).startswith("hang") for e in cloud.log()))
        process.kill()
        process.communicate()
        stack.apply()
        equal([i["metadata"]["name"] for i in Kube(cloud).get(CORE + "/configmaps")["items"]
               if i["metadata"]["name"].startswith("web")], ["web"], "what is left")
        stack.plan(0)
        stack.destroy()


SPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "social"}}
KINDS = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
         "metadata": {"name": "toys.example.test"},
         "spec": {"group": "example.test", "scope": "Namespaced", "names": {"kind": "Toy", "plural": "toys"},
                  "versions": [{"name": "v1", "served": True, "storage": True, "schema": {
                      "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}}


def inside(kind, name, ns, version="v1", **more):
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": ns}, **more}


def test_what_is_replaced_takes_along_what_is_inside():
    text = (HEAD + manifest("space", SPACE) + manifest("kinds", KINDS)
            + manifest("settings", inside("ConfigMap", "a", "social", data={"v": "1", "of": "${k.id}"}), "    name_suffix: hash\n")
            + manifest("guarded", inside("ConfigMap", "b", "social"), "    protect: false\n")
            + manifest("toy", inside("Toy", "c", "default", "example.test/v1"))
            + manifest("apart", inside("ConfigMap", "d", "default")))

    def replaced(what):
        return {c["address"] for c in stack.plan_json("--replace", what)["changes"] if c["action"] == "replace"}

    with Cloud() as cloud, Stack(cloud, text) as stack:
        stack.apply()
        kube = Kube(cloud)
        stack.write(text.replace('"v": "1"', '"v": "2"'))
        stack.apply()
        equal(replaced("space"), {"space", "settings", "guarded"}, "with the namespace")
        equal(replaced("kinds"), {"kinds", "toy"}, "with the definition")
        check({"space", "settings", "toy", "n", "k"} <= replaced("k"), "with the cluster")
        said = stack.plan(2, "--replace", "space").out
        check("is inside of space, which is replaced" in said, said)
        check("generation 1" in said, "the former self goes, too: " + said)
        check("E0816" in stack.plan(1, "--replace", "space", "--target", "space").err, "nothing goes unseen")
        for what in ("space", "kinds"):
            stack.apply(0, "--replace", what)
            stack.plan(0)
        left = {item["metadata"]["name"].split("-")[0] for item in
                kube.get("/api/v1/namespaces/social/configmaps")["items"]}
        check({"a", "b"} <= left, f"made anew: {left}")
        kube.get("/apis/example.test/v1/namespaces/default/toys/c")
        stack.write(text.replace('"v": "1"', '"v": "2"').replace("protect: false", "protect: true"))
        stack.apply()
        stack.apply(5, "--replace", "space")


KEDA = "mok: 1\nmastodon: { keda: {}, observability: { metrics: true, prometheus: true } }\n"


def test_keda_takes_over_from_the_autoscalers_and_gives_back():
    plan, keda = ("-f", str(ROOT / "plans/medium.yaml")), ("-f", "keda.yaml")
    scalers = "/apis/autoscaling/v2/namespaces/mastodon/horizontalpodautoscalers"
    web = "/apis/apps/v1/namespaces/mastodon/deployments/mastodon-web"

    def names():
        return {item["metadata"]["name"] for item in kube.get(scalers)["items"]}

    with Cloud() as cloud, Stack(cloud) as stack:
        stack.write(KEDA, "keda.yaml")
        stack.run(*plan, "apply", "--yes", "--no-escrow").expect(0)
        kube = Kube(cloud)
        equal(names(), {"mastodon-web", "mastodon-sidekiq-ingress"}, "autoscalers")
        for more, prefix in ((keda, "keda-hpa-"), ((), "")):
            told = stack.run(*plan, *more, "apply", "--yes", "--no-escrow").expect(0).err
            stack.run(*plan, *more, "plan", "--detailed-exitcode").expect(0)
            equal(names(), {f"{prefix}mastodon-web", f"{prefix}mastodon-sidekiq-ingress"}, "autoscalers")
            equal(kube.get(web)["spec"]["replicas"], 3, "pods of web")
        gone = [told.index(f"{name}: {word}") for name, word in (
            ("mastodon-web-scaler", "deleted"), ("mastodon-sidekiq-ingress-scaler", "deleted"),
            ("mastodon-keda", "deleting"))]
        check(max(gone) == gone[2], f"KEDA goes after what it looks after: {told}")
        stack.write("mok: 1\nmastodon: { web: { replicas: 2 } }\n", "fixed.yaml")
        stack.run(*plan, "-f", "fixed.yaml", "apply", "--yes", "--no-escrow").expect(0)
        stack.run(*plan, "-f", "fixed.yaml", "plan", "--detailed-exitcode").expect(0)
        equal(kube.get(web)["spec"]["replicas"], 2, "pods of web, once nobody else moves them")
        stack.run(*plan, "destroy", "--yes", "--confirm", "mastodon-m").expect(0)


def test_keda_takes_over_from_autoscalers_that_it_would_refuse_to_share_with():
    """Their annotation is gone, as with those that others made and mok adopted; KEDA is there already,
    so that its webhook answers the plan's dry run too."""
    plan = ("-f", str(ROOT / "plans/medium.yaml"))
    scalers = "/apis/autoscaling/v2/namespaces/mastodon/horizontalpodautoscalers"
    theirs = ("mok: 1\nresources: { scalers: { kind: helm_release, cluster_id: '${cluster.id}', "
              "chart: keda, repository: 'https://kedacore.github.io/charts', version: 2.19.0, "
              "namespace: scaling, create_namespace: true } }\n")
    scaled = theirs + "mastodon: { keda: { install: false, prometheus: 'http://p.example' }, " \
                      "observability: { metrics: true } }\n"

    with Cloud() as cloud, Stack(cloud) as stack:
        stack.write(theirs, "more.yaml")
        stack.run(*plan, "-f", "more.yaml", "apply", "--yes", "--no-escrow").expect(0)
        kube = Kube(cloud)
        for item in kube.get(scalers)["items"]:
            status, text = kube.raw("PATCH", f"{scalers}/{item['metadata']['name']}",
                                    {"metadata": {"annotations": {"validations.keda.sh/hpa-ownership": None}}},
                                    "application/merge-patch+json")
            equal(status, 200, text)
        body = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "mine"},
                "spec": {"scaleTargetRef": {"name": "mastodon-web"}, "triggers": []}}
        status, text = kube.raw("POST", "/apis/keda.sh/v1alpha1/namespaces/mastodon/scaledobjects", body)
        equal((status, json.loads(text)["message"]),
              (403, "admission webhook \"vscaledobject.kb.io\" denied the request: the workload 'mastodon-web' of "
                    "type 'apps/v1.Deployment' is already managed by the hpa 'mastodon-web'"), "KEDA's webhook")
        stack.write(scaled, "more.yaml")
        # What it sees lags behind for a moment.
        late = {"match": {"method": "PATCH", "path": "*/scaledobjects/mastodon-web"}, "times": 1,
                "do": "status", "status": 403, "body": json.loads(text)}
        cloud.restart({"rules": [late]})
        kube = Kube(cloud)
        stack.run(*plan, "-f", "more.yaml", "apply", "--yes", "--no-escrow").expect(0)
        equal({item["metadata"]["name"] for item in kube.get(scalers)["items"]},
              {"keda-hpa-mastodon-web", "keda-hpa-mastodon-sidekiq-ingress"}, "autoscalers")
        stack.run(*plan, "-f", "more.yaml", "plan", "--detailed-exitcode").expect(0)


def test_search_by_elastics_operator():
    plan = ("-f", str(ROOT / "plans/medium.yaml"), "-f", str(ROOT / "tests/golden/mastodon/eck.yaml"))
    mastodon = "/api/v1/namespaces/mastodon"

    with Cloud() as cloud, Stack(cloud) as stack:
        stack.run(*plan, "apply", "--yes", "--no-escrow").expect(0)
        kube = Kube(cloud)
        status = kube.get("/apis/elasticsearch.k8s.elastic.co/v1/namespaces/mastodon/elasticsearches/"
                          "mastodon-search")["status"]
        equal((status["phase"], status["health"], status["availableNodes"]), ("Ready", "green", 3), "it")
        password = kube.get(mastodon + "/secrets/mastodon-search-es-elastic-user")["data"]["elastic"]
        job = kube.get("/apis/batch/v1/namespaces/mastodon/jobs/mastodon-search-deploy-4-7-eck")
        equal(job["status"]["succeeded"], 1, "the index is made")
        stack.run(*plan, "plan", "--detailed-exitcode").expect(0)
        equal(kube.get(mastodon + "/secrets/mastodon-search-es-elastic-user")["data"]["elastic"],
              password, "a password is made once")
        stack.run(*plan, "status").expect(0)
        stack.write("mastodon: { search: search, gateway: { class: cilium } }\n", "other.yaml")
        told = stack.run(*plan, "-f", "other.yaml", "plan", "--format", "json").expect(0).out
        changes = {c["address"]: c for c in json.loads(told)["changes"]}
        equal(changes["mastodon_search_deploy_4_7"]["action"], "create", "another index begins empty")
        equal([f["path"] for f in changes["mastodon_record"]["fields"]], ["data"], "the address may move")
        check(len(cloud.all("/v2/volumes", "volumes")) >= 3, "each node has a volume")
        # Another class is another load balancer, though both Services are there for a while.
        stack.write("mastodon: { gateway: { class: cilium } }\n", "cilium.yaml")
        stack.run(*plan, "-f", "cilium.yaml", "apply", "--yes", "--no-escrow").expect(0)
        balancers = [b["ip"] for b in cloud.all("/v2/load_balancers", "load_balancers")]
        records = cloud.all(f"/v2/domains/{cloud.all('/v2/domains', 'domains')[0]['name']}/records", "domain_records")
        equal([r["data"] for r in records if r["type"] == "A"], balancers, "the record leads to the one that is left")
        stack.run(*plan, "destroy", "--yes", "--confirm", "mastodon-m").expect(0)
        equal(cloud.all("/v2/volumes", "volumes"), [], "volumes left over")


def test_it_runs_at_the_highest_speed_and_after_a_restart():
    text = HEAD + manifest("web", deployment("registry.example/web:1"))
    with Cloud() as cloud, Stack(cloud, text) as stack:
        stack.apply()
        cloud.restart()
        kube = Kube(cloud)
        kube.raw("DELETE", CORE + "/pods")
        kube.wait(APPS + "/deployments/web", lambda d: d["status"].get("availableReplicas") == 3)
        stack.plan(0)


if __name__ == "__main__":
    sys.exit(run_tests([f for name, f in sorted(globals().items()) if name.startswith("test_")]))
