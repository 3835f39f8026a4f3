#!/usr/bin/env python3
"""The forms of the real API, asked for with curl: the sandbox must not merely echo what it is sent.

Each test names a form of DigitalOcean's API that clients have stumbled over."""
import json
import re
import subprocess
import sys

from common import Cloud, check, equal, run, until, within

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class Answer:
    def __init__(self, text):
        head, _, self.body = text.partition("\r\n\r\n")
        lines = head.split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {k.lower(): v.strip() for k, _, v in (x.partition(":") for x in lines[1:])}

    @property
    def json(self):
        return json.loads(self.body)


def curl(cloud, method, path, body=None, *arguments, token="dop_v1_forms"):
    command = ["curl", "-s", "-i", "-X", method, "--max-time", "20", *arguments]
    if token:
        command += ["-H", f"Authorization: Bearer {token}"]
    if body is not None:
        text = body if isinstance(body, str) else json.dumps(body)
        command += ["-H", "Content-Type: application/json", "--data-binary", text]
    done = subprocess.run([*command, cloud.env["DIGITALOCEAN_API_URL"] + path],
                          capture_output=True, check=False)
    check(done.returncode == 0, f"curl {method} {path}: exit code {done.returncode}")
    return Answer(done.stdout.decode())


def ask(cloud, status, method, path, body=None):
    """The JSON of an answer that must have that status (None for an empty one)."""
    answer = curl(cloud, method, path, body)
    check(answer.status == status, f"{method} {path}: {answer.status} {answer.body[:400]}, wanted "
          f"{status}")
    return json.loads(answer.body) if answer.body.strip() else None


def refused(cloud, status, method, path, body=None, ident=None, words=""):
    error = ask(cloud, status, method, path, body)
    within(error, {"id": str.__len__, "message": str.__len__}, f"the error of {method} {path}")
    if ident:
        equal(error["id"], ident, f"the error id of {method} {path}")
    check(words.lower() in error["message"].lower(), f"{words!r} in {error['message']!r}")


def with_cloud(**options):
    def decorate(test):
        def wrapped():
            with Cloud(**options) as cloud:
                test(cloud)
        wrapped.__name__ = test.__name__
        return wrapped
    return decorate


# ---- the API as a whole ----

@with_cloud()
def errors_have_their_form(cloud):
    answer = curl(cloud, "GET", "/v2/account", token=None)
    equal((answer.status, answer.json["id"], answer.json["message"]),
          (401, "Unauthorized", "Unable to authenticate you"), "no token")
    answer = curl(cloud, "GET", "/v2/nothing")
    equal((answer.status, answer.json["id"]), (404, "not_found"), "no such path")
    check(answer.headers.get("x-request-id"), "a request id")
    check(curl(cloud, "POST", "/v2/tags", "{not json").status in (400, 422), "malformed JSON")
    equal(curl(cloud, "HEAD", "/v2/account", None, "-I").status, 200, "HEAD")


@with_cloud()
def the_account_says_what_it_is(cloud):
    check("sandbox" in json.dumps(ask(cloud, 200, "GET", "/v2/account")).lower(), "says sandbox")


@with_cloud(speed=1000)
def every_answer_tells_the_budget(cloud):
    headers = curl(cloud, "GET", "/v2/account").headers
    for name in ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"):
        check(re.match(r"\d+$", headers.get(name, "")), f"{name}: {headers.get(name)!r}")


@with_cloud()
def pages_have_absolute_links(cloud):
    for i in range(3):
        ask(cloud, 201, "POST", "/v2/tags", {"name": f"t{i}"})
    page = ask(cloud, 200, "GET", "/v2/tags?per_page=2")
    equal((len(page["tags"]), page["meta"]), (2, {"total": 3}), "a page")
    check(page["links"]["pages"]["next"].startswith(cloud.env["DIGITALOCEAN_API_URL"] + "/v2/tags?"),
          f"links: {page['links']}")
    equal(ask(cloud, 200, "GET", "/v2/tags?per_page=2&page=9")["tags"], [], "beyond the last page")
    within(ask(cloud, 200, "GET", "/v2/tags?per_page=200"), {"links": {}, "meta": {"total": 3}},
           "one page")


