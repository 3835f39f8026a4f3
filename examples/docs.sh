#!/bin/sh
# Renews the generated pages of docs/ from the binary: examples/docs.sh [MOK]
set -eu
cd "$(dirname "$0")/.."
mok=${1:-build/release/mok}
for page in kinds errors functions mastodon; do
	"$mok" docs "$page" >"docs/$page.md"
done
