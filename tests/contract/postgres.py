#!/usr/bin/env python3
"""The scripts of the mastodon block's Jobs, run by Debian's Ruby against a real PostgreSQL and a real
Redis, with the variables that their pods get: the right to create, the choice between a new schema
and migrations, the look before an upgrade, a dump that can be restored."""
import base64
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

import yaml

from common import ROOT, Cloud, Stack, check, equal, run, until
from upgrade import JOBS, NEW, Instance, plan_of

ADMIN, APP, DATABASE = "doadmin", "mastodon", "mastodon_production"
ARGO_CD = """\
mok: 1
mastodon:
  gitops: { manage: argocd, repository: https://git.example/social.git, path: deploy }
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def command(*arguments, code=0, **options):
    done = subprocess.run(arguments, text=True, capture_output=True, check=False, timeout=120, **options)
    check(done.returncode == code, f"{arguments[0]}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout if code == 0 else done.stdout + done.stderr


class Postgres:
    """A server as DigitalOcean sets one up: TLS only, a first user who is no superuser and owns the
    database, and one more that may nothing yet."""

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="mok-postgres-"))
        self.port = free_port()
        self.as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self.as_user:
            shutil.chown(self.dir, "postgres")
        self.data = self.dir / "data"

    def __enter__(self):
        (self.dir / "first").write_text("super\n")
        self.tool("initdb", "-A", "scram-sha-256", f"--pwfile={self.dir}/first", "-U", "postgres", "-D",
                  str(self.data))
        command(*self.as_user, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                f"{self.data}/server.key", "-out", f"{self.data}/server.crt", cwd=self.dir)
        (self.data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        self.tool("pg_ctl", "-D", str(self.data), "-w", "-l", f"{self.dir}/log", "-o",
                  f"-p {self.port} -c listen_addresses=127.0.0.1 -c ssl=on -c fsync=off "
                  f"-c max_connections=40 -c unix_socket_directories={self.dir}", "start")
        for sql in (f"CREATE ROLE {ADMIN} LOGIN CREATEDB CREATEROLE PASSWORD 'admin'",
                    f"CREATE ROLE {APP} LOGIN PASSWORD 'app'",
                    f"CREATE DATABASE {DATABASE} OWNER {ADMIN}"):
            self.sql(sql, "postgres", "super", "postgres")
        return self

    def __exit__(self, *_):
        subprocess.run([*self.as_user, self.binary("pg_ctl"), "-D", str(self.data), "-m", "immediate",
                        "stop"], cwd=self.dir, capture_output=True, check=False)
        shutil.rmtree(self.dir)

    @staticmethod
    def binary(name):
        return str(sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))[-1])

    def tool(self, name, *arguments, **options):
        return command(*self.as_user, self.binary(name), *arguments, cwd=self.dir, **options)

    def url(self, user, password, database=DATABASE):
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}?sslmode=require"

    def sql(self, text, user=APP, password="app", database=DATABASE, code=0):
        return command("psql", "-qtAX", "-v", "ON_ERROR_STOP=1", self.url(user, password, database), "-c",
                       text, code=code)

    def values(self):
        """What stands in the Secrets of this database."""
        return {"DB_HOST": "127.0.0.1", "DB_PORT": str(self.port), "DB_NAME": DATABASE, "DB_USER": APP,
                "DB_PASS": "app", "ADMIN_USER": ADMIN, "ADMIN_PASS": "admin",
                "PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGDATABASE": DATABASE, "PGUSER": APP,
                "PGPASSWORD": "app", "PGSSLROOTCERT": f"{self.dir}/ca.crt"}


class Redis:
    def __enter__(self):
        self.port = free_port()
        self.process = subprocess.Popen(["redis-server", "--port", str(self.port), "--bind", "127.0.0.1",
                                         "--save", ""], stdout=subprocess.DEVNULL)
        until("Redis answers", lambda: subprocess.run(
            ["redis-cli", "-p", str(self.port), "ping"], capture_output=True, check=False).returncode == 0)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def ask(self, *arguments):
        return command("redis-cli", "-p", str(self.port), *arguments)


def objects_of(*overlays):
    with Stack(None) as stack:
        files = ["-f", str(ROOT / "plans/large.yaml")]
        for i, text in enumerate(overlays):
            stack.write(text, f"overlay{i}.yaml")
            files += ["-f", f"overlay{i}.yaml"]
        text = stack.run(*files, "manifests", "--offline", "--secrets", "-").expect(0).out
    return {f"{d['kind']}/{d['metadata']['name']}": d for d in yaml.safe_load_all(text)}


SOURCES = (("ConfigMap", "configMapRef"), ("Secret", "secretRef"))


class Container:
    """One of a pod's containers: its words, and its variables where the server at hand has others.
    find(kind, name) gives a ConfigMap or a Secret."""

    def __init__(self, find, spec, name=None):
        containers = spec["containers"] + spec.get("initContainers", [])
        container = next(c for c in containers if name in (None, c["name"]))
        self.words = container.get("command", []) + container.get("args", [])
        self.env = {}
        for source in container["envFrom"]:
            for kind, ref in SOURCES:
                if ref in source:
                    self.env.update(self.data(kind, find(kind, source[ref]["name"])))
        self.env.update({e["name"]: e["value"] for e in container.get("env", []) if "value" in e})

    @staticmethod
    def data(kind, source):
        data = source.get("data", {})
        if kind == "Secret":
            data = {k: base64.b64decode(v).decode() for k, v in data.items()}
        return data | source.get("stringData", {})

    def environment(self, values, path=""):
        """Only what the pod has, so that a variable it lacks is missing here, too."""
        env = {name: values.get(name, text) for name, text in self.env.items()}
        for name in ("REDIS_URL", "SIDEKIQ_REDIS_URL"):
            if name in env and "REDIS_URL" in values:
                env[name] = values["REDIS_URL"]
        return env | {"PATH": path + os.environ["PATH"], "HOME": "/nonexistent"}

    def script(self, *launcher):
        equal(tuple(self.words[:len(launcher)]), launcher, "how it is started")
        equal(len(self.words), len(launcher) + 1, "the script is the last word")
        return self.words[-1]


def container_of(objects, address, name=None):
    template = objects[address]["spec"]
    template = template["jobTemplate"]["spec"] if "jobTemplate" in template else template
    return Container(lambda kind, name: objects[f"{kind}/{name}"], template["template"]["spec"], name)


def bundle_that_tells(folder):
    """In the place of Bundler: what it would run, and with which variable."""
    path = pathlib.Path(folder) / "bundle"
    path.write_text('#!/bin/sh\necho "$@ ${SKIP_POST_DEPLOYMENT_MIGRATIONS:-unset}"\n')
    path.chmod(0o755)
    return f"{folder}:"


def grant(postgres, objects):
    container = container_of(objects, "Job/mastodon-db-grants")
    script = container.script("bundle", "exec", "ruby", "-e")
    command("ruby", "-e", script, env=container.environment(postgres.values()))


def the_job_of_grants_lets_the_user_create():
    with Postgres() as postgres:
        told = postgres.sql("CREATE TABLE accounts (id bigint)", code=1)
        check("permission denied for schema public" in told, told)
        objects = objects_of()
        grant(postgres, objects)
        grant(postgres, objects)
        postgres.sql("CREATE TABLE accounts (id bigint)")


def argo_cd_s_migration_knows_a_new_database():
    container = container_of(objects_of(ARGO_CD), "Job/mastodon-migrate-pre")
    script = container.script("bundle", "exec", "ruby", "-e")
    with Postgres() as postgres, tempfile.TemporaryDirectory() as folder:
        env = container.environment(postgres.values(), bundle_that_tells(folder))
        equal(command("ruby", "-e", script, env=env), "exec rails db:prepare unset\n", "a new one")
        postgres.sql("CREATE TABLE schema_migrations (version varchar)", ADMIN, "admin")
        equal(command("ruby", "-e", script, env=env), "exec rails db:migrate true\n", "a filled one")
        refused = command("ruby", "-e", script, env=env | {"DB_PASS": "wrong"}, code=1)
        check("password authentication failed" in refused, refused)


def a_dump_can_be_restored():
    objects = objects_of()
    with Postgres() as postgres, tempfile.TemporaryDirectory() as folder:
        shutil.copy(postgres.data / "server.crt", postgres.dir / "ca.crt")
        (postgres.dir / "ca.crt").chmod(0o644)
        postgres.dir.chmod(0o755)
        grant(postgres, objects)
        postgres.sql("CREATE TABLE accounts AS SELECT 7 AS id")
        container = container_of(objects, "CronJob/mastodon-pg-dump", "pg-dump")
        env = container.environment(postgres.values()) | {"HOME": folder}
        words = [w.replace("/dump/", folder + "/") for w in container.words]
        env["PATH"] = str(pathlib.Path(postgres.binary("pg_dump")).parent) + ":" + env["PATH"]
        command(*words, env=env)
        dumps = [p.name for p in pathlib.Path(folder).glob("*.dump")]
        check(len(dumps) == 1 and re.fullmatch(r"mastodon-\d{8}T\d{6}Z\.dump", dumps[0]), dumps)
        postgres.sql("CREATE DATABASE again", ADMIN, "admin")
        command(postgres.binary("pg_restore"), "--no-owner", "--exit-on-error", "-d",
                postgres.url(ADMIN, "admin", "again"), f"{folder}/{dumps[0]}")
        equal(postgres.sql("SELECT id FROM accounts", ADMIN, "admin", "again"), "7\n", "restored")


def preflight():
    """The Job's container: an upgrade that it made refuse has left it in the sandbox's cluster."""
    with Cloud(speed=60) as cloud, Instance(cloud) as instance:
        instance.write(plan_of(NEW))
        instance.restart([{"do": "index_invalid"}])
        instance.run("upgrade", "--yes", timeout=300).expect(5)
        items = instance.cluster.ask("GET", JOBS)["items"]
        job = next(j for j in items if j["metadata"]["name"].startswith("mastodon-preflight-"))
        return Container(lambda kind, name: instance.cluster.ask(
            "GET", f"/api/v1/namespaces/mastodon/{kind.lower()}s/{name}"), job["spec"]["template"]["spec"])


RAILS = """\
require 'active_record'
require 'json'
ActiveRecord::Base.establish_connection(adapter: 'postgresql', sslmode: 'require',
  host: ENV.fetch('DB_HOST'), port: ENV.fetch('DB_PORT'), database: ENV.fetch('DB_NAME'),
  username: ENV.fetch('DB_USER'), password: ENV.fetch('DB_PASS'))
