#!/usr/bin/env python3
"""What an upgrade makes of its own, in a real Kubernetes: upgrade_objects.py TOOLS. The DaemonSet that pulls
images passes Pod Security `restricted`, and a Deployment takes the pod template back that it had."""
import json
import pathlib
import sys

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from control_plane import ControlPlane  # noqa: E402
from lib import check, equal, run_tests  # noqa: E402
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


def main(tools):
    global PLANE, TOOLS
    TOOLS = tools
    with ControlPlane(tools, ()) as PLANE:
        text = yaml.safe_dump_all([d for d in documents() if d["kind"] in BASIC])
        done = kubectl(PLANE, tools, "apply", "--server-side", "-f", "-", text=text)
        check(done.returncode == 0, done.stderr)
        return run_tests([f for name, f in list(globals().items()) if name.startswith("test_")])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
