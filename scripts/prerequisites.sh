#!/usr/bin/env bash
# Makes sure that the tools are there which building and running need. Installs Debian packages when it may (as
# root, where apt-get exists); what it cannot install it names, all at once, with the version that is needed.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

missing=()
packages=()

# need COMMAND PACKAGE: the command, or the Debian package that brings it.
need() {
  have "$1" || packages+=("$2")
}

# at_least WANTED FOUND: compares versions.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

need git git
need gcc gcc
need make make
need cmake cmake # aws-lc, the cryptography that Rust programs here use, is built with it
need curl curl
need setpriv util-linux
need java openjdk-17-jdk-headless
need javac openjdk-17-jdk-headless
need mvn maven
need shellcheck shellcheck
need python3 python3
# Without ensurepip a virtual environment has no pip; Debian packs it apart.
if have python3 && ! python3 -c 'import ensurepip, venv' 2>/dev/null; then packages+=(python3-venv); fi

if ((${#packages[@]})); then
  if [ "$(id -u)" = 0 ] && have apt-get; then
    echo "installing ${packages[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null ||
      fail "apt-get could not install: ${packages[*]}"
  else
    missing+=("Debian packages (or what they contain): ${packages[*]}")
  fi
fi

if have java; then
  java_version=$(java -version 2>&1 | sed -n 's/.*version "\([0-9.]*\).*/\1/p' | head -n 1)
  at_least 17 "${java_version:-0}" || missing+=("Java 17 or later (found ${java_version:-none})")
fi

# The toolchain that rust-toolchain.toml names; rustup knows it by being in this folder.
rust=$(sed -n 's/^channel = "\(.*\)"/\1/p' "$root/rust-toolchain.toml")
if ! have cargo; then
  missing+=("Rust $rust: install rustup, https://rustup.rs")
elif ! (cd "$root" && cargo --version && cargo fmt --version && cargo clippy --version) >/dev/null 2>&1; then
  if have rustup && (cd "$root" && rustup toolchain install) >/dev/null 2>&1; then
    echo "installed Rust $rust"
  else
    missing+=("Rust $rust with rustfmt and clippy: rustup toolchain install $rust --component rustfmt,clippy")
  fi
fi

# Asked inside the module: a Go from 1.21 on fetches the toolchain that the module wants.
go=$(sed -n 's/^go //p' "$root/devenv/kubernetes/go.mod")
if ! have go; then
  missing+=("Go $go or later: https://go.dev/dl")
elif ! go_found=$(cd "$root/devenv/kubernetes" && go version 2>/dev/null); then
  missing+=("Go $go or later (found $(go version))")
else
  go_found=${go_found#go version go}
  at_least "$go" "${go_found%% *}" || missing+=("Go $go or later (found ${go_found%% *})")
fi

if ! have node || ! have npm; then
  missing+=("Node.js 20 or later, with npm: https://nodejs.org")
else
  node_found=$(node --version)
  at_least 20 "${node_found#v}" || missing+=("Node.js 20 or later (found $node_found)")
fi

if ((${#missing[@]})); then
  {
    echo "Missing, and not to be installed from here:"
    printf '  - %s\n' "${missing[@]}"
  } >&2
  exit 1
fi
