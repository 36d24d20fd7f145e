#!/usr/bin/env bash
# What whoever depends on the crates gets: sets of features build, the oldest versions that the manifests allow
# build, and each crate builds from what would be published.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")/supply
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CARGO_TARGET_DIR=$target CARGO_PROFILE_DEV_DEBUG=0

# No word, each one, each pair and all of them: what three together break and no two do has not been seen.
sets() {
    echo
    local first
    while [ $# -gt 0 ]; do
        first=$1
        shift
        echo "$first"
        printf "$first,%s\\n" "$@"
    done | sed 's/,$//' | sort -u
}

# The features of a crate, as its manifest lists them, without `default`.
features() {
    awk '/^\[/ { here = $0 == "[features]" } here && /^[a-z0-9_-]+ = / && $1 != "default" { print $1 }' "$1/Cargo.toml"
}

count=0
for crate in sts-proto sts-blocking sts-async; do
    names=$(features "$crate")
    # The platform's TLS needs its headers.
    if ! { command -v pkg-config >/dev/null && pkg-config --exists openssl; }; then
        case $names in *native-tls*) echo "native-tls: skipped, OpenSSL is not on this machine" ;; esac
        names=$(grep -v '^native-tls$' <<<"$names")
    fi
    # shellcheck disable=SC2086
    while read -r set; do
        RUSTFLAGS="-D warnings" cargo check --quiet -p "$crate" --lib --no-default-features --features "$set"
        count=$((count + 1))
    done < <(sets $names; tr '\n' ',' <<<"$names"; echo)
done
echo "supply: $count sets of features build"

# Without the tests, whose dependencies are nobody else's concern. The resolver of nightly, the compiler of everybody.
if cargo +nightly --version >/dev/null 2>&1; then
    cp -r Cargo.toml clippy.toml README.md sts-proto sts-blocking sts-async "$work"
    sed -i 's/^members = .*/members = ["sts-async", "sts-blocking", "sts-proto"]/' "$work/Cargo.toml"
    (
        cd "$work"
        cargo +nightly -Z direct-minimal-versions update --quiet
        cargo check --quiet --workspace --lib --all-features --target-dir "$target/minimal"
    )
    echo "supply: the oldest versions allowed build"
else
    echo "supply: oldest versions skipped, nightly is not on this machine"
fi

# All at once, because those behind need those before them, which no registry has yet. Each is unpacked and built by itself.
cargo package --quiet --allow-dirty -p sts-proto -p sts-blocking -p sts-async
echo "supply: sts-proto, then sts-blocking and sts-async can be published"

tag=$(git describe --tags --abbrev=0 2>/dev/null || true)
if [ -z "$tag" ]; then
    echo "supply: semver skipped, there is no release to compare with"
elif command -v cargo-semver-checks >/dev/null 2>&1; then
    cargo semver-checks --baseline-rev "$tag" -p sts-proto -p sts-blocking -p sts-async
else
    echo "supply: semver skipped, cargo-semver-checks is not on this machine"
fi
