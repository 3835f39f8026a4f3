"""Custom resources."""
from .objects import an_object, labelled

STRING, INTEGER = {"type": "string"}, {"type": "integer"}
SPEC = {"type": "object", "required": ["size"], "properties": {
    "size": {**INTEGER, "minimum": 1, "maximum": 9}, "colour": {**STRING, "default": "blue", "enum": ["blue", "red"]},
    "name": {**STRING, "pattern": "^[a-z]+$", "maxLength": 5},
    "parts": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"], "items": {
        "type": "object", "required": ["id"], "properties": {
            "id": STRING, "weight": {**INTEGER, "default": 1}, "note": STRING}}},
    "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": STRING},
    "steps": {"type": "array", "items": STRING}, "either": {"x-kubernetes-int-or-string": True},
    "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "whole": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"a": STRING, "b": STRING}},
    "limits": {"type": "object", "additionalProperties": INTEGER}, "none": {**STRING, "nullable": True}}}
SCHEMA = {"type": "object", "properties": {"spec": SPEC, "status": {"type": "object", "properties": {
    "phase": STRING, "replicas": INTEGER}}}}
NAMES = {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList", "shortNames": ["wg"]}
VERSION = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": SCHEMA},
           "subresources": {"status": {}},
           "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
                                        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]}
ANY_ORDER = {"unordered": True}
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NAME = "widgets.NS.example.com"
W = "widgets/w"


def crd(version=None, names=None, **spec):
    return an_object("CustomResourceDefinition", NAME, "apiextensions.k8s.io/v1", spec={
        "group": "NS.example.com", "scope": "Namespaced", "names": names or NAMES, "versions": [version or VERSION], **spec})


def widget(name="w", **spec):
    return an_object("Widget", name, "NS.example.com/v1", spec={"size": 1, **spec})


def apply(manager, code, body, more=""):
    return (f"APPLY {W}?fieldManager={manager}{more} {code}", body)


def with_crd(*steps, version=None):
    """The last two steps take the CRD away, so that the next scenario does not wait for its discovery."""
    return [(f"ENSURE {CRDS} -", crd(version)),
            (f"UNTIL {CRDS}/{NAME} 200", None), ("UNTIL /apis/NS.example.com/v1 200", {"kind": "APIResourceList"}),
            ("UNTIL widgets 200", {}), *steps, (f"DELETE {CRDS}/{NAME} 200", None, {"only": ["kind"]}),
            (f"UNTIL {CRDS}/{NAME} 404",)]


SCALED = {**VERSION, "subresources": {"status": {}, "scale": {
    "specReplicasPath": ".spec.size", "statusReplicasPath": ".status.replicas"}}}
TWO_VERSIONS = [VERSION, {**VERSION, "name": "v1beta1", "storage": False, "deprecated": True}]
RULED = {**VERSION, "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {
    **SPEC, "x-kubernetes-validations": [{"rule": "self.size < 5", "message": "too big"}]}}}}}

FORMATS = ("ipv4", "ipv6", "cidr", "uri", "uuid", "byte", "date", "date-time", "duration", "mac", "hexcolor")
COMBINED = {**VERSION, "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {**SPEC, "properties": {
    **SPEC["properties"], "any": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}],
                                  "allOf": [{"pattern": "^[0-9]"}]},
    "one": {**INTEGER, "oneOf": [{"minimum": 3}, {"maximum": 7}, {"minimum": 12}], "not": {"enum": [1]}},
    "every": {**STRING, "allOf": [{"maxLength": 3}, {"pattern": "^[a-z]"}, {"minLength": 1}]},
    "never": {**STRING, "not": {"enum": ["no"]}}, "few": {"type": "object", "minProperties": 1, "maxProperties": 2,
                                                          "additionalProperties": INTEGER},
    "between": {**INTEGER, "minimum": 0, "exclusiveMinimum": True, "maximum": 10, "exclusiveMaximum": True, "multipleOf": 2},
    "code": {**INTEGER, "enum": [200, 301]}, "formats": {"type": "object", "properties": {
        name: {**STRING, "format": name} for name in (*FORMATS, "password")}}}}}}}}

