"""Writes what botocore makes of generated profile files and environments, to compare this client with.

    VENV/bin/python profiles.py OUT_DIR [--count N] [--seed S]

Needs no network. profiles.jsonl holds one JSON object per line:

    operation    a name for the case
    config, credentials    the texts of the two files
    variables    {"AWS_PROFILE": "dev", ...}, all of them
    profiles     {"dev": {"region": "eu-west-1", "s3": {"addressing_style": "path"}, ...}}, what botocore read
    url          where botocore would send a request to, or null: then it refused to
    max_attempts, retry_mode    what botocore decided, where a file or a variable says something; else null

Left out is what AWS's newer SDKs, and this client with them, read in another way: comments behind values, blank lines in
values, sections that are there twice, `:` for `=`, quoted names, white space in `[name ]`, AWS_REGION, AWS_PROFILE beside
AWS_DEFAULT_PROFILE.
"""

import argparse
import json
import os
import random
import tempfile
import urllib.parse
from pathlib import Path

for name in [name for name in os.environ if name.startswith(("AWS_", "BOTO_"))]:
    del os.environ[name]

import botocore.exceptions
import botocore.session

NAMES = ["default", "dev", "a/b.c@d+e:f%g_h-i", "UPPER", "x1"]
REGIONS = ["eu-west-1", "us-east-1", "ap-east-1", "us-gov-west-1", "cn-north-1"]
BOOLEANS = ["true", "false", "TRUE", "False"]
SETTINGS = {
    "use_fips_endpoint": ("AWS_USE_FIPS_ENDPOINT", BOOLEANS),
    "use_dualstack_endpoint": ("AWS_USE_DUALSTACK_ENDPOINT", BOOLEANS),
    "sts_regional_endpoints": ("AWS_STS_REGIONAL_ENDPOINTS", ["legacy", "regional"]),
    "ignore_configured_endpoint_urls": ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", BOOLEANS),
    "max_attempts": ("AWS_MAX_ATTEMPTS", ["1", "4", "9"]),
    "retry_mode": ("AWS_RETRY_MODE", ["legacy", "standard", "adaptive"]),
    "endpoint_url": ("AWS_ENDPOINT_URL", ["http://localhost:4566", "https://sts.example.com/path"]),
}
OTHERS = ["a=b=c", "a#b", "a;b", "a  b", "Mixed Case", "arn:aws:iam::123456789012:role/x", "ü"]


def written(rng, key, value):
    """A line, in one of the ways to write it."""
    key = rng.choice([key, key.upper(), key.title()])
    return key + rng.choice(["=", " = ", "\t=  "]) + value + rng.choice(["", " ", "\t"])


def section(rng, header, with_settings, services):
    forms = [f"[{header}]", f"[{header}]  "]
    if " " in header:
        forms.append(f"[{header} ]")
    lines = [rng.choice(forms)]
    properties = {}
    if with_settings:
        properties["region"] = rng.choice(REGIONS)
        for key, (_, values) in SETTINGS.items():
            if rng.random() < 0.2:
                properties[key] = rng.choice(values)
        if rng.random() < 0.3:
            properties["services"] = rng.choice(services)
    for number in range(rng.randrange(3)):
        properties[f"other_{number}"] = rng.choice(OTHERS)
    for key, value in rng.sample(list(properties.items()), len(properties)):
        if rng.random() < 0.2:
            lines.append(rng.choice(["# a comment = x", "; c", "   # indented", ""]))
        lines.append(written(rng, key, value))
    if rng.random() < 0.3:
        lines += ["s3 =", "  addressing_style = path", "\tmax_queue_size=10"]
    if rng.random() < 0.2:
        lines += ["long = first", "   second = 2", "\tthird"]
    return lines


def case(rng):
    names = rng.sample(NAMES, rng.randrange(1, len(NAMES)))
    services = ["local", "other", "missing"] if rng.random() < 0.2 else ["local", "other"]
    config, credentials = [], []
    for name in names:
        header = name if name == "default" and rng.random() < 0.5 else f"profile {name}"
        config += section(rng, header, True, services)
        if rng.random() < 0.4:
            credentials += section(rng, name, rng.random() < 0.3, services)
    config += ["[services local]", "sts =", "  endpoint_url = http://localhost:9000", "s3 =", "  endpoint_url = http://s3"]
    config += ["[services other]", "s3 =", "  endpoint_url = http://s3.test"]
    variables = {}
    if rng.random() < 0.7:
        variables[rng.choice(["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])] = rng.choice(names + names + ["missing"])
        # Of two variables with different names botocore takes the second and this client the first, with a warning.
        if "AWS_DEFAULT_PROFILE" in variables and rng.random() < 0.3:
            variables["AWS_PROFILE"] = rng.choice(names)
    if "default" not in names or rng.random() < 0.3:
        variables["AWS_DEFAULT_REGION"] = rng.choice(REGIONS)
    for variable, values in SETTINGS.values():
        if rng.random() < 0.1:
            variables[variable] = rng.choice(values)
    if rng.random() < 0.1:
        variables["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:1"
    end = rng.choice(["\n", "\r\n"])
    return {"config": end.join(config) + end, "credentials": end.join(credentials), "variables": variables}


def decided(folder, made):
    (folder / "config").write_text(made["config"], encoding="utf-8", newline="")
    (folder / "credentials").write_text(made["credentials"], encoding="utf-8", newline="")
    environment = {
        **made["variables"],
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "AWS_ACCESS_KEY_ID": "AKID",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    os.environ.update(environment)
    try:
        session = botocore.session.Session()
        profiles = session.full_config["profiles"]
        result = {"profiles": profiles, "url": None, "max_attempts": None, "retry_mode": None}
        try:
            retries = {key: session.get_config_variable(key) for key in ["max_attempts", "retry_mode"]}
            scoped = session.get_scoped_config()
            client = session.create_client("sts")
            url = urllib.parse.urlsplit(client.generate_presigned_url("get_caller_identity"))
        except (botocore.exceptions.BotoCoreError, ValueError) as error:
            return {**result, "why": type(error).__name__}
        result["url"] = f"{url.scheme}://{url.netloc}{url.path or '/'}"
        for key, value in retries.items():
            if SETTINGS[key][0] in made["variables"] or key in scoped:
                result[key] = str(value)
        return result
    finally:
        for name in environment:
            del os.environ[name]


def main():
    parser = argparse.ArgumentParser(description="Write what botocore makes of generated profile files.")
    parser.add_argument("out_dir", metavar="OUT_DIR", type=Path)
    parser.add_argument("--count", metavar="N", type=int, default=100)
    parser.add_argument("--seed", metavar="S", type=int, default=1)
    options = parser.parse_args()
    options.out_dir.mkdir(parents=True, exist_ok=True)
    rng = random.Random(options.seed)
    refused = 0
    with tempfile.TemporaryDirectory() as folder, (options.out_dir / "profiles.jsonl").open("w", encoding="utf-8") as out:
        for number in range(options.count):
            made = case(rng)
            result = decided(Path(folder), made)
            refused += result["url"] is None
            out.write(json.dumps({"operation": f"profiles {number}", **made, **result}, ensure_ascii=False) + "\n")
    print(f"seed {options.seed}: {options.count} profile files, {refused} refused")


if __name__ == "__main__":
    main()
