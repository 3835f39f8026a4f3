"""What the contract suites share: the sandbox server of tests/cli, checks, a runner."""
import os
import pathlib
import subprocess
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))

from lib import ROOT, Cloud, Failure, Stack, check, equal, until  # noqa: E402,F401


def within(got, wanted, what):
    """Every member of wanted is in got, at any depth; lists must be of one length."""
    if isinstance(wanted, dict):
        check(isinstance(got, dict), f"{what}: not an object: {got!r}")
        for key, value in wanted.items():
            check(key in got, f"{what}: no {key} in {got!r}")
            within(got[key], value, f"{what}.{key}")
    elif isinstance(wanted, list):
        check(isinstance(got, list) and len(got) == len(wanted), f"{what}: {got!r}, not {wanted!r}")
        for i, value in enumerate(wanted):
            within(got[i], value, f"{what}[{i}]")
    elif callable(wanted):
        check(wanted(got), f"{what}: {got!r}")
    else:
        equal(got, wanted, what)


def make_bucket(cloud, name):
    """In ams3, by s3cmd."""
    host = cloud.env["SPACES_ENDPOINT_URL"].split("://", 1)[1].rstrip("/")
    subprocess.run(["s3cmd", "--no-ssl", f"--host={host}", f"--host-bucket={host}", "--region=ams3",
                    f"--access_key={cloud.env['SPACES_ACCESS_KEY_ID']}",
                    f"--secret_key={cloud.env['SPACES_SECRET_ACCESS_KEY']}", "mb", f"s3://{name}",
                    "--bucket-location=ams3", "--config=/dev/null"], check=True, capture_output=True)


def run(tests):
    """Runs the functions in order, prints a line for each and the summary; the exit code."""
    wanted = os.environ.get("ONLY")
    passed = failed = 0
    for test in tests:
        if wanted and wanted not in test.__name__:
            continue
        start = time.monotonic()
        try:
            test()
        except Exception as error:  # other people's clients raise what they like
            failed += 1
            print(f"FAIL  {test.__name__}: {type(error).__name__}: {error}", flush=True)
            if not isinstance(error, Failure):
                traceback.print_exc(limit=-4, file=sys.stdout)
        else:
            passed += 1
            print(f"ok    {test.__name__} ({time.monotonic() - start:.1f} s)", flush=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0
