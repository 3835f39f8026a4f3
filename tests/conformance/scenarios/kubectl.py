"""kubectl itself: what it makes of the server's answers."""
from .custom import crd, widget, with_crd
from .objects import RESTRICTED, an_object, config, container, deployment, job, labelled, pod, service, workload

READY = {"status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1,
                    "conditions": [{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable",
                                    "message": "m"}]}}
RUNNING = {"status": {"phase": "Running", "podIP": "10.1.2.3", "conditions": [{"type": "Ready", "status": "True"}],
                      "containerStatuses": [{"name": "web", "ready": True, "restartCount": 0, "image": "i", "imageID": "i",
                                             "state": {"running": {"startedAt": "2026-01-02T03:04:05Z"}}}]}}
SECRET = an_object("Secret", "s", stringData={"A": "one"})
MORE = [service(), config(A="1"), job(), SECRET, workload("StatefulSet", "db", serviceName="db")]


def kubectl(arguments, code=0, body=None):
    return (f"KUBECTL {arguments.replace(' ', '+')} {code}", body)


APPLIED = [kubectl("apply --server-side --field-manager=mok -f -", 0, [deployment(), *MORE])]

SCENARIOS = {
    "kubectl apply --server-side": [
        *APPLIED, *APPLIED, kubectl("apply --server-side --field-manager=mok -f -", 0, deployment(replicas=2)),
        kubectl("apply --server-side --field-manager=other -f -", 1, deployment(replicas=3)),
        kubectl("apply --server-side --field-manager=other --force-conflicts -f -", 0, deployment(replicas=3)),
        ("GET deployments/web 200",)],
    "kubectl apply": [
        kubectl("apply -f -", 0, [deployment(), service(), config(A="1", B="2")]),
        kubectl("apply -f -", 0, [deployment(replicas=2), service(), config(A="1")]),
        ("GET deployments/web 200",), ("GET configmaps/env 200",), kubectl("apply -f -", 0, config(A="1"))],
    "kubectl apply after a create, and server-side after that": [
        kubectl("create -f -", 0, config(A="1")), kubectl("apply -f -", 0, config(A="2")),
        kubectl("apply --server-side -f -", 0, config(A="3")), ("GET configmaps/env 200",)],
    "kubectl apply validates": [
        kubectl("apply -f -", 1, deployment(replcas=2)), kubectl("apply --validate=warn -f -", 0, deployment(replcas=2)),
        kubectl("apply --server-side -f -", 1, {**config(), "dta": {}})],
    "kubectl apply --dry-run": [
        kubectl("apply --server-side --dry-run=server -f -", 0, [deployment(), config(A="1")]),
        kubectl("apply --dry-run=server -f -", 0, config(A="1")), ("GET configmaps/env 404",)],
    "kubectl apply --prune": [
        kubectl("apply -f -", 0, [labelled(config("a"), app="x"), labelled(config("b"), app="x")]),
        kubectl("apply --prune -l app=x --prune-allowlist=core/v1/ConfigMap -f -", 0, labelled(config("a"), app="x")),
        ("GET configmaps/b 404",)],
    "kubectl get": [
        *APPLIED, kubectl("get deployments,services,jobs,statefulsets"), kubectl("get secrets"),
        kubectl("get cm env -o jsonpath={.data.A}"), kubectl("get deploy -o name"), kubectl("get deploy web -o wide"),
        kubectl("get cm none", 1), kubectl("get nothings", 1), kubectl("get pods"), kubectl("get deploy --show-labels")],
    "kubectl get -o yaml": [*APPLIED, kubectl("get deployment web -o yaml"), kubectl("get secret s -o json"),
                            kubectl("get deployment web -o yaml --show-managed-fields")],
    "kubectl get of pods": [
        ("CREATE pods 201", pod()), kubectl("get pods"), ("MERGE pods/one/status 200", RUNNING),
        kubectl("get pods -o wide"), kubectl("get pod one -o jsonpath={.status.phase}")],
    "kubectl create": [
        kubectl("create configmap env --from-literal=A=1"), kubectl("create configmap env --from-literal=A=1", 1),
        kubectl("create secret generic s --from-literal=A=1"), kubectl("create deployment web --image=registry.example/web:1"),
        kubectl("create -f -", 1, an_object("Odd", "x", "example.com/v1")), ("GET deployments/web 200",)],
    "kubectl delete": [
        *APPLIED, kubectl("delete cm env --wait=false"), kubectl("delete deploy,svc web"), kubectl("delete cm env", 1),
        kubectl("delete cm env --ignore-not-found"), kubectl("delete -f -", 0, SECRET)],
    "kubectl wait": [
        *APPLIED, kubectl("wait deploy/web --for=condition=Available --timeout=1s", 1),
        ("MERGE deployments/web/status 200", READY),
        kubectl("wait deploy/web --for=condition=Available --timeout=20s"),
        kubectl("wait deploy/web --for=jsonpath={.status.readyReplicas}=1 --timeout=20s"),
        kubectl("wait cm/none --for=delete --timeout=5s")],
    "kubectl rollout status": [
        ("CREATE deployments 201", deployment()), ("MERGE deployments/web/status 200", READY),
        kubectl("rollout status deploy/web --timeout=20s")],
    "kubectl scale, label, annotate, set image": [
        ("CREATE deployments 201", deployment()), kubectl("scale deploy/web --replicas=3"), kubectl("label deploy web a=b"),
        kubectl("label deploy web a=c", 1), kubectl("annotate deploy web a=b"), kubectl("set image deploy/web web=i:2"),
        kubectl("label deploy web a-"), ("GET deployments/web 200",)],
    "kubectl patch": [
        ("CREATE deployments 201", deployment()), kubectl('patch deploy web --type=merge -p {"spec":{"replicas":"x"}}', 1),
        kubectl('patch deploy web -p {"spec":{"replicas":2}}'),
        kubectl('patch deploy web --type=json -p [{"op":"replace","path":"/spec/replicas","value":4}]'),
        ("GET deployments/web 200",)],
    "kubectl replace": [
        ("CREATE configmaps 201", config(A="1")), kubectl("replace -f -", 0, config(A="2")),
        kubectl("replace -f -", 1, config("none", A="2"))],
    "kubectl describe": [
        *APPLIED, kubectl("describe cm env"), kubectl("describe secret s"), kubectl("describe svc web"),
        ("CREATE events 201", an_object("Event", "e", involvedObject={
            "kind": "ConfigMap", "name": "env", "namespace": "NS"}, reason="R", message="told", type="Warning")),
        kubectl("describe deploy web"), kubectl("describe ns NS")],
    "kubectl describe of a pod": [
        ("CREATE pods 201", pod(resources={"requests": {"cpu": "0.5"}}, securityContext=RESTRICTED)), kubectl("describe pod one")],
    "kubectl diff": [
        ("CREATE configmaps?fieldManager=kubectl-create 201", config(A="1")),
        kubectl("diff --server-side --field-manager=mok -f -", 0, config(A="1"))],
    "kubectl events": [
        ("CREATE events 201", an_object("Event", "e", involvedObject={
            "kind": "Pod", "name": "one", "namespace": "NS"}, reason="Failed", message="no", type="Warning")),
        kubectl("events"), kubectl("get events")],
    "kubectl api-resources": [
        kubectl(f"api-resources --api-group={group} -o name") for group in ("apps", "batch", "policy", "autoscaling")],
    "kubectl explain": [
        kubectl("explain deployment.spec.replicas"), kubectl("explain cm.data"), kubectl("explain pod.spec.nothing", 1),
        kubectl("explain pods"), kubectl("explain deployments.spec.template.spec.containers"),
        kubectl("explain pod.spec.containers.imagePullPolicy"), kubectl("explain ingress.spec.rules.http"),
        kubectl("explain jobs.spec"), kubectl("explain pod.spec.containers.resources.limits"), kubectl("explain nothings", 1),
        kubectl("explain service.spec.ports.targetPort"), kubectl("explain secret.data")],
    "kubectl explain --recursive": [
        kubectl(f"explain {resource} --recursive") for resource in (
            "pods deployments jobs cronjobs ingresses statefulsets daemonsets services configmaps secrets namespaces nodes pv pvc "
            "sa events endpoints limitranges resourcequotas hpa pdb networkpolicies ingressclasses roles rolebindings sc "
            "priorityclasses leases endpointslices crd apiservices validatingwebhookconfigurations "
            "validatingadmissionpolicies controllerrevisions").split()],
    "kubectl explain of a custom resource": with_crd(
        ("UNTIL /openapi/v3 200", {"paths": {"apis/NS.example.com/v1": {"serverRelativeURL": "*"}}}),
        ("UNTIL /openapi/v3/apis/NS.example.com/v1 200", {
            "paths": {"/apis/NS.example.com/v1/namespaces/{namespace}/widgets/{name}": "*"}}),
        *[kubectl(f"explain widgets.NS.example.com{rest}") for rest in ("", " --recursive")],
        kubectl("explain widgets.spec --api-version=NS.example.com/v1"),
        kubectl("explain widgets.spec.nothing --api-version=NS.example.com/v1", 1)),
    "kubectl auth can-i": [kubectl("auth can-i create deployments"), kubectl("auth can-i get secrets")],
    "kubectl and custom resources": with_crd(
        kubectl("apply --server-side -f -", 0, widget(parts=[{"id": "a"}])), kubectl("get widgets.NS.example.com"),
        kubectl("get widgets.NS.example.com w -o yaml"),
        kubectl("apply --server-side -f -", 1, widget(odd=1)), kubectl("delete widgets.NS.example.com w")),
    "kubectl waits for a CRD": [
        kubectl("apply --server-side -f -", 0, crd()),
        kubectl("wait crd/widgets.NS.example.com --for=condition=Established --timeout=20s"),
        kubectl("delete crd widgets.NS.example.com")],
    "kubectl and sidecars": [
        ("CREATE deployments 201", deployment()), kubectl("apply --server-side --field-manager=side -f -", 0, an_object(
            "Deployment", "web", "apps/v1", spec={"template": {"spec": {"containers": [container("side")]}}})),
        kubectl("get deploy web -o wide"), kubectl("get deploy web -o jsonpath={.spec.template.spec.containers[*].name}")],
}
