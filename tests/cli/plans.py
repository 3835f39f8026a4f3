#!/usr/bin/env python3
"""Every file in plans/, in process: apply, an empty plan, destroy, and the account is as before. And
guide.yaml changes and shrinks."""
import json
import re
import sys

from lib import ROOT, Cloud, Stack, check, equal, run_tests


def whole_life(path):
    text = path.read_text()
    name = re.search(r"^name: *(\S+)", text, re.M).group(1)
    with Stack(None) as stack:
        before = account_of(stack)
        sandbox = ("--sandbox", "--speed", "max", "-f", str(path))
        stack.run(*sandbox, "apply", "--yes").expect(0)
        out = stack.run(*sandbox, "plan", "--detailed-exitcode").expect(0).out
        check("No changes" in out, f"an empty plan says so: {out}")
        stack.run("sandbox", "--stop").expect(0)  # what serves the instance holds the folder
        check(account_of(stack) != before, "the apply made something")
        stack.run(*sandbox, "destroy", "--yes", "--confirm", name).expect(0)
        equal(account_of(stack), before, "the account after the destroy")


def account_of(stack):
    """What a server lists that serves the folder's own cloud."""
    cloud = Cloud.__new__(Cloud)
    cloud.dir, cloud.listen, cloud.arguments = stack.dir, "127.0.0.1:0", ["--speed", "max"]
    (stack.dir / ".mok").mkdir(exist_ok=True)
    cloud.start(folder=stack.dir / ".mok" / "sandbox")
    try:
        return cloud.account()
    finally:
        cloud.stop()


def tests():
    for path in sorted((ROOT / "plans").glob("*.yaml")):
        def test(path=path):
            whole_life(path)
        test.__name__ = f"test_{path.stem}"
        yield test


if __name__ == "__main__":
    sys.exit(run_tests(list(tests())))
