"""A table of what an lcov report on standard input says of sts-proto's lines, without those of its unit tests.

MISSING=1 lists the lines that were not reached as well.
"""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent / "sts-proto" / "src"

# What an attacker's bytes go through, what signs, and what decides. What belongs to none of them counts in the whole.
PARTS = {
    "parser": ("xml", "reply", "http1", "form", "config/profile", "shape", "source/json", "source/document"),
    "signer": ("sigv4", "encoder"),
    "flows": ("call", "step", "retry", "refresh", "pool", "source"),
}


def part_of(name):
    stem = name.removesuffix(".rs")
    for part, prefixes in PARTS.items():
        if any(stem == prefix or stem.startswith(prefix + "/") for prefix in prefixes):
            return part
    return "rest"


def lines_of_code(path):
    """How many lines stand before the unit tests."""
    lines = path.read_text().splitlines()
    return next((i for i, line in enumerate(lines) if line == "mod tests {"), len(lines))


def read(report):
    """The counts of each line of each file."""
    files, name = {}, None
    for line in report:
        kind, _, rest = line.strip().partition(":")
        if kind == "SF":
            path = pathlib.Path(rest)
            name = str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else None
            if name and (path.stem in ("tests", "testing") or "tests" in path.parts[len(ROOT.parts):-1]):
                name = None
        elif kind == "DA" and name:
            number, count = map(int, rest.split(",")[:2])
            counts = files.setdefault(name, {})
            counts[number] = max(count, counts.get(number, 0))
    return files


def main():
    files = read(sys.stdin)
    if not files:
        sys.exit("coverage: the report names no file of sts-proto")
    totals = {}
    for name, counts in sorted(files.items()):
        last = lines_of_code(ROOT / name)
        counts = {line: count for line, count in counts.items() if line <= last}
        missed = sorted(line for line, count in counts.items() if count == 0)
        for key in (part_of(name), "all"):
            total = totals.setdefault(key, [0, 0])
            total[0] += len(counts)
            total[1] += len(missed)
        if counts:
            show(name, len(counts), len(missed))
        if missed and os.environ.get("MISSING"):
            print("    " + ", ".join(map(str, missed)))
    print()
    for key, (lines, missed) in totals.items():
        show(key, lines, missed)


def show(name, lines, missed):
    print(f"{name:48} {lines:6} lines {missed:5} missed {100 * (lines - missed) / max(lines, 1):6.2f} %")


if __name__ == "__main__":
    main()
