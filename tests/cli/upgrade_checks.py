#!/usr/bin/env python3
"""What mok upgrade looks at before it begins and after it is done, and what it notes."""
import base64
import hashlib
import http.client
import json
import os
import re
import select
import sys

from instance import Browser
from lib import MOK, ROOT, Cloud, Stack, check, equal, fork_on_terminal, run_tests, until
from upgrade import JOBS, NEW, OLD, Instance, kill_at, plan_of

DAEMON_SETS = "/apis/apps/v1/namespaces/mastodon/daemonsets"
PODS = "/api/v1/namespaces/mastodon/pods"
SECRETS = "/api/v1/namespaces/mastodon/secrets"
RECORD = "/api/v1/namespaces/mastodon/configmaps/mastodon-upgrade"


def said(result):
    """In one line: what it says is wrapped."""
    return re.sub(r"\s+", " ", result.err)


NO_BACKUPS = {"match": {"path": "/v2/databases/*/backups"}, "do": "status", "status": 200,
              "body": {"backups": [{"created_at": "2020-01-01T00:00:00Z", "size_gigabytes": 1}]}}
# What the fault file says: the check that meets it, and what it says.
UNWELL = [
    ({"do": "queue_late", "match": {"name": "push"}}, "queues",
     "the oldest of 5000 jobs in the queue push waits for 900 s"),
    ({"do": "disk_full", "match": {"kind": "Database"}}, "disk", "has 10 % of its disk"),
    ({"do": "connections_taken"}, "connections", "of 97 connections to the database 96 are in use"),
    ({"do": "index_invalid"}, "indexes", "1 index of the database is invalid: index_statuses"),
    (NO_BACKUPS, "backup", "is of 2020-01-01T00:00:00Z, more than 24 hours ago"),
]


def test_preflight_refuses_what_is_unwell():
    with Cloud(speed=60) as cloud, Instance(cloud) as stack:
        for rule, name, words in UNWELL:
            stack.restart([rule])
            refused = stack.upgrade(NEW, code=5)
            check(f"{name}: " in said(refused) and words in said(refused), refused.err)
            check(f"with --skip-check {name}" in said(refused), refused.err)
            for _, other, _ in UNWELL:
                check(other == name or f"{other}: well" in said(refused), refused.err)
        check(f'version: "{OLD}"' in (stack.dir / "mok.yaml").read_text(), "the plan is as it was")
        equal(stack.jobs(), [], "no migrations")
        stack.restart([rule for rule, _, _ in UNWELL])
        all_but_one = [a for _, name, _ in UNWELL[1:] for a in ("--skip-check", name)]
        check("queues: " in stack.upgrade(NEW, *all_but_one, code=5).err, "one is enough")
        check("no check \"disc\"" in stack.upgrade(NEW, "--skip-check", "disc", code=1).err, "typo")
        passed = stack.upgrade(NEW, *all_but_one, "--skip-check", "queues")
        check("Let pass: --skip-check backup" in said(passed), passed.err)
        stack.check_is(NEW)


def test_preflight_takes_what_is_in_use():
    """Not what is newest, where one went back to what was before."""
    with Cloud(speed=60) as cloud, Instance(cloud) as stack:
        def jobs_secrets():
            items = stack.cluster.ask("GET", SECRETS)["items"]
            return [i["metadata"]["name"] for i in items if i["metadata"]["name"].startswith("mastodon-jobs-")]

        first = jobs_secrets()
        stack.edit("default: not-a-password", "default: another-password")
        stack.run("apply", "--yes", timeout=400).expect(0)
        stack.edit("default: another-password", "default: not-a-password")
        stack.run("apply", "--yes", timeout=400).expect(0)
        equal((len(first), len(jobs_secrets())), (1, 2), "the newer one is there, too")
        stack.restart([{"do": "connections_taken"}])
        stack.upgrade(NEW, code=5)
        jobs = [j for j in stack.cluster.ask("GET", JOBS)["items"] if "preflight" in j["metadata"]["name"]]
        check(jobs and first[0] in json.dumps(jobs[0]), f"{first[0]} is not in {jobs}")


def test_preflight_wants_an_instance_that_answers():
    with Cloud(speed=60) as cloud, Instance(cloud) as stack:
        stack.cluster.ask("DELETE", "/api/v1/namespaces/mastodon/services/mastodon-web")
        refused = stack.upgrade(NEW, code=5)
        check("answers: /api/v2/instance does not answer well from here: 2 of 2 answers are errors, the last one: status 503" in said(refused), refused.err)
        check("with --skip-check answers" in said(refused), refused.err)


