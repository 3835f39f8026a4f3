#!/usr/bin/env python3
"""What must not be in the sources: unsafe functions, effects outside their layer, kind names outside
src/kinds, diagnostic codes that no table or test knows."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

BANNED = r"\b(strcpy|strcat|strncpy|strncat|sprintf|vsprintf|strtok|atoi|atol|atof|gets|gmtime|localtime|alloca|setjmp|longjmp)\s*\("
# pattern: the folders that may, and why the others may not
ONLY_IN = {
    r"\bgetenv\s*\(": ({"cli"}, "the environment is read by the command alone"),
    r"\b(printf|puts|putchar|vprintf)\s*\(": ({"report", "cli", "sandbox"}, "only report and cli print"),
    r"\b(time|gettimeofday|clock_gettime|nanosleep|sleep|usleep)\s*\(": (
        {"env", "cli", "sandbox"}, "time comes through the env"),
    r"\b(getrandom|rand|random|srand)\s*\(": ({"env", "sandbox"}, "randomness comes through the env"),
}


def sources(folder):
    return sorted((ROOT / folder).rglob("*.[ch]"))


def code_of(path):
    """The file's lines without comments; strings stay."""
    text = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group(0)), path.read_text(),
                  flags=re.S)
    return [re.sub(r"(^|\s)//.*", "", line) for line in text.splitlines()]


def without_strings(line):
    return re.sub(r'"(?:\\.|[^"\\])*"', '""', line)


def find_words():
    for path in sources("src"):
        module = path.relative_to(ROOT / "src").parts[0]
        for number, line in enumerate(map(without_strings, code_of(path)), 1):
            where = f"{path.relative_to(ROOT)}:{number}"
            for match in re.finditer(BANNED, line):
                yield f"{where}: {match.group(1)}() is banned"
            for pattern, (folders, why) in ONLY_IN.items():
                if module not in folders and re.search(pattern, line):
                    yield f"{where}: {why}: {line.strip()}"


def find_kind_names():
    kinds = [p.stem.removeprefix("kind_") for p in (ROOT / "src/kinds").glob("kind_*.c")]
    pattern = '"(' + "|".join(k for k in kinds if "_" in k) + ')"'
    for path in sources("src"):
        module = path.relative_to(ROOT / "src").parts[0]
        if module in ("kinds", "sandbox", "mastodon"):  # the block stands for such kinds
            continue
        if path == ROOT / "src/tfstate/types.c":  # the table of Terraform's names for them
            continue
        for number, line in enumerate(code_of(path), 1):
            match = re.search(pattern, line)
            if match and "mok_json_str(" not in line:
                yield f"{path.relative_to(ROOT)}:{number}: the kind {match.group(1)} is named here"


def find_codes():
    known = set()
    for path in sources("src/model"):
        known |= set(re.findall(r'^\s*\{?\s*(?:\.code = )?"([EWN]\d{4})"', path.read_text(), flags=re.M))
    shown = "".join(p.read_text(errors="replace") for p in sorted((ROOT / "tests").rglob("*"))
                    if p.is_file() and p.suffix in (".c", ".expected", ".txt", ".yaml", ".py", ".sh"))
    used = {}
    for path in sources("src"):
        if path.parts[-2] == "model":
            continue
        for code in re.findall(r'"([EWN]\d{4})"', path.read_text()):
            used.setdefault(code, path.relative_to(ROOT))
    for code, path in sorted(used.items()):
        if code not in known:
            yield f"{path}: code {code} is not in src/model/codes.c"
        if code not in shown:
            yield f"{path}: code {code} occurs in no test"
    for code in sorted(known - set(used)):
        yield f"src/model/codes.c: code {code} is used nowhere"


def main():
    problems = [*find_words(), *find_kind_names(), *find_codes()]
    print("\n".join(problems) if problems else "words: nothing banned, every code known and tested")
    return 1 if problems else 0


sys.exit(main())
