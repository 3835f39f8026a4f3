#!/usr/bin/env python3
"""mok adopt --from-tfstate: what a Terraform state manages becomes a stack's. The states have the
attributes that the providers document; each secret in them holds CANARY."""
import json
import shutil
import subprocess
import sys

from adopt import CLUSTER, DATABASE, HEAD, answer, fleet_of, is_of_marker, make_database, make_zone
from lib import MOK, Cloud, Skip, Stack, check, equal, run_tests
from releases import release
from workloads import Kube

CANARY = "canary-of-a-state"
# Made by age-keygen for this test alone.
IDENTITY = "AGE-SECRET-KEY-1WNJ79MVRAKH8QEKWDSHWV7GSDT7UFHYMK3CXTTA6SR29ZWM6CMSQWE53HN"
RECIPIENT = "age18z04l5hpshnqn6fld7ju5cjq05yxdc869z8xmkmhpzr4hxtdj9sqy3r5vs"
PROVIDERS = {"digitalocean": "digitalocean/digitalocean", "kubernetes": "hashicorp/kubernetes",
             "helm": "hashicorp/helm", "random": "hashicorp/random", "kubectl": "gavinbunney/kubectl"}


def block(kind, name, *attributes, keys=(), module=None, mode="managed", **of_instance):
    """One of a state's resources; with keys (of count or for_each) an instance for each."""
    provider = PROVIDERS[kind.split("_")[0]]
    instances = [{"schema_version": 0, "attributes": a, "sensitive_attributes": [], "private": "bnVsbA==",
                  **of_instance} for a in attributes]
    for key, instance in zip(keys, instances):
        instance["index_key"] = key
    return {"mode": mode, "type": kind, "name": name, **({"module": module} if module else {}),
            "provider": f"provider[\"registry.terraform.io/{provider}\"]", "instances": instances}


def state(*blocks, **changed):
    return json.dumps({"version": 4, "terraform_version": "1.11.4", "serial": 7,
                       "lineage": "8b6d5b9d-fdb6-acf4-0f74-d983455f8831",
                       "outputs": {"password": {"value": CANARY, "type": "string", "sensitive": True}},
                       "resources": list(blocks), "check_results": None, **changed})


def kept(kind, name):
    return f"  {name}: {{ kind: kubernetes_manifest, cluster_id: '${{k.id}}', manifest: {json.dumps(kind)} }}\n"


SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "env", "namespace": "default"},
            "data": {"A": "1"}}
SPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "social"}}
ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "runner", "namespace": "social"}}
EVERY_KIND = """\
  net: { kind: vpc, name: net, ip_range: 10.40.0.0/20 }
  zone: { kind: domain, name: t.example }
  www:
    kind: record
    for_each: [a, b]
    domain: ${zone.name}
    type: A
    name: ${each.key}
    data: 192.0.2.7
    ttl: 600
  backend: { kind: tag, name: backend }
  cert: { kind: certificate, name: files, type: lets_encrypt, dns_names: [ files.t.example ],
          depends_on: [zone] }
  media: { kind: spaces_bucket, name: media-t }
  media_cdn: { kind: cdn, origin: "${media.bucket_domain_name}", ttl: 3600 }
  key: { kind: spaces_key, name: media, grants: [ { bucket: "${media.name}", permission: readwrite } ] }
  home: { kind: project, name: mastodon, purpose: Web Application }
""" + DATABASE + """\
  rows: { kind: database_db, cluster_id: "${db.id}", name: rows }
  pool: { kind: database_connection_pool, cluster_id: "${db.id}", name: pool, mode: transaction, size: 10, db: rows, user: app,
          depends_on: [user, rows] }
  fw: { kind: database_firewall, cluster_id: "${db.id}", rules: [ { type: ip_addr, value: 192.0.2.9 } ] }
  reader: { kind: database_replica, cluster_id: "${db.id}", name: reader, region: ams3, size: db-s-1vcpu-2gb }
""" + CLUSTER + """\
  more: { kind: kubernetes_node_pool, cluster_id: "${k.id}", name: more, size: s-2vcpu-4gb, count: 1 }
""" + kept(SPACE, "social") + kept(ACCOUNT, "runner") + kept(SETTINGS, "settings") + release()


