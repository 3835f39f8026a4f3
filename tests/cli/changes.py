#!/usr/bin/env python3
"""One test per type of change. Each asserts the requests that the sandbox logged, not mok's words."""
import json
import re
import sys

from lib import Cloud, Failure, Stack, check, equal, run_tests

HEAD = "mok: 1\nname: t\nregion: ams3\nresources:\n"
NETWORK = "  net: { kind: vpc, ip_range: 10.40.0.0/20, description: one }\n"
CLUSTER = """\
  k: { kind: kubernetes_cluster, name: k, version: "1.35" }
  a: { kind: kubernetes_node_pool, cluster_id: "${k.id}", name: a, size: s-2vcpu-4gb, count: 2 }
  b: { kind: kubernetes_node_pool, cluster_id: "${k.id}", name: b, size: s-2vcpu-4gb, count: 1 }
"""
DATABASE = """\
  db: { kind: database_cluster, name: pg-t, engine: pg, version: "16", size: db-s-1vcpu-2gb, num_nodes: 1 }
  user: { kind: database_user, cluster_id: "${db.id}", name: app }
"""
ZONE = """\
  zone: { kind: domain, name: t.example }
  www: { kind: record, domain: "${zone.name}", type: A, name: www, data: 192.0.2.1, ttl: 600 }
"""


def world(text):
    """A cloud and a stack to which the plan was applied, and where the log stood then."""
    cloud = Cloud()
    stack = Stack(cloud, HEAD + text)
    stack.apply()
    stack.plan(0)
    return cloud, stack, len(cloud.log())


def without_tags(writes):
    return [w for w in writes if "/v2/tags" not in w]


def change(text, new, wanted, tags_too=False):
    """Applies `text`, then `new`, and compares the writes of the second with the wanted ones."""
    cloud, stack, mark = world(text)
    with cloud, stack:
        stack.write(HEAD + new)
        stack.plan(2)
        equal(cloud.writes(mark), [], "writes of a plan")
        stack.apply()
        writes = cloud.writes(mark)
        equal(writes if tags_too else without_tags(writes), wanted, "writes")
        stack.plan(0)
        stack.destroy()


def test_field_update():
    change(NETWORK, NETWORK.replace("description: one", "description: two"),
           ["PATCH /v2/vpcs/<id>"], tags_too=True)


REPLICA = """\
  reader: { kind: database_replica, cluster_id: "${db.id}", name: reader, size: db-s-1vcpu-2gb }
"""


def test_a_replica_grows_in_place():
    change(DATABASE + REPLICA, DATABASE + REPLICA.replace("1vcpu-2gb", "2vcpu-4gb"),
           ["PUT /v2/databases/<id>/resize"])


def test_a_smaller_replica_takes_its_place_first():
    plan = DATABASE + REPLICA.replace(" name: reader,", "")
    change(plan.replace("kind: database_replica, cluster_id: \"${db.id}\", size: db-s-1vcpu-2gb",
                        "kind: database_replica, cluster_id: \"${db.id}\", size: db-s-2vcpu-4gb"), plan,
           ["POST /v2/databases/<id>/replicas", "DELETE /v2/databases/<id>/replicas/t-reader"])


def test_a_replica_that_left_the_plan_goes():
    change(DATABASE + REPLICA, DATABASE, ["DELETE /v2/databases/<id>/replicas/reader"])


def test_a_default_network_leaves_its_range_taken():
    """The first network of a region cannot be deleted: nothing is, where its successor has no room."""
    cloud, stack, mark = world(NETWORK.replace("vpc,", "vpc, region: fra1,") + ZONE)
    with cloud, stack:
        elsewhere = NETWORK.replace("vpc,", "vpc, region: nyc3,")
        stack.write(HEAD + elsewhere)
        refused = stack.run("apply", "--yes").expect(1)
        check("E0814" in refused.err and "10.40.0.0/20" in refused.err, refused.err)
        equal(cloud.writes(mark), [], "writes of what was refused")
        stack.write(HEAD + elsewhere.replace("10.40", "10.41"))
        stack.apply()
        stack.plan(0)
        regions = sorted((v["region"], v["ip_range"]) for v in cloud.get("/v2/vpcs")["vpcs"])
        check(("fra1", "10.40.0.0/20") in regions and ("nyc3", "10.41.0.0/20") in regions, regions)


