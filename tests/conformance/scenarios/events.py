"""Events by both of their groups, and what logs may be asked for."""
from .objects import an_object, pod
from .reading import TABLE

LATER = "/apis/events.k8s.io/v1/namespaces/NS/events"
TIME = "2026-08-07T10:11:12.123456Z"
REGARDING = {"kind": "Pod", "name": "one", "namespace": "NS", "apiVersion": ""}


def later(name="e", **fields):
    return an_object("Event", name, "events.k8s.io/v1", **{
        "eventTime": TIME, "reportingController": "example.com/tester", "reportingInstance": "tester-1",
        "action": "Testing", "reason": "Tested", "type": "Normal", "note": "all is well", "regarding": REGARDING, **fields})


def core(name="c", **fields):
    return an_object("Event", name, **{
        "involvedObject": {"kind": "Pod", "name": "one", "namespace": "NS"}, "reason": "Old", "message": "hello",
        "source": {"component": "tester", "host": "h"}, "firstTimestamp": "2026-08-07T10:11:12Z",
        "lastTimestamp": "2026-08-07T10:11:12Z", "count": 1, "type": "Warning", **fields})


SCENARIOS = {
    "events: one store, two groups": [
        (f"CREATE {LATER} 201", later()), ("CREATE events 201", core()), ("GET events/e 200",), (f"GET {LATER}/c 200",),
        (f"MERGE {LATER}/c 200", {"metadata": {"labels": {"c": "d"}}}), ("MERGE events/c 200", {"message": "again"}),
        ("GET events 200",), (f"GET {LATER} 200",),
        (f"MERGE {LATER}/e 200", {"series": {"count": 2, "lastObservedTime": TIME}}),
        ("MERGE events/e 200", {"metadata": {"labels": {"a": "b"}}}), (f"GET {LATER}/e 200", None, {"accept": TABLE}),
        ("GET events/e 200", None, {"accept": TABLE}), (f"DELETE {LATER}/c 200",), ("GET events/c 404",),
        (f"GET {LATER}/c 404",), (f"CREATE {LATER} 409", later()), (f"WATCH {LATER}?resourceVersion=0 200", 1)],
    "events: selected by fields": [
        (f"CREATE {LATER} 201", later()), ("CREATE events 201", core()),
        (f"GET {LATER}?fieldSelector=regarding.name%3Done,reason%3DTested 200",),
        (f"GET {LATER}?fieldSelector=type%3DWarning 200",),
        (f"GET {LATER}?fieldSelector=reportingController%3Dexample.com/tester 200",),
        ("GET events?fieldSelector=reportingComponent%3Dexample.com/tester 200",),
        (f"GET {LATER}?fieldSelector=involvedObject.name%3Done 400",), ("GET events?fieldSelector=regarding.name%3Dx 400",)],
    "events: what is refused": [
        (f"CREATE {LATER} 422", later(eventTime=None)), (f"CREATE {LATER} 422", later(type="Odd", action="")),
        (f"CREATE {LATER} 422", later(deprecatedCount=1, deprecatedSource={"component": "x"})),
        (f"CREATE {LATER} 422", later(reportingController="a b", reportingInstance="x" * 129, note="x" * 1025)),
        (f"CREATE {LATER} 422", later(series={"count": 1})), (f"CREATE {LATER} 422", later(regarding={"kind": "Node"})),
        (f"CREATE {LATER} 201", later()), (f"MERGE {LATER}/e 422", {"reason": "Other", "note": "other"}),
        ("CREATE events 422", core(eventTime=TIME)),
        ("CREATE events 422", core(involvedObject={"kind": "Pod", "name": "x", "namespace": "other"})),
        ("MERGE events/e 200", {"reason": "Changed"}),
        ("CREATE events 201", core("n", eventTime=TIME, reportingComponent="a/b", reportingInstance="i", action="A",
                                   involvedObject={"kind": "Pod", "name": "x", "namespace": "other"}))],
    "events: discovery": [("GET /apis/events.k8s.io/v1 200", None, {"pick": ["events"]}), ("GET /apis/events.k8s.io 200",)],
    "logs: what may be asked for": [
        ("CREATE pods 201", pod()), ("GET pods/one/log?sinceSeconds=0 422",), ("GET pods/one/log?tailLines=-1 422",),
        ("GET pods/one/log?limitBytes=0 422",),
        ("GET pods/one/log?sinceSeconds=1&sinceTime=2026-08-07T10:11:12Z 422",)],
}
