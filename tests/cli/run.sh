#!/usr/bin/env bash
# The program `sts` and the AWS CLI with the same options against the same recording server.
#
#     run.sh [CHECK_ARGUMENT...]
#
# Needs Python 3 with venv, and a network for the first run: packages are kept in STS_VENVS (default: `.venv` of the
# workspace). STS_COMMAND names another program than the one of this workspace, which is built first, and STS_CLI_VENV a
# virtual environment with other versions than requirements.txt asks for.
set -eu

name=cli
tests=$(cd "$(dirname "$0")/.." && pwd)
. "$tests/servers/common.sh"

venv=${STS_CLI_VENV:-}
[ -n "$venv" ] || make_venv "$tests/cli/requirements.txt"
build_sts
# Files and options are UTF-8 to the AWS CLI as well.
export STS_COMMAND PYTHONUTF8=1
exec "$venv/bin/python" "$tests/cli/check.py" "$@"
