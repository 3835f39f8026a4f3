#!/usr/bin/env python3
"""An instance that Argo CD manages: who writes what, the files, and what waits for what others bring."""
import json
import os
import pathlib
import re
import ssl
import subprocess
import sys
import urllib.error
import urllib.request

import yaml

from lib import MOK, ROOT, Cloud, Stack, check, equal, run_tests, until

PLANS_FOLDER = ROOT / "plans"
GOLDEN = ROOT / "tests" / "golden" / "mastodon"
PLANS = ("small", "medium", "large", "guide")
ARGOCD = """\
mastodon:
  gitops: { manage: argocd, repository: "https://git.example/social/deploy.git", path: clusters/social }
"""
# What there is only for Argo CD's sake, or is called otherwise: it knows no first time.
ONLY_ARGOCD = {"Job mastodon/mastodon-migrate-pre", "Job mastodon/mastodon-migrate-post",
               "Namespace /cert-manager"}
ONLY_MOK = {"Job mastodon/mastodon-db-prepare"}


def files_under(folder):
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(pathlib.Path(folder).rglob("*")) if path.is_file()}


def write_files(stack, plan, name, overlay=ARGOCD):
    stack.write(overlay, "argocd.yaml")
    stack.run("-f", str(PLANS_FOLDER / f"{plan}.yaml"), "-f", "argocd.yaml", "manifests", "--offline",
              "--argocd", "-o", name).expect(0)
    return files_under(stack.dir / name)


def key(document):
    meta = document["metadata"]
    return f"{document['kind']} {meta.get('namespace', '')}/{re.sub('-[0-9a-f]{10}$', '', meta['name'])}"


def is_argocds_own(text):
    return text.startswith(("Application ", "AppProject "))


def documents_of(files):
    return [document for name, text in files.items() if not name.endswith("kustomization.yaml")
            for document in yaml.safe_load_all(text)]


def golden_test(plan):
    def test():
        with Stack(None) as stack:
            first, second = (write_files(stack, plan, name) for name in ("a", "b"))
        equal(first, second, "byte for byte")
        text = "".join(f"# {name}\n{data.decode()}" for name, data in first.items())
        path = GOLDEN / f"{plan}.argocd"
        if os.environ.get("UPDATE"):
            path.write_text(text)
        equal(text, path.read_text(), path.name)
    test.__name__ = f"test_golden_{plan}"
    return test


def written_by_mok(plan):
    """The objects that mok apply would make, out of the plan."""
    with Cloud() as cloud, Stack(cloud) as stack:
        stack.write(ARGOCD, "argocd.yaml")
        out = stack.run("-f", str(PLANS_FOLDER / f"{plan}.yaml"), "-f", "argocd.yaml", "plan", "--format",
                        "json").expect(0).out
    kept = set()
    for change in json.loads(out)["changes"]:
        if change["action"] == "no-op" or change["kind"] != "kubernetes_manifest":
            continue
        fields = {f["path"]: f["after"] for f in change["fields"]}
        meta = fields["manifest"]["metadata"]
        name = meta["name"] if isinstance(meta["name"], str) else None
        kept.add((change["address"], fields["manifest"]["kind"], meta.get("namespace", ""), name))
    return kept


def test_nobody_writes_the_same_object():
    for plan in PLANS:
        with Stack(None) as stack:
            argocds = {key(d) for d in documents_of(write_files(stack, plan, "a"))}
            base = ["-f", str(PLANS_FOLDER / f"{plan}.yaml")]
            text = stack.run(*base, "manifests", "--offline", "--secrets", "-").expect(0).out
            alone = {key(d) for d in yaml.safe_load_all(text)}
            text = stack.run(*base, "-f", "argocd.yaml", "manifests", "--offline", "--secrets", "-"
                             ).expect(0).out
            together = {key(d) for d in yaml.safe_load_all(text)}
        moks = written_by_mok(plan)
        kinds = {kind for _, kind, _, _ in moks}
        equal(kinds, {"Namespace", "Secret", "AppProject", "Application"}, f"{plan}: what mok writes")
        rest = together - argocds
        equal(len(rest), len(moks), f"{plan}: {rest} and {moks}")
        for text in rest:
            check(text.split()[0] in kinds, f"{plan}: {text} is written by nobody")
        equal({t for t in rest if t.startswith("Application ")},
              {f"Application argocd/{next(n for _, k, _, n in moks if k == 'Application')}"},
              f"{plan}: the root Application is mok's alone")
        check(not any(t.startswith(("Secret ", "Namespace ")) for t in argocds), f"{plan}: Secrets")
        union = {t for t in together if not is_argocds_own(t)}
        equal(union - ONLY_ARGOCD, alone - ONLY_MOK, f"{plan}: both together")


