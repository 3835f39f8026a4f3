"""What is refused, and in which words."""
from .objects import an_object, config, container, deployment, job, pod, pod_spec, service, template, workload

LONG = "x" * 64
ANY_ORDER = {"unordered": True}


def refused(path, *bodies, code=422):
    return [(f"CREATE {path} {code}", body) for body in bodies]


def spec(kind, version, **fields):
    return an_object(kind, "x", version, spec=fields)


def with_metadata(field, *values):
    return [an_object("ConfigMap", "x") | {"metadata": {"name": "x", field: value}} for value in values]


def with_container(*fields):
    return [an_object("Pod", "p", spec={"containers": [field]}) for field in fields]


def applied(*bodies, code=400):
    return [(f"APPLY configmaps/env?fieldManager=mok {code}", body) for body in bodies]


SCENARIOS = {
    "what is applied says what it is": [
        ("CREATE configmaps 201", config(A="1")),
        *applied("", "null", "- a", '"x"', "5", "{}", "apiVersion: v1", "kind: ConfigMap", "metadata: 5",
                 "apiVersion: v1\nkind: Secret", "apiVersion: apps/v1\nkind: ConfigMap",
                 "apiVersion: 5\nkind: ConfigMap", "apiVersion: v1\nkind: 5"),
        *applied("apiVersion: v1\nkind: ConfigMap\nmetadata: 5", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: 5 }",
                 code=500), *applied("apiVersion: v1\nkind: ConfigMap\nmetadata:", code=200)],
    "values of another type": [
        *refused("configmaps", *[an_object("ConfigMap", "x", data=value) for value in (5, [], "x", True, {"a": 5}, {"a": {}})],
                 {"apiVersion": "v1", "kind": "ConfigMap", "metadata": 5}, *with_metadata("labels", 5, [5], {"a": []}),
                 *with_metadata("finalizers", "x", [5]), *with_metadata("ownerReferences", "x", [5]),
                 *with_metadata("generation", "x"), *with_metadata("creationTimestamp", 5, "x", "2026-13-01T00:00:00Z",
                                                                   "2026-02-30T00:00:00Z", "2026-02-03 00:00", ""), code=400),
        *refused("deployments", *[deployment(replicas=value) for value in ("x", 1.5, 1 << 31, [])],
                 deployment(selector=[]), deployment(template=5), deployment(paused="x"), code=400),
        *refused("pods", *with_container(
            5, {"name": 5}, {"args": "x"}, {"args": [5]}, {"env": {}}, {"env": ["x"]}, {"ports": [{"containerPort": "80"}]},
            {"resources": {"limits": 5}}, {"resources": {"limits": {"cpu": {}}}}, {"resources": {"limits": {"cpu": "x"}}},
            {"securityContext": {"runAsUser": "x"}}), *[an_object("Pod", "p", spec=fields) for fields in (
                {"containers": 5}, {"nodeSelector": []}, {"tolerations": {}}, {"hostNetwork": "x"},
                {"activeDeadlineSeconds": 1.5}, {"activeDeadlineSeconds": 1e30})], code=400),
        *refused("services", *[an_object("Service", "s", spec={"ports": value}) for value in (
            "x", ["x"], [{"port": 80.5}], [{"port": 80, "targetPort": []}])], code=400),
        *refused("secrets", *[an_object("Secret", "s", data=value) for value in (5, {"a": 5}, {"a": "!!"})], code=400)],
    "patches that are none": [
        ("CREATE configmaps 201", config(A="1")),
        *[("JSON configmaps/env 400", body) for body in ("", "5", "{}", '"x"')],
        *[("MERGE configmaps/env 400", body) for body in ("", "5", "[]", '"x"', "null")],
        *[("STRATEGIC configmaps/env 400", body) for body in ("", "5", "[]", '"x"')], ("STRATEGIC configmaps/env 200", "null"),
        *[("JSON configmaps/env 422", body) for body in (
            '[{"op":"remove","path":""}]', '[{"op":"replace","path":"","value":3}]', '[{"path":"/data"}]')]],
    "immutable selector of a Deployment": [
        ("CREATE deployments 201", deployment()),
        ("APPLY deployments/web?fieldManager=mok&force=true 422", deployment(
            selector={"matchLabels": {"app": "other"}}, template={
                "metadata": {"labels": {"app": "other"}}, "spec": pod_spec()}))],
    "immutable template of a Job": [
        ("CREATE jobs 201", job()),
        ("APPLY jobs/once?fieldManager=mok&force=true 422", job(pod_fields={"image": "registry.example/web:2"})),
        ("MERGE jobs/once 422", {"spec": {"completions": 2}}),
        ("MERGE jobs/once 200", {"spec": {"parallelism": 2, "suspend": True}})],
    "immutable ConfigMap": [
        ("CREATE configmaps 201", {**config(A="1"), "immutable": True}),
        ("MERGE configmaps/env 422", {"data": {"A": "2"}}), ("MERGE configmaps/env 422", {"immutable": False}),
        ("MERGE configmaps/env 200", {"metadata": {"labels": {"a": "1"}}})],
    "immutable Secret": [
        ("CREATE secrets 201", an_object("Secret", "s", stringData={"A": "1"}, immutable=True)),
        ("MERGE secrets/s 422", {"stringData": {"A": "2"}}), ("MERGE secrets/s 422", {"immutable": None})],
    "immutable type of a Secret": [
        ("CREATE secrets 201", an_object("Secret", "s", stringData={"A": "1"})),
        ("MERGE secrets/s 422", {"type": "example.com/other"})],
    "immutable fields of a StatefulSet": [
        ("CREATE statefulsets 201", workload("StatefulSet", serviceName="web")),
        ("MERGE statefulsets/web 422", {"spec": {"serviceName": "other"}}),
        ("MERGE statefulsets/web 200", {"spec": {"replicas": 2}})],
    "immutable selector of a DaemonSet": [
        ("CREATE daemonsets 201", workload("DaemonSet")),
        ("MERGE daemonsets/web 422", {"spec": {"selector": {"matchLabels": {"app": "web", "b": "c"}}}})],
    "immutable address of a Service": [
        ("CREATE services 201", service()), ("MERGE services/web 422", {"spec": {"clusterIP": "10.96.255.254"}}),
        ("MERGE services/web 200", {"spec": {"type": "LoadBalancer"}})],
    "immutable role of a RoleBinding": [
        ("CREATE rolebindings 201", an_object("RoleBinding", "b", "rbac.authorization.k8s.io/v1", roleRef={
            "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"})),
        ("MERGE rolebindings/b 422", {"roleRef": {"name": "admin"}})],
    "immutable fields of a PersistentVolumeClaim": [
        ("CREATE persistentvolumeclaims 201", spec("PersistentVolumeClaim", "v1", accessModes=["ReadWriteOnce"],
                                                   resources={"requests": {"storage": "1Gi"}},
                                                   storageClassName="do-block-storage")),
        ("MERGE persistentvolumeclaims/x 422", {"spec": {"storageClassName": "other"}})],
    "immutable fields of a Pod": [
        ("CREATE pods 201", pod()), ("MERGE pods/one 422", {"spec": {"hostNetwork": True}}),
        ("STRATEGIC pods/one 200", {"spec": {"containers": [{"name": "web", "image": "registry.example/web:2"}]}})],
    "immutable metadata": [
        ("CREATE configmaps 201", config(A="1")), ("MERGE configmaps/env 422", {"metadata": {"uid": "x"}}),
        ("MERGE configmaps/env 400", {"metadata": {"name": "other"}}),
        ("MERGE configmaps/env 200", {"metadata": {"creationTimestamp": None}})],
    "invalid names": [
        *refused("configmaps", config("Upper"), config("a_b"), config("-a"), config("a" * 254)),
        *refused("services", service("web.1"), service(LONG))],
    "no name": refused("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}),
    "invalid labels and annotations": [
        ("CREATE configmaps 422", {**config(), "metadata": {
            "name": "env", "labels": {"a b": "1", "c": "d e", "e": LONG}}}, ANY_ORDER),
        ("CREATE configmaps 422", {**config(), "metadata": {"name": "env", "annotations": {"a b": "1"}}})],
    "invalid keys of a ConfigMap": [
        ("CREATE configmaps 422", config(**{"a b": "1", "..": "2"}), ANY_ORDER),
        ("CREATE configmaps 422", {**config(A="1"), "binaryData": {"A": "AA=="}})],
    "invalid data of a Secret": [
        ("CREATE secrets 400", an_object("Secret", "s", data={"A": "not base64!"})),
        *refused("secrets", an_object("Secret", "s", data={"a b": "AA=="}), an_object(
            "Secret", "s", type="kubernetes.io/tls", stringData={"tls.crt": "x"}), an_object(
            "Secret", "s", type="kubernetes.io/dockerconfigjson", stringData={".dockerconfigjson": "{"}))],
    "invalid Deployments": refused(
        "deployments", an_object("Deployment", "web", "apps/v1"),
        deployment(selector={"matchLabels": {"app": "other"}}), deployment(selector={}), deployment(replicas=-1),
        deployment(template={"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}}),
        deployment(strategy={"type": "Recreate", "rollingUpdate": {}}),
        deployment(strategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}),
        deployment(strategy={"rollingUpdate": {"maxUnavailable": "150%"}}),
        deployment(template={**template(), "spec": {**pod_spec(), "restartPolicy": "Never"}})),
    "invalid containers": refused(
        "deployments", deployment(pod_fields={"image": ""}), deployment(pod_fields={"name": "Up"}),
        deployment(pod_fields={"ports": [{"containerPort": 0}, {"containerPort": 70000, "name": "Way_Too_Long_Name"}]}),
        deployment(pod_fields={"env": [{"name": ""}, {"name": "A=B", "value": "1"}]}),
        deployment(pod_fields={"env": [{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]}),
        deployment(pod_fields={"volumeMounts": [{"name": "none", "mountPath": "/a"}]}),
        deployment(pod_fields={"imagePullPolicy": "Sometimes"}),
        deployment(pod_fields={"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}),
        deployment(pod_fields={"livenessProbe": {}}),
        deployment(pod_fields={"livenessProbe": {"httpGet": {"port": 80}, "successThreshold": 2}})),
    "invalid pods": refused(
        "pods", an_object("Pod", "one"), an_object("Pod", "one", spec={**pod_spec(), "restartPolicy": "Often"}),
        an_object("Pod", "one", spec={"containers": [container(), container()]}),
        an_object("Pod", "one", spec={**pod_spec(), "volumes": [{"name": "v"}, {"name": "v", "emptyDir": {}}]}),
        an_object("Pod", "one", spec={**pod_spec(), "terminationGracePeriodSeconds": -2, "dnsPolicy": "x"}),
        an_object("Pod", "one", spec={**pod_spec(), "securityContext": {"runAsUser": -1, "fsGroup": -1}})),
    "invalid quantities": refused("deployments", deployment(pod_fields={"resources": {"requests": {"cpu": "lots"}}}),
                                  deployment(pod_fields={"resources": {"requests": {"memory": "1GB"}}}), code=400),
    "invalid Services": refused(
        "services", service(ports=[]), service(ports=[{"port": 0}]), service(type="Odd"),
        service(ports=[{"port": 80}, {"port": 81}]), service(ports=[{"name": "a", "port": 80}, {"name": "a", "port": 81}]),
        service(ports=[{"port": 80, "targetPort": "way-too-long-a-name"}]), service(sessionAffinity="x"),
        an_object("Service", "web", spec={"type": "ExternalName"})),
    "invalid Jobs": refused(
        "jobs", an_object("Job", "x", "batch/v1"), job(completions=-1), job(backoffLimit=-1),
        an_object("Job", "x", "batch/v1", spec={"template": {"spec": pod_spec()}}),
        job(selector={"matchLabels": {"a": "b"}}), job(completionMode="Odd"), job(activeDeadlineSeconds=-5)),
    "invalid CronJobs": refused(
        "cronjobs", spec("CronJob", "batch/v1"), spec("CronJob", "batch/v1", schedule="every day", jobTemplate={
            "spec": job()["spec"]}), spec("CronJob", "batch/v1", schedule="0 3 * * *", timeZone="Mars/One",
                                          concurrencyPolicy="x", jobTemplate={"spec": job()["spec"]})),
    "invalid autoscalers": refused(
        "horizontalpodautoscalers", spec("HorizontalPodAutoscaler", "autoscaling/v2"),
        spec("HorizontalPodAutoscaler", "autoscaling/v2", minReplicas=3, maxReplicas=2,
             scaleTargetRef={"kind": "Deployment", "name": "web"}),
        spec("HorizontalPodAutoscaler", "autoscaling/v2", maxReplicas=2,
             scaleTargetRef={"kind": "Deployment", "name": "web"}, metrics=[{"type": "Odd"}])),
    "invalid PodDisruptionBudgets": refused(
        "poddisruptionbudgets", spec("PodDisruptionBudget", "policy/v1", minAvailable=1, maxUnavailable=1),
        spec("PodDisruptionBudget", "policy/v1", maxUnavailable="x")),
    "invalid NetworkPolicies": refused(
        "networkpolicies", spec("NetworkPolicy", "networking.k8s.io/v1", podSelector={}, policyTypes=["Odd"]),
        spec("NetworkPolicy", "networking.k8s.io/v1", podSelector={}, ingress=[
            {"from": [{"ipBlock": {"cidr": "10.0.0.0/33"}}], "ports": [{"port": 70000}]}])),
    "invalid Ingresses": refused(
        "ingresses", spec("Ingress", "networking.k8s.io/v1"),
        spec("Ingress", "networking.k8s.io/v1", rules=[{"host": "*.*.x", "http": {"paths": [
            {"path": "x", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {}}}}]}}])),
    "invalid RBAC": [
        *refused("roles", an_object("Role", "r", "rbac.authorization.k8s.io/v1", rules=[{"resources": ["pods"]}])),
        *refused("rolebindings", an_object("RoleBinding", "b", "rbac.authorization.k8s.io/v1", roleRef={
            "apiGroup": "rbac.authorization.k8s.io", "kind": "Odd", "name": "r"}, subjects=[{"kind": "Odd", "name": "x"}]))],
    "a wrong body": [
        ("CREATE configmaps 400", "{"), ("CREATE configmaps 400", "[]"),
        ("CREATE configmaps 400", {"metadata": {"name": "x"}, "data": {"A": 1}}),
        ("CREATE configmaps 400", an_object("Secret", "x")), ("CREATE configmaps 400", an_object("ConfigMap", "x", "v9")),
        ("CREATE deployments 400", deployment(replicas="3")), ("CREATE configmaps 201", {"metadata": {"name": "x"}})],
    "a wrong namespace in the body": [
        ("CREATE configmaps 400", {**config(), "metadata": {"name": "x", "namespace": "default"}})],
    "unknown fields with strict validation": [
        ("CREATE configmaps?fieldValidation=Strict 400", {**config(A="1"), "dta": {}}),
        ("CREATE deployments?fieldValidation=Strict 400", deployment(replcas=1, pod_fields={"imagePullPolcy": "x"})),
        ("CREATE deployments?fieldValidation=Strict 400", '{"apiVersion":"apps/v1","kind":"Deployment",'
         '"metadata":{"name":"x","name":"y"}}'),
        ("CREATE configmaps?fieldValidation=Odd 422", config(A="1"))],
    "unknown fields with a warning": [
        ("CREATE deployments?fieldValidation=Warn 201", deployment(replcas=1, pod_fields={"imagePullPolcy": "x"})),
        ("MERGE deployments/web?fieldValidation=Warn 200", {"spec": {"paused_": True}}),
        ("CREATE configmaps?fieldValidation=Ignore 201", {**config(A="1"), "dta": {}})],
    "a name that exists": [("CREATE configmaps 201", config(A="1")), ("CREATE configmaps 409", config(A="2")),
                           ("CREATE services 201", service()), ("CREATE services 409", service())],
    "what is not there": [
        ("GET configmaps/none 404",), ("DELETE configmaps/none 404",), ("MERGE configmaps/none 404", {}),
        ("PUT configmaps/none 404", {**config("none"), "metadata": {"name": "none", "resourceVersion": "1"}}),
        ("PUT configmaps/none 404", config("none", A="1")), ("GET deployments/none/scale 404",),
        ("GET /apis/apps/v1/namespaces/NS/nothings 404",), ("GET /apis/none.example/v1 404",),
        ("GET configmaps/none/log 404",)],
    "a missing namespace": [
        ("CREATE /api/v1/namespaces/NS-none/configmaps 404", config(A="1")),
        ("APPLY /api/v1/namespaces/NS-none/configmaps/env?fieldManager=mok 404", config(A="1")),
        ("GET /api/v1/namespaces/NS-none/configmaps 200", None, {"only": ["kind", "items"]}),
        ("GET /api/v1/namespaces/NS-none/configmaps/env 404",), ("GET /api/v1/namespaces/NS-none 404",)],
    "methods that are not there": [
        ("DELETE /api/v1/namespaces 405",), ("PUT configmaps 405", config()), ("CREATE configmaps/env 405", config())],
    "content types that are not there": [
        ("GET configmaps 406", None, {"accept": "text/html"}),
        ("GET configmaps 406", None, {"accept": "application/xml"})],
}
