#!/usr/bin/env bash
# Runs the client against moto (without and with its access control) and MiniStack: starts them, runs the suite, stops
# them, whatever happens. Arguments go to the test program.
#
#     run.sh [TEST_ARGUMENT...]
#
# Needs Python 3 with venv, curl, and a network for the first run: packages are kept in STS_VENVS (default: `.venv` of
# the workspace).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)

finish() {
    status=$?
    # What is being stopped is stopped to the end.
    trap '' INT TERM
    "$here/moto.sh" stop "$work/open" || true
    "$here/moto.sh" stop "$work/auth" || true
    "$here/ministack.sh" stop "$work/ministack" || true
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

"$here/moto.sh" start "$work/open" open >/dev/null
"$here/moto.sh" start "$work/auth" auth >/dev/null
"$here/ministack.sh" start "$work/ministack" >/dev/null

STS_MOTO_OPEN=$work/open/facts STS_MOTO_AUTH=$work/auth/facts STS_MINISTACK=$work/ministack/facts STS_REQUIRE_SERVERS=1 \
    cargo test --quiet --manifest-path "$here/../../Cargo.toml" -p sts-tests --test third_party -- --nocapture "$@"
