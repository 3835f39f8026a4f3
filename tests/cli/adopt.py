#!/usr/bin/env python3
"""mok adopt: taking over what exists. Nothing but markers is written, which the sandbox's log tells."""
import json
import os
import signal
import sys
import time

from gitops import in_cluster
from lib import Cloud, Stack, check, equal, fork_on_terminal, run_tests, until

HEAD = "mok: 1\nname: t\nregion: ams3\nresources:\n"
ZONE = "  zone: { kind: domain, name: t.example }\n"
DATABASE = """\
  db: { kind: database_cluster, name: pg-t, engine: pg, version: "16", size: db-s-1vcpu-2gb, num_nodes: 1 }
  user: { kind: database_user, cluster_id: "${db.id}", name: app }
"""
CLUSTER = """\
  k: { kind: kubernetes_cluster, name: k, version: "1.36" }
  p: { kind: kubernetes_node_pool, cluster_id: "${k.id}", name: p, size: s-2vcpu-4gb, count: 1 }
"""


def fleet_of(n):
    names = ", ".join(f"w{i}" for i in range(n))
    return ZONE + f"""\
  www:
    kind: record
    for_each: [{names}]
    domain: ${{zone.name}}
    type: A
    name: ${{each.key}}
    data: 192.0.2.7
    ttl: 600
"""


def make_zone(cloud, n=0, ttl=600):
    cloud.post("/v2/domains", {"name": "t.example"})
    for i in range(n):
        cloud.post("/v2/domains/t.example/records",
                   {"type": "A", "name": f"w{i}", "data": "192.0.2.7", "ttl": ttl})


def make_database(cloud, size="db-s-1vcpu-2gb"):
    db = cloud.post("/v2/databases", {"name": "pg-t", "engine": "pg", "version": "16", "size": size,
                                      "num_nodes": 1, "region": "ams3"})["database"]["id"]
    until("a database", lambda: cloud.get(f"/v2/databases/{db}")["database"]["status"] == "online")
    cloud.post(f"/v2/databases/{db}/users", {"name": "app"})
    return db


def make_config(cloud, name, data, manager="somebody"):
    return in_cluster(cloud, "PATCH", f"/api/v1/namespaces/default/configmaps/{name}?fieldManager={manager}",
                      {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data},
                      "application/apply-patch+yaml")


def config(address, name, data):
    return (f"  {address}: {{ kind: kubernetes_manifest, cluster_id: '${{k.id}}', manifest: {{ apiVersion: v1, "
            f"kind: ConfigMap, metadata: {{ name: {name}, namespace: default }}, data: {data} }} }}\n")


def is_of_marker(write):
    """Tags that stand alone, and marks on objects that carry them."""
    return write.startswith(("POST /v2/tags", "PATCH /v2/vpcs/<id>")) or "/configmaps/" in write


def adopted(stack, *arguments, code=0):
    result = stack.run("adopt", "--all", "--yes", "--format", "json", *arguments).expect(code)
    return json.loads(result.out)


def test_fleet_and_what_is_inside():
    """A domain and its records, a database and its user: what is inside shows once its parent is claimed."""
    with Cloud() as cloud, Stack(cloud, HEAD + fleet_of(230) + DATABASE) as stack:
        make_zone(cloud, 230)
        db = make_database(cloud)
        before = cloud.account()
        result = stack.run("plan").expect(1)
        said = " ".join(result.err.split())
        check("all 2 of such: mok adopt --all" in said and f"mok adopt 'db' {db}" in said, result.err)
        mark = len(cloud.log())
        result = stack.run("adopt", "--all").expect(1)
        check("mok adopt --all --yes" in result.err, result.err)
        check(f"db database_cluster \"pg-t\" {db}" in " ".join(result.out.split()) and "To adopt: 233" in result.out, result.out)
        equal(cloud.writes(mark), [], "nothing is written before a yes")
        result = stack.run("adopt", "--all", "--yes").expect(0)
        check("Adopted: 233. Next: mok plan" in result.out, result.out)
        writes = cloud.writes(mark)
        equal([w for w in writes if not is_of_marker(w)], [], "writes that are none of a marker")
        equal(len(writes), 234, "writes: a tag each, and one more to hang on the database")
        after = cloud.account()
        equal({k: v for k, v in after.items() if k != "tags"}, {k: v for k, v in before.items() if k != "tags"},
              "what there is")
        stack.plan(0)
        mark = len(cloud.log())
        result = stack.run("adopt", "--all", "--yes").expect(0)
        check("Nothing to adopt" in result.out, result.out)
        equal(cloud.writes(mark), [], "an empty second run")
        stack.forget_journal()
        stack.plan(0)
        stack.destroy()
        equal(cloud.account()["databases"] + cloud.account()["domains"], [], "all of it is the stack's now")


