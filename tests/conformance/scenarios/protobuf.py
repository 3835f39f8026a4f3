"""Bodies in protobuf, as client-go writes them and as nobody should."""
import base64

from .objects import config

POD = base64.b64decode(
    "azhzAAoJCgJ2MRIDUG9kEsICCjsKA29uZRIAGgAiACoAMgA4AEIAWgYKAWESAWJaBQoBYxIAahcKCUNvbmZpZ01hcBoBbyIBdSoC"
    "djEwARLtAQoJCgF2EgQSAgoACgoKAXMSBTIDCgFzEocBCgN3ZWISAWkqAEIgEg0KA2NwdRIGCgQyNTBtEg8KBm1lbW9yeRIFCgMx"
    "R2lSGAoMGgoKBggAEFAaABIAEAAYACAAKAAwAFohChUSEwoBLxIKCAEQABoEaHR0cBoAIgAQABgAIAMoADAAagByAIABAIgBAJAB"
    "AJoBCwoAEgcKBQoDZW52ogEAGgAgBTIAQgBKAFIAWABgAGgAcgQgByAIggEAigEAmgEAqAEAsgEiCgASBkV4aXN0cxoAIglOb0V4"
    "ZWN1dGUo////////////AcIBABoTCgAaACIAKgAyAEoAWgByAIgBABoAIgA=")
SECRET = base64.b64decode(
    "azhzAAoMCgJ2MRIGU2VjcmV0EiYKEQoBcxIAGgAiACoAMgA4AEIAEggKAUESAwD/ARIFCgFCEgAaABoAIgA=")
LEASE = base64.b64decode(
    "azhzAAofChZjb29yZGluYXRpb24uazhzLmlvL3YxEgVMZWFzZRIjChEKAWwSABoAIgAqADIAOABCABIOIgwIpevcygYQiOrcwwIa"
    "ACIA")
PDB = base64.b64decode(
    "azhzAAogCglwb2xpY3kvdjESE1BvZERpc3J1cHRpb25CdWRnZXQSLAoRCgFwEgAaACIAKgAyADgAQgASCxoJCAEQABoDNTAlGgoI"
    "ABgAIAAoADAAGgAiAA==")
REVISION = base64.b64decode(
    "azhzAAodCgdhcHBzL3YxEhJDb250cm9sbGVyUmV2aXNpb24SIgoRCgFyEgAaACIAKgAyADgAQgASCwoJeyJhIjpbMV19GAMaACIA")
OPTIONS = base64.b64decode(
    "azhzAAoYCgdhcHBzL3YxEg1EZWxldGVPcHRpb25zEhMIBSIKQmFja2dyb3VuZCoDQWxsGgAiAA==")


def unknown(version, kind, raw=b""):
    """A body of less than 128 bytes: the kind, and the object's own bytes."""
    part = lambda number, data: bytes([number << 3 | 2, len(data)]) + data
    return b"k8s\0" + part(1, part(1, version.encode()) + part(2, kind.encode())) + part(2, raw)


NAMED = b"\n\x03\n\x01m"  # metadata.name is m

SCENARIOS = {
    "protobuf: objects": [
        ("CREATE pods 201", POD), ("CREATE secrets 201", SECRET), ("CREATE leases 201", LEASE),
        ("CREATE poddisruptionbudgets 201", PDB),
        ("CREATE /apis/apps/v1/namespaces/NS/controllerrevisions 201", REVISION), ("CREATE secrets 409", SECRET)],
    "protobuf: an update and a deletion": [
        ("CREATE secrets 201", SECRET), ("PUT secrets/s 200", SECRET), ("DELETE secrets/s 200", OPTIONS),
        ("GET secrets/s 200",), ("DELETE secrets/s 200", unknown("v1", "DeleteOptions"))],
    "protobuf: of another kind": [
        ("CREATE pods 400", SECRET), ("CREATE configmaps 400", unknown("v1", "Odd")),
        ("CREATE configmaps 400", unknown("v2", "ConfigMap", NAMED)), ("CREATE configmaps 201", unknown("v1", "ConfigMap", NAMED))],
    "protobuf: malformed": [
        ("CREATE pods 400", b""), ("CREATE pods 400", b"{}"), ("CREATE pods 400", b"k8s\0"), ("CREATE pods 400", b"k8s\0\x12\x05\n"),
        ("CREATE pods 400", unknown("v1", "Pod", b"\n\x05")), ("CREATE pods 400", unknown("v1", "Pod", b"\x12\x02\x08\x01")),
        ("DELETE pods/none 400", b"k8s\0\x12\x05\n")],
    "protobuf: patches are not": [
        ("CREATE configmaps 201", config(A="1")), ("PATCH configmaps/env 415", SECRET)],
}
