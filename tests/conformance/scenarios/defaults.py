"""What the server fills in, and how it spells what it was given."""
from .objects import an_object, container, deployment, job, pod_spec, service, template, workload

CLAIM = {"metadata": {"name": "data"}, "spec": {
    "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}}}
PROBE = {"httpGet": {"path": "/health", "port": "http"}}
FULL_POD = {
    "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
    "ports": [{"name": "http", "containerPort": 3000}],
    "livenessProbe": PROBE, "readinessProbe": {"tcpSocket": {"port": 3000}}, "startupProbe": {"exec": {"command": ["x"]}},
    "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
    "resources": {"requests": {"cpu": "0.25", "memory": "1024Ki"}, "limits": {"cpu": 2, "memory": "1.5Gi"}},
    "volumeMounts": [{"name": "cfg", "mountPath": "/cfg"}, {"name": "tmp", "mountPath": "/tmp"}]}
VOLUMES = [{"name": "cfg", "configMap": {"name": "env"}}, {"name": "tmp", "emptyDir": {}},
           {"name": "sec", "secret": {"secretName": "s"}},
           {"name": "all", "projected": {"sources": [{"secret": {"name": "s"}}]}}]


def created(path, body, more=""):
    return [(f"CREATE {path}{more} 201", body), (f"GET {path}/{body['metadata']['name']} 200",)]


def full_deployment():
    body = deployment(pod_fields=FULL_POD)
    body["spec"]["template"]["spec"].update({
        "volumes": VOLUMES, "initContainers": [container("init")], "securityContext": {"fsGroup": 991},
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname",
                                       "whenUnsatisfiable": "ScheduleAnyway",
                                       "labelSelector": {"matchLabels": {"app": "web"}}}]})
    return body


def token_pods():
    """Containers that have something of their own where the account's token goes, and a volume for it."""
    own = [{"name": "own", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]
    plain, taken = container("plain"), container("taken", volumeMounts=own)
    empty = {"emptyDir": {}}
    for name, containers, volume in (("all", [taken], "own"), ("some", [taken, plain], "own"),
                                     ("known", [plain], "kube-api-access-mine")):
        yield an_object("Pod", name, spec={"containers": containers, "volumes": [{"name": volume, **empty}]})


HPA = an_object("HorizontalPodAutoscaler", "web", "autoscaling/v2", spec={
    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 5,
    "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {
        "type": "Utilization", "averageUtilization": 70}}}]})
