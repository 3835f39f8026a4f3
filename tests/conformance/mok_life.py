#!/usr/bin/env python3
"""mok's objects in a real Kubernetes: mok_life.py TOOLS. Asserts what the API server has, not mok's words."""
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from control_plane import ControlPlane  # noqa: E402
from lib import Cloud, Stack, check, equal, run_tests  # noqa: E402

PLANE = None
COUNT = iter(range(1, 1000))


def manifest(address, body, extra=""):
    return (f"  {address}:\n    kind: kubernetes_manifest\n    cluster_id: here\n{extra}"
            f"    manifest: {json.dumps(body)}\n")


def an_object(kind, name, ns, version="v1", **fields):
    metadata = {"name": name, **({"namespace": ns} if ns else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}


def config(name, ns, **data):
    return an_object("ConfigMap", name, ns, data=data)


def deployment(name, ns, replicas=2, image="registry.example/web:1", **pod):
    labels = {"app": name}
    return an_object("Deployment", name, ns, "apps/v1", spec={
        "replicas": replicas, "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {
            "containers": [{"name": "web", "image": image, **pod}]}}})


class World:
    """A stack of its own with a namespace of its own in the shared control plane."""

    def __init__(self):
        self.name = f"w{next(COUNT)}"
        self.cloud = Cloud()
        self.stack = Stack(self.cloud)
        (self.stack.dir / "kubeconfig").write_text(PLANE.kubeconfig())
        self.options = ("--kubeconfig", "kubeconfig")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.__exit__()
        self.cloud.close()
        PLANE.request("DELETE", f"/api/v1/namespaces/{self.name}")

    def write(self, *resources, outputs=""):
        self.stack.write(f"mok: 1\nname: {self.name}\nregion: ams3\nresources:\n"
                         + manifest("ns", an_object("Namespace", self.name, None))
                         + "".join(resources) + outputs)

    def run(self, *arguments):
        return self.stack.run(*arguments, *self.options)

    def apply(self, code=0, *arguments):
        return self.run("apply", "--yes", *arguments).expect(code)

    def plan(self, code=0, *arguments):
        return self.run("plan", "--detailed-exitcode", *arguments).expect(code)

    def changes(self):
        plan = json.loads(self.run("plan", "--format", "json").expect(0).out)
        return {c["address"]: c for c in plan["changes"] if c["action"] != "no-op"}

    def converge(self, *resources):
        self.write(*resources)
        self.apply()
        self.plan(0)

    def get(self, path, code=200):
        path = path.replace("NS", self.name)
        status, body = PLANE.request("GET", path)
        equal(status, code, f"GET {path}")
        return body

    def patch(self, path, body, manager="kubectl-edit", kind="merge-patch+json"):
        path = f"{path.replace('NS', self.name)}?fieldManager={manager}"
        status, body = PLANE.request("PATCH", path, body, f"application/{kind}")
        check(status < 300, f"PATCH {path}: {status} {body}")


def fewest_requests(w, resource, verb=""):
    """Of three plans: what the control plane's own controllers ask meanwhile is counted along."""
    def requests():
        text = PLANE.request("GET", "/metrics", accept="text/plain")[1]
        rows = re.findall(r"^apiserver_request_total\{(.*)\} (\S+)", text, re.M)
        return sum(float(n) for labels, n in rows
                   if f'resource="{resource}"' in labels and f'verb="{verb}' in labels)

    def of_one_plan():
        before = requests()
        w.plan(0)
        return requests() - before
    return min(of_one_plan() for _ in range(3))


CONFIGS = "/api/v1/namespaces/NS/configmaps"
WEB = "/apis/apps/v1/namespaces/NS/deployments/web"


