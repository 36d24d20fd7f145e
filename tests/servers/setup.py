"""Makes users and roles in an imitation of AWS and prints what a client needs to know, as KEY=VALUE lines."""

import argparse
import json

import boto3
from botocore.config import Config

ACCOUNT = "123456789012"
REGION = "us-east-1"

USERS = {
    # May do everything, and is trusted by the roles.
    "USER": ("alice", ["sts:*"]),
    # May assume roles, and no role trusts it.
    "STRANGER": ("mallory", ["sts:AssumeRole"]),
    # May do nothing.
    "NOBODY": ("bob", []),
}

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
ASSUME = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
ISSUER = "issuer.test"


def policy(statement):
    """A policy of one statement that allows something."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def trust(actions, principal, condition=None):
    """A trust policy. moto reads one action only, so there is a statement for each."""
    common = {"Effect": "Allow", "Principal": principal}
    if condition:
        common["Condition"] = condition
    statements = [{**common, "Action": action} for action in actions]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def roles():
    """Every role by the name of its line: its own name and who may assume it."""
    first = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/Deploy"}
    session = {"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/session"}
    external = {"StringEquals": {"sts:ExternalId": "agreed:1/2"}}
    issuer = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"}
    return {
        "ROLE_ARN": ("Deploy", trust(ASSUME, {"AWS": ALICE})),
        "CHAINED_ROLE_ARN": ("Chained", trust(ASSUME, first)),
        "SESSION_ROLE_ARN": ("FromSession", trust(ASSUME, session)),
        "EXTERNAL_ROLE_ARN": ("Partner", trust(["sts:AssumeRole"], {"AWS": ALICE}, external)),
        "WEB_ROLE_ARN": ("Web", trust(["sts:AssumeRoleWithWebIdentity"], issuer)),
    }


def make_user(iam, line, name, actions):
    """Makes a user with a key and prints both halves of the key."""
    iam.create_user(UserName=name)
    if actions:
        document = policy({"Action": actions, "Resource": "*"})
        iam.put_user_policy(UserName=name, PolicyName="allowed", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    print(f"{line}_ACCESS_KEY_ID={key['AccessKeyId']}")
    print(f"{line}_SECRET_ACCESS_KEY={key['SecretAccessKey']}")


def make_role(iam, line, name, trusted):
    """Makes a role that may call STS and prints its ARN."""
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted)["Role"]
    document = policy({"Action": ["sts:*"], "Resource": "*"})
    iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=document)
    print(f"{line}={role['Arn']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="where the server listens")
    parser.add_argument("--key", default="setup", help="the access key id to set up with")
    parser.add_argument("--secret", default="setup", help="its secret access key")
    arguments = parser.parse_args()
    # Loopback is never reached through a proxy.
    config = Config(proxies={}, retries={"total_max_attempts": 2})
    iam = boto3.client(
        "iam",
        endpoint_url=arguments.url,
        region_name=REGION,
        aws_access_key_id=arguments.key,
        aws_secret_access_key=arguments.secret,
        config=config,
    )
    print(f"ENDPOINT={arguments.url}\nREGION={REGION}\nACCOUNT={ACCOUNT}\nISSUER={ISSUER}")
    for line, (name, actions) in USERS.items():
        make_user(iam, line, name, actions)
    for line, (name, trusted) in roles().items():
        make_role(iam, line, name, trusted)


if __name__ == "__main__":
    main()
