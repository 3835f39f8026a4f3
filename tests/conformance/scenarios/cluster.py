"""Namespaces, admission, and what has no namespace."""
from .objects import RESTRICTED, an_object, config, deployment, labelled, pod, service

NAMESPACES = "/api/v1/namespaces"
MORE = f"{NAMESPACES}/NS-more"
SECURE = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
WARNING = {"metadata": {"labels": {"pod-security.kubernetes.io/warn": "restricted"}}}
BASELINE = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
HOSTILE = an_object("Pod", "one", spec={
    "hostNetwork": True, "volumes": [{"name": "h", "hostPath": {"path": "/"}}], "containers": [
        {"name": "web", "image": "i", "securityContext": {"privileged": True}, "ports": [{"containerPort": 1, "hostPort": 1}]}]})
QUOTA = an_object("ResourceQuota", "q", spec={"hard": {
    "configmaps": "2", "requests.cpu": "1", "count/deployments.apps": "1"}})
RESERVED = {"resources": {"requests": {"cpu": "600m"}}}

SCENARIOS = {
    "a namespace": [
        (f"CREATE {NAMESPACES} 201", an_object("Namespace", "NS-more")),
        (f"MERGE {MORE} 200", {"metadata": {"labels": {"a": "b"}}}),
        (f"CREATE {NAMESPACES} 409", an_object("Namespace", "NS-more")),
        (f"CREATE {NAMESPACES} 422", an_object("Namespace", "Up")), (f"DELETE {MORE} 200", None, {"only": ["kind"]}),
        (f"UNTIL {MORE} 404",)],
    "a namespace has an account and a certificate": [
        ("UNTIL configmaps/kube-root-ca.crt 200", {}), ("GET serviceaccounts/default 200", None, {"only": ["kind"]}),
        ("GET configmaps/kube-root-ca.crt 200", None, {"only": ["kind"]})],
    "namespaces that are always there": [
        *[(f"GET {NAMESPACES}/{name} 200", None, {"only": ["kind", "spec", "status"]})
          for name in ("default", "kube-system", "kube-public", "kube-node-lease")],
        (f"DELETE {NAMESPACES}/kube-system 403",), (f"DELETE {NAMESPACES}/default 403",)],
    "an apply of a namespace": [
        (f"APPLY {MORE}?fieldManager=mok 201", labelled(an_object("Namespace", "NS-more"), a="1")),
        (f"APPLY {MORE}?fieldManager=mok 200", labelled(an_object("Namespace", "NS-more"), a="2")),
        (f"DELETE {MORE} 200", None, {"only": ["kind"]})],
    "a namespace's deletion takes what is in it": [
        (f"CREATE {NAMESPACES} 201", an_object("Namespace", "NS-more")), (f"CREATE {MORE}/configmaps 201", config(A="1")),
        (f"CREATE {MORE}/services 201", service()), (f"DELETE {MORE} 200", None, {"only": ["kind", "spec"]}),
        (f"UNTIL {MORE} 404",), (f"GET {MORE}/configmaps/env 404",)],
    "a namespace that ends takes nothing in": [
        (f"CREATE {NAMESPACES} 201", an_object("Namespace", "NS-more")),
        (f"CREATE {MORE}/configmaps 201", {**config(A="1"), "metadata": {"name": "env", "finalizers": ["example.com/hold"]}}),
        (f"DELETE {MORE} 200", None, {"only": ["kind"]}), (f"UNTIL {MORE} 200", {"status": {"phase": "Terminating"}}),
        (f"CREATE {MORE}/configmaps 403", config("new")),
        (f"APPLY {MORE}/configmaps/new?fieldManager=mok 403", config("new")),
        (f"MERGE {MORE}/configmaps/env 200", {"data": {"A": "2"}}, {"only": ["kind", "data"]}),
        (f"MERGE {MORE}/configmaps/env 200", {"metadata": {"finalizers": None}}, {"only": ["kind", "data"]}),
        (f"UNTIL {MORE} 404",)],
    "Pod Security restricted refuses": [
        (f"MERGE {NAMESPACES}/NS 200", SECURE), ("CREATE pods 403", pod()), ("CREATE pods 403", HOSTILE),
        ("CREATE pods 201", pod(securityContext=RESTRICTED)), ("CREATE deployments 201", deployment())],
    "Pod Security baseline refuses": [
        (f"MERGE {NAMESPACES}/NS 200", BASELINE), ("CREATE pods 403", HOSTILE), ("CREATE pods 201", pod())],
    "Pod Security warns": [
        (f"MERGE {NAMESPACES}/NS 200", WARNING), ("CREATE deployments 201", deployment()), ("CREATE pods 201", pod()),
        ("CREATE deployments 201", deployment("good", pod_fields={"securityContext": RESTRICTED}))],
    "a quota refuses": [
        ("CREATE resourcequotas 201", QUOTA), ("UNTIL resourcequotas/q 200", {"status": {"hard": {"configmaps": "2"}}}),
        ("UNTIL configmaps/kube-root-ca.crt 200", {}), ("UNTIL resourcequotas/q 200", {"status": {"used": {"configmaps": "1"}}}),
        ("CREATE configmaps 201", config("a")), ("CREATE configmaps 403", config("b")),
        ("CREATE pods 403", pod()), ("CREATE pods 201", pod(**RESERVED)), ("CREATE pods 403", pod("two", **RESERVED)),
        ("CREATE deployments 201", deployment()), ("CREATE deployments 403", deployment("two"))],
    "a limit range fills in and refuses": [
        ("CREATE limitranges 201", an_object("LimitRange", "l", spec={"limits": [
            {"type": "Container", "default": {"memory": "1Gi"}, "defaultRequest": {"cpu": "100m"}, "max": {"memory": "2Gi"}}]})),
        ("CREATE pods 201", pod()), ("CREATE pods 403", pod("big", resources={"limits": {"memory": "3Gi"}}))],
    "a priority class": [
        ("CREATE /apis/scheduling.k8s.io/v1/priorityclasses 201", an_object(
            "PriorityClass", "NS-prio", "scheduling.k8s.io/v1", value=1000, description="d")),
        ("CREATE pods 201", {**pod(), "spec": {**pod()["spec"], "priorityClassName": "NS-prio"}}),
        ("CREATE pods 403", {**pod("two"), "spec": {**pod()["spec"], "priorityClassName": "NS-none"}}),
        ("MERGE /apis/scheduling.k8s.io/v1/priorityclasses/NS-prio 422", {"value": 5}),
        ("DELETE /apis/scheduling.k8s.io/v1/priorityclasses/NS-prio 200",)],
    "a pod's account must be there": [
        ("CREATE pods 403", {**pod(), "spec": {**pod()["spec"], "serviceAccountName": "none"}})],
    "a pod's tolerations and volumes are added": [("CREATE pods 201", pod()), ("GET pods/one 200",)],
    "cluster roles": [
        ("CREATE /apis/rbac.authorization.k8s.io/v1/clusterroles 201", an_object(
            "ClusterRole", "NS-r", "rbac.authorization.k8s.io/v1", rules=[
                {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["*"]},
                {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}])),
        ("CREATE /apis/rbac.authorization.k8s.io/v1/clusterrolebindings 201", an_object(
            "ClusterRoleBinding", "NS-b", "rbac.authorization.k8s.io/v1",
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "NS-r"},
            subjects=[{"kind": "ServiceAccount", "name": "default", "namespace": "NS"}])),
        ("DELETE /apis/rbac.authorization.k8s.io/v1/clusterrolebindings/NS-b 200",),
        ("DELETE /apis/rbac.authorization.k8s.io/v1/clusterroles/NS-r 200",)],
    "nodes": [
        ("CREATE /api/v1/nodes 201", labelled(an_object("Node", "NS-node"), role="x")),
        ("MERGE /api/v1/nodes/NS-node 200", {"spec": {"unschedulable": True}}),
        ("GET /api/v1/nodes?labelSelector=role%3Dx 200",), ("DELETE /api/v1/nodes/NS-node 200",)],
}