def test_names_are_the_same_whoever_applies():
    """Otherwise every pod would roll on the way over, and back."""
    for plan in PLANS:
        with Stack(None) as stack:
            stack.write(ARGOCD, "argocd.yaml")
            names = [{d["metadata"]["name"] for d in yaml.safe_load_all(stack.run(
                "-f", str(PLANS_FOLDER / f"{plan}.yaml"), *more, "manifests", "--offline", "-").expect(0).out)
                      if d["kind"] == "ConfigMap"} for more in ([], ["-f", "argocd.yaml"])]
        check(any(re.search("-[0-9a-f]{10}$", name) for name in names[0]), f"{plan}: hashed names")
        equal(names[1], names[0], f"{plan}: ConfigMaps")


def test_an_argo_cd_of_the_plans_own():
    for plan, own in (("small", False), ("guide", True)):
        with Stack(None) as stack:
            stack.write(ARGOCD, "argocd.yaml")
            text = stack.run("-f", str(PLANS_FOLDER / f"{plan}.yaml"), "-f", "argocd.yaml", "graph"
                             ).expect(0).out
        equal('"mastodon_argo_cd"' in text, not own, f"{plan}: the block's Argo CD")
        edge = "argocd" if own else "mastodon_argo_cd"
        check(re.search(rf'"{edge}" -> "mastodon_argocd_root"|"mastodon_argocd_root" -> "{edge}"', text),
              f"{plan}: the root Application comes after Argo CD")


def test_waves():
    with Stack(None) as stack:
        files = write_files(stack, "medium", "a")
    waves = {}
    for document in documents_of(files):
        notes = document["metadata"]["annotations"]
        waves[key(document)] = (int(notes["argocd.argoproj.io/sync-wave"]),
                                notes.get("argocd.argoproj.io/hook"))
    name = "Application argocd/mastodon-m-"
    for chart in ("traefik", "cert-manager", "metrics-server", "base"):
        equal(waves[name + chart], (-2, None), chart)
    equal(waves[name + "issuers"], (-1, None), "issuers")
    equal(waves[name + "mastodon"], (0, None), "the instance")
    equal(waves["ConfigMap mastodon/mastodon-web"], (0, None), "configuration")
    equal(waves["Job mastodon/mastodon-migrate-pre"], (1, "Sync"), "before")
    equal(waves["Deployment mastodon/mastodon-web"], (2, None), "workloads")
    equal(waves["Job mastodon/mastodon-migrate-post"], (3, "Sync"), "after")


