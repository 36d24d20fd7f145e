#!/usr/bin/env bash
# Compares this client with botocore: makes the cases with botocore, then runs the suite over them.
#
#     run.sh [OUT_DIR]
#
# OUT_DIR (a temporary folder if none is given, removed afterwards) gets the cases; OUT_DIR/../venv, reused if it is
# there, gets botocore. Needs Python 3 with venv, pip, and a network for the first run.
set -eu

fail() {
    echo "run.sh: $1" >&2
    exit 1
}

[ $# -le 1 ] || fail "at most one argument is taken, the folder for the cases"
here=$(cd "$(dirname "$0")" && pwd)
workspace=$(cd "$here/../.." && pwd)
python=${PYTHON:-python3}
command -v "$python" >/dev/null || fail "$python is needed, but is not installed (PYTHON names another)"
command -v cargo >/dev/null || fail "cargo is needed, but is not installed"

if [ $# -eq 1 ]; then
    mkdir -p "$1" || fail "$1 cannot be made"
    out=$(cd "$1" && pwd)
else
    temporary=$(mktemp -d)
    trap 'rm -rf "$temporary"' EXIT
    out=$temporary/cases
    mkdir "$out"
fi
venv=$(dirname "$out")/venv

if [ ! -x "$venv/bin/python" ]; then
    "$python" -m venv "$venv" || fail "$venv cannot be made (Debian has venv in the package python3-venv)"
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" ||
    fail "botocore cannot be installed into $venv"
for script in generate.py profiles.py tokens.py; do
    "$venv/bin/python" "$here/$script" "$out" || fail "the cases cannot be made"
done

STS_BOTOCORE=$out STS_REQUIRE_BOTOCORE=1 \
    cargo test --manifest-path "$workspace/Cargo.toml" -p sts-tests --test botocore_differential --test botocore_tokens
