#!/usr/bin/env python3
"""What a program costs that assumes a role and asks who it is then: ours, and what one would use instead.

    run.py                          everything, and one table: half an hour on two cores
    run.py --only blocking,ureq     these only
    run.py --parts crates,build     these columns only; the parts are crates, build, process, wire and memory
    run.py --save FILE ...          adds what is measured to the table in FILE, and prints all of it
    run.py --check                  builds all without optimisation, and runs each once against the local STS

Needs cargo, and GNU time for the column of memory. Builds are clean, offline and in a folder of their own each; what is counted
of them are CPU seconds, of all processes. What runs, runs in turns, so that other work on the machine meets all alike, and
ratios are medians of the ratios of the turns.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]

# Name of the package less "peer-", and what it is.
PEERS = {
    "socket": "raw socket, no TLS, requests signed beforehand",
    "ureq": "bare ureq, requests signed beforehand",
    "blocking": "sts-blocking, without `sources`",
    "blocking-sources": "sts-blocking, default features",
    "tokio": "sts-async on tokio, without `sources`",
    "smol": "sts-async on smol, without `sources`",
    "by-hand": "aws-sigv4, ureq and quick-xml by hand",
    "reqsign": "reqsign and reqwest",
    "sdk-lean": "aws-sdk-sts, lean",
    "sdk": "aws-sdk-sts and aws-config, default features",
}
PARTS = ["crates", "build", "process", "wire", "memory"]
ARN = "arn:aws:sts::123456789012:assumed-role/Deploy/build-42-of-the-main-branch-for-tests"
ROUNDS = 60
MEMORY_ROUNDS = 5


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def cargo(*arguments, **options):
    return subprocess.run(["cargo", *arguments], cwd=HERE, check=True, text=True, **options)


def crates(peer):
    """How many a program stands on, at run time, less itself and what it shares with the others here."""
    command = ["tree", "--locked", "-p", f"peer-{peer}", "--edges", "normal", "--prefix", "none", "--format", "{p}"]
    lines = cargo(*command, stdout=subprocess.PIPE).stdout.splitlines()
    names = {" ".join(line.split()[:2]) for line in lines if line}
    return len([name for name in names if not name.startswith("peer-")])


def build(peer, target):
    """CPU seconds of a clean build."""
    shutil.rmtree(target, ignore_errors=True)
    process = subprocess.Popen(
        ["cargo", "build", "--quiet", "--release", "--locked", "--offline", "-p", f"peer-{peer}", "--target-dir", target],
        cwd=HERE,
    )
    # Of cargo, and of all that it waited for.
    status, usage = os.wait4(process.pid, 0)[1:]
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"run.py: peer-{peer} does not build")
    return usage.ru_utime + usage.ru_stime


def command_of(peer, program, signed):
    url = os.environ["AWS_ENDPOINT_URL_STS"]
    requests = [f"{signed}/assume-role", f"{signed}/get-caller-identity"] if peer in ("ureq", "socket") else []
    return [program, url, *requests]


def run_once(peer, command):
    """CPU seconds of a process from its start to its end."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    out = process.stdout.read()
    process.stdout.close()
    status, usage = os.wait4(process.pid, 0)[1:]
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0 or ARN not in out:
        sys.exit(f"run.py: {peer} did not assume the role: {out!r}")
    return usage.ru_utime + usage.ru_stime


def peak(command):
    """The peak of its memory in KiB. Not by wait4: to that, what this program takes would be the least."""
    with tempfile.NamedTemporaryFile("r") as told:
        time = ["/usr/bin/time", "-f", "%M", "-o", told.name]
        subprocess.run([*time, *command], check=True, stdout=subprocess.DEVNULL)
        return int(told.read())


