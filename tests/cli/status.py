#!/usr/bin/env python3
"""mok status: what is well, what is not, and what cannot be read."""
import json
import sys

from instance import Cluster
from lib import ROOT, Cloud, Stack, check, equal, run_tests

PLAN = """\
mok: 1
name: social
region: ams3
resources:
  cluster: { kind: kubernetes_cluster, version: "1.36" }
  base: { kind: kubernetes_node_pool, cluster_id: "${cluster.id}", size: s-2vcpu-4gb, count: 2 }
  network: { kind: vpc, ip_range: 10.20.0.0/20 }
"""


def test_a_stack_without_an_instance():
    with Cloud() as cloud, Stack(cloud, PLAN) as stack:
        before = stack.run("status").expect(2)
        check("network  it does not exist: mok apply makes it" in before.out, before.out)
        equal(cloud.writes(), [], "nothing is written")
        stack.apply()
        writes = cloud.writes()
        after = stack.run("status").expect(0)
        equal(cloud.writes(), writes, "nothing is written")
        check(after.out.startswith("Stack social in ams3, account sandbox: all is well;"), after.out)
        check("2/2    1.36." in after.out, "the nodes and their version")
        check(max(len(line) for line in after.out.splitlines()) <= 80, "80 columns")
        state = json.loads(stack.run("status", "--format", "json").expect(0).out)
        equal(state["format_version"], 1, "format_version")
        equal(state["well"], True, "well")
        equal(state["mastodon"], None, "there is no instance")
        equal(state["kinds"]["vpc"], {"there": 1, "wanted": 1}, "kinds")
        equal([(p["ready"], p["wanted"]) for p in state["node_pools"]], [(2, 2)], "node pools")
        check(state["cost"]["before"] > 0, "the cost")


def test_nodes_of_a_pool_that_took_its_name_back():
    """A pool of another size is made under another name, which its nodes may go on telling."""
    with Cloud() as cloud, Stack(cloud, PLAN) as stack:
        stack.apply()
        stack.write(PLAN.replace("s-2vcpu-4gb", "s-4vcpu-8gb"))
        stack.apply()
        cluster = Cluster(cloud)
        for node in cluster.ask("GET", "/api/v1/nodes")["items"]:
            cluster.ask("PATCH", f"/api/v1/nodes/{node['metadata']['name']}", {
                "metadata": {"labels": {"doks.digitalocean.com/node-pool": "social-base-g2"}}})
        state = json.loads(stack.run("status", "--format", "json").expect(0).out)
        equal([(p["ready"], p["wanted"]) for p in state["node_pools"]], [(2, 2)], "node pools")


def test_what_cannot_be_read():
    with Cloud(faults=[{"match": {"path": "/v2/account"}, "do": "status", "status": 401}]) as cloud, \
            Stack(cloud, PLAN) as stack:
        stack.run("status").expect(1)


def test_an_instance_that_is_not_there():
    plan = (ROOT / "plans/small.yaml").read_text()
    with Cloud() as cloud, Stack(cloud, plan) as stack:
        state = json.loads(stack.run("status", "--format", "json").expect(2).out)
        equal([(f["name"], f["health"]) for f in state["instance"]], [("health", "unwell")], "facts")
        equal([t["name"] for t in state["tiers"]][:2], ["web", "streaming"], "tiers")
        equal(state["queues"], [], "no queue")
        check(state["queues_unread"], "and why")


if __name__ == "__main__":
    sys.exit(run_tests([f for name, f in list(globals().items()) if name.startswith("test_")]))
