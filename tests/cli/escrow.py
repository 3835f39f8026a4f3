#!/usr/bin/env python3
"""The escrow: the age program opens what mok wrote and the other way round; what DigitalOcean shows
once is known in later runs; nothing held is overwritten; no value is left anywhere in clear."""
import base64
import json
import os
import re
import select
import shutil
import subprocess
import sys
import time

from lib import ROOT, Cloud, Skip, Stack, check, equal, fork_on_terminal, run_tests, until

PASSPHRASE = "canary horse battery staple"
MASTODON = ["SECRET_KEY_BASE", "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY",
            "ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY", "ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT",
            "VAPID_PRIVATE_KEY", "VAPID_PUBLIC_KEY", "OWNER_PASSWORD"]
KEYS = """\
resources:
  media: { kind: spaces_bucket, force_destroy: true }
  media_key: { kind: spaces_key, grants: [ { bucket: "${media.name}", permission: readwrite } ] }
outputs:
  secret: { value: "${media_key.secret_key}", sensitive: true }
"""
# What an instance needs of its keys: a Secret in the cluster, and a Job that fills the database.
INSTANCE = """\
resources:
  cluster: { kind: kubernetes_cluster, version: "1.36" }
  pool: { kind: kubernetes_node_pool, cluster_id: "${cluster.id}", size: s-2vcpu-4gb, count: 1 }
  db: { kind: database_cluster, engine: pg, version: "17", size: db-s-1vcpu-1gb, num_nodes: 1 }
  keys:
    kind: kubernetes_manifest
    cluster_id: ${cluster.id}
    manifest:
      apiVersion: v1
      kind: Secret
      metadata: { name: keys, namespace: default }
      stringData:
        BASE: ${secret.secret_key_base}
        PUSH: ${secret.vapid_private_key}
  prepare:
    kind: kubernetes_manifest
    cluster_id: ${cluster.id}
    fills: db
    wait: false
    depends_on: [keys]
    manifest:
      apiVersion: batch/v1
      kind: Job
      metadata: { name: prepare, namespace: default }
      spec: { template: { spec: { restartPolicy: Never, containers: [ { name: a, image: a } ] } } }
"""
UNKEPT = "mok: 1\nname: social\nregion: ams3\n" + INSTANCE


def age(*arguments, data=None):
    return subprocess.run(["age", *arguments], input=data, check=True, capture_output=True, timeout=60).stdout


def age_on_terminal(*arguments):
    """age asks for passphrases on the terminal only."""
    pid, terminal = fork_on_terminal()
    if pid == 0:
        os.execvp("age", ["age", *arguments])
    deadline, seen = time.monotonic() + 60, b""
    while time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], 1)
        if not ready:
            continue
        try:
            part = os.read(terminal, 4096)
        except OSError:
            break
        if not part:
            break
        seen += part
        while re.search(rb"(?i)passphrase[^\n]*: ", seen):
            seen = re.sub(rb"(?i)passphrase[^\n]*: ", b"", seen, count=1)
            os.write(terminal, PASSPHRASE.encode() + b"\n")
    _, status = os.waitpid(pid, 0)
    check(os.waitstatus_to_exitcode(status) == 0, f"age {arguments}: {seen!r}")


