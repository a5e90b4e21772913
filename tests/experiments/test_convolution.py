"""`python -m experiments.convolution`, on cats drawn by minidl."""

import pytest
from studies import assert_files, assert_help, results, row, run

from minidl.data import write_cats


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    folder = tmp_path_factory.mktemp("convolution")
    write_cats(folder / "data")
    out = folder / "new"
    return run("convolution", "--quick", "--data", folder / "data", "--out", out), out


def test_convolutions_are_better_on_pictures_not_seen(quick):
    done, out = quick
    assert (done.returncode, done.stderr) == (0, "")
    runs = results(out)["datasets"]["cats"]["runs"]
    mean = {name: sum(one["test"]) / 2 for name, one in runs.items()}
    assert mean["convolutions"] > 0.9 > mean["fully connected"] > 0.7
    assert min(min(one["train"]) for one in runs.values()) > 0.85, "both learn"
    assert {name: one["updates"] for name, one in runs.items()} == {
        "fully connected": 161,
        "convolutions": 42,
    }
    assert runs["convolutions"]["parameters"] == 608 + 1168 + 4640 + 129
    assert results(out)["settings"]["seeds"] == [0, 1]


def test_the_table_has_the_majority_and_both_networks(quick):
    printed = quick[0].stdout
    assert row(printed, "majority class")[4] == "0.595"
    assert row(printed, "fully connected")[0] == "98,369"
    assert row(printed, "convolutions")[0] == "6,545"
    assert "259 pictures, a fifth for testing, 2 seeds" in printed
    assert "the convolutions are better from " in printed


def test_writes_figures_that_show_something(quick):
    assert_files(quick[1], "accuracy.png", "filters-cats.png")


def test_help():
    assert_help("convolution")
