#!/usr/bin/env python3
"""
A validating proxy with DigitalOcean's API description between mok and the sandbox.

mok -> recorder (here) -> Prism -> sandbox. Prism compares every request and response with the
description and names what does not fit in a header of the answer; the recorder collects that, and
hands the answer on as the sandbox gave it. Whatever is not in deviations.json, with evidence that
the description and not we are wrong, is a failure; so is a deviation that no longer occurs.
"""
import http.client
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import pydo_life
from common import ROOT, Cloud, Failure, Stack, check, run

HERE = pathlib.Path(__file__).resolve().parent
DEVIATIONS = json.loads((HERE / "deviations.json").read_text())
WORK = tempfile.TemporaryDirectory(prefix="mok-contract-")
assert all(row["evidence"] for row in DEVIATIONS), "a deviation needs its evidence"
used = set()
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "sl-violations", "date",
       "access-control-allow-origin", "access-control-allow-headers",
       "access-control-allow-credentials", "access-control-expose-headers"}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def description():
    """A copy of the description that Prism can use: its patterns must be good in Unicode mode, where
    "\\:" is a mistake, or all that they are a part of goes unchecked."""
    def mend(node):
        if isinstance(node, dict):
            return {k: re.sub(r"\\([:])", r"\1", v) if k == "pattern" and isinstance(v, str)
                    else mend(v) for k, v in node.items()}
        return [mend(v) for v in node] if isinstance(node, list) else node
    path = pathlib.Path(WORK.name) / "openapi.json"
    if not path.exists():
        text = pathlib.Path(os.environ["MOK_OPENAPI"]).read_text()
        path.write_text(json.dumps(mend(json.loads(text))))
    return path


class Prism:
    def __init__(self, upstream):
        self.port = free_port()
        modules = pathlib.Path(os.environ["PRISM"]).resolve().parents[3]
        env = {**os.environ, "PATH": os.environ["NODE_BIN"] + ":" + os.environ["PATH"],
               "NODE_OPTIONS": f"--require {HERE / 'loud.cjs'}", "PRISM_MODULES": str(modules)}
        self.log = tempfile.NamedTemporaryFile(prefix="mok-prism-", dir=WORK.name)
        start = time.monotonic()
        self.process = subprocess.Popen(
            [os.environ["PRISM"], "proxy", str(description()), upstream, "--port",
             str(self.port), "--verboseLevel", "error", "--cors", "false"],
            env=env, stdout=self.log, stderr=self.log, start_new_session=True)
        while time.monotonic() - start < 90:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.1)
            if self.process.poll() is not None:
                break
        raise Failure(f"Prism did not start: {pathlib.Path(self.log.name).read_text()[-2000:]}")

    def uncheckable(self):
        log = pathlib.Path(self.log.name).read_text(errors="replace")
        return sorted(set(re.findall(r"UNCHECKABLE .*", log)))

    def close(self):
        # With what the launcher has started: npm's is a script of its own.
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(20)


class Recorder(http.server.ThreadingHTTPServer):
    """Forwards to Prism; keeps what Prism finds."""
    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream, self.seen, self.requests = port, [], 0
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=120)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP}
        if body:
            headers["Content-Length"] = str(len(body))
        upstream.request(self.command, self.path, body=body or None, headers=headers)
        answer = upstream.getresponse()
        data = answer.read()
        self.record(body, answer, data)
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        upstream.close()

    def record(self, body, answer, data):
        found = json.loads(answer.getheader("sl-violations") or "[]")
        problem = "problem+json" in (answer.getheader("content-type") or "")
        with self.server.lock:
            self.server.requests += 1
            for violation in found:
                if violation.get("severity") == "Error":
                    self.server.seen.append((self.command, self.path, answer.status, violation,
                                             body, data))
            if problem:
                self.server.seen.append((self.command, self.path, answer.status, {
                    "location": ["prism"], "message": data.decode(errors="replace")}, body, data))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any


def general(path):
    """The path with its parameters cut out."""
    path = path.split("?", 1)[0]
    path = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "{id}", path)
    path = re.sub(r"/records/\d+", "/records/{id}", path)
    path = re.sub(r"^/v2/(domains|tags|spaces/keys)/[^/]+", r"/v2/\1/{id}", path)
    return re.sub(r"/(dbs|users|pools)/[^/]+", r"/\1/{id}", path)


def allowed(method, path, status, violation):
    where = ".".join(re.sub(r"^\d+$", "*", str(part)) for part in violation["location"])
    for i, row in enumerate(DEVIATIONS):
        if method in row["methods"] and re.fullmatch(row["path"], general(path)) and \
                (row.get("status") in (None, status)) and \
                re.fullmatch(row["location"], where) and re.search(row["message"],
                                                                   violation["message"]):
            used.add(i)
            return True
    return False


def judge(recorder):
    """Fails with each kind of violation once."""
    kinds = {}
    for method, path, status, violation, body, data in recorder.seen:
        if allowed(method, path, status, violation):
            continue
        where = ".".join(re.sub(r"^\d+$", "*", str(part)) for part in violation["location"])
        key = f"{method} {general(path)} {status}: {where}: {violation['message']}"
        kinds.setdefault(key, [0, body, data])[0] += 1
    lines = [f"{n} x {key}\n      sent {body[:300]!r}\n      got  {data[:300]!r}"
             for key, (n, body, data) in kinds.items()]
    check(not lines, "\n    " + "\n    ".join(lines))