class Escrow(Stack):
    """A stack with keys of its own: key.txt opens the file, other.txt does not."""

    def __init__(self, cloud, rest="", path="secrets.age", recipients=True):
        if not shutil.which("age"):
            raise Skip("age is not installed (apt-get install age)")
        super().__init__(cloud)
        self.public = {}
        for name in ("key", "other"):
            subprocess.run(["age-keygen", "-o", f"{name}.txt"], cwd=self.dir, check=True,
                           capture_output=True, timeout=60)
            self.public[name] = re.search("public key: (age1.*)", (self.dir / f"{name}.txt").read_text()).group(1)
        self.plan_for([self.public["key"]] if recipients else [], path, rest)

    def plan_for(self, recipients, path="secrets.age", rest=""):
        self.write(f"mok: 1\nname: social\nregion: ams3\nsecrets:\n  escrow: {path}\n  recipients: "
                   f"[{', '.join(recipients)}]\n{rest}")

    def secrets(self, *arguments, code=0, key="key.txt", **more):
        identity = ("--identity", key) if key else ()
        return self.run("secrets", *arguments, *identity, **more).expect(code)

    def names(self, **more):
        return [e["name"] for e in json.loads(self.secrets("list", "--format", "json", **more).out)["secrets"]]

    def values(self, **more):
        return json.loads(self.secrets("export", "--show", "--format", "json", **more).out)["values"]

    def file(self, name="secrets.age"):
        return (self.dir / name).read_bytes()

    def opened_by_age(self, name="secrets.age", key="key.txt"):
        return json.loads(age("-d", "-i", str(self.dir / key), str(self.dir / name)))


def test_age_opens_what_mok_wrote():
    with Escrow(None) as stack:
        stack.secrets("generate", key=None)
        document = stack.opened_by_age()
        equal([e["name"] for e in document["entries"]], MASTODON, "what age finds")
        equal({e["name"]: e["value"] for e in document["entries"]}, stack.values(), "and what mok shows")
        equal(oct((stack.dir / "secrets.age").stat().st_mode & 0o777), "0o600", "the file's mode")
        armored = stack.secrets("export", "-o", "-").out
        check(armored.startswith("-----BEGIN AGE ENCRYPTED FILE-----\n"), "armored on stdout")
        equal(json.loads(age("-d", "-i", str(stack.dir / "key.txt"), data=armored.encode())), document,
              "age opens the armor")


def test_mok_opens_what_age_wrote():
    with Escrow(None) as stack:
        stack.secrets("generate", key=None)
        plain = age("-d", "-i", str(stack.dir / "key.txt"), data=stack.file())
        values = stack.values()
        for more in ((), ("-a",), ("-r", stack.public["other"])):
            (stack.dir / "secrets.age").write_bytes(age("-r", stack.public["key"], *more, data=plain))
            equal(stack.values(), values, f"age {more}")


def test_passphrases_go_both_ways():
    env = {"MOK_PASSPHRASE": PASSPHRASE}
    with Escrow(None, recipients=False) as stack:
        stack.secrets("generate", key=None, env=env)
        values = stack.values(key=None, env=env)
        equal(list(values), MASTODON, "made")
        file, plain = str(stack.dir / "secrets.age"), str(stack.dir / "plain")
        age_on_terminal("-d", "-o", plain, file)
        document = json.loads((stack.dir / "plain").read_text())
        equal({e["name"]: e["value"] for e in document["entries"]}, values, "age opens it")
        os.unlink(file)
        age_on_terminal("-p", "-o", file, plain)
        os.unlink(plain)
        equal(stack.values(key=None, env=env), values, "mok opens age's")
        wrong = stack.secrets("list", key=None, env={"MOK_PASSPHRASE": "other"}, code=1)
        check("another passphrase" in re.sub(r"\s+", " ", wrong.err), wrong.err)


def test_who_has_no_key():
    with Escrow(None) as stack:
        check("no escrow file secrets.age yet" in stack.secrets("list", code=1).err, "nothing yet")
        stack.secrets("generate", key=None)
        before = stack.file()
        check("no key was given" in stack.secrets("list", key=None, code=1).err, "no key")
        check("other recipients" in stack.secrets("list", key="other.txt", code=1).err, "another key")
        check("mok.yaml, line 1" in stack.secrets("list", key="mok.yaml", code=1).err, "no identity file")
        stack.secrets("list", key="absent.txt", code=1)
        check("cannot be opened" in stack.secrets("generate", key=None, code=5).err, "not made anew")
        stack.secrets("export", key=None, code=1)
        stack.secrets("list", key=None, env={"MOK_AGE_IDENTITY": str(stack.dir / "key.txt")})
        equal(stack.file(), before, "none of these wrote")
        (stack.dir / "secrets.age").write_bytes(before[:-1])
        check("changed, cut" in stack.secrets("generate", code=1).err, "a damaged file is not replaced")
        equal(stack.file(), before[:-1], "and stays as it is")


