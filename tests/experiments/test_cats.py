"""`python -m experiments.cats`, run as a user runs it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from child_processes import running

from minidl.data import write_cats

ROOT = Path(__file__).resolve().parents[2]
STUDY = [sys.executable, "-m", "experiments.cats"]
WITHOUT_MATPLOTLIB = [
    sys.executable,
    "-c",
    "import sys; sys.modules['matplotlib'] = None; from experiments.cats import main; "
    "sys.exit(main(sys.argv[1:]))",
]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "MINIDL_DATA"}


def run(*arguments, command=STUDY):
    words = [*command, *map(str, arguments)]
    return subprocess.run(
        words,
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    drawn = tmp_path_factory.mktemp("data")
    write_cats(drawn)
    return drawn


@pytest.fixture(scope="module")
def quick(tmp_path_factory, folder):
    out = tmp_path_factory.mktemp("cats") / "new" / "folder"
    return run("--quick", "--data", folder, "--out", out, "--l2", "0.5"), out


def test_prints_the_source_first_then_the_majority_the_accuracies_and_the_confusion_matrix(
    quick, folder
):
    done, _ = quick
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("source  cat images, unverified")
    assert str(folder) in lines[0]
    for phrase in (
        "majority class: train 0.656 (non-cat), test 0.660 (cat)",
        "accuracy: train",
        "test images, predicted  non-cat  cat",
        "true cat",
    ):
        assert phrase in done.stdout
    assert len({len(line) for line in lines if "true" in line}) == 1
    assert "\r" not in done.stderr
    assert [line.split(",")[0] for line in done.stderr.splitlines()] == [
        f"epoch {epoch:3}/150" for epoch in range(15, 151, 15)
    ]


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
    ]
    assert results["verified"] is False
    assert results["settings"]["epochs"] == 150
    assert results["settings"]["optimizer"] == "adam"
    assert results["settings"]["learning_rate"] == 5e-4
    assert results["settings"]["layers"] == [20, 7, 5]
    table = np.array(results["confusion"])
    assert table.sum(axis=1).tolist() == [17, 33]
    assert np.trace(table) / 50 == pytest.approx(results["test"]["accuracy"])
    assert 0 < results["cost_last"] < results["cost_every_100"][0]
    for split, share in results["majority"].items():  # conclusive, though quick
        assert results[split]["accuracy"] > share + 0.1


@pytest.mark.parametrize("name", ["cost.png", "misclassified.png"])
def test_writes_figures_that_show_something(quick, name):
    image = pytest.importorskip("matplotlib.image")
    pixels = image.imread(quick[1] / name)[..., :3]
    assert min(pixels.shape[:2]) > 200
    assert pixels.std() > 0.05


def test_leaves_no_temporary_file(quick):
    assert sorted(path.name for path in quick[1].iterdir()) == [
        "cost.png",
        "misclassified.png",
        "results.json",
    ]


def test_without_a_folder_it_says_which_images_it_took(tmp_path):
    done = run("--quick", "--epochs", "1", "--layers", "none", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    source = done.stdout.splitlines()[0]
    assert "stand-in" in source or "real" in source or "unverified" in source
    assert json.loads((tmp_path / "results.json").read_text())["source"] in source


def test_without_matplotlib_the_numbers_come_and_the_pip_line(tmp_path, folder):
    arguments = [
        "--quick",
        "--data",
        folder,
        "--out",
        tmp_path,
        "--optimizer",
        "adam",
        "--batch-size",
        64,
        "--keep-prob",
        0.8,
        "--init",
        "he",
    ]
    done = run(*arguments, command=WITHOUT_MATPLOTLIB)
    assert done.returncode == 0, done.stderr
    assert 'pip install -e ".[plot]"' in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_help_names_every_option_with_its_default_and_examples():
    done = run("--help")
    assert done.returncode == 0, done.stderr
    for phrase in (
        "--epochs N",
        "default: 2500",
        "default: 20,7,5",
        "0.0075 for gd",
        "default: xavier",
        "results/cats",
        "examples:",
        "0.80",
    ):
        assert phrase in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["--epochs", "0"], "must be an integer >= 1, got '0'"),
        (["--epochs", "many"], "must be an integer >= 1, got 'many'"),
        (["--layers", "20,,5"], "must be integers >= 1 separated by commas"),
        (["--learning-rate", "nan"], "must be a number > 0, got 'nan'"),
        (["--l2", "-1"], "must be a number >= 0, got '-1'"),
        (["--keep-prob", "0"], "must be a number in (0, 1], got '0'"),
        (["--seed", "-1"], "must be an integer from 0 to 2**32 - 1"),
        (["--optimizer", "sgd"], "invalid choice: 'sgd'"),
    ],
)
def test_an_invalid_value_is_refused_with_its_rule(capsys, monkeypatch, arguments, rule):
    monkeypatch.syspath_prepend(ROOT)
    from experiments.cats import main

    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    usage, error = capsys.readouterr().err.splitlines()
    assert usage == "usage: python -m experiments.cats [options]"
    assert f"argument {arguments[0]}: " in error
    assert rule in error


def test_a_bad_value_ends_the_program_with_status_2():
    done = run("--epochs", "0")
    assert (done.returncode, done.stdout) == (2, "")


def test_a_missing_folder_is_one_line_and_status_1(tmp_path):
    done = run("--data", tmp_path / "nowhere", "--out", tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "train_catvnoncat.h5" in done.stderr


def test_an_impossible_out_folder_is_reported_before_training(tmp_path, folder):
    (tmp_path / "file").write_text("")
    done = run("--data", folder, "--out", tmp_path / "file")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(os.name == "nt", reason="signals differ")
def test_ctrl_c_ends_cleanly_with_status_130(tmp_path, folder):
    words = [*STUDY, "--data", str(folder), "--epochs", "1000000", "--out", str(tmp_path)]
    with running(
        words, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        for line in process.stdout:
            if "parameters" in line:
                break
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert errors.rstrip().endswith("cats: interrupted")
    assert list(tmp_path.iterdir()) == []
