#!/usr/bin/env python3
"""clang-tidy over src/, in parallel; a file that was clean is not checked again until it, a header
or the configuration changes. Usage: tidy.py BUILD_DIR"""
import concurrent.futures
import hashlib
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "mok/tidy"


def digest(paths):
    sha = hashlib.sha256()
    for path in paths:
        sha.update(path.read_bytes())
    return sha.hexdigest()


def check(path, build, shared):
    stamp = CACHE / digest([path, *sorted(path.parent.glob("*.h"))]) / shared[:16]
    if stamp.exists():
        return ""
    run = subprocess.run(["clang-tidy", "-p", build, "--quiet", "--warnings-as-errors=*", path],
                         capture_output=True, text=True, check=False)
    if run.returncode:
        return run.stdout + run.stderr
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.touch()
    return ""


def main():
    build = sys.argv[1]
    shared = digest([ROOT / ".clang-tidy", *sorted((ROOT / "include").rglob("*.h"))])
    paths = sorted((ROOT / "src").rglob("*.c"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outputs = [o for o in pool.map(lambda p: check(p, build, shared), paths) if o]
    print("\n".join(outputs) if outputs else f"tidy: {len(paths)} files are clean")
    return 1 if outputs else 0


sys.exit(main())
