#!/usr/bin/env python3
"""Makes src/apiserver/data/protobuf.json: which number each field has when a Kubernetes client writes
an object as protobuf. Run by hand after kubernetes_schema.py, whose resources it follows:

    go mod download (in tests/conformance/go), then presets/kubernetes_protobuf.py

Sources, all Apache-2.0, as Go modules: generated.proto of k8s.io/api, apimachinery,
apiextensions-apiserver and kube-aggregator v0.36.3 for numbers and types; their types.go for the
names in JSON, and for what is inline there.

`kinds` says which message an "apiVersion Kind" is. A message is {NUMBER: "NAME TYPE [z]"}, with the
types of schema.json and this one: =NAME a message whose fields are the outer one's in JSON. z: zero
values are left out; it is told where schema.json has no such type. A message's member "" is there
where JSON has one value instead of an object: the fields whose value it may be, the first that is
there counting."""
import json
import pathlib
import re
import subprocess

STAGING = "v0.36.3"
MODULES = {"k8s.io.api": "api", "k8s.io.apimachinery": "apimachinery",
           "k8s.io.apiextensions_apiserver": "apiextensions-apiserver", "k8s.io.kube_aggregator": "kube-aggregator"}
PREFIXES = ("k8s.io.api.", "k8s.io.apimachinery.pkg.apis.", "k8s.io.apiextensions_apiserver.pkg.apis.",
            "k8s.io.kube_aggregator.pkg.apis.")
SCALARS = {"string": "s", "int32": "i", "int64": "i", "bool": "b", "double": "n", "bytes": "y",
           "k8s.io.apimachinery.pkg.api.resource.Quantity": "q",
           "k8s.io.apimachinery.pkg.util.intstr.IntOrString": "x",
           "k8s.io.apimachinery.pkg.apis.meta.v1.Time": "t",
           "k8s.io.apimachinery.pkg.apis.meta.v1.MicroTime": "u",
           "k8s.io.apimachinery.pkg.apis.meta.v1.FieldsV1": "o",
           "k8s.io.apimachinery.pkg.runtime.RawExtension": "o",
           "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSON": "o"}
# What types.go of apiextensions writes in MarshalJSON.
CHOICES = {"JSONSchemaPropsOrArray": "jSONSchemas schema", "JSONSchemaPropsOrBool": "schema allows",
           "JSONSchemaPropsOrStringArray": "property schema"}
# Bodies of requests that are no resources of schema.json's.
MORE = {"autoscaling/v1 Scale": "autoscaling.v1", "policy/v1 Eviction": "policy.v1", "v1 Binding": "core.v1",
        "authentication.k8s.io/v1 TokenRequest": "authentication.v1",
        "DeleteOptions": "meta.v1"}
CACHE = pathlib.Path(subprocess.run(["go", "env", "GOMODCACHE"], check=True, capture_output=True,
                                    text=True).stdout.strip())
DATA = pathlib.Path(__file__).parents[1] / "src/apiserver/data"


def short(name):
    return next((name[len(p):] for p in PREFIXES if name.startswith(p)), name)


class Package:
    """The messages and Go structs of one package, "k8s.io.api.core.v1"."""

    def __init__(self, name):
        module = next(m for m in sorted(MODULES, key=len, reverse=True) if name.startswith(m + "."))
        folder = CACHE / f"k8s.io/{MODULES[module]}@{STAGING}" / name[len(module) + 1:].replace(".", "/")
        self.name = name
        self.proto = (folder / "generated.proto").read_text()
        self.go = "\n".join(p.read_text() for p in sorted(folder.glob("*.go")) if "generated" not in p.name)

    def fields(self, message):
        """(number, proto name, type) of each; a type is written as in schema.json."""
        body = re.search(rf"^message {message} {{(.*?)^}}", self.proto, re.S | re.M).group(1)
        for many, key, inner, one, name, number in re.findall(
                r"^  (?:(optional|repeated|required) |map<(\w+), ([\w.]+)> )([\w.]+)? ?(\w+) = (\d+);", body, re.M):
            yield int(number), name, ("{}" if key else "[]" if many == "repeated" else "", self.full(inner or one))

    def full(self, name):
        """The proto's names are relative, or absolute with a dot before them."""
        if name in SCALARS:
            return name
        return name[1:] if name.startswith(".") else f"{self.name}.{name}"

    def json_names(self, message):
        """{number: (JSON name, or "" of what is inline, is a zero left out)}; nothing when it is no struct in Go."""
        found = re.search(rf"^type {message} struct {{(.*?)^}}", self.go, re.S | re.M)
        tags = re.findall(r'(\S+)\s+`json:"([^",]*)([^"]*)"[^`]*? protobuf:"\w+,(\d+)', found.group(1) if found else "")
        return {int(number): (name, "omit" in words and not kind.startswith("*")) for kind, name, words, number in tags}


