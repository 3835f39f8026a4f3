#!/usr/bin/env python3
"""Each variable and object that Mastodon and its official chart know: which pods get it, seen in the
emitted objects, or why not (tests/golden/mastodon/coverage.txt). UPDATE=1 writes docs/coverage.md anew."""
import fnmatch
import os
import sys

import yaml

from lib import ROOT, Stack, check, equal, run_tests

FOLDER = ROOT / "tests" / "golden" / "mastodon"
PAGE = ROOT / "docs" / "coverage.md"
# Each setting that makes something; and Ingress with search in the cluster, which exclude the others.
PLANS = ROOT / "plans"
RUNS = ((PLANS / "medium.yaml", FOLDER / "everything.yaml"), (PLANS / "guide.yaml",),
        (PLANS / "large.yaml",), (PLANS / "small.yaml",), (PLANS / "medium.yaml", FOLDER / "eck.yaml"))
TIERS = {"web": "Deployment/mastodon-web", "sidekiq": "Deployment/mastodon-sidekiq-default",
         "jobs": "Job/mastodon-db-prepare", "streaming": "Deployment/mastodon-streaming"}
HEAD = """# What of Mastodon's settings and objects mok writes

<!-- Written by `UPDATE=1 python3 tests/cli/coverage.py` from what `mok manifests` emits: do not edit. -->

The names are those of Mastodon's documentation and code, and of the official Helm chart
(`mastodon/helm-charts`, chart `mastodon`). *Where* is read off the emitted objects: `web`, `sidekiq`,
`jobs`, `streaming` are the pods whose environment has the variable, (S) those that get it from a Secret.
What is not written can be given by `extra_env`, `extra_secret_env` or `patches`, unless the reason
says otherwise.
"""


def emitted(files):
    with Stack(None) as stack:
        arguments = [a for path in files for a in ("-f", str(path))]
        text = stack.run(*arguments, "manifests", "--offline", "--secrets", "-").expect(0).out
    return {f"{d['kind']}/{d['metadata']['name']}": d for d in yaml.safe_load_all(text)}


def environment(objects, workload):
    """name -> whether it comes from a Secret, as the first container of the workload gets it."""
    container = objects[workload]["spec"]["template"]["spec"]["containers"][0]
    env = {}
    for source in container.get("envFrom", []):
        for ref, kind, where in (("configMapRef", "ConfigMap", "data"), ("secretRef", "Secret", "data")):
            if ref in source:
                data = objects[f"{kind}/{source[ref]['name']}"].get(where) or {}
                env.update({name: kind == "Secret" for name in data})
    for entry in container.get("env", []):
        env[entry["name"]] = "secretKeyRef" in entry.get("valueFrom", {})
    return env


def rows():
    """(section, name, where or None, why not)"""
    section = None
    for line in (FOLDER / "coverage.txt").read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            name, _, rest = line.partition("  ")
            rest = rest.strip()
            missing = rest.startswith("- ")
            yield section, name, None if missing else rest, rest[2:] if missing else ""


def where_is(name, tiers):
    return " ".join(tier + ("(S)" if env[name] else "") for tier, env in tiers.items() if name in env)


def everything():
    objects = emitted(RUNS[0])
    return objects, {tier: environment(objects, workload) for tier, workload in TIERS.items()}


def test_variables():
    _, tiers = everything()
    listed = {name: where for section, name, where, _ in rows() if section == "variables"}
    for name, where in listed.items():
        equal(where_is(name, tiers), where or "", name)
    for tier, env in tiers.items():
        equal(sorted(set(env) - set(listed)), [], f"variables of {tier} that the list lacks")


def test_objects():
    there = {key for files in RUNS for key in emitted(files)}
    patterns = {name: where for section, name, where, _ in rows() if section == "objects"}
    for pattern, where in patterns.items():
        found = fnmatch.filter(there, pattern)
        check(bool(found) == (where is not None), f"{pattern}: found {found}, listed as {where!r}")
    stray = [key for key in there if not any(fnmatch.fnmatchcase(key, p) for p in patterns)]
    equal(sorted(stray), [], "objects that the list lacks")


def test_the_page_is_fresh():
    lines = [HEAD]
    for title, wanted in (("Variables", "variables"), ("Objects", "objects")):
        lines += [f"\n## {title}\n", "| Name | Where, or why not |", "|---|---|"]
        for section, name, where, why in rows():
            if section == wanted:
                lines.append(f"| `{name}` | {where or ('not written: ' + why)} |")
        lines.append("")
    text = "\n".join(lines).replace("\n\n\n", "\n\n")
    if os.environ.get("UPDATE"):
        PAGE.write_text(text)
    equal(PAGE.read_text(), text, "docs/coverage.md")


if __name__ == "__main__":
    sys.exit(run_tests([f for name, f in sorted(globals().items()) if name.startswith("test_")]))
