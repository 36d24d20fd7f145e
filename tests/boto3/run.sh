#!/usr/bin/env bash
# boto3 and the AWS CLI against the local STS, and both with the credentials that the program `sts` hands them.
#
#     run.sh [CHECK_ARGUMENT...]
#
# Needs Python 3 with venv, and a network for the first run: packages are kept in STS_VENVS (default: `.venv` of the
# workspace). STS_LOCAL_COMMAND names another server, see `with-local-sts.sh`, and
# STS_COMMAND another program than the `sts` of this workspace.
set -eu

name=boto3
tests=$(cd "$(dirname "$0")/.." && pwd)
. "$tests/servers/common.sh"

make_venv "$tests/boto3/requirements.txt"
build_sts
export STS_COMMAND
"$tests/with-local-sts.sh" "$venv/bin/python" "$tests/boto3/check.py" "$@"
exec "$tests/with-local-sts.sh" "$venv/bin/python" "$tests/boto3/program.py"