def test_applications():
    with Stack(None) as stack:
        files = write_files(stack, "medium", "a", ARGOCD.replace("path:", "revision: stable, path:"))
    apps = {d["metadata"]["name"]: d["spec"] for d in documents_of(files) if d["kind"] == "Application"}
    notes = {d["metadata"]["name"]: d["metadata"]["annotations"] for d in documents_of(files)
             if d["kind"] == "Application"}
    for name, spec in apps.items():
        check("ServerSideApply=true" in spec["syncPolicy"]["syncOptions"], name)
        equal(notes[name].get("argocd.argoproj.io/compare-options"),
              None if name == "mastodon-m-mastodon" else "ServerSideDiff=true", name)
        equal(spec["project"], "mastodon-m", name)
        source = spec["source"]
        if "chart" in source:
            check("CreateNamespace=true" in spec["syncPolicy"]["syncOptions"], name)
            continue
        equal((source["repoURL"], source["targetRevision"]),
              ("https://git.example/social/deploy.git", "stable"), name)
        folder = source["path"].removeprefix("clusters/social/")
        check(f"{folder}/kustomization.yaml" in files, f"{name}: {folder} is written")
    scaled = {i["name"] for i in apps["mastodon-m-mastodon"]["ignoreDifferences"]
              if i["kind"] == "Deployment"}
    equal(scaled, {d["spec"]["scaleTargetRef"]["name"] for d in documents_of(files)
                   if d["kind"] == "HorizontalPodAutoscaler"}, "replicas are the autoscalers'")
    listed = 0
    for name, text in files.items():
        if name.endswith("kustomization.yaml"):
            for entry in yaml.safe_load(text)["resources"]:
                here = f"{name.removesuffix('kustomization.yaml')}{entry}"
                check(here in files or f"{here}/kustomization.yaml" in files, here)
                listed += here in files
    equal(listed, len(documents_of(files)), "every file is listed")


def test_what_must_not_be_in_a_repository():
    with Stack(None) as stack:
        overlay = ARGOCD + '  extra_env: { HUSH: "${var.smtp_password}" }\n'
        stack.write(overlay, "argocd.yaml")
        result = stack.run("-f", str(PLANS_FOLDER / "small.yaml"), "-f", "argocd.yaml", "manifests",
                           "--offline", "--argocd", "-o", "a").expect(5)
        check("mastodon_web_config" in result.err and "extra_secret_env" in result.err, result.err)
        check(not (stack.dir / "a").exists(), "nothing is written")
        result = stack.run("manifests", "--argocd", "--secrets", "-o", "a").expect(1)
        result = stack.run("-f", str(PLANS_FOLDER / "small.yaml"), "manifests", "--offline", "--argocd",
                           "-o", "a").expect(1)
        check("manage: argocd" in result.err, result.err)


def test_what_is_not_known_is_not_written():
    with Cloud() as cloud, Stack(cloud) as stack:
        stack.write(ARGOCD, "argocd.yaml")
        result = stack.run("-f", str(PLANS_FOLDER / "small.yaml"), "-f", "argocd.yaml", "manifests",
                           "--argocd", "-o", "a").expect(1)
        check("mok apply first" in result.err, result.err)


FOREIGN = """\
mok: 1
name: shared
region: ams3
resources:
  c: { kind: kubernetes_cluster, name: k, version: "1.36" }
  p: { kind: kubernetes_node_pool, cluster_id: "${c.id}", name: p, size: s-2vcpu-4gb, count: 1 }
  theirs:
    kind: kubernetes_manifest
    cluster_id: ${c.id}
    read_only: true
    manifest: { apiVersion: v1, kind: ConfigMap, metadata: { name: theirs, namespace: default } }
  zone: { kind: domain, name: shared.example }
  record: { kind: record, domain: "${zone.name}", type: A, name: www, ttl: 300,
            data: "${theirs.object.data.address}" }
"""


def in_cluster(cloud, method, path, body=None, content_type="application/json"):
    """A request to the cluster's API, as somebody else's."""
    cluster = cloud.get("/v2/kubernetes/clusters")["kubernetes_clusters"][0]["id"]
    host, port = cloud.env["DIGITALOCEAN_API_URL"].removeprefix("http://").rsplit(":", 1)
    request = urllib.request.Request(
        f"https://{host}:{int(port) + 2}/{cluster}{path}", method=method,
        data=json.dumps(body).encode() if body else None,
        headers={"Authorization": "Bearer dop_v1_theirs", "Content-Type": content_type})
    context = ssl._create_unverified_context()
    with urllib.request.urlopen(request, context=context, timeout=60) as answer:
        return json.load(answer)


def in_cluster_or(cloud, path, otherwise):
    try:
        return in_cluster(cloud, "GET", path)
    except urllib.error.HTTPError:
        return otherwise