def test_a_cluster_without_nodes():
    """Neither made nor left without a node pool: told by the plan, before anything is sent."""
    cloud = Cloud()
    with cloud, Stack(cloud, HEAD + CLUSTER.split("  a:")[0]) as stack:
        mark = len(cloud.log())
        refused = stack.run("apply", "--yes").expect(1)
        check("E0815" in refused.err and "would make none" in refused.err, refused.err)
        stack.write(HEAD + CLUSTER)
        stack.run("--exclude", "a", "--exclude", "b", "plan").expect(1)
        equal(cloud.writes(mark), [], "writes of what was refused")
        stack.apply()
        mark = len(cloud.log())
        stack.write(HEAD + CLUSTER.split("  a:")[0])
        refused = stack.run("apply", "--yes").expect(1)
        check("E0815" in refused.err and "delete the last" in refused.err, refused.err)
        equal(cloud.writes(mark), [], "writes of what was refused")
        stack.write(HEAD + CLUSTER.split("  b:")[0])
        stack.apply()
        stack.plan(0)
        stack.destroy()


def test_outputs_are_whole_after_the_first_apply():
    """A field that costs a request of its own is read for an output, too."""
    with Cloud() as cloud, Stack(cloud, HEAD + CLUSTER + (
            'outputs: { config: { value: "${k.kubeconfig}", sensitive: true } }\n')) as stack:
        applied = stack.run("apply", "--yes").expect(0)
        check("config = (sensitive value)" in applied.out, applied.out)
        check("current-context" in stack.run("output", "config").expect(0).out, "the file")


OTHERS = """\
# two documents, one of them a list
apiVersion: v1
kind: Namespace
metadata: { name: theirs }
---
apiVersion: v1
kind: ConfigMapList
items:
  - { apiVersion: v1, kind: ConfigMap, metadata: { name: a, namespace: theirs }, data: { on: "yes", mode: "0644" } }
  - { apiVersion: v1, kind: Service, metadata: { name: b, namespace: theirs }, spec: { ports: [ { port: 80 } ] } }
"""


def test_other_peoples_manifests():
    """A file of theirs, as it is: an object each, changed and taken away one by one."""
    plan = HEAD + CLUSTER + (
        "  theirs: { kind: kubernetes_manifest, for_each: \"${manifests(file('theirs.yaml'))}\",\n"
        "            cluster_id: \"${k.id}\", manifest: \"${each.value}\" }\n")
    with Cloud() as cloud, Stack(cloud, plan) as stack:
        stack.write(OTHERS, "theirs.yaml")
        stack.apply()
        stack.plan(0)
        stack.write(OTHERS.replace('"yes"', '"no"').split("  - { apiVersion: v1, kind: Service")[0], "theirs.yaml")
        planned = stack.plan(2)
        check('theirs["ConfigMap/theirs/a"]' in planned.out and "theirs-service-theirs-b" in planned.out,
              planned.out)
        check("1 to update, 1 to delete" in planned.out, planned.out)
        stack.apply()
        stack.plan(0)
        stack.destroy()


def test_a_cluster_moves_with_its_releases():
    """To another network: what is in it is made anew there, and nothing waits in a circle."""
    plan = HEAD + NETWORK + NETWORK.replace("net:", "other:").replace("10.40", "10.41") + CLUSTER.replace(
        "name: k,", 'name: k, vpc_uuid: "${net.id}",') + (
        "  app: { kind: helm_release, cluster_id: \"${k.id}\", name: app, namespace: default,\n"
        "         repository: \"https://charts.example\", chart: app, version: 1.0.0 }\n")
    with Cloud() as cloud, Stack(cloud, plan) as stack:
        stack.apply()
        stack.write(plan.replace("${net.id}", "${other.id}"))
        check("4 to replace" in stack.plan(2).out, "the cluster, its pools and the release")
        stack.apply()
        stack.plan(0)
        stack.destroy()


