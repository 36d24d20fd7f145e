#!/usr/bin/env bash
# The client through a proxy that is not ours: Debian's tinyproxy on loopback, open to all, with a password, and with
# tunnels to port 443 only. Installs it if it is absent and this is root.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v tinyproxy >/dev/null; then
    apt-get update -qq
    # Not its service: only the program is wanted.
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends tinyproxy-bin >/dev/null
fi

work=$(mktemp -d)
pids=()
stop() {
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    wait
    rm -rf "$work"
}
trap stop EXIT

# start <name> <line of configuration>...: starts one at a free port and sets `url`.
start() {
    local name=$1 port tries
    shift
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    printf '%s\n' "Port $port" 'Listen 127.0.0.1' 'Timeout 30' 'MaxClients 20' 'LogLevel Error' "$@" >"$work/$name.conf"
    tinyproxy -d -c "$work/$name.conf" >"$work/$name.log" 2>&1 &
    pids+=($!)
    for ((tries = 0; tries < 50; tries++)); do
        if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            url=http://127.0.0.1:$port
            return
        fi
        sleep 0.1
    done
    cat "$work/$name.log" >&2
    echo "tinyproxy ($name) did not start" >&2
    return 1
}

start open 'Allow 127.0.0.1'
export STS_TINYPROXY=$url
start password 'Allow 127.0.0.1' 'BasicAuth alice hunter-2'
export STS_TINYPROXY_AUTH=$url
start narrow 'Allow 127.0.0.1' 'ConnectPort 443'
export STS_TINYPROXY_NARROW=$url

cargo test --quiet -p sts-tests --test proxy -- --ignored --exact through_a_real_proxy
echo "proxy: $(tinyproxy -v) serves, asks for its password and refuses, and the client says so"