def test_what_apply_would_change_is_shown():
    bigger = DATABASE.replace("db-s-1vcpu-2gb", "db-s-2vcpu-4gb")
    with Cloud() as cloud, Stack(cloud, HEAD + fleet_of(2) + bigger) as stack:
        make_zone(cloud, 2, ttl=1800)
        make_database(cloud)
        result = stack.run("adopt", "--all").expect(1)
        check("apply then updates it" in result.out and "1800" in result.out, result.out)
        document = adopted(stack)
        then = {a["address"]: a["then"] for a in document["adopt"]}
        equal([f["path"] for f in then['www["w0"]']["fields"]], ["ttl"], "fields")
        equal((len(document["adopt"]), document["result"]["summary"]["adopted"]), (5, 5), "adopted")
        plan = {c["address"]: (c["action"], [f["path"] for f in c["fields"]])
                for c in stack.plan_json()["changes"]}
        equal(plan, {a: (t["action"], [f["path"] for f in t["fields"]]) for a, t in then.items()
                     if t["action"] != "no-op"}, "then is what the plan says")


def test_what_apply_would_replace_is_said_loudly():
    with Cloud() as cloud, Stack(cloud, HEAD + DATABASE) as stack:
        make_database(cloud, "db-s-2vcpu-4gb")
        result = stack.run("adopt", "--all").expect(1)
        check("REPLACES it" in result.out and "DESTROYS DATA" in result.out, result.out)


def test_target_and_exclude():
    with Cloud() as cloud, Stack(cloud, HEAD + fleet_of(3) + DATABASE) as stack:
        make_zone(cloud, 3)
        make_database(cloud)
        equal([a["address"] for a in adopted(stack, "--target", "db")["adopt"]], ["db"], "--target")
        equal(sorted(a["address"] for a in adopted(stack, "--exclude", "user", "--exclude", 'www["w1"]')["adopt"]),
              ['www["w0"]', 'www["w2"]', "zone"], "--exclude")
        equal(sorted(a["address"] for a in adopted(stack)["adopt"]), ["user", 'www["w1"]'], "the rest")
        stack.plan(0)


def test_twins_are_left_alone():
    plan = HEAD + ZONE + "  key: { kind: spaces_key, name: media, grants: [ { bucket: '', permission: fullaccess } ] }\n"
    with Cloud() as cloud, Stack(cloud, plan) as stack:
        make_zone(cloud)
        keys = [cloud.post("/v2/spaces/keys", {"name": "media", "grants": [
            {"bucket": "", "permission": "fullaccess"}]})["key"]["access_key"] for _ in range(2)]
        mark = len(cloud.log())
        result = stack.run("adopt", "--all", "--yes").expect(3)
        check("Left alone" in result.out and all(key in " ".join(result.out.split()) for key in keys), result.out)
        equal(len(cloud.writes(mark)), 1, "the domain's marker")
        mark = len(cloud.log())
        document = adopted(stack, code=5)
        equal([(left["address"], document["adopt"]) for left in document["left"]], [("key", [])], "what is left")
        equal(cloud.writes(mark), [], "writes")
        result = stack.run("plan").expect(1)
        check("--all" not in result.err and f"mok adopt 'key' {keys[1]}" in " ".join(result.err.split()), result.err)


def test_what_another_stack_has_marked_is_left_alone():
    """Whether it carries the marker itself or a tag beside it tells."""
    network = "  net: { kind: vpc, name: net, ip_range: 10.40.0.0/20 }\n"
    with Cloud() as cloud, Stack(cloud, HEAD.replace("name: t", "name: other") + ZONE + network) as other, \
            Stack(cloud, HEAD + ZONE + network + DATABASE) as stack:
        other.apply()
        make_database(cloud)
        result = stack.run("plan").expect(1)
        equal(" ".join(result.err.split()).count('it belongs to the stack "other"'), 2, result.err)
        mark = len(cloud.log())
        document = adopted(stack, code=3)
        equal({left["address"]: left["reason"] for left in document["left"]},
              {a: 'it belongs to the stack "other"' for a in ("zone", "net")}, "left")
        equal(sorted(a["address"] for a in document["adopt"]), ["db", "user"], "adopted")
        check(not any("vpcs" in w for w in cloud.writes(mark)), "theirs is not touched")
        for address, name in (("zone", "t.example"), ("net", "net")):
            result = stack.run("adopt", address, name).expect(5)
            check('belongs to the stack "other"' in result.err, result.err)
        other.plan(0)


