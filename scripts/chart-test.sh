#!/usr/bin/env bash
# Tests the Helm chart: lint, refusal of wrong values, and each set of values rendered and held against the program's
# flags, against the schemas of the apiserver of KUBECONFIG, and against that apiserver itself (server-side dry run in
# a namespace that enforces Pod Security "restricted"). Leaves nothing in the cluster.
#
# Needs helm, kubeconform, kubectl and python3 on PATH, KUBECONFIG, and the built operator (IVS_OPERATOR_BIN).
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root" || exit 1

chart=charts/ivs-operator
operator=${IVS_OPERATOR_BIN:-$target/debug/ivs-operator}
PATH=$tools:$PATH
for tool in helm kubeconform kubectl python3; do have "$tool" || fail "$tool is not on PATH"; done
[ "${KUBECONFIG:-}" ] || fail "KUBECONFIG is not set: the chart is tested against a real apiserver"
[ -x "$operator" ] || fail "$operator is missing: cargo build --bin ivs-operator"

work=$(mktemp -d)
namespace=chart-test-$$
finish() {
  kubectl delete namespace "$namespace" --wait=false --ignore-not-found >/dev/null 2>&1
  rm -rf "$work"
}
trap finish EXIT

passed=0 failed=0
# check NAME COMMAND…: the command succeeds.
check() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then
    passed=$((passed + 1))
    printf 'ok      %s\n' "$name"
  else
    failed=$((failed + 1))
    printf 'FAILED  %s\n' "$name"
    printf '%s\n' "$output" | head -n 20 | sed 's/^/        | /'
  fi
}

# refuses WORDS COMMAND…: the command fails, and says these words.
refuses() {
  local words=$1 output
  shift
  if output=$("$@" 2>&1); then
    echo "was accepted"
    return 1
  fi
  grep -qF -- "$words" <<<"$output" && return
  printf 'was refused, but not with "%s":\n%s\n' "$words" "$output"
  return 1
}

template() { helm template ivs-operator "$chart" --namespace "$namespace" "$@"; }

# The schemas of the very apiserver; kubeconform's own lie elsewhere and know no LiveStream.
kubectl get --raw /openapi/v2 >"$work/openapi.json" || fail "cannot read the apiserver's OpenAPI"
python3 scripts/chart/schemas.py "$work/openapi.json" "$work/schemas" || exit 1
conform() { kubeconform -strict -schema-location "$work/schemas/{{.ResourceKind}}{{.KindSuffix}}.json" "$@"; }

kubectl create namespace "$namespace" >/dev/null || exit 1
kubectl label namespace "$namespace" pod-security.kubernetes.io/enforce=restricted >/dev/null || exit 1

dry_run() { kubectl apply --server-side --force-conflicts --dry-run=server --validate=strict -n "$namespace" -f "$1"; }
create_pod() { kubectl create --dry-run=server --validate=strict -n "$namespace" -f "$1"; }

# flags FILE: the program knows every flag that the Pod gives it, and takes its value. --help ends the reading of the
# command line without starting anything; what stands before it is judged first.
flags() {
  local args
  while IFS= read -r args; do
    mapfile -t args < <(python3 -c 'import json, sys; print("\n".join(json.loads(sys.argv[1])))' "$args")
    "$operator" "${args[@]}" --help >/dev/null || return 1
  done <"$1"
}

# In what no set of values says.
check "lint" helm lint --strict "$chart"
check "IAM policies allow what is called, and no more" python3 scripts/chart/iam.py
check "CRD is the generated one" cmp manifests/crd.yaml "$chart/files/crd.yaml"

# Values that are refused. The words are the chart's or the schema's.
for wrong in \
  "controller.sweepinterval=5s|sweepinterval" \
  "controller.sweepInterval=soon|sweepInterval" \
  "controller.registry.kind=redis|kind" \
  "replicas=-1|replicas" \
  "region=Ohio|region" \
  "image.digest=latest|digest" \
  "api.oidc.issuers[0]=http://id.example.com|issuers" \
  "api.corsOrigins[0]=https://example.com/|corsOrigins" \
  "controller.env[0].name=AWS_SECRET_ACCESS_KEY|env" \
  "replicas=2,controller.leaderElect=false|two controllers would write" \
  "api.oidc.issuers[0]=https://id.example.com|no token would be accepted" \
  "serviceAccount.create=false|serviceAccount.name must be set"; do
  check "refused: ${wrong%%|*}" refuses "${wrong##*|}" template --set "${wrong%%|*}"
done

for values in "" "$chart"/ci/*-values.yaml; do
  set=$(basename "${values:-default}" -values.yaml)
  out=$work/$set.yaml
  check "$set: lint" helm lint --strict "$chart" ${values:+-f "$values"}
  check "$set: renders" template ${values:+-f "$values"} --output-dir "$work/$set"
  template ${values:+-f "$values"} >"$out" 2>/dev/null || continue
  check "$set: conforms to the apiserver's schemas" conform "$out"
  check "$set: accepted by the apiserver" dry_run "$out"

  # Deployments are accepted whatever their Pods are; so a Pod is made of each template.
  kubectl create --dry-run=client -o json -f "$out" >"$work/$set.json" 2>"$work/errors" || cat "$work/errors"
  check "$set: read again" python3 scripts/chart/pods.py "$work/$set.json" "$work/$set"
  kubectl create serviceaccount -n "$namespace" "$(cat "$work/$set/serviceaccount")" >/dev/null 2>&1
  check "$set: permissions are enumerated" python3 scripts/chart/rbac.py "$work/$set.json"
  check "$set: Pod admitted under restricted" create_pod "$work/$set/pod.json"
  check "$set: flags are the program's" flags "$work/$set/args"
done

# The checks above can fail.
for way in root escalation capabilities seccomp host-network; do
  check "control: Pod with $way refused" refuses "violates PodSecurity" create_pod "$work/default/pod-$way.json"
done
# By Pod Security, or before it by an apiserver that allows no privileged containers at all.
check "control: privileged Pod refused" refuses "securityContext.privileged" create_pod "$work/default/pod-privileged.json"
echo '["controller", "--no-such-flag=1"]' >"$work/args"
check "control: an unknown flag noticed" refuses "no-such-flag" flags "$work/args"
echo '["controller", "--sweep-interval=soon"]' >"$work/args"
check "control: a wrong value noticed" refuses "sweep-interval" flags "$work/args"
sed 's/^  replicas: 1$/  replicaz: 1/' "$work/default.yaml" >"$work/misspelt.yaml"
check "control: a misspelt field does not conform" refuses "replicaz" conform "$work/misspelt.yaml"
check "control: a misspelt field is not accepted" refuses "replicaz" dry_run "$work/misspelt.yaml"
sed 's/\["\?get, create, patch, delete"\?\]/[get, list]/' "$work/default.yaml" |
  kubectl create --dry-run=client -o json -f - >"$work/lists.json" 2>/dev/null
check "control: a list of Secrets noticed" refuses "secrets" python3 scripts/chart/rbac.py "$work/lists.json"

printf '%s passed, %s failed (Kubernetes %s)\n' "$passed" "$failed" \
  "$(kubectl version -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["serverVersion"]["gitVersion"])')"
((failed == 0))
