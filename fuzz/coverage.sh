#!/bin/sh
# The lines of the core that the fuzz targets and the tests of the core alone reach, by file and by part: from the committed seeds
# and what a run of SECONDS each finds. With targets named, of those alone and without the tests.
#
# usage: fuzz/coverage.sh SECONDS [TARGET...]
#
# MISSING=1 lists the lines that are not reached as well.
set -eu

seconds=${1:?"usage: fuzz/coverage.sh SECONDS [TARGET...]"}
shift
cd "$(dirname "$0")"
with_tests=false
if [ $# -eq 0 ]; then
    with_tests=true
    set -- call_flow chain_flow eks_verify endpoint form http1_reply profile reply_xml sigv4 validate
fi

# Profiles are read by the tools of the compiler that wrote them only.
tools=$(rustc +nightly --print sysroot)/lib/rustlib/$(rustc +nightly -vV | sed -n 's/^host: //p')/bin
[ -x "$tools/llvm-cov" ] || rustup component add --toolchain nightly llvm-tools >/dev/null 2>&1 || true
if [ ! -x "$tools/llvm-cov" ]; then
    echo "coverage: skipped, nightly's component llvm-tools is not on this machine"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
target_dir=${CARGO_TARGET_DIR:-target}/coverage

# Without the sanitizer and libFuzzer's own instruments: the programs run each input once.
export CARGO_PROFILE_DEV_DEBUG=0
# Building runs instrumented programs, too.
export LLVM_PROFILE_FILE="$work/build-%p.profraw"
# shellcheck disable=SC2046
RUSTFLAGS="-C instrument-coverage --cfg fuzzing" \
    cargo +nightly build --quiet --target-dir "$target_dir" $(printf -- '--bin %s ' "$@")
tests=
if $with_tests; then
    # Only what is ours is counted.
    printf '#!/bin/sh\nexec "$@" -C instrument-coverage\n' >"$work/wrapper"
    chmod +x "$work/wrapper"
    build() {
        RUSTC_WORKSPACE_WRAPPER=$work/wrapper cargo +nightly test --quiet --manifest-path ../Cargo.toml "$@" \
            --target-dir "$target_dir/tests" --no-run --message-format json | sed -n '/"test":true},"features"/s/.*"executable":"\([^"]*\)".*/\1/p'
    }
    # The suites whose subject is what the core decides.
    tests="$(build -p sts-proto --lib --all-features) $(build -p sts-tests --test call_flow --test leniency --test observer \
        --test proxy --test refresh_cost --test refresh_events --test scenarios --test secrets --test single_flight \
        --test steps)"
fi
rm -f "$work"/build-*

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
for test in $tests; do
    # Suites find their files from their package.
    (cd ../tests && LLVM_PROFILE_FILE=$work/%p-test.profraw "$test" --quiet >/dev/null)
    objects="$objects -object $test"
done
"$tools/llvm-profdata" merge -sparse "$work"/*.profraw -o "$work/all.profdata"
# shellcheck disable=SC2086
"$tools/llvm-cov" export --format lcov --instr-profile "$work/all.profdata" $objects \
    --ignore-filename-regex '(/registry/|/rustc/|fuzz_targets|\.cargo|/rustlib/)' >"$work/lcov"
python3 coverage.py <"$work/lcov"