def test_a_description_without_room():
    plan = HEAD + "  net: { kind: vpc, name: net, ip_range: 10.40.0.0/20 }\n"
    with Cloud() as cloud, Stack(cloud, plan) as stack:
        vpc = cloud.post("/v2/vpcs", {"name": "net", "region": "ams3", "ip_range": "10.40.0.0/20",
                                      "description": "x" * 250})["vpc"]["id"]
        document = adopted(stack, code=5)
        check("no room" in document["left"][0]["reason"], document)
        cloud.call("PATCH", f"/v2/vpcs/{vpc}", {"description": "short"})
        mark = len(cloud.log())
        adopted(stack)
        equal(cloud.writes(mark), ["PATCH /v2/vpcs/<id>"], "writes")
        check(cloud.get(f"/v2/vpcs/{vpc}")["vpc"]["description"].startswith("short [mok:t:"), "the marker")


CONFIGS = CLUSTER + config("a", "a", "{ X: '1' }") + config("b", "b", "{ X: '2' }")


def test_kubernetes_objects():
    """The cluster, too; what the plan drops afterwards, before any apply, is found and deleted."""
    with Cloud() as cloud, Stack(cloud, HEAD + CLUSTER) as stack:
        stack.apply()
        make_config(cloud, "a", {"X": "1"})
        make_config(cloud, "b", {"X": "1"})
        mine = {n: in_cluster(cloud, "GET", f"/api/v1/namespaces/default/configmaps/{n}") for n in "ab"}
        stack.write(HEAD + CONFIGS)
        mark = len(cloud.log())
        document = adopted(stack)
        then = {a["address"]: a["then"] for a in document["adopt"]}
        equal(sorted(then), ["a", "b"], "adopted")
        equal((then["a"]["refusal"], then["a"]["action"]), (None, "no-op"), "the same as wanted")
        check("somebody" in then["b"]["refusal"] and "X" in then["b"]["refusal"], f"a conflict is foretold: {then['b']}")
        for name in "ab":
            now = in_cluster(cloud, "GET", f"/api/v1/namespaces/default/configmaps/{name}")
            equal(now["data"], mine[name]["data"], "data")
            meta = now["metadata"]
            check("mok/marker" in meta["annotations"], meta)
            equal({m["manager"] for m in meta["managedFields"]}, {"somebody", "mok"}, "managers")
            equal(len(meta["labels"]), 1, "one label")
        check(all(is_of_marker(w) for w in cloud.writes(mark)), cloud.writes(mark))
        result = stack.run("apply", "--yes").expect(1)
        check("somebody" in result.err and "--force-conflicts" in result.err, result.err)
        stack.write(HEAD + CLUSTER)
        check("2 to delete" in stack.plan(2).out, "both are known")
        stack.write(HEAD + CONFIGS)
        stack.run("apply", "--yes", "--force-conflicts").expect(0)
        stack.plan(0)
        equal(in_cluster(cloud, "GET", "/api/v1/namespaces/default/configmaps/b")["data"], {"X": "2"}, "as wanted")


def test_one_kubernetes_object_is_known_from_then_on():
    with Cloud() as cloud, Stack(cloud, HEAD + CLUSTER) as stack:
        stack.apply()
        make_config(cloud, "a", {"X": "1"})
        stack.write(HEAD + CLUSTER + config("a", "a", "{ X: '1' }"))
        stack.run("adopt", "a", "/api/v1/namespaces/default/configmaps/a").expect(0)
        stack.write(HEAD + CLUSTER)
        check("1 to delete" in stack.plan(2).out, "it is known")


