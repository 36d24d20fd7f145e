"""Collects the public test cases that registries publish, in the layout that the test suites read.

    python fetch-vectors.py OUT_DIR && STS_VECTORS=OUT_DIR cargo test
    python fetch-vectors.py OUT_DIR --botocore VERSION

The second form collects botocore's files only, of that version. Needs Cargo, pip, and a network for both; nothing else is
installed, and no build takes place.

    sigv4/<case>/...                                        crate aws-sigv4
    profile/{profile-parser,file-location}-tests.json       crate aws-runtime
    clock-skew-test-cases.json                              crate aws-runtime
    model/sts-2011-06-15.json                               package botocore
    endpoints/{endpoint-rule-set,partitions}.json           package botocore
    endpoints/{signin,sso,...}-rule-set.json                package botocore

What is not published there is named at the end. All the files are under the Apache License 2.0.
"""

import argparse
import gzip
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

# Exact versions: another release may lay out its files in another way. That of botocore is in
# botocore/requirements.txt.
CRATES = {"aws-sigv4": "1.6.4", "aws-runtime": "1.10.2"}

SIGV4_SUITE = "aws-signing-test-suite/v4"
SIGV4_FILES = ["context.json", "request.txt"] + [
    f"{kind}-{part}.txt"
    for kind in ("header", "query")
    for part in ("canonical-request", "string-to-sign", "signature", "signed-request")
]
SKIPPED_SIGV4 = {
    "get-space-normalized": "its request and its signed request differ in the path",
    "get-space-unnormalized": "it has a bare space in the path, which is no HTTP",
}

NOT_PUBLISHED = ["endpoints/endpoint-tests.json", "chain/", "wire/"]
# Services around STS whose endpoints this client needs.
NEIGHBOURS = ["rolesanywhere", "signin", "sso", "sso-oidc"]


class Failure(Exception):
    """Told to the user without a trace."""


