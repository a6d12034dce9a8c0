#!/usr/bin/env bash
# Holds our crates against the RustSec advisories and crates.io's yanked versions. Ends with 77 where the database,
# a git repository on github.com, cannot be reached.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"

scripts/tools.sh cargo-deny
deny=$tools/cargo-deny
# The database is a git repository. Not reaching it is one thing, what it says about us another.
if ! output=$(timeout 120 "$deny" fetch db 2>&1); then
  printf '%s\n' "$output" | tail -n 5
  echo "could not fetch the advisory database: the advisories were NOT checked"
  exit "$COULD_NOT_RUN"
fi
"$deny" check --disable-fetch advisories
