#!/usr/bin/env bash
# Judged by a real Kubernetes: MOK=build/release/mok tests/conformance/run.sh
#
# A real control plane (etcd, kube-apiserver, controller manager and scheduler, out of Go modules)
# with nodes and pods that KWOK plays; mok works in it with --kubeconfig. Beside it a real Argo CD.
# Tools go to ${MOK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mok}/conformance. What cannot run is
# skipped with a reason; with CI=true that is a failure.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
root=$(cd ../.. && pwd)
MOK=$(readlink -f "${MOK:-$root/build/release/mok}")
export MOK
cache=${MOK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mok}/conformance

. ../suites.sh

if ! command -v go >/dev/null; then
	skip conformance "Go 1.26 or newer is not installed (https://go.dev/dl)"
elif ! command -v redis-server >/dev/null; then
	skip conformance "redis-server is not installed (apt-get install redis-server)"
elif ! ./install.sh "$cache"; then
	skip conformance "the control plane cannot be built from the Go modules"
else
	suites=${*:-mok_life helm_life mastodon_objects upgrade_objects upgrade_life argocd_life argocd_end kubectl parity}
	for name in $suites; do
		suite "$name" python3 "$name.py" "$cache"
	done
fi
total
