#!/usr/bin/env bash
# boto3 and this client on the same profile files and environments: the same access keys.
#
#     run.sh [CHECK_ARGUMENT...]
#
# Needs what `tests/boto3/run.sh` needs, and takes its virtual environment.
set -eu

name=boto3
tests=$(cd "$(dirname "$0")/.." && pwd)
. "$tests/servers/common.sh"

make_venv "$tests/boto3/requirements.txt"
cargo=(cargo run --quiet --manifest-path "$tests/../Cargo.toml" -p sts-tests)
STS_CHAIN=$(cd "$tests/.." && cargo build --quiet -p sts-tests --bin chain --message-format=json |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
[ -x "$STS_CHAIN" ] || fail "the program that looks for our credentials was not built"
export STS_CHAIN
export STS_LOCAL_COMMAND="${STS_LOCAL_COMMAND:-${cargo[*]} --bin sts-local -- --config $tests/chain/sts.toml}"
exec "$tests/with-local-sts.sh" "$venv/bin/python" "$tests/chain/check.py" "$@"
