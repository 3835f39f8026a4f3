#!/usr/bin/env python3
"""What `mok manifests` writes: byte by byte for the four profiles, and as folders. UPDATE=1 writes the
golden files anew."""
import os
import pathlib
import sys

from lib import ROOT, Stack, check, equal, run_tests

PLANS_FOLDER = ROOT / "plans"
GOLDEN = ROOT / "tests" / "golden" / "mastodon"
PLANS = ("small", "medium", "large", "guide")


def files_under(folder):
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(pathlib.Path(folder).rglob("*")) if path.is_file()}


def stream(plan, *arguments):
    with Stack(None) as stack:
        return stack.run("-f", str(PLANS_FOLDER / f"{plan}.yaml"), "manifests", "--offline", *arguments
                         ).expect(0).out


def golden_test(plan):
    def test():
        text = stream(plan, "--secrets", "-")
        path = GOLDEN / f"{plan}.manifests"
        if os.environ.get("UPDATE"):
            path.write_text(text)
        equal(text, path.read_text(), path.name)
    test.__name__ = f"test_golden_{plan}"
    return test


def test_secrets_are_left_out():
    text = stream("small", "-")
    equal(stream("small", "-o", "-"), text, "-o - is the stream, not a folder")
    check("kind: Deployment" in text, "objects are there")
    check("\nkind: Secret\n" not in text, "Secrets are not")
    check("bm90LWEtcGFzc3dvcmQ=" not in text and "not-a-password" not in text, "nor their values")


def test_folders_are_byte_stable():
    with Stack(None) as stack:
        for name in ("a", "b"):
            stack.run("-f", str(PLANS_FOLDER / "medium.yaml"), "manifests", "--offline", "-o", name).expect(0)
        first, second = files_under(stack.dir / "a"), files_under(stack.dir / "b")
    equal(first, second, "files")
    waves = [line[2:] for line in first["kustomization.yaml"].decode().splitlines()
             if line.startswith("- ")]
    waves = [w.strip("'") for w in waves]
    equal(waves, sorted(waves), "waves")
    for wave in waves:
        listed = {line[2:].strip("'") for line in first[f"{wave}/kustomization.yaml"].decode(
        ).splitlines() if line.startswith("- ")}
        there = {name.split("/")[1] for name in first if name.startswith(f"{wave}/")}
        equal(listed, there - {"kustomization.yaml"}, wave)
    check(not any("secret-" in name for name in first), "Secrets are left out")


def test_folders_with_secrets_are_private():
    with Stack(None) as stack:
        stack.run("-f", str(PLANS_FOLDER / "small.yaml"), "manifests", "--offline", "--secrets", "-o", "a"
                  ).expect(0)
        secrets = list((stack.dir / "a").rglob("secret-*.yaml"))
        check(secrets, "Secrets are there")
        for path in secrets:
            equal(path.stat().st_mode & 0o777, 0o600, path.name)


def test_the_first_jobs_wait_until_the_database_lets_them_in():
    with Stack(None) as stack:
        edges = stack.run("-f", str(PLANS_FOLDER / "guide.yaml"), "graph").expect(0).out
        for job in ("mastodon_db_grants", "mastodon_db_prepare"):
            check(f'"{job}" -> "db_firewall"' in edges, f"{job} is behind the firewall's rule: {edges}")


def test_another_argument_is_refused():
    with Stack(None) as stack:
        stack.run("manifests", "there").expect(1)


if __name__ == "__main__":
    sys.exit(run_tests([golden_test(plan) for plan in PLANS]
              + [f for name, f in list(globals().items()) if name.startswith("test_")]))
