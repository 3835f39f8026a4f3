#!/bin/sh
# CPU time, memory and requests against the goals: MOK=build/release/mok tests/bench/run.sh
cd "$(dirname "$0")/../.." || exit 1
exec python3 tests/bench/bench.py "${MOK:-build/release/mok}"
