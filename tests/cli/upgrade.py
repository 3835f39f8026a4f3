#!/usr/bin/env python3
"""Day two of an instance: which changes plan and apply refuse, and what mok upgrade does."""
import json
import re
import sys

from lib import ROOT, Cloud, Skip, Stack, check, equal, run_tests

PLAN = (ROOT / "plans/small.yaml").read_text()


def plan_of(version, text=PLAN):
    return re.sub(r'^  version: .*$', f'  version: "{version}"', text, count=1, flags=re.M)


class Instance(Stack):
    """A stack with an instance of that version in it. The cloud is served from where --sandbox looks
    for it, so that secrets are kept."""

    def __init__(self, cloud, version="4.6.5", text=PLAN):
        super().__init__(cloud, plan_of(version, text))
        cloud.stop()
        cloud.start(folder=self.dir / ".mok/sandbox")
        done = self.run("apply", "--yes")
        if "does not apply it" in done.err:
            raise Skip("this mok does not apply the block")

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


if __name__ == "__main__":
    sys.exit(run_tests([f for name, f in list(globals().items()) if name.startswith("test_")]))