INGRESS = an_object("Ingress", "web", "networking.k8s.io/v1", spec={
    "ingressClassName": "traefik", "tls": [{"hosts": ["m.example"], "secretName": "tls"}],
    "rules": [{"host": "m.example", "http": {"paths": [{
        "path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"name": "http"}}}}]}}]})
POLICY = an_object("NetworkPolicy", "web", "networking.k8s.io/v1", spec={
    "podSelector": {"matchLabels": {"app": "web"}}, "egress": [{}],
    "ingress": [{"from": [{"namespaceSelector": {}}], "ports": [{"port": 3000}]}]})

SCENARIOS = {
    "defaults of a Deployment": created("deployments", deployment()),
    "defaults of a Deployment with everything": created("deployments", full_deployment()),
    "defaults of a rolling update": created("deployments", deployment(strategy={"rollingUpdate": {"maxSurge": "50%"}})),
    "defaults of a StatefulSet": created("statefulsets", workload(
        "StatefulSet", serviceName="web", volumeClaimTemplates=[CLAIM])),
    "defaults of a DaemonSet": created("daemonsets", workload("DaemonSet")),
    "defaults of a Job": [("CREATE jobs 201", job()), ("GET jobs/once 200",)],
    "defaults of a Job with many completions": created("jobs", job(completions=3, parallelism=2,
                                                                   completionMode="Indexed")),
    "defaults of a CronJob": created("cronjobs", an_object("CronJob", "nightly", "batch/v1", spec={
        "schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": {"spec": {
            "restartPolicy": "OnFailure", **pod_spec()}}}}})),
    "defaults of a Service": created("services", service()),
    "defaults of a headless Service": created("services", service(clusterIP="None")),
    "defaults of a Service of type LoadBalancer": created("services", service(
        type="LoadBalancer", externalTrafficPolicy="Local")),
    "defaults of a Service of type ExternalName": created("services", an_object("Service", "db", spec={
        "type": "ExternalName", "externalName": "db.example"})),
    "defaults of a HorizontalPodAutoscaler": created("horizontalpodautoscalers", HPA),
    "defaults of a HorizontalPodAutoscaler with behaviour": created("horizontalpodautoscalers", {
        **HPA, "spec": {**HPA["spec"], "behavior": {"scaleDown": {"stabilizationWindowSeconds": 600}}}}),
    "defaults of a PodDisruptionBudget": created("poddisruptionbudgets", an_object(
        "PodDisruptionBudget", "web", "policy/v1", spec={"maxUnavailable": "50%",
                                                        "selector": {"matchLabels": {"app": "web"}}})),
    "defaults of a NetworkPolicy": created("networkpolicies", POLICY),
    "defaults of an Ingress": created("ingresses", INGRESS),
    "defaults of a Secret": created("secrets", an_object("Secret", "s", stringData={"A": "one"}, data={"B": "dHdv"})),
    "defaults of a PersistentVolumeClaim": created("persistentvolumeclaims", an_object(
        "PersistentVolumeClaim", "data", spec={**CLAIM["spec"], "storageClassName": "do-block-storage"})),
    "defaults of a Role and its binding": created("roles", an_object(
        "Role", "r", "rbac.authorization.k8s.io/v1", rules=[
            {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}])) + created("rolebindings", an_object(
                "RoleBinding", "b", "rbac.authorization.k8s.io/v1",
                roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
                subjects=[{"kind": "ServiceAccount", "name": "default", "namespace": "NS"}, {"kind": "User", "name": "u"}])),
    "defaults of a ServiceAccount": created("serviceaccounts", an_object("ServiceAccount", "mastodon")),
    "defaults of a Lease": created("leases", an_object("Lease", "l", "coordination.k8s.io/v1", spec={
        "holderIdentity": "me", "leaseDurationSeconds": 15, "renewTime": "2026-01-02T03:04:05.000000Z"})),
    "defaults of a PriorityClass": [
        ("CREATE /apis/scheduling.k8s.io/v1/priorityclasses 201", an_object(
            "PriorityClass", "NS", "scheduling.k8s.io/v1", value=1000)),
        ("DELETE /apis/scheduling.k8s.io/v1/priorityclasses/NS 200",)],
    "defaults of a StorageClass": [
        ("CREATE /apis/storage.k8s.io/v1/storageclasses 201", an_object(
            "StorageClass", "NS", "storage.k8s.io/v1", provisioner="dobs.csi.digitalocean.com")),
        ("DELETE /apis/storage.k8s.io/v1/storageclasses/NS 200",)],
    "defaults of a LimitRange": created("limitranges", an_object("LimitRange", "l", spec={"limits": [
        {"type": "Container", "max": {"cpu": "2"}, "min": {"memory": "0.5Gi"}}]})),
    "quantities are spelled one way": created("deployments", deployment(pod_fields={"resources": {
        "requests": {"cpu": "1500m", "memory": "1500Mi", "ephemeral-storage": "1e9"},
        "limits": {"cpu": "2.50", "memory": "2048Mi", "ephemeral-storage": "1000000k"}}})) + [
        ("MERGE deployments/web 200", {"spec": {"template": {"spec": {"containers": [container(resources={
            "requests": {"cpu": "0.1", "memory": "100000"}, "limits": {"cpu": "1000000u", "memory": "128974848"}})]}}}}),
        ("MERGE deployments/web 200", {"spec": {"template": {"spec": {"containers": [container(resources={
            "requests": {"cpu": "0.0001", "memory": "1.5"}, "limits": {"cpu": "+1", "memory": "0.1Gi"}})]}}}})],
    "an integer or a string stays what it is": created("services", service(ports=[
        {"port": 80, "targetPort": "http", "name": "a"}, {"port": 81, "targetPort": 3000, "name": "b"},
        {"port": 82, "name": "c"}])),
    "old fields of a pod's template follow the new ones": created("deployments", deployment()) + [
        ("STRATEGIC deployments/web 200", {"spec": {"template": {"spec": {"serviceAccountName": "mastodon"}}}})],
    "unknown fields are dropped": [
        ("CREATE configmaps 201", {**an_object("ConfigMap", "env"), "dta": {"A": "1"}}),
        ("CREATE deployments 201", {**deployment(), "status": {"replicas": 9}})],
    "a template's time is null": [("CREATE deployments 201", workload("Deployment", template={
        **template(), "metadata": {"labels": {"app": "web"}, "creationTimestamp": None}}))],
    "a token is mounted where nothing else is": [
        step for body in token_pods() for step in created("pods", body)],
}
