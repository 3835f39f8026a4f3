#!/usr/bin/env bash
# The real binary against the real sandbox: MOK=build/release/mok tests/cli/run.sh
set -uo pipefail
cd "$(dirname "$0")" || exit 1
export MOK=${MOK:-$PWD/../../build/release/mok}
passed=0 failed=0 skipped=0
suites=${*:-bad_plans manifests plans changes output secrets escrow kills}
for suite in $suites; do
	echo "== $suite"
	out=$(python3 "$suite.py" 2>&1)
	echo "$out"
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' <<<"$out" | tail -n 1)
	IFS=' ,' read -r p _ f _ s _ <<<"${line:-0 passed, 1 failed, 0 skipped}"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
