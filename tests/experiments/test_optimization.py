"""`python -m experiments.optimization`; tests/test_course.py has the figures of the full run."""

import numpy as np
import pytest
from helpers import read_reference
from studies import assert_files, assert_help, results, row, run

from minidl.data import write_cats

NAMES = ["gradient descent", "momentum", "Adam"]


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    folder = tmp_path_factory.mktemp("optimization")
    write_cats(folder)
    return run("optimization", "--quick", "--data", folder, "--out", folder / "new"), folder / "new"


def test_prints_the_majority_and_every_optimizer(quick):
    done, _ = quick
    assert (done.returncode, done.stderr) == (0, "")
    assert row(done.stdout, "majority class")[0] == "0.500"
    assert [len(row(done.stdout, name)) for name in NAMES] == [4] * 3


def test_begins_as_the_course_does(quick):
    found, expected = (
        results(quick[1]),
        read_reference("course_figures.json")["moons"]["last_batch_cost_every_1000_epochs"],
    )
    assert list(found["runs"]) == NAMES
    assert found["majority"] == 0.5
    for name, key in zip(NAMES, ("gd", "momentum", "adam"), strict=True):
        assert found["runs"][name]["last_batch_cost_every_1000"] == pytest.approx(
            expected[key][:1], abs=1e-6
        )


def test_the_walks_through_the_valley_obey_their_formulas(quick):
    walks = results(quick[1])["valley"]
    assert [name.split(",")[0] for name in walks] == [
        "GradientDescent",
        "Momentum",
        "Momentum",
        "Adam",
    ]
    path = np.array(walks["GradientDescent, learning rate 0.019"]["path"])
    steps = np.arange(len(path))[:, np.newaxis]
    np.testing.assert_allclose(
        path, [-10, 1] * (1 - 0.019 * np.array([1, 100])) ** steps, atol=1e-12
    )
    assert (
        walks["Momentum, learning rate 0.05"]["height"]
        < 0.01 * walks["GradientDescent, learning rate 0.019"]["height"]
    )
    assert all(one["path"][0] == [-10, 1] for one in walks.values())


def test_full_batch_optimizers_stand_beside_adam_on_each_problem(quick):
    done, out = quick
    found = results(out)["full_batch"]
    assert list(found) == ["moons, 2-5-2-1", "cats, 12288-1, L2(10)", "cats, 12288-20-7-5-1"]
    for title, by_optimizer in found.items():
        assert row(done.stdout, title) == ["-"] * 5
        assert list(by_optimizer) == ["Adam", "ConjugateGradient", "LBFGS"]
        assert all(one["epochs"] <= 3 for one in by_optimizer.values())
    moons = found["moons, 2-5-2-1"]
    assert moons["LBFGS"]["objective"] < moons["Adam"]["objective"]


def test_writes_figures_that_show_something(quick):
    assert_files(quick[1], "cost.png", "boundaries.png", "valley.png")


def test_help():
    assert_help("optimization")
