#!/usr/bin/env bash
# Judged by others: MOK=build/release/mok tests/contract/run.sh [SUITE...]
#
#   forms   curl: the answers have the real API's forms
#   s3cmd   s3cmd (Debian) through a bucket's life
#   rclone  rclone (Debian) as the copying pods of a plan run it
#   postgres  the Jobs' scripts, by Ruby against PostgreSQL and Redis (all of Debian)
#   alerts  promtool (Debian): each alert fires when it should, and only then
#   registry  the registry of Debian, open and behind tokens
#   boto3, minio   two more clients of S3 (PyPI)
#   pydo    DigitalOcean's own client (PyPI) through the life of every kind
#   godo    the same by its Go client (Go), on which doctl and the Terraform provider stand
#   prism   a validating proxy (npm) with DigitalOcean's API description between mok and the
#           sandbox, for every file in plans/
#
# Tools at pinned versions go to ${MOK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mok}/contract. The
# description is at MOK_OPENAPI or ../shared/data/digitalocean-openapi.json beside the repository.
# What cannot run is skipped with a reason; with CI=true that is a failure.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
here=$PWD
root=$(cd ../.. && pwd)
MOK=$(readlink -f "${MOK:-$root/build/release/mok}")
export MOK
cache=${MOK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mok}/contract
export MOK_OPENAPI=${MOK_OPENAPI:-$root/../shared/data/digitalocean-openapi.json}
suites=${*:-forms s3cmd rclone postgres alerts registry boto3 minio pydo godo prism}
. ../suites.sh

# A virtual environment that fits the requirements; made again when they change.
python_tools()
{
	local venv=$cache/venv
	cmp -s requirements.txt "$venv/requirements.txt" && return 0
	rm -rf "$venv" && mkdir -p "$cache" && python3 -m venv "$venv" || return 1
	"$venv/bin/pip" install -q --disable-pip-version-check -r requirements.txt &&
		cp requirements.txt "$venv/"
}

node_tools()
{
	local dir=$cache/prism
	cmp -s package.json "$dir/installed.json" && return 0
	rm -rf "$dir" && mkdir -p "$dir" && cp package.json "$dir/" || return 1
	(cd "$dir" && PATH=$cache/venv/bin:$PATH "$cache/venv/bin/npm" install --silent \
		--no-audit --no-fund --ignore-scripts >/dev/null) && cp package.json "$dir/installed.json"
}

# The program goes by what it is made of.
go_tools()
{
	local sum
	sum=$(cat godo/* | sha256sum | cut -c 1-16)
	[ "$(cat "$cache/godo.sum" 2>/dev/null)" = "$sum" ] && return 0
	mkdir -p "$cache" && (cd godo && GOTOOLCHAIN=local CGO_ENABLED=0 go build -trimpath \
		-buildvcs=false -o "$cache/godo-life" .) && echo "$sum" >"$cache/godo.sum"
}

with_python_tools()
{
	if python_tools; then
		suite "$1" "$cache/venv/bin/python" "$here/$1.py"
	else
		skip "$1" "its packages cannot be installed from PyPI"
	fi
}

run_suite()
{
	case $1 in
	forms) suite forms python3 forms.py ;;
	s3cmd | rclone)
		if command -v "$1" >/dev/null; then
			suite "$1" python3 "$1.py"
		else
			skip "$1" "it is not installed (apt-get install $1)"
		fi ;;
	postgres)
		if ruby -e 'require "pg"; require "active_record"; require "sidekiq"' 2>/dev/null &&
			command -v redis-server >/dev/null && ls /usr/lib/postgresql/*/bin/initdb \
			>/dev/null 2>&1; then
			suite postgres python3 postgres.py
		else
			skip postgres "install postgresql redis-server ruby-pg ruby-activerecord ruby-sidekiq"
		fi ;;
	alerts)
		if command -v promtool >/dev/null; then
			suite alerts python3 alerts.py
		else
			skip alerts "promtool is not installed (apt-get install prometheus)"
		fi ;;
	registry)
		if command -v docker-registry >/dev/null; then
			suite registry python3 registry_life.py
		else
			skip registry "it is not installed (apt-get install docker-registry)"
		fi ;;
	boto3 | minio | pydo) with_python_tools "$1_life" ;;
	godo)
		if ! command -v go >/dev/null; then
			skip godo "Go is not installed"
		elif go_tools; then
			suite godo env GODO_LIFE="$cache/godo-life" python3 godo_life.py
		else
			skip godo "its modules cannot be fetched"
		fi ;;
	prism)
		if [ ! -r "$MOK_OPENAPI" ]; then
			skip prism "no API description at $MOK_OPENAPI; set MOK_OPENAPI"
		elif python_tools && node_tools; then
			suite prism env PRISM="$cache/prism/node_modules/.bin/prism" \
				NODE_BIN="$cache/venv/bin" "$cache/venv/bin/python" prism.py
		else
			skip prism "its packages cannot be installed from PyPI and npm"
		fi ;;
	*)
		echo "tests/contract/run.sh: no suite \"$1\"" >&2
		exit 2 ;;
	esac
}

if [ ! -x "$MOK" ]; then
	echo "tests/contract/run.sh: no binary at $MOK; set MOK" >&2
	exit 2
fi
for name in $suites; do
	run_suite "$name"
done
total
