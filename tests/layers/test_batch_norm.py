import numpy as np
import pytest
from helpers import assert_gradients, in_dtype, read_reference
from hypothesis import given
from hypothesis import strategies as st

from minidl import (
    Adam,
    ArgumentError,
    BatchNorm,
    BinaryCrossEntropy,
    Flatten,
    GradientChecker,
    Linear,
    MeanSquaredError,
    ReLU,
    Sequential,
    ShapeError,
    Sigmoid,
)
from minidl.data import planar
from minidl.testing import check_layer

REFERENCE = read_reference("reference/torch_normalization.json")["cases"]
CASES = [case for case in REFERENCE if case["layer"] == "BatchNorm"]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{np.shape(case['x'])}{case['keywords']}")
def test_pytorch_in_training_and_at_inference(case):
    layer = in_dtype(BatchNorm(case["features"], **case["keywords"]), np.float64)
    layer.weight.value, layer.bias.value = case["weight"], case["bias"]
    x, dy = np.array(case["x"]), np.array(case["dy"])
    for mode in ("training", "inference"):
        expected = case[mode]
        close = {"rtol": 1e-10, "atol": 1e-12}
        np.testing.assert_allclose(
            layer.forward(x, training=mode == "training"), expected["y"], **close
        )
        np.testing.assert_allclose(layer.backward(dy), expected["dx"], **close)
        np.testing.assert_allclose(layer.weight.grad, expected["d weight"], **close)
        np.testing.assert_allclose(layer.bias.grad, expected["d bias"], **close)
        np.testing.assert_allclose(layer.running_mean.value, case["running_mean"], **close)
        np.testing.assert_allclose(layer.running_var.value, case["running_var"], **close)


def test_values_by_hand():
    layer = BatchNorm(1, momentum=0.5, epsilon=1.0)
    layer.weight.value, layer.bias.value = [2.0], [10.0]
    x = np.array([[1.0], [5.0]])  # mean 3, variance 4, unbiased 8
    np.testing.assert_allclose(layer.forward(x, training=True), 10 + np.array([[-4], [4]]) / 5**0.5)
    assert layer.running_mean.value == pytest.approx([1.5])
    assert layer.running_var.value == pytest.approx([4.5])
    # At inference (x - 1.5) / sqrt(4.5 + 1), and nothing follows.
    y = layer.forward(np.array([[2.5]]))
    np.testing.assert_allclose(y, [[10 + 2 / 5.5**0.5]])
    np.testing.assert_allclose(layer.backward(np.array([[3.0]])), [[3 * 2 / 5.5**0.5]])
    assert layer.running_mean.value == pytest.approx([1.5])


@given(
    positions=st.lists(st.integers(1, 4), max_size=2),
    m=st.integers(2, 5),
    features=st.integers(1, 5),
    training=st.booleans(),
    seed=st.integers(0, 99),
)
def test_gradients(positions, m, features, training, seed):
    x = np.random.default_rng(seed).standard_normal((m, *positions, features))
    assert_gradients(BatchNorm(features, epsilon=0.1), x, training=training)


@pytest.mark.parametrize("shape", [(7, 3), (4, 5, 3), (3, 4, 6, 3), (64, 16, 16, 3), (31, 700)])
def test_long_rows_of_many_features_change_nothing(shape):
    """Rows are taken several at once where that is faster: the plain formula, in float32."""
    x, dy = RNG.standard_normal((2, *shape)).astype(np.float32)
    layer = BatchNorm(shape[-1])
    axes = tuple(range(len(shape) - 1))
    x64, dy64 = x.astype(np.float64), dy.astype(np.float64)
    deviation = np.sqrt(x64.var(axis=axes) + 1e-5)
    z = (x64 - x64.mean(axis=axes)) / deviation
    dx = dy64 - dy64.mean(axis=axes) - z * (dy64 * z).mean(axis=axes)
    np.testing.assert_allclose(layer.forward(x, training=True), z, atol=2e-6)
    np.testing.assert_allclose(layer.backward(dy), dx / deviation, atol=1e-5)
    np.testing.assert_allclose(layer.bias.grad, dy64.sum(axis=axes), atol=1e-3)
    assert layer.forward(x).dtype == layer.backward(dy).dtype == np.float32