def test_a_firewall_is_made_anew():
    """There is one of a database: the old one's end may not be the new one's."""
    with Cloud() as cloud, Stack(cloud, HEAD + DATABASE + (
            '  fw: { kind: database_firewall, cluster_id: "${db.id}", rules: [ { type: ip_addr, value: 192.0.2.7 } ] }\n'
            )) as stack:
        stack.apply()
        stack.apply(0, "--replace", "fw")
        stack.plan(0)
        database = cloud.get("/v2/databases")["databases"][0]["id"]
        rules = cloud.get(f"/v2/databases/{database}/firewall")["rules"]
        equal([r["value"] for r in rules], ["192.0.2.7"], "rules")


def test_a_zone_is_made_anew_with_its_records():
    """They go with it, so the plan has to say so and the run to make them again."""
    with Cloud() as cloud, Stack(cloud, HEAD + ZONE) as stack:
        stack.apply()
        check("2 to replace" in stack.run("plan", "--replace", "zone").expect(0).out, "the plan")
        stack.apply(0, "--replace", "zone")
        stack.plan(0)
        names = [r["name"] for r in cloud.all("/v2/domains/t.example/records", "domain_records")]
        equal(names.count("www"), 1, "records")


def test_record_update():
    change(ZONE, ZONE.replace("ttl: 600", "ttl: 900"),
           ["PATCH /v2/domains/t.example/records/<id>"], tags_too=True)


def test_database_resize():
    change(DATABASE, DATABASE.replace("db-s-1vcpu-2gb", "db-s-2vcpu-4gb"),
           ["PUT /v2/databases/<id>/resize"], tags_too=True)


def test_database_upgrade():
    change(DATABASE, DATABASE.replace('"16"', '"17"'), ["PUT /v2/databases/<id>/upgrade"],
           tags_too=True)


def test_cluster_upgrade():
    change(CLUSTER, CLUSTER.replace('"1.35"', '"1.36"'),
           ["POST /v2/kubernetes/clusters/<id>/upgrade"], tags_too=True)


def test_what_left_the_plan_goes_after_what_used_it():
    """A database that pods were on, and nodes: not while a new one is made, nor before they turned to it."""
    def plan(valkey):
        return f"""\
mok: 1
name: t
region: ams3
resources:
  k: {{ kind: kubernetes_cluster, name: k, version: "1.36" }}
  n: {{ kind: kubernetes_node_pool, cluster_id: "${{k.id}}", name: n, size: s-2vcpu-4gb, count: 1 }}
  {valkey}: {{ kind: database_cluster, engine: valkey, version: "8", size: db-s-1vcpu-1gb, num_nodes: 1 }}
  cfg:
    kind: kubernetes_manifest
    cluster_id: ${{k.id}}
    manifest: {{ apiVersion: v1, kind: ConfigMap, metadata: {{ name: c }}, data: {{ HOST: "${{{valkey}.connection.host}}" }} }}
"""
    with Cloud() as cloud, Stack(cloud, plan("one")) as stack:
        stack.apply()
        stack.write(plan("two"))
        told = stack.apply().err
        order = [told.index(line) for line in ("two: created", "cfg: updated", "one: deleting")]
        equal(order, sorted(order), told)
        stack.plan(0)


def test_a_stack_where_there_are_no_buckets():
    with Cloud() as cloud, Stack(cloud, """\
mok: 1
name: t
region: nyc1
resources:
  net: { kind: vpc, ip_range: 10.20.0.0/20 }
  media: { kind: spaces_bucket, region: nyc3 }
""") as stack:
        stack.apply()
        stack.plan(0)
        stack.destroy()


def test_pool_count():
    change(CLUSTER, CLUSTER.replace("count: 2", "count: 3"),
           ["PUT /v2/kubernetes/clusters/<id>/node_pools/<id>"], tags_too=True)


