#!/usr/bin/env python3
"""Which module may include which: reads every #include "mok/..." under src/ against one table.

The same table is shown in docs/architecture.md; this script checks that the two agree.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# module: the modules that it may include (besides itself and base)
MAY = {
    "base": "",
    "env": "",
    "model": "",
    "graph": "",
    "kinds": "model",
    "expr": "model",
    "plan": "model kinds expr graph",
    "mastodon": "model kinds expr plan",
    "http": "env model",
    "escrow": "env",
    "registry": "env model http",
    "digitalocean": "model kinds http",
    "spaces": "model kinds http env",
    "kubernetes": "model kinds http env",
    "live": "model kinds expr plan http env",
    "diff": "model kinds expr plan graph live",
    "tfstate": "model kinds diff live",
    "engine": "model kinds expr plan graph live diff http env",
    "apiserver": "",
    "sandbox": "apiserver",
    "report": "model kinds expr plan graph live diff engine tfstate",
    "cli": "env model graph kinds expr plan mastodon http escrow registry digitalocean spaces kubernetes live diff engine "
           "sandbox report tfstate",
}
# public headers that belong to a module of another name
OWNER = {"kind": "model", "status": "report", "upgrade": "report", "marker": "model", "manifest": "kinds", "helm": "kinds", "errand": "model", "ask": "model", "catalogue": "kinds", "provider": "http", "age": "escrow"}
# libraries that only these modules may use
LIBRARY = {
    "curl/": {"env", "cli"},
    "yaml.h": {"plan", "expr", "kubernetes", "apiserver"},
    "sqlite3.h": {"sandbox"},
    "microhttpd.h": {"sandbox"},
    "popt.h": {"cli"},
    "expat.h": {"sandbox", "spaces"},
    "openssl/": {"base", "http", "sandbox", "kinds", "kubernetes", "escrow"},
    "zlib.h": {"base"},
}


def owner(header):
    stem = pathlib.PurePath(header).stem
    return OWNER.get(stem, stem)


def problems_of(module, path):
    allowed = set(MAY[module].split()) | {module, "base"}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
        if not match:
            continue
        name = match.group(2)
        where = f"{path.relative_to(ROOT)}:{number}"
        if name.startswith("mok/") and owner(name) not in allowed:
            yield f"{where}: {module} may not include {name}"
        if match.group(1) == '"' and "/" in name and not name.startswith("mok/"):
            yield f"{where}: a private header of another folder: {name}"
        for prefix, users in LIBRARY.items():
            if name.startswith(prefix) and module not in users:
                yield f"{where}: {module} may not use {name}"


def documented():
    """The table of docs/architecture.md: | `module` | what | `may use` |"""
    rows = {}
    text = (ROOT / "docs/architecture.md").read_text()
    for line in text.splitlines():
        match = re.match(r"\| `(\w+)` \|.*\| ([^|]*) \|$", line)
        if match:
            rows[match.group(1)] = set(re.findall(r"\w+", match.group(2))) - {"base", "all"}
    return rows


def main():
    problems = []
    for folder in sorted(p for p in (ROOT / "src").iterdir() if p.is_dir()):
        if folder.name not in MAY:
            problems.append(f"src/{folder.name}: not in the table of {__file__}")
            continue
        for path in sorted(folder.rglob("*.[ch]")):
            problems += problems_of(folder.name, path)
    shown = documented()
    for module, may in MAY.items():
        if module != "cli" and shown.get(module) != set(may.split()):
            problems.append(f"docs/architecture.md: the row of {module} is not: {may or 'base'}")
    print("\n".join(problems) if problems else "layers: every include is allowed")
    return 1 if problems else 0


sys.exit(main())
