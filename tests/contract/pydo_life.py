#!/usr/bin/env python3
"""pydo, DigitalOcean's own client, through the life of every kind that mok manages."""
import datetime
import re
import subprocess
import sys
import tempfile

import pydo
from azure.core.pipeline.policies import HeadersPolicy

from common import Cloud, check, equal, make_bucket, run, until, within

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def is_uuid(value):
    return isinstance(value, str) and bool(UUID.match(value))


def is_time(value):
    datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    return True


def some(value):
    return bool(value)


def endpoint(cloud):
    """Where the client is to go; prism.py puts its proxy here."""
    return cloud.env["DIGITALOCEAN_API_URL"]


def with_client(test):
    def wrapped():
        with Cloud() as cloud:
            # pydo's own policy sends tokens over TLS only.
            policy = HeadersPolicy({"Authorization": "Bearer dop_v1_pydo"})
            test(pydo.Client(token="dop_v1_pydo", endpoint=endpoint(cloud),
                             authentication_policy=policy), cloud)
    wrapped.__name__ = test.__name__
    return wrapped


def refused(answer, what, ident="not_found"):
    check(isinstance(answer, dict) and answer.get("id") == ident, f"{what}: {answer!r}")


@with_client
def account(do, _cloud):
    within(do.account.get()["account"], {
        "uuid": is_uuid, "email": some, "status": "active", "droplet_limit": some,
        "email_verified": True}, "account")
    check(len(do.regions.list()["regions"]) > 5, "regions")
    sizes = do.sizes.list(per_page=200)["sizes"]
    check(any(s["slug"] == "s-2vcpu-4gb" for s in sizes), "sizes")


@with_client
def vpc(do, _cloud):
    made = do.vpcs.create(body={"name": "net", "region": "ams3", "ip_range": "10.20.0.0/20",
                                "description": "d"})["vpc"]
    within(made, {"id": is_uuid, "urn": f"do:vpc:{made['id']}", "name": "net", "region": "ams3",
                  "ip_range": "10.20.0.0/20", "default": lambda v: isinstance(v, bool),
                  "created_at": is_time}, "vpc")
    equal(do.vpcs.get(made["id"])["vpc"], made, "as created")
    changed = do.vpcs.patch(made["id"], body={"description": "e"})["vpc"]
    equal((changed["name"], changed["description"]), ("net", "e"), "patched")
    changed = do.vpcs.update(made["id"], body={"name": "net2", "description": "f"})["vpc"]
    equal((changed["name"], changed["description"]), ("net2", "f"), "put")
    equal(do.vpcs.list_members(made["id"])["members"], [], "members")
    # the first VPC of a region is its default, which cannot go
    second = do.vpcs.create(body={"name": "net3", "region": "ams3"})["vpc"]
    equal(second["default"], False, "the second is not the default")
    do.vpcs.delete(second["id"])
    refused(do.vpcs.get(second["id"]), "a deleted VPC")


def make_cluster(do, **more):
    body = {"name": "k", "region": "ams3", "version": "latest", "tags": ["mine"],
            "node_pools": [{"size": "s-2vcpu-4gb", "name": "base", "count": 2,
                            "labels": {"a": "b"}, "taints": [
                                {"key": "t", "value": "v", "effect": "NoSchedule"}]}], **more}
    made = do.kubernetes.create_cluster(body=body)["kubernetes_cluster"]

    def running():
        got = do.kubernetes.get_cluster(made["id"])["kubernetes_cluster"]
        return got if got["status"]["state"] == "running" else None
    return until("a running cluster", running)


