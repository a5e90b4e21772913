import numpy as np
import pytest
from helpers import assert_gradients

from minidl import (
    ArgumentError,
    Concat,
    Layer,
    LayerReuseError,
    Linear,
    MeanSquaredError,
    ReLU,
    Sequential,
    ShapeError,
    Tanh,
)

X = np.random.default_rng(0).standard_normal((5, 4))
PICTURES = np.random.default_rng(0).standard_normal((3, 2, 4, 5))


@pytest.mark.parametrize(
    "layer",
    [
        Concat(Tanh()),
        Concat(Linear(4, 3), [Linear(4, 2), Tanh()]),
        Concat(Tanh(), Linear(4, 2), Concat(Linear(4, 1), Tanh())),
    ],
    ids=str,
)
def test_gradients(layer):
    assert_gradients(layer, X)


@pytest.mark.parametrize("axis", [1, 2, 3, -1, -2, -3])
def test_gradients_along_every_axis(axis):
    layer = Concat(Tanh(), [Tanh(), Tanh()], axis=axis)
    assert_gradients(layer, PICTURES)
    shape = layer.forward(PICTURES).shape
    expected = np.concatenate([np.tanh(PICTURES), np.tanh(np.tanh(PICTURES))], axis=axis)
    assert (layer.forward(PICTURES) == expected).all()
    assert layer.output_shape(PICTURES.shape[1:]) == shape[1:]


def test_backward_parameters_computes_the_same():
    layer = Concat(Tanh(), Linear(4, 3), [Tanh(), Linear(4, 2)])
    dy = np.random.default_rng(1).standard_normal(layer.forward(X).shape)
    layer.backward(dy)
    expected = [parameter.grad.copy() for parameter in layer.parameters().values()]
    for parameter in layer.parameters().values():
        parameter.grad = np.full(parameter.shape, np.nan)
    layer.branches[0].backward = None  # not called
    layer.backward_parameters(dy)
    for parameter, grad in zip(layer.parameters().values(), expected, strict=True):
        assert (parameter.grad == grad).all()


def test_names_of_parameters_and_repr():
    layer = Concat(Linear(4, 3, bias=False), [Linear(4, 2, bias=False), ReLU()])
    assert list(layer.parameters()) == ["0.weight", "1.0.weight"]
    assert repr(layer) == (
        "Concat(Linear(4, 3, bias=False), Chain(Linear(4, 2, bias=False), ReLU()))"
    )
    assert repr(Concat(ReLU(), axis=1)) == "Concat(ReLU(), axis=1)"


@pytest.mark.parametrize("axis", [0, True, 1.0, None])
def test_an_invalid_axis_is_refused(axis):
    with pytest.raises(ArgumentError, match="axis must be an integer other than 0"):
        Concat(ReLU(), axis=axis)


@pytest.mark.parametrize("axis", [2, -2, -3])
def test_an_axis_that_the_arrays_do_not_have_is_refused(axis):
    layer = Concat(ReLU(), Tanh(), axis=axis)
    with pytest.raises(ShapeError, match=rf"^Concat.* joins along axis {axis}, which arrays of"):
        layer.forward(X)
    with pytest.raises(ShapeError, match=rf"^joins along axis {axis}, which arrays of"):
        layer.output_shape((4,))


class FirstRows(Layer):
    def forward(self, x, *, training=False):
        return x[:, :1]

    def backward(self, dy):
        return dy


def test_outputs_that_do_not_fit_are_refused():
    layers = [Linear(4, 4), Concat(Linear(4, 2), Linear(4, 3), axis=1)]
    assert Sequential(layers, loss=MeanSquaredError()).predict(X).shape == (5, 5)
    layer = Concat(ReLU(), FirstRows(), axis=2)
    with pytest.raises(ShapeError, match=r"equal in all axes but axis 2, got \(3, 2, 4, 5\) from"):
        layer.forward(PICTURES)
    assert layer.output_shape((2, 4, 5)) is None
    layer = Concat(ReLU(), FirstRows())
    with pytest.raises(ShapeError, match="adds gradients of equal shapes"):
        layer.backward(layer.forward(X))


def test_backward_refuses_what_does_not_fit_the_last_output():
    layer = Concat(ReLU(), ReLU())
    with pytest.raises(ShapeError, match="called before forward"):
        layer.backward(X)
    layer.forward(X)
    with pytest.raises(ShapeError, match=r"shape of the last output, \(5, 8\), got \(5, 4\)"):
        layer.backward(X)


def test_invalid_branches_are_refused():
    linear = Linear(4, 4)
    with pytest.raises(ArgumentError, match="Concat must contain at least one layer"):
        Concat()
    with pytest.raises(ArgumentError, match="Chain must contain at least one layer"):
        Concat(linear, [])
    with pytest.raises(ArgumentError, match="branch 1 of Concat must be a Layer, got 3"):
        Concat(linear, 3)
    with pytest.raises(LayerReuseError, match=r"branch 1\.1 of Concat, .* is branch 0 of it"):
        Concat(linear, [ReLU(), linear])


class NoGradient(Tanh):
    """Gives no gradient of its input, as a layer of integers does."""

    def backward(self, dy):
        super().backward(dy)


def test_no_gradient_of_the_input_if_a_branch_gives_none():
    layer = Concat(NoGradient(), NoGradient())
    assert layer.backward(layer.forward(X)) is None