@with_cloud()
def pages_hold_200_at_most(cloud):
    ask(cloud, 201, "POST", "/v2/domains", {"name": "a.example"})
    for i in range(205):
        ask(cloud, 201, "POST", "/v2/domains/a.example/records",
            {"type": "TXT", "name": f"r{i}", "data": "x"})
    equal(len(ask(cloud, 200, "GET", "/v2/domains/a.example/records?per_page=200")
              ["domain_records"]), 200, "a full page")
    equal(len(ask(cloud, 200, "GET", "/v2/domains/a.example/records")["domain_records"]), 20,
          "by default")


# ---- tags ----

@with_cloud()
def tags_are_made_twice_without_harm(cloud):
    within(ask(cloud, 201, "POST", "/v2/tags", {"name": "blue"}),
           {"tag": {"name": "blue", "resources": {"count": 0}}}, "a tag")
    check(curl(cloud, "POST", "/v2/tags", {"name": "blue"}).status in (200, 201), "again")
    for name in ("not a tag!", "x" * 256):
        error = ask(cloud, 400, "POST", "/v2/tags", {"name": name})
        check("error" in error and "root_causes" in error, f"the tags' own form: {error}")
    equal(ask(cloud, 200, "GET", "/v2/tags")["meta"]["total"], 1, "tags")


# ---- VPCs ----

@with_cloud()
def the_first_vpc_of_a_region_is_its_default(cloud):
    first = ask(cloud, 201, "POST", "/v2/vpcs", {"name": "one", "region": "fra1"})["vpc"]
    second = ask(cloud, 201, "POST", "/v2/vpcs", {"name": "two", "region": "fra1"})["vpc"]
    equal((first["default"], second["default"]), (True, False), "default")
    check(re.match(r"10\.\d+\.\d+\.0/20$", second["ip_range"]), f"a range: {second['ip_range']}")
    equal(first["urn"], f"do:vpc:{first['id']}", "urn")
    check(curl(cloud, "DELETE", f"/v2/vpcs/{first['id']}").status in (403, 409, 422), "stays")
    ask(cloud, 204, "DELETE", f"/v2/vpcs/{second['id']}")


@with_cloud()
def vpcs_must_not_overlap_or_share_names(cloud):
    ask(cloud, 201, "POST", "/v2/vpcs", {"name": "a", "region": "fra1", "ip_range": "10.9.0.0/16"})
    refused(cloud, 422, "POST", "/v2/vpcs",
            {"name": "b", "region": "fra1", "ip_range": "10.9.8.0/24"}, words="overlap")
    refused(cloud, 422, "POST", "/v2/vpcs", {"name": "a", "region": "fra1"})
    refused(cloud, 422, "POST", "/v2/vpcs", {"name": "c", "region": "fra1", "ip_range": "8.8.0.0/16"})


# ---- domains ----

@with_cloud()
def a_domain_comes_with_records(cloud):
    ask(cloud, 201, "POST", "/v2/domains", {"name": "a.example"})
    records = ask(cloud, 200, "GET", "/v2/domains/a.example/records")["domain_records"]
    equal(sorted(r["type"] for r in records), ["NS", "NS", "NS", "SOA"], "records")
    check(all(isinstance(r["id"], int) for r in records), "ids are numbers")
    check("$ORIGIN a.example." in ask(cloud, 200, "GET", "/v2/domains/a.example")["domain"]
          ["zone_file"], "zone file")
    refused(cloud, 422, "POST", "/v2/domains", {"name": "a.example"})
    refused(cloud, 422, "POST", "/v2/domains", {"name": "no_domain"})


@with_cloud()
def dots_at_the_end_do_not_come_back(cloud):
    ask(cloud, 201, "POST", "/v2/domains", {"name": "a.example"})
    path = "/v2/domains/a.example/records"
    record = ask(cloud, 201, "POST", path, {"type": "CNAME", "name": "www",
                                            "data": "b.example."})["domain_record"]
    equal((record["data"], record["ttl"]), ("b.example", 1800), "a dot and a default ttl")
    refused(cloud, 422, "POST", path, {"type": "CNAME", "name": "x", "data": "b.example"},
            words="dot")
    record = ask(cloud, 201, "POST", path, {"type": "MX", "name": "@", "data": "mx.b.example.",
                                            "priority": 10})["domain_record"]
    within(record, {"priority": 10, "port": None, "weight": None, "flags": None, "tag": None}, "MX")
    refused(cloud, 422, "POST", path, {"type": "MX", "name": "@", "data": "mx.b.example."},
            words="priority")
    refused(cloud, 422, "POST", path, {"type": "BREW", "name": "x", "data": "y"})


