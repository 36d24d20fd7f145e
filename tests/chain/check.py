"""Compares where boto3 and this client find credentials: the same files and environment must give the same access key.

    VENV/bin/python check.py [--verbose]

`run.sh` sets AWS_ENDPOINT_URL_STS to an STS whose key ids follow from the request and its caller, so that equal ids of
roles mean equal requests with equal credentials, and STS_CHAIN to the program that prints what this client finds.
"""

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

URL = os.environ["AWS_ENDPOINT_URL_STS"]
CHAIN = os.environ["STS_CHAIN"]
for inherited in [each for each in os.environ if each.startswith(("AWS_", "BOTO_"))]:
    del os.environ[inherited]

import botocore.session
from botocore.utils import JSONFileCache

ACCOUNT = "123456789012"
MFA_CODE = "123456"
KEYS = {
    "environment": "AKIAENVIRONMENTEXAMP",
    "config": "AKIACONFIGCONFIGEXAM",
    "credentials": "AKIACREDENTIALSEXAMP",
    "process": "AKIAPROCESSPROCESSEX",
}

# Where this client decided otherwise, and why. Each must differ still, or its line must go.
DIFFERENT = {
    "credential_source in other case": "AWS's SDK for Rust takes any case, and so does this client",
    "a web identity, its session name in the environment": (
        "AWS's SDK for Rust reads a web identity from the environment or from a profile, and mixes no parts of both"
    ),
}

# What the AWS CLI keeps in its cache besides roles upon other credentials.
KEPT_WEB_IDENTITIES = [
    "a web identity in the environment",
    "the same with a session name",
    "a web identity in a profile that is named",
]