class Table:
    def __init__(self, known):
        """`known`: the types of which schema.json says when a zero is left out."""
        self.known, self.packages, self.messages = known, {}, {}

    def add(self, full):
        if short(full) in self.messages:
            return
        name, message = full.rsplit(".", 1)
        if name not in self.packages:
            self.packages[name] = Package(name)
        package = self.packages[name]
        names = package.json_names(message)
        fields = self.messages[short(full)] = {}
        told = list(package.fields(message))
        if message in CHOICES or told and not names:
            # A list that has a name of its own in Go is a message with one field.
            fields[""] = CHOICES.get(message) or told[0][1]
            names = {number: (name, False) for number, name, _ in told}
        for number, _, (wrapping, kind) in told:
            omitted = names[number][1] and short(full) not in self.known
            fields[str(number)] = self.field(names[number][0], wrapping, kind) + (" z" if omitted else "")

    def field(self, name, wrapping, kind):
        if kind in SCALARS:
            return f"{name} {wrapping}{SCALARS[kind]}"
        self.add(kind)
        return f"{name} {wrapping}{'@' if name else '='}{short(kind)}"


def full_name(group, name):
    """Of schema.json's "core.v1.Pod"."""
    inside = {"apiextensions.k8s.io": PREFIXES[2], "apiregistration.k8s.io": PREFIXES[3]}
    return (PREFIXES[1] if name.startswith("meta.") else inside.get(group, PREFIXES[0])) + name


def decoded(schema):
    """The types of which schema.json says when a zero is left out: those that are not below o@NAME."""
    found, left = set(), [resource["type"] for group in schema["groups"] for resource in group["resources"]]
    left += ["autoscaling.v1.Scale", "policy.v1.Eviction", "meta.v1.DeleteOptions"]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            kinds = (field.split(" ")[0] for field in schema["types"][name].values())
            left += [kind.partition("@")[2] for kind in kinds if "@" in kind and "o@" not in kind]
    return found


def main():
    schema = json.loads((DATA / "schema.json").read_text())
    table, kinds = Table(decoded(schema)), {}
    for group in schema["groups"]:
        version = f"{group['group']}/{group['version']}" if group["group"] else group["version"]
        for resource in group["resources"]:
            kinds[f"{version} {resource['kind']}"] = full_name(group["group"], resource["type"])
    for key, package in MORE.items():
        kinds[key] = full_name("", f"{package}.{key.rsplit(' ', 1)[-1]}")
    for full in kinds.values():
        table.add(full)
    line = lambda name, value: f'"{name}":{json.dumps(value, separators=(",", ":"))}'
    (DATA / "protobuf.json").write_text(
        '{\n"source": "generated.proto and types.go of k8s.io/api, apimachinery, apiextensions-apiserver and '
        f'kube-aggregator {STAGING} (Apache-2.0); made by presets/kubernetes_protobuf.py",\n"kinds": {{\n'
        + ",\n".join(line(key, short(full)) for key, full in sorted(kinds.items())) + '\n},\n"messages": {\n'
        + ",\n".join(line(name, fields) for name, fields in sorted(table.messages.items())) + "\n}\n}\n")


if __name__ == "__main__":
    main()
