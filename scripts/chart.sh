#!/usr/bin/env bash
# Tests the Helm chart (chart-test.sh) with the tools from the cache and a Kubernetes of its own.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"

scripts/tools.sh helm kubeconform
dir=$target/chart-test
devenv() { env -u KUBECONFIG "$target/debug/devenv" --run-dir "$dir" "$@"; }
trap 'devenv down' EXIT
devenv up --parts etcd,apiserver,controller-manager
# shellcheck source=/dev/null
source "$dir/env"
scripts/chart-test.sh
