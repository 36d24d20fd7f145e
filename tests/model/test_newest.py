"""Runs newest.sh in a made-up repository, with stubs of Python's pip, of Cargo and of the suites.

    python -m unittest discover tests/model
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
# Logs its arguments and answers for venv and pip; everything else is run by the real Python.
PYTHON = """#!/bin/sh
echo "$*" >>"$STUB_LOG"
case "$*" in
    "-m venv "*)
        [ -z "$VENV_ERROR" ] || { echo "$VENV_ERROR"; exit 1; }
        mkdir -p "$3/bin" && cp "$0" "$3/bin/python"
        ;;
    *" index versions botocore") [ -z "$NEWEST" ] || echo "botocore ($NEWEST)" ;;
    *" index versions awscli") echo "awscli (1.0)" ;;
    *" pip install "*) [ -z "$INSTALL_ERROR" ] || { printf "$INSTALL_ERROR" >&2; exit 1; } ;;
    *) exec "$REAL_PYTHON" "$@" ;;
esac
"""
# Copies a made-up model in place of botocore's.
FETCH = """
import os, shutil, sys
version = sys.argv[3]
source = os.path.join(os.environ["MODELS"], version)
if not os.path.exists(source):
    sys.exit(f"WARNING: slow\\nERROR: No matching distribution found for botocore=={version}\\n")