def test_preflight_wants_the_keys_in_an_escrow():
    class Own(Stack):
        """Of an account: --sandbox has an escrow of its own."""

    keyed = {"MOK_PASSPHRASE": "a passphrase"}
    with Cloud(speed=60) as cloud, Own(cloud, plan_of(OLD)) as stack:
        stack.run("apply", "--yes", "--no-escrow", timeout=400).expect(0)
        refused = stack.run("upgrade", NEW, "--yes").expect(5)
        check("escrow: only the cluster has the keys" in said(refused), refused.err)
        stack.write((stack.dir / "mok.yaml").read_text() + "\nsecrets: { escrow: keys.age }\n")
        stack.run("upgrade", NEW, "--yes", env=keyed, timeout=400).expect(0)
        check((stack.dir / "keys.age").exists(), "it is current now")


def sign_in(stack):
    browser = Browser(stack.cloud)
    browser.sign_in(*stack.owner())
    return browser


def open_stream(browser, headers):
    """Status and headers of the answer to one who asks for a WebSocket."""
    connection = http.client.HTTPConnection(browser.address, timeout=60)
    connection.request("GET", "/api/v1/streaming", headers={
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", **headers})
    answer = connection.getresponse()
    connection.close()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}


def test_a_stream_is_opened():
    """RFC 6455's own example, then mok's."""
    with Cloud(speed=60) as cloud, Instance(cloud) as stack:
        browser = sign_in(stack)
        status, headers = open_stream(browser, {})
        equal((status, headers["x-error-message"]), (401, "Missing access token"), "no token")
        equal(open_stream(browser, {"Authorization": "Bearer no"})[0], 401, "a wrong token")
        status, headers = open_stream(browser, browser.headers)
        equal((status, headers.get("sec-websocket-accept")), (101, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
              "granted")
        sent = hashlib.sha1(b"dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        equal(base64.b64encode(sent).decode(), headers["sec-websocket-accept"], "as the RFC says")
        token = browser.headers["Authorization"].removeprefix("Bearer ")
        failed = stack.run("upgrade", NEW, "--yes", env={"MOK_MASTODON_TOKEN": token[1:]}, timeout=400)
        check("/api/v1/streaming answers 401: Invalid access token" in said(failed.expect(3)), failed.err)
        done = stack.run("upgrade", "--yes", env={"MOK_MASTODON_TOKEN": token}, timeout=400).expect(0)
        check(token not in done.out + done.err + failed.out + failed.err, "the token is told to nobody")


def test_verify_looks_at_what_came_of_it():
    with Cloud(speed=60) as cloud, Instance(cloud) as stack:
        stack.edit("owner: { username: admin,", "owner: { username: nobody,")
        stack.restart([{"do": "jobs_die"}])
        failed = stack.upgrade(NEW, code=3)
        check("resource=acct:nobody@small.mastodon.example answers 404" in said(failed), failed.err)
        check("--skip-check webfinger" in said(failed), failed.err)
        failed = stack.upgrade("--skip-check", "webfinger", code=3)
        check("jobs have died since the upgrade began" in said(failed), failed.err)
        check("nothing to do" not in said(failed), "it is not complete")
        stack.edit("owner: { username: nobody,", "owner: { username: admin,")
        stack.restart([{"do": "queue_late", "match": {"name": "ingress"}}])
        failed = stack.upgrade(code=3)
        check("in the queue ingress wait for 900 s, and that does not fall" in said(failed), failed.err)
        stack.restart()
        stack.upgrade()
        stack.check_is(NEW)


def test_what_happened_is_noted():
    with Cloud(speed=60) as cloud, Instance(cloud) as stack:
        kill_at(stack, "web")
        begun = stack.cluster.ask("GET", RECORD)["data"]
        equal((begun["from"], begun["to"], begun["schema_before"]), (OLD, NEW, OLD), "begun")
        check("finished_at" not in begun, "it is not complete")
        stack.upgrade()
        noted = stack.cluster.ask("GET", RECORD)["data"]
        for key in ("from", "to", "started_at", "vitals"):
            equal(noted[key], begun[key], f"{key} is the first run's")
        equal(noted["schema"], NEW, "the schema")
        check(noted["image"].startswith(f"ghcr.io/mastodon/mastodon:v{NEW}"), noted["image"])
        check(noted["started_at"] <= noted["restore_to"] <= noted["finished_at"], f"times: {noted}")
        timings = json.loads(noted["timings"])
        check({"preflight", "migrate-pre", "sidekiq", "migrate-post"} <= set(timings), f"{timings}")
        facts = {f["name"]: f["text"] for f in stack.status()["instance"]}
        check(facts["last upgrade"].startswith(f"from {OLD} to {NEW}, complete"), f"{facts}")


def jobs_of(stack):
    """Whole names of Jobs, without the hash: [(name, images)]."""
    found = {}
    for job in stack.cluster.ask("GET", JOBS)["items"]:
        pod = job["spec"]["template"]["spec"]
        images = [c["image"] for c in pod.get("initContainers", []) + pod["containers"]]
        found[re.sub(r"-[0-9a-f]{10}$", "", job["metadata"]["name"])] = images
    return found


def test_a_large_instance_is_dumped_and_its_assets_are_copied():
    text = (ROOT / "plans/large.yaml").read_text()
    with Cloud(speed=60) as cloud, Instance(cloud, text=text) as stack:
        stack.upgrade(NEW)
        jobs = jobs_of(stack)
        dump, assets = jobs["mastodon-pg-dump-4-7-6"], jobs["mastodon-assets-copy-4-7-6"]
        check(re.match(r"docker\.io/library/postgres:\d+@sha256:", dump[0]), f"the server's own: {dump}")
        check(assets[0].startswith(f"ghcr.io/mastodon/mastodon:v{NEW}@sha256:"), f"the new ones: {assets}")
        noted = stack.cluster.ask("GET", RECORD)["data"]
        check(noted["dumped_at"] < noted["restore_to"], f"before migrations end: {noted}")
        stack.check_is(NEW)


def test_the_guides_instance_has_neither():
    text = (ROOT / "plans/guide.yaml").read_text()
    with Cloud(speed=60) as cloud, Instance(cloud, text=text) as stack:
        before = len(cloud.log())
        done = json.loads(stack.upgrade(NEW, "--format", "json").out)
        idle = [s["name"] for s in done["steps"] if s["state"] == "nothing to do"]
        check({"assets", "dump"} <= set(idle), f"nothing to do: {idle}")
        reads = sum(e["path"] == "/v2/vpcs" for e in cloud.log()[before:])
        check(reads <= 16, f"what has nothing to do reads nothing: the account was read {reads} times")
        offers = sum(e["path"] == "/v2/sizes" for e in cloud.log()[before:])
        check(offers <= 2, f"what is on offer is the same all along: it was read {offers} times")
        stack.check_is(NEW)


def daemon_sets(stack):
    return [d["metadata"]["name"] for d in stack.cluster.ask("GET", DAEMON_SETS)["items"]]


def test_images_are_pulled_before():
    """By the plan's word; killed meanwhile; where an image is not to be had; by the option."""
    missing = [{"do": "image_pull", "match": {"kind": "DaemonSet", "name": "mastodon-pre-pull"}}]
    with Cloud(speed=60) as cloud, Instance(cloud) as stack:
        stack.edit("mastodon:\n", "mastodon:\n  upgrade: { pre_pull: true }\n")
        stack.restart(missing)
        process = stack.start("--sandbox", "upgrade", NEW, "--yes")
        until("its pods wait for an image", lambda: [p for p in stack.cluster.ask("GET", PODS)["items"]
              if "pre-pull" in p["metadata"]["name"]
              and "ImagePullBackOff" in json.dumps(p.get("status"))])
        process.kill()
        process.communicate()
        equal(daemon_sets(stack), ["mastodon-pre-pull"], "what is left")
        equal(set(stack.versions().values()), {OLD}, "nothing has rolled")
        stack.restart()
        done = json.loads(stack.upgrade("--format", "json").out)
        equal({s["name"]: s["state"] for s in done["steps"]}["pre-pull"], "done", "the step")
        equal(daemon_sets(stack), [], "it is gone")
        stack.check_is(NEW)


def test_web_that_answers_with_errors_is_put_back():
    """Its pods are ready, since /health asks no database; what they are asked for fails."""
    with Cloud(speed=60) as cloud, Instance(cloud) as stack:
        stack.edit("mastodon:\n", "mastodon:\n  extra_env: { PREPARED_STATEMENTS: \"true\" }\n")
        failed = stack.upgrade(NEW, code=3)
        check("answers are errors, the last one: status 500" in said(failed), failed.err)
        check("its pods of before are back" in said(failed), failed.err)
        until("the new pods have ended", lambda: stack.versions()["web"] == OLD)
        equal(stack.versions()["sidekiq-default"], NEW, "what rolled before it")
        equal(sign_in(stack).ask("GET", "/about")[0], 200, "it answers well")
        # Where nobody is asked, web is not judged: the upgrade goes on to the next step.
        kill_at(stack, "streaming", more=("--skip-check", "answers"))
        stack.edit("  extra_env: { PREPARED_STATEMENTS: \"true\" }\n", "")
        stack.upgrade()
        stack.check_is(NEW)


def contents(stack):
    """How many contents there are of each ConfigMap and Secret of the instance."""
    count = {}
    for kind in ("configmaps", "secrets"):
        for item in stack.cluster.ask("GET", f"/api/v1/namespaces/mastodon/{kind}")["items"]:
            name = re.sub(r"-[0-9a-f]{10}$", "", item["metadata"]["name"])
            count[kind, name] = count.get((kind, name), 0) + 1
    return count


def test_old_contents_go():
    with Cloud(speed=60) as cloud, Instance(cloud, "4.6.1") as stack:
        for version in ("4.6.2", "4.6.3", "4.6.4", OLD):
            text = re.sub(r"\n  extra_env: .*", "", (stack.dir / "mok.yaml").read_text())
            stack.write(text.replace("\n  version:", f'\n  extra_env: {{ SEEN: "{version}" }}\n  version:'))
            done = stack.upgrade(version)
        check("dump" not in json.loads(stack.cluster.ask("GET", RECORD)["data"]["timings"]), "a patch")
        check("the last upgrade, 4.6.3 to 4.6.4, took:" in re.sub(r"\s+", " ", done.out), done.out)
        equal(contents(stack)["configmaps", "mastodon-web"], 3, "contents of mastodon-web")
        equal(contents(stack)["secrets", "mastodon-web"], 1, "what did not change")
        stack.check_is(OLD)


class Terminal:
    """A run of mok upgrade on a terminal of its own."""

    def __init__(self, stack, *arguments):
        self.pid, self.fd = fork_on_terminal()
        self.seen = ""
        if self.pid == 0:
            os.chdir(stack.dir)
            os.execve(MOK, [MOK, "--sandbox", "upgrade", *arguments],
                      stack.environment({"TERM": "xterm"}))

    def read_to(self, words):
        """Until it asks that, or ends."""
        while words is None or words not in self.seen:
            check(select.select([self.fd], [], [], 120)[0], f"nothing for long: {self.seen[-800:]}")
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                check(words is None, f"it ended without {words!r}: {self.seen[-800:]}")
                return
            self.seen += data.decode()

    def answer(self, question, text):
        self.read_to(question)
        os.write(self.fd, text.encode())

    def end(self, code):
        self.read_to(None)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        equal(os.waitstatus_to_exitcode(status), code, f"exit code: {self.seen[-1200:]}")
        return re.sub(r"\s+", " ", self.seen)


BEGIN = 'Only "yes" goes on:'
POINT = "Go on past the point of no return?"


def test_the_questions_on_a_terminal():
    with Cloud(speed=60) as cloud, Instance(cloud) as stack:
        terminal = Terminal(stack, NEW)
        terminal.answer(BEGIN, "y\n")
        check("nothing was changed" in terminal.end(1), terminal.seen)
        equal(set(stack.versions().values()), {OLD}, "what runs")
        terminal = Terminal(stack, NEW)
        terminal.answer(BEGIN, "yes\n")
        terminal.answer(POINT, "no\n")
        check("stopped before the point of no return" in terminal.end(3), terminal.seen)
        check("mastodon-migrate-post-4-7-6" not in stack.jobs(), "no migration after that")
        terminal = Terminal(stack)
        terminal.answer(BEGIN, "yes\n")
        terminal.answer(POINT, "\x03")
        check("interrupted" in terminal.end(130), terminal.seen)
        equal(set(stack.versions().values()), {NEW}, "what runs")
        check("mastodon-migrate-post-4-7-6" not in stack.jobs(), "no migration after that either")
        check("restore_to" not in stack.cluster.ask("GET", RECORD)["data"], "nobody went past it")
        terminal = Terminal(stack, "--rollback")
        terminal.answer(BEGIN, "yes\n")
        terminal.end(0)
        stack.check_is(OLD)
        terminal = Terminal(stack, NEW)
        terminal.answer(BEGIN, "yes\n")
        terminal.answer(POINT, "yes\n")
        terminal.end(0)
        stack.check_is(NEW)


if __name__ == "__main__":
    sys.exit(run_tests([f for name, f in list(globals().items()) if name.startswith("test_")]))