def base64url(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def token():
    """A web identity token in shape: the server verifies the signatures of its own issuer's only."""
    claims = {"iss": "https://x.test", "sub": "alice", "aud": "y", "exp": int(time.time()) + 3600}
    return ".".join([base64url('{"alg":"none"}'), base64url(json.dumps(claims)), base64url("signature")])


def keys(of, session_token=None):
    lines = {"aws_access_key_id": KEYS[of], "aws_secret_access_key": f"secret-of-{of}"}
    return {**lines, **({"aws_session_token": session_token} if session_token else {})}


def variables(of="environment", session_token=None):
    return {name.upper(): value for name, value in keys(of, session_token).items()}


def role(name, **more):
    return {"role_arn": f"arn:aws:iam::{ACCOUNT}:role/{name}", **more}


def web_variables(role_name="Web", file="FOLDER/token"):
    return {"AWS_WEB_IDENTITY_TOKEN_FILE": file, "AWS_ROLE_ARN": role(role_name)["role_arn"]}


def process(output=None, code=0):
    """A command that prints that. It runs without a shell."""
    made = {"Version": 1, "AccessKeyId": KEYS["process"], "SecretAccessKey": "secret-of-process"}
    return {"credential_process": f"{sys.executable} FOLDER/print.py {code} {base64url(output or json.dumps(made))}"}


class Layout:
    """Two files, an environment, and the profile that the program names, if it names one."""

    def __init__(self, name, config=None, credentials=None, environment=None, profile=None):
        self.name, self.profile = name, profile
        self.config, self.credentials = config or {}, credentials or {}
        self.environment = environment or {}

    def write(self, folder):
        """The environment that finds the files, which it writes."""

        def section(name, lines):
            lines = "".join(f"{key} = {value}\n" for key, value in lines.items())
            return f"[{name}]\n{lines}\n".replace("FOLDER", str(folder))

        header = lambda name: name if name == "default" else f"profile {name}"
        sections = [section(header(name), lines) for name, lines in self.config.items()]
        (folder / "config").write_text("".join(sections))
        sections = [section(name, lines) for name, lines in self.credentials.items()]
        (folder / "credentials").write_text("".join(sections))
        return {
            **{name: value.replace("FOLDER", str(folder)) for name, value in self.environment.items()},
            "HOME": str(folder),
            "AWS_CONFIG_FILE": str(folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
            "AWS_ENDPOINT_URL_STS": URL,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def bases():
    """Ways to have the first credentials: by name, the lines in both files, and the environment."""
    web = role("Web", web_identity_token_file="FOLDER/token", role_session_name="web")
    return {
        "keys in config": (keys("config"), {}, {}),
        "keys in credentials": ({}, keys("credentials"), {}),
        "keys in both": (keys("config"), keys("credentials"), {}),
        "a token in config": (keys("config", "a-token"), {}, {}),
        "a token in credentials": ({}, keys("credentials", "a-token"), {}),
        "a process": (process(), {}, {}),
        "a process beside keys in config": ({**process(), **keys("config")}, {}, {}),
        "a process beside keys in credentials": (process(), keys("credentials"), {}),
        "a web identity": (web, {}, {}),
        "a web identity beside keys": ({**web, **keys("config")}, {}, {}),
    }


def chains():
    """Nothing to three roles on top of each of them."""
    for name, (config, credentials, environment) in bases().items():
        for depth in range(4):
            if depth and "token" in name:
                continue  # an invented token signs nothing
            profiles = {"base": config} if config or not credentials else {}
            for number in range(depth):
                source = f"role{number - 1}" if number else "base"
                profiles[f"role{number}"] = role(f"R{number}", source_profile=source)
            chosen = f"role{depth - 1}" if depth else "base"
            secret = {"base": credentials} if credentials else {}
            yield Layout(f"{name}, {depth} roles", profiles, secret, {**environment, "AWS_PROFILE": chosen})


def choices():
    """Who chooses the profile, with keys in the environment and without."""
    profiles = {"default": keys("config"), "other": role("Other", source_profile="base"), "base": keys("credentials")}
    for environment in [{}, variables()]:
        beside = "beside keys in the environment" if environment else "alone"
        for by_variable in [None, "AWS_PROFILE", "AWS_DEFAULT_PROFILE"]:
            for profile in [None, "base", "other", "default"]:
                chosen = {by_variable: "other"} if by_variable else {}
                name = f"{by_variable or 'no variable'}, {profile or 'nothing'} named by the program, {beside}"
                yield Layout(name, profiles, {}, {**environment, **chosen}, profile)


def parameters():
    """What a role's profile can say besides."""
    mfa = f"arn:aws:iam::{ACCOUNT}:mfa/config"
    for name, more in {
        "an external id": {"external_id": "outer/id:7"},
        "a session name": {"role_session_name": "mine@x"},
        "a duration": {"duration_seconds": "1800"},
        "an MFA device": {"mfa_serial": mfa},
        "all of them": {"external_id": "id", "role_session_name": "s1", "duration_seconds": "3600", "mfa_serial": mfa},
        "what it does not know": {"output": "json", "s3": "\n  addressing_style = path"},
    }.items():
        config = {"default": role("R", source_profile="base", **more), "base": keys("config")}
        yield Layout(f"a role with {name}", config)
        own = {"default": {**role("R", source_profile="default", **more), **keys("config")}}
        yield Layout(f"a role over its own keys with {name}", own)


def relations():
    by_environment = role("R", credential_source="Environment")
    yield Layout("credential_source Environment", {"default": by_environment}, {}, variables(), "default")
    yield Layout("credential_source in other case", {"default": role("R", credential_source="environment")}, {}, variables(), "default")
    yield Layout("credential_source Environment, keys in it come first", {"default": by_environment}, {}, variables())
    yield Layout("credential_source Environment without keys", {"default": by_environment}, {}, {})
    yield Layout(
        "a role over credential_source Environment",
        {"a": role("A", source_profile="b"), "b": role("B", credential_source="Environment")}, {}, variables(), "a",
    )
    yield Layout("its own keys in credentials", {"a": role("R", source_profile="a")}, {"a": keys("credentials")}, {}, "a")
    yield Layout("its own keys nowhere", {"a": role("R", source_profile="a")}, {}, {}, "a")
    with_keys = {**role("B", source_profile="c"), **keys("config")}
    yield Layout(
        "keys of the source come before its role",
        {"a": role("A", source_profile="b"), "b": with_keys, "c": keys("credentials")}, {}, {}, "a",
    )
    yield Layout("a role comes before keys of its own", {"b": with_keys, "c": keys("credentials")}, {}, {}, "b")
    yield Layout("a role in the credentials file", {}, {"a": role("A", source_profile="b"), "b": keys("credentials")}, {}, "a")
    yield Layout("a session in the environment", {"default": keys("config")}, {}, variables("environment", "a-token"))
    web = role("W", web_identity_token_file="FOLDER/token")
    assumes = {"default": role("R", source_profile="base"), "base": keys("config")}
    yield Layout("a web identity in the environment", {}, {}, web_variables())
    yield Layout("the same with a session name", {}, {}, {**web_variables(), "AWS_ROLE_SESSION_NAME": "pod"})
    yield Layout("the same beside keys in it", {}, {}, {**web_variables(), **variables()})
    yield Layout("the same beside a profile with keys", {"default": keys("config")}, {}, web_variables())
    yield Layout("the same beside a profile with a role", assumes, {}, web_variables())
    yield Layout("the same beside a profile with a web identity", {"default": web}, {}, web_variables())
    yield Layout("the same, a profile is named by the program", {"default": keys("config")}, {}, web_variables(), "default")
    yield Layout("a web identity, its session name in the environment", {"a": web}, {}, {"AWS_PROFILE": "a", "AWS_ROLE_SESSION_NAME": "pod"})
    only_role = {"a": role("W", source_profile="base"), "base": keys("config")}
    yield Layout("a token file in the environment, a role in the profile", only_role, {}, {"AWS_PROFILE": "a", "AWS_WEB_IDENTITY_TOKEN_FILE": "FOLDER/token"})
    split = {"a": {"source_profile": "base"}, "base": {"output": "json"}}
    yield Layout("a profile in both files", split, {"a": role("A"), "base": keys("credentials")}, {}, "a")
    both = {"a": role("A", source_profile="base", external_id="config"), "base": keys("config")}
    yield Layout("a parameter in both files", both, {"a": {"external_id": "credentials"}}, {}, "a")
    yield Layout("a web identity in a profile that is named", {"a": web}, {}, {}, "a")


def broken():
    """Both must fail."""
    half = {"aws_access_key_id": KEYS["config"]}
    web = role("W", web_identity_token_file="FOLDER/none")
    one = {
        "nothing": {},
        "half a pair": half,
        "a role without a source": role("R"),
        "a role with two sources": role("R", source_profile="base", credential_source="Environment"),
        "a source that does not exist": role("R", source_profile="missing"),
        "a source that says nothing": role("R", source_profile="empty"),
        "a source with half a pair": role("R", source_profile="half"),
        "a circle": role("R", source_profile="round"),
        "an unknown credential_source": role("R", credential_source="Moon"),
        "a role that is none": {"role_arn": "nonsense", "source_profile": "base"},
        "a wrong key": role("R", source_profile="stranger"),
        "a token file that is missing": web,
        "a token file without a role": {"web_identity_token_file": "FOLDER/token"},
        "a process that fails": process(code=3),
        "a process that prints no JSON": process("hello"),
        "a process of version 2": process('{"Version":2,"AccessKeyId":"A","SecretAccessKey":"s"}'),
        "a process without a secret": process('{"Version":1,"AccessKeyId":"A"}'),
        "a process that is missing": {"credential_process": "FOLDER/nothing"},
    }
    others = {
        "base": keys("config"), "empty": {}, "half": half, "round": role("R", source_profile="a"),
        "stranger": {"aws_access_key_id": "AKIASTRANGEREXAMPLE1", "aws_secret_access_key": "x"},
    }
    for name, lines in one.items():
        yield Layout(f"broken: {name}", {"a": lines, **others}, {}, {"AWS_PROFILE": "a"})
    yield Layout("broken: a profile that does not exist", others, {}, {"AWS_PROFILE": "missing"})
    yield Layout("broken: the same, named by the program", others, {}, variables(), "missing")
    yield Layout("broken: half a pair in the environment", {}, {}, {"AWS_ACCESS_KEY_ID": "AKIA"})
    yield Layout("broken: a web identity in the environment without its file", {}, {}, web_variables(file="FOLDER/none"))


def of_boto3(layout, environment, cache=None):
    """The access key id, or why there is none. With the CLI's cache of roles in that folder, if one is given."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        session = botocore.session.Session(profile=layout.profile)
        provider = session.get_component("credential_provider").get_provider("assume-role")
        code = environment.get("STS_TESTS_MFA_CODE", MFA_CODE)
        provider._prompter = lambda _: code
        if cache:
            # As the AWS CLI does it.
            web_identity = session.get_component("credential_provider").get_provider("assume-role-with-web-identity")
            provider.cache = web_identity.cache = JSONFileCache(str(cache))
        credentials = session.get_credentials()
        if credentials is None:
            return None, "none found"
        return credentials.get_frozen_credentials().access_key, credentials.method
    except Exception as error:  # whatever it raises, it gave none
        return None, f"{type(error).__name__}: {error}"
    finally:
        os.environ.clear()
        os.environ.update(before)


def of_us(layout, environment):
    arguments = [layout.profile] if layout.profile else []
    made = subprocess.run(
        [CHAIN, *arguments], env={"STS_TESTS_MFA_CODE": MFA_CODE, **environment, "PATH": os.environ["PATH"]},
        capture_output=True, text=True, timeout=60,
    )
    if made.returncode:
        raise SystemExit(f"{layout.name}: {CHAIN} ended with {made.returncode}: {made.stderr}")
    said = json.loads(made.stdout)
    return said.get("access_key_id"), said.get("source") or said.get("error")


def prepare(folder):
    """The files that layouts name."""
    (folder / "token").write_text(token())
    (folder / "print.py").write_text(
        "import base64, sys\n"
        "print(base64.urlsafe_b64decode(sys.argv[2] + '==').decode())\n"
        "sys.exit(int(sys.argv[1]))\n"
    )
    return folder


def shared_cache(layout):
    """What is wrong with sharing the CLI's cache: each must find what the other has kept, without STS and MFA code."""
    kept, faults = [], []
    for first, second, who in [(of_boto3, of_us, "boto3"), (of_us, of_boto3, "this client")]:
        with tempfile.TemporaryDirectory() as folder:
            folder = prepare(Path(folder))
            cache = folder / ".aws" / "cli" / "cache"
            environment = {**layout.write(folder), "STS_TESTS_CACHE": "1"}
            options = lambda of: {"cache": cache} if of is of_boto3 else {}
            fresh = first(layout, environment, **options(first))
            files = sorted(cache.iterdir()) if cache.exists() else []
            kept.append([file.name for file in files])
            faults += [f"{file.name} has the mode {file.stat().st_mode:o}" for file in files if file.stat().st_mode & 0o77]
            away = {**environment, "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1", "STS_TESTS_MFA_CODE": "000000"}
            found = second(layout, away, **options(second))
            if fresh[0] is None or fresh[0] != found[0]:
                faults.append(f"{who} kept {fresh}, and the other found {found}")
    if kept[0] != kept[1] or not kept[0]:
        faults.append(f"boto3 has the files {kept[0]}, this client {kept[1]}")
    return [f"the cache of {layout.name!r}: {fault}" for fault in faults]


def main():
    parser = argparse.ArgumentParser(description="Compare where boto3 and this client find credentials.")
    parser.add_argument("--verbose", action="store_true", help="one line for each layout")
    options = parser.parse_args()
    layouts = [*chains(), *choices(), *parameters(), *relations(), *broken()]
    names = [layout.name for layout in layouts]
    assert len(set(names)) == len(names), "each layout has a name of its own"
    assert set(DIFFERENT) <= set(names), f"no such layouts: {set(DIFFERENT) - set(names)}"
    failures, found = [], 0
    for layout in layouts:
        with tempfile.TemporaryDirectory() as folder:
            folder = prepare(Path(folder))
            environment = layout.write(folder)
            theirs, ours = of_boto3(layout, environment), of_us(layout, environment)
        found += theirs[0] is not None
        if options.verbose:
            print(f"{layout.name}: {theirs} {ours}")
        if layout.name.startswith("broken: ") and theirs[0] is not None and layout.name not in DIFFERENT:
            failures.append(f"{layout.name}: boto3 found {theirs}")
        if (theirs[0] == ours[0]) == (layout.name in DIFFERENT):
            verb = "no longer differ on" if layout.name in DIFFERENT else "differ on"
            failures.append(f"they {verb} {layout.name!r}: boto3 {theirs}, this client {ours}")
    web_identities = [layout for layout in relations() if layout.name in KEPT_WEB_IDENTITIES]
    assert len(web_identities) == len(KEPT_WEB_IDENTITIES), "a web identity that is kept has another name"
    sharing = [*parameters(), *web_identities]
    for layout in sharing:
        failures += shared_cache(layout)
    for failure in failures:
        print(failure, file=sys.stderr)
    print(
        f"botocore {botocore.__version__}: {len(layouts)} layouts, {found} with credentials, "
        f"{len(sharing)} caches shared, {len(DIFFERENT)} decided otherwise, {len(failures)} failures"
    )
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