@with_client
def kubernetes(do, _cloud):
    options = do.kubernetes.list_options()["options"]
    check(options["versions"] and options["sizes"] and options["regions"], "options")
    made = make_cluster(do)
    within(made, {"id": is_uuid, "name": "k", "region": "ams3",
                  "version": lambda v: re.match(r"1\.\d+\.\d+-do\.\d+$", v), "vpc_uuid": is_uuid,
                  "tags": lambda t: {"k8s", f"k8s:{made['id']}", "mine"} <= set(t),
                  "endpoint": lambda e: e.startswith("https://"), "created_at": is_time,
                  "cluster_subnet": some, "service_subnet": some,
                  "node_pools": [{"id": is_uuid, "name": "base", "count": 2,
                                  "size": "s-2vcpu-4gb", "labels": {"a": "b"},
                                  "nodes": lambda n: len(n) == 2}]}, "cluster")
    changed = do.kubernetes.update_cluster(made["id"], body={
        "name": "k2", "auto_upgrade": True,
        "maintenance_policy": {"start_time": "04:00", "day": "sunday"}})["kubernetes_cluster"]
    within(changed, {"name": "k2", "auto_upgrade": True, "maintenance_policy": {
        "start_time": "04:00", "day": "sunday"}}, "changed cluster")
    check("mine" in changed["tags"], "tags that were not sent stay")
    within(do.kubernetes.get_credentials(made["id"]), {
        "server": lambda s: s.startswith("https://"), "certificate_authority_data": some,
        "token": some, "expires_at": is_time}, "credentials")
    check("available_upgrade_versions" in do.kubernetes.get_available_upgrades(made["id"]),
          "upgrades")
    within(do.kubernetes.list_associated_resources(made["id"]), {
        "load_balancers": [], "volumes": [], "volume_snapshots": []}, "associated resources")
    do.kubernetes.delete_cluster(made["id"])
    until("the cluster's end", lambda: "kubernetes_cluster" not in
          do.kubernetes.get_cluster(made["id"]))


@with_client
def node_pool(do, _cloud):
    cluster = make_cluster(do)["id"]
    made = do.kubernetes.add_node_pool(cluster, body={
        "name": "web", "size": "s-1vcpu-2gb", "auto_scale": True, "min_nodes": 1,
        "max_nodes": 3, "count": 1, "tags": ["front"]})["node_pool"]
    check({"k8s", f"k8s:{cluster}", "k8s:worker", "front"} <= set(made["tags"]),
          f"system tags: {made['tags']}")

    def pool():
        return do.kubernetes.get_node_pool(cluster, made["id"])["node_pool"]
    until("running nodes", lambda: [n["status"]["state"] for n in pool()["nodes"]] == ["running"])
    do.kubernetes.update_node_pool(cluster, made["id"], body={
        "name": "web2", "count": 2, "labels": {"x": "y"}})
    got = until("two nodes", lambda: (lambda p: p if len(p["nodes"]) == 2 else None)(pool()))
    within(got, {"name": "web2", "labels": {"x": "y"}}, "changed pool")
    do.kubernetes.delete_node(cluster, made["id"], got["nodes"][0]["id"], replace=1)
    until("a node in its place", lambda: len(pool()["nodes"]) == 2 and
          got["nodes"][0]["id"] not in [n["id"] for n in pool()["nodes"]])
    equal(len(do.kubernetes.list_node_pools(cluster)["node_pools"]), 2, "pools")
    do.kubernetes.delete_node_pool(cluster, made["id"])
    until("the pool's end", lambda: "node_pool" not in
          do.kubernetes.get_node_pool(cluster, made["id"]))


def make_database(do, **more):
    made = do.databases.create_cluster(body={
        "name": "db", "engine": "pg", "version": "17", "size": "db-s-2vcpu-4gb", "region": "ams3",
        "num_nodes": 1, **more})["database"]

    def online():
        got = do.databases.get_cluster(made["id"])["database"]
        return got if got["status"] == "online" else None
    return until("an online database", online)


@with_client
def database(do, _cloud):
    check("pg" in do.databases.list_options()["options"], "options")
    made = make_database(do, tags=["mine"])
    within(made, {"id": is_uuid, "engine": "pg", "version": "17", "num_nodes": 1,
                  "size": "db-s-2vcpu-4gb", "region": "ams3", "private_network_uuid": is_uuid,
                  "tags": ["mine"], "created_at": is_time, "connection": {
                      "protocol": "postgresql", "host": some, "port": 25060, "user": "doadmin",
                      "password": some, "database": "defaultdb", "ssl": True, "uri": some},
                  "maintenance_window": {"day": some, "hour": lambda h:
                                         re.match(r"\d\d:\d\d(:\d\d)?$", h)}}, "database")
    ident = made["id"]
    do.databases.update_maintenance_window(ident, body={"day": "tuesday", "hour": "14:00"})
    within(do.databases.get_cluster(ident)["database"]["maintenance_window"],
           {"day": "tuesday", "hour": "14:00:00"}, "window")
    do.databases.update_cluster_size(ident, body={"size": "db-s-4vcpu-8gb", "num_nodes": 2})
    until("the new size", lambda: (lambda d: d["size"] == "db-s-4vcpu-8gb" and d["num_nodes"] == 2
                                   and d["status"] == "online")(
                                       do.databases.get_cluster(ident)["database"]))
    do.databases.patch_config(ident, body={"config": {"work_mem": 8}})
    equal(do.databases.get_config(ident)["config"]["work_mem"], 8, "config")
    check("certificate" in do.databases.get_ca(ident)["ca"], "CA")
    check("backups" in do.databases.list_backups(ident), "backups")
    do.databases.destroy_cluster(ident)
    refused(do.databases.get_cluster(ident), "a deleted database")


