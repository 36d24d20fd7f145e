"""Asks programs who they are where `sts` passes credentials on, while every other source has another identity.

The receivers are `sts` (STS_COMMAND), boto3, the AWS CLI, version 2 as well if it is on the PATH, and the AWS SDK for Rust
(STS_SDK_RECEIVER, the program of `tests/peers/receiver`). `run.sh` starts an STS with the users of `receivers.toml`, which
also answers as container and as instance.
"""

import base64
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import boto3
import botocore
from asking import TIMEOUT, equal, run

STS = os.environ["STS_COMMAND"]
URL = os.environ["AWS_ENDPOINT_URL_STS"]
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Deploy"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/"
USER = f"arn:aws:iam::{ACCOUNT}:user/"
KEYS = {
    "wanted": "AKIAWANTEDWANTEDWANT",
    "environment": "AKIAENVIRONMENTEXAMP",
    "config-default": "AKIACONFIGDEFAULTEXA",
    "credentials-default": "AKIACREDENTIALSDEFAU",
    "chosen-profile": "AKIACHOSENPROFILEEXA",
    "boto": "AKIABOTOBOTOBOTOBOTO",
    "boto-config": "AKIABOTOCONFIGBOTOCO",
    "ec2-file": "AKIAECFILEECFILEECFI",
}
# A certificate file that exists: the local STS speaks no TLS.
BUNDLE = Path(botocore.__file__).with_name("cacert.pem")
# What a profile says besides who it is.
SETTINGS = f"""region = eu-central-1
retry_mode = adaptive
max_attempts = 7
ca_bundle = {BUNDLE}
services = local
"""
BOTO = (
    "import boto3, botocore.session, os; profile = os.environ.get('RECEIVER_PROFILE');"
    " session = boto3.Session(profile_name=profile); print(session.client('sts').get_caller_identity()['Arn'])"
)
# The settings as boto3 sees them.
BOTO_SETTINGS = (
    "import boto3, json; s = boto3.Session(); c = s._session.get_config_variable; print(json.dumps([s.region_name,"
    " c('retry_mode'), c('max_attempts'), c('ca_bundle'), s.client('s3').meta.endpoint_url, s.client('sts').meta.endpoint_url]))"
)


class Receiver:
    """A program that can be asked who it is."""

    def __init__(self, name, command, profile=None):
        # The options that choose a profile, if it has such.
        self.name, self.command, self.profile = name, command, profile


def receivers():
    """The receivers that are here, and why others are not."""
    identity = ["sts", "get-caller-identity", "--query", "Arn", "--output", "text"]
    found = [
        Receiver("sts", [STS, *identity[1:]], lambda name: ["--profile", name]),
        Receiver("boto3", [sys.executable, "-c", BOTO], lambda name: []),
        Receiver("AWS CLI 1", [str(Path(sys.executable).with_name("aws")), *identity], lambda name: ["--profile", name]),
    ]
    skipped = []
    aws = shutil.which("aws")
    if aws and "aws-cli/2" in subprocess.run([aws, "--version"], capture_output=True, text=True, check=False).stdout:
        found.append(Receiver("AWS CLI 2", [aws, *identity], lambda name: ["--profile", name]))
    else:
        skipped.append("AWS CLI 2")
    sdk = os.environ.get("STS_SDK_RECEIVER")
    if sdk:
        found.append(Receiver("AWS SDK for Rust", [sdk]))
    else:
        skipped.append("the AWS SDK for Rust (STS_SDK_RECEIVER)")
    return found, skipped


def section(name, user, more=""):
    return f"[{name}]\naws_access_key_id = {KEYS[user]}\naws_secret_access_key = secret-of-{user}\n{more}\n"


