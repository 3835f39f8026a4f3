#!/usr/bin/env python3
"""The whole of mok upgrade in a real Kubernetes: upgrade_life.py TOOLS. The tests are one story, in this order:
an instance that is upgraded in vain, in part, and to the end; what happened is read in the API server's own
order, not in mok's words.

Played by instance_players.py is what needs a node: pods start by KWOK; those of Jobs end, and have logs, by the
test, which keeps what they would do to the database; the instance answers through the pods that its Services
reach. Add-ons are small charts by the real Helm. Three settings are the plan's own: a Job that fails is not tried
again, streaming's pods count after a second instead of thirty, and web's after two, so that there is time to look. All but the last upgrade leave out the minute
in which web has to answer well (--skip-check answers). What cannot be played: limits of DigitalOcean's API, which
would be kept to in real time, and Puma's metrics, since kube-apiserver asks nobody on loopback for them."""
import json
import pathlib
import re
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import helm_life  # noqa: E402
from argocd import ChartHosts, Players, Recorder  # noqa: E402
from argocd_life import charts, in_order, is_rolled_out, job_is_complete, managers  # noqa: E402
from control_plane import ControlPlane  # noqa: E402
from instance_players import (NS, Database, Front, HelmKubelet, JobKubelet, component_of, needs_of,  # noqa: E402
                              start_kwok, version_of)
from lib import ROOT, Cloud, Stack, check, equal, run_tests, until  # noqa: E402

FIRST, OLD, NEW = "4.5.15", "4.6.5", "4.7.6"
NAME, DOMAIN = "mastodon-m", "medium.mastodon.example"
APPS, BATCH = "/apis/apps/v1/namespaces/mastodon", "/apis/batch/v1/namespaces/mastodon"
WATCHED = (f"{NS}/pods", f"{NS}/configmaps", f"{NS}/secrets", f"{APPS}/deployments", f"{APPS}/replicasets",
           f"{BATCH}/jobs", f"{BATCH}/cronjobs")
SIDEKIQ = ["sidekiq-default", "sidekiq-push", "sidekiq-ingress", "sidekiq-pull", "sidekiq-mailers"]
TIERS = [*SIDEKIQ, "sidekiq-scheduler", "web", "streaming"]
QUICKLY = ("--skip-check", "answers")
SETTINGS = """  patches:
    - { target: { kind: Job }, patch: { spec: { backoffLimit: 0 } } }
    - { target: { kind: Deployment, name: mastodon-streaming }, patch: { spec: { minReadySeconds: 1 } } }
    - { target: { kind: Deployment, name: mastodon-web }, patch: { spec: { minReadySeconds: 2 } } }

secrets: { escrow: kept.age, recipients: [age18z04l5hpshnqn6fld7ju5cjq05yxdc869z8xmkmhpzr4hxtdj9sqy3r5vs] }
"""
KEY = "AGE-SECRET-KEY-1WNJ79MVRAKH8QEKWDSHWV7GSDT7UFHYMK3CXTTA6SR29ZWM6CMSQWE53HN\n"  # of the tests
STORY = None


def plan_of(version):
    text = (ROOT / "plans/medium.yaml").read_text()
    text = re.sub(r"^  version: .*$", f'  version: "{version}"', text, count=1, flags=re.M)
    return text.replace("\noutputs:", f"{SETTINGS}\noutputs:")


