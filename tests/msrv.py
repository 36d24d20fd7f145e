#!/usr/bin/env python3
"""No crate that the three libraries stand on, as Cargo.lock has them, says that it needs a newer Rust than they do.

That they compile with it is another step, which needs that toolchain. The program `sts` may need a newer one: its
feature `cli` is left out.
"""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Each library with all features that libraries have.
LIBRARIES = {
    "sts-proto": ["--all-features"],
    "sts-async": ["--all-features"],
    "sts-blocking": ["--features", "rustls,native-tls,platform-verifier,json,token,sources,login"],
}


def cargo(*arguments):
    command = ["cargo", *arguments, "--locked"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def version(text):
    numbers = [int(number) for number in text.split(".")]
    return tuple(numbers + [0] * (3 - len(numbers)))


def main():
    metadata = json.loads(cargo("metadata", "--all-features", "--format-version", "1"))
    needs = {(p["name"], p["version"]): p["rust_version"] for p in metadata["packages"]}
    ours = {needs[p["name"], p["version"]] for p in metadata["packages"] if p["name"] in LIBRARIES}
    if len(ours) != 1 or None in ours:
        sys.exit(f"msrv: the libraries must all name one Rust version, and name {ours}")
    oldest = ours.pop()
    crates = set()
    for library, features in LIBRARIES.items():
        # For every platform: what is not built here is built there.
        tree = cargo("tree", "-p", library, *features, "-e", "normal,build", "--target", "all", "--prefix", "none")
        crates |= set(re.findall(r"^(\S+) v(\S+)", tree, re.MULTILINE))
    if len(crates) < 50:
        sys.exit(f"msrv: only {len(crates)} crates were found")
    newer = sorted(
        f"{name} {number} needs Rust {needs[name, number]}"
        for name, number in crates
        if version(needs[name, number] or "1.0") > version(oldest)
    )
    if newer:
        sys.exit(f"msrv: the libraries promise Rust {oldest}, but\n" + "\n".join(newer))
    print(f"msrv: none of {len(crates)} crates says that it needs more than Rust {oldest}")


if __name__ == "__main__":
    main()
