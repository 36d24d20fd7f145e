"""Checks the STS that the environment names with boto3 and the AWS CLI.

AWS_ENDPOINT_URL_STS, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION say where it is and who asks;
`tests/with-local-sts.sh` sets them. Every operation has to be granted, and every forgery refused with AWS's own code.
"""

import argparse
import base64
import contextlib
import datetime
import functools
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from unittest import mock

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Deploy"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:saml-provider/Idp"
ROOT_TASK = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})
ALLOW_ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
TAGS = [{"Key": "Project", "Value": "α β/γ=δ"}, {"Key": "Stage", "Value": ""}]
# How version 1 of the AWS CLI ends when the service refuses.
CLI_REFUSED = 255

CHECKS = []


def check(name):
    """Puts a function among the checks. It fails by raising anything."""

    def register(function):
        CHECKS.append((name, function))
        return function

    return register


def setting(name, default):
    """What a server may want otherwise, by environment variable."""
    return os.environ.get(name) or default


def base64url(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def web_identity_token():
    """A token in shape only, for a server that does not verify its signature."""
    claims = {"iss": "https://x.test", "sub": "alice", "aud": "y"}
    made = ".".join([base64url('{"alg":"none"}'), base64url(json.dumps(claims)), base64url("signature")])
    return setting("STS_LOCAL_WEB_IDENTITY_TOKEN", made)


def saml_assertion():
    text = "<Response><NameID>bob</NameID></Response>"
    return setting("STS_LOCAL_SAML_ASSERTION", base64.b64encode(text.encode()).decode())


@functools.cache
def encoded_message():
    """A message that the server has encoded: given, or asked of sts-local, which does that for whoever asks."""
    given = setting("STS_LOCAL_ENCODED_MESSAGE", None)
    if given:
        return given
    url = os.environ["AWS_ENDPOINT_URL_STS"] + "/_control/message"
    try:
        with urllib.request.urlopen(url, data=b'{"allowed":false}', timeout=10) as answer:
            return json.load(answer)["encoded"]
    except (OSError, ValueError, KeyError):
        return None


def client(credentials=None, **options):
    """A client with those credentials, of an answer, or with the environment's. Nothing is tried twice."""
    keys = {}
    if credentials:
        keys = {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials.get("SessionToken"),
        }
    config = Config(retries={"total_max_attempts": 1}, **options)
    return boto3.client("sts", region_name=os.environ["AWS_REGION"], config=config, **keys)


def user_credentials(**changes):
    return {
        "AccessKeyId": os.environ["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": os.environ["AWS_SECRET_ACCESS_KEY"],
        **changes,
    }


def role_credentials(**changes):
    answer = client().assume_role(RoleArn=ROLE, RoleSessionName="session")
    return {**answer["Credentials"], **changes}


def equal(found, wanted):
    if found != wanted:
        raise AssertionError(f"{found!r} instead of {wanted!r}")


def acts_as(credentials, arn):
    """Whether those credentials work and belong to that principal."""
    left = credentials["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    if not datetime.timedelta() < left < datetime.timedelta(days=2):
        raise AssertionError(f"credentials that last {left}")
    equal(client(credentials).get_caller_identity()["Arn"], arn)


def lasts(credentials, seconds):
    """Whether those credentials were made just now, to last that long."""
    left = (credentials["Expiration"] - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    if not seconds - 30 < left <= seconds + 1:
        raise AssertionError(f"credentials that last {left} seconds instead of {seconds}")


@contextlib.contextmanager
def refused(status, *codes):
    """Whether the service refuses what happens inside."""
    try:
        yield
    except ClientError as error:
        found = (error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"])
        if found[0] != status or found[1] not in codes:
            raise AssertionError(f"{found} instead of {status} with one of {codes}") from error
        return
    raise AssertionError("was granted")


@contextlib.contextmanager
def clock_off_by(**difference):
    """boto3's idea of now, shifted."""
    from botocore.compat import get_current_datetime

    def shifted(*arguments, **options):
        return get_current_datetime(*arguments, **options) + datetime.timedelta(**difference)

    names = [f"botocore.{module}.get_current_datetime" for module in ("auth", "endpoint", "signers")]
    with contextlib.ExitStack() as stack:
        for name in names:
            stack.enter_context(mock.patch(name, shifted))
        yield


# Every operation.


@check("boto3 AssumeRole")
def _():
    answer = client().assume_role(
        RoleArn=ROLE,
        RoleSessionName="session",
        DurationSeconds=900,
        Policy=POLICY,
        PolicyArns=[{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}],
        Tags=TAGS,
        TransitiveTagKeys=["Project"],
        ExternalId="a:b/c+d=e,f@g-h",
        SourceIdentity="Alice",
    )
    equal(answer["SourceIdentity"], "Alice")
    acts_as(answer["Credentials"], f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/session")


@check("boto3 AssumeRole with MFA")
def _():
    serial = f"arn:aws:iam::{ACCOUNT}:mfa/alice"
    client().assume_role(RoleArn=ROLE, RoleSessionName="mfa", SerialNumber=serial, TokenCode="123456")


@check("boto3 AssumeRole by a role")
def _():
    answer = client(role_credentials()).assume_role(RoleArn=ROLE, RoleSessionName="again")
    acts_as(answer["Credentials"], f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/again")


@check("boto3 AssumeRoleWithSAML")
def _():
    answer = client().assume_role_with_saml(RoleArn=ROLE, PrincipalArn=PROVIDER, SAMLAssertion=saml_assertion())
    acts_as(answer["Credentials"], answer["AssumedRoleUser"]["Arn"])


@check("boto3 AssumeRoleWithWebIdentity")
def _():
    answer = client().assume_role_with_web_identity(
        RoleArn=setting("STS_LOCAL_WEB_ROLE_ARN", ROLE), RoleSessionName="web", WebIdentityToken=web_identity_token()
    )
    acts_as(answer["Credentials"], answer["AssumedRoleUser"]["Arn"])


@check("boto3 AssumeRoot")
def _():
    task = {"arn": ROOT_TASK}
    answer = client().assume_root(TargetPrincipal="210987654321", TaskPolicyArn=task, DurationSeconds=900)
    acts_as(answer["Credentials"], "arn:aws:iam::210987654321:root")


@check("boto3 DecodeAuthorizationMessage")
def _():
    if encoded_message():
        answer = client().decode_authorization_message(EncodedMessage=encoded_message())
        json.loads(answer["DecodedMessage"])
    with refused(400, "InvalidAuthorizationMessageException"):
        client().decode_authorization_message(EncodedMessage="nonsense")


@check("boto3 GetAccessKeyInfo")
def _():
    answer = client().get_access_key_info(AccessKeyId=os.environ["AWS_ACCESS_KEY_ID"])
    equal(answer["Account"], ACCOUNT)


@check("boto3 GetCallerIdentity")
def _():
    answer = client().get_caller_identity()
    equal(answer["Account"], ACCOUNT)
    equal(answer["Arn"], f"arn:aws:iam::{ACCOUNT}:user/alice")
    metadata = answer["ResponseMetadata"]
    equal(metadata["RequestId"], metadata["HTTPHeaders"]["x-amzn-requestid"])


@check("boto3 GetDelegatedAccessToken")
def _():
    answer = client().get_delegated_access_token(TradeInToken=setting("STS_LOCAL_TRADE_IN_TOKEN", "token"))
    acts_as(answer["Credentials"], answer["AssumedPrincipal"])


@check("boto3 GetFederationToken")
def _():
    answer = client().get_federation_token(Name="Bob", Policy=POLICY, Tags=TAGS, DurationSeconds=900)
    acts_as(answer["Credentials"], f"arn:aws:sts::{ACCOUNT}:federated-user/Bob")


@check("boto3 GetScopedCredentials")
def _():
    caller = role_credentials()
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/session"
    for arguments in ({"Policy": POLICY}, {"DurationSeconds": 60}, {"Policy": POLICY, "DurationSeconds": 900}):
        answer = client(caller).get_scoped_credentials(ScopedSessionDescription="nightly", **arguments)
        acts_as(answer["Credentials"], arn)
        equal(answer["SessionInfo"]["Arn"], arn)
        equal(answer["ScopedPoliciesCount"], 1 if "Policy" in arguments else 0)
        if "DurationSeconds" in arguments:
            lasts(answer["Credentials"], arguments["DurationSeconds"])
        else:
            equal(answer["Credentials"]["Expiration"], caller["Expiration"])


@check("boto3 GetScopedCredentials, three layers of policies and no fourth")
def _():
    credentials = client().assume_role(RoleArn=ROLE, RoleSessionName="session", SourceIdentity="Alice")["Credentials"]
    for layer in (1, 2, 3):
        answer = client(credentials).get_scoped_credentials(Policy=ALLOW_ALL)
        equal((answer["ScopedPoliciesCount"], answer["SourceIdentity"]), (layer, "Alice"))
        credentials = answer["Credentials"]
    with refused(403, "AccessDenied"):
        client(credentials).get_scoped_credentials(Policy=ALLOW_ALL)
    equal(client(credentials).get_scoped_credentials(DurationSeconds=60)["ScopedPoliciesCount"], 3)


@check("boto3 GetScopedCredentials, refused")
def _():
    with refused(400, "InvalidSubjectCredentials"):
        client().get_scoped_credentials(Policy=POLICY)
    short = client().assume_role(RoleArn=ROLE, RoleSessionName="short", DurationSeconds=900)["Credentials"]
    sts = client(short)
    with refused(400, "InsufficientSessionLifetime"):
        sts.get_scoped_credentials(DurationSeconds=3600)
    with refused(400, "ValidationError"):
        sts.get_scoped_credentials()
    with refused(400, "MalformedPolicyDocument"):
        sts.get_scoped_credentials(Policy="[]")


@check("boto3 GetSessionToken")
def _():
    answer = client().get_session_token(DurationSeconds=900)
    acts_as(answer["Credentials"], f"arn:aws:iam::{ACCOUNT}:user/alice")


@check("boto3 GetWebIdentityToken")
def _():
    for algorithm in ("RS256", "ES384"):
        answer = client().get_web_identity_token(
            Audience=["https://a.test", "b"], SigningAlgorithm=algorithm, DurationSeconds=60, Tags=TAGS
        )
        head = answer["WebIdentityToken"].split(".")[0]
        equal(json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["alg"], algorithm)
    token = {"SigningAlgorithm": "RS256", "Scope": "read write"}
    for arguments in (
        {"Audience": ["a"]},
        {"Audience": ["a"], "SubjectMode": "AWSIdentity"},
        {"Audience": ["a", "b"], "SubjectMode": "OriginIdentity"},
    ):
        with refused(400, "ValidationError"):
            client().get_web_identity_token(**token, **arguments)


@check("boto3 knows no operation that is not checked here")
def _():
    checked = {name.split()[1] for name, _ in CHECKS if name.startswith("boto3 ")}
    missing = set(client().meta.service_model.operation_names) - checked
    equal(missing, set())


# Presigned URLs.


def fetch(url, method="GET"):
    """Status and text of the answer, with no proxy and no credentials."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, method=method), timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def presigned(credentials=None, method="GET"):
    sts = client(credentials)
    return sts.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod=method)


def says(answer, status, text):
    if answer[0] != status or text not in answer[1]:
        raise AssertionError(f"{answer} instead of {status} with {text}")


@check("presigned URL by a user")
def _():
    says(fetch(presigned()), 200, f"<Arn>arn:aws:iam::{ACCOUNT}:user/alice</Arn>")


@check("presigned URL for a POST")
def _():
    url = presigned(method="POST")
    says(fetch(url, "POST"), 200, f"<Arn>arn:aws:iam::{ACCOUNT}:user/alice</Arn>")
    says(fetch(url), 403, "<Code>SignatureDoesNotMatch</Code>")


@check("presigned URL by a role")
def _():
    says(fetch(presigned(role_credentials())), 200, ":assumed-role/Deploy/session</Arn>")


@check("presigned URL, tampered")
def _():
    url = presigned().replace("X-Amz-Expires=60", "X-Amz-Expires=61")
    says(fetch(url), 403, "<Code>SignatureDoesNotMatch</Code>")


@check("presigned URL, wrong secret")
def _():
    url = presigned(user_credentials(SecretAccessKey="wrong"))
    says(fetch(url), 403, "<Code>SignatureDoesNotMatch</Code>")


@check("presigned URL, tampered token")
def _():
    credentials = role_credentials()
    url = presigned({**credentials, "SessionToken": credentials["SessionToken"] + "x"})
    says(fetch(url), 403, "<Code>InvalidClientTokenId</Code>")


@check("presigned URL, expired")
def _():
    with clock_off_by(minutes=-2):
        url = presigned()
    says(fetch(url), 403, "Signature expired")


# Forgeries.


@check("wrong secret")
def _():
    with refused(403, "SignatureDoesNotMatch"):
        client(user_credentials(SecretAccessKey="wrong")).get_caller_identity()


@check("wrong secret of a role")
def _():
    with refused(403, "SignatureDoesNotMatch"):
        client(role_credentials(SecretAccessKey="wrong")).get_caller_identity()


@check("unknown key")
def _():
    with refused(403, "InvalidClientTokenId"):
        client(user_credentials(AccessKeyId="AKIAIOSFODNN7EXAMPLE")).get_caller_identity()


@check("tampered token")
def _():
    token = role_credentials()["SessionToken"]
    for tampered in (token + "x", token[:-1], token.swapcase()):
        with refused(403, "InvalidClientTokenId"):
            client(role_credentials(SessionToken=tampered)).get_caller_identity()


@check("no token")
def _():
    with refused(403, "InvalidClientTokenId"):
        client(role_credentials(SessionToken=None)).get_caller_identity()


@check("token of another session")
def _():
    other = role_credentials()["SessionToken"]
    with refused(403, "InvalidClientTokenId"):
        client(role_credentials(SessionToken=other)).get_caller_identity()


@check("expired session")
def _():
    # The only operation whose sessions may be that short.
    answer = client().assume_root(TargetPrincipal=ACCOUNT, TaskPolicyArn={"arn": ROOT_TASK}, DurationSeconds=1)
    time.sleep(2.2)
    with refused(403, "ExpiredToken", "ExpiredTokenException"):
        client(answer["Credentials"]).get_caller_identity()


@check("tampered body")
def _():
    def tamper(request, **_):
        request.body = request.body.replace("session", "sessiom")

    sts = client()
    sts.meta.events.register("before-send.sts.AssumeRole", tamper)
    with refused(403, "SignatureDoesNotMatch"):
        sts.assume_role(RoleArn=ROLE, RoleSessionName="session")


@check("tampered header")
def _():
    def tamper(request, **_):
        request.headers["Content-Type"] = "application/x-www-form-urlencoded"

    sts = client()
    sts.meta.events.register("before-send.sts.GetCallerIdentity", tamper)
    with refused(403, "SignatureDoesNotMatch"):
        sts.get_caller_identity()


@check("clock behind")
def _():
    with clock_off_by(minutes=-16), refused(403, "SignatureDoesNotMatch"):
        client().get_caller_identity()


@check("clock ahead")
def _():
    with clock_off_by(minutes=16), refused(403, "SignatureDoesNotMatch"):
        client().get_caller_identity()


@check("clock off within AWS's tolerance")
def _():
    for minutes in (-14, 14):
        with clock_off_by(minutes=minutes):
            client().get_caller_identity()


@check("no signature")
def _():
    from botocore import UNSIGNED

    with refused(403, "MissingAuthenticationToken"):
        client(signature_version=UNSIGNED).get_caller_identity()


@check("parameters that break a rule")
def _():
    sts = client(parameter_validation=False)
    for arguments in ({"RoleSessionName": "?"}, {"DurationSeconds": 899}, {"RoleArn": "x"}):
        with refused(400, "ValidationError"):
            sts.assume_role(**{"RoleArn": ROLE, "RoleSessionName": "session", **arguments})
    with refused(400, "MalformedPolicyDocument"):
        sts.assume_role(RoleArn=ROLE, RoleSessionName="session", Policy="[]")


@check("session token asked for by a session")
def _():
    with refused(403, "AccessDenied"):
        client(role_credentials()).get_session_token()


# The AWS CLI.


def aws(*arguments, credentials=None, status=0, code=None):
    """What the AWS CLI prints. Its exit status, and the code in its complaint, have to be those."""
    environment = dict(os.environ)
    # Version 1 of the AWS CLI comes with a model of its own, which is older than the one of botocore.
    environment["AWS_DATA_PATH"] = str(Path(botocore.__file__).with_name("data"))
    if credentials:
        environment["AWS_ACCESS_KEY_ID"] = credentials["AccessKeyId"]
        environment["AWS_SECRET_ACCESS_KEY"] = credentials["SecretAccessKey"]
        if credentials.get("SessionToken"):
            environment["AWS_SESSION_TOKEN"] = credentials["SessionToken"]
    environment["AWS_MAX_ATTEMPTS"] = "1"
    program = Path(sys.executable).with_name("aws")
    command = [str(program), "sts", *arguments, "--output", "json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != status:
        raise AssertionError(f"exit status {done.returncode} instead of {status}: {done.stderr.strip()}")
    if code and f"({code})" not in done.stderr:
        raise AssertionError(f"{done.stderr.strip()!r} does not tell ({code})")
    return json.loads(done.stdout) if done.stdout.strip() else None


CLI_ROLE = ("--role-arn", ROLE, "--role-session-name", "cli")
CLI_GRANTED = {
    "assume-role": (
        *CLI_ROLE, "--duration-seconds", "900", "--policy", POLICY, "--source-identity", "Alice",
        "--tags", "Key=Project,Value=α β", "--transitive-tag-keys", "Project",
    ),
    "assume-role-with-saml": (
        "--role-arn", ROLE, "--principal-arn", PROVIDER, "--saml-assertion", saml_assertion(),
    ),
    "assume-role-with-web-identity": (
        "--role-arn", setting("STS_LOCAL_WEB_ROLE_ARN", ROLE), "--role-session-name", "cli",
        "--web-identity-token", web_identity_token(),
    ),
    "assume-root": ("--target-principal", "210987654321", "--task-policy-arn", f"arn={ROOT_TASK}"),
    "get-delegated-access-token": ("--trade-in-token", setting("STS_LOCAL_TRADE_IN_TOKEN", "token")),
    "get-federation-token": ("--name", "Bob", "--policy", POLICY),
    "get-session-token": ("--duration-seconds", "900"),
}


def check_cli(operation, arguments):
    """A check that the operation is granted and that its credentials work."""

    @check(f"aws sts {operation}")
    def _():
        answer = aws(operation, *arguments)
        identity = aws("get-caller-identity", credentials=answer["Credentials"])
        for name in ("AssumedRoleUser", "FederatedUser"):
            if name in answer:
                equal(identity["Arn"], answer[name]["Arn"])


for cli_operation, cli_arguments in CLI_GRANTED.items():
    check_cli(cli_operation, cli_arguments)


@check("aws sts get-caller-identity")
def _():
    equal(aws("get-caller-identity")["Arn"], f"arn:aws:iam::{ACCOUNT}:user/alice")


@check("aws sts get-access-key-info")
def _():
    answer = aws("get-access-key-info", "--access-key-id", os.environ["AWS_ACCESS_KEY_ID"])
    equal(answer["Account"], ACCOUNT)


@check("aws sts get-scoped-credentials")
def _():
    arguments = ("--policy", POLICY, "--duration-seconds", "60")
    caller = role_credentials()
    answer = aws("get-scoped-credentials", *arguments, credentials=caller)
    identity = aws("get-caller-identity", credentials=answer["Credentials"])
    equal(identity, aws("get-caller-identity", credentials=caller))
    equal(identity["Arn"], answer["SessionInfo"]["Arn"])
    aws("get-scoped-credentials", *arguments, status=CLI_REFUSED, code="InvalidSubjectCredentials")


@check("aws sts get-web-identity-token")
def _():
    answer = aws("get-web-identity-token", "--audience", "a", "--signing-algorithm", "RS256")
    equal(answer["WebIdentityToken"].count("."), 2)


@check("aws sts decode-authorization-message")
def _():
    if encoded_message():
        aws("decode-authorization-message", "--encoded-message", encoded_message())
    code = "InvalidAuthorizationMessageException"
    aws("decode-authorization-message", "--encoded-message", "x", status=CLI_REFUSED, code=code)


@check("aws sts, wrong secret")
def _():
    wrong = user_credentials(SecretAccessKey="wrong")
    aws("get-caller-identity", credentials=wrong, status=CLI_REFUSED, code="SignatureDoesNotMatch")


@check("aws sts, unknown key")
def _():
    unknown = user_credentials(AccessKeyId="AKIAIOSFODNN7EXAMPLE")
    aws("get-caller-identity", credentials=unknown, status=CLI_REFUSED, code="InvalidClientTokenId")


@check("aws sts, tampered token")
def _():
    tampered = role_credentials(SessionToken="tampered")
    aws("get-caller-identity", credentials=tampered, status=CLI_REFUSED, code="InvalidClientTokenId")


@check("aws sts, role that cannot be one")
def _():
    role = ("--role-arn", "a" * 20, "--role-session-name", "cli")
    aws("assume-role", *role, status=CLI_REFUSED, code="ValidationError")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="run only the checks whose name contains one of these")
    parser.add_argument("--list", action="store_true", help="print the names of the checks")
    arguments = parser.parse_args()
    chosen = [(name, run) for name, run in CHECKS if not arguments.names or any(n in name for n in arguments.names)]
    if arguments.list:
        print("\n".join(name for name, _ in chosen))
        return 0
    if not encoded_message():
        print("STS_LOCAL_ENCODED_MESSAGE is not set: DecodeAuthorizationMessage is only seen to refuse")
    failures = []
    for name, run in chosen:
        try:
            run()
        except Exception as error:  # A check fails by raising anything.
            failures.append(f"{name}: {type(error).__name__}: {error}")
    print(f"boto3 {boto3.__version__} and the AWS CLI: {len(chosen)} checks, {len(failures)} failures")
    for failure in failures:
        print(f"  {failure}")
    return 1 if failures or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
