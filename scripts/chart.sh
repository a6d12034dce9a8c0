#!/usr/bin/env bash
# Checks the Helm chart: lint, the rendered objects against the schemas of the real apiserver (kubeconform), and a
# server-side dry run on that apiserver, as an installation would be.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"

chart=charts/ivs-operator
[ -e "$chart/Chart.yaml" ] || fail "$chart/Chart.yaml is missing"
scripts/tools.sh helm kubeconform
PATH=$tools:$PATH

dir=$target/chart-test
devenv() { env -u KUBECONFIG "$target/debug/devenv" --run-dir "$dir" "$@"; }
[ -x "$target/debug/devenv" ] || cargo build --bin devenv
trap 'devenv down >/dev/null' EXIT
devenv up --parts etcd,apiserver,controller-manager
# shellcheck source=/dev/null
source "$dir/env"

helm lint --strict "$chart"
helm template ivs-operator "$chart" --namespace ivs-system --include-crds >"$dir/rendered.yaml"

# kubeconform's own schemas lag behind and lie elsewhere; the apiserver has those of its very version.
kubectl get --raw /openapi/v2 >"$dir/openapi.json"
python3 scripts/schemas.py "$dir/openapi.json" "$dir/schemas"
kubeconform -strict -summary -schema-location "$dir/schemas/{{.ResourceKind}}{{.KindSuffix}}.json" "$dir/rendered.yaml"

kubectl create namespace ivs-system --dry-run=client -o yaml | kubectl apply --server-side -f -
kubectl label namespace ivs-system pod-security.kubernetes.io/enforce=restricted --overwrite
kubectl apply --server-side --force-conflicts --dry-run=server --validate=strict -n ivs-system -f "$dir/rendered.yaml"
echo "the chart is accepted by Kubernetes $(kubectl version -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["serverVersion"]["gitVersion"])')"
