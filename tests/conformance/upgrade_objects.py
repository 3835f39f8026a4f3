#!/usr/bin/env python3
"""What an upgrade makes of its own, in a real Kubernetes: upgrade_objects.py TOOLS. The DaemonSet that pulls
images passes Pod Security `restricted`, and a Deployment takes the pod template back that it had, while it rolls
too."""
import json
import pathlib
import sys

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from control_plane import ControlPlane  # noqa: E402
from lib import check, equal, run_tests, until  # noqa: E402
from mastodon_objects import ROOT, emit, judge_pods, kubectl  # noqa: E402

PLANE, TOOLS = None, None
BASIC = ("Namespace", "ServiceAccount", "PriorityClass")
WEB = "/apis/apps/v1/namespaces/mastodon/deployments/mastodon-web"
APPLY = "?fieldManager=mok&fieldValidation=Strict"


def documents():
    return list(yaml.safe_load_all(emit("large")))


def apply(document):
    """As mok does, but for its marks."""
    plural = document["kind"].lower() + "s"
    path = f"/apis/apps/v1/namespaces/mastodon/{plural}/{document['metadata']['name']}{APPLY}"
    status, answer = PLANE.request("PATCH", path, document, "application/apply-patch+yaml")
    check(status in (200, 201), f"{document['metadata']['name']}: {status} {answer}")
    return answer


def set_image(document, image):
    copy = json.loads(json.dumps(document))
    copy["spec"]["template"]["spec"]["containers"][0]["image"] = image
    return copy


def test_images_are_pulled_by_pods_that_are_let_in():
    text = (ROOT / "src/mastodon/manifests/pre-pull.yaml").read_text()
    document = yaml.safe_load(text)
    document["metadata"]["namespace"] = "mastodon"
    apply(document)
    problems, count = judge_pods(PLANE, TOOLS, [document])
    equal((problems, count), ([], 1), "its pods")
    rooted = json.loads(json.dumps(document))
    rooted["spec"]["template"]["spec"]["securityContext"]["runAsUser"] = 0
    check(judge_pods(PLANE, TOOLS, [rooted])[0], "one of root is refused")


def test_a_template_is_taken_back():
    """With all that the API server had filled in, which then belongs to mok for a while."""
    web = next(d for d in documents() if d["kind"] == "Deployment" and d["metadata"]["name"] == "mastodon-web")
    before = apply(set_image(web, "ghcr.io/mastodon/mastodon:v4.6.5"))["spec"]["template"]
    after = apply(set_image(web, "ghcr.io/mastodon/mastodon:v4.7.6"))["spec"]["template"]
    check(before != after, "they differ")
    back = json.loads(json.dumps(web))
    back["spec"]["template"] = before
    equal(apply(back)["spec"]["template"], before, "it is as it was")
    equal(apply(set_image(web, "ghcr.io/mastodon/mastodon:v4.7.6"))["spec"]["template"], after,
          "and forward again")


def replica_sets(template):
    """Of the Deployment: {image: (wanted pods, its template without the label that tells sets apart)}."""
    status, answer = PLANE.request("GET", "/apis/apps/v1/namespaces/mastodon/replicasets")
    equal(status, 200, "ReplicaSets")
    found = {}
    for item in answer["items"]:
        of = item["spec"]["template"]
        of["metadata"]["labels"].pop("pod-template-hash")
        if of["metadata"]["labels"] == template["metadata"]["labels"]:
            found[of["spec"]["containers"][0]["image"]] = (item["spec"]["replicas"], of)
    return found


def make_ready(image):
    """All pods of that image; the count. No kubelet is there to say so."""
    pods = [p for p in PLANE.request("GET", "/api/v1/namespaces/mastodon/pods")[1]["items"]
            if p["spec"]["containers"][0]["image"] == image]
    for pod in pods:
        status, answer = PLANE.request(
            "PATCH", f"/api/v1/namespaces/mastodon/pods/{pod['metadata']['name']}/status",
            {"status": {"phase": "Running", "conditions": [
                {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}},
            "application/merge-patch+json")
        equal(status, 200, f"{answer}")
    return len(pods)


def test_a_template_put_back_stops_a_roll_out():
    """No pod of the new set ever runs here, so the roll-out goes on for ever. The old set has the template."""
    web = next(d for d in documents() if d["kind"] == "Deployment" and d["metadata"]["name"] == "mastodon-web")
    old, new = (f"ghcr.io/mastodon/mastodon:v{v}" for v in ("4.6.5", "4.7.6"))
    before = apply(set_image(web, old))["spec"]["template"]
    wanted = web["spec"].get("replicas", 1)
    until("the old set wants pods", lambda: replica_sets(before).get(old, (0,))[0] == wanted)
    until("its pods are there", lambda: make_ready(old) == wanted)
    apply(set_image(web, new))
    until("the new set wants some", lambda: replica_sets(before).get(new, (0,))[0] > 0)
    check(replica_sets(before)[old][0] > 0, "it rolls still")
    equal(replica_sets(before)[old][1], before, "the old set's template")
    back = json.loads(json.dumps(web))
    back["spec"]["template"] = replica_sets(before)[old][1]
    equal(apply(back)["spec"]["template"], before, "it is as it was")
    until("the new set wants none", lambda: replica_sets(before)[new][0] == 0)
    equal(replica_sets(before)[old][0], wanted, "the old set's pods")


def main(tools):
    global PLANE, TOOLS
    TOOLS = tools
    with ControlPlane(tools, ("kube-controller-manager",)) as PLANE:
        text = yaml.safe_dump_all([d for d in documents() if d["kind"] in BASIC])
        done = kubectl(PLANE, tools, "apply", "--server-side", "-f", "-", text=text)
        check(done.returncode == 0, done.stderr)
        return run_tests([f for name, f in list(globals().items()) if name.startswith("test_")])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
