"""`python -m experiments.normalization`."""

import numpy as np
import pytest
from studies import assert_files, assert_help, results, row, run

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    out = tmp_path_factory.mktemp("normalization") / "new"
    return run("normalization", "--quick", "--out", out), out


def test_a_deep_network_learns_only_with_normalization(quick):
    done, out = quick
    assert (done.returncode, done.stderr) == (0, "")
    found = results(out)
    runs = found["runs"]["Xavier"]
    assert found["settings"]["seeds"] == [0, 1]
    assert max(runs["none"]["test"]) < 0.2
    np.testing.assert_allclose(runs["none"]["cost_last"], np.log(10), rtol=0.01)
    for name, least in (("BatchNorm", 0.4), ("LayerNorm", 0.3)):
        assert min(runs[name]["test"]) > least
        assert max(runs[name]["cost_last"]) < 1.9


def test_gradients_are_tiny_without_normalization_and_grow_with_batch_norm(quick):
    runs = results(quick[1])["runs"]["Xavier"]
    gradients = {name: np.array(one["gradients"]) for name, one in runs.items()}
    assert {sizes.shape for sizes in gradients.values()} == {(2, 20)}
    assert gradients["none"].max() < 1e-4
    assert min(gradients["BatchNorm"].min(), gradients["LayerNorm"].min()) > 1e-3
    assert (gradients["BatchNorm"][:, 0] > 4 * gradients["BatchNorm"][:, -1]).all()


def test_the_table_has_the_majority_and_every_network(quick):
    printed = quick[0].stdout
    assert row(printed, "majority class")[3] == "0.102"
    names = [f"Xavier, {name}" for name in ("none", "BatchNorm", "LayerNorm")]
    assert [len(row(printed, name)) for name in names] == [7] * 3


def test_writes_figures_that_show_something(quick):
    assert_files(quick[1], "cost.png", "gradients.png")


def test_help():
    assert_help("normalization")
