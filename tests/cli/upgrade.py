#!/usr/bin/env python3
"""Day two of an instance: which changes plan and apply refuse, and what mok upgrade does."""
import http.client
import json
import random
import re
import signal
import sys
import threading
import time
import urllib.parse

from instance import WEB, Browser, Cluster
from lib import ROOT, Cloud, Stack, check, equal, run_tests, until

PLAN = (ROOT / "plans/small.yaml").read_text()


MEDIUM = (ROOT / "plans/medium.yaml").read_text()
OLD, NEW = "4.6.5", "4.7.6"
STEPS = ["preflight", "configuration", "pre-pull", "assets", "dump", "migrate-pre", "sidekiq", "scheduler", "web",
         "streaming", "others", "old pods", "migrate-post", "jobs", "verify", "clean up"]
LATE = STEPS[STEPS.index("migrate-post"):]
JOBS = "/apis/batch/v1/namespaces/mastodon/jobs"
MERGE = "application/strategic-merge-patch+json"


def plan_of(version, text=PLAN):
    return re.sub(r'^  version: .*$', f'  version: "{version}"', text, count=1, flags=re.M)


class Instance(Stack):
    """A stack with an instance of that version in it. The cloud is served from where --sandbox looks
    for it, so that secrets are kept."""

    def __init__(self, cloud, version=OLD, text=PLAN):
        super().__init__(cloud, plan_of(version, text))
        cloud.stop()
        cloud.start(folder=self.dir / ".mok/sandbox")
        done = self.run("apply", "--yes", timeout=400)
        equal(done.code, 0, f"apply: {done.err[-2000:]}")
        self.cluster = Cluster(cloud)

    def restart(self, faults=None):
        self.cloud.stop()
        self.cloud.start(faults, folder=self.dir / ".mok/sandbox")
        self.cluster = Cluster(self.cloud)

    def __exit__(self, *_):
        self.cloud.stop()
        super().__exit__()

    def run(self, *arguments, **options):
        return super().run("--sandbox", *arguments, **options)

    def status(self):
        return json.loads(self.run("status", "--format", "json").out)

    def versions(self):
        """Of each tier, as its pods or else its Deployment say."""
        return {t["name"]: t["version"] for t in self.status()["tiers"]}

    def upgrade(self, *arguments, code=0):
        return self.run("upgrade", "--yes", *arguments, timeout=400).expect(code)

    def owner(self):
        """Mail address and password of the first account."""
        out = self.run("secrets", "export", "--show").expect(0).out
        email = re.search(r"owner_email: .*default: ([^ }]+)",
                          (self.dir / "mok.yaml").read_text()).group(1)
        return email, re.search(r"^OWNER_PASSWORD=[\"']?([^\"'\n]+)", out, re.M).group(1)

    def jobs(self):
        """The Jobs of migrations that are there."""
        names = [j["metadata"]["name"] for j in self.cluster.ask("GET", JOBS)["items"]]
        return sorted(re.sub(r"-[0-9a-f]{10}$", "", n) for n in names if "migrate" in n)

    def set_image(self, name, image):
        """As kubectl set image does, behind mok's back."""
        path = WEB.replace("mastodon-web", f"mastodon-{name}")
        container = self.cluster.ask("GET", path)["spec"]["template"]["spec"]["containers"][0]
        self.cluster.ask("PATCH", path, {"spec": {"template": {"spec": {"containers": [
            {"name": container["name"], "image": image}]}}}}, MERGE)

    def check_is(self, version):
        """All of it runs that version, is well, and is as the plan says."""
        state = self.status()
        equal(set(t["version"] for t in state["tiers"]), {version}, "what runs")
        check(state["well"], f"all is well: {state}")
        check("No changes" in self.run("plan").expect(0).out, "the plan is empty")

    def edit(self, before, after):
        text = (self.dir / "mok.yaml").read_text()
        check(before in text, f"{before} is in the plan")
        self.write(text.replace(before, after))

    def set_version(self, version):
        self.write(plan_of(version, (self.dir / "mok.yaml").read_text()))


