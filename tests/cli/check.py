"""Runs `sts` and version 1 of the AWS CLI with the same options against the same recording server.

For every operation and some hundred generated sets of options: the same pairs must arrive, and for the same reply the
same must be printed, with the same exit code. The AWS CLI runs inside of this process, because starting it takes longer
than all the rest; `sts` is the program that STS_COMMAND names.

    check.py [--seed N] [--count N] [--show]
"""

import argparse
import collections
import contextlib
import http.server
import io
import itertools
import json
import multiprocessing
import os
import random
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import urllib.parse
from pathlib import Path
from unittest import mock

from cases import Cases

from ruamel.yaml import YAML

STS_COMMAND = os.environ["STS_COMMAND"]
# Processes that share the work.
PARTS = 2

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_RETRY_MODE": "standard",
    "AWS_MAX_ATTEMPTS": "3",
    "AWS_STS_REGIONAL_ENDPOINTS": "regional",
    "PATH": os.environ["PATH"],
    "NO_PROXY": "127.0.0.1",
    "AWS_CLI_FILE_ENCODING": "UTF-8",
}
# Version 2 prints times so by default, version 1 when it is asked to.
CONFIG = """[default]
cli_timestamp_format = iso8601
[profile keys]
cli_timestamp_format = iso8601
aws_access_key_id = AKIAPROFILEEXAMPLE00
aws_secret_access_key = profile/secret
output = text
[profile role]
cli_timestamp_format = iso8601
source_profile = keys
role_arn = arn:aws:iam::123456789012:role/Deploy
role_session_name = session
external_id = x:y
endpoint_url = URL
[profile half]
aws_access_key_id = AKIAPROFILEEXAMPLE00
"""

# What version 1 ends with, and what version 2 documents for the same: by the code and the beginning of what it says.
EXIT_CODES = [
    (0, "", 0),
    (2, "", 252),
    (255, "An error occurred (", 254),
    (255, "Parameter validation failed:", 252),
    (255, "Error parsing parameter ", 252),
    (255, "Unknown options: ", 252),
    (255, "invalid literal for int()", 252),
    (255, "Bad value for --", 252),
    (255, "Unable to locate credentials", 253),
    (255, "You must specify a region", 253),
    (255, "", 255),
]


class Stub(http.server.BaseHTTPRequestHandler):
    """Remembers the form, and gives the reply that is next."""

    protocol_version = "HTTP/1.1"
    forms = []
    reply = (200, "")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        pairs = urllib.parse.parse_qsl(body, keep_blank_values=True, strict_parsing=True)
        signed = re.match(r"AWS4-HMAC-SHA256 Credential=(\w+)/\d+/([^,]+),", self.headers.get("authorization", ""))
        Stub.forms.append((sorted(pairs), signed and signed.groups()))
        status, text = Stub.reply
        if isinstance(text, dict):
            text = text[dict(pairs)["Action"]]
        payload = text.encode()
        self.send_response(status)
        self.send_header("content-type", "text/xml")
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_):
        pass


Outcome = collections.namedtuple("Outcome", "code stdout stderr forms")


def run_aws(arguments):
    """Version 1 of the AWS CLI in this process, with the exit code of version 2."""
    from awscli.clidriver import create_clidriver

    out, err = io.StringIO(), io.StringIO()
    Stub.forms = []
    # Its skeletons take one of an enum's values at random: the first one, so that they can be compared.
    first = mock.patch("random.choice", lambda values: values[0])
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), first:
        try:
            code = create_clidriver().main(["sts", *arguments])
        except SystemExit as end:
            code = end.code
    said = without_banner(err.getvalue())
    mapped = next(to for was, begin, to in EXIT_CODES if was == code and said.lstrip().startswith(begin))
    return Outcome(mapped, out.getvalue(), said, Stub.forms)


