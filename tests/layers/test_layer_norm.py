import numpy as np
import pytest
from helpers import assert_gradients, in_dtype, read_reference
from hypothesis import given
from hypothesis import strategies as st

from minidl import (
    Adam,
    ArgumentError,
    CategoricalCrossEntropy,
    GradientChecker,
    LayerNorm,
    Linear,
    MeanSquaredError,
    ReLU,
    Sequential,
    ShapeError,
    Softmax,
)
from minidl.data import planar
from minidl.testing import check_layer

REFERENCE = read_reference("reference/torch_normalization.json")["cases"]
CASES = [case for case in REFERENCE if case["layer"] == "LayerNorm"]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{np.shape(case['x'])}{case['keywords']}")
def test_pytorch(case, training):
    layer = in_dtype(LayerNorm(case["features"], **case["keywords"]), np.float64)
    layer.weight.value, layer.bias.value = case["weight"], case["bias"]
    expected, close = case["inference"], {"rtol": 1e-10, "atol": 1e-12}
    y = layer.forward(np.array(case["x"]), training=training)
    np.testing.assert_allclose(y, expected["y"], **close)
    np.testing.assert_allclose(layer.backward(np.array(case["dy"])), expected["dx"], **close)
    np.testing.assert_allclose(layer.weight.grad, expected["d weight"], **close)
    np.testing.assert_allclose(layer.bias.grad, expected["d bias"], **close)


def test_values_by_hand():
    layer = LayerNorm(2, epsilon=1.0)
    layer.weight.value, layer.bias.value = [2.0, 3.0], [10.0, 20.0]
    y = layer.forward(np.array([[1.0, 5.0]]))  # mean 3, variance 4
    np.testing.assert_allclose(y, [[10 - 4 / 5**0.5, 20 + 6 / 5**0.5]])


@given(
    positions=st.lists(st.integers(1, 4), max_size=2),
    m=st.integers(1, 5),
    features=st.integers(1, 5),
    seed=st.integers(0, 99),
)
def test_gradients(positions, m, features, seed):
    x = np.random.default_rng(seed).standard_normal((m, *positions, features))
    assert_gradients(LayerNorm(features, epsilon=0.1), x)


@pytest.mark.parametrize("shape", [(1400, 100), (50, 50, 64), (4, 40_000)])
def test_many_rows_are_the_same_in_blocks(shape):
    """The plain formula in float64, for what takes several blocks."""
    x, dy = RNG.standard_normal((2, *shape)).astype(np.float32)
    layer = LayerNorm(shape[-1])
    x64, dy64 = x.astype(np.float64), dy.astype(np.float64)
    deviation = np.sqrt(x64.var(axis=-1, keepdims=True) + 1e-5)
    z = (x64 - x64.mean(axis=-1, keepdims=True)) / deviation
    means = [each.mean(axis=-1, keepdims=True) for each in (dy64, dy64 * z)]
    np.testing.assert_allclose(layer.forward(x), z, atol=1e-5)
    np.testing.assert_allclose(
        layer.backward(dy), (dy64 - means[0] - z * means[1]) / deviation, atol=1e-5
    )
    axes = tuple(range(len(shape) - 1))
    np.testing.assert_allclose(layer.weight.grad, (dy64 * z).sum(axis=axes), atol=1e-3)
    np.testing.assert_allclose(layer.bias.grad, dy64.sum(axis=axes), atol=1e-3)
    assert layer.forward(x).dtype == layer.backward(dy).dtype == np.float32


def test_the_checker_finds_no_mistake():
    layers = [Linear(2, 6), LayerNorm(6), ReLU(), Linear(6, 2), Softmax()]
    model = Sequential(layers, loss=CategoricalCrossEntropy())
    X, Y = planar.moons(20, noise=0.2, rng=3)
    report = GradientChecker(model).check(X, Y)
    assert report.ok, str(report)
    assert report.difference < 1e-12
    assert check_layer(LayerNorm(3), RNG.standard_normal((4, 2, 3))).ok


class MeanForgotten(LayerNorm):
    def backward(self, dy):
        dx = super().backward(dy)
        g = dy * self.weight.value * self._inverse_deviation.reshape(*dy.shape[:-1], 1)
        return dx + g.mean(axis=-1, keepdims=True)


def test_a_mean_held_fixed_is_found():
    report = check_layer(MeanForgotten(4), RNG.standard_normal((6, 4)))
    assert report.guilty.parameter == "input"
    assert "held fixed" in report.guilty.diagnosis or "mean" in report.guilty.diagnosis


def test_training_and_files(tmp_path):
    X, Y = planar.moons(120, noise=0.2, rng=3)
    layers = [Linear(2, 16), LayerNorm(16, epsilon=1e-3), ReLU(), Linear(16, 2), Softmax()]
    model = Sequential(layers, loss=CategoricalCrossEntropy(), seed=1)
    model.fit(X, Y, optimizer=Adam(0.05), epochs=30, progress=False)
    assert model.evaluate(X, Y)["accuracy"] > 0.9
    again = Sequential.load(model.save(tmp_path / "model.h5"))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert str(again.layers[1]) == "LayerNorm(16, epsilon=0.001)"


@pytest.mark.parametrize("opset", [13, 17, 20])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_onnxruntime_gives_the_same(tmp_path, opset, dtype):
    runtime = pytest.importorskip("onnxruntime")
    from minidl.exchange import export_onnx

    layers = [LayerNorm(3, epsilon=0.01), Linear(3, 2)]
    model = Sequential(layers, loss=MeanSquaredError(), dtype=dtype)
    X = RNG.standard_normal((8, 2, 3)).astype(dtype) * 3 + 1
    path = export_onnx(model, tmp_path / "model.onnx", shape=(2, 3), opset=opset)
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {session.get_inputs()[0].name: X})
    tolerance = 1e-5 if dtype is np.float32 else 1e-12
    np.testing.assert_allclose(y, model.predict(X), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"features": 2.5}, r"features must be an integer >= 1, got 2.5 in LayerNorm"),
        ({"features": 2, "epsilon": -1}, r"epsilon must be .*> 0, got -1"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        LayerNorm(**arguments)


def test_wrong_shapes():
    layer = LayerNorm(3)
    with pytest.raises(ShapeError, match=r"LayerNorm\(3\) expects x of shape \(m, ..., 3\), got"):
        layer.forward(np.zeros((4, 2)))
    with pytest.raises(ShapeError, match="backward was called before forward"):
        layer.backward(np.zeros((4, 3)))
    with pytest.raises(ShapeError, match=r"layer 1, LayerNorm\(4\), expects 4 features, got 3"):
        Sequential([Linear(2, 3), LayerNorm(4)], loss=MeanSquaredError())


def test_repr():
    assert repr(LayerNorm(3)) == "LayerNorm(3)"
    assert repr(LayerNorm(3, epsilon=0.01)) == "LayerNorm(3, epsilon=0.01)"
