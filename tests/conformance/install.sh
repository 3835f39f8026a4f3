#!/usr/bin/env bash
# Builds what the suite judges by: install.sh FOLDER. A real kube-apiserver, controller manager,
# scheduler and kubectl out of the Go modules that go/go.mod pins, KWOK, which plays nodes and pods,
# and Helm. About fifteen minutes on two cores the first time; seconds afterwards.
set -euo pipefail
cd "$(dirname "$0")"
folder=$1
kwok=v0.8.0
helm=v4.3.1
if [ "$(cat "$folder/stamp-helm" 2>/dev/null)" != "$helm" ]; then
	echo "Building helm (once)."
	mkdir -p "$folder"
	GOFLAGS="-trimpath -buildvcs=false" GOTOOLCHAIN=local CGO_ENABLED=0 GOBIN=$folder \
		go install "helm.sh/helm/v4/cmd/helm@$helm"
	echo "$helm" >"$folder/stamp-helm"
fi
stamp=$(cat go/go.mod go/go.sum | sha256sum | cut -c1-16)-$kwok
if [ "$(cat "$folder/stamp" 2>/dev/null)" = "$stamp" ]; then
	exit 0
fi
echo "Building kube-apiserver, kube-controller-manager, kube-scheduler, kubectl and kwok (once)."
mkdir -p "$folder"
export GOFLAGS="-mod=mod -trimpath -buildvcs=false" GOTOOLCHAIN=local CGO_ENABLED=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp go/go.mod go/go.sum go/tools.go "$work/"
for name in kube-apiserver kubectl kube-controller-manager kube-scheduler; do
	(cd "$work" && go build -ldflags="-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 \
-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36" \
		-o "$folder/$name" "k8s.io/kubernetes/cmd/$name")
done
GOFLAGS="-trimpath -buildvcs=false" GOBIN=$folder go install "sigs.k8s.io/kwok/cmd/kwok@$kwok"
# How its nodes and pods come up, as KWOK ships it. Its heartbeat is made faster: between two beats
# it leaves new pods alone.
module=$(go env GOMODCACHE)/sigs.k8s.io/kwok@$kwok/kustomize/stage
for part in node/fast node/heartbeat pod/fast; do
	for file in "$module/$part"/*.yaml; do
		case $file in
		*/kustomization.yaml) ;;
		*) echo "---" && cat "$file" ;;
		esac
	done
done | sed -E 's/( durationMilliseconds:) .*/\1 600/; s/(jitterDurationMilliseconds:) .*/\1 900/' \
	>"$folder/stages.yaml"
echo "$stamp" >"$folder/stamp"
