"""Gateway API's objects under the rules of its definitions, as a new cluster brings them along."""
import json
import pathlib

from .custom import CRDS
from .objects import an_object

DATA = pathlib.Path(__file__).resolve().parents[3] / "src/apiserver/data/gateway_crds.json"
DEFINITIONS = json.loads(DATA.read_text())["items"]
GROUP = "gateway.networking.k8s.io"
V1 = f"/apis/{GROUP}/v1"
ROUTES, GATEWAYS = f"{V1}/namespaces/NS/httproutes", f"{V1}/namespaces/NS/gateways"
BACKEND = {"name": "web", "port": 80}
ANY_ORDER = {"unordered": True}


def route(*rules, name="r", **spec):
    return an_object("HTTPRoute", name, f"{GROUP}/v1", spec={"parentRefs": [{"name": "g"}], "rules": list(rules), **spec})


def rule(*filters, backends=(BACKEND,), **more):
    out = {"backendRefs": list(backends), **more}
    if filters:
        out["filters"] = list(filters)
    return out


def gateway(*listeners, name="g", **spec):
    return an_object("Gateway", name, f"{GROUP}/v1", spec={"gatewayClassName": "cilium", "listeners": list(listeners), **spec})


def listener(name="http", port=80, protocol="HTTP", **more):
    return {"name": name, "port": port, "protocol": protocol, **more}


def matched(kind, **more):
    return {"matches": [{"path": {"type": kind, **more}}], "backendRefs": [BACKEND]}


def redirect(**more):
    return {"type": "RequestRedirect", "requestRedirect": more}


def rewrite(**more):
    return {"type": "URLRewrite", "urlRewrite": more}


def header(kind="RequestHeaderModifier"):
    field = kind[0].lower() + kind[1:]
    return {"type": kind, field: {"set": [{"name": "x-a", "value": "b"}]}}


