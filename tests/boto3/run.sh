#!/usr/bin/env bash
# boto3 and the AWS CLI against the local STS.
#
#     run.sh [CHECK_ARGUMENT...]
#
# Needs Python 3 with venv, and a network for the first run: packages are kept in STS_VENVS (default: `.venv` of the
# workspace). STS_LOCAL_COMMAND names another server, see `with-local-sts.sh`.
set -eu

name=boto3
tests=$(cd "$(dirname "$0")/.." && pwd)
. "$tests/servers/common.sh"

make_venv "$tests/boto3/requirements.txt"
exec "$tests/with-local-sts.sh" "$venv/bin/python" "$tests/boto3/check.py" "$@"