def test_recipients_change_with_an_export():
    with Escrow(None) as stack:
        stack.secrets("generate", key=None)
        stack.plan_for([stack.public["other"]])
        stack.secrets("export")
        equal([e["name"] for e in stack.opened_by_age(key="other.txt")["entries"]], MASTODON, "the new one")
        stack.secrets("list", key="key.txt", code=1)


def test_import_of_an_env_file():
    with Escrow(None) as stack:
        stack.secrets("generate", key=None)
        (stack.dir / "env").write_text(stack.secrets("export", "--show").out + "LOCAL_DOMAIN=social.example\n")
        values = stack.values()
        os.unlink(stack.dir / "secrets.age")
        check("7 secrets" in stack.secrets("import", "env").out, "all of them")
        equal(stack.values(), values, "the same again")
        check("0 secrets" in stack.secrets("import", "env").out, "twice is fine")
        text = (stack.dir / "env").read_text()
        for name, line, says, code in (
                ("other", text.replace(values["SECRET_KEY_BASE"], "ab" * 64), "another value", 5),
                ("short", "SECRET_KEY_BASE=ab\n", "shorter than 64", 1),
                ("raw", "SECRET_KEY_BASE=$X\n", "another variable", 1),
                ("half", "VAPID_PRIVATE_KEY=AAAA\n", "URL-safe base64", 1),
                ("none", "LOCAL_DOMAIN=x\n", "none of Mastodon's secrets", 1),
                ("quote", 'A="x\n', "not closed", 1)):
            (stack.dir / name).write_text(line)
            result = stack.secrets("import", name, code=code)
            check(says in re.sub(r"\s+", " ", result.err), f"{name}: {result.err}")
            check("ab" * 64 not in result.err, "no value in an error")
        equal(stack.values(), values, "nothing changed")


def test_import_of_a_vapid_pair_that_is_none():
    with Escrow(None) as stack:
        stack.secrets("generate", key=None)
        first = stack.values()
        os.unlink(stack.dir / "secrets.age")
        stack.secrets("generate", key=None)
        second = stack.values()
        os.unlink(stack.dir / "secrets.age")
        (stack.dir / "env").write_text(f"VAPID_PRIVATE_KEY={first['VAPID_PRIVATE_KEY']}\n"
                                       f"VAPID_PUBLIC_KEY={second['VAPID_PUBLIC_KEY']}\n")
        check("do not belong together" in re.sub(r"\s+", " ", stack.secrets("import", "env", code=1).err),
              "a wrong pair")
        (stack.dir / "env").write_text(f"VAPID_PRIVATE_KEY={first['VAPID_PRIVATE_KEY']}\n")
        check("one is missing" in re.sub(r"\s+", " ", stack.secrets("import", "env", code=1).err), "half")
        check(not (stack.dir / "secrets.age").exists(), "nothing was written")


def test_import_of_another_escrow():
    with Escrow(None) as stack:
        stack.secrets("generate", key=None)
        values = stack.values()
        stack.secrets("export", "-o", "copy.age")
        os.unlink(stack.dir / "secrets.age")
        stack.secrets("import", "copy.age")
        equal(stack.values(), values, "restored from the copy")


def test_rotation():
    with Escrow(None) as stack:
        stack.secrets("generate", key=None)
        before = stack.values()
        for name in MASTODON[1:4] + ["OWNER_PASSWORD"]:
            check("never rotated" in stack.secrets("rotate", name, "--yes", code=5).err, name)
        check("no terminal" in stack.secrets("rotate", "SECRET_KEY_BASE", code=1).err, "asks")
        stack.secrets("rotate", "NONSENSE", "--yes", code=1)
        equal(stack.values(), before, "all as before")
        stack.secrets("rotate", "SECRET_KEY_BASE", "--yes")
        stack.secrets("rotate", "VAPID_PUBLIC_KEY", "--yes")
        after = stack.values()
        equal({n for n in after if after[n] != before[n]},
              {"SECRET_KEY_BASE", "VAPID_PRIVATE_KEY", "VAPID_PUBLIC_KEY"}, "what changed")
        former = {e["name"]: e["previous"][0]["value"] for e in stack.opened_by_age()["entries"] if "previous" in e}
        equal(former, {n: before[n] for n in former}, "former values stay")
        equal(len(former), 3, "of each")


