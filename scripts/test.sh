#!/usr/bin/env bash
# Everything that CI runs, in order; a table of what ran at the end. Fails if a part failed or could not run.
# One exception: where github.com cannot be reached, nobody here can bring the advisory database in. The table says that
# the advisories were not checked, and with REQUIRE_ADVISORIES=1, for releases, that too is a failure.
# With arguments, only the parts named: scripts/test.sh rustfmt clippy
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root" || exit 1

# A cluster of the person's own is no place for tests.
unset KUBECONFIG

# The parts: a name and what it does. Each runs in a shell of its own that stops at the first error.

part_prerequisites() { scripts/prerequisites.sh; }

part_rustfmt() { cargo fmt --all --check; }

part_build() { cargo build --workspace --bins; }

part_clippy() { cargo clippy --workspace --all-targets -- -D warnings; }

part_generated() { scripts/generate.sh --check; }

# Licences, bans and sources of all crates.
part_cargo-deny() {
  scripts/tools.sh cargo-deny
  "$tools/cargo-deny" check bans licenses sources
}

part_advisories() { scripts/advisories.sh; }

# Real Kubernetes and the other foreign programs. Apart from the tests, which would seem to hang while it is built.
part_environment() { "$target/debug/devenv" prepare; }

part_rust() { cargo test --workspace --no-fail-fast; }

part_boto3() { EMULATOR_BIN=$target/debug/ivs-emulator emulator/tests/boto3/run.sh; }

part_client() {
  [ -e client/package.json ] || fail "client/package.json is missing"
  scripts/client.sh --install-only
  cd client
  npm run lint
  npm test
  npm run build
}

# Of `make lint`; `client` has it among others.
part_client-lint() {
  scripts/client.sh --install-only
  npm --prefix client run lint
}

part_chart() { scripts/chart.sh; }

part_shellcheck() { git ls-files -z '*.sh' .ci/run | xargs -0 shellcheck; }

# The README's promise, twice: the second time changes nothing.
part_demo() {
  export IVS_OPERATOR_DEVENV_DIR=$target/demo-test
  trap '"$target/debug/devenv" down' EXIT
  make demo
  cp "$IVS_OPERATOR_DEVENV_DIR/state.json" "$target/demo-state.json"
  make demo
  cmp "$IVS_OPERATOR_DEVENV_DIR/state.json" "$target/demo-state.json"
  make demo-down
  [ ! -e "$IVS_OPERATOR_DEVENV_DIR/state.json" ] || fail "make demo-down left the demo up"
}

parts=(prerequisites rustfmt build clippy generated cargo-deny advisories environment rust boto3 client chart shellcheck demo)
if (($#)); then parts=("$@"); fi

passed=0 failed=0 skipped=0 excused=0
table=()
for part in "${parts[@]}"; do
  declare -F "part_$part" >/dev/null || fail "no part $part; parts are ${parts[*]}"
  say "== $part"
  start=$SECONDS
  # Not as a condition: bash would ignore -e inside.
  (
    set -e
    "part_$part"
  )
  case $? in
    0) result=passed passed=$((passed + 1)) ;;
    "$COULD_NOT_RUN")
      result='could not run' skipped=$((skipped + 1))
      if [ "$part" = advisories ] && [ "${REQUIRE_ADVISORIES:-}" != 1 ]; then excused=$((excused + 1)); fi
      ;;
    *) result=FAILED failed=$((failed + 1)) ;;
  esac
  table+=("$(printf '%-15s %-14s %8s' "$part" "$result" "$(since "$start")")")
  # Without its tools nothing else can say anything true.
  [ "$part:$result" != prerequisites:FAILED ] || break
done

say "== what ran"
printf '%s\n' "${table[@]}"
printf '%s\n' "$passed passed, $failed failed, $skipped skipped"
((failed == 0 && skipped == excused))
