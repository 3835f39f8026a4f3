#!/usr/bin/env python3
"""What .editorconfig promises of every file that git knows: line ends, last newline, no blanks at
line ends, tabs where the format wants them; scripts are executable; Markdown links lead somewhere,
and the commands that it names exist."""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABS = {".c", ".h", ".sh"}
COMMANDS = set(re.findall(r'^\t\{ \.name = "(\w+)"', (ROOT / "src/cli/commands.c").read_text(), re.M))
AS_THEY_ARE = ("tests/golden/", "tests/fuzz/corpus/", "tests/cli/expected/")


def problems_of(name):
    path = ROOT / name
    data = path.read_bytes()
    if not data or b"\0" in data:
        return
    if b"\r\n" in data:
        yield "has CRLF line ends"
    if not data.endswith(b"\n"):
        yield "has no newline at its end"
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if line != line.rstrip():
            yield f"line {number} ends with a blank"
        if path.suffix in TABS and re.match(r" {8}", line):
            yield f"line {number} is indented with spaces"
    if data.startswith(b"#!") and not os.access(path, os.X_OK):
        yield "has a #! line and is not executable"
    if path.suffix == ".md":
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", data.decode()):
            if not (path.parent / target).exists():
                yield f"links to {target}, which is not there"
        for command in re.findall(r"(?:^\$ |`)mok ([a-z]+)", data.decode(), re.M):
            if command not in COMMANDS:
                yield f"names mok {command}, which is not there"


def main():
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True,
                           text=True).stdout.split("\n")
    problems = []
    for name in names:
        if name and (ROOT / name).is_file() and not name.startswith(AS_THEY_ARE):
            problems += [f"{name}: {problem}" for problem in problems_of(name)]
    print("\n".join(problems) if problems else f"texts: {len(names) - 1} files are well-formed")
    return 1 if problems else 0


sys.exit(main())