def live_key(cloud):
    keys = cloud.get("/v2/spaces/keys")["keys"]
    return [k["access_key"] for k in keys if k["name"].startswith("social")]


def test_a_spaces_secret_is_known_in_later_runs():
    identity = ("--identity", "key.txt")
    with Cloud() as cloud, Escrow(cloud, KEYS) as stack:
        stack.apply(0)
        entry = stack.opened_by_age()["entries"][0]
        equal((entry["name"], entry["kind"], [entry["id"]]),
              ("media_key.secret_key", "spaces_key", live_key(cloud)), "the entry")
        equal(stack.run("output", "secret", *identity).expect(0).out, entry["value"] + "\n", "with the key")
        result = stack.run("output", "secret").expect(1)
        check(entry["value"] not in result.out and "media_key.secret_key is not" in " ".join(result.err.split()),
              result.err)
        stack.plan(0, *identity)
        stack.plan(0)
        for path in stack.dir.rglob("*"):
            check(not path.is_file() or entry["value"].encode() not in path.read_bytes(), f"in clear: {path}")


def test_a_runner_without_the_key_adds_and_others_merge():
    identity = ("--identity", "key.txt")
    with Cloud() as cloud, Escrow(cloud, KEYS) as stack:
        stack.apply(0)
        first = stack.run("output", "secret", *identity).expect(0).out
        stack.apply(0, "--replace", "media_key")
        check((stack.dir / "secrets.age.1").exists(), "an addition")
        second = stack.run("output", "secret", *identity).expect(0).out
        check(first != second and len(second) > 20, "the new secret is read from the addition")
        stack.secrets("export")
        check(not (stack.dir / "secrets.age.1").exists(), "merged")
        entry = stack.opened_by_age()["entries"][0]
        equal((entry["value"], [entry["id"]]), (second.strip(), live_key(cloud)), "current")
        equal(entry["previous"][0]["value"], first.strip(), "former")
        check("apply --replace media_key" in stack.secrets("rotate", "media_key.secret_key", "--yes", code=5).err,
              "how to have a new one")


def test_a_lost_answer_leaves_no_key_without_secret():
    lost = {"rules": [{"match": {"method": "POST", "path": "/v2/spaces/keys", "nth": 1}, "do": "status",
                       "when": "after", "status": 500, "times": 1, "body": {"id": "server_error"}}]}
    with Cloud(faults=lost) as cloud, Escrow(cloud, KEYS) as stack:
        stack.apply(0)
        entry = stack.opened_by_age()["entries"][0]
        equal([entry["id"]], live_key(cloud), "the live key's secret is held")


def test_a_key_from_before_the_escrow_is_told():
    identity = ("--identity", "key.txt")
    with Cloud() as cloud, Escrow(cloud, KEYS) as stack:
        stack.write("mok: 1\nname: social\nregion: ams3\n" + KEYS)
        stack.apply(0)
        stack.plan_for([stack.public["key"]], rest=KEYS)
        result = stack.plan(0, *identity)
        check("W0210" in result.err and "--replace 'media_key'" in result.err, result.err)
        stack.apply(0, "--replace", "media_key", *identity)
        check("W0210" not in stack.plan(0, *identity).err, "held from now on")
        equal([stack.opened_by_age()["entries"][0]["id"]], live_key(cloud), "the new one")


def test_an_escrow_that_cannot_be_written_stops_before_anything_is_sent():
    with Cloud() as cloud, Escrow(cloud, KEYS, path="/proc/none/secrets.age") as stack:
        since = len(cloud.log())
        result = stack.apply(1)
        check("/proc/none" in result.err, result.err)
        equal(cloud.writes(since), [], "writes")
        equal(live_key(cloud), [], "keys")