def test_pool_replacement():
    """A pool of another size: a new one first, the old one away, then the name back."""
    cloud, stack, mark = world(CLUSTER)
    with cloud, stack:
        cluster = cloud.get("/v2/kubernetes/clusters")["kubernetes_clusters"][0]
        old = {p["name"]: p["id"] for p in cluster["node_pools"]}
        stack.write(HEAD + CLUSTER.replace("name: b, size: s-2vcpu-4gb", "name: b, size: s-4vcpu-8gb"))
        changes = stack.plan_json()["changes"]
        equal([c["action"] for c in changes if c["address"] == "b"], ["replace"], "the plan's action")
        stack.apply()
        equal(without_tags(cloud.writes(mark)),
              ["POST /v2/kubernetes/clusters/<id>/node_pools",
               "DELETE /v2/kubernetes/clusters/<id>/node_pools/<id>",
               "PUT /v2/kubernetes/clusters/<id>/node_pools/<id>"], "writes")
        after = cloud.get("/v2/kubernetes/clusters")["kubernetes_clusters"][0]
        new = {p["name"]: p["id"] for p in after["node_pools"]}
        equal(sorted(new), ["a", "b"], "pools")
        equal(after["id"], cluster["id"], "the cluster")
        check(new["a"] == old["a"] and new["b"] != old["b"], "only b is another pool")
        stack.plan(0)


def test_replacement():
    """A VPC's range cannot change, and two ranges of one name cannot be side by side."""
    cloud, stack, mark = world(NETWORK + "  two: { kind: vpc, ip_range: 10.41.0.0/20 }\n")
    with cloud, stack:
        stack.write(HEAD + NETWORK + "  two: { kind: vpc, ip_range: 10.42.0.0/20 }\n")
        plan = stack.plan_json()
        two = [c for c in plan["changes"] if c["address"] == "two"][0]
        equal(two["action"], "replace", "the plan's action")
        check(any(f["forces_replacement"] for f in two["fields"] if f["path"] == "ip_range"),
              "the field that forces it is named")
        stack.apply()
        equal(cloud.writes(mark), ["DELETE /v2/vpcs/<id>", "POST /v2/vpcs"], "writes")
        stack.plan(0)


def test_a_marker_that_nobody_knows_yet_is_dropped_all_the_same():
    """Moved and changed at once, a record's marker is made and dropped within a moment, in which the
    API may not know it yet."""
    late = {"rules": [{"match": {"method": "POST", "path": "/v2/tags"}, "do": "lag", "ms": 3000}]}
    with Cloud() as cloud, Stack(cloud, HEAD + ZONE) as stack:
        stack.apply()
        cloud.restart(late)
        stack.write(HEAD + ZONE.replace("www: {", "web: { moved_from: www,").replace("192.0.2.1", "192.0.2.2"))
        since = len(cloud.log())
        stack.apply()
        drops = [e["status"] for e in cloud.log()[since:] if e["method"] == "DELETE" and "web-" in e["path"]]
        check(drops and drops[-1] == 204 and 404 in drops, f"it was asked again: {drops}")
        cloud.restart()
        stack.plan(0)


def test_moved_from():
    cloud, stack, mark = world(NETWORK)
    with cloud, stack:
        before = cloud.get("/v2/vpcs")["vpcs"]
        stack.write(HEAD + NETWORK.replace("net: {", "lan: { moved_from: net,"))
        stack.plan(2)
        stack.apply()
        equal([w for w in cloud.writes(mark) if "PATCH /v2/vpcs" not in w and "PUT /v2/vpcs" not in w],
              [], "writes besides the marker's")
        equal({v["id"] for v in cloud.get("/v2/vpcs")["vpcs"]}, {v["id"] for v in before}, "VPCs")
        stack.plan(0)
        stack.write(HEAD + NETWORK.replace("net: {", "lan: {"))
        stack.plan(0)


