#!/usr/bin/env python3
"""No mutable globals: objdump -t of mok's own libraries shows nothing in .data and .bss.

Usage: globals.py BUILD_DIR (of a build without sanitizers)
"""
import pathlib
import re
import subprocess
import sys


def main():
    build = pathlib.Path(sys.argv[1])
    libraries = sorted(build.glob("libmok_*.a"))
    problems = []
    for library in libraries:
        table = subprocess.run(["objdump", "-t", library], check=True, capture_output=True,
                               text=True).stdout
        for line in table.splitlines():
            match = re.match(r"[0-9a-f]+ .{7} (\.t?data\S*|\.t?bss\S*|\*COM\*)\s+([0-9a-f]+) (.*)",
                             line)
            if match and int(match.group(2), 16) and not match.group(1).startswith(".data.rel.ro"):
                problems.append(f"{library.name}: {match.group(3).strip()} in {match.group(1)}")
    if not libraries:
        problems = [f"{build}: no libmok_*.a there"]
    print("\n".join(problems) if problems else
          f"globals: none that can change in {len(libraries)} libraries")
    return 1 if problems else 0


sys.exit(main())
