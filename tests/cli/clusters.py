#!/usr/bin/env python3
"""What the sandbox's clusters make in the cloud, and Helm in them: over HTTP and with mok."""
import base64
import gzip
import json
import re
import ssl
import sys
import urllib.error
import urllib.request

from lib import Cloud, Stack, check, equal, run_tests, until

CORE = "/api/v1/namespaces/default"
PLAN = """\
mok: 1
name: t
region: ams3
resources:
  k: { kind: kubernetes_cluster, name: k, version: "1.36" }
  n: { kind: kubernetes_node_pool, cluster_id: "${k.id}", name: n, size: s-4vcpu-8gb, count: 2 }
"""
TRAEFIK = """\
  edge:
    kind: helm_release
    cluster_id: ${k.id}
    name: traefik
    namespace: traefik
    create_namespace: true
    repository: https://traefik.github.io/charts
    chart: traefik
    version: 41.3.0
    values: { deployment: { replicas: REPLICAS } }
"""


class Cluster:
    """A cluster's Kubernetes API as its kubeconfig has it."""

    def __init__(self, cloud):
        self.cloud = cloud
        if not cloud.get("/v2/kubernetes/clusters")["kubernetes_clusters"]:
            cloud.post("/v2/kubernetes/clusters", {
                "name": "k", "region": "ams3", "version": "1.36",
                "node_pools": [{"name": "n", "size": "s-4vcpu-8gb", "count": 2}]})
        self.id = cloud.get("/v2/kubernetes/clusters")["kubernetes_clusters"][0]["id"]
        config = cloud.get(f"/v2/kubernetes/clusters/{self.id}/credentials")
        self.server, self.token = config["server"], config["token"]
        self.context = ssl.create_default_context(
            cadata=base64.b64decode(config["certificate_authority_data"]).decode())

    def call(self, method, path, body=None, kind="application/json"):
        request = urllib.request.Request(
            self.server + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=60, context=self.context) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def get(self, path):
        status, body = self.call("GET", path)
        check(status == 200, f"GET {path}: {status} {body}")
        return body

    def make(self, path, body):
        status, answer = self.call("POST", path, body)
        check(status == 201, f"POST {path}: {status} {answer}")
        return answer


def releases(cluster, namespace):
    """revision -> (status, the release as Helm keeps it)"""
    found = {}
    for item in cluster.get(f"/api/v1/namespaces/{namespace}/secrets?labelSelector=owner%3Dhelm")["items"]:
        packed = base64.b64decode(base64.b64decode(item["data"]["release"]))
        labels = item["metadata"]["labels"]
        found[int(labels["version"])] = (labels["status"], json.loads(gzip.decompress(packed)))
    return found


def test_a_path_without_a_cluster_means_the_only_one():
    """kubectl get --raw leaves out what its server's address ends with."""
    with Cloud() as cloud:
        cluster = Cluster(cloud)
        cluster.server = cluster.server[:-len(cluster.id) - 1]
        slug = cloud.get("/v2/kubernetes/clusters")["kubernetes_clusters"][0]["version"]
        equal(cluster.get("/version")["gitVersion"], "v" + slug.split("-")[0], "the only cluster's version")
        cluster.get("/apis/apps/v1/deployments")
        equal(cluster.call("GET", "/nonsense")[1]["message"], "no such cluster", "another path")
        cloud.post("/v2/kubernetes/clusters", {
            "name": "other", "region": "ams3", "version": "1.36",
            "node_pools": [{"name": "n", "size": "s-4vcpu-8gb", "count": 1}]})
        status, answer = cluster.call("GET", "/version")
        check(status == 404 and "the id of one of the clusters" in answer["message"], answer)


def test_a_service_has_a_load_balancer_while_it_lives():
    with Cloud() as cloud:
        cluster = Cluster(cloud)
        cluster.make(CORE + "/services", {
            "metadata": {"name": "edge", "annotations": {
                "service.beta.kubernetes.io/do-loadbalancer-name": "my-edge"}},
            "spec": {"type": "LoadBalancer", "ports": [{"port": 443}]}})
        found = cloud.get("/v2/load_balancers")["load_balancers"]
        equal([b["name"] for b in found], ["my-edge"], "load balancers")
        address = until("an address", lambda: cluster.get(CORE + "/services/edge")["status"]
                        ["loadBalancer"].get("ingress"))[0]["ip"]
        equal(cloud.get("/v2/load_balancers")["load_balancers"][0]["ip"], address, "address")
        linked = cloud.get(f"/v2/kubernetes/clusters/{cluster.id}/destroy_with_associated_resources")
        equal([b["name"] for b in linked["load_balancers"]], ["my-edge"], "associated")
        cluster.call("DELETE", CORE + "/services/edge")
        until("the end", lambda: cluster.call("GET", CORE + "/services/edge")[0] == 404)
        equal(cloud.get("/v2/load_balancers")["load_balancers"], [], "load balancers")


def test_what_a_dead_cluster_leaves_is_billed():
    with Cloud() as cloud:
        cluster = Cluster(cloud)
        cluster.make(CORE + "/services", {"metadata": {"name": "edge"}, "spec": {
            "type": "LoadBalancer", "ports": [{"port": 443}]}})
        cluster.make(CORE + "/persistentvolumeclaims", {"metadata": {"name": "data"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "5Gi"}}}})
        until("a volume", lambda: cluster.get(CORE + "/persistentvolumeclaims/data")["status"]
              ["phase"] == "Bound")
        cloud.call("DELETE", f"/v2/kubernetes/clusters/{cluster.id}")
        equal(len(cloud.get("/v2/load_balancers")["load_balancers"]), 1, "load balancers")
        equal([v["size_gigabytes"] for v in cloud.get("/v2/volumes")["volumes"]], [5], "volumes")


def test_a_helm_release_is_applied_changed_and_taken_away():
    with Cloud() as cloud, Stack(cloud, PLAN + TRAEFIK.replace("REPLICAS", "2")) as stack:
        stack.apply()
        stack.plan(0)
        cluster = Cluster(cloud)
        status, release = releases(cluster, "traefik")[1]
        equal((status, release["config"]), ("deployed", {"deployment": {"replicas": 2}}), "release")
        equal(release["chart"]["metadata"]["version"], "41.3.0", "chart")
        web = cluster.get("/apis/apps/v1/namespaces/traefik/deployments/traefik")
        equal(web["status"]["availableReplicas"], 2, "pods")
        equal(len(cloud.get("/v2/load_balancers")["load_balancers"]), 1, "load balancers")
        stack.write(PLAN + TRAEFIK.replace("REPLICAS", "3"))
        stack.apply()
        equal({r: s for r, (s, _) in releases(cluster, "traefik").items()},
              {1: "superseded", 2: "deployed"}, "revisions")
        stack.write(PLAN)
        stack.apply()
        equal(releases(cluster, "traefik"), {}, "revisions")
        equal(cloud.get("/v2/load_balancers")["load_balancers"], [], "load balancers")


def test_a_release_that_fails_says_what_helm_says():
    faults = [{"do": "chart_missing", "match": {"name": "traefik"}}]
    with Cloud(faults) as cloud, Stack(cloud, PLAN + TRAEFIK.replace("REPLICAS", "2")) as stack:
        result = stack.apply(3)
        said = re.sub(r"\s+", " ", result.err)
        check('chart "traefik" version "41.3.0" not found in https://traefik.github.io/charts '
              "repository" in said, said)
        cloud.restart()
        stack.apply()
        stack.plan(0)


if __name__ == "__main__":
    sys.exit(run_tests([f for name, f in sorted(globals().items()) if name.startswith("test_")]))
