#!/usr/bin/env python3
"""Kills the real binary before and after the commit of every writing request of an apply and of a
destroy of kills.yaml, each with and without the journal afterwards, then runs it again; and
sends SIGINT at the same points. The oracle is the server's own log of creations and deletions.

EVERY=n tries only every n-th point; PLAN=file another plan.
"""
import collections
import json
import multiprocessing
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from lib import ROOT, Cloud, Failure, Stack, check, equal

PLAN = pathlib.Path(os.environ.get("PLAN", ROOT / "tests" / "cli" / "kills.yaml"))
EVERY = int(os.environ.get("EVERY", "1"))
STACK_NAME = [line.split()[1] for line in PLAN.read_text().splitlines()
              if line.startswith("name:")][0]
WORKERS = 2


def free_port():
    """A port whose neighbour is free too, below those that the kernel gives to clients: it must be
    free again each time when the server starts anew."""
    while True:
        port = random.randrange(20000, 32000, 2)
        with socket.socket() as one, socket.socket() as two:
            try:
                one.bind(("127.0.0.1", port))
                two.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


class Server(Cloud):
    """A cloud at a fixed port, so that a journal fits it after a restart."""

    def __init__(self, port, template=None, faults=None):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="mok-kill-"))
        self.listen = f"127.0.0.1:{port}"
        self.arguments = ["--speed", "max"]
        if template:
            shutil.copytree(template, self.dir / "cloud")
        self.start(faults)

    def lines(self):
        path = self.dir / "cloud" / "requests.jsonl"
        text = path.read_text() if path.exists() else ""
        whole = text[:text.rfind("\n") + 1]  # the last line may be on its way
        return [json.loads(line) for line in whole.splitlines()]

    def objects(self):
        """What the log says was made and not deleted: kind -> number; and all that was deleted."""
        alive, deleted = collections.Counter(), set()
        for entry in self.lines():
            for thing in entry.get("creates", []):
                alive[thing.split(":")[0]] += 1
            for thing in entry.get("deletes", []):
                alive[thing.split(":")[0]] -= 1
                deleted.add(thing)
        return {kind: n for kind, n in alive.items() if n}, deleted


def make_strangers(cloud):
    """Things of someone else, close to what the plan makes."""
    domain = f"{STACK_NAME}.stranger.example"
    cloud.post("/v2/domains", {"name": domain})
    cloud.post(f"/v2/domains/{domain}/records", {"type": "CNAME", "name": "files",
                                                 "data": "elsewhere.example.", "ttl": 3600})
    cloud.post("/v2/vpcs", {"name": "strangers", "region": "ams3", "ip_range": "10.99.0.0/20"})
    cloud.post("/v2/databases", {"name": "strangers", "engine": "valkey", "version": "8",
                                 "size": "db-s-1vcpu-1gb", "num_nodes": 1, "region": "ams3"})
    cloud.post("/v2/tags", {"name": "strangers"})
    cloud.post("/v2/spaces/keys", {"name": "strangers", "grants": [
        {"bucket": "", "permission": "fullaccess"}]})
    return {thing for entry in cloud.lines() for thing in entry.get("creates", [])}


def hang_at(n, when):
    return {"rules": [{"match": {"write": n}, "do": "hang", "when": when, "times": 1}]}