def test_apply_refuses_another_version():
    with Cloud() as cloud, Instance(cloud) as stack:
        stack.set_version("4.7.6")
        plan = stack.run("plan").expect(0)
        check("W0931" in plan.err and "mok upgrade" in plan.err, plan.err)
        refused = stack.run("apply", "--yes").expect(5)
        check("mok upgrade" in refused.err and "4.6.5" in refused.err, refused.err)
        equal(set(stack.versions().values()), {"4.6.5"}, "what runs")


def test_a_minor_version_stands_for_what_runs():
    with Cloud() as cloud, Instance(cloud, "4.6.2") as stack:
        stack.set_version("4.6")
        plan = stack.run("plan").expect(0)
        check("W0931" not in plan.err, plan.err)
        check("4.6.5" not in plan.out, plan.out)
        check("v4.6.2" not in plan.out, "no image changes")
        stack.set_version("4.7")
        check("W0931" in stack.run("plan").expect(0).err, "but of another it is a change")


def test_what_is_frozen():
    with Cloud() as cloud, Instance(cloud) as stack:
        domain = re.search(r"^    default: (\S+\.example)$", PLAN, re.M).group(1)
        stack.edit("  domain: ${var.domain}\n  media", "  domain: other.example\n  media")
        plan = stack.run("plan").expect(5)
        check("E0930" in plan.err and domain in plan.err, plan.err)
        check(re.search(r"mok\.yaml:\d+:11", plan.err), f"the place is shown: {plan.err}")
        check("E0930" in stack.run("apply", "--yes").expect(5).err, "apply too")
        stack.edit("  domain: other.example\n", "  domain: ${var.domain}\n")
        check("E0930" not in stack.run("plan").err, "nothing was sent, so it can be put back")


class Client(Browser):
    """One that keeps its connection."""

    def __init__(self, cloud, headers):
        super().__init__(cloud)
        self.headers = headers
        self.connection = http.client.HTTPConnection(self.address, timeout=60)

    def ask(self, method, path, form=None):
        body = urllib.parse.urlencode(form) if form else None
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        self.connection.request(method, path, body, {**self.headers, **kind})
        answer = self.connection.getresponse()
        return answer.status, None, answer.read().decode()


class Poller:
    """Clients that ask for pages and posts all the time, and count what they get."""

    def __init__(self, stack, clients=6):
        cloud = stack.cloud
        self.failures, self.versions, self.asked = [], set(), 0
        self.until, self.began = threading.Event(), time.monotonic()
        self.token = Browser(cloud)
        self.token.sign_in(*stack.owner())
        self.token.json("POST", "/api/v1/statuses", {"status": "before"})
        self.threads = [threading.Thread(target=self.client, args=(cloud,)) for _ in range(clients)]

    def ask(self, browser, method, path, form=None):
        try:
            status, _, text = browser.ask(method, path, form)
        except OSError as error:
            status, text = 0, str(error)
        self.asked += 1
        if status != 200:
            self.failures.append((method, path, status, text[:200]))
        return status, text

    def client(self, cloud):
        browser = Client(cloud, self.token.headers)
        while not self.until.is_set():
            self.ask(browser, "GET", "/about")
            self.ask(browser, "GET", "/api/v1/timelines/home")
            self.ask(browser, "POST", "/api/v1/statuses", {"status": "during"})
            status, text = self.ask(browser, "GET", "/api/v2/instance")
            if status == 200:
                self.versions.add(json.loads(text)["version"])
            time.sleep(0.01)

    def __enter__(self):
        self.began = time.monotonic()
        for thread in self.threads:
            thread.start()
        time.sleep(0.5)
        return self

    def __exit__(self, *_):
        time.sleep(0.5)
        self.until.set()
        for thread in self.threads:
            thread.join()
        self.rate = self.asked / (time.monotonic() - self.began)
        print(f"      {self.asked} requests, {self.rate:.0f} a second", flush=True)


