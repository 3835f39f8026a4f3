"""The language of the scenarios: a step is ("VERB TARGET[?QUERY] CODE", body, options).

VERB     GET, CREATE, PUT, DELETE; MERGE, JSON, STRATEGIC, APPLY (kinds of PATCH); WATCH; UNTIL; AWAIT; KUBECTL
TARGET   configmaps[/NAME[/SUBRESOURCE]] in the scenario's namespace, or a path that starts with /
CODE     the status that must come
NS       in a target or a body is the scenario's namespace
${N.a.b} in a target or a body is member a.b of the answer of step N (the first is 1)
body     an object; edit(N, {...}) is the answer of step N with a merge patch over it; a string is
         sent as it is
options  accept: the Accept header; pick: only these of the answer's `resources`; only: members of
         the answer that are compared; unordered: the real one finds these errors in a random order

In what UNTIL waits for, "*" is any value.

WATCH's body is the number of events to wait for. UNTIL repeats a GET until the code is right and the
answer contains the body, AWAIT a CREATE of a review until it is allowed; their answers are not compared. KUBECTL's target is its arguments with + between
them, its body the standard input and its code that of its exit; of explain, only what is structure is
compared (fields, types, what is required, enumerations): descriptions are the texts of others, which the
sandbox leaves out of its data. ENSURE (CODE is -) is neither compared nor checked.
"""
import copy
import dataclasses
import json
import re
import time

PATHS = {
    "/api/v1": "configmaps secrets services serviceaccounts pods events persistentvolumeclaims resourcequotas "
               "limitranges endpoints replicationcontrollers",
    "/apis/apps/v1": "deployments statefulsets daemonsets replicasets",
    "/apis/batch/v1": "jobs cronjobs",
    "/apis/autoscaling/v2": "horizontalpodautoscalers",
    "/apis/policy/v1": "poddisruptionbudgets",
    "/apis/networking.k8s.io/v1": "networkpolicies ingresses",
    "/apis/rbac.authorization.k8s.io/v1": "roles rolebindings",
    "/apis/coordination.k8s.io/v1": "leases",
    "/apis/NS.example.com/v1": "widgets",
}
RESOURCES = {resource: prefix for prefix, names in PATHS.items() for resource in names.split()}
METHODS = {"CREATE": "POST", "ENSURE": "POST", "AWAIT": "POST", "UNTIL": "GET", "WATCH": "GET", "MERGE": "PATCH", "JSON": "PATCH",
           "STRATEGIC": "PATCH", "APPLY": "PATCH"}
CONTENT = {"MERGE": "application/merge-patch+json", "JSON": "application/json-patch+json",
           "STRATEGIC": "application/strategic-merge-patch+json", "APPLY": "application/apply-patch+yaml"}
PROTOBUF = "application/vnd.kubernetes.protobuf"
PATIENCE_S = 30


@dataclasses.dataclass
class Edit:
    step: int
    changes: dict


def edit(step, changes):
    return Edit(step, changes)


@dataclasses.dataclass
class Answer:
    status: int
    body: object
    warnings: list = dataclasses.field(default_factory=list)
    compared: bool = True
    wrong: list = dataclasses.field(default_factory=list)


def merged(target, patch):
    """RFC 7386"""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


STRUCTURE = re.compile(r"(GROUP|KIND|VERSION|FIELD|ENUM|FIELDS|DESCRIPTION):| *[\w$.-]+\t<| *enum: |error|the server|Warning")


def structure_of(explained):
    """What kubectl explain says, without the descriptions."""
    lines, values = [], False
    for line in explained.splitlines():
        values = line.startswith("ENUM:") or values and bool(line)
        if values or STRUCTURE.match(line):
            lines.append(line)
    return "\n".join(lines)


def contains(value, wanted):
    if isinstance(wanted, dict):
        # What asks for nothing is content with any answer, texts too.
        return not wanted or isinstance(value, dict) and all(contains(value.get(k), w) for k, w in wanted.items())
    return value == wanted or wanted == "*" and value is not None


