#!/usr/bin/env python3
"""The same requests to a real control plane and to the sandbox's cluster, and the same answers.

parity.py TOOLS [--only real|sandbox|twice] [--match TEXT] [--dump FOLDER] [--stop-at N] [--workers N]

Each scenario of scenarios/ runs in a namespace of its own on both sides. Compared are status codes,
warnings and whole bodies, with managedFields and the words of errors; masked is only what is drawn
anew each time (normal.py). Every scenario also says which codes it expects, so that two sides which
are wrong alike do not pass. A scenario that differs is run once more, alone: see clears(). `twice`
runs two real ones: what differs there is noise that normal.py leaves.
"""
import argparse
import concurrent.futures
import contextlib
import dataclasses
import difflib
import json
import pathlib
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from control_plane import ControlPlane  # noqa: E402
from kube_client import Client  # noqa: E402
from lib import Cloud, check  # noqa: E402
from normal import Normal  # noqa: E402
from scenarios import SCENARIOS  # noqa: E402
from steps import Run  # noqa: E402

# What an API server needs beside it to behave as a cluster does; the others only make noise.
CONTROLLERS = ("namespace-controller", "serviceaccount-controller", "root-ca-certificate-publisher-controller",
               "garbage-collector-controller", "resourcequota-controller")


@contextlib.contextmanager
def real_cluster(tools):
    with ControlPlane(tools) as plane:
        plane.start_controller("kube-controller-manager", "--controllers=" + ",".join(CONTROLLERS))
        with contextlib.closing(Client(plane.kubeconfig(), pathlib.Path(tools) / "kubectl")) as client:
            yield client


@contextlib.contextmanager
def sandbox_cluster(tools):
    # As the real one: an API server, and who follows owners.
    with Cloud(arguments=["--api-only"]) as cloud:
        version = cloud.get("/v2/kubernetes/options")["options"]["versions"][0]["slug"]
        made = cloud.post("/v2/kubernetes/clusters", {
            "name": "parity", "region": "ams3", "version": version,
            "node_pools": [{"name": "p", "size": "s-4vcpu-8gb", "count": 2}]})
        path = "/v2/kubernetes/clusters/" + made["kubernetes_cluster"]["id"]
        end = time.monotonic() + 30
        while cloud.get(path)["kubernetes_cluster"]["status"]["state"] != "running":
            check(time.monotonic() < end, "the sandbox's cluster does not come to run")
        request = urllib.request.Request(cloud.env["DIGITALOCEAN_API_URL"] + path + "/kubeconfig",
                                         headers={"Authorization": "Bearer parity"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            config = answer.read().decode()
        with contextlib.closing(Client(config, pathlib.Path(tools) / "kubectl")) as client:
            yield client


def run_scenario(client, steps, namespace):
    """What each step answered, normalised, as lines; and what was not as the scenario says."""
    run = Run(client, namespace)
    normal = Normal(namespace)
    lines, wrong = [], []
    for step in steps:
        try:
            answer = run.step(step)
        except (OSError, ValueError, KeyError, IndexError, TypeError,
                subprocess.SubprocessError) as error:
            wrong.append(f"{step[0]}: {type(error).__name__}: {error}")
            break
        wrong += answer.wrong
        if answer.compared:
            lines += [f"# {step[0]}", *normal.lines(answer)]
        if answer.wrong and step[0].startswith(("UNTIL", "AWAIT")):
            break
    return lines, wrong


@dataclasses.dataclass
class Verdict:
    """What the sides said in one scenario, as lines, and the complaints; none is a pass."""
    told: dict
    complaints: list
    took: float


def judge(sides, name, namespace, dump):
    start = time.monotonic()
    told, complaints = {}, []
    for side, client in sides.items():
        told[side], wrong = run_scenario(client, SCENARIOS[name], namespace)
        complaints += [f"{side}: {text}" for text in wrong]
        if dump:
            folder = pathlib.Path(dump) / side
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name.replace(' ', '-').replace('/', '-')}.txt").write_text("\n".join(told[side]) + "\n")
    if len(told) == 2:
        (one, first), (two, second) = told.items()
        complaints += difflib.unified_diff(first, second, one, two, n=8, lineterm="")
    return Verdict(told, complaints, time.monotonic() - start)


def run_all(sides, options):
    """Several at a time, since much of it is waiting; told in order."""
    wanted = [(f"{number}", name) for number, name in enumerate(SCENARIOS) if not options.match or options.match in name]
    passed, differing = 0, []
    with concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
        jobs = [(number, name, pool.submit(judge, sides, name, f"parity{number}", options.dump)) for number, name in wanted]
        for number, name, job in jobs:
            verdict = job.result()
            if verdict.complaints:
                differing.append((number, name, verdict))
            else:
                passed += 1
                print(f"ok    {name} ({verdict.took:.1f} s)", flush=True)
            if options.stop_at and len(differing) >= options.stop_at:
                pool.shutdown(wait=True, cancel_futures=True)
                break
    cleared = sum(clears(sides, options, *each) for each in differing)
    passed, failed = passed + cleared, len(differing) - cleared
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not passed else 0


def clears(sides, options, number, name, before):
    """Whether the real one's answers alone were not the same twice: with other scenarios beside it
    a real control plane publishes late what was just defined. The sandbox has no such excuse."""
    again = judge(sides, name, f"retold{number}", options.dump)
    steady = before.told.get("sandbox") == again.told.get("sandbox")
    if steady and "sandbox" in sides and not again.complaints:
        print(f"ok    {name} ({again.took:.1f} s); when others ran, the real one said something else:",
              *before.complaints, sep="\n  ", flush=True)
        return True
    print(f"FAIL  {name} ({before.took:.1f} s)", *before.complaints, sep="\n", flush=True)
    if not steady:
        print("and the sandbox said something else the second time:", *again.complaints, sep="\n")
    return False


def main():
    parser = argparse.ArgumentParser(description="The real control plane and the sandbox, side by side.")
    parser.add_argument("tools")
    parser.add_argument("--only", choices=("real", "sandbox", "twice"))
    parser.add_argument("--match", help="only scenarios with this in their name")
    parser.add_argument("--dump", help="a folder for what was compared")
    parser.add_argument("--stop-at", type=int, help="end after so many failures")
    parser.add_argument("--workers", type=int, default=4, help="scenarios at a time")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        sides = {}
        if options.only != "sandbox":
            sides["real"] = stack.enter_context(real_cluster(options.tools))
        if options.only == "twice":
            sides["again"] = stack.enter_context(real_cluster(options.tools))
        if options.only in (None, "sandbox"):
            sides["sandbox"] = stack.enter_context(sandbox_cluster(options.tools))
        return run_all(sides, options)


if __name__ == "__main__":
    sys.exit(main())