def test_what_others_bring():
    maps = "/api/v1/namespaces/default/configmaps"
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs"},
              "data": {"address": "203.0.113.9"}}
    with Cloud() as cloud, Stack(cloud, FOREIGN) as stack:
        result = stack.run("apply", "--yes").expect(0)
        check("W0812" in result.err and "record" in result.err, result.err)
        check(not any("/records" in w for w in cloud.writes()), "no record yet")
        check("somebody else" in stack.plan(0, "--verbose").out, "what is left out is told")
        made = in_cluster(cloud, "POST", maps, theirs)
        result = stack.apply()
        equal(result.err.count("W0812"), 0, "nothing to wait for any more")
        records = cloud.get("/v2/domains/shared.example/records")["domain_records"]
        equal([r["data"] for r in records if r["type"] == "A"], ["203.0.113.9"], "the record")
        stack.plan(0)
        equal(in_cluster(cloud, "GET", f"{maps}/theirs"), made, "theirs is as they made it")
        in_cluster(cloud, "DELETE", f"{maps}/theirs")
        stack.plan(0)
        in_cluster(cloud, "POST", maps, {**theirs, "data": {"address": "203.0.113.10"}})
        stack.apply()
        records = cloud.get("/v2/domains/shared.example/records")["domain_records"]
        equal([r["data"] for r in records if r["type"] == "A"], ["203.0.113.10"], "the record")
        stack.destroy()
        equal(cloud.get("/v2/kubernetes/clusters")["kubernetes_clusters"], [], "clusters")


RELEASE = """\
  app: { kind: helm_release, cluster_id: "${c.id}", name: traefik, namespace: default, wait: false,
         repository: https://traefik.github.io/charts, chart: traefik, version: 41.3.0 }
"""
APPLICATION = """\
  app:
    kind: kubernetes_manifest
    cluster_id: ${c.id}
    read_only: true
    manifest: { apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: { name: a, namespace: b } }
"""


def test_what_is_handed_over_stays():
    ours = FOREIGN[:FOREIGN.index("  zone:")]
    with Cloud() as cloud, Stack(cloud, ours.replace("    read_only: true\n", "") + RELEASE) as stack:
        stack.apply()
        mark = len(cloud.log())
        stack.write(ours + APPLICATION)
        stack.plan(0)
        stack.apply()
        equal([w for w in cloud.writes(mark) if not w.startswith("PATCH") or "theirs" in w], [],
              "nothing is deleted or written")
        stack.write(ours.replace("    read_only: true\n", "") + RELEASE)
        stack.plan(0)
        stack.write(ours[:ours.index("  theirs:")])
        check("2 to delete" in stack.plan(2).out, "what nobody takes over goes")


def collection_of(document):
    group, kind = document["apiVersion"], document["kind"].lower()
    plural = kind[:-1] + "ies" if kind.endswith("cy") else kind + ("es" if kind.endswith("ss") else "s")
    ns = document["metadata"].get("namespace")
    return (f"/api/{group}" if "/" not in group else f"/apis/{group}") + (
        f"/namespaces/{ns}" if ns else "") + f"/{plural}"


def play_argocd(cloud, documents):
    """What Argo CD's sync does; its charts are not there, nor are the kinds that they bring."""
    done = []
    for document in documents:
        path = f"{collection_of(document)}/{document['metadata']['name']}"
        try:
            in_cluster(cloud, "PATCH", path + "?fieldManager=argocd-controller&force=true", document,
                       "application/apply-patch+yaml")
            done.append(path)
        except urllib.error.HTTPError as error:
            equal(error.code, 404, path)
    return done


def managers(cloud, path):
    return {m["manager"] for m in in_cluster(cloud, "GET", path)["metadata"]["managedFields"]}