@with_client
def database_children(do, _cloud):
    ident = make_database(do)["id"]
    user = do.databases.add_user(ident, body={"name": "app"})["user"]
    within(user, {"name": "app", "role": "normal", "password": some}, "user")
    old = user["password"]
    new = do.databases.reset_auth(ident, "app", body={})["user"]["password"]
    check(old != new, "a new password")
    equal(sorted(u["name"] for u in do.databases.list_users(ident)["users"]), ["app", "doadmin"],
          "users")
    equal(do.databases.add(ident, body={"name": "app"})["db"], {"name": "app"}, "db")
    equal(sorted(d["name"] for d in do.databases.list(ident)["dbs"]), ["app", "defaultdb"], "dbs")
    pool = do.databases.add_connection_pool(ident, body={
        "name": "web", "mode": "transaction", "size": 10, "db": "app", "user": "app"})["pool"]
    within(pool, {"name": "web", "mode": "transaction", "size": 10, "db": "app", "user": "app",
                  "connection": {"port": 25061, "database": "web"}}, "pool")
    do.databases.update_connection_pool(ident, "web", body={
        "mode": "session", "size": 12, "db": "app", "user": "app"})
    within(do.databases.get_connection_pool(ident, "web")["pool"], {"mode": "session", "size": 12},
           "changed pool")
    do.databases.update_firewall_rules(ident, body={"rules": [
        {"type": "ip_addr", "value": "192.0.2.1"}, {"type": "tag", "value": "web"}]})
    rules = do.databases.list_firewall_rules(ident)["rules"]
    equal(sorted((r["type"], r["value"]) for r in rules),
          [("ip_addr", "192.0.2.1"), ("tag", "web")], "rules")
    check(all(is_uuid(r["uuid"]) and r["cluster_uuid"] == ident and is_time(r["created_at"])
              for r in rules), "computed fields of rules")
    do.databases.update_firewall_rules(ident, body={"rules": []})
    equal(do.databases.list_firewall_rules(ident)["rules"], [], "no rules")
    do.databases.delete_connection_pool(ident, "web")
    do.databases.delete(ident, "app")
    do.databases.delete_user(ident, "app")
    equal(do.databases.list_connection_pools(ident)["pools"], [], "pools")
    refused(do.databases.get_user(ident, "app"), "a deleted user")


@with_client
def database_replica(do, _cloud):
    ident = make_database(do, size="db-s-1vcpu-2gb")["id"]

    def replica():
        return do.databases.get_replica(ident, "reader")["replica"]

    made = until("a replica, once there is a backup", lambda: do.databases.create_replica(
        ident, body={"name": "reader", "size": "db-s-1vcpu-2gb", "region": "ams3",
                     "tags": ["mine"]}).get("replica"))
    within(made, {"id": is_uuid, "name": "reader", "size": "db-s-1vcpu-2gb", "region": "ams3",
                  "private_network_uuid": is_uuid, "tags": ["mine"], "created_at": is_time,
                  "private_connection": {"host": some, "port": 25060, "user": "doadmin",
                                         "password": some, "ssl": True}}, "replica")
    until("it is online", lambda: replica()["status"] == "online")
    do.databases.update_cluster_size(made["id"], body={"size": "db-s-2vcpu-4gb", "num_nodes": 1})
    until("the new size", lambda: replica()["size"] == "db-s-2vcpu-4gb" and
          replica()["status"] == "online")
    equal([r["name"] for r in do.databases.list_replicas(ident)["replicas"]], ["reader"], "replicas")
    do.databases.destroy_replica(ident, "reader")
    refused(do.databases.get_replica(ident, "reader"), "a deleted replica")