def run(command, directory):
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise Failure(f"{command[0]} is needed, but is not installed") from error
    if done.returncode != 0:
        raise Failure(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
    return done.stdout


# -----------------------------------------------------------------------------------------------------------
# Downloads


def crate_sources(directory):
    """Unpacked sources of the crates, by name; they are in Cargo's own cache and must not be changed."""
    manifest = ['[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n[dependencies]']
    # Without their features, few other crates come along.
    for name, version in CRATES.items():
        manifest.append(f'{name} = {{ version = "={version}", default-features = false }}')
    (directory / "Cargo.toml").write_text("\n".join(manifest) + "\n")
    (directory / "src").mkdir()
    (directory / "src/lib.rs").touch()
    # What only other platforms need is left out.
    command = ["cargo", "metadata", "--format-version=1", "--filter-platform", host_platform(directory)]
    packages = json.loads(run(command, directory))["packages"]
    manifests = {package["name"]: Path(package["manifest_path"]) for package in packages}
    return {name: manifests[name].parent for name in CRATES}


def host_platform(directory):
    lines = run(["cargo", "--version", "--verbose"], directory).splitlines()
    return next(line.split()[1] for line in lines if line.startswith("host:"))


def pinned_botocore():
    return Path(__file__).with_name("botocore").joinpath("requirements.txt").read_text().strip()


def botocore_data(directory, requirement):
    """The folder `data` of a botocore, in its wheel."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    run(pip + ["--dest", str(directory), requirement], directory)
    return zipfile.Path(next(directory.glob("botocore-*.whl"))) / "botocore/data"


# -----------------------------------------------------------------------------------------------------------
# SigV4


def unfolded(request):
    """A request with folded headers on one line each: a fold is obsolete, and counts as white space."""
    head, blank, body = request.partition(b"\n\n")
    return head.replace(b"\n ", b" ") + blank + body


def copy_sigv4(crate, out):
    suite = crate / SIGV4_SUITE
    if not suite.is_dir():
        raise Failure(f"this aws-sigv4 has no {SIGV4_SUITE}")
    copied = 0
    for case in sorted(suite.iterdir()):
        reason = SKIPPED_SIGV4.get(case.name) or missing_files(case)
        if reason:
            print(f"sigv4/{case.name}: left out, {reason}")
            continue
        copy_sigv4_case(case, out / case.name)
        copied += 1
    return copied


def missing_files(case):
    missing = [name for name in SIGV4_FILES if not (case / name).is_file()]
    return f"it lacks {missing[0]}" if missing else None


def copy_sigv4_case(case, out):
    out.mkdir(parents=True)
    for name in SIGV4_FILES:
        content = (case / name).read_bytes()
        (out / name).write_bytes(unfolded(content) if name == "request.txt" else content)


# -----------------------------------------------------------------------------------------------------------
# JSON


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def copy_profiles(crate, out):
    data = crate / "test-data"
    (out / "profile").mkdir(parents=True)
    shutil.copyfile(data / "file-location-tests.json", out / "profile/file-location-tests.json")
    shutil.copyfile(data / "clock-skew-test-cases.json", out / "clock-skew-test-cases.json")
    # The readers want the bare list.
    tests = json.loads((data / "profile-parser-tests.json").read_text(encoding="utf-8"))["tests"]
    write_json(out / "profile/profile-parser-tests.json", tests)
    return len(tests)


def without_prose(value):
    """The model without its texts, which are most of it."""
    if isinstance(value, dict):
        # A structure may well have a member of this name, but that is no text.
        prose = {name for name in ("documentation",) if isinstance(value.get(name), str)}
        return {name: without_prose(item) for name, item in value.items() if name not in prose}
    if isinstance(value, list):
        return [without_prose(item) for item in value]
    return value


def read_data(data, name):
    """A file of botocore's data. It has most of them compressed, but has not always."""
    for path in (data / f"{name}.gz", data / name):
        if path.is_file():
            content = path.read_bytes()
            return json.loads(gzip.decompress(content) if path.name.endswith(".gz") else content)
    raise Failure(f"this botocore has no {name}")


def copy_botocore(data, out):
    model = without_prose(read_data(data, "sts/2011-06-15/service-2.json"))
    write_json(out / "model/sts-2011-06-15.json", model)
    write_json(out / "endpoints/endpoint-rule-set.json", read_data(data, "sts/2011-06-15/endpoint-rule-set-1.json"))
    write_json(out / "endpoints/partitions.json", read_data(data, "partitions.json"))
    for service in NEIGHBOURS:
        # Services have one version, named by a date.
        (version,) = (data / service).iterdir()
        rules = without_prose(read_data(version, "endpoint-rule-set-1.json"))
        write_json(out / f"endpoints/{service}-rule-set.json", rules)
    return len(model["operations"])


# -----------------------------------------------------------------------------------------------------------


def fetch(out):
    with tempfile.TemporaryDirectory() as temporary:
        cargo, pip = Path(temporary, "cargo"), Path(temporary, "pip")
        cargo.mkdir()
        pip.mkdir()
        # Not in `out` from the start: what fails half-way must not look like a full set.
        cases = Path(temporary, "cases")
        crates = crate_sources(cargo)
        operations = copy_botocore(botocore_data(pip, pinned_botocore()), cases)
        signatures = copy_sigv4(crates["aws-sigv4"], cases / "sigv4")
        profiles = copy_profiles(crates["aws-runtime"], cases)
        shutil.copytree(cases, out, dirs_exist_ok=True)
    print(f"not published in a registry: {', '.join(NOT_PUBLISHED)}")
    print(f"{signatures} SigV4 cases, {profiles} profile cases, a model of {operations} operations")


def fetch_botocore(out, version):
    with tempfile.TemporaryDirectory() as temporary:
        pip, cases = Path(temporary, "pip"), Path(temporary, "cases")
        pip.mkdir()
        operations = copy_botocore(botocore_data(pip, f"botocore=={version}"), cases)
        shutil.copytree(cases, out, dirs_exist_ok=True)
    print(f"botocore {version}: a model of {operations} operations")


def main():
    parser = argparse.ArgumentParser(description="Collect the public test cases that registries publish.")
    parser.add_argument("out_dir", metavar="OUT_DIR", type=Path, help="a new or empty folder")
    parser.add_argument("--botocore", metavar="VERSION", help="collect botocore's files only, of that version")
    options = parser.parse_args()
    out = options.out_dir
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            # A mixture of two releases would be hard to notice.
            raise Failure(f"{out} is not an empty folder")
        if options.botocore:
            fetch_botocore(out, options.botocore)
        else:
            fetch(out)
    except Failure as failure:
        sys.exit(f"fetch-vectors: {failure}")


if __name__ == "__main__":
    main()