def let_go(text):
    """Every block with `retain: true`: destroying the stack then leaves it all behind, unmarked."""
    lines = []
    for line in text.splitlines(keepends=True):
        if line.startswith("  ") and line[2] != " ":
            line = line.replace("{ kind:", "{ retain: true, kind:", 1) if "{ kind:" in line else line + "    retain: true\n"
        lines.append(line)
    return "".join(lines)


def leftovers(cloud):
    """What Terraform would have made: by another stack, which lets go of it."""
    with Stack(cloud, HEAD.replace("name: t", "name: maker") + let_go(EVERY_KIND)) as maker:
        maker.apply()
        maker.destroy()
    equal([t["name"] for t in cloud.all("/v2/tags", "tags") if t["name"].startswith("mok:")], [], "markers left")


def of_account(cloud):
    """The state of what leftovers() left."""
    db = cloud.get("/v2/databases")["databases"][0]["id"]
    replica = cloud.get(f"/v2/databases/{db}/replicas")["replicas"][0]["id"]
    cluster = cloud.get("/v2/kubernetes/clusters")["kubernetes_clusters"][0]
    pools = {p["name"]: p["id"] for p in cluster["node_pools"]}
    records = {r["name"]: str(r["id"]) for r in cloud.all("/v2/domains/t.example/records", "domain_records")}
    certificate = cloud.get("/v2/certificates")["certificates"][0]
    project = next(p for p in cloud.get("/v2/projects")["projects"] if p["name"] == "mastodon")
    network = next(v for v in cloud.get("/v2/vpcs")["vpcs"] if v["name"] == "net")
    cdn = cloud.get("/v2/cdn/endpoints")["endpoints"][0]
    meta = [{"annotations": None, "generate_name": "", "labels": None, "uid": "x"}]
    return state(
        block("digitalocean_sizes", "all", {"id": "1", "sizes": []}, mode="data"),
        block("digitalocean_vpc", "net", {"id": network["id"], "name": "net", "region": "ams3"}),
        block("digitalocean_domain", "zone", {"id": "t.example", "name": "t.example", "ip_address": None}),
        block("digitalocean_record", "www", *[
            {"id": records[n], "domain": "t.example", "name": n, "type": "A", "value": "192.0.2.7", "ttl": 600}
            for n in "ab"], keys="ab", module='module.dns["t"]'),
        block("digitalocean_tag", "backend", {"id": "backend", "name": "backend"}),
        block("digitalocean_certificate", "files", {"id": "files", "name": "files", "uuid": certificate["id"],
                                                    "private_key": CANARY}),
        block("digitalocean_spaces_bucket", "media", {"id": "media-t", "name": "media-t", "region": "ams3"}),
        block("digitalocean_spaces_bucket_cors_configuration", "media", {"id": "media-t", "bucket": "media-t"}),
        block("digitalocean_cdn", "cdn", {"id": cdn["id"], "origin": cdn["origin"]}, keys=[0]),
        block("digitalocean_spaces_key", "key", {
            "id": (key := cloud.get("/v2/spaces/keys")["keys"][0]["access_key"]), "access_key": key,
            "name": "media", "secret_key": CANARY}),
        block("digitalocean_project", "home", {"id": project["id"], "name": "mastodon"}),
        block("digitalocean_database_cluster", "db", {"id": db, "name": "pg-t", "password": CANARY,
                                                      "uri": f"postgresql://doadmin:{CANARY}@h"}),
        block("digitalocean_database_user", "app", {"id": f"{db}/user/app", "cluster_id": db, "name": "app",
                                                    "password": CANARY}),
        block("digitalocean_database_db", "rows", {"id": f"{db}/database/rows", "cluster_id": db, "name": "rows"}),
        block("digitalocean_database_connection_pool", "pool", {
            "id": f"{db}/pool/pool", "cluster_id": db, "name": "pool", "password": CANARY}),
        block("digitalocean_database_firewall", "fw", {"id": f"{db}-20260101000000", "cluster_id": db}),
        block("digitalocean_database_replica", "reader", {"id": f"{db}/replicas/reader", "uuid": replica,
                                                          "cluster_id": db, "name": "reader"}),
        block("digitalocean_kubernetes_cluster", "k", {
            "id": cluster["id"], "name": "k", "kube_config": [{"token": CANARY}],
            "node_pool": [{"id": pools["p"], "name": "p", "size": "s-2vcpu-4gb"}]}),
        block("digitalocean_kubernetes_node_pool", "more", {"id": pools["more"], "cluster_id": cluster["id"]}),
        block("kubernetes_namespace", "social", {"id": "social", "metadata": [{**meta[0], "name": "social"}]}),
        block("kubernetes_service_account_v1", "runner", {
            "id": "social/runner", "metadata": [{**meta[0], "name": "runner", "namespace": "social"}]}),
        block("kubernetes_manifest", "env", {"manifest": {"value": SETTINGS, "type": ["object", {}]},
                                             "object": {"value": SETTINGS, "type": ["object", {}]}}),
        block("helm_release", "certs", {"id": "cert-manager", "name": "cert-manager", "namespace": "cert-manager",
                                        "values": [CANARY], "manifest": CANARY}),
        block("random_password", "otp", {"id": "none", "result": CANARY}),
        block("digitalocean_droplet", "bastion", {"id": "123", "name": "bastion"}))