SCENARIOS = {
    "a CRD is established": [
        (f"CREATE {CRDS} 201", crd()),
        (f"UNTIL {CRDS}/{NAME} 200", {"status": {"acceptedNames": NAMES}}), ("UNTIL /apis/NS.example.com/v1 200", {}),
        ("UNTIL widgets 200", {}), (f"GET {CRDS}/{NAME} 200", None, {"only": ["spec", "status"]}),
        ("GET /apis/NS.example.com 200",), ("GET /apis/NS.example.com/v1 200",), (f"DELETE {CRDS}/{NAME} 200",),
        (f"UNTIL {CRDS}/{NAME} 404",), ("UNTIL widgets 404",), ("GET widgets 404",)],
    "invalid CRDs": [
        (f"CREATE {CRDS} 422", {**crd(), "metadata": {"name": "wrong"}}), (f"CREATE {CRDS} 422", crd(scope="Odd")),
        (f"CREATE {CRDS} 422", crd({**VERSION, "storage": False})),
        (f"CREATE {CRDS} 422", crd({**VERSION, "schema": {}})),
        (f"CREATE {CRDS} 422", crd({**VERSION, "schema": {"openAPIV3Schema": {"properties": {"spec": {}}}}}))],
    "a custom resource: defaults and pruning": with_crd(
        ("CREATE widgets 201", widget(parts=[{"id": "a", "odd": 1}], open={"any": {"thing": 1}}, odd=1)),
        (f"GET {W} 200",), ("GET widgets 200",)),
    "a custom resource: unknown fields, strict": with_crd(
        ("CREATE widgets?fieldValidation=Strict 400", widget(odd=1, parts=[{"id": "a", "odd": 1}])),
        ("CREATE widgets?fieldValidation=Warn 201", widget(odd=1)),
        apply("mok", 500, widget("w", odd=2), "&fieldValidation=Strict&force=true"),
        apply("mok", 500, widget("w", odd=2), "&force=true")),
    "a custom resource: validation": with_crd(
        ("CREATE widgets 422", widget(size=10, colour="green", name="Upper1", parts=[{"weight": 2}]), ANY_ORDER),
        ("CREATE widgets 422", an_object("Widget", "w", "NS.example.com/v1", spec={})),
        ("CREATE widgets 422", widget(size="1", tags="x", limits={"a": "b"}, steps=[1], either=True), ANY_ORDER),
        ("CREATE widgets 422", widget(tags=["a", "a"], parts=[{"id": "x"}, {"id": "x"}]), ANY_ORDER),
        ("CREATE widgets 201", widget(either="50%", none=None, limits={"a": 1}))),
    "a custom resource: schemas of schemas": with_crd(
        *[("CREATE widgets 422", widget(**spec), ANY_ORDER) for spec in (
            {"any": "x"}, {"one": 5}, {"one": 1}, {"one": 13}, {"every": "long"}, {"every": "2"}, {"never": "no"},
            {"few": {}}, {"few": {"a": 1, "b": 2, "c": 3}}, {"between": 0}, {"between": 10}, {"between": 5}, {"code": 404})],
        *[("CREATE widgets 422", widget(formats={name: "x y"}), ANY_ORDER) for name in FORMATS],
        ("CREATE widgets 201", widget(any=3, one=8, every="ab", never="yes", few={"a": 1}, between=4, code=200, formats={
            "ipv4": "1.2.3.4", "ipv6": "::1", "cidr": "10.0.0.0/8", "uri": "https://a.b", "uuid": "123e4567-e89b-12d3-a456-426614174000",
            "byte": "aGk=", "date": "2024-02-29", "date-time": "2024-02-29T10:20:30.5+01:00", "duration": "3 days", "password": "x y"})),
        version=COMBINED),
    "a custom resource: a rule": with_crd(
        ("CREATE widgets 422", widget(size=6)), ("CREATE widgets 201", widget(size=4)),
        (f"MERGE {W} 422", {"spec": {"size": 7}}), version=RULED),
    "a custom resource: lists by key under apply": with_crd(
        apply("one", 201, widget(parts=[{"id": "a", "note": "x"}, {"id": "b"}])),
        apply("two", 200, an_object("Widget", "w", "NS.example.com/v1", spec={"parts": [{"id": "c", "weight": 2}]})),
        apply("two", 409, an_object("Widget", "w", "NS.example.com/v1", spec={"parts": [{"id": "a", "note": "y"}]})),
        apply("one", 200, widget(parts=[{"id": "b"}]))),
    "a custom resource: sets under apply": with_crd(
        apply("one", 201, widget(tags=["a", "b"])),
        apply("two", 200, an_object("Widget", "w", "NS.example.com/v1", spec={"tags": ["b", "c"]})),
        apply("one", 200, widget(tags=["a"])), apply("two", 200, an_object("Widget", "w", "NS.example.com/v1"))),
    "a custom resource: atomic fields under apply": with_crd(
        apply("one", 201, widget(whole={"a": "1"}, steps=["x"], open={"a": {"b": 1}})),
        apply("two", 409, an_object("Widget", "w", "NS.example.com/v1", spec={"whole": {"b": "2"}, "steps": ["y"]})),
        apply("two", 200, an_object("Widget", "w", "NS.example.com/v1", spec={"open": {"a": {"c": 2}}})),
        apply("two", 200, an_object("Widget", "w", "NS.example.com/v1", spec={"whole": {"b": "2"}}), "&force=true")),
    "a custom resource: patches": with_crd(
        ("CREATE widgets 201", widget(tags=["a"])), (f"MERGE {W} 200", {"spec": {"tags": ["b"]}}),
        (f"JSON {W} 200", [{"op": "replace", "path": "/spec/size", "value": 2}]), (f"STRATEGIC {W} 415", {"spec": {}}),
        (f"MERGE {W} 422", {"spec": {"size": 0}}), (f"MERGE {W} 200", {"spec": {"colour": None}})),
    "a custom resource: status": with_crd(
        ("CREATE widgets 201", {**widget(), "status": {"phase": "dropped"}}),
        (f"MERGE {W}/status?fieldManager=ctl 200", {"status": {"phase": "Ready"}, "spec": {"size": 5}}),
        (f"MERGE {W} 200", {"status": {"phase": "dropped"}, "spec": {"size": 3}}), (f"GET {W}/status 200",)),
    "a custom resource: scale": with_crd(
        ("CREATE widgets 201", widget(size=2)), (f"GET {W}/scale 200",), (f"MERGE {W}/scale 200", {"spec": {"replicas": 3}}),
        (f"GET {W} 200",), version=SCALED),
    "a custom resource: tables and selectors": with_crd(
        ("CREATE widgets 201", labelled(widget("a"), app="x")), ("CREATE widgets 201", widget("b", size=2)),
        ("GET widgets 200", None, {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}),
        ("GET widgets?labelSelector=app%3Dx 200",), ("GET widgets?fieldSelector=metadata.name%3Db 200",)),
    "a custom resource: PUT": with_crd(
        ("CREATE widgets 201", widget()), (f"PUT {W} 422", widget(size=2)),
        (f"PUT {W} 200", {**widget(size=3), "metadata": {"name": "w", "resourceVersion": "${5.metadata.resourceVersion}"}}),
        (f"PUT {W} 409", {**widget(size=4), "metadata": {"name": "w", "resourceVersion": "${5.metadata.resourceVersion}"}})),
    "a custom resource: two versions": [
        (f"ENSURE {CRDS} -", crd(versions=TWO_VERSIONS)), ("UNTIL /apis/NS.example.com/v1 200", {}),
        ("UNTIL widgets 200", {}), ("UNTIL /apis/NS.example.com/v1beta1 200", {}),
        ("CREATE /apis/NS.example.com/v1beta1/namespaces/NS/widgets 201", {**widget(), "apiVersion": "NS.example.com/v1beta1"}),
        (f"GET {W} 200",), ("GET /apis/NS.example.com/v1beta1/namespaces/NS/widgets/w 200",), ("GET /apis/NS.example.com 200",),
        (f"DELETE {CRDS}/{NAME} 200", None, {"only": ["kind"]})],
    "a CRD's deletion takes its objects": [
        *with_crd(("CREATE widgets 201", widget()),), ("GET widgets/w 404",)],
}