@with_cloud()
def records_may_be_doubled(cloud):
    ask(cloud, 201, "POST", "/v2/domains", {"name": "a.example"})
    path = "/v2/domains/a.example/records"
    body = {"type": "A", "name": "www", "data": "192.0.2.1"}
    one = ask(cloud, 201, "POST", path, body)["domain_record"]["id"]
    two = ask(cloud, 201, "POST", path, body)["domain_record"]["id"]
    check(one != two, "two records")
    equal(len(ask(cloud, 200, "GET", path + "?type=A&name=www.a.example")["domain_records"]), 2,
          "by full name and type")
    within(ask(cloud, 200, "PATCH", f"{path}/{one}", {"type": "A", "ttl": 60})["domain_record"],
           {"ttl": 60, "data": "192.0.2.1"}, "patched")
    within(ask(cloud, 200, "PUT", f"{path}/{one}", {"type": "A", "name": "web",
                                                    "data": "192.0.2.2"})["domain_record"],
           {"name": "web", "data": "192.0.2.2"}, "put")


# ---- projects ----

@with_cloud()
def projects_spell_their_own_way(cloud):
    made = ask(cloud, 201, "POST", "/v2/projects", {
        "name": "p", "purpose": "Growing herbs", "environment": "staging"})["project"]
    equal((made["purpose"], made["environment"], made["description"]),
          ("Other: Growing herbs", "Staging", ""), "as it reads back")
    refused(cloud, 409, "POST", "/v2/projects", {"name": "p", "purpose": "x"})
    equal(ask(cloud, 200, "GET", "/v2/projects/default")["project"]["is_default"], True, "default")


@with_cloud()
def new_things_are_in_the_default_project(cloud):
    project = ask(cloud, 201, "POST", "/v2/projects", {"name": "p", "purpose": "x"})["project"]["id"]
    ask(cloud, 201, "POST", "/v2/domains", {"name": "a.example"})
    listed = ask(cloud, 200, "GET", "/v2/projects/default/resources")["resources"]
    equal([r["urn"] for r in listed], ["do:domain:a.example"], "default project")
    moved = ask(cloud, 200, "POST", f"/v2/projects/{project}/resources",
                {"resources": ["do:domain:a.example", "do:domain:b.example"]})["resources"]
    equal(len(moved), 2, "a status for each")
    check(moved[0]["status"] in ("ok", "assigned") and moved[1]["status"] == "not_found",
          f"statuses: {moved}")
    refused(cloud, 412, "DELETE", f"/v2/projects/{project}", ident="precondition_failed")
    equal(ask(cloud, 200, "GET", "/v2/projects/default/resources")["resources"], [], "moved away")


# ---- Kubernetes ----

def cluster_body(**more):
    return {"name": "k", "region": "ams3", "version": "1.36", "node_pools": [
        {"name": "base", "size": "s-2vcpu-4gb", "count": 1}], **more}


def make_cluster(cloud, **more):
    made = ask(cloud, 201, "POST", "/v2/kubernetes/clusters", cluster_body(**more))
    path = "/v2/kubernetes/clusters/" + made["kubernetes_cluster"]["id"]

    def running():
        got = ask(cloud, 200, "GET", path)["kubernetes_cluster"]
        return got if got["status"]["state"] == "running" else None
    return path, until("a running cluster", running)


@with_cloud()
def a_cluster_fills_in_what_was_not_said(cloud):
    path, got = make_cluster(cloud)
    ident = got["id"]
    check(re.match(r"1\.36\.\d+-do\.\d+$", got["version"]), f"a whole version: {got['version']}")
    check({"k8s", f"k8s:{ident}"} <= set(got["tags"]), f"system tags: {got['tags']}")
    within(got, {"ha": True, "auto_upgrade": False, "surge_upgrade": lambda v: isinstance(v, bool),
                 "vpc_uuid": lambda v: re.match(UUID, v),
                 "cluster_subnet": str.__len__, "service_subnet": str.__len__,
                 "maintenance_policy": {"day": str.__len__, "start_time": str.__len__,
                                        "duration": str.__len__},
                 "endpoint": lambda e: e.startswith("https://"), "registry_enabled": False}, "cluster")
    pool = got["node_pools"][0]
    within(pool, {"auto_scale": False, "min_nodes": 0, "max_nodes": 0, "count": 1}, "pool")
    check({"k8s", f"k8s:{ident}", "k8s:worker"} <= set(pool["tags"]), f"pool's tags: {pool['tags']}")
    within(pool["nodes"][0], {"id": lambda v: re.match(UUID, v), "status": {"state": "running"},
                              "droplet_id": str.__len__}, "node")
    refused(cloud, 422, "POST", "/v2/kubernetes/clusters", cluster_body())
    check(path.endswith(ident), "id")