def play_gateway(cloud):
    gateway = "/apis/gateway.networking.k8s.io/v1/namespaces/mastodon/gateways/mastodon"
    body = in_cluster(cloud, "GET", gateway)
    now = {"reason": "x", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    body["status"] = {"addresses": [{"type": "IPAddress", "value": "203.0.113.7"}],
                      "conditions": [{"type": kind, "status": "True", **now} for kind in ("Accepted", "Programmed")]}
    in_cluster(cloud, "PUT", gateway + "/status", body)


def test_together():
    plan = ["-f", str(PLANS_FOLDER / "small.yaml"), "-f", "argocd.yaml"]
    with Cloud() as cloud, Stack(cloud) as stack:
        stack.write(ARGOCD + "secrets: { escrow: kept.age }\n", "argocd.yaml")

        def mok(*arguments):
            return stack.run(*plan, *arguments, env={"MOK_PASSPHRASE": "a passphrase"})

        result = mok("apply", "--yes").expect(0)
        check("W0812" in result.err and "mastodon_record" in result.err, result.err)
        mok("plan", "--detailed-exitcode").expect(0)
        mok("manifests", "--argocd", "-o", "deploy").expect(0)
        files = files_under(stack.dir / "deploy")
        check(not any(b"known-after-apply" in text for text in files.values()), "all is known")
        check(b"@sha256:" in files["mastodon/2-workloads/deployment-mastodon-web.yaml"], "pinned")
        theirs = play_argocd(cloud, documents_of(files))
        check(any("deployments/mastodon-web" in path for path in theirs), theirs)
        for path in theirs:
            check("mok" not in managers(cloud, path), f"{path} is Argo CD's alone")
        secrets = in_cluster(cloud, "GET", "/api/v1/namespaces/mastodon/secrets")["items"]
        check({m["manager"] for s in secrets for m in s["metadata"]["managedFields"]} == {"mok"},
              "Secrets are mok's alone")
        names = {s["metadata"]["name"] for s in secrets}
        for name, text in files.items():
            for secret in re.findall(rb"secretRef:\n *name: (\S+)", text):
                check(secret.decode() in names, f"{name}: {secret} is there")
        result = mok("plan", "--detailed-exitcode").expect(0)
        check("W0812" in result.err and "mastodon_record" in result.err, "a gateway without an address")
        play_gateway(cloud)
        mok("apply", "--yes").expect(0)
        domain = cloud.get("/v2/domains")["domains"][0]["name"]
        records = cloud.get(f"/v2/domains/{domain}/records")["domain_records"]
        equal([r["data"] for r in records if r["type"] == "A"], ["203.0.113.7"], "the record")
        mok("plan", "--detailed-exitcode").expect(0)
        status = mok("status").out
        check("web " in status and "4.7.6" in status, status)
        check("upgrade" not in status, f"its migrations are no upgrade that mok goes on with: {status}")
        check("mastodon_issuer" in status and "somebody else brings it" in status, status)
        result = mok("upgrade", "--yes").expect(5)
        check("Argo CD" in result.err, result.err)


ROOT_APP = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/mastodon-s"


def test_what_argocd_must_not_be_given():
    with Cloud() as cloud, Stack(cloud) as stack:
        def write(version, more=""):
            stack.write(f"{ARGOCD}  version: {version}\n{more}secrets: {{ escrow: kept.age }}\n", "argocd.yaml")
        write("4.6.3")
        stack.run(*SMALL, "apply", "--yes", env=KEPT).expect(0)
        stack.run(*SMALL, "manifests", "--argocd", "-o", "deploy", env=KEPT).expect(0)
        play_argocd(cloud, documents_of(files_under(stack.dir / "deploy")))
        for version, more, code, runs in (("4.5.3", "", "E0932", "4.6.3"),
                                          ("4.6.3", "  domain: other.example\n", "E0930", "small.mastodon.example")):
            write(version, more)
            before = in_cluster(cloud, "GET", ROOT_APP)
            for command in (("plan",), ("apply", "--yes"), ("manifests", "--argocd", "-o", "wrong")):
                result = stack.run(*SMALL, *command, env=KEPT).expect(5)
                check(code in result.err and runs in result.err, result.err)
            equal(in_cluster(cloud, "GET", ROOT_APP), before, "nothing was sent")
            check(not (stack.dir / "wrong").exists(), "nothing is written")
        write("4.7.6")
        stack.run(*SMALL, "apply", "--yes", env=KEPT).expect(0)
        stack.run(*SMALL, "manifests", "--argocd", "-o", "deploy", env=KEPT).expect(0)
        files = files_under(stack.dir / "deploy")
        check(b"mastodon:v4.7.6" in files["mastodon/1-migrate-pre/job-mastodon-migrate-pre.yaml"],
              "the next minor version is written")


SMALL = ["-f", str(PLANS_FOLDER / "small.yaml"), "-f", "argocd.yaml"]
KEPT = {"MOK_PASSPHRASE": "a passphrase"}


def data_tags(cloud):
    return [t["name"] for t in cloud.all("/v2/tags", "tags") if t["name"].endswith(":data")]


def lose_cluster(cloud):
    cluster = cloud.get("/v2/kubernetes/clusters")["kubernetes_clusters"][0]["id"]
    cloud.call("DELETE", f"/v2/kubernetes/clusters/{cluster}")


def test_new_keys_over_an_old_database_are_refused():
    with Cloud() as cloud, Stack(cloud) as stack:
        stack.write(ARGOCD + "secrets: { escrow: kept.age }\n", "argocd.yaml")
        stack.run(*SMALL, "apply", "--yes", env=KEPT).expect(0)
        equal(len(data_tags(cloud)), 1, "the root Application may fill the database from now on")
        writes = cloud.writes()
        check(writes[-1].endswith("/argocd/applications/mastodon-s"), writes[-1])
        check(any("/secrets/mastodon-web" in w for w in writes), "its Secrets are there before it")
        (stack.dir / "kept.age").rename(stack.dir / "copy.age")
        lose_cluster(cloud)
        since = len(cloud.log())
        err = stack.run(*SMALL, "apply", "--yes", env=KEPT).expect(5).err
        check("db may hold an instance" in err and "mok secrets import" in err, err)
        equal(cloud.writes(since), [], "nothing was sent")
        stack.run(*SMALL, "secrets", "import", "copy.age", env=KEPT).expect(0)
        stack.run(*SMALL, "apply", "--yes", env=KEPT).expect(0)
        stack.run(*SMALL, "destroy", "--yes", "--confirm", "mastodon-s", env=KEPT).expect(0)
        equal(data_tags(cloud), [], "a database that is gone holds nothing")


def test_lost_secrets_of_an_instance_without_the_tag_are_refused():
    with Cloud() as cloud, Stack(cloud) as stack:
        stack.write(ARGOCD, "argocd.yaml")
        stack.run(*SMALL, "apply", "--yes", "--no-escrow").expect(0)
        cloud.call("DELETE", f"/v2/tags/{data_tags(cloud)[0]}")
        equal(data_tags(cloud), [], "as if it had never been")
        for secret in in_cluster(cloud, "GET", "/api/v1/namespaces/mastodon/secrets")["items"]:
            in_cluster(cloud, "DELETE", f"/api/v1/namespaces/mastodon/secrets/{secret['metadata']['name']}")
        err = stack.run(*SMALL, "apply", "--yes", "--no-escrow").expect(5).err
        check("db may hold an instance" in err and "mok secrets import" in err, err)


def killed_and_again(match, when):
    """A first apply that is killed while that write hangs; the cluster has the only copy of the keys."""
    faults = {"rules": [{"match": match, "do": "hang", "when": when, "times": 1}]}
    with Cloud(faults=faults) as cloud, Stack(cloud) as stack:
        stack.write(ARGOCD, "argocd.yaml")
        process = stack.start(*SMALL, "apply", "--yes", "--no-escrow")
        until(f"{match} hangs", lambda: process.poll() is not None or any(
            str(e.get("fault", "")).startswith("hang") for e in cloud.log()))
        process.kill()
        process.communicate()
        equal(process.returncode, -9, f"{match}: killed")
        tagged, keys = len(data_tags(cloud)), None
        for secret in in_cluster_or(cloud, "/api/v1/namespaces/mastodon/secrets", {"items": []})["items"]:
            if secret["metadata"]["name"].startswith("mastodon-web-"):
                keys = secret["data"]["SECRET_KEY_BASE"]
        check(keys or not tagged, f"{match} {when}: tagged, and no keys are anywhere")
        stack.run(*SMALL, "apply", "--yes", "--no-escrow").expect(0)
        stack.run(*SMALL, "plan", "--detailed-exitcode").expect(0)
        equal(len(data_tags(cloud)), 1, f"{match} {when}: tagged")
        now = [s for s in in_cluster(cloud, "GET", "/api/v1/namespaces/mastodon/secrets")["items"]
               if s["metadata"]["name"].startswith("mastodon-web-")]
        check(keys is None or keys in [s["data"]["SECRET_KEY_BASE"] for s in now], "the keys stay")


def test_killed_at_any_step_of_the_first_time():
    with Cloud() as cloud, Stack(cloud) as stack:
        stack.write(ARGOCD, "argocd.yaml")
        stack.run(*SMALL, "apply", "--yes", "--no-escrow").expect(0)
        tags = sum(w.endswith("POST /v2/tags") for w in cloud.writes())
    for match in ({"method": "PATCH", "path": "*/secrets/mastodon-web-*"},
                  {"method": "PATCH", "path": "*/secrets/mastodon-sidekiq-*"},
                  {"method": "PATCH", "path": "*/appprojects/mastodon-s"},
                  {"method": "POST", "path": "/v2/tags", "nth": tags},
                  {"method": "PATCH", "path": "*/applications/mastodon-s"}):
        for when in ("before", "after"):
            killed_and_again(match, when)


TRAEFIK = "/api/v1/namespaces/traefik/serviceaccounts/traefik"


def play_chart(cloud):
    """One object of a chart that Argo CD has rendered: no release knows of it."""
    in_cluster(cloud, "POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace",
                                                     "metadata": {"name": "traefik"}})
    return in_cluster(cloud, "PATCH", TRAEFIK + "?fieldManager=argocd-controller", {
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {
            "name": "traefik", "labels": {"app.kubernetes.io/managed-by": "Helm"}}}, "application/apply-patch+yaml")


