#!/usr/bin/env bash
# The AWS SDK for Rust against the local STS. Heavy: it compiles the SDK.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# Before the server starts, so that it does not wait for the compiler.
cargo build --quiet --locked --manifest-path "$here/Cargo.toml"
exec "$here/../with-local-sts.sh" cargo run --quiet --locked --manifest-path "$here/Cargo.toml"
