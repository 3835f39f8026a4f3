#!/usr/bin/env bash
# The real binary against the real sandbox: MOK=build/release/mok tests/cli/run.sh [SUITE...]
# Three at a time, the longest first: they mostly wait.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
export MOK=${MOK:-$PWD/../../build/release/mok}
. ../suites.sh
suites=${*:-upgrade upgrade_checks upgrade_web kills images waits escrow adopt instance clusters changes gitops releases terraform
	workloads output plans bad_plans status secrets manifests coverage}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# replay SUITE: what it printed, and how it ended.
replay()
{
	cat "$work/$1.log"
	return "$(cat "$work/$1.status")"
}

# shellcheck disable=SC2016,SC2086
printf '%s\n' $suites | work=$work xargs -P 3 -I{} sh -c \
	'python3 {}.py >"$work/{}.log" 2>&1; echo $? >"$work/{}.status"'
for name in $suites; do
	suite "$name" replay "$name"
done
total