def test_an_escrow_that_does_not_open_stops_before_anything_is_sent():
    with Cloud() as cloud, Escrow(cloud, KEYS) as stack:
        stack.secrets("generate", key=None)
        since = len(cloud.log())
        stack.apply(1, "--identity", "other.txt")
        equal(cloud.writes(since), [], "writes")


def killed_at(n, when, forget):
    """Killed while the n-th write hangs, then run again; False if there was no n-th write."""
    faults = {"rules": [{"match": {"write": n}, "do": "hang", "when": when, "times": 1}]}
    identity = ("--identity", "key.txt")
    with Cloud(faults=faults) as cloud, Escrow(cloud, KEYS) as stack:
        process = stack.start("apply", "--yes", *identity)
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if any(str(e.get("fault", "")).startswith("hang") for e in cloud.log()):
                process.kill()
            time.sleep(0.01)
        process.communicate()
        if forget:
            stack.forget_journal()
        stack.apply(0, *identity)
        told = "W0210" in stack.plan(0, *identity).err
        equal(len(live_key(cloud)), 1, f"keys after a kill {when} write {n}")
        held = (stack.dir / "secrets.age").exists() and any(
            [e.get("id")] == live_key(cloud) for e in stack.opened_by_age()["entries"])
        check(held != told, f"killed {when} write {n}: held {held}, told {told}")
        return process.returncode == -9, held


def test_killed_at_any_write_the_secret_is_held_or_told():
    for forget in (False, True):
        n, outcomes, reached = 0, [], True
        while reached:
            n += 1
            for when in ("before", "after"):
                reached, held = killed_at(n, when, forget)
                if reached:
                    outcomes.append((n, when, held))
        check(len(outcomes) >= 6, f"writes: {outcomes}")
        lost = [o for o in outcomes if not o[2]]
        equal(len(lost), int(forget), f"points after which the secret is held by nobody: {lost}")


def test_manifests_hold_what_the_escrow_holds():
    plan = ROOT / "plans" / "small.yaml"
    with Stack(None, plan.read_text()) as stack:
        stack.run("--sandbox", "secrets", "generate").expect(0)
        values = json.loads(stack.run("--sandbox", "secrets", "export", "--show", "--format", "json").expect(0).out)
        text = stack.run("--sandbox", "--speed", "max", "manifests", "--secrets", "-").expect(0).out
        for name in MASTODON[:6]:
            value = values["values"][name]
            check(value in text or base64.b64encode(value.encode()).decode() in text, f"{name} is not in the manifests")
        text = stack.run("--sandbox", "--speed", "max", "manifests", "-").expect(0).out
        check(values["values"]["SECRET_KEY_BASE"] not in text, "without --secrets it is not")


def test_a_lost_escrow_is_filled_from_the_cluster():
    with Cloud() as cloud, Escrow(cloud, INSTANCE) as stack:
        stack.apply()
        before = stack.values()
        (stack.dir / "secrets.age").unlink()
        stack.plan(0, "--identity", "key.txt")
        stack.write((stack.dir / "mok.yaml").read_text().replace("wait: false", "wait: false\n    protect: true"))
        stack.apply(0, "--identity", "key.txt")
        after = stack.values()
        for name in ("SECRET_KEY_BASE", "VAPID_PRIVATE_KEY"):
            equal(after[name], before[name], name)


def test_another_key_in_the_cluster_is_refused():
    with Cloud() as cloud, Escrow(cloud, INSTANCE) as stack:
        stack.apply()
        (stack.dir / "secrets.age").unlink()
        stack.secrets("generate", key=None)
        err = stack.plan(5, "--identity", "key.txt").err
        check("the cluster has another SECRET_KEY_BASE than the escrow secrets.age" in err, err)


