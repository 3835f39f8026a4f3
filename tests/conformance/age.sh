#!/usr/bin/env bash
# age's own test vectors (c2sp.org/CCTV/age, from the Go module proxy): the program built by the
# ordinary build is tests/age_vectors. AGE_VECTORS=build/release/tests/age_vectors tests/conformance/age.sh
set -uo pipefail
cd "$(dirname "$0")" || exit 1
root=$(cd ../.. && pwd)
program=$(readlink -f "${AGE_VECTORS:-$root/build/release/tests/age_vectors}")
module=c2sp.org/CCTV/age@v0.0.0-20251208015420-e9274a7bdbfd
sum=h1:ZLsPO6WdZ5zatV4UfVpr7oAwLGRZ+sebTUruuM4Ra3M=

skip()
{
	echo "skip  age's test vectors: $1"
	if [ "${CI:-}" = true ]; then
		echo "FAIL  they may not be skipped when CI=true"
		echo "0 passed, 1 failed, 0 skipped"
		exit 1
	fi
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
}

command -v go >/dev/null || skip "Go is not installed (https://go.dev/dl)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf 'module vectors\n\ngo 1.21\n' >"$work/go.mod"
found=$(cd "$work" && GOFLAGS=-mod=mod GOTOOLCHAIN=local go mod download -json "$module") ||
	skip "the module proxy does not answer"
read_json()
{
	python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1" <<<"$found"
}
if [ "$(read_json Sum)" != "$sum" ]; then
	echo "FAIL  the module is not the one that is pinned here"
	echo "0 passed, 1 failed, 0 skipped"
	exit 1
fi
"$program" "$(read_json Dir)/testdata"
