#!/usr/bin/env python3
"""Bad plan files and their exact diagnostics: tests/golden/bad_plans/NAME.yaml and NAME.expected.

A first line "# args: ..." adds arguments. With a NAME.setup (JSON: requests that make an account) the
plan is compared with that account; otherwise it is validated offline. UPDATE=1 writes what is shown.
"""
import json
import os
import re
import shutil
import sys
import time

from lib import ROOT, Cloud, Stack, check, equal, run_tests

FOLDER = ROOT / "tests" / "golden" / "bad_plans"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def arguments_of(path):
    first = path.read_bytes().split(b"\n", 1)[0].decode(errors="replace")
    return first.removeprefix("# args:").split() if first.startswith("# args:") else []


def shown(result):
    text = re.sub(UUID, "<id>", result.err)
    return f"exit code {result.code}\n{text}"


def id_of(answer):
    """The id of what a request made; "{id}" stands for it in the paths that follow."""
    for thing in (answer or {}).values():
        if isinstance(thing, dict) and "id" in thing:
            return str(thing["id"])
    return None


def run_case(path):
    setup = path.with_suffix(".setup")
    env = {"MOK_TEST_TOKEN": "hush", "HOME": "/nowhere"}
    if not setup.exists():
        with Stack(None) as stack:
            shutil.copy(path, stack.dir)
            return shown(stack.run("-f", path.name, "validate", *arguments_of(path), env=env))
    with Cloud() as cloud, Stack(cloud) as stack:
        made = ""
        for method, target, body in json.loads(setup.read_text()):
            status, answer = cloud.call(method, target.replace("{id}", made), body)
            check(status < 300, f"{method} {target}: {status} {answer}")
            made = id_of(answer) or made
        shutil.copy(path, stack.dir)
        return shown(stack.run("-f", path.name, "plan", *arguments_of(path), env=env))


def tests():
    for path in sorted(FOLDER.glob("*.yaml")):
        def test(path=path):
            start = time.monotonic()
            text = run_case(path)
            check(time.monotonic() - start < 5, "refused quickly")
            expected = path.with_suffix(".expected")
            if os.environ.get("UPDATE"):
                expected.write_text(text)
            equal(text, expected.read_text() if expected.exists() else "", path.name)
        test.__name__ = f"test_{path.stem}"
        yield test


if __name__ == "__main__":
    sys.exit(run_tests(list(tests())))