def test_removal_beside_strangers():
    """Blocks go away; a stranger's record and user beside them stay, without the journal too."""
    cloud, stack, _ = world(DATABASE + ZONE)
    with cloud, stack:
        db = cloud.get("/v2/databases")["databases"][0]["id"]
        cloud.post(f"/v2/databases/{db}/users", {"name": "stranger"})
        theirs = cloud.post("/v2/domains/t.example/records",
                            {"type": "A", "name": "www", "data": "192.0.2.99", "ttl": 600})
        theirs = theirs["domain_record"]["id"]
        stack.forget_journal()
        stack.plan(0)
        mark = len(cloud.log())
        stack.write(HEAD + DATABASE.splitlines()[0] + "\n" + ZONE.splitlines()[0] + "\n")
        stack.forget_journal()
        stack.apply()
        equal(sorted(without_tags(cloud.writes(mark))),
              ["DELETE /v2/databases/<id>/users/app", "DELETE /v2/domains/t.example/records/<id>"],
              "writes")
        names = {u["name"] for u in cloud.get(f"/v2/databases/{db}/users")["users"]}
        check("stranger" in names and "app" not in names, f"users: {names}")
        records = [r["id"] for r in cloud.all("/v2/domains/t.example/records", "domain_records")
                   if r["type"] == "A"]
        equal(records, [theirs], "A records")
        stack.plan(0)


def test_retain():
    cloud, stack, mark = world(NETWORK.replace("description", "retain: true, description"))
    with cloud, stack:
        ids = {v["id"] for v in cloud.get("/v2/vpcs")["vpcs"]}
        stack.write(HEAD.replace("resources:\n", "resources: {}\n"))
        stack.apply()
        check(not any(w.startswith("DELETE /v2/vpcs") for w in cloud.writes(mark)), "no VPC is deleted")
        vpcs = cloud.get("/v2/vpcs")["vpcs"]
        equal({v["id"] for v in vpcs}, ids, "VPCs")
        check(not any("mok:" in (v.get("description") or "") for v in vpcs), "no marker is left")
        equal([t["name"] for t in cloud.all("/v2/tags", "tags")], [], "tags")
        stack.plan(0)


def test_drift():
    cloud, stack, _ = world(NETWORK + ZONE)
    with cloud, stack:
        vpc = [v for v in cloud.get("/v2/vpcs")["vpcs"] if v["name"] == "t-net"][0]
        status, _ = cloud.call("PATCH", f"/v2/vpcs/{vpc['id']}",
                               {"description": vpc["description"].replace("one", "hand-made")})
        equal(status, 200, "the drift is made")
        mark = len(cloud.log())
        plan = stack.plan_json()
        fields = [f for c in plan["changes"] for f in c["fields"]]
        equal([(f["path"], f["before"], f["after"]) for f in fields],
              [("description", "hand-made", "one")], "the plan's fields")
        stack.apply()
        equal(cloud.writes(mark), ["PATCH /v2/vpcs/<id>"], "writes")
        stack.plan(0)


def test_deleted_behind_our_back():
    cloud, stack, _ = world(ZONE)
    with cloud, stack:
        ours = [r for r in cloud.all("/v2/domains/t.example/records", "domain_records")
                if r["type"] == "A"][0]
        cloud.call("DELETE", f"/v2/domains/t.example/records/{ours['id']}")
        mark = len(cloud.log())
        stack.apply()
        equal(without_tags(cloud.writes(mark)), ["POST /v2/domains/t.example/records"], "writes")
        stack.plan(0)


def test_protected():
    text = NETWORK.replace("description", "protect: true, description")
    cloud, stack, mark = world(text)
    with cloud, stack:
        stack.run("destroy", "--yes", "--confirm", "t").expect(5)
        stack.write(HEAD.replace("resources:\n", "resources: {}\n"))
        stack.forget_journal()
        stack.run("apply", "--yes").expect(5)
        stack.write(HEAD + NETWORK.replace("10.40", "10.43"))
        stack.run("apply", "--yes").expect(5)
        equal(cloud.writes(mark), [], "writes of what is refused")
        stack.write(HEAD + NETWORK.replace("description", "protect: false, description"))
        stack.apply()
        stack.destroy()


