"""Lists, selectors, pages, watches, tables, discovery."""
from .objects import an_object, config, deployment, job, labelled, pod, service

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
THREE = [("CREATE configmaps 201", labelled(config("a", A="1"), app="web", tier="front")),
         ("CREATE configmaps 201", labelled(config("b"), app="web")),
         ("CREATE configmaps 201", labelled(config("c"), app="db"))]
# Each namespace has kube-root-ca.crt beside them.
OURS = "app,"


def listed(selector, code=200):
    return (f"GET configmaps?labelSelector={selector} {code}",)


def table(path):
    return (f"GET {path} 200", None, {"accept": TABLE})


CORE = ["configmaps", "secrets", "services", "services/status", "pods", "pods/status", "pods/log", "pods/ephemeralcontainers",
        "namespaces",
        "namespaces/status", "namespaces/finalize", "nodes", "events", "serviceaccounts", "persistentvolumeclaims"]
APPS = ["deployments", "deployments/scale", "deployments/status", "statefulsets", "daemonsets", "replicasets"]

SCENARIOS = {
    "lists": [*THREE, ("GET configmaps?labelSelector=app 200",), ("GET deployments 200",),
              ("GET /api/v1/configmaps?labelSelector=app&fieldSelector=metadata.namespace%3DNS 200",)],
    "label selectors": [
        *THREE, listed("app%3Dweb"), listed("app%3D%3Dweb,tier%3Dfront"), listed("app,app!%3Dweb"),
        listed("app%20in%20(web,db),!tier"), listed("app%20notin%20(web),app"), listed("tier"),
        listed("app%3D", 200), listed("a%20b", 400), listed("app%20in%20()"), listed("app%20near%20(x)", 400)],
    "field selectors": [
        *THREE, ("GET configmaps?fieldSelector=metadata.name%3Db 200",),
        ("GET configmaps?labelSelector=app&fieldSelector=metadata.name!%3Db 200",),
        ("GET configmaps?fieldSelector=data.A%3D1 400",), ("GET configmaps?fieldSelector=x 400",)],
    "a watch that begins with a list": [
        ("CREATE secrets 201", an_object("Secret", "a")), ("CREATE secrets 201", an_object("Secret", "b")),
        ("WATCH secrets?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true 200",
         3),
        ("WATCH secrets?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=0"
         "&allowWatchBookmarks=true&fieldSelector=metadata.name%3Db 200", 2),
        ("GET secrets?watch=true&sendInitialEvents=true 422",), ("GET secrets?sendInitialEvents=true 422",),
        ("GET secrets?watch=true&resourceVersionMatch=NotOlderThan 422",),
        ("GET secrets?watch=true&sendInitialEvents=true&resourceVersionMatch=Exact&resourceVersion=1 422",)],
    "field selectors of kinds with fields of their own": [
        *[(f"GET {kind}?fieldSelector=x%3Dy 400",) for kind in (
            "pods", "secrets", "services", "events", "jobs", "configmaps", "replicasets", "/api/v1/nodes",
            "/api/v1/namespaces", "deployments")],
        ("GET /apis/apps/v1/namespaces/NS/replicasets?fieldSelector=status.replicas%3D1 400",)],
    "field selectors of pods and secrets": [
        ("CREATE pods 201", pod("a")), ("CREATE pods 201", pod("b")),
        ("MERGE pods/b/status 200", {"status": {"phase": "Running"}}),
        ("GET pods?fieldSelector=status.phase%3DRunning 200",), ("GET pods?fieldSelector=spec.nodeName%3D 200",),
        ("CREATE secrets 201", an_object("Secret", "s", type="example.com/t")),
        ("GET secrets?fieldSelector=type%3Dexample.com/t 200",)],
    "pages": [
        *THREE, ("GET configmaps?labelSelector=app&limit=2 200",),
        ("GET configmaps?labelSelector=app&limit=2&continue=${4.metadata.continue} 200",),
        ("GET configmaps?limit=2 200", None, {"only": ["kind", "apiVersion"]}),
        ("GET configmaps?limit=1&continue=nonsense 400",), ("GET configmaps?limit=x 400",),
        ("GET secrets?limit=1 200",)],
    "pages count what remains": [
        *[("CREATE secrets 201", an_object("Secret", n)) for n in "abcde"],
        ("GET secrets?limit=2 200",), ("GET secrets?limit=2&continue=${6.metadata.continue} 200",),
        ("GET secrets?limit=2&continue=${7.metadata.continue} 200",)],
    "pages are of one moment": [
        *[("CREATE secrets 201", an_object("Secret", n)) for n in "abc"], ("GET secrets?limit=2 200",),
        ("CREATE secrets 201", an_object("Secret", "bb")), ("GET secrets?limit=2&continue=${4.metadata.continue} 200",)],
    "pages know nothing of what came later": [
        *[("CREATE secrets 201", an_object("Secret", n)) for n in "abcdef"], ("GET secrets?limit=2 200",),
        ("MERGE secrets/c 200", {"metadata": {"labels": {"x": "y"}}}), ("DELETE secrets/d 200",), ("DELETE secrets/a 200",),
        ("CREATE secrets 201", an_object("Secret", "cc")), ("MERGE secrets/c 200", {"metadata": {"labels": {"x": "z"}}}),
        ("GET secrets?limit=2&continue=${7.metadata.continue} 200",), ("DELETE secrets/e 200",),
        ("GET secrets?limit=2&continue=${13.metadata.continue} 200",), ("GET secrets 200",)],
    "pages of pods that go": [
        *[("CREATE pods 201", pod(n)) for n in ("one", "two", "zoe")], ("GET pods?limit=1 200",), ("DELETE pods/two 200",),
        ("GET pods?limit=1&continue=${4.metadata.continue} 200",), ("GET pods 200",)],
    "lists of a moment": [
        ("CREATE secrets 201", an_object("Secret", "a")), ("GET secrets?resourceVersion=0 200", None, {"only": ["kind"]}),
        ("GET secrets?resourceVersionMatch=Exact 422",),
        ("GET secrets?resourceVersion=${1.metadata.resourceVersion}&resourceVersionMatch=NotOlderThan 200",),
        ("GET secrets?resourceVersion=x 400",)],
    "lists of an exact moment": [
        ("CREATE secrets 201", an_object("Secret", "a")), ("GET secrets 200",), ("CREATE secrets 201", an_object("Secret", "b")),
        ("DELETE secrets/a 200",),
        ("GET secrets?resourceVersion=${2.metadata.resourceVersion}&resourceVersionMatch=Exact 200",),
        ("GET secrets?resourceVersion=${2.metadata.resourceVersion}&limit=5 200",),
        ("GET secrets?resourceVersion=${2.metadata.resourceVersion} 200",),
        ("GET secrets?resourceVersion=0&resourceVersionMatch=Exact 422",),
        ("GET secrets?resourceVersion=1&resourceVersionMatch=Odd 422",)],
    "lists of a moment to come": [
        ("GET secrets?resourceVersion=99999999&resourceVersionMatch=Exact 504", None, {"only": ["reason", "details"]}),
        ("GET secrets?resourceVersion=99999999 504", None, {"only": ["reason", "details"]})],
    "a watch": [
        ("GET secrets 200",), ("CREATE secrets 201", an_object("Secret", "a")),
        ("MERGE secrets/a 200", {"metadata": {"labels": {"x": "y"}}}), ("CREATE secrets 201", an_object("Secret", "b")),
        ("DELETE secrets/a 200",), ("WATCH secrets?watch=true&resourceVersion=${1.metadata.resourceVersion} 200", 4)],
    "a watch of what matches": [
        ("GET secrets 200",), ("CREATE secrets 201", labelled(an_object("Secret", "a"), app="x")),
        ("MERGE secrets/a 200", {"metadata": {"labels": {"app": "y"}}}),
        ("MERGE secrets/a 200", {"metadata": {"labels": {"app": "x"}}}), ("DELETE secrets/a 200",),
        ("WATCH secrets?watch=true&labelSelector=app%3Dx&resourceVersion=${1.metadata.resourceVersion} 200", 4)],
    "a watch from now begins with what is there": [
        ("CREATE secrets 201", an_object("Secret", "a")), ("CREATE secrets 201", an_object("Secret", "b")),
        ("WATCH secrets?watch=true&resourceVersion=0 200", 2), ("WATCH secrets?watch=true 200", 2)],
    "a watch of one object": [
        ("CREATE secrets 201", an_object("Secret", "a")), ("CREATE secrets 201", an_object("Secret", "b")),
        ("DELETE secrets/a 200",),
        ("WATCH secrets?watch=true&fieldSelector=metadata.name%3Da&resourceVersion=${1.metadata.resourceVersion} 200", 1)],
    "a watch that ends": [
        ("CREATE secrets 201", an_object("Secret", "a")),
        ("WATCH secrets?watch=true&timeoutSeconds=1&resourceVersion=${1.metadata.resourceVersion} 200", 1)],
    "tables of ConfigMaps and Secrets": [
        *THREE, table("configmaps?labelSelector=app"), table("configmaps/a"),
        ("CREATE secrets 201", an_object("Secret", "s", stringData={"A": "1"})), table("secrets")],
    "tables of workloads": [
        ("CREATE deployments 201", deployment(replicas=2)), table("deployments"), ("CREATE jobs 201", job()), table("jobs")],
    "tables of pods": [("CREATE pods 201", pod()), table("pods"),
                       ("MERGE pods/one/status 200", {"status": {"phase": "Running", "containerStatuses": [
                           {"name": "web", "ready": False, "restartCount": 3, "image": "i", "imageID": "i", "state": {
                               "waiting": {"reason": "CrashLoopBackOff"}}}]}}), table("pods")],
    "tables of Services": [("CREATE services 201", service()),
                           ("CREATE services 201", service("lb", type="LoadBalancer")), table("services")],
    "kinds that others keep": [
        ("CREATE /apis/storage.k8s.io/v1/volumeattachments 201", an_object(
            "VolumeAttachment", "NS", "storage.k8s.io/v1", spec={
                "attacher": "dobs.csi.example.com", "nodeName": "n", "source": {"persistentVolumeName": "pv"}})),
        ("MERGE /apis/storage.k8s.io/v1/volumeattachments/NS/status 200", {"status": {"attached": True}}),
        ("GET /apis/storage.k8s.io/v1/volumeattachments/NS 200", None, {"accept": TABLE}),
        ("CREATE /apis/node.k8s.io/v1/runtimeclasses 201", an_object("RuntimeClass", "NS", "node.k8s.io/v1", handler="h")),
        ("GET /apis/node.k8s.io/v1/runtimeclasses/NS 200", None, {"accept": TABLE}),
        ("CREATE /api/v1/namespaces/NS/podtemplates 201", an_object("PodTemplate", "t", template=deployment()["spec"][
            "template"])),
        ("GET /api/v1/namespaces/NS/podtemplates/t 200", None, {"accept": TABLE}),
        ("DELETE /apis/storage.k8s.io/v1/volumeattachments/NS 200",), ("DELETE /apis/node.k8s.io/v1/runtimeclasses/NS 200",)],
    "tables of every kind": [table(path + "?labelSelector=none&includeObject=None") for path in (
        "endpoints events limitranges persistentvolumeclaims resourcequotas serviceaccounts replicationcontrollers daemonsets "
        "replicasets statefulsets cronjobs horizontalpodautoscalers poddisruptionbudgets ingresses networkpolicies roles "
        "rolebindings leases").split()] + [table(f"{path}?labelSelector=none&includeObject=None") for path in (
            "/api/v1/persistentvolumes", "/api/v1/nodes", "/api/v1/namespaces", "/apis/storage.k8s.io/v1/storageclasses",
            "/apis/networking.k8s.io/v1/ingressclasses", "/apis/storage.k8s.io/v1/csidrivers", "/apis/storage.k8s.io/v1/csinodes",
            "/apis/rbac.authorization.k8s.io/v1/clusterroles", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "/apis/scheduling.k8s.io/v1/priorityclasses",
            "/apis/apiregistration.k8s.io/v1/apiservices", "/apis/discovery.k8s.io/v1/namespaces/NS/endpointslices",
            "/apis/apps/v1/namespaces/NS/controllerrevisions", "/api/v1/namespaces/NS/podtemplates",
            "/apis/storage.k8s.io/v1/volumeattachments", "/apis/node.k8s.io/v1/runtimeclasses",
            *(f"/apis/admissionregistration.k8s.io/v1/{name}" for name in (
                "validatingwebhookconfigurations", "mutatingwebhookconfigurations", "validatingadmissionpolicies",
                "validatingadmissionpolicybindings")))],
    "tables of autoscalers and budgets": [
        ("CREATE horizontalpodautoscalers 201", an_object("HorizontalPodAutoscaler", "a", "autoscaling/v2", spec={
            "scaleTargetRef": {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"}, "maxReplicas": 3, "metrics": [
                {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}},
                {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}},
                {"type": "External", "external": {"metric": {"name": "m"}, "target": {"type": "Value", "value": "5"}}}]})),
        ("MERGE horizontalpodautoscalers/a/status 200", {"status": {"currentReplicas": 2, "desiredReplicas": 2, "currentMetrics": [
            {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 31, "averageValue": "10m"}}}]}}),
        table("horizontalpodautoscalers"),
        ("CREATE poddisruptionbudgets 201", an_object("PodDisruptionBudget", "p", "policy/v1", spec={
            "minAvailable": "50%", "selector": {"matchLabels": {"a": "b"}}})), table("poddisruptionbudgets"),
        ("CREATE resourcequotas 201", an_object("ResourceQuota", "q", spec={"hard": {"pods": "3", "limits.cpu": "1"}})),
        ("UNTIL resourcequotas/q 200", {"status": {"used": {"pods": "0"}}}),
        table("resourcequotas?includeObject=None")],
    "tables of networks": [
        ("CREATE ingresses 201", an_object("Ingress", "i", "networking.k8s.io/v1", spec={
            "ingressClassName": "n", "tls": [{"hosts": ["a"]}], "rules": [
                {"host": f"{name}.example"} for name in "abcd"]})),
        ("MERGE ingresses/i/status 200", {"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}, {
            "hostname": "lb.example"}]}}}), table("ingresses"),
        ("CREATE networkpolicies 201", an_object("NetworkPolicy", "p", "networking.k8s.io/v1", spec={"podSelector": {
            "matchLabels": {"app": "web"}, "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["b", "a"]}, {"key": "old", "operator": "DoesNotExist"}]}})),
        table("networkpolicies"),
        ("CREATE endpoints 201", an_object("Endpoints", "e", subsets=[
            {"addresses": [{"ip": f"203.0.113.{n}"} for n in range(4)], "ports": [{"port": 80}]}])), table("endpoints"),
        ("CREATE /apis/discovery.k8s.io/v1/namespaces/NS/endpointslices 201", an_object(
            "EndpointSlice", "s", "discovery.k8s.io/v1", addressType="IPv4", ports=[{"port": 80}, {"name": "x"}],
            endpoints=[{"addresses": ["203.0.113.5"]}])),
        table("/apis/discovery.k8s.io/v1/namespaces/NS/endpointslices"),
        ("CREATE services 201", service("x", type="ExternalName", externalName="web.example", ports=[])),
        ("CREATE services 201", service("y", externalIPs=["203.0.113.7"])), table("services")],
    "tables of storage and leases": [
        ("CREATE persistentvolumeclaims 201", an_object("PersistentVolumeClaim", "c", spec={
            "accessModes": ["ReadWriteOnce"], "storageClassName": "none", "resources": {"requests": {"storage": "1Gi"}}})),
        table("persistentvolumeclaims"), ("CREATE leases 201", an_object("Lease", "l", "coordination.k8s.io/v1", spec={
            "holderIdentity": "me"})), table("leases"),
        ("CREATE cronjobs 201", an_object("CronJob", "c", "batch/v1", spec={
            "schedule": "@daily", "timeZone": "Etc/UTC", "jobTemplate": {"spec": job()["spec"]}})), table("cronjobs"),
        ("CREATE events 201", an_object("Event", "e", involvedObject={
            "kind": "Pod", "name": "one", "namespace": "NS", "fieldPath": "spec.containers{web}"}, reason="Failed", message=" no ",
            type="Warning", count=3, source={"component": "kubelet", "host": "node"})), table("events")],
    "a table without objects": [
        *THREE, ("GET configmaps?labelSelector=app&includeObject=None 200", None, {"accept": TABLE}),
        ("GET configmaps?labelSelector=app&includeObject=Object 200", None, {"accept": TABLE}),
        ("GET configmaps?includeObject=Odd 400", None, {"accept": TABLE})],
    "metadata only": [
        *THREE, ("GET configmaps/a 200", None, {"accept": METADATA}),
        ("GET configmaps?labelSelector=app 200", None, {"accept": METADATA_LIST})],
    "discovery of the core group": [
        ("GET /api 200", None, {"only": ["kind", "versions"]}), ("GET /api/v1 200", None, {"pick": CORE})],
    "discovery of groups": [
        ("GET /apis/apps 200",), ("GET /apis/apps/v1 200", None, {"pick": APPS}), ("GET /apis/batch/v1 200", None),
        ("GET /apis/policy/v1 200", None), ("GET /apis/networking.k8s.io/v1 200", None, {"pick": [
            "ingresses", "ingresses/status", "networkpolicies", "ingressclasses"]}),
        ("GET /apis/rbac.authorization.k8s.io/v1 200", None), ("GET /apis/autoscaling/v2 200", None)],
    "versions and health": [
        ("GET /version 200", None, {"only": ["major", "minor", "emulationMinor", "minCompatibilityMinor"]}), ("GET /healthz 200",), ("GET /livez 200",),
        ("GET /readyz 200",)],
}
