#!/bin/sh
# The numbers that the README gives: MOK=build/release/mok tests/bench/run.sh
cd "$(dirname "$0")/../.." || exit 1
exec python3 tests/bench/bench.py "${MOK:-build/release/mok}"
