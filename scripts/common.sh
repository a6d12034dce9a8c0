# Shared by the scripts beside it; sourced, not run.
# shellcheck shell=bash disable=SC2034

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Outside the tree: survives `cargo clean` and new checkouts. The same folder as devenv's.
cache=${IVS_OPERATOR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ivs-operator}
tools=$cache/tools/bin
target=${CARGO_TARGET_DIR:-$root/target}

# What a test part ends with if it could not do its work, as opposed to having found something wrong.
export COULD_NOT_RUN=77

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# "12s" or "3m04s" since the given $SECONDS.
since() {
  local seconds=$((SECONDS - $1))
  if ((seconds < 60)); then printf '%ds' "$seconds"; else printf '%dm%02ds' $((seconds / 60)) $((seconds % 60)); fi
}
