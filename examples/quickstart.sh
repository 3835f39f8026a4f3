#!/usr/bin/env bash
# Builds mok and takes plans/guide.yaml through its whole life in the sandbox: no account, no cost.
set -euo pipefail
cd "$(dirname "$0")/.."
. examples/packages.sh

# shellcheck disable=SC2086
install_packages "to build mok and ask the instance" $PACKAGES_BUILD curl
echo "Building mok (release) in build/quickstart ..."
build_release build/quickstart
mok=$PWD/build/quickstart/mok
guide=$PWD/plans/guide.yaml
change=$PWD/examples/guide-change.yaml

work=$(mktemp -d)
trap '"$mok" sandbox --stop >/dev/null 2>&1; rm -rf "$work"' EXIT
cd "$work"

step()
{
	printf '\n== %s\n' "$1"
	shift
	local shown="$*"
	shown=${shown//$mok/mok}
	shown=${shown//$guide/plans/guide.yaml}
	printf '$ %s\n\n' "${shown//$change/examples/guide-change.yaml}"
	"$@"
}

step "1. Check the file, offline" "$mok" -f "$guide" validate
step "2. Create everything in a sandbox account" "$mok" --sandbox -f "$guide" apply --yes |
	tee apply.log
step "3. A second plan is empty" "$mok" --sandbox -f "$guide" plan --detailed-exitcode
step "4. How is it?" "$mok" --sandbox -f "$guide" status
step "5. Ask the instance itself" \
	curl -sS "$(grep -oE 'http://127[^ ]+/api/v2/instance' apply.log)" | cut -c -300
step "6. Change it: an overlay adds a node and makes the bucket's files public" \
	"$mok" --sandbox -f "$guide" -f "$change" apply --yes
step "7. Read an output" "$mok" --sandbox -f "$guide" -f "$change" output cluster_endpoint
step "8. Destroy all that the stack owns" "$mok" --sandbox -f "$guide" destroy --yes

cat <<'END'

Done: an instance created, changed and destroyed, on this machine alone. Next:

  build/quickstart/mok help                         every command, with examples
  build/quickstart/mok --sandbox -f plans/small.yaml plan
  export DIGITALOCEAN_TOKEN=...                     then the same without --sandbox
END
