"""Writes what botocore makes of the AWS CLI's cache and of EKS tokens, to compare `sts_proto::token` with.

    VENV/bin/python tokens.py OUT_DIR

Needs no network, and what generate.py needs. One JSON object per line:

cache.jsonl:
    params     arguments of AssumeRole, as given to botocore; without RoleSessionName if botocore generated one
    name       the name of the cache file
    content    what botocore wrote into it

eks.jsonl:
    cluster, access_key_id, secret_access_key, session_token (null if none), region
    time       "20150830T123600Z"
    token      as `aws eks get-token` makes it: the CLI's own handlers on botocore's presigner
"""

import base64
import datetime
import json
import random
import sys
import tempfile
from pathlib import Path

import generate
from botocore.credentials import AssumeRoleCredentialFetcher
from botocore.utils import JSONFileCache
from dateutil.tz import tzutc

CASES = 200


def policy(rng):
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": generate.text(rng, 5, generate.WORD + generate.LETTERS + '"\\/\x7f\u2028'),
                    "Effect": "Allow",
                    "Action": ["s3:*", "sts:*"],
                    "Resource": "*",
                    "Condition": {"NumericLessThan": {"s3:max-keys": rng.choice([1, -7, 0.5, 0.1, 1e15, True, None])}},
                }
            ],
        },
        indent=rng.choice([None, 2]),
        ensure_ascii=rng.random() < 0.5,
    )


def arguments(rng):
    optional = {
        "RoleSessionName": lambda: generate.text(rng, rng.randint(2, 64), generate.WORD + "+=,.@-"),
        "ExternalId": lambda: generate.text(rng, rng.randint(2, 40), generate.WORD + "+=,.@:/-"),
        "SerialNumber": lambda: "arn:aws:iam::123456789012:mfa/" + generate.text(rng, 5, generate.WORD),
        "DurationSeconds": lambda: rng.randint(900, 43200),
        "Policy": lambda: policy(rng),
        "PolicyArns": lambda: [{"arn": "arn:aws:iam::aws:policy/" + generate.text(rng, 5, generate.WORD)} for _ in range(rng.randint(1, 3))],
        "Tags": lambda: [{"Key": f"k{i}", "Value": generate.tag_text(rng, 5)} for i in range(rng.randint(1, 3))],
        "TransitiveTagKeys": lambda: ["k0"],
        "SourceIdentity": lambda: generate.text(rng, 5, generate.WORD),
    }
    return {name: make() for name, make in optional.items() if rng.random() < 0.4}


class Sts:
    """Stands for the client that the fetcher makes: answers as the service would."""

    def __init__(self, rng):
        self.rng = rng

    def __call__(self, *args, **kwargs):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *args):
        pass

    def close(self):
        pass

    def assume_role(self, **kwargs):
        return {
            "Credentials": {
                "AccessKeyId": "ASIA" + generate.text(self.rng, 16, "ABCDEFGH234567"),
                "SecretAccessKey": generate.text(self.rng, 40, generate.BASE64),
                "SessionToken": generate.text(self.rng, 300, generate.BASE64),
                "Expiration": datetime.datetime(2099, 1, 2, 3, 4, 5, tzinfo=tzutc()),
            },
            "AssumedRoleUser": {
                "AssumedRoleId": "AROAEXAMPLE:" + kwargs["RoleSessionName"],
                "Arn": "arn:aws:sts::123456789012:assumed-role/r/" + kwargs["RoleSessionName"],
            },
        }


def cache(rng):
    for _ in range(CASES):
        extra = arguments(rng)
        role = "arn:aws:iam::123456789012:role/" + generate.text(rng, 8, generate.WORD)
        with tempfile.TemporaryDirectory() as folder:
            fetcher = AssumeRoleCredentialFetcher(
                Sts(rng), generate.botocore.credentials.Credentials("AKID", "secret"), role, extra_args=extra,
                cache=JSONFileCache(working_dir=folder), mfa_prompter=lambda _: "123456",
            )
            fetcher.fetch_credentials()
            (file,) = Path(folder).iterdir()
            yield {"params": {"RoleArn": role, **extra}, "name": file.name, "content": file.read_text()}


def inject_header(request, **kwargs):
    """As awscli's customizations/eks/get_token.py does it."""
    if "eks_cluster" in request.context:
        request.headers["x-k8s-aws-id"] = request.context["eks_cluster"]


def retrieve_name(params, context, **kwargs):
    if "ClusterName" in params:
        context["eks_cluster"] = params.pop("ClusterName")


def eks(rng):
    for _ in range(CASES):
        id, secret, token = rng.choice(generate.CREDENTIALS)
        region = rng.choice(["us-east-1", "eu-west-1", "us-gov-west-1", "cn-north-1", "us-iso-east-1", "eusc-de-east-1"])
        client = generate.new_session().create_client(
            "sts", region, aws_access_key_id=id, aws_secret_access_key=secret, aws_session_token=token,
        )
        client.meta.events.register("provide-client-params.sts.GetCallerIdentity", retrieve_name)
        client.meta.events.register("before-sign.sts.GetCallerIdentity", inject_header)
        cluster = generate.text(rng, rng.randint(1, 100), generate.WORD + "-")
        url = client.generate_presigned_url(
            "get_caller_identity", Params={"ClusterName": cluster}, ExpiresIn=60, HttpMethod="GET"
        )
        encoded = base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
        yield {
            "cluster": cluster, "access_key_id": id, "secret_access_key": secret, "session_token": token,
            "region": region, "time": generate.Clock.now.strftime("%Y%m%dT%H%M%SZ"), "token": "k8s-aws-v1." + encoded,
        }


def main():
    out = Path(sys.argv[1])
    generate.check_version()
    generate.Clock.install()
    caches = generate.write_lines(out / "cache.jsonl", cache(random.Random("cache")))
    tokens = generate.write_lines(out / "eks.jsonl", eks(random.Random("eks")))
    print(f"botocore {generate.botocore.__version__}: {caches} cache files, {tokens} EKS tokens")


if __name__ == "__main__":
    main()
