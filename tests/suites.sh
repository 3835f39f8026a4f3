# Sourced by the runners of the folders beside it: suites that end with "N passed, N failed, N
# skipped" are added up to one such line.
# shellcheck shell=bash
passed=0 failed=0 skipped=0

# suite NAME COMMAND...: runs it and adds its summary line to ours. One that ends badly has failed,
# whatever it printed before.
suite()
{
	local name=$1 out status=0 line p f s
	shift
	echo "== $name"
	out=$("$@" 2>&1) || status=$?
	echo "$out"
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' <<<"$out" | tail -n 1)
	IFS=' ,' read -r p _ f _ s _ <<<"${line:-0 passed, 1 failed, 0 skipped}"
	[ "$f" -gt 0 ] || [ "$status" = 0 ] || f=1
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# fail NAME WHY: a suite that cannot be trusted counts as one failure.
fail()
{
	echo "FAIL  $1: $2"
	failed=$((failed + 1))
}

# skip NAME WHY: with CI=true that is a failure.
skip()
{
	echo "skip  $1: $2"
	if [ "${CI:-}" = true ]; then
		fail "$1" "may not be skipped when CI=true"
	else
		skipped=$((skipped + 1))
	fi
}

# The last line, and whether nothing failed.
total()
{
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
}
