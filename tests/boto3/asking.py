"""What the checks of programs in this folder share."""

import subprocess

# No command that is asked here takes a minute.
TIMEOUT = 60


def run(command, environment):
    """What a command prints."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if done.returncode:
        raise AssertionError(f"{command[0]} ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout


def equal(found, wanted):
    if found != wanted:
        raise AssertionError(f"{found!r} instead of {wanted!r}")
