import numpy as np
import pytest
from helpers import assert_gradients
from hypothesis import given
from hypothesis import strategies as st

from minidl import ArgumentError, He, Linear, Ones, ShapeError


@given(
    m=st.integers(1, 5),
    inputs=st.integers(1, 5),
    outputs=st.integers(1, 5),
    bias=st.booleans(),
    seed=st.integers(0, 99),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_gradients(m, inputs, outputs, bias, seed, dtype):
    x = np.random.default_rng(seed).standard_normal((m, inputs)).astype(dtype)
    assert_gradients(Linear(inputs, outputs, bias=bias), x)


def worked_example(**settings):
    layer = Linear(2, 3, **settings)
    layer.weight.value = [[1, 2], [3, 4], [5, 6]]
    return layer


def test_forward_by_hand():
    layer = worked_example()
    layer.bias.value = [10, 20, 30]
    np.testing.assert_array_equal(
        layer.forward(np.array([[1.0, 1.0], [2.0, 0.0]])), [[13, 27, 41], [12, 26, 40]]
    )


def test_backward_by_hand():
    layer = worked_example()
    layer.forward(np.array([[1.0, 1.0], [2.0, 0.0]]))
    dx = layer.backward(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]))
    np.testing.assert_array_equal(dx, [[1, 2], [8, 10]])
    np.testing.assert_array_equal(layer.weight.grad, [[1, 1], [2, 0], [2, 0]])
    np.testing.assert_array_equal(layer.bias.grad, [1, 1, 1])


def test_backward_overwrites_and_never_adds():
    layer = worked_example()
    layer.forward(np.ones((1, 2)))
    layer.backward(np.ones((1, 3)))
    first = layer.weight.grad.copy()
    layer.backward(np.ones((1, 3)))
    np.testing.assert_array_equal(layer.weight.grad, first)


def test_without_bias_there_is_none():
    layer = worked_example(bias=False)
    assert layer.bias is None
    assert list(layer.parameters()) == ["weight"]
    np.testing.assert_array_equal(layer.forward(np.array([[1.0, 0.0]])), [[1, 3, 5]])


def test_two_layers_share_no_weights():
    first, second = Linear(2, 2, init=Ones()), Linear(2, 2, init=Ones())
    first.weight.value[0, 0] = 7
    assert second.weight.value[0, 0] == 1


def test_by_default_weights_are_he_and_biases_zero():
    layer = Linear(4, 3)
    assert isinstance(layer.weight.init, He)
    assert layer.weight.fan_in == 4
    np.testing.assert_array_equal(layer.bias.value, 0)


def test_integers_are_converted_to_floats():
    np.testing.assert_array_equal(worked_example().forward([[1, 1]]), [[3, 7, 11]])


def test_the_parameters_gradients_are_the_same_without_the_input_gradient():
    layer = worked_example()
    layer.forward(np.ones((1, 2)))
    assert layer.backward_parameters(np.ones((1, 3))) is None
    np.testing.assert_array_equal(layer.weight.grad, 1)
    np.testing.assert_array_equal(layer.bias.grad, 1)
    assert "dx" not in layer.workspace


def test_a_subclass_with_another_backward_does_not_inherit_the_shortcut():
    class Doubled(Linear):
        def backward(self, dy):
            return super().backward(2 * dy)

    class Mixin:
        def backward(self, dy):
            return super().backward(2 * dy)

    class Mixed(Mixin, Linear):
        pass

    for layer in (Doubled(2, 3), Mixed(2, 3)):
        layer.forward(np.ones((1, 2)))
        layer.backward_parameters(np.ones((1, 3)))
        np.testing.assert_array_equal(layer.weight.grad, 2)


@pytest.mark.parametrize("width", [0, -1, 2.0, "3", None, True])
@pytest.mark.parametrize("place", ["in_features", "out_features"])
def test_widths_must_be_positive_integers(width, place):
    widths = {"in_features": 2, "out_features": 2, place: width}
    with pytest.raises(
        ArgumentError, match=rf"{place} must be an integer >= 1, got {width!r} in Linear"
    ):
        Linear(**widths)


@pytest.mark.parametrize("shape", [(2,), (5, 3), (1, 2, 1)])
def test_an_input_of_another_shape_raises(shape):
    with pytest.raises(ShapeError, match=r"Linear\(2, 3\) expects x of shape \(m, 2\).*got"):
        Linear(2, 3).forward(np.ones(shape))


@pytest.mark.parametrize("shape", [(1, 3), (2, 1), (3,), (2, 3, 1)])
def test_a_gradient_of_another_shape_raises_and_is_not_broadcast(shape):
    layer = Linear(2, 3)
    layer.forward(np.ones((2, 2)))
    with pytest.raises(
        ShapeError,
        match=r"Linear\(2, 3\)\.backward expects dy of the shape of the last output, \(2, 3\), got",
    ):
        layer.backward(np.ones(shape))


def test_backward_needs_a_forward():
    with pytest.raises(ShapeError, match=r"Linear\(2, 3\)\.backward was called before forward"):
        Linear(2, 3).backward(np.ones((1, 3)))


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((3,), "expects 2 features, got 3"),
        ((2, 1), r"got \(2, 1\) \(put Flatten\(\) before it\)"),
        ((), r"got \(\)"),
    ],
)
def test_output_shape_raises_for_a_shape_that_does_not_fit(shape, message):
    with pytest.raises(ShapeError, match=message):
        Linear(2, 3).output_shape(shape)


def test_output_shape_and_repr():
    assert Linear(2, 3).output_shape((2,)) == Linear(2, 3).output_shape(None) == (3,)
    assert str(Linear(2, 3)) == "Linear(2, 3)"
    assert str(Linear(2, 3, bias=False)) == "Linear(2, 3, bias=False)"
