#!/usr/bin/env python3
"""The limits of size: functions, files, parameters and nesting of src/, lines of public headers."""
import pathlib
import re
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FUNCTION_MAX, FUNCTION_P95, FUNCTION_MEDIAN = 100, 60, 15
# functions whose shape a library dictates
DICTATED = {"handle": "libmicrohttpd's MHD_AccessHandlerCallback",
            "end_socket": "libmicrohttpd's MHD_UpgradeHandler"}
FILE_MAX, HEADER_MAX, PARAMETERS_MAX, NESTING_MAX = 800, 300, 6, 4


def blank_out(text):
    """Comments, strings and characters become blanks, so that braces can be counted."""
    pattern = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)


def parameters(signature):
    inside = signature[signature.find("(") + 1:signature.rfind(")")]
    depth, count = 0, 1 if inside.strip() not in ("", "void") else 0
    for c in inside:
        depth += (c in "([") - (c in ")]")
        count += c == "," and depth == 0
    return count


def is_function(signature):
    head = signature.strip()
    return head.endswith(")") and "=" not in head and not head.startswith("#") and bool(
        re.match(r"[A-Za-z_][\w\s*]*\**\s*\w+\s*\(", head))


def nesting(body):
    """The deepest level of braces inside, tables (after '=' or ',' or '(') not counted."""
    depth = deepest = 0
    kinds = []
    for i, c in enumerate(body):
        if c == "{":
            before = body[:i].rstrip()[-1:]
            block = before in (")", ";", "{", "}", ":") or body[:i].rstrip().endswith(("else", "do"))
            kinds.append(block)
            depth += block
            deepest = max(deepest, depth)
        elif c == "}" and kinds:
            depth -= kinds.pop()
    return deepest - 1


def functions(path):
    """(name, line, length, parameters, nesting) of each function with a body in column one."""
    text = blank_out(path.read_text())
    for match in re.finditer(r"^\{\n", text, flags=re.M):
        start = max(text.rfind(end, 0, match.start()) for end in ("\n}\n", ";\n", "\n\n")) + 1
        signature = re.sub(r"^\s*#.*$", "", text[start:match.start()].lstrip("};\n"), flags=re.M)
        if not is_function(signature):
            continue
        end = text.find("\n}\n", match.start())
        body = text[match.start():end + 2]
        name = re.search(r"(\w+)\s*\(", signature).group(1)
        line = text.count("\n", 0, match.start()) - signature.strip().count("\n")
        yield name, line, text.count("\n", 0, end + 2) - line + 1, parameters(signature), nesting(body)


def main():
    problems, lengths = [], []
    for path in sorted((ROOT / "src").rglob("*.[ch]")):
        shown = path.relative_to(ROOT)
        lines = path.read_text().count("\n")
        if lines > FILE_MAX:
            problems.append(f"{shown}: {lines} lines, at most {FILE_MAX}")
        for name, line, length, count, deep in functions(path):
            lengths.append(length)
            where = f"{shown}:{line}: {name}()"
            if length > FUNCTION_MAX:
                problems.append(f"{where} has {length} lines, at most {FUNCTION_MAX}")
            if count > PARAMETERS_MAX and name not in DICTATED:
                problems.append(f"{where} has {count} parameters, at most {PARAMETERS_MAX}")
            if deep > NESTING_MAX:
                problems.append(f"{where} nests {deep} deep, at most {NESTING_MAX}")
    for path in sorted((ROOT / "include").rglob("*.h")):
        lines = path.read_text().count("\n")
        if lines > HEADER_MAX:
            problems.append(f"{path.relative_to(ROOT)}: {lines} lines, at most {HEADER_MAX}")
    lengths.sort()
    median = statistics.median(lengths)
    p95 = lengths[int(len(lengths) * 0.95)]
    if median > FUNCTION_MEDIAN:
        problems.append(f"the median function has {median} lines, at most {FUNCTION_MEDIAN}")
    if p95 > FUNCTION_P95:
        problems.append(f"95 % of the functions are under {p95} lines, not {FUNCTION_P95}")
    print("\n".join(problems) if problems else
          f"lengths: {len(lengths)} functions, median {median:g} lines, 95 % under {p95}, "
          f"longest {lengths[-1]}")
    return 1 if problems else 0


sys.exit(main())
