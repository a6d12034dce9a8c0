#!/usr/bin/env bash
# Installs tools of a pinned version into the cache: tools.sh cargo-deny | helm | kubeconform …
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

CARGO_DENY=0.20.2
HELM=v4.3.1
KUBECONFORM=v0.8.0

# A file per version says that it is there: the tools themselves do not all know theirs when built from source.
once() {
  local stamp=$cache/tools/$1
  shift
  [ -e "$stamp" ] && return
  echo "installing $(basename "$stamp") (once)"
  "$@"
  touch "$stamp"
}

mkdir -p "$tools"
for tool in "$@"; do
  case $tool in
    cargo-deny)
      # Outside the checkout, whose toolchain file and target folder are none of its business.
      once "cargo-deny-$CARGO_DENY" env -C "$cache" CARGO_TARGET_DIR="$cache/tools/build" \
        cargo "+$(sed -n 's/^channel = "\(.*\)"/\1/p' "$root/rust-toolchain.toml")" \
        install --quiet --locked --root "$cache/tools" --version "$CARGO_DENY" cargo-deny
      rm -rf "$cache/tools/build"
      ;;
    helm) once "helm-$HELM" env GOBIN="$tools" go install "helm.sh/helm/v4/cmd/helm@$HELM" ;;
    kubeconform) once "kubeconform-$KUBECONFORM" env GOBIN="$tools" go install "github.com/yannh/kubeconform/cmd/kubeconform@$KUBECONFORM" ;;
    *) fail "no tool $tool" ;;
  esac
done
