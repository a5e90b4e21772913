import numpy as np
import onnxruntime
import pytest
from helpers import assert_gradients
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from minidl import (
    Adam,
    ArgumentError,
    GradientChecker,
    Linear,
    MeanSquaredError,
    ReLU,
    Sequential,
    ShapeError,
    SparseLinear,
)
from minidl.exchange import export_onnx
from minidl.utils.sparse_rows import SparseRows

RNG = np.random.default_rng(0)
ARRAY = RNG.standard_normal((7, 9)) * (RNG.random((7, 9)) < 0.3)
ROWS = sparse.csr_array(ARRAY)


def network(first):
    return Sequential([first, ReLU(), Linear(4, 2)], loss=MeanSquaredError(), dtype=np.float64)


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
    assert_gradients(SparseLinear(inputs, outputs, bias=bias), x)


def test_the_checker_proves_it_on_sparse_rows():
    report = GradientChecker(network(SparseLinear(9, 4))).check(ROWS, RNG.standard_normal((7, 2)))
    report.raise_if_failed()
    (row,) = [check for check in report.checks if check.parameter == "sparse rows"]
    assert row.verdict == "pass"


def test_by_hand():
    layer = SparseLinear(2, 3)
    layer.weight.value = [[1, 3, 5], [2, 4, 6]]
    layer.bias.value = [10, 20, 30]
    rows = SparseRows.of(sparse.csr_array([[0.0, 2.0], [0.0, 0.0]]), "X")
    dy = np.array([[1.0, 0.0, 3.0], [5.0, 5.0, 5.0]])
    for x in (rows, rows.toarray()):
        np.testing.assert_array_equal(layer.forward(x), [[14, 28, 42], [10, 20, 30]])
        np.testing.assert_array_equal(layer.backward(dy), [[16, 20], [45, 60]])
        np.testing.assert_array_equal(layer.weight.grad, [[0, 0, 0], [2, 0, 6]])
        np.testing.assert_array_equal(layer.bias.grad, [6, 5, 8])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(5, 9), (2, 3, 9)])
def test_it_computes_what_linear_computes(dtype, bias, shape):
    ours, linear = SparseLinear(9, 4, bias=bias), Linear(9, 4, bias=bias)
    linear.weight.value[...] = ours.weight.value.T
    x = RNG.standard_normal(shape).astype(dtype)
    dy = RNG.standard_normal((*shape[:-1], 4)).astype(dtype)
    atol = 20 * np.finfo(dtype).eps
    np.testing.assert_allclose(ours.forward(x), linear.forward(x), rtol=0, atol=atol)
    np.testing.assert_allclose(ours.backward(dy), linear.backward(dy), rtol=0, atol=atol)
    for grad in (ours.weight.grad, ours.weight.grad.copy()):
        np.testing.assert_allclose(grad.T, linear.weight.grad, rtol=0, atol=atol)
        ours.weight.grad.fill(np.nan)  # what it would not overwrite
        ours.backward_parameters(dy)


def test_a_training_is_that_of_linear():
    y = RNG.standard_normal((7, 2))
    models = network(SparseLinear(9, 4)), network(Linear(9, 4))
    models[1].layers[0].weight.value = models[0].layers[0].matrix
    models[1].layers[2].weight.value = models[0].layers[2].weight.value
    for model in models:
        model.fit(ROWS, y, optimizer=Adam(0.01), epochs=5, batch_size=3, progress=False)
    np.testing.assert_allclose(models[0].predict(ROWS), models[1].predict(ARRAY), atol=1e-12)
    np.testing.assert_allclose(
        models[0].layers[0].matrix, models[1].layers[0].weight.value, atol=1e-12
    )


@pytest.mark.parametrize("bias", [True, False])
def test_onnx_gives_the_same(bias, tmp_path):
    model = network(SparseLinear(9, 4, bias=bias)).astype(np.float32)
    export_onnx(model, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (y,) = session.run(None, {"input": ARRAY.astype(np.float32)})
    np.testing.assert_allclose(y, model.predict(ROWS), atol=1e-6)


def test_it_is_saved_with_its_settings(tmp_path):
    model = network(SparseLinear(9, 4))
    model.save(tmp_path / "model.h5")
    loaded = Sequential.load(tmp_path / "model.h5")
    assert str(loaded.layers[0]) == "SparseLinear(9, 4)"
    np.testing.assert_array_equal(loaded.predict(ROWS), model.predict(ROWS))


def test_its_formula_shows_that_the_weights_are_transposed():
    assert SparseLinear(2, 3).formula()[0] == "y = x @ weight + bias"
    assert SparseLinear(2, 3, bias=False).formula() == (
        "y = x @ weight",
        "d weight = x.T @ dy, dx = dy @ weight.T",
    )


def test_errors_name_it():
    with pytest.raises(ArgumentError, match=r"in_features must be .* in SparseLinear"):
        SparseLinear(0, 3)
    with pytest.raises(ShapeError, match=r"SparseLinear\(2, 3\) expects x of shape.*got \(7, 9\)"):
        SparseLinear(2, 3).forward(SparseRows.of(ROWS, "X"))