class Template:
    """What a worker starts its points from: an account of strangers, and one with the plan applied."""

    def __init__(self):
        self.port = free_port()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="mok-kill-template-"))
        with Server(self.port) as cloud, Stack(cloud) as stack:
            shutil.copy(PLAN, stack.dir / "mok.yaml")
            self.strangers = make_strangers(cloud)
            self.empty_account = cloud.account()
            self.keep(cloud, "empty")
            mark = len(cloud.lines())
            stack.run("apply", "--yes").expect(0)
            self.apply_writes = sum(e["write"] for e in cloud.lines()[mark:])
            stack.run("plan", "--detailed-exitcode").expect(0)
            self.alive, _ = cloud.objects()
            self.keep(cloud, "applied")
            shutil.copytree(stack.dir / ".mok", self.dir / "journal")
            mark = len(cloud.lines())
            stack.run("destroy", "--yes", "--confirm", STACK_NAME).expect(0)
            self.destroy_writes = sum(e["write"] for e in cloud.lines()[mark:])
            self.same_account(cloud, "after a destroy without any kill")

    def keep(self, cloud, name):
        cloud.stop()
        shutil.copytree(cloud.dir / "cloud", self.dir / name)
        cloud.start()

    def same_account(self, cloud, when):
        account = cloud.account()
        for name, before in self.empty_account.items():
            equal(account.get(name), before, f"{name} {when}")
        _, deleted = cloud.objects()
        check(not deleted & self.strangers, f"a stranger's was deleted: {deleted & self.strangers}")


def wait_for_hang(cloud, process):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if any(str(e.get("fault", "")).startswith("hang") for e in cloud.lines()):
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.01)
    raise Failure("the hanging request never came")


def interrupt(process, kill):
    process.send_signal(signal.SIGKILL if kill else signal.SIGINT)
    start = time.monotonic()
    out, err = process.communicate(timeout=20)
    if not kill:
        seconds = time.monotonic() - start
        equal(process.returncode, 130, f"exit code after SIGINT ({out[-500:]} {err[-500:]})")
        check(seconds < 1, f"SIGINT took {seconds:.2f} s")


def try_point(template, command, n, when, how):
    """how: "kill", "kill without journal", "int"."""
    start_from = "empty" if command == "apply" else "applied"
    with Server(template.port, template.dir / start_from, hang_at(n, when)) as cloud, \
            Stack(cloud) as stack:
        shutil.copy(PLAN, stack.dir / "mok.yaml")
        if command == "destroy":
            shutil.copytree(template.dir / "journal", stack.dir / ".mok")
        arguments = [command, "--yes"] + (["--confirm", STACK_NAME] if command == "destroy" else [])
        process = stack.start(*arguments)
        if wait_for_hang(cloud, process):
            interrupt(process, how != "int")
        else:
            process.communicate()
        if how == "kill without journal":
            stack.forget_journal()
        stack.run(*arguments).expect(0)
        if command == "apply":
            alive, _ = cloud.objects()
            equal(alive, template.alive, "objects alive by the server's log")
            stack.run("plan", "--detailed-exitcode").expect(0)
            stack.run("destroy", "--yes", "--confirm", STACK_NAME).expect(0)
        template.same_account(cloud, "after the destroy")


def work(worker):
    template = Template()
    points = [(command, n, when, how)
              for command, count in (("apply", template.apply_writes),
                                     ("destroy", template.destroy_writes))
              for n in range(1, count + 1) for when in ("before", "after")
              for how in ("kill", "kill without journal", "int")]
    points = points[::EVERY][worker::WORKERS]
    passed, failures = 0, []
    for point in points:
        try:
            try_point(template, *point)
            passed += 1
        except (Failure, subprocess.SubprocessError, OSError, ValueError, KeyError) as error:
            failures.append(f"{point}: {error}")
            if len(failures) >= 5:
                break
    shutil.rmtree(template.dir, ignore_errors=True)
    return passed, failures, template.apply_writes, template.destroy_writes


def main():
    start = time.monotonic()
    with multiprocessing.Pool(WORKERS) as pool:
        results = pool.map(work, range(WORKERS), chunksize=1)
    passed = sum(r[0] for r in results)
    failures = [f for r in results for f in r[1]]
    for failure in failures:
        print("FAIL ", failure)
    print(f"kills: {passed} points of {results[0][2]} writes of an apply and {results[0][3]} of a "
          f"destroy, {time.monotonic() - start:.0f} s")
    print(f"{passed} passed, {len(failures)} failed, 0 skipped")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