def test_partial_failure():
    """One resource is refused: the others go on, exit 3, the next run completes."""
    faults = {"rules": [{"match": {"method": "POST", "path": "/v2/domains"}, "do": "status",
                         "status": 422, "times": 1, "when": "before",
                         "body": {"id": "unprocessable_entity", "message": "no zones today"}}]}
    cloud = Cloud(faults=faults)
    with cloud, Stack(cloud, HEAD + NETWORK + ZONE) as stack:
        result = stack.run("apply", "--yes").expect(3)
        check("no zones today" in result.out + result.err, "the API's words are shown")
        check("mok.yaml:6:" in result.out + result.err, f"the place is shown\n{result.out}{result.err}")
        writes = cloud.writes()
        check("POST /v2/vpcs" in writes, "the VPC is made all the same")
        check("POST /v2/domains/t.example/records" not in writes, "the record waits for its zone")
        stack.apply()
        stack.plan(0)
        stack.destroy()


def test_what_two_machines_made_is_told():
    """The lock is of one machine, and two keys may have one name."""
    with Cloud() as cloud, Stack(cloud, HEAD + "  key: { kind: spaces_key }\n") as stack:
        stack.apply()
        stack.forget_journal()
        mine = cloud.get("/v2/spaces/keys")["keys"][0]
        check("W0817" not in stack.plan(0).err, "there is one")
        other = cloud.post("/v2/spaces/keys", {"name": mine["name"], "grants": []})["key"]
        said = " ".join(stack.plan(0).err.split())
        check("W0817" in said and other["access_key"] in said and f"goes on with {mine['access_key']}" in said, said)
        cloud.call("DELETE", f"/v2/spaces/keys/{other['access_key']}")
        check("W0817" not in stack.plan(0).err, "there is one again")


def test_stale_saved_plan():
    cloud, stack, _ = world(NETWORK)
    with cloud, stack:
        stack.write(HEAD + NETWORK.replace("description: one", "description: two"))
        stack.run("plan", "-o", "saved.json").expect(0)
        vpc = [v for v in cloud.get("/v2/vpcs")["vpcs"] if v["name"] == "t-net"][0]
        cloud.call("PATCH", f"/v2/vpcs/{vpc['id']}",
                   {"description": vpc["description"].replace("one", "three")})
        mark = len(cloud.log())
        result = stack.run("apply", "saved.json").expect(1)
        check("net" in result.err and "moved" in result.err or "changed" in result.err,
              f"what moved is said: {result.err}")
        equal(cloud.writes(mark), [], "writes")
        stack.run("plan", "-o", "saved.json").expect(0)
        stack.run("apply", "saved.json").expect(0)
        equal(cloud.writes(mark), ["PATCH /v2/vpcs/<id>"], "writes of the fresh plan")
        stack.run("apply", "saved.json").expect(1)
        stack.plan(0)
        stack.write((HEAD + NETWORK).replace("name: t\n", "name: another\n", 1))
        check("another stack" in " ".join(stack.run("apply", "saved.json").expect(1).err.split()), "of another stack")


def test_unmarked_object_with_the_name():
    with Cloud() as cloud, Stack(cloud, HEAD + DATABASE) as stack:
        theirs = cloud.post("/v2/databases", {
            "name": "pg-t", "engine": "pg", "version": "16", "size": "db-s-1vcpu-2gb",
            "num_nodes": 1, "region": "ams3"})["database"]["id"]
        mark = len(cloud.log())
        result = stack.run("apply", "--yes").expect(1)
        text = result.out + result.err
        check("E0806" in text and f"mok adopt 'db' {theirs}" in text, f"the way out is shown: {text}")
        equal(cloud.writes(mark), [], "writes")
        stack.run("adopt", "db", theirs).expect(0)
        stack.apply()
        equal([d["id"] for d in cloud.get("/v2/databases")["databases"]], [theirs], "databases")
        stack.plan(0)


def test_target_exclude_replace():
    with Cloud() as cloud, Stack(cloud, HEAD + NETWORK + ZONE) as stack:
        stack.apply(0, "--target", "net")
        equal(without_tags(cloud.writes()), ["POST /v2/vpcs"], "writes with --target")
        mark = len(cloud.log())
        stack.apply(0, "--exclude", "www")
        equal(without_tags(cloud.writes(mark)), ["POST /v2/domains"], "writes with --exclude")
        stack.apply()
        stack.plan(0)
        mark = len(cloud.log())
        stack.apply(0, "--replace", "www")
        equal(sorted(w.split()[0] for w in without_tags(cloud.writes(mark))), ["DELETE", "POST"],
              "writes with --replace")
        stack.plan(0)


