"""Server-side apply: fields, managers, conflicts."""
from .objects import an_object, config, container, deployment, labelled, service, spec_of

ENV = "configmaps/env"
WEB = "deployments/web"


def apply(manager, code, body, target=ENV, more=""):
    return (f"APPLY {target}?fieldManager={manager}{more} {code}", body)


def web(**spec):
    return spec_of("Deployment", "apps/v1", **spec)


def containers(*items):
    return web(template={"spec": {"containers": list(items)}})


SCENARIOS = {
    "apply creates": [apply("mok", 201, config(A="1", B="2")), (f"GET {ENV} 200",)],
    "apply of the same changes nothing": [
        apply("mok", 201, config(A="1")), apply("mok", 200, config(A="1")), (f"GET {ENV} 200",)],
    "apply updates a value": [apply("mok", 201, config(A="1")), apply("mok", 200, config(A="2"))],
    "apply removes what it no longer names": [
        apply("mok", 201, config(A="1", B="2")), apply("mok", 200, config(A="1"))],
    "apply keeps what another manager owns too": [
        apply("one", 201, config(A="1", B="2")), apply("two", 200, config(B="2", C="3")),
        apply("one", 200, config(A="1")), apply("two", 200, config(C="3"))],
    "apply conflicts with another applier": [
        apply("one", 201, config(A="1", B="1")), apply("two", 409, config(A="2", B="2")), (f"GET {ENV} 200",)],
    "apply conflicts with two managers": [
        apply("one", 201, config(A="1", B="1")),
        (f"MERGE {ENV}?fieldManager=edit 200", {"data": {"B": "2"}}),
        (*apply("two", 409, config(A="3", B="3")), {"unordered": True})],
    "apply conflicts with an update": [
        apply("mok", 201, config(A="1")), (f"MERGE {ENV}?fieldManager=kubectl-edit 200", {"data": {"A": "2"}}),
        apply("mok", 409, config(A="1")), (f"GET {ENV} 200",)],
    "apply by force takes fields over": [
        apply("one", 201, config(A="1", B="1")), apply("two", 200, config(A="2"), more="&force=true"),
        apply("one", 409, config(A="1", B="1")), apply("one", 200, config(B="1"))],
    "apply shares a field by agreeing": [
        apply("one", 201, config(A="1")), apply("two", 200, config(A="1")), apply("one", 409, config(A="2")),
        apply("one", 200, config(A="2"), more="&force=true")],
    "apply of no fields gives them up": [
        apply("one", 201, config(A="1")), apply("two", 200, config(B="1")),
        apply("two", 200, an_object("ConfigMap", "env"))],
    "apply without a manager is refused": [
        (f"APPLY {ENV} 422", config(A="1")), (f"APPLY {ENV}?fieldManager= 422", config(A="1"))],
    "apply with a body of managed fields is refused": [
        apply("mok", 400, {**config(A="1"), "metadata": {"name": "env", "managedFields": [
            {"manager": "x", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1",
             "fieldsV1": {"f:data": {"f:A": {}}}}]}})],
    "apply of another name than the path's is refused": [apply("mok", 400, config("other", A="1"))],
    "apply of another kind than the path's is refused": [
        apply("mok", 400, an_object("Secret", "env", data={})),
        apply("mok", 400, an_object("ConfigMap", "env", "v2", data={}))],
    "apply of YAML": [
        apply("mok", 201, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: env}\ndata:\n  A: |\n    two\n    lines\n"),
        apply("mok", 400, "apiVersion: v1\nkind: [ConfigMap")],
    "apply with a resourceVersion": [
        apply("mok", 201, config(A="1")),
        apply("mok", 200, {**config(A="2"), "metadata": {
            "name": "env", "resourceVersion": "${1.metadata.resourceVersion}"}}),
        apply("mok", 409, {**config(A="3"), "metadata": {
            "name": "env", "resourceVersion": "${1.metadata.resourceVersion}"}})],
    "apply of labels and annotations": [
        apply("one", 201, {**config(A="1"), "metadata": {"name": "env", "labels": {"a": "1"},
                                                        "annotations": {"example.com/x": "1"}}}),
        apply("two", 200, labelled(an_object("ConfigMap", "env"), b="2")),
        apply("one", 200, labelled(config(A="1"), a="2"))],
    "apply of a Deployment has containers by name": [
        apply("mok", 201, deployment(), WEB),
        apply("side", 200, containers(container("side", "registry.example/side:1")), WEB),
        apply("mok", 200, deployment(pod_fields={"image": "registry.example/web:2"}), WEB),
        apply("side", 200, web(), WEB)],
    "apply of environment variables has them by name": [
        apply("mok", 201, deployment(pod_fields={"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}),
              WEB),
        apply("side", 200, containers({"name": "web", "env": [{"name": "C", "value": "3"}]}), WEB),
        apply("side", 409, containers({"name": "web", "env": [{"name": "A", "value": "x"}]}), WEB),
        apply("mok", 200, deployment(pod_fields={"env": [{"name": "B", "value": "2"}]}), WEB)],
    "apply reorders a list by name as asked": [
        apply("mok", 201, deployment(pod_fields={"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}),
              WEB),
        apply("mok", 200, deployment(pod_fields={"env": [{"name": "B", "value": "2"}, {"name": "Z", "value": "0"},
                                                         {"name": "A", "value": "1"}]}), WEB)],
    "apply of the same key twice in a list": [
        apply("mok", 500, deployment(pod_fields={"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}),
              WEB)],
    "apply of ports has two keys and a default": [
        apply("mok", 201, deployment(pod_fields={"ports": [{"containerPort": 80}, {"containerPort": 80,
                                                                                  "protocol": "UDP"}]}), WEB),
        apply("mok", 200, deployment(pod_fields={"ports": [{"containerPort": 80, "protocol": "UDP"}]}), WEB)],
    "apply of a Service's ports": [
        apply("mok", 201, service(), "services/web"),
        apply("mok", 200, service(ports=[{"name": "http", "port": 80, "targetPort": "web"},
                                         {"name": "https", "port": 443, "targetPort": 3001}]), "services/web"),
        apply("other", 409, service(ports=[{"name": "x", "port": 80, "targetPort": 1}]), "services/web")],
    "apply replaces an atomic list and has it whole": [
        apply("mok", 201, deployment(pod_fields={"args": ["a", "b"]}), WEB),
        apply("side", 409, containers({"name": "web", "args": ["a", "c"]}), WEB),
        apply("side", 200, containers({"name": "web", "args": ["a", "b"]}), WEB),
        apply("mok", 409, deployment(pod_fields={"args": ["b"]}), WEB)],
    "apply of an atomic map": [
        apply("mok", 201, deployment(), WEB),
        apply("side", 409, web(selector={"matchLabels": {"app": "web", "b": "1"}}), WEB)],
    "apply of a set": [
        apply("one", 201, {**config(A="1"), "metadata": {"name": "env", "finalizers": ["example.com/a"]}}),
        apply("two", 200, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
            "name": "env", "finalizers": ["example.com/b"]}}),
        apply("one", 200, config(A="1")), apply("two", 200, an_object("ConfigMap", "env"))],
    "apply hands replicas to another manager": [
        apply("mok", 201, deployment(replicas=3), WEB),
        (f"PUT {WEB}/scale?fieldManager=hpa 200", {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {
            "name": "web", "namespace": "NS"}, "spec": {"replicas": 5}}),
        apply("mok", 409, deployment(replicas=3), WEB), apply("mok", 200, deployment(), WEB)],
    "apply that gives replicas up alone resets them": [
        apply("mok", 201, deployment(replicas=3), WEB), apply("mok", 200, deployment(), WEB)],
    "apply to the scale subresource": [
        apply("mok", 201, deployment(replicas=3), WEB),
        apply("hpa", 200, {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {
            "name": "web", "namespace": "NS"}, "spec": {"replicas": 4}}, f"{WEB}/scale", "&force=true"),
        (f"GET {WEB} 200",)],
    "apply to the status subresource": [
        apply("mok", 201, deployment(), WEB),
        apply("ctl", 200, an_object("Deployment", "web", "apps/v1", status={
            "replicas": 1, "conditions": [{"type": "Available", "status": "True", "reason": "R", "message": "m"}]}),
            f"{WEB}/status"),
        apply("mok", 200, deployment(), WEB)],
    "apply with null and empty values": [
        apply("mok", 201, deployment(replicas=None, pod_fields={"env": [], "args": None, "resources": {}}), WEB),
        apply("mok", 200, deployment(), WEB)],
    "apply of an undeclared field is refused": [
        apply("mok", 500, {**config(A="1"), "dta": {}}),
        apply("mok", 500, deployment(replcas=1), WEB)],
    "apply of a wrong type is refused": [
        apply("mok", 500, an_object("ConfigMap", "env", data={"A": 1})),
        apply("mok", 500, deployment(replicas="3"), WEB),
        apply("mok", 500, deployment(pod_fields={"env": {"A": "1"}}), WEB)],
    "apply with field validation strict": [
        apply("mok", 500, {**config(A="1"), "dta": {}}, more="&fieldValidation=Strict"),
        apply("mok", 400, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: env}\ndata: {A: '1', A: '2'}\n",
              more="&fieldValidation=Strict"),
        apply("mok", 201, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: env}\ndata: {A: '1', A: '2'}\n",
              more="&fieldValidation=Warn")],
    "dry run of an apply that creates": [
        apply("mok", 201, deployment(), WEB, "&dryRun=All"), (f"GET {WEB} 404",)],
    "dry run of an apply that updates": [
        apply("mok", 201, config(A="1", B="2")), apply("mok", 200, config(A="3"), more="&dryRun=All"),
        apply("two", 409, config(A="3"), more="&dryRun=All"), (f"GET {ENV} 200",)],
    "dry run of a wrong kind is refused": [apply("mok", 422, config(A="1"), more="&dryRun=Some")],
    "apply after a client-side create": [
        ("CREATE configmaps?fieldManager=kubectl-create 201", config(A="1", B="2")),
        apply("mok", 200, config(A="1")), apply("mok", 409, config(A="2")),
        apply("mok", 200, config(A="2"), more="&force=true"), apply("mok", 200, an_object("ConfigMap", "env"))],
    "apply of quantities in another spelling": [
        apply("mok", 201, deployment(pod_fields={"resources": {"requests": {"cpu": "0.5", "memory": "1024Mi"},
                                                               "limits": {"memory": "2048M"}}}), WEB),
        apply("mok", 200, deployment(pod_fields={"resources": {"requests": {"cpu": 0.5, "memory": "1Gi"},
                                                               "limits": {"memory": "2G"}}}), WEB)],
    "apply of stringData": [
        apply("mok", 201, an_object("Secret", "s", stringData={"A": "one"}), "secrets/s"),
        apply("mok", 200, an_object("Secret", "s", stringData={"B": "two"}), "secrets/s")],
}