@with_client
def valkey(do, _cloud):
    made = make_database(do, name="cache", engine="valkey", version="8", size="db-s-1vcpu-2gb")
    check(made["connection"]["protocol"] in ("rediss", "valkeys"), made["connection"]["protocol"])
    do.databases.update_eviction_policy(made["id"], body={"eviction_policy": "allkeys_lru"})
    equal(do.databases.get_eviction_policy(made["id"])["eviction_policy"], "allkeys_lru", "policy")


@with_client
def project(do, _cloud):
    default = do.projects.get_default()["project"]
    equal(default["is_default"], True, "the default project")
    made = do.projects.create(body={"name": "p", "purpose": "Just trying things",
                                    "environment": "production"})["project"]
    within(made, {"id": is_uuid, "purpose": "Other: Just trying things", "environment":
                  "Production", "is_default": False, "owner_uuid": some}, "project")
    vpc_urn = do.vpcs.create(body={"name": "n", "region": "ams3"})["vpc"]["urn"]
    domain = do.domains.create(body={"name": "p.example"})["domain"]
    urn = f"do:domain:{domain['name']}"
    within(do.projects.assign_resources(made["id"], body={"resources": [urn]})["resources"],
           [{"urn": urn, "status": lambda s: s in ("assigned", "ok"), "assigned_at": is_time}],
           "assigned")
    equal([r["urn"] for r in do.projects.list_resources(made["id"])["resources"]], [urn],
          "resources")
    check(vpc_urn not in str(do.projects.list_resources_default()), "a VPC is in no project")
    refused(do.projects.delete(made["id"]), "a project that is not empty", "precondition_failed")
    do.projects.assign_resources_default(body={"resources": [urn]})
    changed = do.projects.patch(made["id"], body={"description": "d"})["project"]
    equal(changed["description"], "d", "patched")
    do.projects.delete(made["id"])
    refused(do.projects.get(made["id"]), "a deleted project")


@with_client
def domain_and_records(do, _cloud):
    within(do.domains.create(body={"name": "a.example", "ip_address": "192.0.2.1"})["domain"],
           {"name": "a.example"}, "domain")
    got = do.domains.get("a.example")["domain"]
    equal(got["ttl"], 1800, "ttl")
    check("$ORIGIN a.example." in got["zone_file"], "zone file")
    records = do.domains.list_records("a.example")["domain_records"]
    equal(sorted(r["type"] for r in records), ["A", "NS", "NS", "NS", "SOA"], "made by themselves")
    made = do.domains.create_record("a.example", body={
        "type": "CNAME", "name": "www", "data": "@", "ttl": 60})["domain_record"]
    within(made, {"id": lambda i: isinstance(i, int), "type": "CNAME", "name": "www", "ttl": 60,
                  "priority": None, "port": None, "weight": None, "flags": None, "tag": None},
           "record")
    do.domains.patch_record("a.example", made["id"], body={"type": "CNAME", "ttl": 90})
    equal(do.domains.get_record("a.example", made["id"])["domain_record"]["ttl"], 90, "patched")
    do.domains.update_record("a.example", made["id"], body={
        "type": "CNAME", "name": "web", "data": "other.example."})
    within(do.domains.get_record("a.example", made["id"])["domain_record"],
           {"name": "web", "data": "other.example"}, "a dot that does not come back")
    equal(len(do.domains.list_records("a.example", type="NS")["domain_records"]), 3, "by type")
    equal(len(do.domains.list_records("a.example", name="web.a.example")["domain_records"]), 1,
          "by name")
    do.domains.delete_record("a.example", made["id"])
    refused(do.domains.get_record("a.example", made["id"]), "a deleted record")
    do.domains.delete("a.example")
    refused(do.domains.get("a.example"), "a deleted domain")