@with_cloud(speed=1)
def a_cluster_takes_its_time(cloud):
    made = ask(cloud, 201, "POST", "/v2/kubernetes/clusters", cluster_body())["kubernetes_cluster"]
    equal(made["status"]["state"], "provisioning", "a new cluster")
    equal([n["status"]["state"] for n in made["node_pools"][0]["nodes"]], ["provisioning"], "nodes")


@with_cloud()
def versions_never_go_back(cloud):
    options = ask(cloud, 200, "GET", "/v2/kubernetes/options")["options"]
    slugs = sorted((v["slug"] for v in options["versions"]),
                   key=lambda s: [int(x) for x in re.findall(r"\d+", s)])
    check(len(slugs) > 1, f"versions: {slugs}")
    path, got = make_cluster(cloud, version=slugs[0])
    check(re.search(r"ha", json.dumps(got)), "ha")
    offered = ask(cloud, 200, "GET", path + "/upgrades")["available_upgrade_versions"]
    check(offered, "something to upgrade to")
    refused(cloud, 422, "POST", path + "/upgrade", {"version": "1.2.3-do.0"})
    equal(curl(cloud, "POST", path + "/upgrade", {"version": offered[0]["slug"]}).status, 202,
          "an upgrade")
    until("the new version", lambda: ask(cloud, 200, "GET", path)["kubernetes_cluster"]["version"] ==
          offered[0]["slug"])
    refused(cloud, 422, "POST", path + "/upgrade", {"version": slugs[0]})


@with_cloud()
def what_a_put_leaves_out_stays(cloud):
    path, got = make_cluster(cloud, tags=["mine"], surge_upgrade=True)
    changed = ask(cloud, 202, "PUT", path, {"name": "k2"})["kubernetes_cluster"]
    equal((changed["name"], changed["surge_upgrade"], "mine" in changed["tags"]), ("k2", True, True),
          "kept")
    changed = ask(cloud, 202, "PUT", path, {"name": "k2", "tags": []})["kubernetes_cluster"]
    check("mine" not in changed["tags"] and f"k8s:{got['id']}" in changed["tags"],
          f"an empty list takes the user's tags away: {changed['tags']}")


@with_cloud()
def taints_may_be_spelt_as_godo_does(cloud):
    path, _ = make_cluster(cloud)
    pool = ask(cloud, 201, "POST", path + "/node_pools", {
        "name": "web", "size": "s-1vcpu-2gb", "count": 1,
        "taints": [{"Key": "a", "Value": "b", "Effect": "NoSchedule"}]})["node_pool"]
    equal(pool["taints"], [{"key": "a", "value": "b", "effect": "NoSchedule"}], "taints")


@with_cloud()
def kubeconfigs_have_a_token_of_their_own(cloud):
    path, got = make_cluster(cloud)
    answer = curl(cloud, "GET", path + "/kubeconfig")
    check("yaml" in answer.headers["content-type"], answer.headers["content-type"])
    check(f"do-{got['region']}-{got['name']}" in answer.body, "the context's name")
    tokens = {ask(cloud, 200, "GET", path + "/credentials")["token"] for _ in range(2)}
    equal(len(tokens), 2, "a new token each time")


@with_cloud(speed=100)
def a_deleted_clusters_vpc_is_held_for_a_while(cloud):
    vpc = ask(cloud, 201, "POST", "/v2/vpcs", {"name": "d", "region": "ams3"})["vpc"]["id"]
    vpc = ask(cloud, 201, "POST", "/v2/vpcs", {"name": "v", "region": "ams3"})["vpc"]["id"]
    made = ask(cloud, 201, "POST", "/v2/kubernetes/clusters", cluster_body(vpc_uuid=vpc))
    path = "/v2/kubernetes/clusters/" + made["kubernetes_cluster"]["id"]
    members = ask(cloud, 200, "GET", f"/v2/vpcs/{vpc}/members")["members"]
    check(any(m["urn"] == "do:kubernetes:" + made["kubernetes_cluster"]["id"] for m in members),
          f"members: {members}")
    ask(cloud, 204, "DELETE", path)
    check(curl(cloud, "DELETE", f"/v2/vpcs/{vpc}").status in (403, 409), "the VPC is held")
    until("the VPC to be let go", lambda: curl(cloud, "DELETE", f"/v2/vpcs/{vpc}").status == 204, 60)


