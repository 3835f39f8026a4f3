"""Creating, patching, replacing, deleting."""
from steps import edit

from .objects import an_object, config, container, deployment, labelled, pod, service, workload

ENV = "configmaps/env"
WEB = "deployments/web"
FINALIZED = {**config(A="1"), "metadata": {"name": "env", "finalizers": ["example.com/hold"]}}
STATUS = {"status": {"observedGeneration": 1, "replicas": 2, "readyReplicas": 2}}


def test(path, value):
    return {"op": "test", "path": path, "value": value}


def owned(name, controller=None):
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "env", "uid": "${1.metadata.uid}"}
    return {**config(name), "metadata": {"name": name, "ownerReferences": [
        {**owner, "controller": controller, "blockOwnerDeletion": True} if controller else owner]}}


SCENARIOS = {
    "strategic: where new items go": [
        ("CREATE deployments 201", deployment()),
        *[(f"STRATEGIC {WEB} 200", {"spec": {"template": {"spec": patch}}}) for patch in (
            {"containers": [{"name": "b", "image": "x"}]},
            {"containers": [{"name": "web", "image": "y"}, {"name": "c", "image": "x"}]},
            {"containers": [{"name": "d", "image": "x"}, {"name": "b", "image": "z"}]},
            {"$setElementOrder/containers": [{"name": "web"}, {"name": "e"}, {"name": "b"}],
             "containers": [{"name": "e", "image": "x"}]},
            {"$setElementOrder/containers": [{"name": "b"}, {"name": "web"}]},
            {"containers": [{"name": "b", "$patch": "delete"}, {"name": "f", "image": "x"}]})]],
    "a generated name": [
        ("CREATE configmaps 201", {"metadata": {"generateName": "env-"}, "data": {"A": "1"}}),
        ("GET configmaps/${1.metadata.name} 200",),
        ("CREATE configmaps 201", {"metadata": {"generateName": "x" * 70 + "-"}}, {"only": ["kind"]}),
        ("CREATE configmaps 422", {"metadata": {"generateName": "Up-", "name": "low"}})],
    "a dry run creates nothing": [
        ("CREATE configmaps?dryRun=All 201", config(A="1")), (f"GET {ENV} 404",),
        ("CREATE services?dryRun=All 201", service(), {"only": ["kind", "status"]}), ("GET services/web 404",)],
    "a dry run deletes nothing": [
        ("CREATE configmaps 201", config(A="1")), (f"DELETE {ENV}?dryRun=All 200",),
        (f"MERGE {ENV}?dryRun=All 200", {"data": {"A": "2"}}), (f"GET {ENV} 200",)],
    "a merge patch": [
        ("CREATE configmaps 201", config(A="1", B="2")), (f"MERGE {ENV} 200", {"data": {"A": None, "C": "3"}}),
        (f"MERGE {ENV} 200", {"data": {"C": "3"}}), (f"MERGE {ENV} 200", {"data": None}),
        (f"MERGE {ENV} 400", "[1]"), (f"MERGE {ENV} 400", "{"), (f"MERGE {ENV} 422", {"data": {"A": 1}})],
    "a merge patch replaces lists": [
        ("CREATE deployments 201", deployment(pod_fields={"env": [{"name": "A", "value": "1"}]})),
        (f"MERGE {WEB} 200", {"spec": {"template": {"spec": {"containers": [container(
            env=[{"name": "B", "value": "2"}])]}}}})],
    "a merge patch with a resourceVersion": [
        ("CREATE configmaps 201", config(A="1")), (f"MERGE {ENV} 200", {"data": {"A": "2"}}),
        (f"MERGE {ENV} 409", {"metadata": {"resourceVersion": "${1.metadata.resourceVersion}"}, "data": {"A": "3"}})],
    "a JSON patch": [
        ("CREATE configmaps 201", config(A="1", B="2")),
        (f"JSON {ENV} 200", [test("/data/A", "1"), {"op": "replace", "path": "/data/A", "value": "3"},
                             {"op": "add", "path": "/data/C", "value": "4"}, {"op": "remove", "path": "/data/B"}]),
        (f"JSON {ENV} 200", [{"op": "move", "from": "/data/A", "path": "/data/D"},
                             {"op": "copy", "from": "/data/D", "path": "/data/E"}]),
        (f"JSON {ENV} 422", [test("/data/C", "wrong")]), (f"JSON {ENV} 422", [{"op": "remove", "path": "/data/none"}]),
        (f"JSON {ENV} 400", {"op": "remove"}), (f"JSON {ENV} 422", [{"op": "odd", "path": "/data/C"}])],
    "a JSON patch of lists": [
        ("CREATE deployments 201", deployment(pod_fields={"args": ["a", "b"]})),
        (f"JSON {WEB} 200", [{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "c"},
                             {"op": "remove", "path": "/spec/template/spec/containers/0/args/0"},
                             {"op": "add", "path": "/metadata/annotations", "value": {"a/b": "1", "c": "2"}}]),
        (f"JSON {WEB} 200", [{"op": "remove", "path": "/metadata/annotations/a~1b"}]),
        (f"JSON {WEB} 422", [{"op": "remove", "path": "/metadata/annotations/a~0b"}])],
    "a strategic merge patch merges by key": [
        ("CREATE deployments 201", deployment(pod_fields={"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]})),
        (f"STRATEGIC {WEB} 200", {"spec": {"template": {"spec": {"containers": [
            {"name": "web", "env": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]}, container("side")]}}}}),
        (f"STRATEGIC {WEB} 200", {"spec": {"template": {"spec": {"containers": [
            {"name": "side", "$patch": "delete"}, {"name": "web", "env": [{"name": "A", "$patch": "delete"}]}]}}}})],
    "a strategic merge patch's directives": [
        ("CREATE deployments 201", deployment(pod_fields={"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                                                          "args": ["a", "b"]})),
        (f"STRATEGIC {WEB} 200", {"spec": {"template": {"spec": {
            "$setElementOrder/containers": [{"name": "web"}], "containers": [{
                "name": "web", "$setElementOrder/env": [{"name": "B"}, {"name": "A"}], "args": ["c"],
                "env": [{"name": "B", "value": "9"}]}]}}}}),
        (f"STRATEGIC {WEB} 200", {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate",
                                                        "rollingUpdate": None}}}),
        (f"STRATEGIC {WEB} 200", {"spec": {"template": {"spec": {"containers": [
            {"name": "web", "env": [{"$patch": "replace"}, {"name": "Z", "value": "1"}]}]}}}}),
        (f"STRATEGIC {WEB} 500", {"spec": {"template": {"spec": {"containers": [{"image": "x"}]}}}})],
    "a strategic merge patch of a primitive list": [
        ("CREATE configmaps 201", FINALIZED),
        (f"STRATEGIC {ENV} 200", {"metadata": {"finalizers": ["example.com/b"]}}),
        (f"STRATEGIC {ENV} 200", {"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/hold"]}}),
        (f"MERGE {ENV} 200", {"metadata": {"finalizers": None}})],
    "a patch of an unknown type": [
        ("CREATE configmaps 201", config(A="1")),
        (f"PATCH {ENV} 415", {"data": {}})],
    "PUT": [
        ("CREATE configmaps 201", config(A="1", B="2")), (f"PUT {ENV} 200", edit(1, {"data": {"A": "3", "B": None}})),
        (f"PUT {ENV} 409", edit(1, {"data": {"A": "4"}})),
        (f"PUT {ENV} 200", config(A="5")), (f"PUT {ENV} 400", config("other", A="5")),
        (f"PUT {ENV} 409", edit(4, {"metadata": {"uid": "11111111-2222-3333-4444-555555555555"}})),
        (f"PUT {ENV} 200", edit(4, {"metadata": {"managedFields": []}}))],
    "PUT of the same changes nothing": [
        ("CREATE deployments 201", deployment()), (f"PUT {WEB} 200", edit(1, {})), (f"GET {WEB} 200",)],
    "PUT of a Service without its address": [
        ("CREATE services 201", service()), ("PUT services/web 200", edit(1, {"spec": {"clusterIP": None, "clusterIPs": None}})),
        ("PUT services/web 200", {**service(), "spec": {"ports": [{"port": 81}]}})],
    "generations count changes of the spec": [
        ("CREATE deployments 201", deployment()), (f"MERGE {WEB} 200", {"metadata": {"labels": {"a": "b"}}}),
        (f"MERGE {WEB} 200", {"spec": {"replicas": 2}}), (f"MERGE {WEB} 200", {"spec": {"replicas": 2}})],
    "the status subresource": [
        ("CREATE deployments 201", deployment()), (f"MERGE {WEB}/status?fieldManager=ctl 200", STATUS),
        (f"MERGE {WEB}/status 200", {"spec": {"replicas": 9}}), (f"MERGE {WEB} 200", {"status": {"replicas": 7}}),
        (f"GET {WEB}/status 200",), (f"PUT {WEB}/status 200", edit(2, {"metadata": {"resourceVersion": None}, "status": {
            "readyReplicas": 1}}))],
    "the scale subresource": [
        ("CREATE deployments 201", deployment(replicas=2)), (f"GET {WEB}/scale 200",),
        (f"MERGE {WEB}/scale?fieldManager=hpa 200", {"spec": {"replicas": 4}}), (f"GET {WEB} 200",),
        (f"MERGE {WEB}/scale 422", {"spec": {"replicas": -1}}),
        ("CREATE statefulsets 201", workload("StatefulSet", "db", serviceName="db")),
        ("MERGE statefulsets/db/scale 200", {"spec": {"replicas": 3}})],
    "delete": [
        ("CREATE configmaps 201", config(A="1")), (f"DELETE {ENV} 200",), (f"GET {ENV} 404",), (f"DELETE {ENV} 404",),
        ("CREATE secrets 201", an_object("Secret", "s")), ("DELETE secrets/s 200",),
        ("CREATE services 201", service()), ("DELETE services/web 200",)],
    "delete with preconditions": [
        ("CREATE configmaps 201", config(A="1")),
        (f"DELETE {ENV} 409", {"preconditions": {"uid": "11111111-2222-3333-4444-555555555555"}}),
        (f"DELETE {ENV} 409", {"preconditions": {"resourceVersion": "1"}}),
        (f"DELETE {ENV} 200", {"preconditions": {"uid": "${1.metadata.uid}",
                                                 "resourceVersion": "${1.metadata.resourceVersion}"}})],
    "delete with finalizers": [
        ("CREATE configmaps 201", FINALIZED), (f"DELETE {ENV} 200",), (f"GET {ENV} 200",), (f"DELETE {ENV} 200",),
        (f"MERGE {ENV} 200", {"data": {"A": "2"}}),
        (f"MERGE {ENV} 422", {"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}}),
        (f"MERGE {ENV} 200", {"metadata": {"finalizers": None}}), (f"GET {ENV} 404",)],
    "finalizers have names": [
        ("CREATE configmaps 422", {**config(), "metadata": {"name": "env", "finalizers": ["a b"]}}),
        ("CREATE configmaps 201", {**config(), "metadata": {"name": "env", "finalizers": ["orphan"]}}),
        (f"MERGE {ENV} 200", {"metadata": {"finalizers": []}})],
    "foreground deletion": [
        ("CREATE configmaps 201", FINALIZED), (f"DELETE {ENV} 200", {"propagationPolicy": "Foreground"}),
        (f"MERGE {ENV} 200", {"metadata": {"finalizers": None}}, {"only": ["data"]}), (f"UNTIL {ENV} 404",)],
    "foreground deletion waits for what blocks it": [
        ("CREATE configmaps 201", config(A="1")), ("CREATE configmaps 201", owned("child", True)),
        (f"DELETE {ENV} 200", {"propagationPolicy": "Foreground"}), (f"UNTIL {ENV} 404",), ("GET configmaps/child 404",)],
    "background deletion takes what is owned": [
        ("CREATE configmaps 201", config(A="1")), ("CREATE configmaps 201", owned("child")),
        (f"DELETE {ENV} 200", {"propagationPolicy": "Background"}), ("UNTIL configmaps/child 404",)],
    "orphans stay": [
        ("CREATE configmaps 201", config(A="1")), ("CREATE configmaps 201", owned("child")),
        (f"DELETE {ENV} 200", {"propagationPolicy": "Orphan"}), (f"UNTIL {ENV} 404",),
        ("GET configmaps/child 200", None, {"only": ["data", "kind"]})],
    "delete with wrong options": [
        ("CREATE configmaps 201", config(A="1")), (f"DELETE {ENV} 422", {"propagationPolicy": "Odd"}),
        (f"DELETE {ENV} 422", {"propagationPolicy": "Orphan", "orphanDependents": True}),
        (f"DELETE {ENV}?dryRun=Odd 422",), (f"DELETE {ENV} 400", "{")],
    "owners must be whole": [
        ("CREATE configmaps 422", {**config(), "metadata": {"name": "x", "ownerReferences": [
            {"apiVersion": "v1", "kind": "", "name": "", "uid": ""}]}}),
        ("CREATE configmaps 201", config(A="1")),
        ("CREATE configmaps 422", {**config(), "metadata": {"name": "x", "ownerReferences": [
            {"apiVersion": "v1", "kind": "ConfigMap", "name": n, "uid": n, "controller": True} for n in "ab"]}})],
    "a grace period": [
        ("CREATE pods 201", pod()), ("DELETE pods/one?gracePeriodSeconds=0 200",), ("GET pods/one 404",)],
    "delete a collection": [
        ("CREATE configmaps 201", labelled(config("a"), app="web")), ("CREATE configmaps 201", labelled(config("b"), app="web")),
        ("CREATE configmaps 201", labelled(config("c"), app="other")),
        ("DELETE configmaps?labelSelector=app%3Dweb 200",), ("GET configmaps/a 404",), ("GET configmaps/c 200",),
        ("DELETE secrets 200",)],
    "managers by user agent": [
        ("CREATE configmaps 201", config(A="1")), (f"MERGE {ENV} 200", {"data": {"B": "1"}}),
        (f"MERGE {ENV}?fieldManager=other 200", {"data": {"C": "1"}}),
        (f"MERGE {ENV}?fieldManager={'x' * 129} 422", {"data": {"C": "2"}})],
    "an update takes fields from an applier": [
        (f"APPLY {ENV}?fieldManager=mok 201", config(A="1", B="1")),
        (f"PUT {ENV}?fieldManager=edit 200", edit(1, {"data": {"A": "2"}})),
        (f"PUT {ENV}?fieldManager=edit 200", edit(2, {"data": {"A": None}})),
        (f"APPLY {ENV}?fieldManager=mok 200", config(B="1"))],
    "pods": [
        ("CREATE pods 201", pod()), ("MERGE pods/one/status 200", {"status": {"phase": "Running", "podIP": "10.1.2.3"}}),
        ("CREATE pods/one/binding 201", an_object("Binding", "one", target={"kind": "Node", "name": "n"})),
        ("GET pods/one 200",), ("DELETE pods/one?gracePeriodSeconds=0 200",)],
    "secrets encode stringData": [
        ("CREATE secrets 201", an_object("Secret", "s", stringData={"A": "one", "B": "ü"}, data={"A": "eA=="})),
        ("MERGE secrets/s 200", {"stringData": {"C": "three"}}), ("MERGE secrets/s 200", {"data": {"A": None}})],
    "events": [
        ("CREATE events 201", an_object("Event", "e", involvedObject={"kind": "Pod", "name": "one", "namespace": "NS"},
                                        reason="Failed", message="no", type="Warning")),
        ("CREATE events 422", an_object("Event", "f", involvedObject={"kind": "Pod", "name": "one", "namespace": "other"})),
        ("GET events?fieldSelector=involvedObject.name%3Done 200",),
        ("GET events?fieldSelector=involvedObject.name%3Dtwo,type%3DWarning 200",)],
}
