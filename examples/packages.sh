# Sourced by examples/quickstart.sh and tests/run.sh: what mok needs from Debian, in one place.
# shellcheck shell=bash

PACKAGES_BUILD="gcc libc6-dev cmake ninja-build pkg-config libcurl4-openssl-dev libcjson-dev
	libyaml-dev libssl-dev libsqlite3-dev libmicrohttpd-dev libpopt-dev libexpat1-dev
	zlib1g-dev libpcre2-dev"
# shellcheck disable=SC2034
PACKAGES_TEST="$PACKAGES_BUILD libcmocka-dev clang clang-format clang-tidy libclang-rt-14-dev
	binutils ccache codespell shellcheck python3 python3-yaml curl git s3cmd graphviz age"
# shellcheck disable=SC2034
PACKAGES_ALL="$PACKAGES_TEST python3-venv python3-dev
	openssl docker-registry rclone
	postgresql redis-server prometheus ruby ruby-pg ruby-activerecord ruby-sidekiq"

# install_packages WHY PACKAGE...: installs what is missing, saying what and why before it does.
install_packages()
{
	local why=$1 package missing="" sudo=""
	shift
	for package in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
			missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	[ "$(id -u)" = 0 ] || sudo=sudo
	if [ -n "$sudo" ] && ! command -v sudo >/dev/null; then
		echo "Missing Debian packages:$missing. Install them as root, then run this again." >&2
		return 1
	fi
	echo "Installing from Debian, $why:"
	echo "$missing" | fold -s -w 78 | sed 's/^ */  /'
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null
	# shellcheck disable=SC2086
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
		$missing >/dev/null
}

# build_release DIR: configures and builds the release binary, quietly unless it fails.
build_release()
{
	local dir=$1 log=$1/build.log launcher=""
	mkdir -p "$dir"
	command -v ccache >/dev/null && launcher=-DCMAKE_C_COMPILER_LAUNCHER=ccache
	if ! { cmake -S . -B "$dir" -G Ninja -DCMAKE_BUILD_TYPE=Release -DMOK_TESTS=OFF \
		$launcher && ninja -C "$dir" mok; } >"$log" 2>&1; then
		cat "$log" >&2
		return 1
	fi
}
