#!/usr/bin/env bash
# The demo: builds, starts everything, applies the examples, waits until they are Ready, and leaves it running.
# Run again, it takes seconds and changes nothing. `make demo-down` ends it.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"

begin=$SECONDS
say "Tools"
scripts/prerequisites.sh
echo "all there"

say "Build"
cargo build --workspace --bins
[ -e client/package.json ] || fail "client/package.json is missing: nothing to build the web client from"
scripts/client.sh

say "Environment"
"$target/debug/devenv" up

# shellcheck source=/dev/null
source "${IVS_OPERATOR_DEVENV_DIR:-$root/target/devenv}/env"

say "Examples"
compgen -G 'manifests/examples/*.yaml' >/dev/null || fail "no manifests/examples/*.yaml to apply"
kubectl apply -f manifests/examples

# A List even of a single object, so that the template fits both.
template='{{define "one"}}{{if eq .kind "LiveStream"}}{{.metadata.namespace}} {{.metadata.name}}{{"\n"}}{{end}}{{end}}'
template+='{{if eq .kind "List"}}{{range .items}}{{template "one" .}}{{end}}{{else}}{{template "one" .}}{{end}}'
streams=$(kubectl get -f manifests/examples -o go-template="$template")
[ -n "$streams" ] || fail "there is no LiveStream among manifests/examples"
while read -r namespace name; do
  if ! kubectl wait -n "$namespace" "livestream/$name" --for=condition=Ready --timeout=120s; then
    {
      echo
      echo "LiveStream $namespace/$name is not Ready:"
      kubectl get -n "$namespace" "livestream/$name" \
        -o go-template='{{range .status.conditions}}  {{.type}}={{.status}} {{.reason}}: {{.message}}{{"\n"}}{{end}}' || true
      echo "The controller's log, $(devenv status | awk '$1 == "controller" {print $NF}'):"
      devenv logs controller -n 20 | sed 's/^/  | /'
    } >&2
    exit 1
  fi
done <<<"$streams"

say "Ready after $(since "$begin")"
kubectl get livestreams -A
cat <<EOF

  Web client     $API_URL          sign in as alice, mia or bob; the password is the name
  API            $API_URL/docs
  Emulator       $EMULATOR_URL/_emulator/state
  Shell          . ${IVS_OPERATOR_DEVENV_DIR:-target/devenv}/env      then kubectl, devenv, aws speak to the demo

  alice owns the examples, mia moderates them, bob is a viewer.
  A token for curl:  devenv token alice
  The end:           make demo-down
EOF