def from_state(stack, text, *arguments, code=0):
    stack.write(text, "terraform.tfstate")
    result = stack.run("adopt", "--from-tfstate", "terraform.tfstate", "--yes", "--format", "json",
                       *arguments).expect(code)
    return json.loads(result.out)


def addresses(document, name, key="terraform"):
    return [item[key] for item in document[name]]


def no_secret_is_told(stack, *texts):
    for text in texts:
        check(CANARY not in text, text)
    for path in stack.dir.rglob("*"):
        if path.is_file() and path.name != "terraform.tfstate" and "sandbox" not in path.parts:
            check(CANARY.encode() not in path.read_bytes(), f"a secret is in {path}")


def test_every_kind():
    with Cloud() as cloud, Stack(cloud, HEAD + EVERY_KIND) as stack:
        leftovers(cloud)
        text = of_account(cloud)
        stack.write(text, "terraform.tfstate")
        mark = len(cloud.log())
        asked = stack.run("adopt", "--from-tfstate", "terraform.tfstate").expect(1)
        check("mok adopt --from-tfstate terraform.tfstate --yes" in " ".join(asked.err.split()), asked.err)
        said = " ".join(asked.out.split())
        check('(module.dns["t"].digitalocean_record.www["a"])' in said, asked.out)
        check("digitalocean_droplet.bastion: mok has no such kind" in said, asked.out)
        check("random_password.otp: it is in the state alone" in said and "none" not in said, asked.out)
        equal([w for w in cloud.writes(mark) if not w.startswith("PATCH /<id>/api")], [], "written before a yes")
        document = from_state(stack, text)
        kinds = {a["kind"] for a in document["adopt"]}
        equal(len(kinds), 19, f"kinds {sorted(kinds)}")
        equal((len(document["adopt"]), document["left"], document["not_in_state"]), (23, [], []), "adopted")
        equal([(a["address"], a["then"]["fields"]) for a in document["adopt"] if a["then"]["action"] != "no-op"],
              [], "changes to come")
        equal(addresses(document, "no_kind"), [
            "digitalocean_spaces_bucket_cors_configuration.media", "random_password.otp",
            "digitalocean_droplet.bastion"], "no kind")
        writes = cloud.writes(mark)
        equal([w for w in writes if not marks(w)], [], "writes that are none of a marker")
        stack.plan(0)
        no_secret_is_told(stack, asked.out, asked.err, json.dumps(document))
        again = from_state(stack, text)
        equal((again["adopt"], len(again["owned"])), ([], 23), "again")
        stack.destroy()
        equal(cloud.account()["databases"] + cloud.account()["domains"], [], "all of it is the stack's now")


