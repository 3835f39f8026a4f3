#!/usr/bin/env python3
"""clang-tidy over src/, in parallel; a file that was clean is not checked again until what the compiler
sees of it, its comments, or the configuration changes. Usage: tidy.py BUILD_DIR"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "mok/tidy"


def seen_by_compiler(entry):
    """The file with what it includes. Without the comments of those: none of them is for clang-tidy."""
    command = shlex.split(entry["command"])
    at = command.index("-o")
    return subprocess.run([*command[:at], *command[at + 2:], "-E", "-P", "-w"], cwd=entry["directory"],
                          capture_output=True, check=True).stdout


def check(path, entry, build, shared):
    stamp = CACHE / hashlib.sha256(shared + path.read_bytes() + seen_by_compiler(entry)).hexdigest()
    if stamp.exists():
        return ""
    run = subprocess.run(["clang-tidy", "-p", build, "--quiet", "--warnings-as-errors=*", path],
                         capture_output=True, text=True, check=False)
    if run.returncode:
        return run.stdout + run.stderr
    stamp.touch()
    return ""


def main():
    build = sys.argv[1]
    commands = json.loads(pathlib.Path(build, "compile_commands.json").read_text())
    entries = {pathlib.Path(e["file"]).resolve(): e for e in commands}
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    shared = (ROOT / ".clang-tidy").read_bytes() + version
    paths = sorted((ROOT / "src").rglob("*.c"))
    CACHE.mkdir(parents=True, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outputs = [o for o in pool.map(lambda p: check(p, entries[p], build, shared), paths) if o]
    print("\n".join(outputs) if outputs else f"tidy: {len(paths)} files are clean")
    return 1 if outputs else 0


sys.exit(main())
