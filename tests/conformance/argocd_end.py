#!/usr/bin/env python3
"""How an instance that a real Argo CD rolls out comes to its end: argocd_end.py TOOLS. The tests are one story, in
this order."""
import json
import sys

import argocd_life as life
from argocd import APPS, CONTROLLER, Recorder
from lib import check, equal

SERVICE = "/api/v1/namespaces/traefik/services/traefik"


def until(what, look, seconds=120):
    return life.STORY.argocd.until(what, look, seconds)


def test_first_time():
    life.test_first_time()
    life.test_records_follow()


def uid_of_service():
    status, service = life.STORY.plane.request("GET", SERVICE)
    return service["metadata"]["uid"] if status == 200 and "deletionTimestamp" not in service["metadata"] else None


def test_what_is_deleted_comes_back():
    """As long as Argo CD lives, which is why a destroy has to stop it first."""
    s = life.STORY
    before = uid_of_service()
    equal(len(s.cloud.get("/v2/load_balancers")["load_balancers"]), 1, "load balancers")
    s.plane.request("DELETE", SERVICE)
    until("that it comes back", lambda: uid_of_service() not in (None, before))
    s.argocd.settle()


WORKLOADS = (life.DEPLOYMENTS, f"{life.NS}/services", f"{life.NS}/configmaps", "/api/v1/namespaces/traefik/services",
             "/api/v1/namespaces/cert-manager/configmaps",
             "/apis/gateway.networking.k8s.io/v1/namespaces/mastodon/gateways")


def what_runs():
    """Objects by name, with what is another once they are made anew or rolled."""
    return {f"{path}/{o['metadata']['name']}": {"uid": o["metadata"]["uid"], **o.get("spec", o.get("data", {}))}
            for path in WORKLOADS for o in life.STORY.get(path)["items"]
            if o["metadata"]["name"] != "kube-root-ca.crt"}


def differences(before, after, path=""):
    """Of all that there was before."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [d for k in sorted(set(before) | set(after) if path else before)
                for d in differences(before.get(k), after.get(k), f"{path}/{k}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [d for i, (a, b) in enumerate(zip(before, after)) for d in differences(a, b, f"{path}/{i}")]
    return [] if before == after else [(path, before, after)]


def test_going_back():
    """Two commands; what runs goes on running, Argo CD's charts are releases then, and Argo CD is gone."""
    s, before = life.STORY, what_runs()
    check(len(before) > 20, before)
    s.write(manage="mok", version="4.6.5")
    check("mok adopt --all" in " ".join(s.mok("plan", code=1).err.split()), "the way is shown")
    document = json.loads(s.mok("adopt", "--all", "--yes", "--format", "json").out)
    equal([(a["address"], a["then"]["refusal"], a["then"]["fields"]) for a in document["adopt"]
           if a["then"]["refusal"] or a["then"]["fields"]], [], "the files are of this plan")
    said = s.mok("apply", "--yes", "--force-conflicts").out
    equal(s.argocd.controller.wait(30) is not None, True, "Argo CD has ended")
    equal(differences(before, what_runs()), [], f"what was made anew or rolled by {said}")
    check("No changes" in s.mok("plan", "--detailed-exitcode").out, "and then nothing")
    releases = {r["metadata"]["labels"]["name"] for r in s.get(
        "/api/v1/secrets?labelSelector=owner%3Dhelm")["items"]}
    equal(releases, {"traefik", "cert-manager", "metrics-server", "kube-prometheus-stack"}, "releases")
    service = s.get(SERVICE)["metadata"]
    equal(service["annotations"]["meta.helm.sh/release-name"], "traefik", "the chart's objects, too")
    equal(s.get(APPS)["items"], [], "and no Application is left")


def test_going_over():
    """And Argo CD takes all of it over again, as it is."""
    s, before = life.STORY, what_runs()
    s.write(version="4.6.5")
    document = json.loads(s.mok("adopt", "--all", "--yes", "--format", "json").out)
    equal([a["address"] for a in document["adopt"]], ["mastodon_cert_manager_namespace"], "adopted")
    s.mok("apply", "--yes")
    until("Argo CD's pod", lambda: s.plane.request("GET", CONTROLLER)[0] == 200)
    s.argocd.start_controller()
    s.argocd.settle(s.deploy("once more"))
    equal(differences(before, what_runs()), [], "what was made anew or rolled")
    check("No changes" in s.mok("plan", "--detailed-exitcode").out, "and then nothing")


def test_destroy():
    s = life.STORY
    recorder = Recorder(s.plane, ("/api/v1/namespaces/traefik/services",
                                  "/apis/apps/v1/namespaces/argocd/statefulsets",
                                  "/apis/gateway.networking.k8s.io/v1/namespaces/mastodon/gateways"))
    recorder.catch_up()
    made = len(recorder.events)
    result = s.mok("destroy", "--yes", "--confirm", life.NAME)
    check("deleted along with it" not in result.err, f"the cluster let go of all it had made: {result.err}")
    equal(s.argocd.controller.wait(30) is not None, True, "Argo CD has ended")
    recorder.catch_up()
    later = [(at, what, o["kind"], o["metadata"]["name"]) for at, what, o in sorted(
        recorder.events[made:], key=lambda e: e[0])]
    gone = [(kind, name) for _, what, kind, name in later if what == "DELETED"]
    equal([kind for kind, _ in gone][0], "StatefulSet", f"Argo CD goes first: {later}")
    equal(sorted(kind for kind, _ in gone), ["Gateway", "Service", "StatefulSet"], "what goes, once")
    equal([e for e in later if e[1] == "ADDED"], [], "nothing comes back")
    for path in (SERVICE, CONTROLLER):
        equal(s.plane.request("GET", path)[0], 404, path)
    check(s.plane.request("GET", APPS)[1]["items"], "though its Applications were there to the end")
    equal(s.cloud.account(), s.before, "what is left in the account")


if __name__ == "__main__":
    sys.exit(life.run_story([f for n, f in list(globals().items()) if n.startswith("test_")]))
