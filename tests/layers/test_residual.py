import numpy as np
import pytest
from helpers import assert_gradients
from token_layers import Tokens

from minidl import (
    ArgumentError,
    Chain,
    Dropout,
    Flatten,
    Layer,
    LayerReuseError,
    Linear,
    MeanSquaredError,
    ReLU,
    Residual,
    Sequential,
    ShapeError,
    Tanh,
)

X = np.random.default_rng(0).standard_normal((5, 4))


@pytest.mark.parametrize(
    "layer",
    [
        Residual(Linear(4, 4), Tanh()),
        Residual(Tanh()),
        Residual(Tanh(), Linear(4, 3), shortcut=Linear(4, 3)),
        Residual(Linear(4, 3), shortcut=[Tanh(), Linear(4, 3)]),
        Residual(Residual(Linear(4, 2), Residual(Tanh()), Linear(2, 4))),
    ],
    ids=str,
)
def test_gradients(layer):
    assert_gradients(layer, X)


def test_it_is_the_sum_of_what_its_parts_give():
    first, shortcut = Linear(4, 3), Linear(4, 3)
    block = Residual(first, Tanh(), shortcut=shortcut)
    by_hand = np.tanh(X @ first.weight.value.T) + X @ shortcut.weight.value.T
    np.testing.assert_allclose(block.forward(X), by_hand, rtol=1e-6)
    dy = np.random.default_rng(1).standard_normal((5, 3))
    du = dy * (1 - np.tanh(X @ first.weight.value.T) ** 2)
    dx = du @ first.weight.value + dy @ shortcut.weight.value
    np.testing.assert_allclose(block.backward(dy), dx, rtol=1e-6)
    np.testing.assert_allclose(first.weight.grad, du.T @ X, rtol=1e-5)
    first.weight.grad = shortcut.weight.grad = np.zeros((3, 4))
    block.backward_parameters(dy)
    np.testing.assert_allclose(first.weight.grad, du.T @ X, rtol=1e-5)
    np.testing.assert_allclose(shortcut.weight.grad, dy.T @ X, rtol=1e-5)


def test_it_writes_neither_into_its_arguments_nor_into_arrays_of_its_layers():
    block = Residual(Tanh(), Linear(4, 4))
    x, dy = X.copy(), np.ones_like(X)
    y = block.forward(x)
    f = block.body.layers[-1].forward(np.tanh(X)).copy()
    assert (y == X + f).all()
    dx = block.backward(dy)
    assert (x == X).all()
    assert (dy == 1).all()
    assert not np.shares_memory(dx, block.body.backward(dy))
    assert (block.forward(x) == X + f).all()


def test_names_of_parameters():
    block = Residual(Linear(4, 3), Tanh(), shortcut=Linear(4, 3, bias=False))
    assert list(block.parameters()) == ["body.0.weight", "body.0.bias", "shortcut.weight"]
    assert repr(block) == "Residual(Linear(4, 3), Tanh(), shortcut=Linear(4, 3, bias=False))"
    assert repr(Residual(ReLU())) == "Residual(ReLU())"


def test_the_dropout_of_its_body_is_off_at_inference():
    block = Residual(Dropout(0.5))
    assert (block.forward(X) == 2 * X).all()
    assert set(np.round(block.forward(X, training=True) / X, 9).ravel()) == {1.0, 3.0}


@pytest.mark.parametrize(
    ("before", "block", "cure"),
    [
        ([Linear(2, 8)], Residual(Linear(8, 4)), r"shortcut=Linear\(8, 4\)"),
        ([], Residual(Linear(8, 4)), r"shortcut=Linear\(8, 4\)"),
        ([], Residual(Chain(ReLU(), Linear(8, 4)), ReLU()), r"shortcut=Linear\(8, 4\)"),
        ([Linear(2, 8)], Residual(Linear(8, 4), shortcut=Linear(8, 3)), "make the shapes equal"),
    ],
    ids=str,
)
def test_shapes_that_differ_are_refused_when_a_model_is_made(before, block, cure):
    with pytest.raises(ShapeError, match=rf"^layer {len(before)}, Residual.*{cure}"):
        Sequential([*before, block], loss=MeanSquaredError())


class Unknown(Layer):
    """y = the first features of x, so that the model does not know its shape before."""

    def forward(self, x, *, training=False):
        self.x = x
        return x[:, :1]

    def backward(self, dy):
        return dy  # of the wrong shape


def test_shapes_that_differ_are_refused_in_forward_and_backward():
    with pytest.raises(ShapeError, match=r"shape \(5, 1\) to x of shape \(5, 4\) \(pass shortcut="):
        Residual(Unknown()).forward(X)
    block = Residual(Linear(4, 1), shortcut=Unknown())
    y = block.forward(X)
    with pytest.raises(ShapeError, match=r"gradients of equal shapes, got \(5, 1\)"):
        block.backward(y)
    with pytest.raises(ShapeError, match=r"a shortcut layer from \(2, 2\) to \(4,\)"):
        Residual(Flatten()).output_shape((2, 2))


def test_shapes():
    assert Residual(Linear(4, 4)).output_shape(None) == (4,)
    assert Residual(Unknown()).output_shape((4,)) == (4,)
    assert Residual(Unknown()).output_shape(None) is None
    assert Residual(ReLU(), Unknown()).output_shape(None) is None
    assert Residual(Tanh()).output_shape((3, 4)) == (3, 4)


def test_invalid_layers_are_refused():
    linear = Linear(4, 4)
    with pytest.raises(ArgumentError, match="Residual must contain at least one layer"):
        Residual()
    with pytest.raises(ArgumentError, match="shortcut of Residual must be a Layer, got 3"):
        Residual(linear, shortcut=3)
    with pytest.raises(LayerReuseError, match=r"shortcut of Residual, .* is body\.0 of it too"):
        Residual(linear, shortcut=linear)


def test_integers_stay_integers_only_for_parts_that_take_them():
    first, second = Tokens(5, 2), Tokens(5, 2)
    numbers = np.array([[1, 4], [0, 1]])
    y = Residual(first, shortcut=second).forward(numbers)
    np.testing.assert_array_equal(y, first.table.value[numbers] + second.table.value[numbers])
    np.testing.assert_allclose(
        Residual(Tanh()).forward([[1, 2]]), np.add([1, 2], np.tanh([[1, 2]]))
    )