def test_ids_tell_twins_apart():
    """Two keys of one name: by --all neither is taken. With both in the state its labels tell them apart."""
    plan = HEAD + "  key: { kind: spaces_key, name: media, grants: [ { bucket: '', permission: fullaccess } ] }\n"
    with Cloud() as cloud, Stack(cloud, plan) as stack:
        keys = [cloud.post("/v2/spaces/keys", {"name": "media", "grants": [
            {"bucket": "", "permission": "fullaccess"}]})["key"]["access_key"] for _ in range(2)]
        both = [{"id": k, "access_key": k, "name": "media", "secret_key": CANARY} for k in keys]
        unlabelled = from_state(stack, state(*[block("digitalocean_spaces_key", n, a) for n, a in zip("xy", both)]),
                                code=5)
        equal([(a["address"], a["reason"]) for a in unlabelled["left"]],
              [("key", "the state holds more than one that this may be")], "left")
        document = from_state(stack, state(block("digitalocean_spaces_key", "old", both[0]),
                                           block("digitalocean_spaces_key", "key", both[1])))
        equal((addresses(document, "adopt", "id"), addresses(document, "not_in_plan")),
              ([keys[1]], ["digitalocean_spaces_key.old"]), "the labels decide")
        stack.plan(0)
        no_secret_is_told(stack, json.dumps(document))


def test_labels_where_names_differ():
    """As in Terraform the label stands for the object, if an update does; else it is only said. So is a
    guess, where one object of a kind is there and one is lacking."""
    plan = HEAD + """\
  net: { kind: vpc, ip_range: 10.40.0.0/20 }
  zone: { kind: domain, name: t.example }
  www: { kind: record, domain: "${zone.name}", type: A, name: www, data: 192.0.2.8, ttl: 600 }
  db: { kind: database_cluster, name: pg-new, engine: pg, version: "16", size: db-s-1vcpu-2gb, num_nodes: 1 }
  home: { kind: project }
"""
    with Cloud() as cloud, Stack(cloud, plan) as stack:
        make_zone(cloud)
        db = make_database(cloud)
        record = cloud.post("/v2/domains/t.example/records", {
            "type": "A", "name": "www", "data": "192.0.2.7", "ttl": 600})["domain_record"]["id"]
        network = cloud.post("/v2/vpcs", {"name": "any", "region": "ams3", "ip_range": "10.40.0.0/20"})["vpc"]["id"]
        project = cloud.post("/v2/projects", {"name": "p", "purpose": "Other"})["project"]["id"]
        document = from_state(stack, state(
            block("digitalocean_project", "p", {"id": project}),
            block("digitalocean_record", "www", {"id": str(record), "domain": "t.example"}),
            block("digitalocean_vpc", "net", {"id": network}, module="module.base"),
            block("digitalocean_domain", "other", {"id": "t.example", "name": "t.example"}),
            block("digitalocean_database_cluster", "db", {"id": db})))
        then = {a["address"]: [f["path"] for f in a["then"]["fields"]] for a in document["adopt"]}
        equal(then, {"net": [], "zone": [], "www": ["data"]}, "adopted, and what apply changes")
        equal(addresses(document, "not_in_plan", "reason"), [
            f"perhaps the plan's home: then mok adopt 'home' {project}",
            "perhaps the plan's db: then write there name: pg-t"], "hints")
        equal(document["not_in_state"], ["db", "home"], "what apply makes")
        stack.apply()
        stack.plan(0)
        records = cloud.all("/v2/domains/t.example/records", "domain_records")
        equal([r["data"] for r in records if r["type"] == "A"], ["192.0.2.8"], "the record was changed, none made")