class Run:
    """One scenario on one side."""

    def __init__(self, client, namespace):
        self.client, self.namespace, self.answers = client, namespace, []
        client.request("POST", "/api/v1/namespaces", json.dumps({"metadata": {"name": namespace}}).encode(),
                       {"Content-Type": "application/json"})
        # Pods are refused until it is there.
        self.until(f"/api/v1/namespaces/{namespace}/serviceaccounts/default", 200, {})

    def step(self, step):
        line, body, options = (*step, None, {})[:3] if len(step) < 3 else step
        verb, target, code = line.split()
        path = self.resolve(target) if verb == "KUBECTL" else self.path(target)
        answer = self.send(verb, path, self.resolve(body), int(code) if code != "-" else 0, options or {})
        self.answers.append(copy.deepcopy(answer.body))
        if code != "-" and answer.status != int(code):
            answer.wrong.append(f"{line}: answered {answer.status}: {json.dumps(answer.body)[:600]}")
        self.narrow(answer, options or {})
        return answer

    def send(self, verb, path, body, code, options):
        if verb == "UNTIL":
            return self.until(path, code, body or {})
        if verb == "AWAIT":
            return self.until(path, code, {"status": {"allowed": True}}, "POST", json.dumps(body).encode())
        if verb == "KUBECTL":
            data = "\n---\n".join(map(json.dumps, body)) if isinstance(body, list) else json.dumps(body)
            code, said = self.client.run_kubectl(self.namespace, path.split("+"), data)
            return Answer(code, structure_of(said) if path.startswith("explain+") else said)
        if verb == "WATCH":
            return Answer(*self.client.watch(path, body))
        headers = {"Content-Type": PROTOBUF if isinstance(body, bytes) else CONTENT.get(verb, "application/json")}
        if "accept" in options:
            headers["Accept"] = options["accept"]
        data = body if isinstance(body, (bytes, type(None))) else \
            body.encode() if isinstance(body, str) else json.dumps(body).encode()
        answer = Answer(*self.client.request(METHODS.get(verb, verb), path, data, headers))
        answer.compared = verb != "ENSURE"
        return answer

    def until(self, path, code, wanted, method="GET", data=None):
        headers = {"Content-Type": "application/json"} if data else None
        end = time.monotonic() + PATIENCE_S
        while True:
            status, body, _ = self.client.request(method, path, data, headers)
            if status == code and contains(body, wanted):
                return Answer(status, body, compared=False)
            if time.monotonic() > end:
                return Answer(status, body, compared=False, wrong=[
                    f"{method} {path} is not {code} with {json.dumps(wanted)} after {PATIENCE_S} s: "
                    f"{status} {json.dumps(body)[:600]}"])
            time.sleep(0.05)

    @staticmethod
    def narrow(answer, options):
        """Reduces an answer to what a scenario is about: a cluster has more resources than it uses."""
        if "pick" in options and isinstance(answer.body, dict) and "resources" in answer.body:
            answer.body["resources"] = [r for r in answer.body["resources"]
                                        if (r.get("name") or r.get("resource")) in options["pick"]]
        if "only" in options and isinstance(answer.body, dict):
            answer.body = {k: answer.body.get(k) for k in options["only"]}
        if "unordered" in options and isinstance(answer.body, dict):
            answer.body["message"] = re.sub(r"\[.*\]$", "[...]", answer.body.get("message", ""), flags=re.S)
            answer.body.get("details", {}).get("causes", []).sort(key=lambda c: (c.get("field"), c.get("message")))

    def path(self, target):
        if not target.startswith("/"):
            resource = re.match(r"\w+", target).group()
            target = f"{RESOURCES[resource]}/namespaces/NS/{target}"
        return self.resolve(target)

    def resolve(self, value):
        if isinstance(value, Edit):
            return merged(self.answers[value.step - 1], self.resolve(value.changes))
        if isinstance(value, dict):
            return {self.resolve(k): self.resolve(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.resolve(v) for v in value]
        if not isinstance(value, str):
            return value
        value = re.sub(r"\$\{(\d+)\.([\w.]+)\}", lambda m: str(self.member(int(m[1]), m[2])), value)
        return re.sub(r"\bNS\b", self.namespace, value)

    def member(self, step, path):
        value = self.answers[step - 1]
        for key in path.split("."):
            value = value[int(key)] if isinstance(value, list) else value[key]
        return value