OVERLAY = """
resources:
  cluster: { surge_upgrade: false, maintenance_policy: { day: monday, start_time: "05:00" } }
  db: { maintenance_window: { day: monday, hour: "05:00" } }
  db_pool: { mode: session }
  project: { description: changed by an overlay }
"""


def name_of(path):
    return re.search(r"^name: *(\S+)", path.read_text(), re.M).group(1)


def life(plan, overlay):
    with Cloud() as cloud, Stack(cloud) as stack:
        prism = Prism(cloud.env["DIGITALOCEAN_API_URL"])
        recorder = Recorder(prism.port)
        try:
            cloud.env["DIGITALOCEAN_API_URL"] = recorder.url
            shutil.copy(plan, stack.dir / "mok.yaml")
            stack.write(overlay, "overlay.yaml")
            both = ("-f", "mok.yaml", "-f", "overlay.yaml")
            stack.run("apply", "--yes", "--no-escrow", timeout=300).expect(0)
            stack.run("plan", "--detailed-exitcode", timeout=300).expect(0)
            stack.run("plan", "--detailed-exitcode", *both, timeout=300).expect(2)
            stack.run("apply", "--yes", "--no-escrow", *both, timeout=300).expect(0)
            stack.run("plan", "--detailed-exitcode", *both, timeout=300).expect(0)
            stack.run("destroy", "--yes", "--confirm", name_of(plan), *both,
                      timeout=300).expect(0)
            check(recorder.requests > 20, f"only {recorder.requests} requests came by")
            print(f"      {plan.name}: {recorder.requests} requests, {len(recorder.seen)} remarks")
            judge(recorder)
            check(not prism.uncheckable(), f"Prism could not check: {prism.uncheckable()}")
        finally:
            recorder.shutdown()
            prism.close()


class Liar(http.server.BaseHTTPRequestHandler):
    """An API whose answers are wrong."""
    def log_message(self, *_):
        pass

    def do_GET(self):
        body = json.dumps({"tags": [{"name": 5}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)


def the_proxy_does_object():
    """A check that cannot fail is none: wrong requests and wrong answers are both reported."""
    with Cloud() as cloud:
        prism = Prism(cloud.env["DIGITALOCEAN_API_URL"])
        recorder = Recorder(prism.port)
        liar = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Liar)
        threading.Thread(target=liar.serve_forever, daemon=True).start()
        behind = Prism(f"http://127.0.0.1:{liar.server_port}")
        lies = Recorder(behind.port)
        try:
            cloud.env["DIGITALOCEAN_API_URL"] = recorder.url
            cloud.call("POST", "/v2/tags", {"name": 5})
            check(any(v["location"][0] == "request" for _, _, _, v, _, _ in recorder.seen),
                  f"a wrong request goes by unseen: {recorder.seen}")
            seen = len(recorder.seen)
            cloud.call("GET", "/v2/tags")
            check(len(recorder.seen) == seen, f"a right one does not: {recorder.seen[seen:]}")
            cloud.env["DIGITALOCEAN_API_URL"] = lies.url
            cloud.call("GET", "/v2/tags")
            check(any(v["location"][0] == "response" for _, _, _, v, _, _ in lies.seen),
                  "a wrong answer goes by unseen")
        finally:
            for server in (recorder, lies, liar):
                server.shutdown()
            prism.close()
            behind.close()


def every_kind_and_field():
    life(HERE / "wide.yaml", (HERE / "wide-changed.yaml").read_text())


def pydo_gets_answers_as_described():
    """What pydo's tests ask for goes further than the plans; here only the answers are judged."""
    switch = Recorder(0)  # Prism's upstream is fixed, the clouds come and go
    prism = Prism(switch.url)
    recorder = Recorder(prism.port)

    def endpoint(cloud):
        switch.upstream = int(cloud.env["DIGITALOCEAN_API_URL"].rsplit(":", 1)[1].rstrip("/"))
        return recorder.url
    pydo_life.endpoint = endpoint
    try:
        for test in pydo_life.TESTS:
            if test is not pydo_life.pages:  # whose links name the proxy's upstream
                test()
        recorder.seen = [row for row in recorder.seen if row[3]["location"][0] != "request"]
        print(f"      pydo: {recorder.requests} requests, {len(recorder.seen)} remarks")
        judge(recorder)
        check(not prism.uncheckable(), f"Prism could not check: {prism.uncheckable()}")
    finally:
        recorder.shutdown()
        switch.shutdown()
        prism.close()


def deviations_still_occur():
    stale = [row for i, row in enumerate(DEVIATIONS) if i not in used]
    check(not stale, f"these deviations no longer occur, take them off the list: {stale}")


def tests():
    yield the_proxy_does_object
    for plan in sorted((ROOT / "plans").glob("*.yaml")):
        def test(plan=plan):
            life(plan, OVERLAY)
        test.__name__ = plan.stem
        yield test
    yield every_kind_and_field
    yield pydo_gets_answers_as_described
    if not os.environ.get("ONLY"):
        yield deviations_still_occur


if __name__ == "__main__":
    sys.exit(run(list(tests())))
