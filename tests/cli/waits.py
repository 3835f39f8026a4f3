#!/usr/bin/env python3
"""What apply waits for in a cluster, for how long, and what it says when that was in vain."""
import json
import signal
import sys
import urllib.request

from lib import ROOT, Cloud, Stack, check, equal, run_tests, until
from workloads import APPS, Kube

HEAD = """\
mok: 1
name: t
region: ams3
resources:
  k: { kind: kubernetes_cluster, name: k, version: "1.36" }
  a: { kind: kubernetes_node_pool, cluster_id: "${k.id}", name: a, size: s-2vcpu-4gb, count: 2 }
"""


def manifest(address, body, extra=""):
    return (f"  {address}:\n    kind: kubernetes_manifest\n    cluster_id: ${{k.id}}\n{extra}"
            f"    manifest: {json.dumps(body)}\n")


CONFIG = manifest("cfg", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"A": "1"}})


def pods_of(name, image="registry.example/web:1", policy="Always", **spec):
    return {"metadata": {"labels": {"app": name}}, "spec": {
        "restartPolicy": policy, "containers": [{"name": "app", "image": image}], **spec}}


def deployment(**spec):
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "replicas": 2, "progressDeadlineSeconds": 20, "selector": {"matchLabels": {"app": "web"}},
        "template": pods_of("web", **spec)}}


class Running:
    """A cluster of the sandbox, opened by its kubeconfig as anybody's would be."""

    def __init__(self, *faults):
        self.cloud = Cloud({"rules": list(faults)}, speed=60)
        self.stack = Stack(self.cloud, HEAD)
        self.stack.apply()
        cluster = self.cloud.get("/v2/kubernetes/clusters")["kubernetes_clusters"][0]["id"]
        request = urllib.request.Request(
            f"{self.cloud.env['DIGITALOCEAN_API_URL']}/v2/kubernetes/clusters/{cluster}/kubeconfig",
            headers={"Authorization": "Bearer stranger"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            (self.stack.dir / "kubeconfig").write_bytes(answer.read())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.__exit__()
        self.cloud.close()

    def fails(self, *resources):
        """What is said, with the details as JSON has them."""
        self.stack.write(HEAD + "".join(resources))
        result = self.stack.run("apply", "--yes", "--format", "json", "--kubeconfig", "kubeconfig")
        failure, = json.loads(result.expect(3).out)["failures"]
        for line in failure["details"]:
            check(line in " ".join(result.err.split()) or len(line) > 60, f"not told: {line}\n{result.err}")
        return failure["message"], "\n".join(failure["details"]), result.err


def test_image_that_is_not_there():
    with Running({"do": "image_pull", "match": {"name": "web*"}}) as run:
        message, details, err = run.fails(manifest("web", deployment()))
        check("ProgressDeadlineExceeded" in message, message)
        check("container app: ImagePullBackOff" in details or "container app: ErrImagePull" in details, details)
        check("event: Pod web-" in details and "log:" not in details, details)
        told = run.stack.plan(0)
        check("No changes" in told.out and "W0807" in told.err, f"the next plan: {told.out}{told.err}")
        check("... web" in told.out and "1 of them not ready: apply waits for it" in told.out, told.out)


def test_container_that_crashes():
    with Running({"do": "crash_loop", "match": {"name": "web*"}}) as run:
        message, details, err = run.fails(manifest("web", deployment()))
        check("container app: " in details and "exit code" in details, details)
        check("log: " in details and "event: Pod web-" in details, details)


def test_pod_that_fits_nowhere():
    with Running() as run:
        web = deployment(nodeSelector={"disk": "none-such"})
        message, details, err = run.fails(manifest("web", web))
        check("Unschedulable" in details and "FailedScheduling" in details, details)


def test_what_pods_may_still_run_on_stays_when_a_roll_out_fails():
    def plan(value, **spec):
        config = manifest("cfg", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"},
                                  "data": {"A": value}}, "    name_suffix: hash\n")
        web = deployment(volumes=[{"name": "c", "configMap": {"name": "${cfg.name}"}}], **spec)
        return HEAD + config + manifest("web", {**web, "spec": {**web["spec"], "replicas": 1}})

    def values():
        kube = Kube(run.cloud)
        return sorted(item["data"]["A"] for item in kube.get(
            "/api/v1/namespaces/default/configmaps")["items"] if item["metadata"]["name"].startswith("c-"))

    with Running() as run:
        for value in "123":
            run.stack.write(plan(value))
            run.stack.apply()
        run.stack.write(plan("4", nodeSelector={"disk": "none-such"}))
        told = run.stack.apply(3)
        equal(values(), ["1", "2", "3", "4"], "none goes with the roll-out not done")
        check("1 failed, 1 skipped" in told.out, told.out)
        run.stack.write(plan("4"))
        run.stack.apply()
        equal(values(), ["2", "3", "4"], "the oldest goes then")
        run.stack.plan(0)


def test_content_that_comes_back_stays():
    """What is known only while applying may turn out to be what was to go."""
    def plan(value):
        text = HEAD + manifest("other", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "o"},
                                         "data": {"V": value}})
        return text + manifest("cfg", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"},
                                       "data": {"A": "${other.object.data.V}"}}, "    name_suffix: hash\n")

    with Running() as run:
        for value in "12342":
            run.stack.write(plan(value))
            run.stack.apply()
            run.stack.plan(0)


