#!/bin/sh
# The lines of the core that the fuzz targets reach, by file: from the committed seeds and what a run of SECONDS each finds.
# With `all` instead of a target, all of them together.
#
# usage: fuzz/coverage.sh SECONDS [TARGET...]
set -eu

seconds=${1:?"usage: fuzz/coverage.sh SECONDS [TARGET...]"}
shift
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- call_flow eks_verify endpoint form http1_reply profile reply_xml sigv4 validate

tools=$(rustc +nightly --print sysroot)/lib/rustlib/$(rustc +nightly -vV | sed -n 's/^host: //p')/bin
[ -x "$tools/llvm-cov" ] || rustup component add --toolchain nightly llvm-tools
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
target_dir=${CARGO_TARGET_DIR:-target}/coverage

# Without the sanitizer and libFuzzer's own instruments: the programs run each input once.
export RUSTFLAGS="-C instrument-coverage --cfg fuzzing"
cargo +nightly build --quiet --target-dir "$target_dir" $(printf -- '--bin %s ' "$@")
unset RUSTFLAGS
objects=
for target in "$@"; do
    mkdir "$work/$target"
    cp "corpus/$target"/seed-* "$work/$target"
    if [ "$seconds" -gt 0 ]; then
        dictionary=dictionaries/$target.dict
        cargo +nightly fuzz run --fuzz-dir . "$target" "$work/$target" -- \
            -max_total_time="$seconds" -max_len=65536 -timeout=5 -rss_limit_mb=1024 \
            $([ ! -f "$dictionary" ] || echo "-dict=$dictionary") >"$work/log" 2>&1 || { tail -n 30 "$work/log" >&2; exit 1; }
    fi
    LLVM_PROFILE_FILE=$work/%p-$target.profraw "$target_dir/debug/$target" -runs=0 "$work/$target" >/dev/null 2>&1
    objects="$objects -object $target_dir/debug/$target"
done
"$tools/llvm-profdata" merge -sparse "$work"/*.profraw -o "$work/all.profdata"
# shellcheck disable=SC2086
"$tools/llvm-cov" report --instr-profile "$work/all.profdata" $objects \
    --ignore-filename-regex '(/registry/|/rustc/|fuzz_targets|\.cargo|/rustlib/)' --show-region-summary=false \
    --show-branch-summary=false
