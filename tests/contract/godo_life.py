#!/usr/bin/env python3
"""godo, DigitalOcean's own Go client, against the sandbox: GODO_LIFE names the program of godo/main.go."""
import os
import subprocess
import sys

from common import Cloud, make_bucket

with Cloud() as cloud:
    make_bucket(cloud, "media")
    done = subprocess.run([os.environ["GODO_LIFE"]], env={**os.environ, **cloud.env, "GODO_BUCKET": "media"},
                          check=False)
sys.exit(done.returncode)