def run_sts(arguments, environment):
    Stub.forms = []
    done = subprocess.run(
        [STS_COMMAND, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False,
        stdin=subprocess.DEVNULL,
    )
    return Outcome(done.returncode, done.stdout, without_banner(done.stderr), Stub.forms)


def without_banner(text):
    """What is said below the usage, without the program's name."""
    _, found, rest = text.rpartition(" help\n")
    text = rest.lstrip("\n") if found else text
    return re.sub(r"^\S+: error: ", "error: ", text)


def comparable(stderr, aws):
    """What has to be the same of what is said. Python's JSON reader and ours word their errors differently, and the
    choices of version 1 are fewer."""
    if "Invalid JSON" in aws or "Invalid choice" in aws or "Unable to load paramfile (" in aws:
        return re.split(r"Invalid JSON|Invalid choice|contents", stderr)[0]
    # Two lines more at most: what was looked at, and what to do.
    for begin in ("Unable to locate credentials", "You must specify a region", "Partial credentials found"):
        if aws.lstrip().startswith(begin):
            return stderr.strip().splitlines()[:1]
    # Where there may be a secret, the place is told and not shown.
    if aws.startswith("\nError parsing parameter '--provided-contexts'"):
        return stderr.split(" for input:")[0]
    # What stands after an unknown option may be a secret.
    if aws.lstrip().startswith("Unknown options: "):
        return re.sub(r"=[^,\n]*|(, )[^-][^,\n]*", r"\1", stderr) if re.search(r": -|, -", aws) else stderr
    if aws.startswith("\nBad value for --query"):
        return stderr.split(":")[0]
    return stderr


def yaml(text):
    """A JSON text as version 2 of the AWS CLI prints YAML."""
    dumper = YAML(typ="safe", pure=True)
    dumper.default_flow_style = False
    out = io.StringIO()
    dumper.dump(json.loads(text), out)
    return out.getvalue()


def differences(aws, sts):
    if aws.code != sts.code:
        yield f"exit code {sts.code} instead of {aws.code}"
    if aws.forms != sts.forms:
        yield f"sent {sts.forms}\n    instead of {aws.forms}"
    if aws.stdout != sts.stdout:
        yield f"printed {sts.stdout!r}\n    instead of {aws.stdout!r}"
    if comparable(aws.stderr, aws.stderr) != comparable(sts.stderr, aws.stderr):
        yield f"said {sts.stderr!r}\n    instead of {aws.stderr!r}"


def refusal(case, aws, sts):
    """What is wrong with a refusal of a reply that the AWS CLI prints, whole or in part."""
    if aws.code != 0:
        yield f"the AWS CLI ends with {aws.code}: {aws.stderr}"
    if aws.forms != sts.forms:
        yield f"sent {sts.forms}\n    instead of {aws.forms}"
    if (sts.code, sts.stdout) != (255, "") or case.fault not in sts.stderr:
        yield f"ended with {sts.code}, printed {sts.stdout!r} and said {sts.stderr!r}, without {case.fault!r}"


def part(options, index):
    """Runs every PARTS-th set of options, with a server of its own."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    lines, counts, failed, intended = [], collections.Counter(), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "config").write_text(CONFIG.replace("URL", url))
        environment = {**ENVIRONMENT, "AWS_CONFIG_FILE": str(folder / "config"), "HOME": str(folder)}
        os.environ.clear()
        os.environ.update(environment)
        cases = Cases(random.Random(options.seed), folder, url).all(options.count)
        for case in itertools.islice(cases, index, None, PARTS):
            for name in case.unset:
                os.environ.pop(name)
            Stub.reply = case.reply
            aws = run_aws(case.arguments)
            os.environ.update(environment)
            if case.is_output_skeleton and "valid min length" in aws.stderr:
                # Version 1 finds texts in its own sample of a reply too short.
                continue
            if re.match(r"\n('\w+' object |string indices )", aws.stderr):
                # Python's own words: version 1 did not foresee a structure beside something else in a list.
                continue
            ours = {name: value for name, value in environment.items() if name not in case.unset}
            sts = run_sts(case.arguments, ours)
            if case.fault:
                intended += 1
                found = list(refusal(case, aws, sts))
            else:
                found = list(differences(aws, sts))
            if sts.code == 0 and case.is_json and aws.stdout and "--generate-cli-skeleton" not in case.arguments:
                other = run_sts([*case.arguments, "--output", "yaml"], ours)
                if other.stdout != yaml(aws.stdout):
                    found.append(f"printed {other.stdout!r}\n    instead of {yaml(aws.stdout)!r}")
            counts[aws.code] += 1
            failed += len(found)
            if options.show or found:
                lines.append(f"{aws.code} {shlex.join(case.arguments)}")
                lines.extend(f"    {difference}" for difference in found)
    return lines, counts, failed, intended


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--count", type=int, default=300, help="how many sets of options are generated")
    options.add_argument("--show", action="store_true", help="print every set of options")
    options = options.parse_args()

    counts, failed, intended = collections.Counter(), 0, 0
    with multiprocessing.Pool(PARTS) as pool:
        for lines, part_counts, part_failed, part_intended in pool.starmap(part, [(options, index) for index in range(PARTS)]):
            print("".join(f"{line}\n" for line in lines), end="")
            counts += part_counts
            failed += part_failed
            intended += part_intended
    total = sum(counts.values())
    codes = ", ".join(f"{count} with exit code {code}" for code, count in sorted(counts.items()))
    print(f"cli: {total} sets of options ({codes}), {intended} intended differences, {failed} others")
    if counts[0] < total / 2 or not {0, 252, 253, 254} <= set(counts):
        sys.exit("cli: too few kinds of outcomes to mean anything")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
