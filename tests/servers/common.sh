# Sourced by the scripts of this folder, by `tests/boto3` and `tests/cli`: virtual environments, free ports, processes.
# The script that sources it has set `name`.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Kept between runs.
venvs=${STS_VENVS:-$here/../../.venv}

fail() {
    echo "$name: $*" >&2
    exit 1
}

# make_venv REQUIREMENTS: sets `venv` to a virtual environment with exactly those packages.
make_venv() {
    local requirements=$1 base=${PYTHON:-python3} sum
    command -v "$base" >/dev/null || fail "$base is needed, but is not installed (PYTHON names another)"
    sum=$(cksum <"$requirements")
    venv=$venvs/$name-${sum%% *}
    # The mark is made last, so that what was begun and not finished is not used.
    [ ! -e "$venv/complete" ] || return 0
    rm -rf "$venv"
    mkdir -p "$venvs"
    "$base" -m venv "$venv" || fail "$venv cannot be made (Debian has venv in the package python3-venv)"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" >&2 ||
        fail "the packages of $requirements cannot be installed into $venv"
    touch "$venv/complete"
}

# Sets STS_COMMAND to the program `sts` of this workspace, which is built first, unless it names another one.
build_sts() {
    [ -z "${STS_COMMAND:-}" ] || return 0
    STS_COMMAND=$(cargo build --quiet --manifest-path "$here/../../Cargo.toml" -p sts-blocking --features cli --bin sts \
        --message-format json | sed -n 's/.*"executable":"\([^"]*\/sts\)".*/\1/p')
}

free_port() {
    "$venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# When that process was started. With it a process id cannot be mistaken for a later process that got the same.
started() { ps -o lstart= -p "$1" 2>/dev/null; }

# alive FILE: whether the process that was written to FILE is still there.
alive() {
    local process when
    { read -r process && read -r when; } <"$1" 2>/dev/null || return 1
    [ -n "$when" ] && [ "$(started "$process" | xargs)" = "$when" ]
}

# launch DIR COMMAND...: starts the command in DIR, in the background, and remembers it.
launch() {
    local dir=$1
    shift
    (cd "$dir" && exec "$@") >"$dir/log" 2>&1 </dev/null &
    printf '%s\n%s\n' "$!" "$(started "$!" | xargs)" >"$dir/process"
}

# await DIR PORT: waits until somebody listens there.
await() {
    local patience=300
    until (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null; do
        patience=$((patience - 1))
        alive "$1/process" && [ "$patience" -gt 0 ] || fail "does not listen: $(tail -n 5 "$1/log")"
        sleep 0.2
    done
}

# stop DIR: ends the process that `launch` started there, if it still runs.
stop() {
    local process patience=50
    [ -e "$1/process" ] || return 0
    if alive "$1/process"; then
        read -r process <"$1/process"
        kill -TERM "$process" 2>/dev/null || true
        while [ "$patience" -gt 0 ] && alive "$1/process"; do
            sleep 0.2
            patience=$((patience - 1))
        done
        if alive "$1/process"; then
            kill -KILL "$process" 2>/dev/null || true
        fi
    fi
    rm -f "$1/process"
}

# serve COMMAND DIR [...]: what every server's script does with its arguments. `start` is the script's own.
serve() {
    local command=${1:-} dir=${2:-}
    [ -n "$dir" ] || fail "$usage"
    case $command in
        start)
            mkdir -p "$dir"
            dir=$(cd "$dir" && pwd)
            [ ! -e "$dir/process" ] || fail "$dir is in use"
            shift 2
            trap 'trap "" INT TERM; stop "$dir"' EXIT
            trap 'exit 130' INT
            trap 'exit 143' TERM
            start "$dir" "$@"
            trap - EXIT INT TERM
            ;;
        stop) stop "$dir" ;;
        *) fail "$usage" ;;
    esac
}