shutil.copytree(source, sys.argv[1])
"""
MODEL = '{"metadata": {"protocol": "query"}, "operations": %s, "shapes": {}}'
SUITES = ["model_coverage", "endpoint_vectors", "botocore_differential", "tests/cli with AWS CLI 1.0"]
CONFLICT = (
    "ERROR: Cannot install botocore==2.0 because these versions conflict.\\n"
    "The conflict is caused by: awscli\\nERROR: ResolutionImpossible: see the manual\\n"
)


class Newest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name in ("model/newest.sh", "model/diff.py", "servers/common.sh"):
            self.write(f"tests/{name}", (TESTS / name).read_text(encoding="utf-8"))
        self.write("tests/fetch-vectors.py", FETCH)
        self.unit_test("pass")
        self.write("tests/botocore/requirements.txt", "botocore==1.0\n")
        self.write("tests/boto3/requirements.txt", "awscli==1.0\nboto3==1.0\nbotocore==1.0\n")
        self.write("tests/cli/requirements.txt", "awscli==1.0\nbotocore==1.0\n")
        self.write("sts-proto/src/operation/model.rs", 'pub const MODEL: Model = Model { botocore: "1.0" };\n')
        for name in ("tests/botocore/generate.py", "tests/botocore/profiles.py"):
            self.write(name, "")
        self.write("bin/python", PYTHON)
        self.write("bin/cargo", "#!/bin/sh\n")
        self.write("tests/cli/run.sh", "#!/bin/sh\n")
        self.model("1.0", "{}")
        self.environment = {
            **os.environ,
            "PATH": f"{self.root}/bin:{os.environ['PATH']}",
            "PYTHON": str(self.root / "bin/python"),
            "REAL_PYTHON": sys.executable,
            "STUB_LOG": str(self.root / "log"),
            "MODELS": str(self.root / "models"),
            "NEWEST": "2.0",
            "VENV_ERROR": "",
            "INSTALL_ERROR": "",
        }

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def unit_test(self, body):
        text = f"import unittest\n\nclass Some(unittest.TestCase):\n    def test_some(self):\n        {body}\n"
        self.write("tests/model/test_diff.py", text)

    def model(self, version, operations):
        self.write(f"models/{version}/model/sts.json", MODEL % operations)

    def run_newest(self, *arguments, **environment):
        done = subprocess.run(
            [self.root / "tests/model/newest.sh", *arguments],
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout

    def assert_fails_before_pypi(self, message):
        for arguments in ([], ["--warn"]):
            code, text = self.run_newest(*arguments)
            self.assertEqual(code, 1, text)
            self.assertIn(message, text)
        log = self.root / "log"
        commands = log.read_text(encoding="utf-8") if log.exists() else ""
        self.assertNotIn("venv", commands)
        self.assertNotIn("pip", commands)

    def assert_warns(self, code, message, **environment):
        """Without --warn the exit code is `code`; with it 0, after one line."""
        found, text = self.run_newest(**environment)
        self.assertEqual(found, code, text)
        self.assertIn(message, text)
        found, text = self.run_newest("--warn", **environment)
        self.assertEqual((found, text.count("\n")), (0, 1), text)
        self.assertIn(message, text)

    def test_unit_test_that_fails_is_a_failure(self):
        self.unit_test("self.fail('the reason')")
        self.assert_fails_before_pypi("the reason")

    def test_model_of_another_botocore_is_a_failure(self):
        self.write("sts-proto/src/operation/model.rs", 'pub const MODEL: Model = Model { botocore: "0.9" };\n')
        self.assert_fails_before_pypi("model.rs follows botocore 0.9, the requirements pin 1.0")

    def test_missing_model_is_a_failure(self):
        (self.root / "sts-proto/src/operation/model.rs").unlink()
        self.assert_fails_before_pypi("model.rs follows botocore (none), the requirements pin 1.0")

    def test_pins_that_differ_are_a_failure(self):
        for folder, text, message in [
            ("cli", "awscli==1.0\nbotocore==1.1\n", "botocore 1.0 and 1.1"),
            ("boto3", "awscli==1.0\nboto3==1.2\nbotocore==1.0\n", "botocore 1.0 and 1.2"),
            ("boto3", "awscli==1.3\nboto3==1.0\nbotocore==1.0\n", "awscli 1.3 and 1.0"),
        ]:
            file = self.root / f"tests/{folder}/requirements.txt"
            before = file.read_text(encoding="utf-8")
            file.write_text(text, encoding="utf-8")
            with self.subTest(message):
                self.assert_fails_before_pypi(message)
            file.write_text(before, encoding="utf-8")

    def test_venv_that_cannot_be_made_is_a_warning(self):
        self.assert_warns(2, "no virtual environment can be made: ensurepip is missing", VENV_ERROR="ensurepip is missing")

    def test_unreachable_pypi_is_a_warning(self):
        self.assert_warns(2, "the newest versions cannot be read from PyPI", NEWEST="")

    def test_botocore_that_cannot_be_fetched_is_a_warning_with_the_reason_of_pip(self):
        self.assert_warns(2, "botocore 2.0 cannot be fetched from PyPI: No matching distribution found for botocore==2.0;")

    def test_model_that_cannot_be_compared_is_a_warning(self):
        self.write("models/2.0/model/sts.json", "{}")
        self.assert_warns(1, "diff.py failed on botocore 1.0 and 2.0: KeyError")

    def test_pinned_versions_that_are_the_newest_run_no_suite(self):
        self.assert_warns(0, "botocore 1.0 and AWS CLI 1.0 are the newest, and are pinned", NEWEST="1.0")

    def test_newer_botocore_with_the_same_model_is_nothing_new(self):
        self.model("2.0", "{}")
        message = "nothing is new in the model and the endpoint rules of STS between botocore 1.0 and 2.0"
        self.assert_warns(0, message)
        _, text = self.run_newest()
        self.assertIn(f"== list of work\n{message}\n", text)

    def test_newer_model_is_a_warning_with_the_differences(self):
        self.model("2.0", '{"New": {}}')
        message = "1 difference in the model and the endpoint rules of STS between botocore 1.0 and 2.0"
        self.assert_warns(1, message)
        _, text = self.run_newest("--warn")
        self.assertIn("new operation: New. Run tests/model/newest.sh for the whole list and the suites", text)

    def test_list_of_work_is_printed_before_and_after_the_suites(self):
        self.model("2.0", '{"New": {}}')
        code, text = self.run_newest()
        self.assertEqual(code, 1)
        self.assertEqual(text.count("== list of work\nnew operation: New\n"), 2)
        headings = [line.split(",")[0] for line in text.splitlines() if line.startswith("== ")]
        self.assertEqual(headings, ["== list of work", *(f"== {suite}" for suite in SUITES), "== list of work"])

    def test_list_of_work_is_printed_where_the_suites_cannot_be_installed(self):
        self.model("2.0", '{"New": {}}')
        code, text = self.run_newest(INSTALL_ERROR=CONFLICT)
        self.assertEqual(code, 1, text)
        self.assertIn("== list of work\nnew operation: New\n", text)
        self.assertIn("The conflict is caused by: awscli\n", text)
        reason = "cannot be installed: Cannot install botocore==2.0 because these versions conflict."
        self.assertTrue(text.endswith(f"the suites were not run, for botocore 2.0 and AWS CLI 1.0 {reason}\n"), text)

    def test_suites_that_cannot_be_installed_without_a_new_model_exit_with_2(self):
        self.model("2.0", "{}")
        code, text = self.run_newest(INSTALL_ERROR=CONFLICT)
        self.assertEqual(code, 2, text)
        self.assertIn("nothing is new", text)

    def test_suite_that_fails_is_named(self):
        self.model("2.0", "{}")
        self.write("tests/cli/run.sh", "#!/bin/sh\nexit 1\n")
        code, text = self.run_newest()
        self.assertEqual(code, 1)
        self.assertIn("1 of 4 suites failed\nmodel: failed: tests/cli with AWS CLI 1.0\n", text)

    def test_always_runs_the_suites_of_the_pinned_versions(self):
        code, text = self.run_newest("--always", NEWEST="1.0")
        self.assertEqual(code, 0, text)
        self.assertIn("nothing is new in the model of STS: botocore 1.0 is the newest", text)
        self.assertIn("0 of 4 suites failed", text)

    def test_broken_connection_is_the_reason_of_pip(self):
        warning = "WARNING: Retrying (Retry(total=0)) after connection broken by 'Refused()': /simple/botocore/"
        error = "ERROR: Could not find a version that satisfies botocore (from versions: none)"
        last = "ERROR: No matching distribution found for botocore"
        code, text = self.run_newest("--always", NEWEST="1.0", INSTALL_ERROR=f"{warning}\\n{error}\\n{last}\\n")
        self.assertEqual(code, 2, text)
        self.assertTrue(text.endswith(": No matching distribution found for botocore, Refused()\n"), text)


if __name__ == "__main__":
    unittest.main()