APPS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"


def play_applications(cloud, documents):
    """Those that the root Application makes, held by their finalizers, and one of somebody else's."""
    applications = [d for d in documents if d["kind"] == "Application"]
    check(len(applications) > 3 and all(d["metadata"]["finalizers"] for d in applications), applications)
    for d in applications:
        d["metadata"].setdefault("annotations", {})["argocd.argoproj.io/tracking-id"] = (
            f"mastodon-s:argoproj.io/Application:argocd/{d['metadata']['name']}")
    other = json.loads(json.dumps(applications[0]))
    other["metadata"].update(name="other", annotations={
        "argocd.argoproj.io/tracking-id": "mastodon-s2:argoproj.io/Application:argocd/other"})
    play_argocd(cloud, [*applications, other])
    return len(applications)


def test_going_back():
    """What Argo CD made is mok's after two commands; nothing but Argo CD itself goes."""
    with Cloud() as cloud, Stack(cloud) as stack:
        stack.write(ARGOCD + "secrets: { escrow: kept.age }\n", "argocd.yaml")
        stack.run(*SMALL, "apply", "--yes", env=KEPT).expect(0)
        stack.run(*SMALL, "manifests", "--argocd", "-o", "deploy", env=KEPT).expect(0)
        files = documents_of(files_under(stack.dir / "deploy"))
        documents = [d for d in files if d["kind"] not in ("Application", "Job")]
        play_applications(cloud, files)
        theirs = play_argocd(cloud, documents)
        account = play_chart(cloud)["metadata"]["uid"]
        namespace = in_cluster(cloud, "GET", "/api/v1/namespaces/cert-manager")
        play_gateway(cloud)
        stack.write("secrets: { escrow: kept.age }\n", "argocd.yaml")
        result = stack.run(*SMALL, "plan", env=KEPT).expect(1)
        check(result.err.count("error[E0806]") > 10 and "mok adopt --all" in " ".join(result.err.split()), result.err)
        mark = len(cloud.log())
        document = json.loads(stack.run(*SMALL, "adopt", "--all", "--yes", "--format", "json", env=KEPT).expect(0).out)
        equal([(a["address"], a["then"]["refusal"]) for a in document["adopt"] if a["then"]["refusal"]], [], "conflicts")
        adopted = {a["id"] for a in document["adopt"]}
        equal(adopted, set(theirs), "what is adopted")
        equal([w for w in cloud.writes(mark) if not w.startswith("PATCH") and "/v2/tags" not in w], [], "writes")
        uids = {p: in_cluster(cloud, "GET", p)["metadata"]["uid"] for p in theirs}
        result = stack.run(*SMALL, "apply", "--yes", env=KEPT).expect(3)
        check("invalid ownership metadata" in " ".join(result.err.split()) and "--force-conflicts" in result.err,
              result.err)
        stack.run(*SMALL, "apply", "--yes", "--force-conflicts", env=KEPT).expect(0)
        stack.run(*SMALL, "apply", "--yes", env=KEPT).expect(0)  # the sandbox's Traefik has another address
        stack.run(*SMALL, "plan", "--detailed-exitcode", env=KEPT).expect(0)
        for path in sorted(adopted):
            now = in_cluster(cloud, "GET", path)
            equal(now["metadata"]["uid"], uids[path], f"{path} is the same object")
            check("mok" in managers(cloud, path), path)
        equal(in_cluster(cloud, "GET", "/api/v1/namespaces/cert-manager")["metadata"]["uid"],
              namespace["metadata"]["uid"], "what cert-manager lives in stays")
        now = in_cluster(cloud, "GET", TRAEFIK)["metadata"]
        equal((now["uid"], now["annotations"]["meta.helm.sh/release-name"]), (account, "traefik"), "the chart's")
        left = {a["metadata"]["name"]: a["metadata"] for a in in_cluster(cloud, "GET", APPS)["items"]}
        equal(set(left), {"other"}, "the root Application is gone, and what it made")
        check("deletionTimestamp" not in left["other"] and left["other"]["finalizers"], "somebody else's stays")
        stack.run(*SMALL, "adopt", "--all", "--yes", env=KEPT).expect(0)