def test_what_is_elsewhere_is_left():
    network = "  net: { kind: vpc, name: net, ip_range: 10.40.0.0/20 }\n"
    gone = "11111111-1111-4111-8111-111111111111"
    with Cloud() as cloud, Stack(cloud, HEAD.replace("name: t", "name: other") + network) as other, \
            Stack(cloud, HEAD + network + DATABASE + "  zone: { kind: domain, name: t.example }\n") as stack:
        other.apply()
        make_database(cloud)
        make_zone(cloud)
        theirs = next(v["id"] for v in cloud.get("/v2/vpcs")["vpcs"] if v["name"] == "net")
        mark = len(cloud.log())
        document = from_state(stack, state(
            block("digitalocean_vpc", "net", {"id": theirs}),
            block("digitalocean_database_cluster", "db", {"id": gone, "name": "pg-t"}),
            block("digitalocean_database_user", "app", {"cluster_id": gone, "name": "app"}),
            block("digitalocean_cdn", "cdn", {"id": gone})), code=5)
        equal({a["address"]: a["reason"].split(":")[0] for a in document["left"]},
              {"net": 'it belongs to the stack "other"', "db": "the state does not have it",
               "zone": "the state does not have it"}, "left")
        equal(addresses(document, "not_in_account"),
              ["digitalocean_database_cluster.db", "digitalocean_database_user.app"], "not in the account")
        equal(document["not_in_state"], ["user"], "what apply makes")
        equal((addresses(document, "not_in_plan"), document["adopt"]), (["digitalocean_cdn.cdn"], []), "not in the plan")
        equal(cloud.writes(mark), [], "writes")
        other.plan(0)


def test_rules_of_a_firewall_that_others_made():
    """A rule cannot be there twice: the plan's becomes the stack's, the other one stays."""
    plan = HEAD + DATABASE + """\
  fw: { kind: database_firewall, cluster_id: "${db.id}", rules: [ { type: ip_addr, value: 192.0.2.9 } ] }
"""
    with Cloud() as cloud, Stack(cloud, plan) as stack:
        db = make_database(cloud)
        cloud.call("PUT", f"/v2/databases/{db}/firewall", {"rules": [
            {"type": "ip_addr", "value": "192.0.2.9"}, {"type": "ip_addr", "value": "192.0.2.10"}]})
        document = from_state(stack, state(
            block("digitalocean_database_cluster", "db", {"id": db}),
            block("digitalocean_database_firewall", "fw", {"id": f"{db}-1", "cluster_id": db}),
            block("digitalocean_database_user", "app", {"cluster_id": db, "name": "app"})))
        equal(sorted(addresses(document, "adopt", "address")), ["db", "fw", "user"], "adopted")
        stack.apply()
        rules = cloud.get(f"/v2/databases/{db}/firewall")["rules"]
        equal(sorted((r["value"], r.get("description", "")) for r in rules),
              [("192.0.2.10", ""), ("192.0.2.9", "[mok:t]")], "rules")
        stack.plan(0)


def test_from_stdin_and_on_a_terminal():
    with Cloud() as cloud, Stack(cloud, HEAD + "  zone: { kind: domain, name: t.example }\n") as stack:
        make_zone(cloud)
        text = state(block("digitalocean_domain", "zone", {"id": "t.example", "name": "t.example"}))
        stack.write(text, "terraform.tfstate")
        mark = len(cloud.log())
        code, said = answer(stack, "no\n", "adopt", "--from-tfstate", "terraform.tfstate")
        equal((code, cloud.writes(mark)), (1, []), said)
        code, said = answer(stack, "", "adopt", "--from-tfstate", "-")
        check(code == 1 and "stdin is a terminal" in said, said)
        done = subprocess.run([MOK, "adopt", "--from-tfstate", "-", "--yes"], input=text, cwd=stack.dir, text=True,
                              env=stack.environment(), capture_output=True, timeout=120)
        check(done.returncode == 0 and "Adopted: 1. Next: mok plan" in done.stdout, done.stdout + done.stderr)
        check("terraform state rm" in done.stdout, done.stdout)
        stack.plan(0)