def test_nobody_notices_an_upgrade():
    with Cloud(speed=60) as cloud, Instance(cloud, text=MEDIUM) as stack:
        with Poller(stack) as poller:
            stack.upgrade(NEW)
        equal(poller.failures[:3], [], f"of {poller.asked} requests")
        equal(poller.versions, {OLD, NEW}, "versions that answered")
        check(poller.rate >= 50, f"{poller.rate:.0f} requests a second")
        stack.check_is(NEW)


RUDE = """  patches:
    - target: { kind: Deployment, name: mastodon-web }
      patch: { spec: { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 100% } } } }
"""


def test_all_pods_at_once_would_be_noticed():
    text = PLAN.replace("\noutputs:", RUDE + "\noutputs:")
    with Cloud(speed=60) as cloud, Instance(cloud, text=text) as stack:
        with Poller(stack) as poller:
            stack.upgrade(NEW)
        check(poller.failures, "requests fail while no pod is there")


def test_skipped_migrations_would_be_noticed():
    with Cloud(speed=60) as cloud, Instance(cloud) as stack:
        with Poller(stack) as poller:
            stack.set_image("web", f"ghcr.io/mastodon/mastodon:v{NEW}")
            time.sleep(8)
        check(poller.failures, "requests fail on the old schema")


def kill_at(stack, step, how=signal.SIGKILL, more=()):
    """Begins or goes on with the upgrade, and ends it a moment after that step has begun. The last
    steps are quick: there it may be too late."""
    process = stack.start("--sandbox", "upgrade", NEW, "--yes", *more)
    line = f"Step {STEPS.index(step) + 1} of {len(STEPS)}: {step}\n"
    seen = ""
    for text in process.stderr:
        seen += text
        if text == line:
            time.sleep(random.random() * (0 if step in LATE else 0.4))
            process.send_signal(how)
            break
    process.communicate(timeout=120)
    check(line in seen or (step in LATE and "already" in seen), f"{step} was reached:\n{seen}")
    return process.returncode


def test_killed_at_every_step_it_ends_the_same():
    random.seed(1)
    with Cloud(speed=60) as cloud, Instance(cloud) as stack:
        ends = [kill_at(stack, step) for step in STEPS]
        check(ends[:len(STEPS) - len(LATE)] == [-signal.SIGKILL] * (len(STEPS) - len(LATE)), f"it was killed: {ends}")
        stack.upgrade()
        stack.check_is(NEW)
        equal(stack.jobs(), ["mastodon-migrate-post-4-7-6"], "Jobs of migrations")
        check("nothing to do" in stack.upgrade().err, "and there is nothing to do")


def test_interrupted_it_goes_on():
    with Cloud(speed=60) as cloud, Instance(cloud) as stack:
        equal(kill_at(stack, "migrate-pre", signal.SIGINT), 130, "interrupted")
        mixed = stack.run("apply", "--yes").expect(5)
        check("mok upgrade" in mixed.err, mixed.err)
        facts = {f["name"]: f["text"] for f in stack.status()["instance"]}
        check(f"from {OLD} to {NEW} is not complete" in facts["upgrade"], f"status: {facts}")
        stack.upgrade()
        stack.check_is(NEW)


def test_back_before_the_point_of_no_return():
    with Cloud(speed=60) as cloud, Instance(cloud) as stack:
        before = (stack.dir / "mok.yaml").read_bytes()
        kill_at(stack, "streaming")
        until("web is new, its last old pod gone", lambda: stack.versions()["web"] == NEW)
        stack.upgrade("--rollback")
        stack.check_is(OLD)
        equal(stack.jobs(), [], "Jobs of migrations")
        equal((stack.dir / "mok.yaml").read_bytes(), before, "the plan is as it was")
        check("nothing to roll back" in stack.upgrade("--rollback").err, "once is enough")
        result = json.loads(stack.upgrade(NEW, "--format", "json").out)
        equal((result["from"], result["to"], result["result"]), (OLD, NEW, "done"), "forward again")
        stack.check_is(NEW)
        refused = stack.upgrade("--rollback", code=5)
        check("have begun" in refused.err, refused.err)


