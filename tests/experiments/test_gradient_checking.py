"""`python -m experiments.gradient_checking`, run as a user runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STUDY = [sys.executable, "-m", "experiments.gradient_checking"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "MINIDL_DATA"}


def run(*arguments):
    return subprocess.run(
        [*STUDY, *map(str, arguments)],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    out = tmp_path_factory.mktemp("study") / "new" / "folder"
    return run("--quick", "--out", out), out


@pytest.fixture(scope="module")
def table(quick):
    return {
        row["what"]: row["found"]
        for row in json.loads((quick[1] / "results.json").read_text())["table"]
    }


def test_the_course_s_numbers(table):
    assert table["1-D: J = theta x at theta = 4, x = 2"] == 2.919335883291695e-10
    assert table["slope of x^2 at 3, step 1e-2, two-sided"] == 5.999999999999872
    assert table["slope of x^2 at 3, step 1e-2, one-sided"] == 6.009999999999849
    assert table["N-D, planted: dW2 x 2, db1 x 4"] == pytest.approx(0.2850931567761624, rel=1e-12)
    assert table["N-D, planted: dW2 x m, db1 x 2"] == pytest.approx(0.3134753368918789, rel=1e-12)
    assert table["N-D, no bug, epsilon 1e-7"] == pytest.approx(1.1890913024643007e-07, rel=1e-9)
    assert table["N-D, no bug, epsilon 1e-5"] == pytest.approx(9.322638280272664e-10, rel=1e-6)
    assert 0 < table["N-D, no bug, complex step"] < 1e-13
    assert 0 < table["[12288, 5, 5, 1] tanh on one cat picture"] < 1e-13
    assert 0 < table["6-8-5-1 tanh, dropout 0.8, L2 0.7"] < 1e-13


def test_prints_what_was_found_and_both_reports(quick):
    done, out = quick
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for phrase in (
        "planted dW2 x 2, db1 x 4: found in W2, b1",
        "epsilon 1e-7: passes; the difference 1.189e-07 is above the usual threshold",
        "expected  found",
        "A right network",
        "bugs injected into this model were detected",
        "A wrong network",
        "FAILED: 2 of 6 checks",
        "Dropout(0.8)",
        "L2(0.7)",
    ):
        assert phrase in done.stdout
    assert {path.name for path in out.iterdir()} == {"results.json", "errors.png"}


def test_writes_the_reports(quick):
    results = json.loads((quick[1] / "results.json").read_text())
    assert list(results) == ["source", "settings", "table", "reports", "versions"]
    right, wrong = results["reports"]
    assert (right["ok"], wrong["ok"]) == (True, False)
    assert {check["parameter"] for check in wrong["checks"] if check["verdict"] == "fail"} == {
        "W2",
        "b1",
    }


def test_every_element_of_the_cat_s_network_with_another_seed(tmp_path):
    done = run("--seed", 5, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    found = {
        row["what"]: row["found"]
        for row in json.loads((tmp_path / "results.json").read_text())["table"]
    }
    assert 0 < found["[12288, 5, 5, 1] tanh on one cat picture"] < 1e-13
    assert "passes" in done.stdout
    assert "FAILS" not in done.stdout


def test_help():
    done = run("--help")
    assert done.returncode == 0
    for phrase in (
        "--seed N",
        "default: 1",
        "--quick",
        "--data FOLDER",
        "results/gradient_checking",
        "examples:",
        "1.189e-07",
    ):
        assert phrase in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["--seed", "-1"], 2), (["--epochs", "3"], 2), (["--data", "nowhere-at-all"], 1)],
)
def test_an_error_has_its_status(arguments, status, tmp_path):
    done = run(*arguments, "--out", tmp_path)
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    assert done.stderr
