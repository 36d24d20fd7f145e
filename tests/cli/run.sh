#!/usr/bin/env bash
# The program `sts` and the AWS CLI with the same options against the same recording server.
#
#     run.sh [CHECK_ARGUMENT...]
#
# Needs Python 3 with venv, and a network for the first run: packages are kept in STS_VENVS (default: `.venv` of the
# workspace). STS_COMMAND names another program than the one of this workspace, which is built first.
set -eu

name=cli
tests=$(cd "$(dirname "$0")/.." && pwd)
. "$tests/servers/common.sh"

make_venv "$tests/cli/requirements.txt"
if [ -z "${STS_COMMAND:-}" ]; then
    target=$(cargo build --quiet --manifest-path "$tests/../Cargo.toml" -p sts-blocking --features cli --bin sts \
        --message-format json | sed -n 's/.*"executable":"\([^"]*\/sts\)".*/\1/p')
    STS_COMMAND=$target
fi
# Files and options are UTF-8 to the AWS CLI as well.
export STS_COMMAND PYTHONUTF8=1
exec "$venv/bin/python" "$tests/cli/check.py" "$@"
