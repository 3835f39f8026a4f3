#!/usr/bin/env bash
# age's own test vectors (c2sp.org/CCTV/age, from the Go module proxy): the program built by the
# ordinary build is tests/age_vectors. AGE_VECTORS=build/release/tests/age_vectors tests/conformance/age.sh
set -uo pipefail
cd "$(dirname "$0")" || exit 1
root=$(cd ../.. && pwd)
program=$(readlink -f "${AGE_VECTORS:-$root/build/release/tests/age_vectors}")
module=c2sp.org/CCTV/age@v0.0.0-20251208015420-e9274a7bdbfd
sum=h1:ZLsPO6WdZ5zatV4UfVpr7oAwLGRZ+sebTUruuM4Ra3M=

. ../suites.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

field_of()
{
	python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1" <<<"$found"
}

if ! command -v go >/dev/null; then
	skip age "Go is not installed (https://go.dev/dl)"
elif ! printf 'module vectors\n\ngo 1.21\n' >"$work/go.mod" ||
	! found=$(cd "$work" && GOFLAGS=-mod=mod GOTOOLCHAIN=local go mod download -json "$module"); then
	skip age "the module proxy does not answer"
elif [ "$(field_of Sum)" != "$sum" ]; then
	fail age "the module is not the one that is pinned here"
else
	suite age "$program" "$(field_of Dir)/testdata"
fi
total
