"""The attention weights of a layer of a model."""

import numpy as np
import pytest
from plot_examples import titles

from minidl import (
    ArgumentError,
    DtypeError,
    Embedding,
    Linear,
    MeanSquaredError,
    NonFiniteError,
    Residual,
    SelfAttention,
    Sequential,
    ShapeError,
    plots,
)

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure


def drawn(axes):
    return np.array([each.get_images()[0].get_array() for each in axes])


def labels(axes):
    return [text.get_text() for text in axes.get_xticklabels()]


def reader(*more):
    """Return a model of tokens."""
    layers = [Embedding(9, 4), SelfAttention(4, heads=2, causal=True), *more, Linear(4, 1)]
    return Sequential(layers, loss=MeanSquaredError(), seed=0)


TOKENS = np.array([3, 1, 4])


def test_the_weights_for_one_example_as_predict_computes_them():
    model = reader()
    theta = model.parameters.theta.copy()
    axes = plots.attention(model, TOKENS)
    assert model.layers[1].attention is None  # a copy computes
    np.testing.assert_array_equal(model.parameters.theta, theta)
    model.predict(TOKENS[np.newaxis])
    np.testing.assert_allclose(drawn(axes), model.layers[1].attention[0], rtol=1e-6)
    assert titles(axes) == ["head 0", "head 1"]
    title = axes[0].figure.get_suptitle().replace("\n", " ")
    assert title == (
        "Attention weights of each head of layer 1, SelfAttention(4, heads=2, causal=True)"
    )


def test_positions_are_named_by_tokens_else_numbered():
    assert labels(plots.attention(reader(), TOKENS)[0]) == ["3", "1", "4"]
    assert labels(plots.attention(reader(), TOKENS, tokens="cat")[0]) == ["c", "a", "t"]
    model = Sequential([SelfAttention(4), Linear(4, 1)], loss=MeanSquaredError())
    assert labels(plots.attention(model, np.ones((3, 4)))[0]) == ["0", "1", "2"]


@pytest.mark.parametrize("layer", [2, -2, "2", "2.body.0"])
def test_one_of_several_layers(layer):
    inner = SelfAttention(4)
    model = reader(Residual(inner) if layer == "2.body.0" else inner)
    (axes,) = passed = Figure().subplots(1, 1, squeeze=False)[0]
    assert plots.attention(model, TOKENS, layer, axes=axes).tolist() == passed.tolist()
    model.predict(TOKENS[np.newaxis])
    np.testing.assert_allclose(drawn(passed), inner.attention[0], rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"model": SelfAttention(4)}, ArgumentError, r"model must be a Sequential, got SelfAtt"),
        (
            {"model": reader(Residual(SelfAttention(4)))},
            ArgumentError,
            r"layer must be given unless .* got a model with 2 in attention: pass one of "
            r"'1', '2.body.0'",
        ),
        (
            {"model": Sequential([Embedding(5, 1)], loss=MeanSquaredError())},
            ArgumentError,
            "got a model with 0 in attention: plot a model with",
        ),
        (
            {"layer": 2},
            ArgumentError,
            r"layer must be a SelfAttention, got layer 2, Linear\(4, 1\) in attention: pass one of "
            "'1'",
        ),
        ({"layer": 7}, ArgumentError, "layer must be an index from -3 to 2, .*got 7 in attention"),
        (
            {"x": TOKENS[np.newaxis]},
            ShapeError,
            r"x must be one example .*got shape \(1, 3\) in attention",
        ),
        ({"x": [[[0.5]]]}, DtypeError, "must hold integers"),
        ({"x": [9]}, ArgumentError, r"takes tokens in \[0, 9\)"),
        ({"tokens": "ab"}, ArgumentError, "tokens must be the 3 tokens .*got 'ab' in attention"),
        ({"max_images": 0}, ArgumentError, "max_images must be an integer >= 1, got 0 in attent"),
        ({"columns": 0}, ArgumentError, "columns must be an integer >= 1, got 0 in attention"),
    ],
)
def test_refuses(arguments, error, message):
    with pytest.raises(error, match=message):
        plots.attention(**{"model": reader(), "x": TOKENS} | arguments)


def test_refuses_weights_that_are_not_finite():
    model = reader()
    model.layers[1].bias.value[...] = np.nan
    with pytest.raises(NonFiniteError, match=r"but those of layer 1, SelfAtt.*, are not in att"):
        plots.attention(model, TOKENS)
