"""Who may do what: access reviews, roles and bindings."""
from .kubectl import kubectl
from .objects import an_object

AUTHORIZATION, AUTHENTICATION = "/apis/authorization.k8s.io/v1", "/apis/authentication.k8s.io/v1"
GET_PODS = {"verb": "get", "resource": "pods", "namespace": "NS"}


def review(kind, code=201, meta=None, **spec):
    group = AUTHENTICATION if kind in ("SelfSubjectReview", "TokenReview") else AUTHORIZATION
    space = "/namespaces/NS" if kind == "LocalSubjectAccessReview" else ""
    body = {"apiVersion": group[len("/apis/"):], "kind": kind}
    if spec:
        body["spec"] = spec
    if meta:
        body["metadata"] = meta
    return (f"CREATE {group}{space}/{kind.lower()}s {code}", body)


def role(name, rules, kind="Role"):
    return {**an_object(kind, name, "rbac.authorization.k8s.io/v1"), "rules": rules}


def binding(name, of, *subjects, kind="RoleBinding", of_kind="Role"):
    return {**an_object(kind, name, "rbac.authorization.k8s.io/v1"), "subjects": list(subjects),
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": of_kind, "name": of}}


def user(name):
    return {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": name}


def may(who, resource, **more):
    return review("SubjectAccessReview", user=who, resourceAttributes={
        "verb": "get", "resource": resource, "namespace": "NS", **more})


def once_may(who, resource, **more):
    """An API server learns of roles a moment after they are stored."""
    line, body = may(who, resource, **more)
    return line.replace("CREATE", "AWAIT"), body


def token(code, spec, of="maker", **meta):
    """Asked for with audiences: without, they are those of the server's flags."""
    return (f"CREATE /api/v1/namespaces/NS/serviceaccounts/{of}/token {code}", {
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": meta,
        "spec": {"audiences": ["there"], **spec}})


CLUSTER = "/apis/rbac.authorization.k8s.io/v1"

SCENARIOS = {
    "reviews: of oneself": [
        review("SelfSubjectAccessReview", resourceAttributes=GET_PODS),
        review("SelfSubjectAccessReview", nonResourceAttributes={"path": "/x", "verb": "get"}),
        review("SelfSubjectReview"), ("GET /apis/authorization.k8s.io/v1/selfsubjectaccessreviews 405",)],
    "reviews: of others": [
        review("SubjectAccessReview", user="nobody", resourceAttributes=GET_PODS),
        review("SubjectAccessReview", groups=["system:masters"], resourceAttributes=GET_PODS),
        review("LocalSubjectAccessReview", user="nobody", resourceAttributes=GET_PODS)],
    "reviews: refused": [
        review("SelfSubjectAccessReview", 422), review("SelfSubjectRulesReview", 400),
        review("SelfSubjectAccessReview", 422, resourceAttributes={}, nonResourceAttributes={"path": "/"}),
        review("SubjectAccessReview", 422, resourceAttributes=GET_PODS),
        review("LocalSubjectAccessReview", 422, user="a", resourceAttributes={"namespace": "default"}),
        review("SelfSubjectAccessReview", 422, resourceAttributes={"fieldSelector": {}}),
        review("SelfSubjectAccessReview", 400, resourceAttributes=[]), review("TokenReview", 400, audiences=[])],
    "reviews: what roles give": [
        ("CREATE roles 201", role("reader", [
            {"apiGroups": [""], "resources": ["pods", "*/log"], "verbs": ["get"]},
            {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["one"], "verbs": ["*"]}])),
        ("CREATE rolebindings 201", binding("readers", "reader", user("NS-ann"), {
            "kind": "ServiceAccount", "name": "robot", "namespace": "NS"})),
        once_may("NS-ann", "pods"),
        may("NS-ann", "pods"), may("NS-ann", "pods", subresource="log"), may("NS-ann", "pods", subresource="exec"),
        may("NS-ann", "pods", verb="list"), may("NS-ann", "pods", group="apps"), may("NS-ann", "pods", namespace="default"),
        may("NS-ann", "secrets", name="one"), may("NS-ann", "secrets", name="two"), may("NS-ben", "pods"),
        may("system:serviceaccount:NS:robot", "pods"), may("system:serviceaccount:NS:other", "pods")],
    "reviews: what cluster roles give": [
        (f"CREATE {CLUSTER}/clusterroles 201", role("NS-all", [
            {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]},
            {"nonResourceURLs": ["/metrics", "/logs/*"], "verbs": ["get"]}], "ClusterRole")),
        (f"CREATE {CLUSTER}/clusterrolebindings 201", binding("NS-all", "NS-all", {
            "kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "NS-team"}, kind="ClusterRoleBinding",
            of_kind="ClusterRole")),
        ("AWAIT /apis/authorization.k8s.io/v1/subjectaccessreviews 201", {"spec": {
            "groups": ["NS-team"], "nonResourceAttributes": {"path": "/metrics", "verb": "get"}}}),
        review("SubjectAccessReview", groups=["NS-team"], resourceAttributes={
            "verb": "get", "group": "apps", "resource": "deployments"}),
        *[review("SubjectAccessReview", groups=["NS-team"], nonResourceAttributes={"path": path, "verb": "get"})
          for path in ("/metrics", "/logs/a", "/log")],
        ("CREATE rolebindings 201", binding("local", "NS-all", user("NS-cy"), of_kind="ClusterRole")),
        once_may("NS-cy", "deployments", group="apps"), may("NS-cy", "deployments", group="apps"), may("NS-cy", "deployments", group="apps", namespace=""),
        ("CREATE rolebindings 201", binding("odd", "none", user("NS-odd"))), may("NS-odd", "pods"),
        (f"DELETE {CLUSTER}/clusterrolebindings/NS-all 200",), (f"DELETE {CLUSTER}/clusterroles/NS-all 200",)],
    "reviews: discovery": [
        (f"GET {AUTHORIZATION} 200",), (f"GET {AUTHENTICATION} 200",)],
    "kubectl auth": [
        kubectl("auth whoami"), kubectl("auth can-i --list"), kubectl("auth can-i delete nodes"),
        kubectl("auth can-i get /metrics"), kubectl("auth can-i get pods --subresource=log"),
        kubectl("auth can-i get pods/one -q"), kubectl("auth can-i odd", 1)],
    "kubectl create role and rolebinding": [
        kubectl("create role r --verb=get,list --resource=pods,deployments.apps --resource-name=one"),
        kubectl("create clusterrole NS-c --verb=get --non-resource-url=/metrics"),
        kubectl("create rolebinding rb --role=r --user=ann --serviceaccount=NS:default --group=team"),
        kubectl("create clusterrolebinding NS-c --clusterrole=NS-c --user=ann"), kubectl("get role r -o yaml"),
        kubectl("get rolebinding rb -o yaml"), kubectl("get clusterrole NS-c -o yaml"),
        kubectl("describe role r"), kubectl("describe rolebinding rb"), kubectl("delete clusterrolebinding,clusterrole NS-c"),
        kubectl("create role f --verb=fly --resource=pods")],
    "kubectl --as": [
        kubectl("auth whoami --as=NS-ann"), kubectl("auth whoami -o yaml --as=system:serviceaccount:NS:bot"),
        kubectl("auth whoami --as=NS-ann --as-group=team"), kubectl("auth can-i get pods --as=NS-ann", 1),
        kubectl("auth can-i --list --as=NS-ann"), kubectl("get pods --as=NS-ann", 1), kubectl("get pod one --as=NS-ann", 1),
        kubectl("get nodes --as=NS-ann", 1), kubectl("get ns NS --as=NS-ann", 1),
        kubectl("create deployment web --image=i --as=NS-ann", 1), kubectl("create configmap c --as=NS-ann --as-group=system:masters"),
        kubectl("create role reader --verb=get,list --resource=pods,configmaps"),
        kubectl("create rolebinding readers --role=reader --user=NS-ann --serviceaccount=NS:bot --group=NS-team"),
        once_may("NS-ann", "pods"), kubectl("auth can-i get pods --as=NS-ann"), kubectl("auth can-i --list --as=NS-ann"), kubectl("get cm c --as=NS-ann"),
        kubectl("get cm c --as=NS-ben --as-group=NS-team"), kubectl("get cm c --as=system:serviceaccount:NS:bot"),
        kubectl("get cm c --as=system:serviceaccount:NS:other", 1), kubectl("delete cm c --as=NS-ann", 1),
        kubectl("label cm c a=b --as=NS-ann", 1), kubectl("delete cm --all --as=NS-ann", 1), kubectl("logs one --as=NS-ann", 1),
        kubectl("scale deploy web --replicas=1 --as=NS-ann", 1), kubectl("get secrets --as=NS-ann -o name", 1)],
    "tokens: of a service account": [
        ("CREATE serviceaccounts 201", an_object("ServiceAccount", "maker", "v1")),
        token(201, {"expirationSeconds": 1200}), token(201, {}), token(201, {"boundObjectRef": None}, name="maker"),
        token(422, {"expirationSeconds": 60}), token(422, {"expirationSeconds": 2 ** 33}),
        token(422, {}, name="other"), token(400, {}, namespace="other"), token(404, {}, of="nobody"),
        token(409, {}, uid="other"),
        ("GET /api/v1/namespaces/NS/serviceaccounts/maker/token 405",)],
}