# ---- databases ----

def make_database(cloud, **more):
    body = {"name": "db", "engine": "pg", "version": "17", "size": "db-s-2vcpu-4gb",
            "region": "ams3", "num_nodes": 1, **more}
    path = "/v2/databases/" + ask(cloud, 201, "POST", "/v2/databases", body)["database"]["id"]

    def online():
        got = ask(cloud, 200, "GET", path)["database"]
        return got if got["status"] == "online" else None
    return path, until("an online database", online)


@with_cloud()
def a_database_fills_in_what_was_not_said(cloud):
    # what godo sends: empty strings and nulls for what is not set
    path, got = make_database(cloud, private_network_uuid="", project_id="", rules=None, tags=None)
    within(got, {"private_network_uuid": lambda v: re.match(UUID, v),
                 "maintenance_window": {"day": str.__len__, "hour": lambda h:
                                        re.match(r"\d\d:\d\d(:\d\d)?$", h)},
                 "connection": {"port": 25060, "user": "doadmin", "password": str.__len__},
                 "private_connection": {"host": lambda h: h.startswith("private-")},
                 "users": list.__len__, "db_names": ["defaultdb"], "semantic_version": str.__len__},
           "database")
    ask(cloud, 204, "PUT", path + "/maintenance", {"day": "friday", "hour": "3:30"})
    equal(ask(cloud, 200, "GET", path)["database"]["maintenance_window"]["hour"][:5], "03:30", "hour")


@with_cloud(speed=1)
def a_database_takes_its_time(cloud):
    made = ask(cloud, 201, "POST", "/v2/databases", {
        "name": "db", "engine": "pg", "size": "db-s-1vcpu-1gb", "region": "ams3", "num_nodes": 1})
    equal(made["database"]["status"], "creating", "a new database")
    refused(cloud, 412, "POST", f"/v2/databases/{made['database']['id']}/dbs", {"name": "x"})


@with_cloud()
def redis_is_made_no_more(cloud):
    refused(cloud, 422, "POST", "/v2/databases", {
        "name": "r", "engine": "redis", "size": "db-s-1vcpu-2gb", "region": "ams3", "num_nodes": 1})
    refused(cloud, 422, "POST", "/v2/databases", {
        "name": "a_b", "engine": "pg", "size": "db-s-1vcpu-1gb", "region": "ams3", "num_nodes": 1})


@with_cloud()
def storage_is_told_twice(cloud):
    path, _ = make_database(cloud)
    ask(cloud, 204, "PUT", path + "/autoscale", {"autoscale": {"storage": {
        "enabled": True, "threshold_percent": 80, "increment_gib": 20}}})
    within(ask(cloud, 200, "GET", path + "/autoscale"), {"autoscale": {"storage": {
        "enabled": True, "threshold_percent": 80, "increment_gib": 20}}}, "as the description says")


@with_cloud()
def pools_share_a_budget(cloud):
    path, _ = make_database(cloud)  # 4 GB: 97 connections
    body = {"name": "web", "mode": "transaction", "db": "defaultdb", "user": "doadmin"}
    ask(cloud, 201, "POST", path + "/pools", {**body, "size": 90})
    refused(cloud, 422, "POST", path + "/pools", {**body, "name": "more", "size": 10})
    refused(cloud, 422, "POST", path + "/pools", {**body, "size": 5}, words="pool name")
    ask(cloud, 204, "PUT", path + "/pools/web", {"mode": "session", "size": 20, "db": "defaultdb",
                                                 "user": "doadmin"})


@with_cloud()
def firewalls_are_one_list(cloud):
    path, _ = make_database(cloud)
    ask(cloud, 204, "PUT", path + "/firewall", {"rules": [{"type": "ip_addr", "value": "192.0.2.7"}]})
    ask(cloud, 204, "PUT", path + "/firewall", {"rules": [{"type": "tag", "value": "web"}]})
    rules = ask(cloud, 200, "GET", path + "/firewall")["rules"]
    within(rules, [{"type": "tag", "value": "web", "uuid": lambda v: re.match(UUID, v),
                    "created_at": str.__len__}], "rules")
    refused(cloud, 422, "PUT", path + "/firewall", {"rules": [{"type": "ip_addr", "value": "nowhere"}]})