def test_terraform_itself():
    """The program lists the addresses that mok gives, and lets go of them by these; where it is installed."""
    if not shutil.which("terraform"):
        raise Skip("no terraform here")
    with Cloud() as cloud, Stack(cloud, HEAD + fleet_of(2)) as stack:
        make_zone(cloud, 2)
        ids = {r["name"]: str(r["id"]) for r in cloud.all("/v2/domains/t.example/records", "domain_records")}
        stack.write(state(
            block("digitalocean_domain", "zone", {"id": "t.example", "name": "t.example"}),
            block("digitalocean_record", "say", *[{"id": ids[n], "domain": "t.example"} for n in ("w0", "w1")],
                  keys=['"hi"', "é ${x} %{y} \t\\"], module='module.dns["a b"]'),
            block("digitalocean_droplet", "bastion", {"id": "1"}, keys=[0])), "terraform.tfstate")

        def terraform(*arguments):
            env = {k: v for k, v in stack.environment().items() if not k.startswith("TF_")}
            return subprocess.run(["terraform", *arguments], cwd=stack.dir, text=True, check=True, timeout=120,
                                  capture_output=True, env={**env, "CHECKPOINT_DISABLE": "1"}).stdout

        document = from_state(stack, terraform("state", "pull"))
        told = addresses(document, "adopt") + addresses(document, "no_kind")
        equal(sorted(told), sorted(terraform("state", "list").splitlines()), "addresses")
        terraform("state", "rm", *addresses(document, "adopt"))
        equal(terraform("state", "list").splitlines(), ["digitalocean_droplet.bastion[0]"], "what is left to it")
        stack.plan(0)


def test_what_is_no_state():
    """Said before anything is asked of the account."""
    with Stack(None, HEAD + DATABASE) as stack:
        for text, says in (("{", "JSON"), ('{"version":3,"modules":[]}', "0.12"), ("", "empty"),
                           (state(resources="x"), "no list"), (state(block("digitalocean_vpc", "n", {}), resources=[7]),
                                                               "resources[0]"),
                           ('{"encrypted_data":"aGk=","encryption_version":"v0"}', "tofu state pull")):
            stack.write(text, "terraform.tfstate")
            result = stack.run("adopt", "--from-tfstate", "terraform.tfstate").expect(1)
            check(says in " ".join(result.err.split()) and "terraform.tfstate" in result.err, result.err)
        check("cannot read absent" in stack.run("adopt", "--from-tfstate", "absent").expect(1).err, "absent")


def test_a_key_told_once_reaches_the_escrow():
    plan = HEAD.replace("resources:", "secrets: { escrow: secrets.age, recipients: [ " + RECIPIENT + " ] }\nresources:") + """\
  key: { kind: spaces_key, name: media, grants: [ { bucket: '', permission: fullaccess } ] }
outputs:
  secret: { value: "${key.secret_key}", sensitive: true }
"""
    with Cloud() as cloud, Stack(cloud, plan) as stack:
        made = cloud.post("/v2/spaces/keys", {"name": "media", "grants": [
            {"bucket": "", "permission": "fullaccess"}]})["key"]
        stack.write(IDENTITY, "key.txt")
        stack.write(state(block("digitalocean_spaces_key", "key", {
            "id": made["access_key"], "access_key": made["access_key"], "secret_key": CANARY})), "terraform.tfstate")
        result = stack.run("adopt", "--from-tfstate", "terraform.tfstate", "--yes", "--identity", "key.txt").expect(0)
        check("W0210" not in result.err, result.err)
        no_secret_is_told(stack, result.out, result.err)
        stack.plan(0, "--identity", "key.txt")
        equal(stack.run("output", "secret", "--identity", "key.txt").expect(0).out.strip(), CANARY, "it is held")
        equal(cloud.get("/v2/spaces/keys")["keys"][0]["access_key"], made["access_key"], "the key stays")


def marks(write):
    """Of what carries its tags itself, the whole is written: with the same and one tag more."""
    return is_of_marker(write) or write.startswith((
        "PATCH /v2/projects/<id>", "PUT /v2/kubernetes/clusters/<id>", "PATCH /<id>/api/v1/namespaces/"))


if __name__ == "__main__":
    sys.exit(run_tests([f for name, f in list(globals().items()) if name.startswith("test_")]))
