"""`python -m experiments.signs`, run as a user runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minidl.cli import main as minidl

ROOT = Path(__file__).resolve().parents[2]
STUDY = [sys.executable, "-W", "error", "-m", "experiments.signs"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "MINIDL_DATA"}


def run(*arguments, cwd=ROOT, environment=None):
    words = [*STUDY, *map(str, arguments)]
    return subprocess.run(
        words, cwd=cwd, env=environment or ENVIRONMENT, capture_output=True, text=True, timeout=60
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    drawn = tmp_path_factory.mktemp("signs")
    assert minidl(["data", "make", str(drawn), "--set", "signs"]) == 0
    return drawn


@pytest.fixture(scope="module")
def quick(tmp_path_factory, folder):
    out = tmp_path_factory.mktemp("out") / "new" / "folder"
    return run("--quick", "--data", folder, "--out", out), out


def test_prints_the_source_first_then_the_majority_the_accuracies_and_the_confusion_matrix(
    quick, folder
):
    done, _ = quick
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("source  hand-sign images, unverified")
    assert str(folder) in lines[0]
    assert "majority class: train 0.167 (0), test 0.167 (0)" in lines
    assert "3072-25-12-6: 77,215 parameters, Adam(learning_rate=0.001" in done.stdout
    assert len({len(line) for line in lines if "true" in line or "predicted" in line}) == 1


def test_writes_the_numbers(quick):
    _, out = quick
    results = json.loads((out / "results.json").read_text())
    names = "source verified settings majority train test classes confusion"
    assert list(results) == [
        *names.split(),
        "cost_every_100",
        "test_cost_every_100",
        "cost_last",
        "seconds",
        "versions",
        "network",
    ]
    settings = results["settings"]
    expected = {
        "layers": [25, 12],
        "optimizer": "adam",
        "learning_rate": 1e-3,
        "batch_size": 32,
        "epochs": 150,
        "seed": 1,
    }
    assert {name: settings[name] for name in expected} == expected
    table = np.array(results["confusion"])
    assert table.sum(axis=1).tolist() == [20] * 6
    assert np.trace(table) / 120 == pytest.approx(results["test"]["accuracy"])
    assert 0 < results["cost_last"] < results["cost_every_100"][0]
    for split in ("train", "test"):  # conclusive, though quick
        assert results[split]["accuracy"] > 3 * results["majority"][split]


@pytest.mark.parametrize("name", ["cost.png", "confusion.png", "misclassified.png"])
def test_writes_figures_that_show_something(quick, name):
    image = pytest.importorskip("matplotlib.image")
    pixels = image.imread(quick[1] / name)[..., :3]
    assert min(pixels.shape[:2]) > 200
    assert pixels.std() > 0.05


def test_the_test_file_alone_is_split_and_it_says_so(tmp_path, folder):
    (tmp_path / "test_signs.h5").write_bytes((folder / "test_signs.h5").read_bytes())
    done = run("--epochs", 2, "--data", tmp_path, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "train_signs.h5 is not there" in done.stdout.splitlines()[0]
    assert "split 96/24" in done.stdout.splitlines()[0]
    assert np.sum(json.loads((tmp_path / "out" / "results.json").read_text())["confusion"]) == 24


def test_a_missing_folder_is_one_line_and_status_1(tmp_path):
    done = run("--data", tmp_path / "nowhere", "--out", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert "test_signs.h5" in done.stderr


def test_help_names_the_options_with_their_defaults():
    done = run("--help")
    assert done.returncode == 0, done.stderr
    for phrase in (
        "--epochs N",
        "default: 1500",
        "default: 25,12",
        "0.0001 for adam, adamw, rmsprop",
        "default: 32",
        "results/signs",
        "examples:",
        "0.717",
    ):
        assert phrase in " ".join(done.stdout.split())