@with_cloud()
def some_of_a_database_cannot_go(cloud):
    path, _ = make_database(cloud)
    check(curl(cloud, "DELETE", path + "/dbs/defaultdb").status >= 400, "defaultdb")
    check(curl(cloud, "DELETE", path + "/users/doadmin").status >= 400, "doadmin")


@with_cloud()
def a_user_gets_a_password(cloud):
    path, _ = make_database(cloud)
    made = ask(cloud, 201, "POST", path + "/users", {"name": "app"})["user"]
    within(made, {"role": "normal", "password": lambda p: len(p) >= 16}, "user")
    equal(ask(cloud, 200, "GET", path + "/users/app")["user"]["password"], made["password"], "again")


@with_cloud(speed=100)
def a_databases_name_is_kept_a_while(cloud):
    path, _ = make_database(cloud)
    ask(cloud, 204, "DELETE", path)
    refused(cloud, 404, "GET", path)
    body = {"name": "db", "engine": "pg", "size": "db-s-1vcpu-1gb", "region": "ams3", "num_nodes": 1}
    check(curl(cloud, "POST", "/v2/databases", body).status in (409, 422), "the name is not free")
    until("the name to be free", lambda: curl(cloud, "POST", "/v2/databases", body).status == 201, 60)


# ---- the rest ----

@with_cloud()
def cdn_endpoints_are_of_buckets(cloud):
    refused(cloud, 422, "POST", "/v2/cdn/endpoints", {"origin": "www.example.com"})
    refused(cloud, 422, "POST", "/v2/cdn/endpoints", {
        "origin": "media.ams3.digitaloceanspaces.com", "ttl": 7})


@with_cloud()
def a_spaces_secret_is_shown_once(cloud):
    made = ask(cloud, 201, "POST", "/v2/spaces/keys", {
        "name": "k", "grants": [{"bucket": "", "permission": "fullaccess"}]})["key"]
    check(made["secret_key"], "a secret")
    got = ask(cloud, 200, "GET", f"/v2/spaces/keys/{made['access_key']}")["key"]
    check(not got.get("secret_key"), "and never again")
    check(made["secret_key"] not in curl(cloud, "GET", "/v2/spaces/keys").body, "not in lists")


@with_cloud()
def certificates_are_read(cloud):
    refused(cloud, 422, "POST", "/v2/certificates", {
        "name": "c", "type": "custom", "private_key": "x", "leaf_certificate": "y"})
    refused(cloud, 422, "POST", "/v2/certificates", {
        "name": "c", "type": "lets_encrypt", "dns_names": ["elsewhere.example"]})


@with_cloud(faults={"rules": [{
    "match": {"method": "POST", "path": "/v2/tags"}, "do": "status", "status": 502, "when": "after",
    "body": "<html>bad gateway</html>", "headers": {"content-type": "text/html"}, "times": 1}]})
def a_fault_can_hide_a_success(cloud):
    answer = curl(cloud, "POST", "/v2/tags", {"name": "blue"})
    equal((answer.status, answer.body[:6]), (502, "<html>"), "the answer")
    equal(ask(cloud, 200, "GET", "/v2/tags")["meta"]["total"], 1, "it was made all the same")


if __name__ == "__main__":
    sys.exit(run([
        errors_have_their_form, the_account_says_what_it_is, every_answer_tells_the_budget,
        pages_have_absolute_links, pages_hold_200_at_most, tags_are_made_twice_without_harm,
        the_first_vpc_of_a_region_is_its_default, vpcs_must_not_overlap_or_share_names,
        a_domain_comes_with_records, dots_at_the_end_do_not_come_back, records_may_be_doubled,
        projects_spell_their_own_way, new_things_are_in_the_default_project,
        a_cluster_fills_in_what_was_not_said, a_cluster_takes_its_time, versions_never_go_back,
        what_a_put_leaves_out_stays, taints_may_be_spelt_as_godo_does,
        kubeconfigs_have_a_token_of_their_own, a_deleted_clusters_vpc_is_held_for_a_while,
        a_database_fills_in_what_was_not_said, a_database_takes_its_time, redis_is_made_no_more,
        storage_is_told_twice, pools_share_a_budget, firewalls_are_one_list,
        some_of_a_database_cannot_go, a_user_gets_a_password, a_databases_name_is_kept_a_while,
        cdn_endpoints_are_of_buckets, a_spaces_secret_is_shown_once, certificates_are_read,
        a_fault_can_hide_a_success,
    ]))