def test_rollout_and_second_plan():
    """Values in other spellings (0.5 CPU, 1024Mi) are no difference; apply waits for the pods."""
    with World() as w:
        resources = {"requests": {"cpu": 0.5, "memory": "1024Mi"}, "limits": {"memory": "2048Mi"}}
        w.converge(manifest("web", deployment("web", w.name, resources=resources)),
                   manifest("cfg", config("env", w.name, A="1")))
        live = w.get(WEB)
        equal(live["status"].get("availableReplicas"), 2, "available pods when apply ends")
        managers = {(m["manager"], m["operation"]) for m in live["metadata"]["managedFields"]}
        check(("mok", "Apply") in managers, f"managers: {managers}")
        check("mok/marker" in live["metadata"]["annotations"], "it carries the marker")


def test_unchanged_objects_cost_a_list():
    """300 objects of one kind: one list each time, no request for any of them."""
    with World() as w:
        w.converge(*[manifest(f"c{i}", config(f"c{i}", w.name, N=str(i))) for i in range(300)])
        asked = fewest_requests(w, "configmaps")
        check(1 <= asked <= 3, f"{asked} requests about ConfigMaps")


def test_update_shows_what_the_server_would_change():
    with World() as w:
        w.converge(manifest("web", deployment("web", w.name)))
        w.write(manifest("web", deployment("web", w.name, replicas=3, image="registry.example/web:2")))
        fields = {f["path"]: (f["before"], f["after"]) for f in w.changes()["web"]["fields"]}
        equal(fields, {"manifest.spec.replicas": (2, 3),
                       "manifest.spec.template.spec.containers[web].image":
                       ("registry.example/web:1", "registry.example/web:2")}, "fields")
        w.apply()
        equal(w.get(WEB)["spec"]["replicas"], 3, "replicas")
        w.plan(0)


def test_what_left_the_manifest_leaves_the_object():
    with World() as w:
        w.converge(manifest("cfg", config("env", w.name, A="1", B="2")))
        w.patch(f"{CONFIGS}/env", {"data": {"C": "theirs"}})
        w.plan(0)
        w.write(manifest("cfg", config("env", w.name, A="1")))
        equal([f["path"] for f in w.changes()["cfg"]["fields"]], ["manifest.data.B"], "fields")
        w.apply()
        equal(w.get(f"{CONFIGS}/env")["data"], {"A": "1", "C": "theirs"}, "data")
        w.plan(0)


def test_conflict_names_the_owner():
    with World() as w:
        text = manifest("web", deployment("web", w.name))
        w.converge(text)
        w.patch(WEB, {"spec": {"replicas": 5}}, "somebody")
        result = w.run("plan").expect(1)
        said = " ".join((result.out + result.err).split())
        check("E0810" in said and "somebody" in said and ".spec.replicas" in said, said)
        equal(w.get(WEB)["spec"]["replicas"], 5, "replicas")
        w.run("plan", "--force-conflicts", "-o", "saved").expect(0)
        w.run("apply", "saved", "--yes").expect(0)
        equal(w.get(WEB)["spec"]["replicas"], 2, "replicas")
        w.plan(0)
        w.patch(WEB, {"spec": {"replicas": 5}}, "somebody")
        w.write(manifest("web", deployment("web", w.name), "    force_conflicts: true\n"))
        w.apply()
        equal(w.get(WEB)["spec"]["replicas"], 2, "replicas")
        w.plan(0)


def test_unknown_field_is_refused_when_planning():
    with World() as w:
        w.converge()
        w.write(manifest("web", deployment("web", w.name, imagePullPolice="Always")))
        result = w.run("plan").expect(1)
        said = " ".join((result.out + result.err).split())
        check("E0810" in said and "imagePullPolice" in said, said)


