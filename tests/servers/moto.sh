#!/usr/bin/env bash
# Starts moto's imitation of AWS on loopback, with users and roles in it.
#
#     moto.sh start DIR [open|auth]    prints KEY=VALUE lines
#     moto.sh stop DIR
#
# `auth` (the default) lets moto verify signatures, session tokens and policies; `open` lets it believe everything.
# AssumeRoleWithWebIdentity and AssumeRoleWithSAML work only with `open`: moto answers 500 to an unsigned request
# otherwise. Files of the run are kept in DIR, packages in STS_VENVS (default: `.venv` of the workspace).
set -eu

name=moto
usage='usage: moto.sh start DIR [open|auth] | stop DIR'
. "$(dirname "$0")/common.sh"

start() {
    local dir=$1 mode=${2:-auth} port
    case $mode in open | auth) ;; *) fail "$usage" ;; esac
    make_venv "$here/requirements-moto.txt"
    port=$(free_port)
    launch "$dir" "$venv/bin/moto_server" --host 127.0.0.1 --port "$port"
    await "$dir" "$port"
    "$venv/bin/python" "$here/setup.py" "http://127.0.0.1:$port" >"$dir/facts" || fail "cannot be set up"
    if [ "$mode" = auth ]; then
        # How many more requests are believed unseen.
        curl --silent --show-error --fail --noproxy '*' --max-time 10 --output /dev/null \
            --header 'Content-Type: application/octet-stream' --data-binary 0 \
            "http://127.0.0.1:$port/moto-api/reset-auth" || fail "access control cannot be switched on"
    fi
    cat "$dir/facts"
}

serve "$@"