def processes(programs, rounds):
    """In an environment that points at an STS: what each program takes, and of bare ureq's CPU time."""
    with tempfile.TemporaryDirectory() as signed:
        subprocess.run([programs.pop("race"), "sign", os.environ["AWS_ENDPOINT_URL_STS"], signed], check=True)
        commands = {peer: command_of(peer, program, signed) for peer, program in programs.items()}
        taken = {peer: [] for peer in commands}
        # What comes of a program is looked at in any case, and what it takes only if that is asked for.
        for turn in range(rounds + 1):
            for peer, command in commands.items():
                seconds = run_once(peer, command)
                # The first turn reads the programs from the disk.
                if turn > 0:
                    taken[peer].append(seconds)
        result = {}
        for peer, seconds in taken.items() if rounds else []:
            result[peer] = {"cpu": statistics.median(seconds)}
            if "ureq" in taken:
                ratios = [mine / its for mine, its in zip(seconds, taken["ureq"])]
                result[peer]["cpu of ureq"] = statistics.median(ratios)
            if os.path.exists("/usr/bin/time"):
                result[peer]["peak"] = statistics.median(peak(commands[peer]) for _ in range(MEMORY_ROUNDS))
        return result


def local_sts():
    """The server, built before anything waits for it."""
    manifest = ["--manifest-path", str(ROOT / "Cargo.toml")]
    cargo("build", "--quiet", "--release", *manifest, "-p", "sts-tests", "--bin", "sts-local")
    metadata = cargo("metadata", "--no-deps", "--format-version", "1", *manifest, stdout=subprocess.PIPE)
    return pathlib.Path(json.loads(metadata.stdout)["target_directory"]) / "release/sts-local"


def inside(server, arguments):
    """Runs this program again, where the environment points at the local STS."""
    environment = {**os.environ, "STS_LOCAL_COMMAND": str(server)}
    command = [ROOT / "tests/with-local-sts.sh", sys.executable, __file__, "--inside", json.dumps(arguments)]
    done = subprocess.run(command, env=environment, check=True, text=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def check(peers):
    """Each program once, and whether the SDK takes our server for AWS's."""
    server = local_sts()
    packages = [f"peer-{name}" for name in [*peers, "race", "check"]]
    cargo("build", "--quiet", "--locked", *(word for package in packages for word in ("-p", package)))
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE / "target")) / "debug"
    programs = {name: str(target / f"peer-{name}") for name in [*peers, "race"]}
    inside(server, {"programs": programs, "rounds": 0})
    environment = {**os.environ, "STS_LOCAL_COMMAND": str(server)}
    subprocess.run([ROOT / "tests/with-local-sts.sh", target / "peer-check"], env=environment, check=True)
    print(f"{len(peers)} programs assumed a role and asked who they are: {', '.join(peers)}")


def table(peers, found):
    columns = [
        "", "crates", "build, CPU s", "of lean", "stripped, MB", "process, CPU ms", "of ureq", "peak, MiB", "calls/s",
        "of ureq", "request, µs", "of ours", "reply, µs", "of ours", "call, µs", "of ours",
    ]
    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
    lean = found.get("sdk-lean", {}).get("build")
    for peer in peers:
        row = found.get(peer, {})

        def cell(name, form="{:.2f}", scale=1.0, row=row):
            return form.format(row[name] * scale) if row.get(name) is not None else "–"

        of_lean = f"{row['build'] / lean:.2f}" if lean and "build" in row else "–"
        cells = [
            PEERS[peer], cell("crates", "{:.0f}"), cell("build", "{:.0f}"), of_lean, cell("bytes", "{:.2f}", 1e-6),
            cell("cpu", "{:.2f}", 1e3), cell("cpu of ureq"), cell("peak", "{:.1f}", 1 / 1024), cell("wire", "{:,.0f}"),
            cell("wire of ureq"),
        ]
        for what in ["request", "reply", "call"]:
            cells += [cell(what, "{:.2f}", 1e-3), cell(f"{what} of ours")]
        print("| " + " | ".join(cells) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="names of peers, by commas: " + ", ".join(PEERS))
    parser.add_argument("--parts", help="what is measured, by commas")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"runs of each program, {ROUNDS} by default")
    parser.add_argument("--save", type=pathlib.Path, help="a table to go on with, as JSON")
    parser.add_argument("--check", action="store_true", help="correctness only")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        print(json.dumps(processes(**json.loads(arguments.inside))))
        return
    peers = arguments.only.split(",") if arguments.only else list(PEERS)
    parts = arguments.parts.split(",") if arguments.parts else PARTS
    unknown = [name for name in peers if name not in PEERS] + [name for name in parts if name not in PARTS]
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}")
    if arguments.check:
        check(peers)
        return
    found = json.loads(arguments.save.read_text()) if arguments.save and arguments.save.exists() else {}
    for peer in peers:
        found.setdefault(peer, {})
    measure(peers, parts, arguments.rounds, found, arguments.save)
    table([peer for peer in PEERS if peer in found], found)


