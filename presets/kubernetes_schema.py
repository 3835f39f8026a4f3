#!/usr/bin/env python3
"""Makes src/apiserver/data/schema.json: which resources a Kubernetes API server has, and what their
objects consist of. Run by hand when the version below moves:

    go mod download (in tests/conformance/go), then presets/kubernetes_schema.py

Sources, all Apache-2.0, as Go modules: k8s.io/kubernetes v1.36.3 (api/discovery, api/openapi-spec/v3)
for resources, types, list types and merge keys; k8s.io/api, apimachinery, apiextensions-apiserver and
kube-aggregator v0.36.3 (types.go) for what the description does not tell: whether a zero value is
left out when an object is written. Descriptions are left out, to keep it small.

A field is "TYPE [WORD...]": s string, i integer, w integer of 64 bits, n number, b boolean, q quantity, x int-or-string,
y bytes, t time, u time with microseconds, o anything, o@NAME anything, described as that type, @NAME a
type, []T a list, {}T a map. Words: ! required, n=A|B the values that it may have, z zero values are
left out, e written even when absent, l=set|atomic|map:KEYS the kind of list, a an atomic map or
struct, d=JSON a default, m=KEY and r the strategies of a strategic merge patch."""
import json
import pathlib
import re
import subprocess

VERSION, STAGING = "v1.36.3", "v0.36.3"
GROUPS = {
    "": ["v1"], "apps": ["v1"], "batch": ["v1"], "autoscaling": ["v2"], "policy": ["v1"],
    "networking.k8s.io": ["v1"], "rbac.authorization.k8s.io": ["v1"], "scheduling.k8s.io": ["v1"],
    "storage.k8s.io": ["v1"], "apiextensions.k8s.io": ["v1"], "apiregistration.k8s.io": ["v1"],
    "admissionregistration.k8s.io": ["v1"], "coordination.k8s.io": ["v1"],
    "discovery.k8s.io": ["v1"], "events.k8s.io": ["v1"], "node.k8s.io": ["v1"], "authentication.k8s.io": ["v1"],
    "authorization.k8s.io": ["v1"]}
LEFT_OUT = {"bindings", "componentstatuses", "volumeattributesclasses", "csistoragecapacities", "servicecidrs",
            "ipaddresses", "mutatingadmissionpolicies", "mutatingadmissionpolicybindings"}
# What the server says to whoever uses them.
DEPRECATED = {("", "endpoints"): "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"}
SUBRESOURCES = {"status", "scale", "log", "eviction", "binding", "finalize", "token",
                "ephemeralcontainers"}
