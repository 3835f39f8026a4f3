#!/usr/bin/env python3
"""What apply waits for in a cluster, for how long, and what it says when that was in vain."""
import json
import sys

from lib import Cloud, Stack, check, run_tests

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


if __name__ == "__main__":
    sys.exit(run_tests([f for name, f in sorted(globals().items()) if name.startswith("test_")]))