def test_failed_migrations_leave_the_old_version():
    faults = [{"do": "job_fails", "match": {"kind": "Job", "name": "mastodon-migrate-pre*"}}]
    with Cloud(speed=60) as cloud, Instance(cloud) as stack:
        stack.restart(faults)
        failed = stack.upgrade(NEW, code=3)
        check("mastodon-migrate-pre-4-7-6" in failed.err and "BackoffLimitExceeded" in failed.err,
              failed.err)
        check("Next: mok upgrade" in failed.out, failed.out)
        equal(set(stack.versions().values()), {OLD}, "what runs")
        stack.restart()
        check("it failed before" in stack.upgrade().err, "it is made anew")
        stack.check_is(NEW)


def test_a_rollout_of_web_that_fails_is_not_noticed():
    faults = [{"do": "crash_loop", "match": {"kind": "Deployment", "name": "mastodon-web"}}]
    with Cloud(speed=60) as cloud, Instance(cloud) as stack:
        stack.restart(faults)
        with Poller(stack) as poller:
            failed = stack.upgrade(NEW, code=3)
        equal(poller.failures[:3], [], f"of {poller.asked} requests")
        equal(poller.versions, {OLD}, "what answers")
        check("mastodon_web" in failed.err and "--rollback" in failed.out, failed.err)
        equal(stack.versions()["sidekiq-default"], NEW, "what rolled before it")
        stack.upgrade("--rollback")
        stack.restart()
        stack.check_is(OLD)


def test_what_is_refused():
    with Cloud(speed=60) as cloud, Instance(cloud) as stack:
        for version, words in (("4.5.15", "is older"), ("4.6.4", "is older"), ("9.9.9", "does not know")):
            check(words in stack.upgrade(version, code=5).err, version)
        stack.cluster.ask("PATCH", WEB.replace("-web", "-sidekiq-pull"), {"spec": {"template": {
            "spec": {"containers": [{"name": "sidekiq", "resources": {"requests": {
                "cpu": "1000"}}}]}}}}, MERGE)
        end = time.monotonic() + 60
        while stack.status()["well"] and time.monotonic() < end:
            time.sleep(0.2)
        check("mastodon-sidekiq-pull is not healthy" in stack.upgrade(NEW, code=5).err, "health")
        check(f'version: "{OLD}"' in (stack.dir / "mok.yaml").read_text(), "the plan is as it was")
        equal(stack.jobs(), [], "nothing was sent")
        asked = stack.run("upgrade", NEW)
        check(asked.code in (1, 5), "without a terminal there is no consent")


def test_minor_by_minor():
    with Cloud(speed=60) as cloud, Instance(cloud, "4.5.15") as stack:
        refused = stack.upgrade(NEW, code=5)
        check("more than one minor" in refused.err and "mok upgrade 4.6" in refused.err, refused.err)


def test_the_plan_stays_byte_for_byte():
    text = PLAN.replace("mastodon:\n", "mastodon: # ours \u00e9\n", 1)
    with Cloud(speed=60) as cloud, Instance(cloud, text=text) as stack:
        written = plan_of(OLD, text).replace(f'version: "{OLD}"', f"version:   '{OLD}'   # keep \u00e9")
        stack.write(written)
        (stack.dir / "mok.yaml").chmod(0o640)
        stack.upgrade(NEW)
        equal((stack.dir / "mok.yaml").read_text(), written.replace(OLD, NEW), "the plan")
        equal((stack.dir / "mok.yaml").stat().st_mode & 0o777, 0o640, "its mode")
        stack.edit(f"'{NEW}'", "4.7")
        check("nothing to do" in stack.upgrade().err, "4.7 stands for what runs")


if __name__ == "__main__":
    sys.exit(run_tests([f for name, f in list(globals().items()) if name.startswith("test_")]))
