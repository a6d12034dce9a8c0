#!/usr/bin/env bash
# Writes what is generated: the CRD (manifests/ and the chart's copy), manifests/install.yaml from the chart, and
# docs/livestream.md from the CRD. With --check it changes nothing and fails if a file is not what would be written.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"

case ${1:-} in
  '') check= ;;
  --check) check=yes ;;
  *) fail "usage: scripts/generate.sh [--check]" ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
stale=()

# put NEW FILE
put() {
  if cmp -s "$1" "$2"; then return; fi
  if [ "$check" ]; then
    stale+=("$2")
    diff -u "$2" "$1" | head -n 40 || true
  else
    mkdir -p "$(dirname "$2")"
    cp "$1" "$2"
    echo "wrote $2"
  fi
}

cargo build --quiet --bin ivs-operator
"$target/debug/ivs-operator" crd >"$work/crd.yaml"
"$target/debug/ivs-operator" crd --format json >"$work/crd.json"
put "$work/crd.yaml" manifests/crd.yaml
put "$work/crd.yaml" charts/ivs-operator/files/crd.yaml

python3 scripts/livestream-docs.py <"$work/crd.json" >"$work/livestream.md"
put "$work/livestream.md" docs/livestream.md

# The chart as it is in the tree, with the CRD of this moment. What only Helm wants to know is left out.
scripts/tools.sh helm
cp -r charts/ivs-operator "$work/chart"
cp "$work/crd.yaml" "$work/chart/files/crd.yaml"
{
  cat <<'YAML'
# Generated from charts/ivs-operator by scripts/generate.sh, with the chart's default values.
# kubectl apply --server-side -f install.yaml
apiVersion: v1
kind: Namespace
metadata:
  name: ivs-system
  labels:
    pod-security.kubernetes.io/enforce: restricted
    pod-security.kubernetes.io/warn: restricted
YAML
  "$tools/helm" template ivs-operator "$work/chart" --namespace ivs-system |
    sed -e '/^ *helm\.sh\/chart: /d' -e '/^ *app\.kubernetes\.io\/managed-by: Helm$/d' -e '/^# Source: /d'
} >"$work/install.yaml"
put "$work/install.yaml" manifests/install.yaml

((${#stale[@]} == 0)) || fail "not up to date: ${stale[*]}; run make generate"
