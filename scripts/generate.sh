#!/usr/bin/env bash
# Writes what is generated from the code: manifests/crd.yaml. With --check it changes nothing and fails if a file
# is not what would be written.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo run --quiet --bin ivs-operator -- crd >"$work/crd.yaml"

# put NEW FILE
put() {
  if cmp -s "$1" "$2"; then return; fi
  if [ "${check:-}" ]; then
    diff -u "$2" "$1" | head -n 40 || true
    fail "$2 is not up to date: run make generate"
  fi
  mkdir -p "$(dirname "$2")"
  cp "$1" "$2"
  echo "wrote $2"
}

[ "${1:-}" != --check ] || check=yes
put "$work/crd.yaml" manifests/crd.yaml
