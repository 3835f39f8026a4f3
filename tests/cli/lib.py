"""What the tests of the real binary share: a sandbox server, a folder with a plan, runs of mok."""
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOK = os.path.abspath(os.environ.get("MOK", ROOT / "build/release/mok"))
CANARY_TOKEN = "dop_v1_canary_token_5d0c1f"

# What an account lists: name -> (path, key, what identifies an item).
LISTS = {
    "vpcs": ("/v2/vpcs", "vpcs", "id"),
    "clusters": ("/v2/kubernetes/clusters", "kubernetes_clusters", "id"),
    "databases": ("/v2/databases", "databases", "id"),
    "domains": ("/v2/domains", "domains", "name"),
    "cdn": ("/v2/cdn/endpoints", "endpoints", "id"),
    "certificates": ("/v2/certificates", "certificates", "id"),
    "projects": ("/v2/projects", "projects", "id"),
    "tags": ("/v2/tags", "tags", "name"),
    "keys": ("/v2/spaces/keys", "keys", "access_key"),
    "droplets": ("/v2/droplets", "droplets", "id"),
    "load_balancers": ("/v2/load_balancers", "load_balancers", "id"),
    "volumes": ("/v2/volumes", "volumes", "id"),
}


class Failure(Exception):
    pass


class Skip(Exception):
    """This machine lacks what the test needs."""


def check(condition, message):
    if not condition:
        raise Failure(message)


def equal(got, wanted, what):
    check(got == wanted, f"{what}:\n  got    {got!r}\n  wanted {wanted!r}")


def until(what, look, seconds=60):
    """Polls: what is awaited takes a moment even at full speed."""
    end = time.monotonic() + seconds
    while not (found := look()):
        check(time.monotonic() < end, f"{what} did not come about in {seconds} s")
        time.sleep(0.05)
    return found


def fork_on_terminal():
    """pty.fork(), where there are pseudo-terminals: a bare chroot has none."""
    try:
        for fd in pty.openpty():
            os.close(fd)
    except OSError as error:
        raise Skip(f"no pseudo-terminal here: {error}") from error
    return pty.fork()


class Result:
    def __init__(self, arguments, code, out, err, seconds):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err
        self.seconds = seconds

    def expect(self, code):
        check(self.code == code, f"mok {' '.join(self.arguments)}: exit code {self.code}, wanted "
              f"{code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}")
        return self


