#!/usr/bin/env python3
"""What people and CI see: 80 columns, no colour when piped, plain ASCII without UTF-8, exit codes, JSON,
questions that cannot be asked, help."""
import json
import os
import select
import sys
import time

from lib import MOK, ROOT, Cloud, Stack, check, equal, fork_on_terminal, run_tests

GUIDE = str(ROOT / "plans" / "guide.yaml")
SANDBOX = ("--sandbox", "--speed", "max")
BAD = "mok: 1\nname: t\nresources:\n  net: { kind: vcp, ip_range: 10.0.0.0/20 }\n"
GOOD = "mok: 1\nname: t\nregion: ams3\nresources:\n  net: { kind: vpc, ip_range: 10.0.0.0/20 }\n"
COMMANDS = ["validate", "plan", "apply", "destroy", "adopt", "output", "graph", "log", "sandbox",
            "version", "help", "explain", "schema", "completion"]


def narrow(text, what):
    for line in text.splitlines():
        # One word alone, such as an object's path, stays whole: it is there to be copied.
        check(len(line) <= 80 or len(line.split()) == 1, f"{what}: a line of {len(line)} columns: {line}")
        check("\x1b" not in line, f"{what}: an escape sequence: {line!r}")


def test_eighty_columns_without_colour():
    with Stack(None) as stack:
        for arguments in (("validate",), ("plan",), ("apply", "--yes"), ("plan",), ("log",),
                          ("output",), ("destroy", "--yes")):
            result = stack.run(*SANDBOX, "-f", GUIDE, *arguments).expect(0)
            narrow(result.out, f"stdout of {arguments}")
            narrow(result.err, f"stderr of {arguments}")


def test_ascii_without_utf8():
    with Stack(None) as stack:
        for arguments in (("plan",), ("apply", "--yes"), ("destroy", "--yes")):
            result = stack.run(*SANDBOX, "-f", GUIDE, *arguments, env={"LC_ALL": "C"}).expect(0)
            check((result.out + result.err).isascii(), f"{arguments}: {result.out}{result.err}")


def test_help_of_every_command():
    with Stack(None) as stack:
        everything = stack.run("help").expect(0).out
        narrow(everything, "help")
        for command in COMMANDS:
            check(command in everything, f"help names {command}")
            for arguments in (("help", command), (command, "--help")):
                out = stack.run(*arguments).expect(0).out
                narrow(out, " ".join(arguments))
                check("Examples" in out or "example" in out.lower(), f"{arguments}: no example")
        check("130" in stack.run("help", "exit-codes").expect(0).out, "exit codes are listed")


def test_a_mistyped_command_and_option():
    with Stack(None) as stack:
        check("plan" in stack.run("pln").expect(1).err, "a near command is named")
        check("--target" in stack.run("plan", "--taget", "x").expect(1).err, "a near option is named")


def test_diagnostics():
    with Stack(None, BAD) as stack:
        result = stack.run("validate").expect(1)
        check("mok.yaml:4:16" in result.err, f"the place: {result.err}")
        check("^^^" in result.err and "vpc" in result.err, f"caret and suggestion: {result.err}")
        narrow(result.err, "diagnostics")
        found = json.loads(stack.run("validate", "--format", "json").expect(1).out)
        equal(len(found["diagnostics"]), 1, "diagnostics in JSON")


def test_plan_json():
    with Stack(None) as stack:
        plan = json.loads(stack.run(*SANDBOX, "-f", GUIDE, "plan", "--format", "json").expect(0).out)
        equal(plan["format_version"], 1, "format_version")
        equal(sorted(plan["summary"]), ["adopt", "create", "delete", "replace", "unchanged", "update",
                                            "wait"], "keys of the summary")
        equal(plan["summary"]["create"], len(plan["changes"]), "changes")
        check(plan["cost"]["after"] > 0 and plan["cost"]["before"] == 0, "cost")


def test_the_schema_has_the_files_own_keys():
    with Stack(None) as stack:
        schema = json.loads(stack.run("schema").expect(0).out)
        check(schema["additionalProperties"] is False and "^x-" in schema["patternProperties"], "strict")
        for key in [*schema["properties"], "x-mine", "nonsense"]:
            text = "mok: 1\nname: t\nresources: {}\n"
            stack.write(text if key in ("mok", "name", "resources") else text + f"{key}:\n")
            known = "E0201" not in stack.run("validate").err
            equal(known, key != "nonsense", f"whether the file may have {key}")


def test_exit_codes():
    with Stack(None, GOOD) as stack:
        stack.run(*SANDBOX, "plan", "--detailed-exitcode").expect(2)
        refused = stack.run("plan").expect(1)
        check("DIGITALOCEAN_TOKEN" in refused.err and "--sandbox" in refused.err,
              f"a missing token: {refused.err}")
        asked = stack.run(*SANDBOX, "apply").expect(1)
        check("--yes" in asked.err, f"no terminal to ask on: {asked.err}")
        stack.run(*SANDBOX, "apply", "--yes").expect(0)
        stack.run(*SANDBOX, "plan", "--detailed-exitcode").expect(0)
        stack.run("-C", "/nonexistent", "plan").expect(1)


def test_the_lock():
    with Cloud(speed=60) as cloud, Stack(cloud, GOOD + (
            "  db: { kind: database_cluster, engine: pg, version: \"17\", size: db-s-1vcpu-2gb, "
            "num_nodes: 1 }\n")) as stack:
        first = stack.start("apply", "--yes")
        while not cloud.writes():
            time.sleep(0.02)
        second = stack.run("apply", "--yes").expect(4)
        check("lock" in second.err, second.err)
        out, err = first.communicate(timeout=120)
        equal(first.returncode, 0, f"the first run: {out}{err}")


def test_a_question_on_a_terminal():
    with Stack(None, GOOD) as stack:
        for answer, code in ((b"no\n", 1), (b"yes\n", 0)):
            pid, fd = fork_on_terminal()
            if pid == 0:
                os.chdir(stack.dir)
                os.execve(MOK, [MOK, *SANDBOX, "apply"], stack.environment({"TERM": "xterm"}))
            seen, answered = b"", False
            while select.select([fd], [], [], 20)[0]:
                try:
                    data = os.read(fd, 65536)
                except OSError:
                    break
                seen += data
                if not answered and b"yes" in seen and seen.rstrip().endswith((b":", b"?", b"]")):
                    os.write(fd, answer)
                    answered = True
                if not data:
                    break
            _, status = os.waitpid(pid, 0)
            equal(os.waitstatus_to_exitcode(status), code, f"exit code after {answer}: {seen[-800:]!r}")


if __name__ == "__main__":
    sys.exit(run_tests([f for name, f in sorted(globals().items()) if name.startswith("test_")]))
