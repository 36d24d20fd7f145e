#!/usr/bin/env bash
# Whoever has the oldest Rust that the manifests name gets versions of all dependencies that it can build: those that
# cargo's resolver takes without this repository's lock file, whose tests need a newer Rust.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
msrv=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

cp -r Cargo.toml clippy.toml README.md sts-proto sts-blocking sts-async "$work"
cd "$work"
sed -i 's/^members = .*/members = ["sts-async", "sts-blocking", "sts-proto"]/' Cargo.toml
cargo update --quiet
# The program `sts` is built by whoever has a newer one: `jpx-core` needs it.
python3 - "$msrv" <<'PYTHON'
import json, subprocess, sys


def metadata(*options):
    made = subprocess.run(["cargo", "metadata", "--format-version", "1", *options], check=True, capture_output=True, text=True)
    return json.loads(made.stdout)["packages"]


def version(text):
    return [int(part) for part in (text + ".0.0").split(".")[:3]]


own = metadata("--no-deps")
features = [f"{each['name']}/{feature}" for each in own for feature in each["features"] if feature != "cli"]
packages = metadata("--features", ",".join(features))
newer = [f"{each['name']} {each['version']} needs Rust {each['rust_version']}" for each in packages
         if each["rust_version"] and version(each["rust_version"]) > version(sys.argv[1])]
assert any(each["name"] == "aws-credential-types" for each in packages), "the features are not looked at"
print(f"oldest Rust: {len(packages)} packages, {len(newer)} need a newer one than {sys.argv[1]}", *newer, sep="\n")
sys.exit(1 if newer else 0)
PYTHON

toolchains=$(rustup toolchain list 2>/dev/null || true)
if grep -q "^$msrv" <<<"$toolchains"; then
    cargo "+$msrv" check --quiet -p sts-proto -p sts-blocking
    cargo "+$msrv" check --quiet -p sts-async --all-features
    echo "oldest Rust: $msrv builds the libraries"
elif [ -n "${STS_REQUIRE_OLDEST_RUST:-}" ]; then
    echo "Rust $msrv is not on this machine, and was asked for" >&2
    exit 1
else
    echo "Rust $msrv: skipped, that toolchain is not on this machine"
fi