@with_client
def certificates_and_cdn(do, cloud):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
                        "-subj", "/CN=cdn.example", "-addext", "subjectAltName=DNS:cdn.example",
                        "-keyout", f"{folder}/key", "-out", f"{folder}/crt"],
                       check=True, capture_output=True)
        with open(f"{folder}/key", encoding="ascii") as key, \
                open(f"{folder}/crt", encoding="ascii") as crt:
            body = {"name": "own", "type": "custom", "private_key": key.read(),
                    "leaf_certificate": crt.read()}
    made = do.certificates.create(body=body)["certificate"]
    within(made, {"id": is_uuid, "name": "own", "type": "custom", "state": "verified",
                  "dns_names": ["cdn.example"], "not_after": is_time,
                  "sha1_fingerprint": lambda f: re.match(r"[0-9a-f]{40}$", f)}, "certificate")
    check("private_key" not in made, "a key never comes back")
    do.domains.create(body={"name": "le.example"})
    lets = do.certificates.create(body={"name": "le", "type": "lets_encrypt",
                                        "dns_names": ["le.example"]})["certificate"]
    until("a verified certificate", lambda: [
        c for c in do.certificates.list()["certificates"]
        if c["name"] == "le" and c["state"] == "verified"])
    make_bucket(cloud, "media")
    made_endpoint = do.cdn.create_endpoint(body={
        "origin": "media.ams3.digitaloceanspaces.com", "ttl": 3600})["endpoint"]
    within(made_endpoint, {"id": is_uuid, "origin": "media.ams3.digitaloceanspaces.com",
                      "endpoint": "media.ams3.cdn.digitaloceanspaces.com", "ttl": 3600,
                      "created_at": is_time}, "endpoint")
    equal(do.cdn.update_endpoints(made_endpoint["id"], body={"ttl": 600})["endpoint"]["ttl"], 600, "ttl")
    do.cdn.purge_cache(made_endpoint["id"], body={"files": ["*"]})
    do.cdn.delete_endpoint(made_endpoint["id"])
    refused(do.cdn.get_endpoint(made_endpoint["id"]), "a deleted endpoint")
    do.certificates.delete(made["id"])
    refused(do.certificates.get(made["id"]), "a deleted certificate")
    check(lets["name"] == "le", "named as asked")


@with_client
def spaces_keys(do, _cloud):
    made = do.spaces_key.create(body={
        "name": "k", "grants": [{"bucket": "", "permission": "fullaccess"}]})["key"]
    within(made, {"name": "k", "access_key": some, "secret_key": some, "created_at": is_time}, "key")
    got = do.spaces_key.get(made["access_key"])["key"]
    check(not got.get("secret_key"), "a secret is shown once")
    do.spaces_key.update(made["access_key"], body={"name": "k2", "grants": got["grants"]})
    keys = do.spaces_key.list()["keys"]
    check(any(k["name"] == "k2" for k in keys), "renamed")
    do.spaces_key.delete(made["access_key"])
    refused(do.spaces_key.get(made["access_key"]), "a deleted key")


@with_client
def tags(do, _cloud):
    within(do.tags.create(body={"name": "blue"})["tag"], {
        "name": "blue", "resources": {"count": 0}}, "tag")
    check("tag" in do.tags.create(body={"name": "blue"}), "again: no mistake")
    ident = make_database(do)["id"]
    do.tags.assign_resources("blue", body={"resources": [
        {"resource_id": ident, "resource_type": "database"}]})
    within(do.tags.get("blue")["tag"]["resources"], {"count": 1, "databases": {"count": 1}},
           "counted")
    equal(do.databases.get_cluster(ident)["database"]["tags"], ["blue"], "tagged")
    equal(len(do.databases.list_clusters(tag_name="blue")["databases"]), 1, "by tag")
    do.tags.unassign_resources("blue", body={"resources": [
        {"resource_id": ident, "resource_type": "database"}]})
    equal(do.databases.get_cluster(ident)["database"].get("tags") or [], [], "untagged")
    do.tags.delete("blue")
    refused(do.tags.get("blue"), "a deleted tag")


@with_client
def pages(do, _cloud):
    for i in range(5):
        do.tags.create(body={"name": f"t{i}"})
    first = do.tags.list(per_page=2)
    equal((len(first["tags"]), first["meta"]["total"]), (2, 5), "a page")
    check("page=2" in first["links"]["pages"]["next"] and
          first["links"]["pages"]["last"].endswith(("page=3&per_page=2", "per_page=2&page=3")),
          f"links: {first['links']}")
    last = do.tags.list(per_page=2, page=3)
    equal(len(last["tags"]), 1, "the last page")
    check("next" not in last["links"]["pages"] and "prev" in last["links"]["pages"], "links back")
    equal(len(do.tags.list(per_page=500)["tags"]), 5, "more than the most per page")


TESTS = [account, vpc, kubernetes, node_pool, database, database_children, database_replica, valkey,
         project, domain_and_records, certificates_and_cdn, spaces_keys, tags, pages]

if __name__ == "__main__":
    sys.exit(run(TESTS))
