"""kubectl's commands that make and change objects by themselves, which it writes as protobuf; and how it shows them."""
from .kubectl import READY, RUNNING, kubectl
from .objects import RESTRICTED, an_object, config, deployment, job, labelled, pod, service, workload

WEB = kubectl("create deployment web --image=registry.example/web:1 --replicas=2 --port=80")
NODE = ("CREATE /api/v1/nodes 201", labelled(an_object("Node", "NS-node"), only="NS"))
ON_NODE = an_object("Pod", "one", spec={**pod()["spec"], "nodeName": "NS-node"})

DEBUGGER = {"name": "debugger", "image": "registry.example/shell:1", "stdin": True, "tty": True,
            "targetContainerName": "web"}


def debugged(*containers, **fields):
    return {"spec": {"ephemeralContainers": list(containers), **fields}}


SCENARIOS = {
    "ephemeral containers": [
        ("CREATE pods 201", pod()), ("STRATEGIC pods/one/ephemeralcontainers 200", debugged(DEBUGGER)),
        ("GET pods/one 200",), ("GET pods/one/ephemeralcontainers 200",),
        ("STRATEGIC pods/one/ephemeralcontainers 200", debugged({"name": "two", "image": "x"})),
        ("MERGE pods/one/ephemeralcontainers 422", debugged(DEBUGGER)),
        ("STRATEGIC pods/one/ephemeralcontainers 422", debugged({"name": "web", "image": "y"})),
        ("STRATEGIC pods/one/ephemeralcontainers 422", debugged({"name": "a", "image": "y", "targetContainerName": "no"})),
        ("STRATEGIC pods/one/ephemeralcontainers 422", debugged({"name": "A", "ports": [{"containerPort": 80}]})),
        ("APPLY pods/one/ephemeralcontainers?fieldManager=a 200", an_object(
            "Pod", "one", **debugged({"name": "three", "image": "z"}))),
        ("STRATEGIC pods/one 422", debugged({"name": "four", "image": "y"})),
        ("CREATE pods 422", an_object("Pod", "two", spec={**pod()["spec"], **debugged(DEBUGGER)["spec"]})),
        ("STRATEGIC pods/none/ephemeralcontainers 404", debugged(DEBUGGER))],
    "kubectl create of configuration": [
        kubectl("create configmap env --from-literal=A=1 --from-literal=B=two --append-hash"), kubectl("get configmaps -o name"),
        kubectl("create secret generic s --from-literal=A=1 --type=example.com/t"), kubectl("get secret s -o jsonpath={.data.A}"),
        kubectl("create secret docker-registry d --docker-server=registry.example --docker-username=u --docker-password=p"),
        ("GET secrets/s 200",), ("GET secrets/d 200",), kubectl("create secret generic s --from-literal=A=2", 1),
        kubectl("create secret generic --from-literal=A=1", 1)],
    "kubectl create of workloads": [
        WEB, kubectl("create job one --image=registry.example/job:1 -- /bin/run -x"),
        kubectl("create cronjob nightly --image=registry.example/job:1 --schedule=@daily"),
        kubectl("create job now --from=cronjob/nightly"), kubectl("create cronjob bad --image=i --schedule=never", 1),
        ("GET deployments/web 200",), ("GET jobs/one 200",), ("GET cronjobs/nightly 200",), ("GET jobs/now 200",)],
    "kubectl create of what goes with them": [
        kubectl("create serviceaccount bot"), kubectl("create quota q --hard=pods=3,configmaps=9"),
        kubectl("create poddisruptionbudget p --selector=app=web --min-available=50%"),
        kubectl("create ingress i --class=nginx --rule=web.example/*=web:80,tls=t"),
        kubectl("create service clusterip c --tcp=80:8080"), kubectl("create service nodeport n --tcp=80"),
        kubectl("create service loadbalancer l --tcp=443:8443"), kubectl("create service externalname e --external-name=web.example"),
        kubectl("create priorityclass NS-high --value=1000 --description=much"),
        ("GET serviceaccounts/bot 200",), ("GET resourcequotas/q 200", None, {"only": ["spec"]}), ("GET ingresses/i 200",),
        ("GET poddisruptionbudgets/p 200",), *[(f"GET services/{name} 200",) for name in "cnle"],
        kubectl("get priorityclass NS-high -o jsonpath={.value}"), kubectl("delete priorityclass NS-high")],
    "kubectl create --dry-run": [
        kubectl("create deployment web --image=i --dry-run=client -o yaml"),
        kubectl("create deployment web --image=i --dry-run=server -o yaml"), kubectl("create configmap a --dry-run=server -o name"),
        ("GET deployments/web 404",), kubectl("create namespace NS-n --dry-run=server"), kubectl("create namespace NS", 1)],
    "kubectl run": [
        kubectl("run one --image=registry.example/web:1 --port=80 --env=A=1 --labels=app=web"), ("GET pods/one 200",),
        kubectl("run two --image=i --restart=Never --command -- sh -c true"), ("GET pods/two 200",),
        kubectl("run one --image=i", 1), kubectl("run three --image=i --dry-run=server -o jsonpath={.spec.containers[0].image}"),
        kubectl("run four --image=i --port=80 --expose"), ("GET services/four 200",), kubectl("get pods --show-labels")],
    "kubectl expose": [
        WEB, kubectl("expose deployment web --port=80 --target-port=8080"), ("GET services/web 200",),
        kubectl("expose deployment web --port=80", 1), kubectl("expose deployment web --name=lb --type=LoadBalancer --port=443"),
        ("GET services/lb 200",), kubectl("expose deployment none --port=80", 1),
        kubectl("run one --image=i --labels=a=b"), kubectl("expose pod one --port=80 --protocol=UDP"), ("GET services/one 200",)],
    "kubectl scale": [
        WEB, kubectl("scale deploy web --replicas=5"), kubectl("scale deploy/web --current-replicas=4 --replicas=1", 1),
        kubectl("scale deploy/web --current-replicas=5 --replicas=1"), ("GET deployments/web 200",),
        ("CREATE statefulsets 201", workload("StatefulSet", "db", serviceName="db")), kubectl("scale sts db --replicas=3"),
        kubectl("scale deploy none --replicas=1", 1), kubectl("get deploy web -o jsonpath={.spec.replicas}")],
    "kubectl autoscale": [
        WEB, kubectl("autoscale deployment web --min=2 --max=5 --cpu=80%"), ("GET horizontalpodautoscalers/web 200",),
        kubectl("get hpa"), kubectl("autoscale deployment web --max=1 --min=2", 1), kubectl("autoscale deployment web --max=3", 1)],
    "kubectl set": [
        WEB, kubectl("set image deploy/web web=registry.example/web:2"), kubectl("set env deploy/web A=1 B=two"),
        kubectl("set env deploy/web --list"), kubectl("set env deploy/web A-"),
        kubectl("set resources deploy/web --limits=cpu=200m,memory=64Mi --requests=cpu=100m"),
        kubectl("set serviceaccount deploy/web bot"), kubectl("set image deploy/web none=i", 1), ("GET deployments/web 200",),
        kubectl("expose deployment web --port=80"), kubectl("set selector service web a=b"), ("GET services/web 200",)],
    "kubectl label and annotate": [
        ("CREATE configmaps 201", config("a")), ("CREATE configmaps 201", config("b")), kubectl("label cm a b x=y"),
        kubectl("label cm a x=z", 1), kubectl("label cm a x=z --overwrite"), kubectl("label cm -l x=y t=u"), kubectl("label cm a x-"),
        kubectl("annotate cm a note=one"), kubectl("annotate cm a note=two --overwrite"), kubectl("annotate cm a note-"),
        kubectl("label cm a Bad/x/y=1", 1), kubectl("label cm none x=y", 1), kubectl("get cm -L x,t -l t"), ("GET configmaps/a 200",)],
    "kubectl taint, cordon and drain": [
        NODE, kubectl("taint node NS-node a=b:NoSchedule"),
        kubectl("taint node NS-node a=b:NoSchedule", 1), kubectl("taint node NS-node a=c:NoSchedule --overwrite"),
        kubectl("taint node NS-node a:NoSchedule-"), kubectl("taint node NS-node a:NoSchedule-", 1), kubectl("cordon NS-node"),
        kubectl("cordon NS-node"), kubectl("get node NS-node"), kubectl("uncordon NS-node"),
        kubectl("drain NS-node --dry-run=server"), kubectl("drain NS-node --dry-run=client"), kubectl("drain NS-node"),
        ("GET /api/v1/nodes/NS-node 200",), kubectl("delete node NS-node")],
    "kubectl drain evicts": [
        NODE, ("CREATE pods 201", ON_NODE),
        kubectl("drain NS-node", 1), kubectl("drain NS-node --force --dry-run=client"),
        kubectl("drain NS-node --force --dry-run=server"), kubectl("uncordon NS-node"), kubectl("delete node NS-node"),
        kubectl("delete pod one --force --grace-period=0")],
    "kubectl rollout": [
        WEB, kubectl("rollout history deploy/web"), kubectl("rollout pause deploy/web"), kubectl("rollout pause deploy/web", 1),
        kubectl("rollout restart deploy/web", 1), kubectl("rollout resume deploy/web"), kubectl("rollout restart deploy/web"),
        kubectl("rollout status deploy/web --watch=false"), kubectl("rollout undo deploy/web", 1),
        kubectl("rollout history deploy/none", 1), kubectl("rollout status deploy/web --timeout=1s", 1)],
    "kubectl rollout undo": [
        ("CREATE statefulsets 201", workload("StatefulSet", "db", serviceName="db")),
        ("CREATE /apis/apps/v1/namespaces/NS/controllerrevisions 201", {
            "apiVersion": "apps/v1", "kind": "ControllerRevision", "revision": 1, "metadata": {"name": "db-1", "labels": {
                "app": "web"}, "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "controller": True,
                                                   "uid": "${1.metadata.uid}"}]},
            "data": {"spec": {"template": {"$patch": "replace", "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [
                {"name": "web", "image": "registry.example/old:1"}]}}}}}),
        kubectl("rollout history sts/db"), kubectl("rollout history sts/db --revision=1"),
        kubectl("rollout undo sts/db --to-revision=1"), kubectl("get sts db -o jsonpath={.spec.template.spec.containers[0].image}")],
    "kubectl get in other forms": [
        WEB, ("CREATE services 201", service()), ("CREATE jobs 201", job()), ("CREATE pods 201", pod()),
        kubectl("get deploy,svc,job,pod -o wide"), kubectl("get all"), kubectl("get pods -A --field-selector=metadata.namespace=NS"),
        kubectl("get deploy web -o custom-columns=NAME:.metadata.name,REPLICAS:.spec.replicas"),
        kubectl("get deploy web -o go-template={{.metadata.name}}"), kubectl("get pods --sort-by=.metadata.name --no-headers"),
        kubectl("get deploy web --output=json --show-managed-fields=false"), kubectl("get deploy/web svc/web"),
        kubectl("get deploy web -o jsonpath={.none}"), kubectl("get deploy web --subresource=status -o name"),
        kubectl("get deploy web --subresource=scale -o yaml")],
    "kubectl delete in other ways": [
        WEB, kubectl("delete deploy web --cascade=orphan --wait=false"), WEB, kubectl("delete deploy web --cascade=foreground --wait=false"),
        ("CREATE pods 201", pod()), kubectl("delete pod one --grace-period=0 --force"), ("CREATE configmaps 201", config("a")),
        ("CREATE configmaps 201", config("b")), ("CREATE configmaps 201", labelled(config("c"), x="y")),
        kubectl("delete cm -l x=y"), kubectl("delete cm a b --dry-run=server"), kubectl("delete cm a b --dry-run=client"),
        kubectl("delete cm a none", 1), kubectl("delete cm --field-selector=metadata.name=b"), kubectl("delete cm --all --wait=false"),
        kubectl("delete secrets --all")],
    "kubectl wait in other ways": [
        WEB, ("MERGE deployments/web/status 200", READY), kubectl("wait deploy --all --for=condition=available --timeout=9s"),
        kubectl("wait deploy/web --for=condition=available=false --timeout=1s", 1),
        kubectl("wait deploy/web --for=jsonpath={.spec.replicas}=2 --timeout=9s"), ("CREATE pods 201", pod()),
        ("MERGE pods/one/status 200", RUNNING), kubectl("wait pod/one --for=condition=Ready --timeout=9s"),
        kubectl("wait pod -l none=x --for=delete --timeout=9s"), kubectl("wait pod -l none=x --for=condition=Ready --timeout=9s", 1),
        kubectl("wait pod/one --for=create --timeout=9s"), kubectl("wait pod/none --for=create --timeout=1s", 1)],
    "kubectl diff from its side": [
        kubectl("apply -f -", 0, [deployment(), config(A="1")]), kubectl("diff -f -", 0, [deployment(), config(A="1")]),
        kubectl("diff --server-side -f - --field-manager=kubectl-client-side-apply", 0, config(A="1"))],
    "kubectl apply of other fields": [
        kubectl("apply -f -", 0, deployment()), kubectl("apply view-last-applied deploy/web"),
        kubectl("apply set-last-applied -f -", 0, deployment(replicas=3)), kubectl("apply edit-last-applied deploy/none", 1),
        kubectl("apply -f -", 0, deployment(replicas=4)), ("GET deployments/web 200",),
        kubectl("apply -f - --prune -l none=x --prune-allowlist=apps/v1/Deployment", 1, deployment())],
    "kubectl edit, patch and replace of parts": [
        WEB, kubectl('patch deploy web --subresource=scale --type=merge -p {"spec":{"replicas":7}}'),
        kubectl('patch deploy web --subresource=status --type=merge -p {"status":{"replicas":1}}'), ("GET deployments/web 200",),
        kubectl('patch deploy web --type=json -p [{"op":"test","path":"/spec/replicas","value":1}]', 1),
        kubectl('patch deploy web -p {"spec":{"template":{"spec":{"containers":[{"name":"web","image":"j"}]}}}} --dry-run=server'),
        kubectl("replace --force -f -", 0, deployment()), kubectl("get deploy web -o jsonpath={.spec.replicas}")],
    "kubectl describe of more kinds": [
        kubectl("create ingress i --class=nginx --rule=web.example/*=web:80"), kubectl("describe ingress i"),
        kubectl("create quota q --hard=pods=3"), kubectl("describe quota q"), kubectl("create cronjob c --image=i --schedule=@daily"),
        kubectl("describe cronjob c"), kubectl("create serviceaccount bot"), kubectl("describe sa bot"),
        kubectl("create poddisruptionbudget p --selector=app=web --min-available=1"), kubectl("describe pdb p"), ("CREATE jobs 201", job()),
        kubectl("describe job once")],
    "kubectl changes pods": [
        ("CREATE pods 201", pod(securityContext=RESTRICTED)), kubectl("annotate pod one a=b"), kubectl("set image pod/one web=i:2"),
        kubectl("label pods --all x=y"), kubectl("get pod one -o jsonpath={.spec.containers[0].image}")],
}
