"""Attention weights as images."""

import numpy as np
import pytest
from plot_examples import titles

from minidl import (
    ArgumentError,
    DtypeError,
    Linear,
    NonFiniteError,
    ShapeError,
    plots,
)

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure


def drawn(axes):
    return np.asarray(axes.get_images()[0].get_array())


def labels(axis):
    return [text.get_text() for text in axis.get_ticklabels()]


WEIGHTS = np.array([[[1.0, 0.0], [0.25, 0.75]], [[0.5, 0.5], [0.25, 0.75]]])


def test_a_head_has_its_asking_rows_and_asked_columns_on_one_scale():
    axes = plots.attention_weights(WEIGHTS / 2, ["the", "cat"])
    for element, expected in zip(axes, WEIGHTS / 2, strict=True):
        np.testing.assert_array_equal(drawn(element), expected)
        assert element.get_images()[0].get_clim() == (0, 0.5)
        assert element.get_images()[0].origin == "upper"
    assert titles(axes) == ["head 0", "head 1"]
    assert labels(axes[0].xaxis) == labels(axes[0].yaxis) == ["the", "cat"]
    assert axes[0].get_xticks().tolist() == axes[0].get_yticks().tolist() == [0, 1]
    assert (axes[0].get_xlabel(), axes[0].get_ylabel()) == ("asked position", "asking position")
    assert axes[0].figure.get_suptitle().replace("\n", " ") == "Attention weights of each head"
    assert axes[0].figure.axes[-1].get_ylabel() == "attention weight"


def test_a_new_figure_has_tokens_at_its_left_and_lower_edge_only():
    axes = plots.attention_weights(np.stack([np.eye(2)] * 5), "ab", columns=3)
    assert axes[0].get_gridspec().get_geometry() == (2, 3)
    assert ["a" in labels(each.yaxis) for each in axes] == [True, False, False, True, False]
    assert ["a" in labels(each.xaxis) for each in axes] == [False, False, True, True, True]
    assert [bool(each.get_ylabel()) for each in axes] == [True, False, False, True, False]
    assert [bool(each.get_xlabel()) for each in axes] == [False, False, True, True, True]
    assert [each.axison for each in axes[0].figure.axes] == [True] * 5 + [False, True]
    assert {text.get_rotation() for text in axes[3].get_xticklabels()} == {0}


def test_passed_axes_have_all_tokens():
    passed = Figure().subplots(1, 2)
    axes = plots.attention_weights(WEIGHTS, ["the", "cat"], axes=passed)
    assert axes.tolist() == passed.tolist()
    for each in axes:
        assert labels(each.xaxis) == labels(each.yaxis) == ["the", "cat"]
        assert {text.get_rotation() for text in each.get_xticklabels()} == {90}
    wide = Figure().subplots(1, 3)
    assert len(plots.attention_weights(WEIGHTS, axes=wide)) == 2
    assert wide[2].axison  # it is the user's
    assert not wide[2].has_data()
    assert len(plots.attention_weights(WEIGHTS, axes=[])) == 0


@pytest.mark.parametrize(
    ("t", "tokens", "ticks"),
    [
        (3, None, range(3)),
        (8, None, range(8)),
        (9, None, range(0, 9, 2)),
        (30, range(30), range(30)),
        (31, range(31), range(0, 31, 2)),
    ],
)
def test_of_a_long_sequence_some_positions_are_named(t, tokens, ticks):
    (axes,) = plots.attention_weights(np.eye(t)[np.newaxis], tokens)
    assert axes.get_xticks().tolist() == axes.get_yticks().tolist() == [*ticks]
    assert labels(axes.xaxis) == [str(i) for i in ticks]
    (short,) = plots.attention_weights(np.eye(2)[np.newaxis], tokens and range(2))
    is_larger = axes.figure.get_size_inches() > short.figure.get_size_inches() + 1
    assert is_larger.tolist() == [bool(tokens)] * 2  # each name has a line; numbers are left out


def test_the_first_heads_are_drawn():
    axes = plots.attention_weights(np.stack([np.eye(2)] * 3), max_images=2)
    assert titles(axes) == ["head 0", "head 1"]
    title = axes[0].figure.get_suptitle().replace("\n", " ")
    assert title == "Attention weights of each head, the first 2 of 3"


def test_weights_may_be_rounded_to_more_than_1():
    (axes,) = plots.attention_weights(
        np.eye(2, dtype=np.float32)[np.newaxis] * np.float32(1 + 1e-7)
    )
    assert drawn(axes).max() > 1


def test_weights_of_zero_are_white():
    (axes,) = plots.attention_weights(np.zeros((1, 2, 2)))
    assert axes.get_images()[0].get_clim() == (0, 1)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"weights": WEIGHTS[0]}, ShapeError, r"weights must have shape .*got \(2, 2\)"),
        ({"weights": WEIGHTS[np.newaxis]}, ShapeError, r"got \(1, 2, 2, 2\) in .*attention\[0\]"),
        (
            {"weights": WEIGHTS[:, :1]},
            ShapeError,
            r"got \(2, 1, 2\) in attention_weights: pass the att",
        ),
        ({"weights": Linear(2, 2)}, DtypeError, "weights must"),
        ({"weights": WEIGHTS * np.nan}, NonFiniteError, "weights must be finite"),
        (
            {"weights": WEIGHTS * 3 - 1},
            ArgumentError,
            r"attention weights must be in \[0, 1\], got -1 to 2 in attention_weights: .*softmax",
        ),
        ({"weights": WEIGHTS + 1e-5}, ArgumentError, r"must be in \[0, 1\]"),
        ({"weights": WEIGHTS - 1e-5}, ArgumentError, r"must be in \[0, 1\]"),
        (
            {"tokens": ["a"]},
            ArgumentError,
            r"tokens must be the 2 tokens of the sequence.*got \['a'\] in .*: name the pad",
        ),
        ({"tokens": "abc"}, ArgumentError, "tokens must be the 2 tokens .*got 'abc'"),
        ({"tokens": 2}, ArgumentError, "tokens must be the 2 tokens .*got 2"),
        ({"max_images": 0}, ArgumentError, "max_images must be an integer >= 1, got 0"),
        ({"columns": 0}, ArgumentError, "columns must be an integer >= 1, got 0"),
    ],
)
def test_refuses(arguments, error, message):
    with pytest.raises(error, match=message):
        plots.attention_weights(**{"weights": WEIGHTS} | arguments)
