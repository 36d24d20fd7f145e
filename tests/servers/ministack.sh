#!/usr/bin/env bash
# Starts MiniStack's imitation of AWS on loopback, with users and roles in it. It verifies signatures, dates, session
# tokens and policies.
#
#     ministack.sh start DIR    prints KEY=VALUE lines
#     ministack.sh stop DIR
#
# Files of the run are kept in DIR, packages in STS_VENVS (default: `.venv` of the workspace).
set -eu

name=ministack
usage='usage: ministack.sh start DIR | stop DIR'
. "$(dirname "$0")/common.sh"

# Whom MiniStack takes for the account's root.
root_id=ROOTOFLOCALMINISTACK
root_secret=0123456789abcdef0123456789abcdef01234567

start() {
    local dir=$1 port
    make_venv "$here/requirements-ministack.txt"
    port=$(free_port)
    mkdir -p "$dir/state" "$dir/tmp"
    # Containers are for other services than STS.
    launch "$dir" env -u DOCKER_HOST AUTH=true BIND_HOST=127.0.0.1 MINISTACK_HOST=127.0.0.1 GATEWAY_PORT="$port" \
        MINISTACK_ACCOUNT_ID=123456789012 AWS_ACCESS_KEY_ID="$root_id" AWS_SECRET_ACCESS_KEY="$root_secret" \
        STATE_DIR="$dir/state" TMPDIR="$dir/tmp" "$venv/bin/python" -m ministack
    await "$dir" "$port"
    "$venv/bin/python" "$here/setup.py" "http://127.0.0.1:$port" --key "$root_id" --secret "$root_secret" >"$dir/facts" ||
        fail "cannot be set up"
    cat "$dir/facts"
}

serve "$@"
