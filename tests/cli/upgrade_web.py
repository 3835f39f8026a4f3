#!/usr/bin/env python3
"""How web does while it rolls and afterwards, and what mok upgrade does where that is bad for long."""
import re
import sys

from instance import WEB
from lib import Cloud, check, equal, run_tests, until
from upgrade import NEW, OLD, PLAN, Instance
from upgrade_checks import RECORD, said, sign_in

NEW_PODS = {"kind": "Image", "name": f"*/mastodon:v{NEW}*"}
METRICS = "mastodon:\n  observability: { metrics: true, prometheus: true }\n"
# A pod that is ready counts as such only minutes later.
CAUTIOUS = """  patches:
    - target: { kind: Deployment, name: mastodon-web }
      patch: { spec: { minReadySeconds: 500 } }
"""


def check_put_back(stack, failed, words):
    """That was said and noted, web is as before, and once it is put right the upgrade goes on."""
    check(re.search(words, said(failed)), failed.err)
    check("its pods of before are back" in said(failed), failed.err)
    noted = stack.cluster.ask("GET", RECORD)["data"]
    check(re.search(words, noted["web_failed"]) and "web_failed_at" in noted, f"the record: {noted}")
    until("the new pods have ended", lambda: stack.versions()["web"] == OLD)
    equal(stack.versions()["sidekiq-default"], NEW, "what rolled before it")
    check("mastodon-migrate-post-4-7-6" not in stack.jobs(), "the old version's schema")
    equal(sign_in(stack).ask("GET", "/about")[0], 200, "it answers well")
    stack.restart()
    stack.upgrade()
    stack.check_is(NEW)


def test_a_slow_version_is_put_back():
    with Cloud(speed=60) as cloud, Instance(cloud) as stack:
        stack.restart([{"do": "answers_late", "ms": 1200, "match": NEW_PODS}])
        failed = stack.upgrade(NEW, code=3)
        check("web's limits from here on: 1000 ms" in said(failed), failed.err)
        check_put_back(stack, failed, r"web did badly for \d{3,} s once it had rolled: nine of ten answers "
                                      r"take up to 1[2-9]\d\d ms, and the limit is 1000 ms")


def test_errors_stop_a_roll_out():
    text = PLAN.replace("\noutputs:", CAUTIOUS + "\noutputs:")
    with Cloud(speed=60) as cloud, Instance(cloud, text=text) as stack:
        stack.restart([{"do": "answers_fail", "match": NEW_PODS}])
        failed = stack.upgrade(NEW, code=3)
        check_put_back(stack, failed, r"web did badly for \d{3,} s while it rolled: \d+ of \d+ answers are errors, "
                                      r"the last one: status 500")


def test_a_run_that_was_killed_knows_the_pods_of_before():
    with Cloud(speed=60) as cloud, Instance(cloud) as stack:
        stack.restart([{"do": "answers_fail", "match": NEW_PODS}])
        process = stack.start("--sandbox", "upgrade", NEW, "--yes")

        def web_rolls():
            if process.poll() is not None:
                check(False, f"it ended before: {process.communicate()}")
            template = stack.cluster.ask("GET", WEB)["spec"]["template"]["spec"]
            return NEW in template["containers"][0]["image"]
        until("web rolls", web_rolls, 240)
        process.kill()
        process.communicate()
        until("its last old pod is gone", lambda: stack.versions()["web"] == NEW, 240)
        check_put_back(stack, stack.upgrade(code=3), r"web did badly for \d{3,} s")


def test_a_crowd_before_puma_is_put_back():
    with Cloud(speed=60) as cloud, Instance(cloud, text=PLAN.replace("mastodon:\n", METRICS, 1)) as stack:
        stack.restart([{"do": "requests_wait", "by": 500, "match": NEW_PODS}])
        failed = stack.upgrade(NEW, code=3)
        check("for Puma's backlog 100 % of a pod's threads (now 0 %)" in said(failed), failed.err)
        check_put_back(stack, failed, r"500 requests wait for the (\d+) threads of mastodon-web-\S+, and the "
                                      r"limit is \1\b")


def test_without_metrics_nobody_looks_at_puma():
    with Cloud(speed=60) as cloud, Instance(cloud) as stack:
        stack.restart([{"do": "requests_wait", "by": 500, "match": NEW_PODS}])
        done = stack.upgrade(NEW)
        check("Puma's backlog is not looked at: observability.metrics is off" in said(done), done.err)
        stack.check_is(NEW)


def test_what_passes_is_not_put_back():
    with Cloud(speed=60) as cloud, Instance(cloud) as stack:
        stack.restart([{"do": "answers_fail", "times": 15, "match": NEW_PODS}])
        done = stack.upgrade(NEW)
        check("web does badly: 1 of 1 answers are errors, the last one: status 500" in said(done), done.err)
        check("it does well again" in said(done), done.err)
        check("web_failed" not in stack.cluster.ask("GET", RECORD)["data"], "nothing was put back")
        stack.check_is(NEW)


if __name__ == "__main__":
    sys.exit(run_tests([f for name, f in list(globals().items()) if name.startswith("test_")]))