def test_what_tells_no_address_yet_holds_nothing_up():
    rules = [{"host": "a.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {
        "service": {"name": "web", "port": {"number": 80}}}}]}}]
    ingress = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "i"},
               "spec": {"ingressClassName": "none-such", "rules": rules}}
    with Running() as run:
        run.stack.write(HEAD + "  zone: { kind: domain, name: a.example }\n" + manifest("i", ingress)
                        + '  www: { kind: record, domain: "${zone.name}", type: A, name: www, '
                        'data: "${i.object.status.loadBalancer.ingress.0.ip}" }\n')
        process = run.stack.start("apply", "--yes")
        kube = Kube(run.cloud)
        until("the Ingress", lambda: kube.get("/apis/networking.k8s.io/v1/ingresses")["items"])
        process.kill()
        process.communicate()
        told = run.stack.run("plan", "--detailed-exitcode").expect(2)
        check("known after apply" in told.out, told.out)
        run.stack.destroy()


def test_job_that_fails():
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "bad"}, "spec": {
        "backoffLimit": 0, "template": pods_of("bad", policy="Never")}}
    with Running({"do": "job_fails", "match": {"name": "bad*"}}) as run:
        message, details, err = run.fails(manifest("bad", job))
        check("BackoffLimitExceeded" in message, message)
        check("pod bad-" in details and "exit code" in details and "log: " in details, details)


def running(stack, *arguments):
    """What apply says of what it only waits for; nobody is asked, and nothing is written."""
    before = len([e for e in stack.cloud.log() if e["write"]])
    result = stack.run("apply", "--format", "json", *arguments)
    writes = [f"{e['method']} {e['path']}" for e in stack.cloud.log() if e["write"]][before:]
    equal([w for w in writes if "/tags" not in w], [], "what it writes")
    return result, json.loads(result.out)


def test_what_is_not_ready_is_waited_for_again():
    """Until it is: a run that ends with 0 leaves nothing that does not do its work."""
    with Running({"do": "crash_loop", "match": {"name": "web*"}}) as run:
        stack = run.stack
        stack.write(HEAD + CONFIG + manifest("web", deployment()))
        stack.apply(3)
        plan = stack.plan_json("-o", "saved")
        equal([(c["address"], c["action"]) for c in plan["changes"]], [("web", "wait")], "the plan")
        equal((plan["summary"]["wait"], plan["summary"]["update"], plan["summary"]["unchanged"]), (1, 0, 3),
              "its summary")
        stack.plan(0)
        result, answer = running(stack)
        result.expect(3)
        failure, = answer["failures"]
        equal((failure["address"], failure["action"]), ("web", "wait"), "what failed")
        check("log: " in "\n".join(failure["details"]), f"the details: {failure}")
        result, answer = running(stack, "--exclude", "web")
        equal((result.expect(0).code, answer["summary"]["waited"]), (0, 0), "without it")
        run.cloud.restart()
        stack.apply(0, "saved")
        plan = stack.plan_json()
        equal((plan["changes"], plan["summary"]["wait"]), ([], 0), "the next plan")
        running(stack)[0].expect(0)


def test_what_needs_it_waits_with_it():
    """A job that failed is no ground to go on from."""
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "bad"}, "spec": {
        "backoffLimit": 0, "template": pods_of("bad", policy="Never")}}
    after = manifest("cfg", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}},
                     "    depends_on: [bad]\n")
    with Running({"do": "job_fails", "match": {"name": "bad*"}}) as run:
        stack = run.stack
        stack.write(HEAD + manifest("bad", job) + after)
        for _ in range(2):
            result = stack.apply(3)
            check("cfg: skipped" in result.err and "BackoffLimitExceeded" in result.err, result.err)
        check("bad: wait: " in result.err, result.err)
        unwaited = HEAD + manifest("bad", job, "    wait: false\n") + after
        stack.write(unwaited)
        stack.apply(0)
        stack.plan(0)


