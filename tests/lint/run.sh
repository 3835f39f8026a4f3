#!/usr/bin/env bash
# Runs every lint: tests/lint/run.sh BUILD_DIR (a release build of gcc, with compile_commands.json).
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
build=${1:-build/release}
passed=0 failed=0

check()
{
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then
		passed=$((passed + 1))
		printf 'ok    %s: %s\n' "$name" "$(tail -n 1 <<<"$out")"
	else
		failed=$((failed + 1))
		printf 'FAIL  %s\n%s\n' "$name" "$out"
	fi
}

sources()
{
	git ls-files "$@" | while read -r path; do
		[ -f "$path" ] && echo "$path"
	done
}

formatted()
{
	sources 'src/*.[ch]' 'include/*.h' 'tests/*.[ch]' |
		xargs clang-format --dry-run -Werror && echo "formatted as .clang-format says"
}

spelled()
{
	sources '*.md' '*.[ch]' '*.sh' '*.py' '*.yaml' | grep -v tests/golden |
		xargs codespell -L ot,ba,nd,te,fo,ans,hist,parms,inout,sies,keypair,alpha-numeric && echo "no misspelling known"
}

shells()
{
	sources '*.sh' .ci/run | xargs shellcheck -x -S warning && echo "shell scripts are clean"
}

docs_fresh()
{
	local page status=0
	for page in kinds errors functions mastodon; do
		"$build/mok" docs "$page" | diff -u "docs/$page.md" - || status=1
	done
	[ $status = 0 ] && echo "generated pages are as the binary prints them" ||
		echo "run: examples/docs.sh"
	return $status
}

check layers tests/lint/layers.py
check lengths tests/lint/lengths.py
check globals tests/lint/globals.py "$build"
check words tests/lint/words.py
check texts tests/lint/texts.py
check format formatted
check spelling spelled
check shell shells
check docs docs_fresh
check tidy tests/lint/tidy.py build/clang
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