CERTIFICATE = {"certificateRefs": [{"name": "tls"}]}
SWITCH = {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/b"}
PREFIX = [{"path": {"type": "PathPrefix", "value": "/a"}}]
READY = [step for crd in DEFINITIONS for step in ((f"ENSURE {CRDS} -", crd),)] + [
    (f"UNTIL {CRDS}/{crd['metadata']['name']} 200", {}) for crd in DEFINITIONS] + [
    (f"UNTIL {ROUTES} 200", {}), (f"UNTIL {GATEWAYS} 200", {}), (f"UNTIL {V1}/gatewayclasses 200", {})]
WHOLE = {"only": ["kind", "spec"]}


def refused(path, *objects):
    return [*READY, *[(f"CREATE {path} 422", body, ANY_ORDER) for body in objects]]


def taken(path, *objects):
    return [*READY, *[(f"CREATE {path}?dryRun=All 201", body, WHOLE) for body in objects]]


SCENARIOS = {
    "gateway API: routes that are taken": taken(
        ROUTES, route(rule()), route(matched("PathPrefix", value="/a/b")), route(matched("Exact", value="/a")),
        route(rule(redirect(scheme="https", statusCode=301), backends=())), route(rule(header(), header("ResponseHeaderModifier"))),
        route(rule(rewrite(path=SWITCH), matches=PREFIX)), route(rule(timeouts={"request": "10s", "backendRequest": "2s"})),
        route(rule(backends=[{"name": "b", "kind": "Bucket", "group": "example.com"}])),
        route(rule(), hostnames=["a.example.com", "*.example.com"]), route(rule(), rule(), parentRefs=[
            {"name": "g", "sectionName": "a"}, {"name": "g", "sectionName": "b"}])),
    "gateway API: routes with wrong paths": refused(
        ROUTES, route(matched("PathPrefix", value="a")), route(matched("PathPrefix", value="/a//b")),
        route(matched("Exact", value="/a/../b")), route(matched("PathPrefix", value="/a/.")), route(matched("PathPrefix", value="/a%2fb")),
        route(matched("Exact", value="/a#b")), route(matched("PathPrefix", value="/a b")), route(matched("Odd", value="/a"))),
    "gateway API: routes with wrong filters": refused(
        ROUTES, route(rule(redirect(scheme="https"))), route(rule(redirect(scheme="https"), rewrite(hostname="a.b"), backends=())),
        route(rule(header(), header())), route(rule({"type": "RequestHeaderModifier"})),
        route(rule({**header(), "urlRewrite": {"hostname": "a.b"}})), route(rule(rewrite(path=SWITCH), matches=[{"path": {"type": "Exact", "value": "/a"}}])),
        route(rule(rewrite(path={"type": "ReplaceFullPath", "replacePrefixMatch": "/b"}), matches=PREFIX)),
        route(rule(rewrite(path={"type": "ReplacePrefixMatch"}), matches=PREFIX)),
        route(rule({"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "b"}}})),
        route(rule(redirect(statusCode=404), backends=())), route(rule({"type": "ExtensionRef"}))),
    "gateway API: routes with wrong parents and backends": refused(
        ROUTES, route(rule(), parentRefs=[{"name": "g"}, {"name": "g"}]),
        route(rule(), parentRefs=[{"name": "g", "sectionName": "a"}, {"name": "g"}]), route(rule(backends=[{"name": "b"}])),
        route(rule(timeouts={"request": "1s", "backendRequest": "2s"})), route(rule(timeouts={"request": "soon"})),
        route(*[rule(matches=PREFIX * 64)] * 3), route(rule(), hostnames=["1.2.3.4:80"]),
        route(rule(matches=[{"headers": [{"name": "a", "value": "b"}] * 2}])), route(rule(backends=[{**BACKEND, "port": 0}]))),
    "gateway API: gateways that are taken": taken(
        GATEWAYS, gateway(listener()), gateway(listener(), listener("https", 443, "HTTPS", tls=CERTIFICATE)),
        gateway(listener("tls", 443, "TLS", tls={"mode": "Passthrough"})), gateway(listener("tcp", 25, "TCP")),
        gateway(listener("a", hostname="a.b"), listener("b", hostname="b.b")),
        gateway(listener(), addresses=[{"type": "IPAddress", "value": "1.2.3.4"}, {"type": "Hostname", "value": "a.b"}]),
        gateway(listener(allowedRoutes={"namespaces": {"from": "Selector", "selector": {"matchLabels": {"a": "b"}}}}))),
    "gateway API: gateways that are refused": refused(
        GATEWAYS, gateway(), gateway(listener(), listener()), gateway(listener("a"), listener("b")),
        gateway(listener("a", tls=CERTIFICATE)), gateway(listener("a", 443, "HTTPS", tls={"mode": "Passthrough"})),
        gateway(listener("a", 443, "HTTPS", tls={"mode": "Terminate"})), gateway(listener("a", 25, "TCP", hostname="a.b")),
        gateway(listener("a", 443, "TLS")), gateway(listener("UPPER")), gateway(listener(port=0)),
        gateway(listener(), addresses=[{"type": "IPAddress", "value": "1.2.3"}]),
        gateway(listener(), addresses=[{"type": "IPAddress", "value": "1.2.3.4"}] * 2),
        gateway(listener(), addresses=[{"type": "Hostname", "value": "a..b"}]), gateway(listener(hostname="*"))),
    "gateway API: changes": [
        *READY, (f"CREATE {ROUTES} 201", route(rule()), WHOLE), (f"MERGE {ROUTES}/r 422", {"spec": {"rules": [
            rule(redirect(scheme="https"))]}}, ANY_ORDER),
        (f"MERGE {ROUTES}/r 200", {"spec": {"rules": [rule(redirect(scheme="https"), backends=())]}}, WHOLE),
        (f"CREATE {V1}/gatewayclasses 201", an_object("GatewayClass", "NS-c", f"{GROUP}/v1", spec={"controllerName": "example.com/a"}), WHOLE),
        (f"MERGE {V1}/gatewayclasses/NS-c 422", {"spec": {"controllerName": "example.com/b"}}),
        (f"DELETE {V1}/gatewayclasses/NS-c 200", None, {"only": ["kind"]})],
}