def test_immutable_field_replaces():
    with World() as w:
        w.converge(manifest("web", deployment("web", w.name)))
        uid = w.get(WEB)["metadata"]["uid"]
        other = deployment("web", w.name)
        other["spec"]["selector"]["matchLabels"]["tier"] = "front"
        other["spec"]["template"]["metadata"]["labels"]["tier"] = "front"
        w.write(manifest("web", other))
        change = w.changes()["web"]
        equal(change["action"], "replace", "action")
        forced = [f["path"] for f in change["fields"] if f["forces_replacement"]]
        equal(forced, ["manifest.spec.selector.matchLabels.tier"], "what forces it")
        w.apply()
        check(w.get(WEB)["metadata"]["uid"] != uid, "it is another object")
        w.plan(0)


def test_removal_beside_strangers():
    """Found by the cluster's inventory, without the journal, though the kind left the plan."""
    with World() as w:
        w.converge(manifest("cfg", config("env", w.name, A="1")), manifest("web", deployment("web", w.name)))
        theirs = config("theirs", w.name, A="1")
        PLANE.request("POST", CONFIGS.replace("NS", w.name), theirs)
        w.stack.forget_journal()
        w.converge()
        w.get(f"{CONFIGS}/env", 404)
        w.get(WEB, 404)
        w.get(f"{CONFIGS}/theirs")


INVENTORY = "/api/v1/namespaces/kube-system/configmaps/mok-NS"


def test_inventory_shrinks():
    """What is left of the stack is what its inventory names; with the last object it goes itself."""
    with World() as w:
        def named():
            return set(w.get(INVENTORY)["data"]["collections"].split())
        def lines(*kinds):
            return {"/Namespace/"} | {f"{kind}/{w.name}" for kind in kinds}
        cfg, web = manifest("cfg", config("env", w.name, A="1")), manifest("web", deployment("web", w.name))
        w.converge(cfg, web)
        equal(named(), lines("/ConfigMap", "apps/Deployment"), "collections")
        PLANE.request("POST", CONFIGS.replace("NS", w.name), config("theirs", w.name, A="1"))
        # As a run that was killed before it came to this leaves it: found by the next.
        before = w.get(INVENTORY)["data"]["collections"]
        w.converge(web)
        equal(named(), lines("apps/Deployment"), "collections without the ConfigMap")
        w.patch(INVENTORY, {"data": {"collections": before}}, "mok")
        w.converge(web, manifest("cfg2", an_object("Secret", "s", w.name)))
        equal(named(), lines("apps/Deployment", "/Secret"), "collections after the next run")
        w.run("destroy", "--yes", "--confirm", w.name).expect(0)
        w.get(INVENTORY, 404)


def test_hashed_names():
    """Each content is an object of its own; the last three stay, and one of them can come back."""
    with World() as w:
        def write(value):
            w.write(manifest("cfg", config("env", w.name, A=value), "    name_suffix: hash\n"),
                    manifest("user", config("user", w.name, NAME="${cfg.name}")))
            w.apply()
            w.plan(0)
            names = {c["metadata"]["name"]: c["data"].get("A") for c in w.get(CONFIGS)["items"]}
            used = w.get(f"{CONFIGS}/user")["data"]["NAME"]
            equal(names[used], value, "what the user refers to")
            return sorted(v for n, v in names.items() if n.startswith("env-"))
        equal(write("1"), ["1"], "kept")
        equal(write("2"), ["1", "2"], "kept")
        equal(write("3"), ["1", "2", "3"], "kept")
        equal(write("4"), ["2", "3", "4"], "kept")
        equal(write("3"), ["2", "3", "4"], "kept")


def definition(ns):
    group = f"{ns}.example"
    return an_object("CustomResourceDefinition", f"toots.{group}", None, "apiextensions.k8s.io/v1", spec={
        "group": group, "scope": "Namespaced", "names": {"plural": "toots", "kind": "Toot"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
            "type": "object", "properties": {"spec": {"type": "object", "properties": {
                "text": {"type": "string"}, "lang": {"type": "string", "default": "en"}}}}}}}]})


