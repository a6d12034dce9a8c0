#!/usr/bin/env bash
# Builds the web client into client/dist, unless it is built and nothing has changed since.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root/client"

# The lock file decides what is installed: npm ci takes half a minute even when nothing changes.
if ! cmp -s package-lock.json node_modules/.installed-lock; then
  echo "installing the client's packages"
  npm ci --no-audit --no-fund --loglevel=error
  cp package-lock.json node_modules/.installed-lock
fi

[ "${1:-}" != --install-only ] || exit 0

newer() { find . -path ./node_modules -prune -o -path ./dist -prune -o -type f -newer dist/index.html -print -quit; }
if [ ! -e dist/index.html ] || [ -n "$(newer)" ]; then
  npm run --silent build
fi