class Story:
    def __init__(self, plane, kubelet):
        self.plane, self.kubelet, self.recorder = plane, kubelet, None
        self.cloud = Cloud()
        self.front = Front(plane, self.cloud, DOMAIN)
        self.stack = Stack(self.cloud, plan_of(FIRST))
        (self.stack.dir / "kubeconfig").write_text(plane.kubeconfig())
        (self.stack.dir / "key.txt").write_text(KEY)
        self.env = {"MOK_AGE_IDENTITY": "key.txt", **self.front.environment}

    def mok(self, *arguments, code=0):
        return self.stack.run("--kubeconfig", "kubeconfig", *arguments, env=self.env, timeout=300).expect(code)

    def start(self, *arguments):
        return self.stack.start("--kubeconfig", "kubeconfig", *arguments, env=self.env)

    def get(self, path):
        status, body = self.plane.request("GET", path)
        equal(status, 200, f"GET {path}")
        return body

    def now(self):
        """The API server's revision."""
        return int(self.get(f"{NS}/configmaps")["metadata"]["resourceVersion"])

    def deployments(self):
        return {o["metadata"]["name"].removeprefix("mastodon-"): o for o in self.get(f"{APPS}/deployments")["items"]}

    def jobs(self):
        """The Jobs of upgrades that are there."""
        names = [o["metadata"]["name"] for o in self.get(f"{BATCH}/jobs")["items"]]
        return sorted(re.sub(r"^mastodon-|-[0-9a-f]{10}$", "", n) for n in names if re.search(r"-[0-9a-f]{10}$", n))

    def record(self):
        return self.get(f"{NS}/configmaps/mastodon-upgrade")["data"]

    def check_empty_plan(self):
        check("No changes" in self.mok("plan", "--detailed-exitcode").out, "the plan is empty")

    def close(self):
        self.stack.__exit__()
        self.cloud.close()


# ---- what happened, by the API server's revisions ----

class History:
    """Since a revision."""

    def __init__(self, since):
        self.since = since
        STORY.recorder.catch_up()
        self.events = sorted((e for e in list(STORY.recorder.events) if e[0] > since), key=lambda e: e[0])

    def of(self, kind, component, deleted=False):
        """[(revision, object)]"""
        return [(at, o) for at, what, o in self.events
                if o["kind"] == kind and component_of(o) == component and (what == "DELETED") == deleted]

    def first(self, kind, component, so=lambda o: True):
        return min((at for at, o in self.of(kind, component) if so(o)), default=None)

    def rolls(self, components, version):
        """Those of Deployments begin; all are rolled out."""
        is_new = lambda o: version_of(o["spec"]["template"]["spec"]) == version
        begun = [self.first("Deployment", c, is_new) for c in components]
        ended = [self.first("Deployment", c, lambda o: is_new(o) and is_rolled_out(o)) for c in components]
        check(all(begun) and all(ended), f"{components} were rolled out: {begun} {ended}")
        return min(begun), max(ended)

    def job(self, component, version):
        """It is there; it is complete."""
        is_its = lambda o: version_of(o["spec"]["template"]["spec"]) == version
        return (self.first("Job", component, is_its),
                self.first("Job", component, lambda o: is_its(o) and job_is_complete(o)))

    def jobs(self, component, version):
        """How many there were."""
        return len({o["metadata"]["uid"] for _, o in self.of("Job", component)
                    if version_of(o["spec"]["template"]["spec"]) == version})

    def last_end(self, version):
        """When the last pod of that version was gone, Jobs' aside."""
        return max((at for c in TIERS for at, o in self.of("Pod", c, deleted=True)
                    if version_of(o["spec"]) == version), default=None)

    def first_pod(self, version):
        return min((at for at, what, o in self.events if what == "ADDED" and o["kind"] == "Pod"
                    and component_of(o) in TIERS and version_of(o["spec"]) == version), default=None)

    def configuration(self, version):
        """A ConfigMap that each version has a part of."""
        return min((at for at, what, o in self.events if o["metadata"]["name"] == "mastodon-dashboard-web"
                    and o["metadata"]["labels"]["app.kubernetes.io/version"] == version), default=None)

    def most_at_once(self, component):
        """Pods that are there at the same time, those that end included."""
        there, most = set(), 0
        for at, what, o in self.events:
            if o["kind"] == "Pod" and component_of(o) == component:
                (there.discard if what == "DELETED" else there.add)(o["metadata"]["uid"])
                most = max(most, len(there))
        return most