def test_who_has_no_key_plans_by_the_cluster():
    with Cloud() as cloud, Escrow(cloud, INSTANCE) as stack:
        stack.apply()
        check("No changes" in stack.plan(0).out, "without a key the plan is as empty as with it")


def test_new_keys_over_an_old_database_are_refused():
    with Cloud() as cloud, Escrow(cloud, INSTANCE) as stack:
        stack.apply()
        old = stack.values()
        (stack.dir / "secrets.age").rename(stack.dir / "copy.age")
        cluster = cloud.get("/v2/kubernetes/clusters")["kubernetes_clusters"][0]["id"]
        cloud.call("DELETE", f"/v2/kubernetes/clusters/{cluster}")
        since = len(cloud.log())
        err = stack.apply(5).err
        check("db may hold an instance" in err and "mok secrets import" in err, err)
        equal(cloud.writes(since), [], "nothing was sent")
        stack.secrets("import", "copy.age")
        stack.apply(0, "--identity", "key.txt")
        equal(stack.values(), old, "the old keys go back")


def test_new_keys_are_refused_where_other_secrets_are_lost_too():
    more = INSTANCE.replace("resources:\n", KEYS[:KEYS.index("outputs:")], 1).replace(
        "        BASE:", '        MEDIA: "key=${media_key.secret_key}"\n        BASE:')
    with Cloud() as cloud, Escrow(cloud, more) as stack:
        stack.apply(0, "--identity", "key.txt")
        (stack.dir / "secrets.age").rename(stack.dir / "copy.age")
        cluster = cloud.get("/v2/kubernetes/clusters")["kubernetes_clusters"][0]["id"]
        cloud.call("DELETE", f"/v2/kubernetes/clusters/{cluster}")
        for command in (("apply", "--yes"), ("plan",)):
            result = stack.run(*command, "--identity", "key.txt", "--format", "json").expect(5)
            check("db may hold an instance" in json.loads(result.out)["error"]["message"], result.out)
            check("W0210" in result.err and "mok secrets import" in result.err, result.err)
        stack.secrets("import", "copy.age")
        stack.apply(0, "--identity", "key.txt")


def test_a_lost_escrow_is_filled_again_though_nothing_changes():
    with Cloud() as cloud, Escrow(cloud, INSTANCE) as stack:
        stack.apply()
        before = stack.values()
        (stack.dir / "secrets.age").unlink()
        stack.plan(0)
        check(not (stack.dir / "secrets.age").exists(), "a plan writes nothing")
        check("No changes" in stack.apply().out, "nothing to do")
        equal(stack.values(), {name: before[name] for name in stack.values()}, "what the cluster has is kept again")
        check(stack.values(), "and that is something")


def in_a_namespace(text):
    space = """  space:
    kind: kubernetes_manifest
    cluster_id: ${cluster.id}
    manifest: { apiVersion: v1, kind: Namespace, metadata: { name: social } }
"""
    return text.replace("namespace: default", "namespace: social").replace("  keys:\n", space + "  keys:\n")


def test_the_only_copy_of_a_key_is_not_replaced():
    with Cloud() as cloud, Stack(cloud, in_a_namespace(UNKEPT)) as stack:
        stack.apply(0, "--no-escrow")
        since = len(cloud.log())
        for what in ("keys", "space", "cluster"):
            for result in (stack.apply(5, "--no-escrow", "--replace", what), stack.plan(5, "--replace", what)):
                check("E0933" in result.err and "secret.secret_key_base" in result.err, result.err)
                check("secrets: { escrow" in " ".join(result.err.split()), result.err)
        equal(cloud.writes(since), [], "nothing was sent")
        stack.apply(0, "--no-escrow", "--replace", "prepare")


