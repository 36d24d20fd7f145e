#!/usr/bin/env python3
"""boto3 and the AWS CLI against `sts-local`: what they can ask succeeds, and what is wrong fails in AWS's codes.

usage: check.py PATH-OF-sts-local

Needs boto3 and awscli from PyPI. Starts two servers of its own, one of them with TLS.
"""
import base64
import json
import os
import shutil
import subprocess
import sys
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::123456789012:role/Deploy"


class Server:
    """A running `sts-local`, and its environment lines."""

    def __init__(self, program, *arguments):
        self.process = subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.environment, self.comments = {}, {}
        last = "AWS_CA_BUNDLE" if "--tls" in arguments else "AWS_CONTAINER_AUTHORIZATION_TOKEN"
        for line in self.process.stdout:
            into = self.comments if line.startswith("# ") else self.environment
            name, found, value = line.strip().removeprefix("# ").removeprefix("export ").partition("=")
            if found:
                into[name] = value
            if name == last:
                break
        self.url = self.environment["AWS_ENDPOINT_URL_STS"]

    def post(self, path, document):
        request = urllib.request.Request(self.url + path, data=json.dumps(document).encode(), method="POST")
        with urllib.request.urlopen(request) as reply:
            return json.load(reply) if reply.status == 200 else None

    def __enter__(self):
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        # No profile of the machine's owner takes part.
        os.environ.update(self.environment, AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        bundle = self.environment.get("AWS_CA_BUNDLE")
        if bundle:
            os.remove(bundle)


def client(credentials=None, **config):
    keys = {}
    if credentials:
        keys = dict(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
        )
    return boto3.client("sts", config=Config(**config), **keys)


def operations(server):
    sts = client()
    called = set()

    def call(name, sts=sts, **parameters):
        called.add(name)
        method = "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")
        return getattr(sts, method.replace("_s_a_m_l", "_saml"))(**parameters)

    who = lambda reply: call("GetCallerIdentity", client(reply["Credentials"]))["Arn"]
    device = dict(SerialNumber="arn:aws:iam::123456789012:mfa/alice", TokenCode="123456")
    session = dict(RoleArn=ROLE, RoleSessionName="me")
    role = call("AssumeRole", **session, **device, ExternalId="x1", Tags=[{"Key": "a", "Value": "b"}], TransitiveTagKeys=["a"])
    assert who(role) == "arn:aws:sts::123456789012:assumed-role/Deploy/me"
    for algorithm in ["RS256", "ES384"]:
        token = server.post("/_control/token", {"alg": algorithm, "claims": {"sub": "job"}})["token"]
        reply = call("AssumeRoleWithWebIdentity", **session, WebIdentityToken=token)
        assert reply["SubjectFromWebIdentityToken"] == "job"
        call("GetWebIdentityToken", Audience=["x"], SigningAlgorithm=algorithm)
    assertion = base64.b64encode(b"<Response><NameID>bob</NameID></Response>").decode()
    provider = "arn:aws:iam::123456789012:saml-provider/idp"
    who(call("AssumeRoleWithSAML", RoleArn=ROLE, PrincipalArn=provider, SAMLAssertion=assertion))
    policy = {"arn": "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"}
    assert who(call("AssumeRoot", TargetPrincipal="123456789012", TaskPolicyArn=policy)).endswith(":root")
    who(call("GetFederationToken", Name="bob"))
    who(call("GetSessionToken", **device))
    who(call("GetDelegatedAccessToken", TradeInToken="token"))
    assert call("GetAccessKeyInfo", AccessKeyId=role["Credentials"]["AccessKeyId"])["Account"] == "123456789012"
    encoded = server.post("/_control/message", {"allowed": False})["encoded"]
    assert json.loads(call("DecodeAuthorizationMessage", EncodedMessage=encoded)["DecodedMessage"]) == {"allowed": False}
    missing = set(sts.meta.service_model.operation_names) - called
    assert not missing, missing
    return role["Credentials"]


def refusals(server, role):
    def code(credentials):
        try:
            client(credentials, retries={"total_max_attempts": 1}).get_caller_identity()
        except ClientError as error:
            return error.response["Error"]["Code"]

    assert code(role) is None
    assert code({**role, "SecretAccessKey": "x"}) == "SignatureDoesNotMatch"
    assert code({**role, "SessionToken": role["SessionToken"][:-4] + "AAAA"}) == "InvalidClientTokenId"
    assert code({**role, "SessionToken": None}) == "InvalidClientTokenId"
    # Half an hour off.
    server.post("/_control/clock", {"offset": 1800})
    assert code(role) == "SignatureDoesNotMatch"
    server.post("/_control/clock", {"offset": 0})
    server.post("/_control/faults", {"fault": "throttle"})
    assert code(role) == "Throttling"
    for fault in ["throttle", "500", "503-empty", "reset-before-head", "reset-in-body", "truncate", "chunked", "close"]:
        server.post("/_control/faults", {"fault": fault})
        client(role).get_caller_identity()


def sources(server):
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]:
        del os.environ[name]
    for name, arn in [("AWS_EC2_METADATA_SERVICE_ENDPOINT", "InstanceRole/"), ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "TaskRole/")]:
        os.environ[name] = server.comments[name]
        os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = server.comments["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        assert arn in boto3.Session().client("sts").get_caller_identity()["Arn"]


def command_line():
    aws = shutil.which("aws")
    assert aws, "awscli is not installed"
    run = lambda *words: subprocess.run([aws, "sts", *words], capture_output=True, text=True, check=False)
    reply = run("get-caller-identity")
    assert json.loads(reply.stdout)["Arn"] == "arn:aws:iam::123456789012:user/alice", reply
    reply = run("assume-role", "--role-arn", ROLE, "--role-session-name", "me", "--duration-seconds", "900")
    assert "assumed-role/Deploy/me" in reply.stdout, reply
    os.environ["AWS_SECRET_ACCESS_KEY"] = "wrong"
    reply = run("get-caller-identity")
    assert "SignatureDoesNotMatch" in reply.stderr, reply


def main():
    program = sys.argv[1]
    with Server(program, "--metadata") as server:
        role = operations(server)
        refusals(server, role)
        sources(server)
    with Server(program, "--tls"):
        client().get_caller_identity()
        command_line()
    print(f"boto3 {boto3.__version__} and the AWS CLI agree with sts-local")


if __name__ == "__main__":
    main()
