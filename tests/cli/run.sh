#!/usr/bin/env bash
# The real binary against the real sandbox: MOK=build/release/mok tests/cli/run.sh
set -uo pipefail
cd "$(dirname "$0")" || exit 1
export MOK=${MOK:-$PWD/../../build/release/mok}
. ../suites.sh
suites=${*:-bad_plans manifests images gitops coverage plans changes workloads releases output secrets escrow status upgrade instance clusters waits kills}
for suite in $suites; do
	suite "$suite" python3 "$suite.py"
done
total
