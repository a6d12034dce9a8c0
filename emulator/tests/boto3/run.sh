#!/usr/bin/env bash
# Tests a running ivs-emulator with boto3. Needs EMULATOR_BIN, the binary to test; makes its own virtual
# environment under the target directory. Arguments go to pytest. Ends with pytest's line of counts.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
venv=$target/boto3-venv
python=${PYTHON:-python3}

fail() {
  echo "boto3 tests: $*" >&2
  exit 1
}

[ -n "${EMULATOR_BIN:-}" ] || fail "EMULATOR_BIN is not set: name the binary, for example EMULATOR_BIN=$target/debug/ivs-emulator"
[ -x "$EMULATOR_BIN" ] || fail "EMULATOR_BIN=$EMULATOR_BIN is not an executable file: build it with 'cargo build -p ivs-emulator'"
command -v "$python" >/dev/null || fail "$python is missing: install python3"

stamp=$venv/installed
if ! cmp -s "$here/requirements.txt" "$stamp"; then
  mkdir -p "$target"
  rm -rf "$venv"
  "$python" -m venv "$venv" || fail "'$python -m venv' does not work here: install python3-venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt" ||
    fail "pip could not install $here/requirements.txt"
  cp "$here/requirements.txt" "$stamp"
fi

log=$(mktemp)
"$EMULATOR_BIN" --listen 127.0.0.1:0 2>"$log" &
emulator=$!
stop() {
  kill "$emulator" 2>/dev/null || true
  wait "$emulator" 2>/dev/null || true
  rm -f "$log"
}
trap stop EXIT

address=
for _ in $(seq 200); do
  address=$(sed -n 's/.* ready address=\([0-9.:]*\).*/\1/p' "$log")
  [ -z "$address" ] || break
  kill -0 "$emulator" 2>/dev/null || fail "the emulator did not start: $(cat "$log")"
  sleep 0.05
done
[ -n "$address" ] || fail "the emulator did not say where it listens: $(cat "$log")"

EMULATOR_URL=http://$address "$venv/bin/python" -m pytest -q -p no:cacheprovider "$here" "$@"