def target_of(peer):
    """Each has one of its own, so that none finds what was compiled for another one."""
    return HERE / "target/programs" / peer


def measure(peers, parts, rounds, found, save):
    def keep():
        if save:
            save.write_text(json.dumps(found, indent=1) + "\n")

    cargo("fetch", "--quiet", "--locked")
    if "crates" in parts:
        for peer in peers:
            found[peer]["crates"] = crates(peer)
    if "build" in parts:
        for peer in peers:
            say(f"building {peer}")
            found[peer]["build"] = build(peer, target_of(peer))
            found[peer]["bytes"] = (target_of(peer) / f"release/peer-{peer}").stat().st_size
            say(f"  {found[peer]['build']:.1f} CPU s, load {os.getloadavg()[0]:.1f}")
            keep()
    if {"process", "wire", "memory"} & set(parts):
        say("building the race")
        cargo("build", "--quiet", "--release", "--locked", "-p", "peer-race", "--target-dir", HERE / "target")
        racer = str(HERE / "target/release/peer-race")
    if "process" in parts:
        server = local_sts()
        programs = {"race": racer}
        for peer in peers:
            target = target_of(peer)
            cargo("build", "--quiet", "--release", "--locked", "-p", f"peer-{peer}", "--target-dir", target)
            programs[peer] = str(target / "release" / f"peer-{peer}")
        say(f"{rounds} runs of each program, load {os.getloadavg()[0]:.1f}")
        for peer, row in inside(server, {"programs": programs, "rounds": rounds}).items():
            found[peer].update(row)
        keep()
    if "wire" in parts:
        say(f"calls over a connection, load {os.getloadavg()[0]:.1f}")
        names = {"sdk": None, "sdk-lean": "sdk", "blocking-sources": None}
        for peer, (time, ratio) in raced(racer, "wire", peers, names):
            found[peer].update({"wire": 1e9 / time["wire"], "wire of ureq": 1 / ratio["wire"]})
        keep()
    if "memory" in parts:
        say(f"calls in memory, load {os.getloadavg()[0]:.1f}")
        # Ours in memory is the core, whoever drives it.
        names = {"sdk": None, "sdk-lean": "sdk", "blocking": "ours"}
        for peer, (time, ratio) in raced(racer, "memory", peers, names):
            found[peer].update(time)
            found[peer].update({f"{what} of ours": value for what, value in ratio.items()})
        keep()


def raced(program, mode, peers, names):
    """Times and ratios of the peers that take part, by what is raced. They have other names where two have the same code."""
    names = {peer: names.get(peer, peer) for peer in peers}
    wanted = [name for name in names.values() if name]
    # Client and server on one core: else it is chance who waits for whom, and how long.
    pin = ["taskset", "-c", "0"] if mode == "wire" and shutil.which("taskset") else []
    out = subprocess.run([*pin, program, mode, *wanted], check=True, text=True, stdout=subprocess.PIPE).stdout
    rows = [line.split("\t") for line in out.splitlines()]
    for peer, name in names.items():
        mine = [row for row in rows if row[1] == name]
        if mine:
            times, ratios = ({what: float(row[place]) for what, *row in mine} for place in (1, 2))
            yield peer, (times, ratios)


if __name__ == "__main__":
    main()
