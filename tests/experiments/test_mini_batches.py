"""`python -m experiments.mini_batches --quick`."""

import numpy as np
import pytest
from studies import assert_files, assert_help, results, row, run

NAMES = ["whole set", "mini-batches of 64", "stochastic (one example)"]


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    out = tmp_path_factory.mktemp("mini_batches") / "new"
    return run("mini_batches", "--quick", "--out", out), out


def test_prints_the_majority_and_every_size(quick):
    done, _ = quick
    assert (done.returncode, done.stderr) == (0, "")
    assert row(done.stdout, "majority class")[3] == "0.500"
    assert [row(done.stdout, name)[:2] for name in NAMES] == [
        ["150", "150"],
        ["15", "705"],
        ["1", "3,000"],
    ]


def test_smaller_batches_need_fewer_epochs(quick):
    runs = results(quick[1])["runs"]
    assert (
        runs["whole set"]["cost"][0]
        > runs["mini-batches of 64"]["cost"][0]
        > runs["stochastic (one example)"]["cost"][0]
    )


def test_seconds_run_forward_and_the_last_cost_is_the_model_s(quick):
    found = results(quick[1])
    assert found["majority"] == 0.5
    for one in found["runs"].values():
        assert len(one["cost"]) == len(one["seconds_at"]) == one["epochs"]
        assert (np.diff([0, *one["seconds_at"]]) > 0).all()
        assert one["seconds"] == one["seconds_at"][-1]
        assert one["cost"][-1] == pytest.approx(one["loss"])


def test_writes_figures_that_show_something(quick):
    assert_files(quick[1], "cost.png", "steps.png")


def test_a_learning_rate_that_breaks_it_is_one_line_and_status_1(tmp_path):
    done = run("mini_batches", "--quick", "--learning-rate", "1e308", "--out", tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_help():
    assert_help("mini_batches")