def test_strangers_firewall_rules_stay():
    text = DATABASE + ("  fw: { kind: database_firewall, cluster_id: \"${db.id}\", "
                       "rules: [ { type: ip_addr, value: 192.0.2.7 } ] }\n")
    cloud, stack, _ = world(text)
    with cloud, stack:
        db = cloud.get("/v2/databases")["databases"][0]["id"]
        rules = cloud.get(f"/v2/databases/{db}/firewall")["rules"]
        keep = [{"type": r["type"], "value": r["value"], "description": r.get("description", "")}
                for r in rules]
        cloud.call("PUT", f"/v2/databases/{db}/firewall",
                   {"rules": keep + [{"type": "ip_addr", "value": "192.0.2.200"}]})
        stack.plan(0)
        stack.write(HEAD + text.replace("192.0.2.7", "192.0.2.8"))
        stack.apply()
        values = {r["value"] for r in cloud.get(f"/v2/databases/{db}/firewall")["rules"]}
        equal(values, {"192.0.2.8", "192.0.2.200"}, "rules")
        stack.plan(0)

def test_members_beyond_one_page():
    """A project's members come 200 a page: one on the second page is no change, nor is it left."""
    names = ", ".join(f"z{i:03}.example" for i in range(205))
    text = ("  home: { kind: project, name: home, resources: all }\n"
            f"  zone: {{ kind: domain, name: \"${{each.key}}\", for_each: [{names}] }}\n")
    cloud, stack, _ = world(text)
    with cloud, stack:
        home = [p for p in cloud.all("/v2/projects", "projects") if p["name"] == "home"][0]["id"]
        equal(len(cloud.all(f"/v2/projects/{home}/resources", "resources")), 205, "members")
        stack.destroy()
        equal([p["name"] for p in cloud.all("/v2/projects", "projects") if p["id"] == home], [],
              "the project")


def test_what_the_api_spells_otherwise_is_no_change():
    """Values that are kept in another form than they were written in: `world` plans a second time."""
    texts = ["  p: { kind: project, name: p, environment: production }\n",
             "  b: { kind: spaces_bucket, name: spelled-otherwise, logging: { target_prefix: x/ } }\n"]
    for text in texts:
        cloud, stack, mark = world(text)
        with cloud, stack:
            stack.apply()
            equal(cloud.writes(mark), [], f"writes of a second apply of{text}")
            stack.destroy()


def test_objects_in_the_sandboxs_cluster():
    """One apply from nothing to objects in a cluster; a change, and the end of both."""
    def text(value):
        return CLUSTER + ("  ns: { kind: kubernetes_manifest, cluster_id: \"${k.id}\", manifest: "
                          "{ apiVersion: v1, kind: Namespace, metadata: { name: social } } }\n"
                          "  cfg: { kind: kubernetes_manifest, cluster_id: \"${k.id}\", manifest: { "
                          "apiVersion: v1, kind: ConfigMap, metadata: { name: c, namespace: social }, "
                          f"data: {{ A: '{value}' }} }} }}\n")
    cloud, stack, _ = world(text(1))
    with cloud, stack:
        stack.write(HEAD + text(2))
        fields = [c["fields"] for c in stack.plan_json()["changes"] if c["address"] == "cfg"][0]
        equal([(f["path"], f["before"], f["after"]) for f in fields], [("manifest.data.A", "1", "2")],
              "what the cluster says would change")
        stack.apply()
        stack.plan(0)
        tags = [t["name"] for t in cloud.all("/v2/tags", "tags")]
        equal(sum(t.endswith(":objects") for t in tags), 1, f"tags that tell of objects: {tags}")
        stack.write(HEAD + CLUSTER)
        stack.forget_journal()
        stack.apply()
        tags = [t["name"] for t in cloud.all("/v2/tags", "tags")]
        equal(sum(t.endswith(":objects") for t in tags), 0, f"tags that tell of objects: {tags}")
        stack.plan(0)
        stack.write(HEAD + text(3))
        stack.apply()
        stack.plan(0)
        stack.destroy()
        equal(cloud.get("/v2/kubernetes/clusters")["kubernetes_clusters"], [], "clusters")


