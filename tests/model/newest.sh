#!/usr/bin/env bash
# Compares the newest model of STS with the one that the code follows, and lists what is new.
#
#     newest.sh [--always | --warn] [--since VERSION] [--botocore VERSION] [--awscli VERSION]
#
# First checks this repository: the tests of this folder, and that the pinned versions and the model that sts-proto names
# agree. Then finds the newest botocore and AWS CLI on PyPI, prints what differs from the pinned botocore
# (../botocore/requirements.txt), and runs the suites that read botocore's service model, endpoint rules and forms against
# the newest versions. If these are the pinned ones, it says so and ends: `.ci/run` has run the suites against those.
#
#     --always            run the suites in any case
#     --warn              run no suite, print one paragraph, and exit with 0 unless the check of this repository fails
#     --since VERSION     list what is new since that botocore
#     --botocore VERSION  take that botocore as the newest
#     --awscli VERSION    take that AWS CLI as the newest
#
# Exits with 1 if the check of this repository or a suite fails or something is new, else with 2 if PyPI cannot be reached
# or the packages cannot be installed, else with 0.
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

# finish CODE LINE...: prints the lines and exits with the code, or with 0 if this only warns. The check of this repository
# calls `fail` instead, which always exits with 1.
finish() {
    local code=$1
    shift
    printf "model: %s\n" "$@"
    $warn && code=0
    exit "$code"
}
# unknown REASON: exits because the newest model cannot be fetched.
unknown() { finish 2 "$1; whether STS has a newer model is not known"; }

# reason FILE: the line of a command's output that says why the command failed. For pip this is the last error, except the
# errors that list versions or refer to a manual, with the reason why a connection broke.
reason() {
    local error broken
    error=$(sed -n '/ResolutionImpossible\|(from versions:/d; s/^ERROR: //p' "$1" | tail -n 1)
    broken=$(sed -n "s/.*connection broken by '\(.*\)': .*/\1/p" "$1" | tail -n 1)
    printf '%s%s' "${error:-$(tail -n 1 "$1")}" "${broken:+, $broken}" | cut -c 1-300
}

# pin PACKAGE FOLDER: the version in the requirements of a folder.
pin() { sed -n "s/^$1==//p" "$tests/$2/requirements.txt"; }

pinned=$(pin botocore botocore)
for other in "$(pin botocore boto3)" "$(pin boto3 boto3)" "$(pin botocore cli)"; do
    [ "$other" = "$pinned" ] || fail "the requirements of tests/{boto3,botocore,cli} do not agree: botocore $pinned and $other"
done
pinned_cli=$(pin awscli cli)
[ "$(pin awscli boto3)" = "$pinned_cli" ] ||
    fail "the requirements of tests/{boto3,cli} do not agree: awscli $(pin awscli boto3) and $pinned_cli"
# The constant that says which model the code follows.
followed=$(sed -n 's/.*botocore: *"\([0-9.]*\)".*/\1/p' "$tests/../sts-proto/src/operation/model.rs" | head -n 1) || true
[ "$followed" = "$pinned" ] ||
    fail "sts-proto/src/operation/model.rs follows botocore ${followed:-(none)}, the requirements pin $pinned"

python=${PYTHON:-python3}
"$python" -m unittest discover --start-directory "$tests/model" >"$work/log" 2>&1 ||
    fail "the tests of tests/model fail:"$'\n'"$(cat "$work/log")"

# The check of this repository ends here: what fails later depends on PyPI and on this machine.
"$python" -m venv "$work/pip" >"$work/log" 2>&1 || unknown "no virtual environment can be made: $(reason "$work/log")"
python=$work/pip/bin/python

newest() { "$python" -m pip --retries 1 --timeout 20 index versions "$1" 2>>"$work/log" | sed -n "1s/^$1 (\(.*\))$/\1/p"; }
botocore=${botocore:-$(newest botocore)} || true
awscli=${awscli:-$(newest awscli)} || true
[ -n "$botocore" ] && [ -n "$awscli" ] || unknown "the newest versions cannot be read from PyPI: $(reason "$work/log")"
since=${since:-$pinned}
if [ "$botocore $awscli" = "$since $pinned_cli" ] && ! $always; then
    finish 0 "botocore $botocore and AWS CLI $awscli are the newest, and are pinned"
fi

for version in "$since" "$botocore"; do
    [ -d "$work/$version" ] || "$python" "$tests/fetch-vectors.py" "$work/$version" --botocore "$version" >"$work/log" 2>&1 ||
        unknown "botocore $version cannot be fetched from PyPI: $(reason "$work/log")"
done
"$python" "$tests/model/diff.py" "$work/$since" "$work/$botocore" >"$work/new" 2>"$work/log" || [ -s "$work/new" ] ||
    finish 1 "diff.py failed on botocore $since and $botocore: $(reason "$work/log")"
count=$(wc -l <"$work/new" | xargs)
between="in the model and the endpoint rules of STS between botocore $since and $botocore"
case $count in
    0) new="nothing is new $between" ;;
    1) new="1 difference $between" ;;
    *) new="$count differences $between" ;;
esac
[ "$since" != "$botocore" ] || new="nothing is new in the model of STS: botocore $botocore is the newest"

if $warn; then
    # Without the facts of each, which are in parentheses.
    some=$(sed 's/ (.*//; 6q' "$work/new" | paste -s -d ';' | sed 's/;/; /g')
    also=
    [ "$count" -eq 0 ] || new="$new: $some$([ "$count" -le 6 ] || echo "; and more")" also='the whole list and '
    finish 0 "$new. Run tests/model/newest.sh for ${also}the suites with botocore $botocore and AWS CLI $awscli."
fi

work_list() {
    printf '\n== list of work\n'
    [ "$count" -gt 0 ] || echo "$new"
    cat "$work/new"
}
# Printed before the suites as well, in case they cannot run.
work_list

# Not kept: the next run may want other versions.
venvs=$work/venvs
grep -v '^\(awscli\|botocore\)==' "$tests/cli/requirements.txt" >"$work/requirements.txt" || true
printf '%s\n' "awscli==$awscli" "botocore==$botocore" >>"$work/requirements.txt"
if ! (make_venv "$work/requirements.txt") >"$work/log" 2>&1; then
    printf '\n== environment for the suites\n'
    cat "$work/log"
    code=2
    [ "$count" -eq 0 ] || code=1
    finish "$code" "$new" "the suites were not run, for botocore $botocore and AWS CLI $awscli cannot be installed: $(reason "$work/log")"
fi
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

work_list
code=0
[ "$count" -eq 0 ] && [ ${#failed[@]} -eq 0 ] || code=1
finish "$code" "$new" "${#failed[@]} of 4 suites failed" ${failed[@]+"${failed[@]/#/failed: }"}
