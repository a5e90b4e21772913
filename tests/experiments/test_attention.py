"""`python -m experiments.attention --quick`: positions decide, and the attention shows the task."""

import sys

import numpy as np
import pytest
from studies import ROOT, assert_files, results, row, run

sys.path.insert(0, str(ROOT))  # if pytest itself is run rather than python -m pytest

from experiments import attention


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    out = tmp_path_factory.mktemp("attention") / "new"
    return run("attention", "--quick", "--out", out), out


def test_sequences_are_turned_round_with_positions_only(quick):
    done, out = quick
    assert done.returncode == 0, done.stderr
    found = results(out)["tasks"]["reverse"]
    assert found["with positions"]["letters"][0] > 0.99
    assert found["with positions"]["sequences"][0] > 0.95
    assert 0.2 < found["without positions"]["letters"][0] < 0.5
    assert row(done.stdout, "a guess by chance")[1] == "0.100"


def test_each_position_asks_the_one_that_holds_its_answer(quick):
    (weights,) = results(quick[1])["tasks"]["reverse"]["with positions"]["attention"]
    assert np.array(weights).argmax(axis=-1).tolist() == [7, 6, 5, 4, 3, 2, 1, 0]


def test_writes_figures_that_show_something(quick):
    assert_files(quick[1], "accuracy.png", "reverse.png")


def test_both_tasks_by_hand():
    tokens = np.array([[3, 1, 2], [0, 0, 5]])
    assert attention.reverse(tokens).tolist() == [[2, 1, 3], [5, 0, 0]]
    assert attention.sort(tokens).tolist() == [[1, 2, 3], [0, 0, 5]]


def test_sorting_has_two_layers_of_attention_in_its_figure():
    pytest.importorskip("matplotlib")
    model = attention.network(attention.FULL["sort"], 0, has_positions=True)
    assert len(attention.attention_layers(model)) == 2
    figure = attention.attention_figure("sort", model)
    weights = np.array(attention.mean_attention(model))
    assert weights.shape == (8, 8)
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    titles = {axes.get_title() for axes in figure.axes}
    assert {"attention of layer 1", "attention of layer 2"} <= titles


def test_help_and_a_bad_seed(capsys):
    with pytest.raises(SystemExit, match="0"):
        attention.main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    for phrase in (
        "(default: results/attention)",
        "examples: python -m experiments.attention",
        "Expect",
    ):
        assert phrase in text
    with pytest.raises(SystemExit, match="2"):
        attention.main(["--seed", "-1"])
    assert "argument --seed: must be an integer" in capsys.readouterr().err
