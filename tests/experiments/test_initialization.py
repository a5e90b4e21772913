"""`python -m experiments.initialization`, with the published figures."""

import numpy as np
import pytest
from helpers import read_reference
from studies import assert_files, assert_help, results, row, run

KINDS = ["zeros", "all 0.5", "random x 10", "He", "Xavier"]
FIGURES = ("cost.png", "boundaries.png", "symmetry.png")


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    out = tmp_path_factory.mktemp("initialization") / "new"
    return run("initialization", "--out", out), out


def test_the_full_run_gives_the_course_s_accuracies(full):
    done, out = full
    assert (done.returncode, done.stderr) == (0, "")
    found, expected = results(out), read_reference("course_figures.json")["circles"]
    for name, kind in (("zeros", "zeros"), ("random x 10", "random"), ("He", "he")):
        for part in ("train", "test"):
            assert found["runs"][name][part]["accuracy"] == pytest.approx(
                expected[f"{part}_accuracy"][kind], abs=1e-9
            )
            assert found["course"][name][part] == found["runs"][name][part]["accuracy"]
    assert found["majority"] == {"train": 0.5, "test": 0.5}


def test_units_that_start_equal_stay_equal(full):
    runs = results(full[1])["runs"]
    assert {name: one["units_that_differ"] for name, one in runs.items()} == dict(
        zip(KINDS, (1, 1, 10, 10, 10), strict=True)
    )
    np.testing.assert_allclose(runs["zeros"]["cost_every_100"], np.log(2))


def test_the_table_has_the_majority_and_every_kind(full):
    printed = full[0].stdout
    assert row(printed, "majority class")[:2] == ["0.500", "0.500"]
    assert row(printed, "He")[:4] == ["0.993", "0.960", "0.993", "0.960"]
    assert row(printed, "Xavier")[2:4] == ["-", "-"]
    assert [len(row(printed, name)) for name in KINDS] == [9] * 5


def test_writes_figures_that_show_something(full):
    assert_files(full[1], *FIGURES)


def test_quick_with_other_weights_promises_no_figure_of_the_course(tmp_path):
    done = run("initialization", "--quick", "--seed", 4, "--out", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    found = results(tmp_path)
    assert (found["settings"]["epochs"], found["settings"]["seed"]) == (1500, 4)
    assert found["course"] == {}
    assert list(found["runs"]) == KINDS
    accuracy = {name: one["test"]["accuracy"] for name, one in found["runs"].items()}
    assert min(accuracy["He"], accuracy["Xavier"]) > 0.9
    assert max(accuracy["zeros"], accuracy["all 0.5"], accuracy["random x 10"]) < 0.8
    assert_files(tmp_path, *FIGURES)


def test_help():
    assert_help("initialization")