def test_the_checker_finds_no_mistake_and_nothing_untested():
    layers = [Linear(2, 6), BatchNorm(6), ReLU(), Linear(6, 1), Sigmoid()]
    model = Sequential(layers, loss=BinaryCrossEntropy())
    report = GradientChecker(model).check(*planar.moons(20, noise=0.2, rng=3))
    assert report.ok, str(report)
    assert report.difference < 1e-12
    assert check_layer(BatchNorm(3), RNG.standard_normal((4, 2, 3))).ok


class StatisticsHeldFixed(BatchNorm):
    def backward(self, dy):
        self._is_batch = False  # as if mean and variance were constants
        return super().backward(dy)


def test_statistics_held_fixed_are_found_and_named():
    report = check_layer(StatisticsHeldFixed(3), RNG.standard_normal((6, 3)))
    assert report.guilty.parameter == "input"
    assert "held fixed" in report.guilty.diagnosis or "mean" in report.guilty.diagnosis


def test_training_moves_the_buffers_and_files_keep_them(tmp_path):
    X, Y = planar.moons(120, noise=0.2, rng=3)
    layers = [Linear(2, 16), BatchNorm(16), ReLU(), Linear(16, 1), Sigmoid()]
    model = Sequential(layers, loss=BinaryCrossEntropy(), seed=1)
    model.fit(X, Y, optimizer=Adam(0.05), epochs=30, batch_size=30, progress=False)
    assert model.evaluate(X, Y)["accuracy"] > 0.9
    again = Sequential.load(model.save(tmp_path / "model.h5"))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.layers[1].settings() == {"features": 16, "momentum": 0.1, "epsilon": 1e-5}


def test_onnxruntime_gives_the_same(tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    from minidl.exchange import export_onnx

    layers = [BatchNorm(3, epsilon=0.01), Flatten(), Linear(6, 2)]
    model = Sequential(layers, loss=MeanSquaredError())
    X = RNG.standard_normal((8, 2, 3)).astype(np.float32) * 3 + 1
    model.fit(X, X[:, 0, :2], optimizer=Adam(0.1), epochs=3, progress=False)
    path = export_onnx(model, tmp_path / "model.onnx", shape=(2, 3))
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {session.get_inputs()[0].name: X})
    np.testing.assert_allclose(y, model.predict(X), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"features": 0}, r"features must be an integer >= 1, got 0 in BatchNorm"),
        ({"features": 2, "momentum": 1.1}, r"momentum must be in \[0, 1\], got 1.1"),
        ({"features": 2, "epsilon": 0}, r"epsilon must be .*> 0, got 0"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        BatchNorm(**arguments)


def test_wrong_shapes():
    layer = BatchNorm(3)
    with pytest.raises(ShapeError, match=r"BatchNorm\(3\) expects x of shape \(m, ..., 3\), got"):
        layer.forward(np.zeros((4, 2)))
    with pytest.raises(ShapeError, match="needs two values of each feature or more while training"):
        layer.forward(np.zeros((1, 3)), training=True)
    layer.forward(np.zeros((1, 2, 3)), training=True)  # two positions
    with pytest.raises(ShapeError, match="expects dy of the shape of the last output"):
        layer.backward(np.zeros((1, 3)))
    with pytest.raises(ShapeError, match=r"layer 1, BatchNorm\(4\), expects 4 features, got 3"):
        Sequential([Linear(2, 3), BatchNorm(4)], loss=MeanSquaredError())


def test_an_empty_batch_is_normalized_at_inference():
    assert BatchNorm(3).forward(np.zeros((0, 2, 3))).shape == (0, 2, 3)


def test_repr():
    assert repr(BatchNorm(3)) == "BatchNorm(3)"
    assert (
        repr(BatchNorm(3, momentum=0.3, epsilon=0.01)) == "BatchNorm(3, momentum=0.3, epsilon=0.01)"
    )
