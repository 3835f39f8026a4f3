"""Objects that scenarios start from."""

RESTRICTED = {"allowPrivilegeEscalation": False, "runAsNonRoot": True, "capabilities": {"drop": ["ALL"]},
              "seccompProfile": {"type": "RuntimeDefault"}}


def an_object(kind, name, version="v1", **fields):
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **fields}


def config(name="env", **data):
    return an_object("ConfigMap", name, data=data)


def labelled(body, **labels):
    return {**body, "metadata": {**body["metadata"], "labels": labels}}


def container(name="web", image="registry.example/web:1", **fields):
    return {"name": name, "image": image, **fields}


def pod_spec(**fields):
    return {"containers": [container(**fields)]}


def pod(name="one", **fields):
    return an_object("Pod", name, spec=pod_spec(**fields))


def template(**fields):
    return {"metadata": {"labels": {"app": "web"}}, "spec": pod_spec(**fields)}


def workload(kind, name="web", version="apps/v1", pod_fields=None, **spec):
    return an_object(kind, name, version, spec={
        "selector": {"matchLabels": {"app": "web"}}, "template": template(**(pod_fields or {})), **spec})


def deployment(name="web", pod_fields=None, **spec):
    return workload("Deployment", name, pod_fields=pod_fields, **spec)


def job(name="once", pod_fields=None, **spec):
    return an_object("Job", name, "batch/v1", spec={
        "template": {"spec": {"restartPolicy": "Never", **pod_spec(**(pod_fields or {}))}}, **spec})


def service(name="web", **spec):
    return an_object("Service", name, spec={
        "selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": 3000}], **spec})


def spec_of(kind, version, **spec):
    """What an applier sends who owns few fields of an object."""
    return an_object(kind, "web", version, spec=spec)