class Cloud:
    """A sandbox server of its own."""

    def __init__(self, faults=None, speed="max", seed=1, arguments=()):
        self.listen = "127.0.0.1:0"
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="mok-cloud-"))
        self.arguments = ["--speed", str(speed), "--seed", str(seed), *arguments]
        self.process = None
        self.start(faults)

    def start(self, faults=None, folder=None):
        command = [MOK, "sandbox", "--listen", self.listen, "--dir",
                   str(folder or self.dir / "cloud"), *self.arguments]
        if faults is not None:
            (self.dir / "faults.json").write_text(json.dumps(faults))
            command += ["--faults", str(self.dir / "faults.json")]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE,
                                        stderr=open(self.dir / "server.err", "ab"), text=True)
        self.env = {}
        for line in self.process.stdout:
            match = re.match(r"export (\w+)='?([^']*)'?$", line.strip())
            if match:
                self.env[match.group(1)] = match.group(2)
        self.process.stdout.close()
        check("DIGITALOCEAN_API_URL" in self.env,
              f"the sandbox did not start: {(self.dir / 'server.err').read_text()}")
        self.env["DIGITALOCEAN_TOKEN"] = self.env["DIGITALOCEAN_ACCESS_TOKEN"] = CANARY_TOKEN

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
        self.process = None

    def restart(self, faults=None):
        self.stop()
        self.start(faults)

    def close(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def call(self, method, path, body=None):
        """Status and decoded body of one request that a stranger sends."""
        request = urllib.request.Request(
            self.env["DIGITALOCEAN_API_URL"] + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer stranger", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text.strip() else None
        except urllib.error.HTTPError as error:
            text = error.read()
            try:
                return error.code, json.loads(text)
            except ValueError:
                return error.code, text.decode(errors="replace")

    def get(self, path):
        status, body = self.call("GET", path)
        check(status == 200, f"GET {path}: {status} {body}")
        return body

    def post(self, path, body):
        status, answer = self.call("POST", path, body)
        check(status in (200, 201, 202, 204), f"POST {path}: {status} {answer}")
        return answer

    def all(self, path, key):
        items, page = [], 1
        while True:
            joint = "&" if "?" in path else "?"
            got = self.get(f"{path}{joint}per_page=200&page={page}").get(key) or []
            items += got
            if len(got) < 200:
                return items
            page += 1

    def account(self):
        """The names of everything that the account lists."""
        state = {}
        for name, (path, key, ident) in LISTS.items():
            state[name] = sorted(str(item[ident]) for item in self.all(path, key))
        for domain in state["domains"]:
            state[f"records of {domain}"] = sorted(
                str(r["id"]) for r in self.all(f"/v2/domains/{domain}/records", "domain_records"))
        state["buckets"] = self.buckets()
        return state

    def buckets(self):
        """Through s3cmd if it is there: a client that others wrote."""
        if not shutil.which("s3cmd"):
            return []
        host = self.env["SPACES_ENDPOINT_URL"].split("://", 1)[1].rstrip("/")
        done = subprocess.run(
            ["s3cmd", "--no-ssl", f"--host={host}", f"--host-bucket={host}", "--region=us-east-1",
             "--config=/dev/null", "ls"], capture_output=True, text=True, check=False,
            env={**os.environ, "AWS_ACCESS_KEY_ID": self.env["SPACES_ACCESS_KEY_ID"],
                 "AWS_SECRET_ACCESS_KEY": self.env["SPACES_SECRET_ACCESS_KEY"]})
        check(done.returncode == 0, f"s3cmd ls: {done.stderr}")
        return sorted(line.split()[-1] for line in done.stdout.splitlines())

    def log(self):
        request = urllib.request.Request(self.env["DIGITALOCEAN_API_URL"] + "/_sandbox/log")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return [json.loads(line) for line in answer.read().splitlines()]

    def writes(self, since=0):
        """The writing requests as "METHOD path", ids shortened to <id>."""
        return [f"{e['method']} {short(e['path'])}" for e in self.log()[since:] if e["write"]]


def short(path):
    path = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<id>", path)
    path = re.sub(r"/records/\d+", "/records/<id>", path)
    return re.sub(r"(mok(?:%3A|:)\w+(?:%3A|:)[a-z0-9-]*?)-[0-9a-f]{16}((?:%3A|:)[^/]*)?", r"<tag>", path)


class Stack:
    """A folder with a plan file, and mok run in it against a cloud."""

    def __init__(self, cloud, text=None):
        self.cloud = cloud
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="mok-stack-"))
        if text is not None:
            self.write(text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        server = self.dir / ".mok/sandbox"
        if (server / "server.json").exists() and not server.is_symlink():
            self.run("sandbox", "--stop")
        shutil.rmtree(self.dir, ignore_errors=True)

    def write(self, text, name="mok.yaml"):
        (self.dir / name).write_text(text)

    def forget_journal(self):
        for path in (self.dir / ".mok").glob("*.journal"):
            path.unlink()

    def environment(self, extra=None):
        env = {k: v for k, v in os.environ.items()
               if not k.startswith(("DIGITALOCEAN_", "SPACES_", "MOK_VAR_", "MOK_AGE_", "MOK_PASSPHRASE"))}
        env.update(self.cloud.env if self.cloud else {})
        env.update({"LC_ALL": "C.UTF-8", **(extra or {})})
        return env

    def start(self, *arguments, env=None):
        return subprocess.Popen([MOK, *arguments], cwd=self.dir, env=self.environment(env),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                stdin=subprocess.DEVNULL, text=True)

    def run(self, *arguments, env=None, timeout=120):
        start = time.monotonic()
        process = self.start(*arguments, env=env)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise Failure(f"mok {' '.join(arguments)} did not end in {timeout} s\n{out}\n{err}")
        return Result(arguments, process.returncode, out, err, time.monotonic() - start)

    def apply(self, code=0, *arguments):
        return self.run("apply", "--yes", *arguments).expect(code)

    def plan(self, code=0, *arguments):
        return self.run("plan", "--detailed-exitcode", *arguments).expect(code)

    def plan_json(self, *arguments):
        return json.loads(self.run("plan", "--format", "json", *arguments).expect(0).out)

    def destroy(self, code=0, *arguments):
        name = re.search(r"^name: *(\S+)", (self.dir / "mok.yaml").read_text(), re.M).group(1)
        return self.run("destroy", "--yes", "--confirm", name, *arguments).expect(code)


def run_tests(tests):
    """Runs the functions; prints one line each and the summary; the exit code."""
    wanted = os.environ.get("ONLY")
    passed = failed = skipped = 0
    for test in tests:
        if wanted and wanted not in test.__name__:
            continue
        start = time.monotonic()
        try:
            test()
            passed += 1
            print(f"ok    {test.__name__} ({time.monotonic() - start:.1f} s)", flush=True)
        except Skip as reason:
            skipped += 1
            print(f"skip  {test.__name__}: {reason}", flush=True)
        except (Failure, subprocess.SubprocessError, OSError, KeyError, ValueError, IndexError,
                AttributeError, TypeError) as error:
            failed += 1
            print(f"FAIL  {test.__name__}: {type(error).__name__}: {error}", flush=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0
