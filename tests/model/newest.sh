#!/usr/bin/env bash
# Compares the newest model of STS with the one that the code follows, and lists what is new.
#
#     newest.sh [--always | --warn] [--since VERSION] [--botocore VERSION] [--awscli VERSION]
#
# Finds the newest botocore and AWS CLI on PyPI, runs the suites that read botocore's service model, endpoint rules and
# forms against them, and prints what differs from the pinned botocore (../botocore/requirements.txt), then which suites
# failed. If the newest versions are the pinned ones, it says so and ends: `.ci/run` has run the suites against those.
#
#     --always            run the suites in any case
#     --warn              run no suite, print one paragraph, and exit with 0 in any case
#     --since VERSION     list what is new since that botocore
#     --botocore VERSION  take that botocore as the newest
#     --awscli VERSION    take that AWS CLI as the newest
#
# Exits with 0 if nothing is new and all suites passed, 1 if something is new or failed, 2 if PyPI cannot be reached.
# Needs the Rust toolchain and Python 3 with venv. The AWS CLI runs with the model of botocore: its own is older.
set -euo pipefail

name=model
tests=$(cd "$(dirname "$0")/.." && pwd)
. "$tests/servers/common.sh"

always=false warn=false since='' botocore='' awscli=''
while [ $# -gt 0 ]; do
    case $1 in
        --always) always=true ;;
        --warn) warn=true ;;
        --since | --botocore | --awscli)
            [ $# -gt 1 ] || fail "$1 needs a version"
            printf -v "${1#--}" %s "$2"
            shift
            ;;
        *) fail "usage: newest.sh [--always | --warn] [--since VERSION] [--botocore VERSION] [--awscli VERSION]" ;;
    esac
    shift
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# finish CODE LINE...: prints the lines and ends, with 0 if this only warns.
finish() {
    local code=$1
    shift
    printf "model: %s\n" "$@"
    $warn && code=0
    exit "$code"
}
unreachable() { finish 2 "$1 cannot be had from PyPI, so whether STS has a newer model is not known"; }

# pin PACKAGE FOLDER: the version in the requirements of a folder.
pin() { sed -n "s/^$1==//p" "$tests/$2/requirements.txt"; }

pinned=$(pin botocore botocore)
for other in "$(pin botocore boto3)" "$(pin boto3 boto3)" "$(pin botocore cli)"; do
    [ "$other" = "$pinned" ] || finish 1 "the requirements of tests/{boto3,botocore,cli} do not agree: botocore $pinned and $other"
done
# The constant that says which model the code follows.
constant=$tests/../sts-proto/src/operation/model.rs
if [ -e "$constant" ]; then
    followed=$(sed -n 's/.*botocore: *"\([0-9.]*\)".*/\1/p' "$constant" | head -n 1)
    [ "$followed" = "$pinned" ] ||
        finish 1 "sts-proto/src/operation/model.rs follows botocore ${followed:-(none)}, the requirements pin $pinned"
fi

"${PYTHON:-python3}" -m venv "$work/pip" || fail "no virtual environment can be made"
python=$work/pip/bin/python
"$python" -m unittest discover --start-directory "$tests/model" >"$work/log" 2>&1 ||
    finish 1 "the tests of diff.py fail:" "$(cat "$work/log")"

newest() { "$python" -m pip --retries 1 --timeout 20 index versions "$1" 2>/dev/null | sed -n "1s/^$1 (\(.*\))$/\1/p"; }
botocore=${botocore:-$(newest botocore)} || true
awscli=${awscli:-$(newest awscli)} || true
[ -n "$botocore" ] && [ -n "$awscli" ] || unreachable "the newest version"
since=${since:-$pinned}
if [ "$botocore $awscli" = "$since $(pin awscli cli)" ] && ! $always; then
    finish 0 "botocore $botocore and AWS CLI $awscli are the newest, and are pinned"
fi

for version in "$since" "$botocore"; do
    # Of what pip says, which may be long, the last line tells most.
    [ -d "$work/$version" ] || "$python" "$tests/fetch-vectors.py" "$work/$version" --botocore "$version" >"$work/log" 2>&1 ||
        unreachable "botocore $version ($(tail -n 1 "$work/log" | cut -c 1-200))"
done
"$python" "$tests/model/diff.py" "$work/$since" "$work/$botocore" >"$work/new" || [ -s "$work/new" ] || fail "diff.py failed"
count=$(wc -l <"$work/new" | xargs)
new="$count differences in the model of STS between botocore $since and $botocore"

if $warn; then
    # Without the facts of each, which are in parentheses.
    some=$(sed 's/ (.*//; 6q' "$work/new" | paste -s -d ';' | sed 's/;/; /g')
    [ "$count" -eq 0 ] || new="$new: $some$([ "$count" -le 6 ] || echo "; and more")"
    finish 0 "$new. Run tests/model/newest.sh for the whole list, and for the suites with AWS CLI $awscli."
fi

# Not kept: the next run may want other versions.
venvs=$work/venvs
grep -v '^\(awscli\|botocore\)==' "$tests/cli/requirements.txt" >"$work/requirements.txt" || true
printf '%s\n' "awscli==$awscli" "botocore==$botocore" >>"$work/requirements.txt"
(make_venv "$work/requirements.txt") || unreachable "botocore $botocore with AWS CLI $awscli"
make_venv "$work/requirements.txt"

# suite NAME COMMAND...: runs it, and remembers the name if it fails.
failed=()
suite() {
    local suite=$1
    shift
    printf '\n== %s, botocore %s\n' "$suite" "$botocore"
    "$@" || failed+=("$suite")
}
# Files that botocore does not have are absent here, so nothing is required.
rust() {
    env -u STS_REQUIRE_VECTORS STS_VECTORS="$work/$botocore" STS_BOTOCORE="$work/forms" \
        cargo test --quiet --manifest-path "$tests/../Cargo.toml" -p sts-tests --test "$1"
}
forms() {
    "$venv/bin/python" "$tests/botocore/generate.py" "$work/forms" --any-version &&
        "$venv/bin/python" "$tests/botocore/profiles.py" "$work/forms" &&
        STS_REQUIRE_BOTOCORE=1 rust botocore_differential
}
suite "model_coverage" rust model_coverage
suite "endpoint_vectors" rust endpoint_vectors
suite "botocore_differential" forms
suite "tests/cli with AWS CLI $awscli" env STS_CLI_VENV="$venv" "$tests/cli/run.sh"

printf '\n== list of work\n'
cat "$work/new"
code=0
[ "$count" -eq 0 ] && [ ${#failed[@]} -eq 0 ] || code=1
finish "$code" "$new" "${#failed[@]} of 4 suites failed" ${failed[@]+"${failed[@]/#/failed: }"}
