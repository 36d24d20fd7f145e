#!/usr/bin/env bash
# Runs a command with an environment that points AWS tools at a local STS of its own, and stops that STS afterwards.
#
#     with-local-sts.sh COMMAND [ARGUMENT...]
#
# STS_LOCAL_COMMAND is the server: it prints `export NAME=VALUE` lines and serves until it is ended. By default it is
# `cargo run` of `sts-local`.
set -eu

[ $# -gt 0 ] || { echo "usage: with-local-sts.sh COMMAND [ARGUMENT...]" >&2; exit 2; }
workspace=$(cd "$(dirname "$0")/.." && pwd)
server=${STS_LOCAL_COMMAND:-cargo run --quiet --manifest-path $workspace/Cargo.toml -p sts-tests --bin sts-local}
work=$(mktemp -d)

finish() {
    status=$?
    # What is being stopped is stopped to the end.
    trap '' INT TERM
    # By job, not by process id: that may belong to another process once this one has ended.
    kill %1 2>/dev/null || true
    wait
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The tools find nothing of this machine's own.
unset AWS_SESSION_TOKEN AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ENDPOINT_URL AWS_CA_BUNDLE
export AWS_CONFIG_FILE=$work/config AWS_SHARED_CREDENTIALS_FILE=$work/credentials AWS_EC2_METADATA_DISABLED=true
export NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost
: >"$work/config"
: >"$work/environment"
: >"$work/credentials"

# Split into words on purpose. `exec`, so that what is ended is the server and not a shell around it.
# shellcheck disable=SC2086
(exec $server) >"$work/environment" 2>"$work/errors" </dev/null &

# The first start may have to compile.
patience=3000
until grep -q AWS_REGION= "$work/environment"; do
    patience=$((patience - 1))
    if [ "$patience" -eq 0 ] || ! kill -0 %1 2>/dev/null; then
        echo "with-local-sts.sh: the local STS did not start: $(tail -n 5 "$work/errors")" >&2
        exit 1
    fi
    sleep 0.1
done
# For what it may print after the region.
sleep 0.3
# Only what is meant to be read: nothing else that is printed gets executed.
grep -E '^(export [A-Z_]+=|unset [A-Z_ ]+$)' "$work/environment" >"$work/lines"
. "$work/lines"
export AWS_DEFAULT_REGION=$AWS_REGION

"$@"
