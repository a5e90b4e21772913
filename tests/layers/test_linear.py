import numpy as np
import pytest
from helpers import assert_gradients
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from minidl import ArgumentError, Chain, He, Linear, Ones, ShapeError
from minidl.utils.sparse_rows import SparseRows


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


def sparse_rows(m, n=9, dtype=np.float64):
    rng = np.random.default_rng(m)
    array = (rng.standard_normal((m, n)) * (rng.random((m, n)) < 0.3)).astype(dtype)
    return SparseRows.of(sparse.csr_array(array), "X"), array


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bias", [True, False])
def test_sparse_rows_give_what_the_same_array_gives(dtype, bias):
    layer = Linear(9, 4, bias=bias)
    for m in (5, 3, 7):
        results = []
        for x in sparse_rows(m, dtype=dtype):
            y = layer.forward(x).copy()
            dy = np.random.default_rng(0).standard_normal(y.shape).astype(dtype)
            dx = layer.backward(dy).copy()
            gradients = [parameter.grad.copy() for parameter in layer.parameters().values()]
            for parameter in layer.parameters().values():
                parameter.grad.fill(np.nan)  # what it does not overwrite
            layer.backward_parameters(dy)
            alone = [parameter.grad.copy() for parameter in layer.parameters().values()]
            results.append([y, dx, *gradients, *alone])
        for ours, expected in zip(*results, strict=True):
            assert ours.dtype == expected.dtype
            np.testing.assert_allclose(ours, expected, rtol=0, atol=10 * np.finfo(dtype).eps)


def test_sparse_rows_by_hand():
    layer = worked_example()
    rows = SparseRows.of(sparse.csr_array([[0.0, 2.0], [0.0, 0.0]]), "X")
    np.testing.assert_array_equal(layer.forward(rows), [[4, 8, 12], [0, 0, 0]])
    layer.backward_parameters(np.array([[1.0, 0.0, 3.0], [5.0, 5.0, 5.0]]))
    np.testing.assert_array_equal(layer.weight.grad, [[0, 2], [0, 0], [0, 6]])
    np.testing.assert_array_equal(layer.bias.grad, [6, 5, 8])


def test_sparse_rows_of_another_width_are_refused():
    with pytest.raises(ShapeError, match=r"Linear\(2, 3\) expects x of shape.*got \(4, 9\)"):
        Linear(2, 3).forward(sparse_rows(4)[0])


def test_a_chain_takes_sparse_rows_if_its_first_layer_does_and_a_subclass_does_not_inherit_it():
    class Doubled(Linear):
        def forward(self, x, *, training=False):
            return super().forward(np.abs(x), training=training)

    assert Linear(9, 2).takes_sparse
    assert Chain(Linear(9, 2)).takes_sparse
    assert not Chain(Doubled(9, 2)).takes_sparse
