"""`python -m experiments.regularization --quick`, on drawn cats."""

import numpy as np
import pytest
from studies import assert_files, assert_help, results, row, run

from minidl.data import write_cats


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    out, drawn = tmp_path_factory.mktemp("regularization") / "new", tmp_path_factory.mktemp("cats")
    write_cats(drawn)
    return run("regularization", "--quick", "--data", drawn, "--out", out), out


def test_prints_the_source_the_majority_and_the_four_kinds(quick):
    done, _ = quick
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("source  cat images, unverified")
    plane, cats = done.stdout.split("\ncats: ")
    assert row(plane, "majority class") == ["0.500", "0.500", "-"]
    assert row(cats, "majority class") == ["0.656", "0.660", "-"]
    for table, kinds in (
        (plane, ("none", "L2, lambda 0.3", "dropout, keep_prob 0.7", "both, 0.3 and 0.7")),
        (cats, ("none", "L2, lambda 3", "dropout, keep_prob 0.8", "both, 3 and 0.8")),
    ):
        assert [row(table, kind)[1::3] for kind in kinds] == [["±"] * 3] * 4


def test_the_plane_is_memorized_without_and_with_small_weights_under_the_penalty(quick):
    runs = {
        (one["lambda"], one["keep_prob"]): np.array(one["each"])
        for one in results(quick[1])["plane"]["runs"]
    }
    assert (runs[0, 1][:, 0] > 0.97).all()
    assert (runs[0.3, 1][:, 0] < 1).all()
    assert (runs[0.3, 1][:, 2] < 0.5 * runs[0, 1][:, 2]).all()


def test_the_numbers_agree_with_each_other(quick):
    found = results(quick[1])
    assert list(found) == ["source", "settings", "plane", "cats", "versions"]
    for problem in ("plane", "cats"):
        assert list(found[problem]) == ["majority", "epochs", "kinds", "runs"]
        for one in found[problem]["runs"]:
            np.testing.assert_allclose(np.mean(one["each"], axis=0), one["mean"])
            np.testing.assert_allclose(np.std(one["each"], axis=0), one["std"])


def test_writes_figures_that_show_something(quick):
    assert_files(quick[1], "plane.png", "cats.png", "boundaries.png")


def test_a_missing_folder_is_one_line_and_status_1(tmp_path):
    done = run("regularization", "--quick", "--data", tmp_path / "nowhere", "--out", tmp_path)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)


def test_help():
    assert_help("regularization")