class Sources:
    """A home and an environment in which every source of credentials has an identity, each another."""

    def __init__(self, home):
        (home / ".aws").mkdir()
        process = f"[profile process]\ncredential_process = {STS} credential-process --profile wanted\nregion = us-east-1\n"
        (home / ".aws/config").write_text(
            section("default", "config-default", "region = us-west-2\nretry_mode = standard")
            + section("profile chosen", "chosen-profile", "region = us-west-2")
            + section("profile base", "wanted", SETTINGS)
            + f"[profile wanted]\nrole_arn = {ROLE}\nsource_profile = base\n{SETTINGS}\n"
            + f"[services local]\nsts =\n  endpoint_url = {URL}\ns3 =\n  endpoint_url = http://127.0.0.1:2\n"
            + process
        )
        (home / ".aws/credentials").write_text(section("default", "credentials-default"))
        (home / ".boto").write_text(section("Credentials", "boto"))
        (home / "boto.cfg").write_text(section("Credentials", "boto-config"))
        ec2 = f"AWSAccessKeyId={KEYS['ec2-file']}\nAWSSecretKey=secret-of-ec2-file\n"
        (home / "ec2-file").write_text(ec2)
        claims = {"iss": "https://x.test", "sub": "alice", "aud": "y", "exp": int(time.time()) + 3600}
        parts = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b'{"alg":"none"}', json.dumps(claims).encode(), b"x")]
        (home / "token").write_text(".".join(parts))
        keep = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BOTO", "STS_"))}
        # For a receiver without variables of the chain there are the files and the instance.
        self.files = {
            **keep,
            "HOME": str(home),
            "AWS_ENDPOINT_URL_STS": URL,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": URL,
        }
        self.container = {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{URL}/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "local-container-token",
        }
        # What dotenv files and JSON are loaded into: they cannot remove a variable.
        self.clean = {**self.files, **self.container, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
        self.all = {
            **self.files,
            **self.container,
            "AWS_ACCESS_KEY_ID": KEYS["environment"],
            "AWS_ACCESS_KEY": KEYS["environment"],
            "AWS_SECRET_ACCESS_KEY": "secret-of-environment",
            "AWS_SECRET_KEY": "secret-of-environment",
            "AWS_PROFILE": "chosen",
            "AWS_DEFAULT_PROFILE": "chosen",
            "AWS_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/Web",
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(home / "token"),
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(home / "token"),
            "AWS_CREDENTIAL_FILE": str(home / "ec2-file"),
            "BOTO_CONFIG": str(home / "boto.cfg"),
        }
        # Of temporary credentials that were there before.
        self.stale = {
            **self.all,
            "AWS_SESSION_TOKEN": "stale",
            "AWS_SECURITY_TOKEN": "stale",
            "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z",
            "AWS_ACCOUNT_ID": "210987654321",
        }


def is_wanted(text, profile="wanted"):
    """Whether that is the identity of the profile, or one of its sessions."""
    arn = (text.splitlines() or [""])[0]
    if not (arn.startswith(SESSION) if profile == "wanted" else arn == f"{USER}wanted"):
        raise AssertionError(f"acts as {arn}")


# Each check takes the sources and a receiver.


def exec_command(sources, receiver):
    is_wanted(run([STS, "exec", "--profile", "wanted", "--", *receiver.command], sources.stale))


def exec_long_term_keys(sources, receiver):
    is_wanted(run([STS, "exec", "--no-session", "--profile", "base", "--", *receiver.command], sources.stale), "base")


def serve_command(sources, receiver):
    is_wanted(run([STS, "serve", "--profile", "wanted", "--", *receiver.command], sources.stale))


def serve_role_command(sources, receiver):
    is_wanted(run([STS, "serve", "--role-arn", ROLE, "--", *receiver.command], sources.all))


def serve_text(sources, receiver):
    command = [STS, "serve", "--profile", "wanted"]
    server = subprocess.Popen(command, env=sources.stale, stdout=subprocess.PIPE, text=True)
    # A server that prints nothing is ended, and with it the reading.
    timer = threading.Timer(TIMEOUT, server.kill)
    timer.start()
    try:
        lines = iter(server.stdout.readline, "")
        text = []
        for line in lines:
            text.append(line)
            if line.startswith("unset "):
                break
        is_wanted(run(["sh", "-uc", 'eval "$0"; exec "$@"', "".join(text), *receiver.command], sources.stale))
    finally:
        timer.cancel()
        server.kill()
        server.wait()


def export_sh(sources, receiver):
    for profile in ("wanted", "base"):
        script = 'text=$("$0" export --profile "$1") && eval "$text" && shift && exec "$@"'
        is_wanted(run(["sh", "-uc", script, STS, profile, *receiver.command], sources.stale), profile)


def export_fish(sources, receiver):
    script = f"{STS} export --profile base --format fish | source; exec $argv"
    is_wanted(run(["fish", "-c", script, *receiver.command], sources.stale), "base")


def export_powershell(sources, receiver):
    words = " ".join("'" + word.replace("'", "''") + "'" for word in receiver.command)
    script = f"& '{STS}' export --profile base --format powershell | Out-String | Invoke-Expression; & {words}"
    is_wanted(run(["pwsh", "-NoProfile", "-Command", script], sources.stale), "base")


def export_dotenv(sources, receiver):
    text = run([STS, "export", "--profile", "wanted", "--format", "dotenv"], sources.stale)
    pairs = dict(line.split("=", 1) for line in text.splitlines())
    is_wanted(run(receiver.command, {**sources.clean, **pairs}))


def export_json(sources, receiver):
    pairs = json.loads(run([STS, "export", "--profile", "wanted", "--format", "json"], sources.stale))
    is_wanted(run(receiver.command, {**sources.clean, **pairs}))


def credential_process(sources, receiver):
    if receiver.profile:
        environment = {**sources.stale, "RECEIVER_PROFILE": "process"}
        is_wanted(run([*receiver.command, *receiver.profile("process")], environment))
    else:
        # It takes keys and a web identity in the environment before any profile.
        environment = {**sources.files, **sources.container, "AWS_PROFILE": "process"}
        is_wanted(run(receiver.command, environment))


def expired_keys(sources, receiver):
    """A receiver refuses expired keys, or sends them; it asks no other source."""
    script = 'AWS_CREDENTIAL_EXPIRATION=2020-01-01T00:00:00Z exec "$@"'
    command = [STS, "exec", "--profile", "wanted", "--", "sh", "-c", script, "sh", *receiver.command]
    done = subprocess.run(command, env=sources.all, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if done.returncode == 0:
        is_wanted(done.stdout)
    elif "expired" not in done.stderr:
        raise AssertionError(done.stderr.strip()[-300:])


def refused_container(sources, receiver):
    """A receiver that gets no answer of the container asks no other source."""
    script = 'AWS_CONTAINER_AUTHORIZATION_TOKEN=wrong exec "$@"'
    command = [STS, "serve", "--profile", "wanted", "--", "sh", "-c", script, "sh", *receiver.command]
    done = subprocess.run(command, env=sources.all, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if done.returncode == 0:
        raise AssertionError(f"acts as {done.stdout.strip()}")


def settings(sources, receiver):
    """The settings of the profile, the URL of STS among them, reach the receiver."""
    environment = {name: value for name, value in sources.stale.items() if name != "AWS_ENDPOINT_URL_STS"}
    for command in ("exec", "serve"):
        start = [STS, command, "--profile", "wanted", "--"]
        text = run([*start, *receiver.command], environment)
        is_wanted(text)
        if receiver.name == "boto3":
            found = json.loads(run([*start, sys.executable, "-c", BOTO_SETTINGS], environment))
            equal(found, ["eu-central-1", "adaptive", 7, str(BUNDLE), "http://127.0.0.1:2", URL])
        if receiver.name == "AWS SDK for Rust":
            equal(text.splitlines()[1:], ["eu-central-1", "Adaptive 7"])


CHECKS = [
    exec_command,
    exec_long_term_keys,
    serve_command,
    serve_role_command,
    serve_text,
    export_sh,
    export_dotenv,
    export_json,
    credential_process,
    expired_keys,
    refused_container,
    settings,
]


def main():
    found, skipped = receivers()
    checks = list(CHECKS)
    for shell, check in (("fish", export_fish), ("pwsh", export_powershell)):
        if shutil.which(shell):
            checks.append(check)
        else:
            skipped.append(shell)
    if skipped:
        print(f"skipped, not here: {', '.join(skipped)}")
    failures = []
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(4) as pool:
        sources = Sources(Path(folder))
        begin = time.monotonic()
        started = {pool.submit(check, sources, receiver): (check, receiver) for check in checks for receiver in found}
        for future, (check, receiver) in started.items():
            try:
                future.result()
            except Exception as error:  # A check fails by raising anything.
                failures.append(f"{check.__name__}, {receiver.name}: {type(error).__name__}: {error}")
    names = ", ".join(receiver.name for receiver in found)
    seconds = time.monotonic() - begin
    print(f"{names} with credentials of sts: {len(started)} checks, {len(failures)} failures ({seconds:.0f} s)")
    for failure in failures:
        print(f"  {failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
