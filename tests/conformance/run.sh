#!/usr/bin/env bash
# Judged by a real Kubernetes: MOK=build/release/mok tests/conformance/run.sh
#
# A real control plane (etcd of Debian, kube-apiserver, controller manager and scheduler of the Go
# modules in go/go.mod) with nodes and pods that KWOK plays; mok works in it with --kubeconfig.
# Tools go to ${MOK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mok}/conformance. What cannot run is
# skipped with a reason; with CI=true that is a failure.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
root=$(cd ../.. && pwd)
MOK=$(readlink -f "${MOK:-$root/build/release/mok}")
export MOK
cache=${MOK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mok}/conformance

skip()
{
	echo "skip  conformance: $1"
	if [ "${CI:-}" = true ]; then
		echo "FAIL  it may not be skipped when CI=true"
		echo "0 passed, 1 failed, 0 skipped"
		exit 1
	fi
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
}

command -v go >/dev/null || skip "Go 1.26 or newer is not installed (https://go.dev/dl)"
command -v etcd >/dev/null || skip "etcd is not installed (apt-get install etcd-server)"
./install.sh "$cache" || skip "the control plane cannot be built from the Go modules"
passed=0 failed=0 skipped=0
for suite in mok_life mastodon_objects; do
	echo "== $suite"
	out=$(python3 $suite.py "$cache" 2>&1)
	echo "$out"
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' <<<"$out" | tail -n 1)
	IFS=' ,' read -r p _ f _ s _ <<<"${line:-0 passed, 1 failed, 0 skipped}"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
