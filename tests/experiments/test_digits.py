"""`python -m experiments.digits`, whose figures are those of its docstring."""

import pytest
from studies import assert_files, assert_help, results, row, run

pytest.importorskip("sklearn")
FIGURES = ("accuracy.png", "filters.png", "misclassified.png")


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    out = tmp_path_factory.mktemp("digits") / "new"
    return run("digits", "--quick", "--out", out), out


def test_convolutions_make_fewer_mistakes_in_less_time(quick):
    done, out = quick
    assert (done.returncode, done.stderr) == (0, "")
    runs = results(out)["runs"]
    mean = {name: sum(one["accuracy"]) / 2 for name, one in runs.items()}
    assert mean["two convolutions"] > 0.975
    assert 0.96 < mean["64-100-10"] < mean["two convolutions"]
    assert mean["scikit-learn's MLP"] > 0.96
    assert runs["64-100-10"]["parameters"] == runs["scikit-learn's MLP"]["parameters"] == 7510
    assert runs["two convolutions"]["parameters"] == 160 + 4640 + 1290
    assert results(out)["settings"]["seeds"] == [0, 1]


def test_the_table_has_the_majority_and_every_network(quick):
    printed = quick[0].stdout
    assert row(printed, "majority class")[1] == "0.102"
    assert row(printed, "two convolutions")[0] == "6,090"
    assert "1,348 training and 449 test digits, 2 seeds" in printed


def test_writes_figures_that_show_something(quick):
    assert_files(quick[1], *FIGURES)


def test_help():
    assert_help("digits")
