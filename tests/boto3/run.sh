#!/usr/bin/env bash
# boto3 and the AWS CLI against the local STS, and both with the credentials that the program `sts` hands them. Then they and
# the AWS SDK for Rust, which is built first, where every source but `sts` has another identity.
#
#     run.sh [CHECK_ARGUMENT...]
#
# Needs Python 3 with venv, and a network for the first run: packages are kept in STS_VENVS (default: `.venv` of the
# workspace). STS_LOCAL_COMMAND names another server for the first two parts, see `with-local-sts.sh`, and
# STS_COMMAND another program than the `sts` of this workspace. STS_SDK_RECEIVER names the program of `tests/peers/receiver`
# where it is built already.
set -eu

name=boto3
tests=$(cd "$(dirname "$0")/.." && pwd)
. "$tests/servers/common.sh"

make_venv "$tests/boto3/requirements.txt"
build_sts
export STS_COMMAND
"$tests/with-local-sts.sh" "$venv/bin/python" "$tests/boto3/check.py" "$@"
"$tests/with-local-sts.sh" "$venv/bin/python" "$tests/boto3/program.py"
if [ -z "${STS_SDK_RECEIVER:-}" ]; then
    STS_SDK_RECEIVER=$(CARGO_PROFILE_DEV_DEBUG=0 cargo build --quiet --locked --manifest-path "$tests/peers/Cargo.toml" \
        -p peer-receiver --message-format json | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')
fi
[ -x "$STS_SDK_RECEIVER" ] || fail "the program of the AWS SDK for Rust was not built"
export STS_SDK_RECEIVER
# A server with an identity for each source, which is also container and instance.
server="cargo run --quiet --manifest-path $tests/../Cargo.toml -p sts-tests --bin sts-local --"
export STS_LOCAL_COMMAND="$server --metadata --config $tests/boto3/receivers.toml"
exec "$tests/with-local-sts.sh" "$venv/bin/python" "$tests/boto3/receivers.py"