def object_of(address, body):
    return (f"  {address}: {{ kind: kubernetes_manifest, cluster_id: \"${{k.id}}\", "
            f"manifest: {json.dumps(body)} }}\n")


BALANCED = CLUSTER + object_of("svc", {
    "apiVersion": "v1", "kind": "Service", "metadata": {"name": "edge"},
    "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": "edge"}},
}) + object_of("claim", {
    "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
}) + object_of("user", {
    "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "user"}, "spec": {
        "containers": [{"name": "x", "image": "registry.example/x:1",
                        "volumeMounts": [{"name": "d", "mountPath": "/d"}]}],
        "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]}})


def made_by_controllers(cloud):
    return [len(cloud.all(f"/v2/{what}", what)) for what in ("load_balancers", "volumes")]


def test_destroy_lets_go_of_balancers_and_volumes():
    """They go while the cluster's controllers live; the cluster is deleted when they are gone."""
    cloud, stack, _ = world(BALANCED)
    with cloud, stack:
        equal(made_by_controllers(cloud), [1, 1], "load balancers, volumes")
        mark = len(cloud.log())
        result = stack.destroy()
        check("deleted along with it" not in result.err, result.err)
        writes = [w for w in cloud.writes(mark) if "/v2/tags" not in w]
        wanted = ["services/edge", "persistentvolumeclaims/data", "pods/user",
                  "DELETE /v2/kubernetes/clusters/<id>/destroy_with_associated_resources/selective"]
        equal([any(end in w for w in writes) for end in wanted], [True] * 4, f"writes {writes}")
        check(wanted[3] in writes[-1], f"the cluster goes last: {writes}")
        equal(made_by_controllers(cloud), [0, 0], "load balancers, volumes")


def test_destroy_when_the_cluster_does_not_answer():
    """What it made is listed, and goes along with it."""
    cloud, stack, _ = world(BALANCED)
    with cloud, stack:
        cloud.restart({"rules": [{"match": {"path": f"/{pattern}/*"}, "do": "status", "status": 500}
                                 for pattern in ("*/api", "*/apis")]})
        result = stack.destroy()
        said = " ".join(result.err.split())
        told = re.search(r"W0811\].*?so do load balancer \S+ \(\S+\), volume pvc-\S+ \(\S+\)", said)
        check(told and said.index("k: deleting") > told.start(), f"told before it begins: {said}")
        check("deleted along with it: load balancer" in said and "volume pvc-" in said, said)
        equal(made_by_controllers(cloud), [0, 0], "load balancers, volumes")


def test_workloads_in_the_sandbox():
    """A plan shows both of two long values."""
    def text(image):
        labels = "{ app: web }"
        return CLUSTER + ("  web: { kind: kubernetes_manifest, cluster_id: \"${k.id}\", manifest: { "
                          "apiVersion: apps/v1, kind: Deployment, metadata: { name: web }, spec: { "
                          f"selector: {{ matchLabels: {labels} }}, template: {{ metadata: {{ labels: "
                          f"{labels} }}, spec: {{ containers: [ {{ name: web, image: \"{image}\" }} ] "
                          "} } } } }\n")
    old, new = "registry.example/mastodon/mastodon:v4.7.5", "registry.example/mastodon/mastodon:v4.7.6"
    with Cloud() as cloud, Stack(cloud, HEAD + text(old)) as stack:
        stack.apply()
        stack.plan(0)
        stack.write(HEAD + text(new))
        said = stack.plan(2).out
        check('"Deployment.apps/web"' in said and f'"{old}"' in said and f'"{new}"' in said, said)
        check(all(len(line) <= 80 for line in said.splitlines()), f"80 columns: {said}")


if __name__ == "__main__":
    sys.exit(run_tests([f for name, f in sorted(globals().items()) if name.startswith("test_")]))
