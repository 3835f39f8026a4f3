#!/usr/bin/env bash
# Builds what the suite judges by: install.sh FOLDER. A real etcd, kube-apiserver, controller manager,
# scheduler and kubectl, and Argo CD, out of the Go modules that go*/go.mod pin; KWOK, which plays nodes
# and pods; Helm and Kustomize. About twenty minutes on two cores the first time; seconds afterwards.
set -euo pipefail
cd "$(dirname "$0")"
folder=$1
kwok=v0.8.0
helm=v4.3.1
kustomize=v5.7.1
export GOFLAGS="-trimpath -buildvcs=false" GOTOOLCHAIN=local CGO_ENABLED=0 GOBIN=$folder
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$folder"

# once STAMP VALUE WHAT COMMAND...: unless the file STAMP says that it was done for VALUE.
once()
{
	local stamp=$folder/$1 value=$2 what=$3
	shift 3
	[ "$(cat "$stamp" 2>/dev/null)" != "$value" ] || return 0
	echo "Building $what (once)."
	"$@"
	echo "$value" >"$stamp"
}

# sum_of FOLDER: of what it pins.
sum_of()
{
	cat "$1"/go.mod "$1"/go.sum | sha256sum | cut -c1-16
}

# build FOLDER PACKAGE FILE [LDFLAGS]: a program out of a module of ours, which stays as it is.
build()
{
	cp "$1"/go.* "$1"/*.go "$work/"
	(cd "$work" && GOFLAGS="$GOFLAGS -mod=mod" go build -ldflags="-s -w ${4:-}" -o "$folder/$3" "$2")
	rm "$work"/*
}

control_plane()
{
	local name version="-X k8s.io/component-base/version"
	for name in kube-apiserver kubectl kube-controller-manager kube-scheduler; do
		build go "k8s.io/kubernetes/cmd/$name" "$name" \
			"$version.gitVersion=v1.36.3 $version.gitMajor=1 $version.gitMinor=36"
	done
	go install "sigs.k8s.io/kwok/cmd/kwok@$kwok"
}

# How KWOK's nodes and pods come up, as it ships it. Its heartbeat is made faster: between two beats it
# leaves new pods alone. Two within one second are the same to the API server, and the last ones.
stages()
{
	local part file module
	module=$(go env GOMODCACHE)/sigs.k8s.io/kwok@$kwok/kustomize/stage
	for part in node/fast node/heartbeat pod/fast; do
		for file in "$module/$part"/*.yaml; do
			case $file in
			*/kustomization.yaml) ;;
			*) echo "---" && cat "$file" ;;
			esac
		done
	done | sed -E 's/( durationMilliseconds:) .*/\1 1200/; s/(jitterDurationMilliseconds:) .*/\1 1500/' \
		>"$folder/stages.yaml"
}

argocd()
{
	local name
	build go-argocd . argocd
	for name in application-controller repo-server git-ask-pass; do
		ln -sf argocd "$folder/argocd-$name"
	done
	go install "sigs.k8s.io/kustomize/kustomize/v5@$kustomize"
}

once stamp-helm "$helm" helm go install "helm.sh/helm/v4/cmd/helm@$helm"
once stamp-etcd "$(sum_of go-etcd)" etcd build go-etcd go.etcd.io/etcd/server/v3 etcd
once stamp "$(sum_of go)-$kwok" "kube-apiserver, kube-controller-manager, kube-scheduler, kubectl and kwok" \
	control_plane
once stamp-stages "$kwok-1200" "the stages of kwok" stages
once stamp-argocd "$(sum_of go-argocd)-$kustomize" "Argo CD and kustomize" argocd