def test_a_whole_cluster_that_nobody_marked():
    with Cloud() as cloud, Stack(cloud, HEAD + CONFIGS) as stack:
        cluster = cloud.post("/v2/kubernetes/clusters", {
            "name": "k", "region": "ams3", "version": cloud.get(
                "/v2/kubernetes/options")["options"]["versions"][0]["slug"],
            "node_pools": [{"name": "p", "size": "s-2vcpu-4gb", "count": 1}]})["kubernetes_cluster"]["id"]
        until("the cluster", lambda: cloud.get(f"/v2/kubernetes/clusters/{cluster}")["kubernetes_cluster"][
            "status"]["state"] == "running")
        make_config(cloud, "a", {"X": "1"}, "mok")
        equal(sorted(a["address"] for a in adopted(stack)["adopt"]), ["a", "k", "p"], "adopted")
        stack.apply()
        stack.plan(0)
        stack.destroy()
        equal(cloud.get("/v2/kubernetes/clusters")["kubernetes_clusters"], [], "all is the stack's")


def test_killed_and_run_again():
    plan = HEAD + fleet_of(12) + DATABASE
    for method, nth in (("POST", 5), ("POST", 13)):
        faults = {"rules": [{"match": {"method": method, "path": "/v2/tags", "nth": nth}, "do": "hang",
                             "when": "after", "times": 1}]}
        with Cloud(faults=faults) as cloud, Stack(cloud, plan) as stack:
            make_zone(cloud, 12)
            make_database(cloud)
            process = stack.start("adopt", "--all", "--yes", "--parallelism", "1")
            until("a write hangs", lambda: any(str(e.get("fault", "")).startswith("hang") for e in cloud.log()))
            process.kill()
            process.communicate()
            equal(process.returncode, -9, "killed")
            left = len(adopted(stack)["adopt"])
            check(0 < left < 15, f"{left} were left to adopt")
            stack.plan(0)


def test_interrupted():
    faults = {"rules": [{"match": {"method": "POST", "path": "/v2/tags", "nth": 3}, "do": "hang", "when": "before",
                         "times": 1}]}
    with Cloud(faults=faults) as cloud, Stack(cloud, HEAD + fleet_of(3)) as stack:
        make_zone(cloud, 3)
        process = stack.start("adopt", "--all", "--yes", "--parallelism", "1")
        until("a write hangs", lambda: any(str(e.get("fault", "")).startswith("hang") for e in cloud.log()))
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
        equal(process.returncode, 130, "the exit code")
        check("mok adopt --all" in out, out)
        stack.run("adopt", "--all", "--yes").expect(0)
        stack.plan(0)


def test_a_mark_that_is_refused():
    faults = {"rules": [{"match": {"method": "PATCH", "path": "/v2/vpcs/*"}, "do": "status", "status": 422}]}
    network = "  net: { kind: vpc, name: net, ip_range: 10.40.0.0/20 }\n"
    with Cloud(faults=faults) as cloud, Stack(cloud, HEAD + ZONE + network) as stack:
        make_zone(cloud)
        cloud.post("/v2/vpcs", {"name": "net", "region": "ams3", "ip_range": "10.40.0.0/20"})
        result = stack.run("adopt", "--all", "--yes").expect(3)
        check("net: adopt" in result.err and "Adopted: 1" in result.out, result.out + result.err)


def answer(stack, text, *arguments):
    pid, fd = fork_on_terminal()
    if pid == 0:
        from lib import MOK
        os.chdir(stack.dir)
        os.execvpe(MOK, [MOK, *arguments], stack.environment())
    said = b""
    end = time.monotonic() + 60
    try:
        while b"goes on:" not in said and time.monotonic() < end:
            said += os.read(fd, 65536)
        os.write(fd, text.encode())
        while chunk := os.read(fd, 65536):
            said += chunk
    except OSError:
        pass
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.decode()


def test_asked_on_a_terminal():
    with Cloud() as cloud, Stack(cloud, HEAD + fleet_of(2)) as stack:
        make_zone(cloud, 2)
        mark = len(cloud.log())
        code, said = answer(stack, "no\n", "adopt", "--all")
        equal((code, cloud.writes(mark)), (1, []), said)
        code, said = answer(stack, "yes\n", "adopt", "--all")
        equal((code, len(cloud.writes(mark))), (0, 3), said)


def test_arguments():
    with Stack(None, HEAD + ZONE) as stack:
        for arguments in ((), ("zone",), ("--all", "zone"), ("zone", "x", "--all"), ("--from-tfstate", "s", "zone"),
                          ("--from-tfstate", "s", "--all")):
            result = stack.run("adopt", *arguments).expect(1)
            check("ADDRESS and an ID, or --all" in result.err, result.err)


if __name__ == "__main__":
    sys.exit(run_tests([f for name, f in list(globals().items()) if name.startswith("test_")]))