def test_definition_and_its_objects_in_one_run():
    with World() as w:
        toot = an_object("Toot", "hello", w.name, f"{w.name}.example/v1", spec={"text": "hi"})
        w.converge(manifest("a_toot", toot), manifest("zz_definition", definition(w.name)))
        live = w.get(f"/apis/{w.name}.example/v1/namespaces/NS/toots/hello")
        equal(live["spec"], {"text": "hi", "lang": "en"}, "spec")
        w.converge()
        w.get(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/toots.{w.name}.example", 404)


def test_failing_job():
    def job(command):
        return an_object("Job", "migrate", "NS", "batch/v1", spec={
            "backoffLimit": 0, "activeDeadlineSeconds": 1, "template": {"spec": {
                "restartPolicy": "Never", "nodeName": "no-such-node",
                "containers": [{"name": "x", "image": "registry.example/x", "args": [command]}]}}})
    with World() as w:
        text = manifest("migrate", job("a")).replace("NS", w.name)
        after = manifest("cfg", config("env", w.name, A="1"), "    depends_on: [migrate]\n")
        w.write(text, after)
        result = w.apply(3)
        check("DeadlineExceeded" in result.err, result.err)
        w.get(f"{CONFIGS}/env", 404)
        w.write(manifest("migrate", job("b")).replace("NS", w.name))
        equal(w.changes()["migrate"]["action"], "replace", "a Job's template is immutable")


def test_failing_rollout_tells_why():
    """What the scheduler says; then what a kubelet would say, played by the test. A value that the plan
    keeps secret is hidden."""
    with World() as w:
        web = deployment("web", w.name, replicas=1)
        web["spec"]["progressDeadlineSeconds"] = 8
        web["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "none-such"}
        secret = 'variables:\n  pw: { type: string, sensitive: true, default: canary-of-a-secret }\n'
        w.write(manifest("web", web), outputs=secret)
        result = w.apply(3)
        said = " ".join(result.err.split())
        check("ProgressDeadlineExceeded" in said, said)
        check("pod web-" in said and "Unschedulable: 0/3 nodes" in said, said)
        check("event: Pod web-" in said and "FailedScheduling" in said, said)
        pod = w.get("/api/v1/namespaces/NS/pods")["items"][0]["metadata"]["name"]
        w.patch(f"/api/v1/namespaces/NS/pods/{pod}/status", {"status": {"containerStatuses": [{
            "name": "web", "image": "x", "imageID": "", "ready": False, "restartCount": 4,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off canary-of-a-secret"}},
            "lastState": {"terminated": {"exitCode": 7, "reason": "Error"}}}]}})
        web["spec"]["minReadySeconds"] = 1
        w.write(manifest("web", web), outputs=secret)
        events = w.stack.dir / "events"
        result = w.apply(3, "--format", "json", "--events", str(events))
        lines = json.loads(result.out)["failures"][0]["details"]
        equal(lines[0], f"pod {pod}, container web: CrashLoopBackOff: back-off (hidden) "
              "(it ended with Error, exit code 7)", "the first line")
        check("canary" not in result.out + result.err + events.read_text(), "the secret is shown")


def scale(w, replicas):
    """As a HorizontalPodAutoscaler's controller does it."""
    w.patch(WEB + "/scale", {"spec": {"replicas": replicas}}, "kube-controller-manager")


def owners(w, *path):
    found = []
    for entry in w.get(WEB)["metadata"]["managedFields"]:
        fields = entry["fieldsV1"]
        for key in path:
            fields = fields.get(f"f:{key}") if fields is not None else None
        if fields is not None:
            found.append(entry["manager"])
    return found


def autoscaler(ns):
    return an_object("HorizontalPodAutoscaler", "web", ns, "autoscaling/v2", spec={
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 2, "maxReplicas": 9})


def test_replicas_are_handed_over():
    """From mok to an autoscaler: never reset to 1, neither before nor after the other took it over."""
    def without(image="registry.example/web:1"):
        body = deployment("web", w.name, image=image)
        del body["spec"]["replicas"]
        return manifest("web", body)
    with World() as w:
        w.converge(manifest("web", deployment("web", w.name, replicas=3)))
        w.write(without(), manifest("hpa", autoscaler(w.name)))
        equal(sorted(w.changes()), ["hpa"], "the count that is left out is no change")
        w.apply()
        w.write(without("registry.example/web:2"), manifest("hpa", autoscaler(w.name)))
        w.apply()
        equal(w.get(WEB)["spec"]["replicas"], 3, "replicas while mok alone owns them")
        equal(owners(w, "spec", "replicas"), ["mok"], "who owns them")
        scale(w, 5)
        w.plan(0)
        w.write(without("registry.example/web:3"), manifest("hpa", autoscaler(w.name)))
        w.apply()
        equal(w.get(WEB)["spec"]["replicas"], 5, "replicas once they are the autoscaler's")
        equal(owners(w, "spec", "replicas"), ["kube-controller-manager"], "who owns them")
        w.plan(0)


def test_replicas_of_an_autoscaler_are_no_difference():
    """The manifest says a number, the autoscaler another: a warning, no conflict, no diff."""
    with World() as w:
        def text(image):
            return manifest("web", deployment("web", w.name, image=image)) + manifest("hpa", autoscaler(w.name))
        w.write(text("registry.example/web:1"))
        check("W0607" in w.run("plan").expect(0).err, "the warning")
        w.apply()
        equal(w.get(WEB)["spec"]["replicas"], 2, "replicas at creation")
        w.plan(0)
        scale(w, 6)
        w.plan(0)
        w.write(text("registry.example/web:2"))
        w.apply()
        equal(w.get(WEB)["spec"]["replicas"], 6, "replicas")
        equal(owners(w, "spec", "replicas"), ["kube-controller-manager"], "who owns them")


def test_ignored_paths():
    """Set at creation, then others'; while nobody else owns them they stay as they are."""
    with World() as w:
        ignored = """    ignore_changes:
    - manifest.metadata.annotations.example.com/a
    - manifest.metadata.annotations.example\\.com/b
    - manifest.spec.template.spec.containers[web].image
"""

        def text(image, note, replicas):
            body = deployment("web", w.name, replicas=replicas, image=image)
            body["metadata"]["annotations"] = {"example.com/a": note, "example.com/b": note}
            return manifest("web", body, ignored)
        w.converge(text("registry.example/web:1", "1", 2))
        w.patch(WEB, {"metadata": {"annotations": {"example.com/a": "theirs"}}})
        w.plan(0)
        w.write(text("registry.example/web:2", "2", 2))
        w.plan(0)
        w.write(text("registry.example/web:2", "2", 3))
        equal([f["path"] for f in w.changes()["web"]["fields"]], ["manifest.spec.replicas"], "fields")
        w.apply()
        live = w.get(WEB)
        notes = live["metadata"]["annotations"]
        equal((notes["example.com/a"], notes["example.com/b"]), ("theirs", "1"), "annotations")
        equal(live["spec"]["template"]["spec"]["containers"][0]["image"], "registry.example/web:1", "image")
        equal(live["spec"]["replicas"], 3, "replicas")
        w.plan(0)


def test_unmarked_object_is_adopted():
    with World() as w:
        w.converge()
        PLANE.request("POST", CONFIGS.replace("NS", w.name), config("env", w.name, A="0"))
        w.write(manifest("cfg", config("env", w.name, A="0")))
        path = f"{CONFIGS}/env".replace("NS", w.name)
        result = w.run("plan").expect(1)
        check("E0806" in result.err and path in result.err.replace("\n", ""), result.err)
        w.run("adopt", "cfg", path).expect(0)
        w.apply()
        w.plan(0)
        check("mok/marker" in w.get(f"{CONFIGS}/env")["metadata"]["annotations"], "marked")


def test_attributes_of_objects():
    with World() as w:
        service = an_object("Service", "web", w.name, spec={
            "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 3000}]})
        w.write(manifest("svc", service), manifest("cfg", config("env", w.name, IP="${svc.object.spec.clusterIP}")),
                outputs="outputs:\n  ip: \"${svc.object.spec.clusterIP}\"\n")
        w.apply()
        ip = w.get("/api/v1/namespaces/NS/services/web")["spec"]["clusterIP"]
        equal(w.get(f"{CONFIGS}/env")["data"]["IP"], ip, "the address in the other object")
        w.plan(0)


def test_secrets_are_not_shown():
    with World() as w:
        secret = an_object("Secret", "db", w.name, stringData={"PASS": "canary-of-a-secret"})
        w.write(manifest("db", secret))
        said = [w.run("plan"), w.run("plan", "--format", "json"), w.run("apply", "--yes"), w.plan(0)]
        for result in said:
            check("canary" not in result.out + result.err and "Y2FuYXJ5" not in result.out + result.err,
                  "the secret is shown")
        equal(w.get("/api/v1/namespaces/NS/secrets/db")["data"], {"PASS": "Y2FuYXJ5LW9mLWEtc2VjcmV0"}, "data")
        left = b"".join(p.read_bytes() for p in (w.stack.dir / ".mok").rglob("*") if p.is_file())
        check(b"canary-of" not in left and b"Y2FuYXJ5" not in left, "the secret is in mok's files")


def test_cluster_and_its_objects_in_one_run():
    """The cluster is the sandbox's, its API the real one; before it exists all is planned against nothing."""
    with World() as w:
        cluster = ("  k: { kind: kubernetes_cluster, name: k, version: \"1.36\" }\n"
                   "  pool: { kind: kubernetes_node_pool, cluster_id: \"${k.id}\", name: a, "
                   "size: s-2vcpu-4gb, count: 1 }\n")
        w.write(cluster, manifest("cfg", config("cfg", w.name, CLUSTER="${k.id}")))
        text = (w.stack.dir / "mok.yaml").read_text().replace("cluster_id: here", "cluster_id: ${k.id}")
        w.stack.write(text)
        equal(sorted(w.changes()), ["cfg", "k", "ns", "pool"], "planned against nothing")
        w.apply()
        w.plan(0)
        made = w.cloud.get("/v2/kubernetes/clusters")["kubernetes_clusters"][0]["id"]
        equal(w.get(f"{CONFIGS}/cfg")["data"], {"CLUSTER": made}, "data")
        tags = [t["name"] for t in w.cloud.all("/v2/tags", "tags")]
        check(any(t.endswith(":objects") for t in tags), f"the account knows of the objects: {tags}")
        w.stack.write(text.split("  ns:")[0] + cluster)  # the objects leave the plan, all of them
        w.stack.forget_journal()
        w.apply()
        w.get(f"{CONFIGS}/cfg", 404)
        w.run("destroy", "--yes", "--confirm", w.name).expect(0)
        left = [t["name"] for t in w.cloud.all("/v2/tags", "tags") if t["name"].startswith("mok:")]
        equal(left, [], "markers left")


def test_destroy():
    with World() as w:
        w.converge(manifest("web", deployment("web", w.name)), manifest("cfg", config("env", w.name, A="1")))
        w.run("destroy", "--yes", "--confirm", w.name).expect(0)
        w.get("/api/v1/namespaces/NS", 404)
        w.plan(2)


def main():
    global PLANE
    with ControlPlane(sys.argv[1], ("kube-controller-manager", "kube-scheduler", "kwok")) as PLANE:
        for i in range(3):
            PLANE.request("POST", "/api/v1/nodes", an_object("Node", f"node-{i}", None))
        return run_tests([f for n, f in sorted(globals().items()) if n.startswith("test_")])


if __name__ == "__main__":
    sys.exit(main())