def check_order(h, old, new):
    """docs/upgrading.md, from the outside."""
    preflight, pre, post = h.job("preflight", old), h.job("migrate-pre", new), h.job("migrate-post", new)
    sidekiq, scheduler = h.rolls(SIDEKIQ, new), h.rolls(["sidekiq-scheduler"], new)
    web, streaming = h.rolls(["web"], new), h.rolls(["streaming"], new)
    clock = h.first("CronJob", "media-remove",
                    lambda o: version_of(o["spec"]["jobTemplate"]["spec"]["template"]["spec"]) == new)
    in_order([("the preflight has ended", preflight[1]), ("configuration is new", h.configuration(new)),
              ("migrate-pre is made", pre[0]),
              ("it has ended", pre[1]), ("Sidekiq rolls", sidekiq[0]), ("the first new pod", h.first_pod(new)),
              ("Sidekiq has rolled", sidekiq[1]), ("the scheduler goes", scheduler[0]),
              ("it is back", scheduler[1]), ("web rolls", web[0]), ("web has rolled", web[1]),
              ("streaming rolls", streaming[0]), ("streaming has rolled", streaming[1]),
              ("the last old pod is gone", h.last_end(old)), ("migrate-post is made", post[0]),
              ("it has ended", post[1])])
    in_order([("streaming has rolled", streaming[1]), ("what runs by the clock is new", clock),
              ("migrate-post is made", post[0])])
    return pre, post


def serves(pod):
    return "deletionTimestamp" not in pod["metadata"] and any(
        c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))


def fewest_that_serve(h, component):
    """Of pods, at any time since."""
    serving, fewest = set(), None
    for at, what, o in sorted(list(STORY.recorder.events), key=lambda e: e[0]):
        if o["kind"] != "Pod" or component_of(o) != component:
            continue
        (serving.add if what != "DELETED" and serves(o) else serving.discard)(o["metadata"]["uid"])
        if at > h.since:
            fewest = min(len(serving), fewest if fewest is not None else len(serving))
    return fewest


def check_web_is_whole(h):
    """maxUnavailable: 0, over the whole roll."""
    states = [o["status"] for _, o in h.of("Deployment", "web")]
    check({1, 2} & {s.get("updatedReplicas", 0) for s in states}, "it was seen on the way")
    equal(min(s.get("availableReplicas", 0) for s in states), 3, "the fewest pods of web that were available")
    equal(fewest_that_serve(h, "web"), 3, "the fewest pods of web that took requests")
    equal(max(s["replicas"] for s in states), 4, "the most, with those that surge")


def check_needs(h):
    """No pod was made before what its containers need was there."""
    made = {}
    for _, _, o in h.events:
        made.setdefault((o["kind"], o["metadata"]["name"]), int(o["metadata"].get("resourceVersion", 0)))
    for at, what, pod in h.events:
        if pod["kind"] == "Pod" and what == "ADDED":
            for kind, name in needs_of(pod["spec"]):
                check(made.get((kind, name), 0) < at, f"{pod['metadata']['name']} before {kind} {name}")
    equal(STORY.kubelet.wrong, set(), "what a kubelet would complain of")


def replica_sets():
    """{Deployment: [(number, version, pods)]}"""
    sets = {}
    for o in STORY.get(f"{APPS}/replicasets")["items"]:
        owner = o["metadata"]["ownerReferences"][0]["name"].removeprefix("mastodon-")
        number = int(o["metadata"]["annotations"]["deployment.kubernetes.io/revision"])
        sets.setdefault(owner, []).append((number, version_of(o["spec"]["template"]["spec"]), o["spec"]["replicas"]))
    return {name: sorted(rows) for name, rows in sets.items()}


def check_runs(version):
    """All of it, written by nobody but mok."""
    deployments = STORY.deployments()
    equal(sorted(deployments), sorted(TIERS), "Deployments")
    for name, o in deployments.items():
        equal(version_of(o["spec"]["template"]["spec"]), version, name)
        check(is_rolled_out(o), f"{name} is rolled out")
        equal(managers(o), {"mok"}, f"who wrote {name}")
    pods = {version_of(p["spec"]) for c in TIERS
            for p in STORY.get(f"{NS}/pods?labelSelector=app.kubernetes.io/component%3D{c}")["items"]}
    equal(pods, {version}, "versions of pods")
    STORY.check_empty_plan()


