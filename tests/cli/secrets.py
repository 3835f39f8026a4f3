#!/usr/bin/env python3
"""Secrets stay secret: the token, the Spaces secret, a database's password and a sensitive variable are
looked for in every file and stream that runs of every kind leave behind."""
import pathlib
import sys
import urllib.parse

from lib import CANARY_TOKEN, Cloud, Stack, check, run_tests

CANARY_VARIABLE = "canary-variable-93b1e0"
PLAN = """\
mok: 1
name: s
region: ams3
variables:
  secret: { type: string, sensitive: true }
resources:
  db: { kind: database_cluster, name: pg-s, engine: pg, version: "17", size: db-s-1vcpu-2gb, num_nodes: 1 }
  user: { kind: database_user, cluster_id: "${db.id}", name: app }
  media: { kind: spaces_bucket, name: canary-bucket-s }
  key: { kind: spaces_key, grants: [ { bucket: "${media.name}", permission: readwrite } ] }
  net: { kind: vpc, ip_range: 10.60.0.0/20, description: "${sha256(var.secret)}" }
outputs:
  uri: { value: "${db.connection.uri}", sensitive: true }
  joined: { value: "x-${var.secret}", sensitive: true }
  host: ${db.connection.host}
"""


def leaks(streams, folders, secrets):
    """(secret's name, where) of each finding. The cloud's own store, its key file (mode 600) and the
    faults that plant a secret are not mok's doing."""
    for folder in folders:
        for path in pathlib.Path(folder).rglob("*"):
            if path.is_file() and not path.name.startswith("sandbox.db") and \
                    path.name not in ("server.json", "faults.json"):
                streams = [*streams, (str(path), path.read_bytes().decode("utf-8", "replace"))]
    for where, text in streams:
        for name, secret in secrets.items():
            if secret in text or urllib.parse.quote(secret) in text:
                yield name, where


def test_no_canary_is_left():
    faults = {"rules": [
        {"match": {"method": "POST", "path": "/v2/databases", "nth": 1}, "do": "status",
         "when": "after", "status": 500, "times": 1,
         "body": {"id": "server_error", "message": f"failed with {CANARY_TOKEN}"}}]}
    env = {"MOK_VAR_secret": CANARY_VARIABLE}
    with Cloud(faults=faults) as cloud, Stack(cloud, PLAN) as stack:
        streams = []

        def run(*arguments):
            result = stack.run(*arguments, env=env)
            streams.append((f"stdout of mok {' '.join(arguments)}", result.out))
            streams.append((f"stderr of mok {' '.join(arguments)}", result.err))
            return result

        run("plan", "-o", "saved.json", "--verbose")
        run("apply", "--yes", "--verbose", "--events", "events.jsonl").expect(0)
        run("plan", "--format", "json").expect(0)
        run("apply", "--yes", "--format", "json", "--replace", "key").expect(0)
        run("output").expect(0)
        run("log").expect(0)
        run("graph").expect(0)
        database = cloud.get("/v2/databases")["databases"][0]
        user = [u for u in cloud.get(f"/v2/databases/{database['id']}/users")["users"]
                if u["name"] == "app"][0]
        secrets = {"token": CANARY_TOKEN, "variable": CANARY_VARIABLE,
                   "Spaces secret": cloud.env["SPACES_SECRET_ACCESS_KEY"],
                   "database password": database["connection"]["password"],
                   "user's password": user["password"]}
        check(all(secrets.values()), "there is something to look for")
        refused = stack.run("plan", "--var", f"secret={CANARY_VARIABLE}")
        check(refused.code == 1 and CANARY_VARIABLE not in refused.out + refused.err,
              "a sensitive variable is refused as an argument")
        stack.run("plan", env={**env, "DIGITALOCEAN_API_URL": "http://127.0.0.1:1"})
        run("destroy", "--yes", "--confirm", "s").expect(0)
        found = list(leaks(streams, [stack.dir, cloud.dir], secrets))
        check(not found, f"secrets found: {found}")
        planted = list(leaks([("here", f"a {CANARY_TOKEN} b")], [], secrets))
        check(planted == [("token", "here")], "the search itself works")


def test_asked_for_by_name():
    env = {"MOK_VAR_secret": CANARY_VARIABLE}
    with Cloud() as cloud, Stack(cloud, PLAN) as stack:
        stack.run("apply", "--yes", env=env).expect(0)
        out = stack.run("output", env=env).expect(0).out
        check(CANARY_VARIABLE not in out and "sensitive" in out, f"masked: {out}")
        check(stack.run("output", "joined", env=env).expect(0).out == f"x-{CANARY_VARIABLE}\n",
              "by name it is shown")
        check("postgres://doadmin:" in stack.run("output", "uri", env=env).expect(0).out,
              "the URI is shown")


if __name__ == "__main__":
    sys.exit(run_tests([f for name, f in sorted(globals().items()) if name.startswith("test_")]))