"""


def fill(postgres, redis):
    postgres.sql("CREATE TABLE schema_migrations AS SELECT '20260917093000' AS version")
    postgres.sql("CREATE TABLE accounts AS SELECT 1 AS id FROM generate_series(1, 2)")
    postgres.sql("CREATE UNIQUE INDEX CONCURRENTLY twice ON accounts (id)", code=1)
    redis.ask("SADD", "queues", "push")
    redis.ask("LPUSH", "queue:push", '{"class":"PushWorker","enqueued_at":1000000000.0}')
    redis.ask("ZADD", "dead", "1", '{"jid":"1"}')


def the_look_before_an_upgrade_tells_what_is_there():
    container = preflight()
    script = container.script("bin/rails", "runner")
    with Postgres() as postgres, Redis() as redis:
        postgres.sql(f"GRANT CREATE ON SCHEMA public TO {APP}", ADMIN, "admin")
        fill(postgres, redis)
        env = container.environment(postgres.values() | {"REDIS_URL": f"redis://127.0.0.1:{redis.port}"})
        line = command("ruby", "-e", RAILS + script, env=env)
    told = json.loads(line[line.index("{"):])
    equal(told["schema_version"], "20260917093000", "the newest migration")
    equal(told["invalid_indexes"], ["twice"], "indexes that are invalid")
    equal((told["max_connections"], told["reserved_connections"], told["dead"], told["retries"]),
          (40, 3, 1, 0), "numbers")
    check(told["database_bytes"] > 1 << 20, told)
    check(0 <= told["used_connections"] < 20, told)
    push = told["queues"]["push"]
    check(push["waiting"] == 1 and push["latency_ms"] > 10 ** 11, push)


if __name__ == "__main__":
    sys.exit(run([the_job_of_grants_lets_the_user_create, argo_cd_s_migration_knows_a_new_database,
                  a_dump_can_be_restored, the_look_before_an_upgrade_tells_what_is_there]))