SCALARS = {"io.k8s.apimachinery.pkg.api.resource.Quantity": "q",
           "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "x",
           "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "t",
           "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "u"}
# Of these the server keeps what it gets.
KEPT = {"io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", "io.k8s.apimachinery.pkg.runtime.RawExtension",
        *(f"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.{name}" for name in (
            "JSON", "JSONSchemaProps", "JSONSchemaPropsOrBool", "JSONSchemaPropsOrArray",
            "JSONSchemaPropsOrStringArray"))}
SOURCES = {"io.k8s.api.": ("k8s.io/api", ""),
           "io.k8s.apimachinery.": ("k8s.io/apimachinery", ""),
           "io.k8s.apiextensions-apiserver.": ("k8s.io/apiextensions-apiserver", ""),
           "io.k8s.kube-aggregator.": ("k8s.io/kube-aggregator", "")}
STRUCTS = {"Time", "MicroTime"}  # names of Go's structs, filled from the sources
ENUMS = {}  # what a struct's member may be, by the two
CACHE = pathlib.Path(subprocess.run(["go", "env", "GOMODCACHE"], check=True, capture_output=True,
                                    text=True).stdout.strip())
API = CACHE / f"k8s.io/kubernetes@{VERSION}" / "api"


def short(name):
    for prefix in ("io.k8s.api.", "io.k8s.apimachinery.pkg.apis.", "io.k8s.apiextensions-apiserver.pkg.apis.",
                   "io.k8s.kube-aggregator.pkg.apis.", "io.k8s.apimachinery.pkg."):
        if name.startswith(prefix):
            return name[len(prefix):]
    return name


def structure(kind):
    """Is a Go type a struct by value? encoding/json writes those whatever omitempty says."""
    name = kind.rsplit(".", 1)[-1]
    return not kind.startswith(("[]", "map[")) and name in STRUCTS


def sources(module, package, cache={}):
    """The types.go of a package, one after the other."""
    folder = CACHE / f"{module}@{STAGING}" / package.replace(".", "/")
    if folder not in cache:
        cache[folder] = "\n".join(p.read_text() for p in sorted(folder.glob("*types*.go")))
        STRUCTS.update(re.findall(r"^type (\w+) struct {", cache[folder], re.M))
        STRUCTS.difference_update({"Quantity"})
    return cache[folder]


def values_of(kind, module, package):
    """What a field of a Go type may be, in order, when that is marked as an enumeration."""
    kind = kind.removeprefix("[]").lstrip("*")
    if not re.fullmatch(r"[\w.]+", kind):
        return []
    text, name = sources(module, package), kind.rsplit(".", 1)[-1]
    if "." in kind:
        text = sources("k8s.io/api", "core.v1") if kind.startswith(("v1.", "apiv1.", "corev1.")) else ""
    if not re.search(rf"^// \+enum\n(?://.*\n)*type {name} string", text, re.M):
        return []
    told = re.findall(rf'^\s*(?:const )?\w+\s+(?:{name}\s*=\s*|=\s*{name}\()(?:"([^"]*)"|v1\.(\w+))', text, re.M)
    return sorted({core_constant(other) if other else value for value, other in told})


def core_constant(name):
    return re.search(rf'^\s*{name}\s+\w+\s*=\s*"([^"]*)"', sources("k8s.io/api", "core.v1"), re.M).group(1)


def go_fields(name):
    """{JSON name: "z" zero left out, "e" always written, "p" pointer} of a Go struct."""
    prefix = next((p for p in SOURCES if name.startswith(p)), None)
    package, struct = name[len(prefix or ""):].rsplit(".", 1)
    if prefix is None:
        return {}
    module = SOURCES[prefix][0]
    found = re.search(rf"^type {struct} struct {{(.*?)^}}", sources(module, package), re.S | re.M)
    fields = {}
    for line in (found.group(1) if found else "").splitlines():
        inline = re.match(r'\s*([\w.]+)(?:\s+[\w.]+)?\s+`json:",inline"', line)
        if inline and inline.group(1) not in ("metav1.TypeMeta", "TypeMeta"):
            inner = f"{prefix}{package}.{inline.group(1).split('.')[-1]}"
            fields.update(go_fields(inner))
            ENUMS.update({(name, key): values for (of, key), values in list(ENUMS.items()) if of == inner})
        tag = re.match(r'\s*(?:\w+\s+)?(\S+)\s+`json:"([^",]+)((?:,\w+)*)"', line)
        if not tag:
            continue
        kind, key, options = tag.groups()
        values = values_of(kind, module, package)
        if values:
            ENUMS[name, key] = values
        if kind.startswith("*"):
            fields[key] = "p"
        elif "omitzero" in options or "omitempty" in options and not structure(kind):
            fields[key] = "z"
        else:
            fields[key] = "e"
    return fields


class Types:
    def __init__(self):
        self.described, self.types = {}, {}

    def type_of(self, schema):
        reference = schema.get("$ref") or (schema.get("allOf") or [{}])[0].get("$ref")
        if reference:
            name = reference.rsplit("/", 1)[1]
            if name in SCALARS:
                return SCALARS[name]
            self.add(name)
            return ("o@" if name in KEPT else "@") + short(name)
        kind = schema.get("type")
        if kind == "array":
            return "[]" + self.type_of(schema["items"])
        if kind == "object":
            extra = schema.get("additionalProperties")
            return "{}" + self.type_of(extra) if isinstance(extra, dict) else "o"
        if kind == "string":
            return {"byte": "y", "int-or-string": "x"}.get(schema.get("format"), "s")
        if kind == "integer" and schema.get("format") == "int64":
            return "w"
        return {"integer": "i", "number": "n", "boolean": "b"}.get(kind, "o")

    def words(self, schema, required, go):
        words = ["!"] if required else []
        if go in ("z", "e"):
            words.append(go)
        if "x-kubernetes-list-type" in schema:
            keys = schema.get("x-kubernetes-list-map-keys")
            words.append("l=" + schema["x-kubernetes-list-type"] + (":" + ",".join(keys) if keys else ""))
        if schema.get("x-kubernetes-map-type") == "atomic":
            words.append("a")
        if schema.get("default") not in (None, {}, "", 0, False):
            words.append("d=" + json.dumps(schema["default"]))
        if schema.get("x-kubernetes-patch-strategy", "").startswith("merge"):
            words.append("m=" + schema.get("x-kubernetes-patch-merge-key", ""))
        if "retainKeys" in schema.get("x-kubernetes-patch-strategy", ""):
            words.append("r")
        return words

    def add(self, name):
        if short(name) in self.types:
            return
        fields = self.types[short(name)] = {}
        schema, go = self.described[name], go_fields(name)
        if schema.get("x-kubernetes-map-type") == "atomic":
            fields[""] = "a"
        for key, field in schema.get("properties", {}).items():
            required = key in schema.get("required", [])
            flag = go.get(key, "")
            if key in ("apiVersion", "kind") and flag == "e":
                flag = ""
            kind = self.type_of(field)
            # What nobody describes is owned as one.
            atomic = ["a"] if kind.startswith("o") else []
            values = ["n=" + "|".join(ENUMS[name, key])] if (name, key) in ENUMS else []
            fields[key] = " ".join([kind, *values, *self.words(field, required, flag), *atomic])


def resources_of(version):
    for resource in version["resources"]:
        if resource["resource"] in LEFT_OUT or "responseKind" not in resource:
            continue
        subs = [{"name": s["subresource"], "kind": s["responseKind"], "verbs": s["verbs"]}
                for s in resource.get("subresources", []) if s["subresource"] in SUBRESOURCES]
        yield {"name": resource["resource"], "singular": resource["singularResource"],
               "kind": resource["responseKind"]["kind"], "namespaced": resource["scope"] == "Namespaced",
               "verbs": sorted(resource["verbs"]), "short": resource.get("shortNames", []),
               "categories": resource.get("categories", []),
               "subresources": [{"name": s["name"], "verbs": sorted(s["verbs"]),
                                 "group": s["kind"]["group"], "version": s["kind"]["version"],
                                 "kind": s["kind"]["kind"]} for s in subs]}


def main():
    types, groups = Types(), []
    for name in ("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "io.k8s.api.core.v1.Pod"):
        go_fields(name)
    discovery = json.loads((API / "discovery/aggregated_v2.json").read_text())
    core = json.loads((API / "discovery/api__v1.json").read_text())
    items = {g["metadata"].get("name", ""): g for g in discovery["items"]}
    items.setdefault("", {"versions": [legacy(core)]})
    order = [""] + [g["metadata"]["name"] for g in discovery["items"] if g["metadata"].get("name")]
    for group in order:
        for version in items[group]["versions"]:
            if version["version"] not in GROUPS.get(group, []):
                continue
            name = f"apis__{group}__{version['version']}" if group else "api__v1"
            spec = json.loads((API / f"openapi-spec/v3/{name}_openapi.json").read_text())
            types.described.update(spec["components"]["schemas"])
            resources = list(resources_of(version))
            for resource in resources:
                if (group, resource["name"]) in DEPRECATED:
                    resource["warning"] = DEPRECATED[group, resource["name"]]
                resource["type"] = find_type(types, group, version["version"], resource["kind"])
            groups.append({"group": group, "version": version["version"], "resources": resources})
    for extra in ("autoscaling.v1.Scale", "policy.v1.Eviction", "authentication.v1.TokenRequest"):
        types.add("io.k8s.api." + extra)
    types.add("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions")
    out = {"source": f"k8s.io/kubernetes {VERSION}, api/ (Apache-2.0); made by presets/kubernetes_schema.py",
           "version": VERSION, "groups": groups, "types": types.types}
    path = pathlib.Path(__file__).parents[1] / "src/apiserver/data/schema.json"
    path.write_text("{\n" + ",\n".join(
        f'"{k}": ' + ("[\n" + ",\n".join(json.dumps(x, separators=(",", ":")) for x in v) + "\n]" if k == "groups"
                      else "{\n" + ",\n".join(f'"{n}": {json.dumps(t, separators=(",", ":"))}' for n, t in
                                             sorted(v.items())) + "\n}" if k == "types" else json.dumps(v))
        for k, v in out.items()) + "\n}\n")


def legacy(core):
    """/api/v1 in the aggregated shape, which the module keeps for the other groups only."""
    resources = {}
    for r in core["resources"]:
        name, _, sub = r["name"].partition("/")
        kind = {"group": r.get("group", ""), "version": r.get("version", "v1"), "kind": r["kind"]}
        if sub:
            resources[name].setdefault("subresources", []).append(
                {"subresource": sub, "responseKind": kind, "verbs": r["verbs"]})
        else:
            resources[name] = {"resource": name, "responseKind": kind, "verbs": r["verbs"],
                               "singularResource": r["singularName"],
                               "scope": "Namespaced" if r["namespaced"] else "Cluster",
                               "shortNames": r.get("shortNames", []), "categories": r.get("categories", [])}
    return {"version": "v1", "resources": list(resources.values())}


def find_type(types, group, version, kind):
    for name, schema in types.described.items():
        if {"group": group, "version": version, "kind": kind} in schema.get("x-kubernetes-group-version-kind", []):
            types.add(name)
            return short(name)
    raise SystemExit(f"no type of {group}/{version} {kind}")


if __name__ == "__main__":
    main()
