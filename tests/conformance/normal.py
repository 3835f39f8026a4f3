"""Answers without what is drawn anew each time.

Names of what is masked keep their identity within a scenario: the same uid or resourceVersion is the
same word each time, so an object that a no-op changed shows, and an owner reference to another.
"""
import base64
import json
import re

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PATTERNS = (
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"), "MICROTIME"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "TIME"),
    (re.compile(r"(ResourceVersion in record \()\d+"), r"\1RV"),
    (re.compile(r"\b\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000"), "TIME"),
    (re.compile(r'("?resourceVersion"?: ")\d+'), r"\1RV"),
    # Messages that quote an object as Go's internal structs have it; no client reads that.
    (re.compile(r'(Invalid value: )(?:\{.*?\}|\[.*?\]|null)(?=: (?:field is immutable|minAvailable and |cannot be specified in combination with |must have exactly one version))'),
     r"\1OBJECT"),
    (re.compile(r'(patch: Invalid value: |^Invalid value: )"\{.*\}"(?=: json: )'), r"\1OBJECT"),
    # What a CEL rule's types are called is drawn anew each time.
    (re.compile(r"\bselfType\d+[.\w@]*"), "object"),
    (re.compile(r"\n@@ .*", re.S), ""),
    (re.compile(r'(\\?"resourceVersion\\?":\\?")\d+'), r"\1RV"),
    (re.compile(r"\b(kube-api-access-)[bcdfghjklmnpqrstvwxz2456789]{5}\b"), r"\1GENERATED"),
    (re.compile(r"\b(\d+:)3\d{4}(/(?:TCP|UDP))"), r"\1NODE-PORT\2"),
    (re.compile(r"\b10\.\d+\.\d+\.\d+\b"), "CLUSTER-IP"),
)
TOKEN = re.compile(r"\beyJ[\w-]+\.([\w-]+)\.[\w-]+")
AGE = r"(?<![\w.:/-])(\d+[smhd]){1,2}(?![\w.:/-])|<invalid>"
# Kubernetes draws the five letters of a generated name from these.
GENERATED = "[bcdfghjklmnpqrstvwxz2456789]{5}"


def claims(match):
    """What a service account's token says; who issued it is of the server's flags."""
    part = match.group(1)
    told = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    seconds = told["exp"] - told["iat"]
    return f"TOKEN {sorted(told)} {told['aud']} {told['sub']} {seconds} s {sorted(told['kubernetes.io'].items())}"


class Normal:
    def __init__(self, namespace):
        self.namespace = namespace
        self.words = {}

    def word(self, kind, value):
        known = self.words.setdefault(kind, {})
        return known.setdefault(value, f"{kind}-{len(known) + 1}")

    def lines(self, answer):
        head = [f"status {answer.status}", *(f"warning {self.text(w)}" for w in answer.warnings)]
        body = answer.body
        if isinstance(body, str):
            return head + self.spoken(body)
        body = self.value(body)
        return head + json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False).splitlines()

    def spoken(self, text):
        """What a program said: ages differ, and with them the width of their column."""
        text = self.text(re.sub(AGE, "AGE", text))
        return [re.sub(r" {2,}", "  ", line).rstrip() for line in text.splitlines()]

    def text(self, text):
        text = TOKEN.sub(claims, text).replace(self.namespace, "NS")
        text = UUID.sub(lambda m: self.word("uid", m.group()), text)
        for pattern, word in PATTERNS:
            text = pattern.sub(word, text)
        return text

    def value(self, value, key="", parent=None):
        if isinstance(value, dict):
            return {self.text(k): self.member(k, value[k], value, key) for k in sorted(value)}
        if isinstance(value, list):
            items = sorted(value, key=manager_key) if key == "managedFields" else value
            return [self.value(item, key) for item in items]
        return self.text(value) if isinstance(value, str) else value

    def member(self, key, value, parent, parent_key):
        if key == "resourceVersion" and isinstance(value, str):
            # A list's is the whole store's, and others write there.
            a_list = parent_key == "metadata" and "uid" not in parent
            return "RV" if a_list else self.word("rv", value)
        if key == "continue" and value:
            return "CONTINUE"
        if key in ("nodePort", "healthCheckNodePort") and value:
            return "NODE-PORT"
        if key == "name" and "generateName" in parent:
            return re.sub(f"^({re.escape(parent['generateName'])}){GENERATED}$", r"\1GENERATED", value)
        if key == "columnDefinitions":
            # Their descriptions are prose, which the sandbox leaves out of its data.
            return [{k: v for k, v in column.items() if k != "description"} for column in value]
        if key == "cells":
            return [self.cell(c) for c in value]
        return self.value(value, key)

    def cell(self, cell):
        """Ages are a cell of their own in tables."""
        return "AGE" if isinstance(cell, str) and re.fullmatch(r"(\d+[smhd])+|<invalid>", cell) else self.value(cell)


def manager_key(entry):
    """Entries are ordered by their second, which two servers do not share."""
    return tuple(entry.get(k, "") for k in ("operation", "manager", "apiVersion", "subresource"))