def check_complete(h, old, new):
    """What the end leaves, whatever happened on the way."""
    check_runs(new)
    for name, rows in replica_sets().items():
        equal([row for row in rows if row[1] == new], [rows[-1]], f"{name} was rolled once: {rows}")
        equal({pods for _, _, pods in rows[:-1]}, {0}, f"of {name} only the last has pods: {rows}")
        check(len(rows) <= 4, f"old ones go: {rows}")
    jobs = [j for j in STORY.jobs() if not j.startswith("search-deploy")]
    equal(jobs, [f"migrate-post-{new.replace('.', '-')}"], "Jobs of the upgrade")
    record = STORY.record()
    equal((record["from"], record["to"], record["schema"]), (old, new, Database.after("migrate-post", new)), "record")
    check(record["started_at"] <= record["restore_to"] <= record["finished_at"], f"times: {record}")
    check(f":v{new}" in record["image"], record["image"])
    for component in ("migrate-pre", "migrate-post"):
        equal(h.jobs(component, new), 1, f"{component} was made once")
        equal(STORY.kubelet.ran.count((component, new, 0)), 1, f"{component} ran once")
    check_needs(h)


# ---- the story ----

def test_first_time():
    s = STORY
    s.mok("apply", "--yes")
    s.recorder = Recorder(s.plane, WATCHED)
    until("the autoscalers have their least", lambda: [s.deployments()[n]["status"].get("availableReplicas")
                                                       for n in ("web", "sidekiq-ingress")] == [3, 2])
    check_runs(FIRST)
    equal(s.jobs(), [], "Jobs of upgrades")


def test_failed_migrations_leave_the_old_version():
    s, since = STORY, STORY.now()
    before = s.deployments()
    s.kubelet.fails["migrate-pre"] = "PG::LockNotAvailable: ERROR: canceling statement due to lock timeout\n"
    failed = s.mok("upgrade", OLD, "--yes", code=3)
    said = " ".join(failed.err.split())
    check("mastodon-migrate-pre-4-6-5" in said and "BackoffLimitExceeded" in said, failed.err)
    check("canceling statement due to lock timeout" in said, f"what its pod says: {failed.err}")
    check("Next: mok upgrade" in failed.out, failed.out)
    equal({n: o["spec"] for n, o in s.deployments().items()}, {n: o["spec"] for n, o in before.items()},
          "what Deployments want")
    equal(History(since).first_pod(OLD), None, "new pods")


def kill(step, when, *arguments):
    """Begins or goes on with the upgrade, and ends it once that is so in that step."""
    process, seen = STORY.start("upgrade", *arguments, "--yes", *QUICKLY), ""
    for text in process.stderr:
        seen += text
        if re.fullmatch(rf"Step \d+ of 16: {step}\n", text):
            until(step, when)
            process.send_signal(signal.SIGKILL)
            break
    process.communicate()
    equal(process.returncode, -signal.SIGKILL, f"{step}: {seen}")


def pods_of_web_are_mixed(version):
    """Some are of that version, not yet all."""
    o = STORY.deployments()["web"]
    return (version_of(o["spec"]["template"]["spec"]) == version
            and o["status"].get("observedGeneration") == o["metadata"]["generation"]
            and 1 <= o["status"].get("updatedReplicas", 0) <= 2)


def test_back_before_the_point_of_no_return():
    """By the ReplicaSets of before, in the other order; web does not lose a pod."""
    s, since = STORY, STORY.now()
    before, sets = (s.stack.dir / "mok.yaml").read_text().replace(OLD, FIRST), replica_sets()
    s.kubelet.fails.clear()
    kill("web", lambda: pods_of_web_are_mixed(OLD))
    equal(History(since).jobs("migrate-pre", OLD), 2, "the one that failed, and another")
    turned = s.now()
    s.mok("upgrade", "--rollback", "--yes")
    check_runs(FIRST)
    h = History(turned)
    web, scheduler, sidekiq = h.rolls(["web"], FIRST), h.rolls(["sidekiq-scheduler"], FIRST), h.rolls(SIDEKIQ, FIRST)
    in_order([("web goes back", web[0]), ("it is back", web[1]), ("the scheduler goes back", scheduler[0]),
              ("it is back", scheduler[1]), ("Sidekiq goes back", sidekiq[0]), ("it is back", sidekiq[1])])
    check_web_is_whole(History(since))
    for name, rows in replica_sets().items():
        equal([row for row in rows if row[1] == FIRST], [rows[-1]], f"{name} has what it had: {rows}, {sets[name]}")
    equal(s.jobs(), [], "Jobs of the upgrade")
    equal((s.stack.dir / "mok.yaml").read_text(), before, "the plan")