def test_pods_that_moved_are_waited_for():
    """Nodes that go take pods along: the run ends when these do their work again."""
    with Running() as run:
        stack = run.stack
        text = HEAD + CONFIG + manifest("web", deployment())
        stack.write(text)
        stack.apply()
        stack.write(text.replace("s-2vcpu-4gb", "s-4vcpu-8gb"))
        before = len(run.cloud.log())
        stack.apply()
        after = [e["path"] for e in run.cloud.log()[before:]]
        equal(Kube(run.cloud).get(APPS + "/deployments/web")["status"].get("availableReplicas"), 2, "pods")
        check(any(path.endswith("/deployments/web") for path in after), "what has pods is looked at")
        check(not any(path.endswith("/configmaps/c") for path in after), "what has no pods is left alone")


def down(**how):
    return {"rules": [{"match": {"kind": "ConfigMap", "name": "c"}, "do": "webhook_down", **how}]}


def test_webhook_that_comes_up():
    """A chart's webhook is not up the moment its release is there."""
    with Cloud(down(times=3)) as cloud, Stack(cloud, HEAD + CONFIG) as stack:
        result = stack.apply()
        check("failed calling webhook" in " ".join(result.err.split()), f"it is told: {result.err}")
        stack.plan(0)


def test_webhook_that_stays_down():
    """Not for as long as the operation may take: someone has to look at it."""
    with Cloud(down()) as cloud, Stack(cloud, HEAD + CONFIG) as stack:
        result = stack.apply(3)
        said = " ".join(result.err.split())
        check("cfg: create: " in said and "failed calling webhook" in said, said)
        check(result.seconds < 100, f"it took {result.seconds} s")
        cloud.restart()
        stack.apply()
        stack.plan(0)


def test_replicas_are_handed_over():
    """From mok to whoever scales: never reset to 1, before and after the other took them over."""
    def text(image, **spec):
        body = deployment()
        del body["spec"]["replicas"]
        body["spec"].update(spec)
        body["spec"]["template"]["spec"]["containers"][0]["image"] = f"registry.example/web:{image}"
        return HEAD + manifest("web", body)
    with Cloud(speed=60) as cloud, Stack(cloud, text(1, replicas=3)) as stack:
        stack.apply()
        kube = Kube(cloud)

        def replicas():
            return kube.get(APPS + "/deployments/web")["spec"]["replicas"]
        stack.write(text(1))
        stack.plan(0)
        stack.write(text(2))
        stack.apply()
        equal(replicas(), 3, "replicas while mok alone owns them")
        status, said = kube.raw("PATCH", APPS + "/deployments/web/scale?fieldManager=kube-controller-manager",
                                {"spec": {"replicas": 4}}, "application/merge-patch+json")
        equal(status, 200, said)
        stack.plan(0)
        stack.write(text(3))
        stack.apply()
        equal(replicas(), 4, "replicas once they are another's")
        stack.plan(0)


def test_an_account_that_does_not_answer():
    """It is said what is waited for, long before it is given up."""
    rules = [{"do": "status", "status": 500, "match": {"path": "/v2/account"}}]
    with Cloud({"rules": rules}, speed=1) as cloud, Stack(cloud, HEAD) as stack:
        process = stack.start("plan")
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        check("still reading the account after 5s" in first and "HTTP 500" in first, first)
        equal(process.returncode, 130, "exit code")


def test_a_domain_that_is_not_delegated():
    """All but the certificate is finished, and who has to be told is named, as the zone has it."""
    name, plan = "small.mastodon.example", (ROOT / "plans" / "small.yaml").read_text()
    rules = [{"do": "undelegated", "match": {"name": name}}]
    with Cloud({"rules": rules}) as cloud, Stack(cloud, plan) as stack:
        stack.apply(0, "--no-escrow", "--target", "zone")
        records = cloud.all(f"/v2/domains/{name}/records", "domain_records")
        vanity, = (r["id"] for r in records if r["data"].startswith("ns2."))
        cloud.call("PUT", f"/v2/domains/{name}/records/{vanity}", {"type": "NS", "data": "dns.vanity.example."})
        result = stack.run("apply", "--yes", "--no-escrow", "--format", "json").expect(3)
        answer = json.loads(result.out)
        equal([f["address"] for f in answer["failures"]], ["mastodon_certificate"], "what failed")
        equal(answer["summary"]["skipped"], 0, "nothing else is held up")
        said = " ".join(result.err.split())
        check(f"registrar of {name} has to name ns1.digitalocean.com" in said, said)
        check("dns.vanity.example" in said and "ns2.digitalocean.com" not in said, said)


if __name__ == "__main__":
    sys.exit(run_tests([f for name, f in sorted(globals().items()) if name.startswith("test_")]))
