#!/usr/bin/env bash
# Runs the tests: ./tests/run.sh [all | SUITE...]
#
# Without arguments the ordinary suites run: lint build unit asan sim cli bench. `all` adds
# contract, whose tools come from npm and PyPI, and conformance, whose control plane is built from Go
# modules. Installs what is missing from Debian, and says so.
# The last line is "N passed, N failed, N skipped"; the exit code is 0 only if nothing failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
. examples/packages.sh

ORDINARY="build lint unit asan sim cli bench"
suites=${*:-$ORDINARY}
packages=$PACKAGES_TEST
if [ "$suites" = all ]; then
	suites="$ORDINARY contract conformance"
	packages=$PACKAGES_ALL
fi
export CCACHE_DIR=${CCACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/mok/ccache}
# shellcheck disable=SC2086
install_packages "to build and test mok" $packages || exit 1

jobs=$(nproc)
logs=build/test-logs
mkdir -p "$logs"
passed=0 failed=0 skipped=0
broken='' # the names of what failed within suites, for the end

# check NAME COMMAND...: one result. Its output is shown when it fails.
check()
{
	local name=$1 log=$logs/${1//[^a-zA-Z0-9_.-]/_}.log start=$SECONDS
	shift
	if "$@" >"$log" 2>&1; then
		passed=$((passed + 1))
		printf 'ok    %-34s %4d s  %s\n' "$name" $((SECONDS - start)) \
			"$(tail -n 1 "$log" | cut -c 1-60)"
	else
		failed=$((failed + 1))
		printf 'FAIL  %-34s %4d s\n' "$name" $((SECONDS - start))
		tail -n 60 "$log" | sed 's/^/      /'
	fi
}

skip()
{
	skipped=$((skipped + 1))
	printf 'skip  %-34s %s\n' "$1" "$2"
}

# failures_of LOG: the first lines of each test that failed; of a log that names none, the last ones.
failures_of()
{
	grep -q '^FAIL ' "$1" || { tail -n 80 "$1"; return; }
	awk '/^(FAIL|ok|skip|==) / { left = $1 == "FAIL" ? 14 : 0 } left-- > 0' "$1" | cut -c 1-400
	echo "all of it: $1"
}

# count NAME COMMAND...: a runner that ends with its own "N passed, N failed, N skipped".
count()
{
	local name=$1 log=$logs/$1.log start=$SECONDS status=0 line p f s
	shift
	"$@" >"$log" 2>&1 || status=$?
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1)
	IFS=' ,' read -r p _ f _ s _ <<<"${line:-0 passed, 0 failed, 0 skipped}"
	[ "$f" -gt 0 ] || [ "$status" = 0 ] || f=1
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	if [ "$f" -gt 0 ]; then
		printf 'FAIL  %-34s %4d s  %s\n' "$name" $((SECONDS - start)) "${line:-no summary}"
		failures_of "$log" | sed 's/^/      /'
		broken+=$(sed -nE "s/^FAIL +([^:]{1,90}).*/FAIL  $name: \1/p" "$log")$'\n'
	else
		printf 'ok    %-34s %4d s  %s\n' "$name" $((SECONDS - start)) "$line"
	fi
	grep '^skip' "$log"
}

# configure DIR OPTION...
configure()
{
	local dir=$1
	shift
	[ -f "$dir/build.ninja" ] || cmake -S . -B "$dir" -G Ninja \
		-DCMAKE_C_COMPILER_LAUNCHER=ccache "$@"
}

build()
{
	configure "$@" && ninja -C "$1" -j "$jobs"
}

installs()
{
	local prefix
	prefix=$(mktemp -d)
	cmake --install build/release --prefix "$prefix" && "$prefix/bin/mok" version
	local status=$?
	rm -rf "$prefix"
	return $status
}

suite_build()
{
	check "gcc, release" build build/release -DCMAKE_BUILD_TYPE=Release
	check "clang, debug" build build/clang -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=clang
	check "cmake --install" installs
}

suite_lint()
{
	count lint tests/lint/run.sh build/release
}

# ctest_in DIR LABEL: CTest's tests as one count.
ctest_in()
{
	local out status=0 total bad
	out=$(ctest --test-dir "$1" -L "$2" -j "$jobs" --output-on-failure 2>&1) || status=$?
	echo "$out"
	total=$(sed -n 's/.*tests passed, [0-9]* tests failed out of \([0-9]*\).*/\1/p' <<<"$out")
	bad=$(sed -n 's/.*tests passed, \([0-9]*\) tests failed out of.*/\1/p' <<<"$out")
	echo "$((${total:-0} - ${bad:-0})) passed, ${bad:-1} failed, 0 skipped"
	return $status
}

suite_unit()
{
	count unit ctest_in build/release unit
}

suite_asan()
{
	check "clang, ASan and UBSan" build build/asan -DCMAKE_BUILD_TYPE=Debug -DMOK_ASAN=ON \
		-DCMAKE_C_COMPILER=clang
	count asan-unit ctest_in build/asan unit
	count asan-fuzz ctest_in build/asan fuzz
}

suite_sim()
{
	count sim ctest_in build/release sim
}

suite_cli()
{
	MOK=$PWD/build/release/mok count cli tests/cli/run.sh
}

suite_bench()
{
	MOK=$PWD/build/release/mok check bench tests/bench/run.sh
}

suite_contract()
{
	MOK=$PWD/build/release/mok count contract tests/contract/run.sh
}

suite_conformance()
{
	MOK=$PWD/build/release/mok count conformance tests/conformance/run.sh
	AGE_VECTORS=$PWD/build/release/tests/age_vectors count age-vectors tests/conformance/age.sh
}

for suite in $suites; do
	if ! declare -F "suite_$suite" >/dev/null; then
		echo "tests/run.sh: no suite \"$suite\"; there are: $ORDINARY contract conformance, all" >&2
		exit 2
	fi
	[ "$suite" = build ] || [ -x build/release/mok ] || suite_build
	"suite_$suite"
done
# The token that the tests use must be in nothing that they left.
no_canary()
{
	! grep -rlF "dop_v1_canary_token""_5d0c1f" "$logs" && echo "not found in $logs"
}
check "no secret in the logs" no_canary
[[ " $suites " == *" contract "* ]] ||
	echo "Not run: contract, conformance (tools of npm, PyPI and Go: ./tests/run.sh all)"
printf '%s' "$broken"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