def test_killed_it_goes_on_to_the_same_end():
    """In a migration, which goes on by itself; while Sidekiq and web roll; in the migration without return."""
    s, since = STORY, STORY.now()
    s.kubelet.ran.clear()
    s.kubelet.holds = {"migrate-pre", "migrate-post"}
    kill("migrate-pre", lambda: s.kubelet.pods("migrate-pre"), OLD)
    s.kubelet.holds = {"migrate-post"}
    kill("sidekiq", lambda: version_of(s.deployments()["sidekiq-default"]["spec"]["template"]["spec"]) == OLD)
    kill("web", lambda: pods_of_web_are_mixed(OLD))
    kill("migrate-post", lambda: s.kubelet.pods("migrate-post"))
    s.kubelet.holds = set()
    s.mok("upgrade", "--yes", *QUICKLY)
    h = History(since)
    check_order(h, FIRST, OLD)
    check_web_is_whole(h)
    check_complete(h, FIRST, OLD)
    check("nothing to do" in s.mok("upgrade", "--yes").err, "and there is nothing to do")


def seconds_between(before, after):
    return (time.mktime(time.strptime(after, "%Y-%m-%dT%H:%M:%SZ"))
            - time.mktime(time.strptime(before, "%Y-%m-%dT%H:%M:%SZ")))


def first_time(h, kind, component, version, key):
    return min(key(o) for _, o in h.of(kind, component) if version_of(
        o["spec"]["template"]["spec"] if "template" in o["spec"] else o["spec"]) == version)


def test_to_the_end():
    s, since = STORY, STORY.now()
    s.kubelet.ran.clear()
    s.front.versions.clear()
    result = s.mok("upgrade", NEW, "--yes", "--format", "json")
    check("Puma's backlog is not looked at" in " ".join(result.err.split()), result.err)
    done = json.loads(result.out)
    equal((done["from"], done["to"], done["result"]), (OLD, NEW, "done"), "what it says")
    h = History(since)
    _, post = check_order(h, OLD, NEW)
    in_order([("migrate-post has ended", post[1]), ("the search is deployed", h.first("Job", "search-deploy-4-7")),
              ("that has ended", h.first("Job", "search-deploy-4-7", job_is_complete))])
    ready = max(c["lastTransitionTime"] for _, o in h.of("Pod", "web") if version_of(o["spec"]) == NEW
                for c in o["status"].get("conditions", []) if c["type"] == "Ready")
    created = first_time(h, "ReplicaSet", "streaming", NEW, lambda o: o["metadata"]["creationTimestamp"])
    check(seconds_between(ready, created) >= 55, f"web answers for a minute: from {ready} to {created}")
    check_web_is_whole(h)
    equal(h.most_at_once("sidekiq-scheduler"), 1, "schedulers at once")
    equal(s.front.versions, {("web", OLD), ("web", NEW), ("streaming", NEW)}, "what answered")
    check_complete(h, OLD, NEW)
    equal(s.record()["schema_before"], Database.after("migrate-post", OLD), "the schema before")
    check("have begun" in s.mok("upgrade", "--rollback", "--yes", code=5).err, "there is no way back")


def main():
    global STORY
    with ControlPlane(sys.argv[1], ("kube-controller-manager", "kube-scheduler")) as plane:
        helm_life.PLANE = plane
        HelmKubelet.hosts = ChartHosts(plane.folder, charts())
        jobs = JobKubelet(plane, FIRST)
        start_kwok(plane, jobs.port, (f"{NAME}-web", f"{NAME}-web", f"{NAME}-jobs"))
        helm, players, STORY = HelmKubelet(sys.argv[1]), Players(plane), Story(plane, jobs)
        try:
            return run_tests([f for n, f in list(globals().items()) if n.startswith("test_")])
        finally:
            jobs.ends = players.ends = True
            helm.close()
            STORY.close()


if __name__ == "__main__":
    sys.exit(main())