def test_the_lines_for_ci():
    """As docs/gitops.md has them, in a shell: with changes, without any, and with a file that is no longer made."""
    lines = (ROOT / "docs/gitops.md").read_text().split("## In CI", 1)[1].split("```")[1]
    names = {f"GIT_{who}_{what}": "ci@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    with Cloud() as cloud, Stack(cloud) as stack:
        stack.write(ARGOCD + "secrets: { escrow: kept.age }\n", "argocd.yaml")
        stack.write(f'#!/bin/sh\nexec {MOK} {" ".join(SMALL)} "$@"\n', "mok")
        (stack.dir / "mok").chmod(0o755)
        env = stack.environment({**KEPT, **names, "GIT_CONFIG_GLOBAL": "/dev/null"})
        env["PATH"] = f"{stack.dir}:{env['PATH']}"

        def shell(text):
            done = subprocess.run(["sh", "-c", text], cwd=stack.dir, env=env, capture_output=True, text=True,
                                  timeout=120)
            equal(done.returncode, 0, done.stderr)
            return done.stdout
        shell("git init -q --bare -b main repository && git clone -q repository deploy && cd deploy && "
              "git commit -q --allow-empty -m first && git push -q origin HEAD:main")
        for _ in range(2):
            shell(lines)
            equal(shell("git -C repository rev-list --count main").strip(), "2", "commits")
        equal({n.removeprefix("clusters/social/") for n in shell("git -C repository ls-tree -r --name-only main"
                                                                ).split()},
              set(files_under(stack.dir / "deploy/clusters/social")), "what was pushed")
        shell("touch deploy/clusters/social/old.yaml && git -C deploy add -A && git -C deploy commit -q -m old")
        shell(lines)
        check("old.yaml" not in shell("git -C repository ls-tree -r --name-only main"), "what is gone goes")


if __name__ == "__main__":
    sys.exit(run_tests([golden_test(plan) for plan in PLANS]
              + [f for name, f in list(globals().items()) if name.startswith("test_")]))
