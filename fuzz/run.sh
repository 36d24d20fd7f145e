#!/bin/sh
# Fuzzes every target, or those named, for SECONDS each, starting from the committed seeds. Fails on a finding, which
# is then in fuzz/artifacts.
#
# usage: fuzz/run.sh SECONDS [TARGET...]
set -eu

seconds=${1:?"usage: fuzz/run.sh SECONDS [TARGET...]"}
shift
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- call_flow chain_flow eks_verify endpoint form http1_reply profile reply_xml sigv4 validate

# What is found on the way is no part of the next run: two runs start from the same.
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT

for target in "$@"; do
    mkdir "$found/$target"
    cp "corpus/$target"/seed-* "$found/$target"
    dictionary=dictionaries/$target.dict
    cargo +nightly fuzz run --fuzz-dir . "$target" "$found/$target" -- \
        -max_total_time="$seconds" \
        -max_len=65536 -timeout=5 -rss_limit_mb=1024 -print_final_stats=1 \
        $([ ! -f "$dictionary" ] || echo "-dict=$dictionary")
done
