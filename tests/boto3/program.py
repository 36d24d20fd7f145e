"""Checks that boto3 and the AWS CLI take credentials from the program `sts`, which STS_COMMAND names.

The STS is the one that the environment names, as for `check.py`.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import asking
import boto3
from asking import equal

STS = os.environ["STS_COMMAND"]
ROLE = "arn:aws:iam::123456789012:role/Deploy"
SESSION = "arn:aws:sts::123456789012:assumed-role/Deploy/"
CONFIG = f"""
[profile base]
aws_access_key_id = {os.environ["AWS_ACCESS_KEY_ID"]}
aws_secret_access_key = {os.environ["AWS_SECRET_ACCESS_KEY"]}
[profile deploy]
role_arn = {ROLE}
source_profile = base
external_id = x:y
[profile program]
credential_process = {STS} credential-process --profile deploy --cache
"""
CHECKS = []
# What a program finds that has nothing but a home.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
}
# In a process of its own, with an environment of its own.
WHO = "import boto3, json; print(json.dumps(boto3.client('sts').get_caller_identity()))"
# The same, and how many policies narrow its session: one more than before the question.
SCOPED = (
    "import boto3, json; sts = boto3.client('sts'); count = sts.get_scoped_credentials(Policy='{}')['ScopedPoliciesCount'];"
    " print(json.dumps({**sts.get_caller_identity(), 'Count': count - 1}))"
)
POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}'
# What would lead a program to the wrong identity, were it passed on or looked at first.
OTHERS = {
    "AWS_PROFILE": "base",
    "AWS_DEFAULT_PROFILE": "base",
    "AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "of-another-session",
    "AWS_SESSION_TOKEN": "of-another-session",
    "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/Other",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/no/such/token",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/other",
}


def check(run):
    CHECKS.append(run)
    return run


def run(*command, **changes):
    """What a command prints, in the environment with those changes."""
    return asking.run(command, {**ENVIRONMENT, **changes})


def caller(text):
    arn = json.loads(text)["Arn"]
    if not arn.startswith(SESSION):
        raise AssertionError(arn)
    return arn


@check
def credential_process_of_boto3(home):
    first = caller(run(sys.executable, "-c", WHO, AWS_PROFILE="program"))
    equal(caller(run(sys.executable, "-c", WHO, AWS_PROFILE="program")), first)


@check
def one_cache_with_the_aws_cli(home):
    aws = str(Path(sys.executable).with_name("aws"))
    # The credentials of the check before, which `sts` left there.
    ours = caller(run(aws, "sts", "get-caller-identity", "--profile", "deploy", "--output", "json"))
    if not re.search(r"/sts-[0-9a-f]{16}$", ours):
        raise AssertionError(f"{ours} was not made by sts")
    for file in (home / ".aws/cli/cache").iterdir():
        file.unlink()
    theirs = caller(run(aws, "sts", "get-caller-identity", "--profile", "deploy", "--output", "json"))
    equal(caller(run(sys.executable, "-c", WHO, AWS_PROFILE="program")), theirs)


@check
def container_endpoint_of_boto3(home):
    server = subprocess.Popen(
        [STS, "serve", "--profile", "base", "--role-arn", ROLE], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    )
    try:
        lines = [server.stdout.readline().strip().removeprefix("export ").split("=", 1) for _ in range(2)]
        where = {name: value.strip("'") for name, value in lines}
        caller(run(sys.executable, "-c", WHO, **where))
        request = urllib.request.Request(where["AWS_CONTAINER_CREDENTIALS_FULL_URI"], headers={"Authorization": "x"})
        try:
            urllib.request.urlopen(request)
            raise AssertionError("credentials were served without the token")
        except urllib.error.HTTPError as error:
            equal(error.code, 401)
    finally:
        server.terminate()
        server.wait()


@check
def container_endpoint_of_a_command(home):
    caller(run(STS, "serve", "--profile", "deploy", "--", sys.executable, "-c", WHO))


@check
def environment_of_a_command(home):
    caller(run(STS, "exec", "--profile", "deploy", "--", sys.executable, "-c", WHO))


def check_scoped(profile, text):
    """Checks what `SCOPED` printed: the identity of the profile, in a session that one policy narrows."""
    found = json.loads(text)
    is_profile = found["Arn"].startswith(SESSION) if profile == "deploy" else found["Arn"].endswith(":user/alice")
    equal((is_profile, found["Count"]), (True, 1))


@check
def scoped_environment_of_a_command(home):
    for profile in ("deploy", "base"):
        command = (STS, "exec", "--profile", profile, "--policy", POLICY, "--", sys.executable, "-c", SCOPED)
        check_scoped(profile, run(*command, **OTHERS))


@check
def scoped_environment_of_a_shell(home):
    # The text also removes AWS_PROFILE, for which some SDKs ignore keys in the environment.
    script = '"$STS" export --profile "$1" --policy "$POLICY" >"$HOME/variables" && . "$HOME/variables" && "$PYTHON" -c "$SCOPED"'
    names = {"STS": STS, "POLICY": POLICY, "PYTHON": sys.executable, "SCOPED": SCOPED}
    for profile in ("deploy", "base"):
        check_scoped(profile, run("sh", "-c", script, "sh", profile, **{**OTHERS, **names}))


@check
def eks_tokens(home):
    verify = [STS, "eks-verify", "--cluster-name", "c", "--query", "CanonicalArn", "--output", "text"]
    ours = run(STS, "eks-token", "--cluster-name", "c", "--profile", "deploy")
    equal(subprocess.run(verify, input=ours, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout, f"{ROLE}\n")
    # That of another cluster.
    other = run(STS, "eks-token", "--cluster-name", "d", "--profile", "deploy")
    equal(subprocess.run(verify, input=other, env=ENVIRONMENT, capture_output=True, text=True, check=False).returncode, 254)


def main():
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / ".aws").mkdir()
        (home / ".aws/config").write_text(CONFIG)
        ENVIRONMENT["HOME"] = folder
        for run_check in CHECKS:
            try:
                run_check(home)
            except Exception as error:  # A check fails by raising anything.
                failures.append(f"{run_check.__name__}: {type(error).__name__}: {error}")
    print(f"boto3 {boto3.__version__} with credentials of sts: {len(CHECKS)} checks, {len(failures)} failures")
    for failure in failures:
        print(f"  {failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