def test_keys_outlive_their_namespace_and_a_run_that_dies_without_them():
    dead = {"rules": [{"match": {"method": "PATCH", "path": "*/secrets/keys"}, "do": "hang", "when": "before",
                       "times": 1}]}
    identity = ("--identity", "key.txt")
    with Cloud() as cloud, Escrow(cloud, in_a_namespace(INSTANCE)) as stack:
        stack.apply(0, *identity)
        before = stack.values()
        check("E0933" in stack.apply(5, "--replace", "space").err, "the escrow has to be open")
        (stack.dir / "secrets.age").unlink()
        cloud.restart(dead)
        process = stack.start("apply", "--yes", "--replace", "space", *identity)
        until("the Secret is about to be made anew",
              lambda: any(str(e.get("fault", "")).startswith("hang") for e in cloud.log()))
        process.kill()
        process.communicate()
        cloud.restart()
        stack.apply(0, *identity)
        stack.plan(0, *identity)
        for name in ("SECRET_KEY_BASE", "VAPID_PRIVATE_KEY"):
            equal(stack.values()[name], before[name], name)


def test_what_is_shown_once_and_reached_nobody_is_made_anew():
    """Killed when the key was made, and before the only Secret that takes it was."""
    plan = UNKEPT.replace("resources:\n", KEYS[:KEYS.index("outputs:")], 1).replace(
        "        BASE:", "        MEDIA: ${media_key.secret_key}\n        BASE:")
    dead = {"rules": [{"match": {"method": "PATCH", "path": "*/secrets/keys"}, "do": "hang", "when": "before",
                       "times": 1}]}
    with Cloud(faults=dead) as cloud, Stack(cloud, plan) as stack:
        process = stack.start("apply", "--yes", "--no-escrow")
        until("the Secret is about to be made",
              lambda: any(str(e.get("fault", "")).startswith("hang") for e in cloud.log()))
        process.kill()
        process.communicate()
        lost = live_key(cloud)
        cloud.restart()
        out = " ".join(stack.plan(2, "--detailed-exitcode").out.split())
        check("nobody has its secret any more" in out, out)
        stack.apply(0, "--no-escrow")
        check(len(live_key(cloud)) == 1 and live_key(cloud) != lost, "another key, and one only")
        check("No changes" in stack.plan(0).out, "the cluster knows its secret")


def test_what_is_shown_once_is_found_in_a_text_again_or_told():
    """Without an escrow: as a part of a Secret's text, and where it cannot be read back."""
    head = UNKEPT.replace("resources:\n", KEYS[:KEYS.index("outputs:")], 1)
    text = head.replace("        BASE:", "        MEDIA: \"[media]\\nkey=${media_key.secret_key} # of ${media.name}\"\n"
                        "        BASE:")
    with Cloud() as cloud, Stack(cloud, text) as stack:
        stack.apply(0, "--no-escrow")
        result = stack.plan(0)
        check("No changes" in result.out and not result.err, result)
        stack.write(text.replace("[media]", "[another]"))
        said = stack.plan(2, "--detailed-exitcode").out
        check("media_key" in said and "nobody has its secret any more" in " ".join(said.split()), said)
        stack.write(head.replace("        BASE:", "        MEDIA: ${base64encode(media_key.secret_key)}\n        BASE:"))
        said = " ".join(stack.apply(1, "--no-escrow").err.split())
        check("W0210" in said and "--replace 'media_key'" in said, said)
        check("not known by now: media_key.secret_key" in said, said)
        before = live_key(cloud)
        stack.apply(0, "--no-escrow", "--replace", "media_key")
        check(len(live_key(cloud)) == 1 and live_key(cloud) != before, "another key")


def test_without_an_escrow():
    with Cloud() as cloud, Stack(cloud, UNKEPT) as stack:
        err = stack.apply(5).err
        check("there is no escrow" in err and "--no-escrow" in err, err)
        equal(cloud.writes(), [], "nothing was sent")
        stack.apply(0, "--no-escrow")
        check("No changes" in stack.plan(0).out, "the cluster knows them")
        stack.destroy(0, "--confirm", "social")
        equal([t["name"] for t in cloud.all("/v2/tags", "tags") if t["name"].startswith("mok:")], [], "tags")


if __name__ == "__main__":
    sys.exit(run_tests([f for name, f in sorted(globals().items()) if name.startswith("test_")]))
