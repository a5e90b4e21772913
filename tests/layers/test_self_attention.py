import tracemalloc

import numpy as np
import pytest
from helpers import assert_gradients, in_dtype, read_reference
from hypothesis import given
from hypothesis import strategies as st

from minidl import (
    Adam,
    ArgumentError,
    Flatten,
    GradientChecker,
    Linear,
    MeanSquaredError,
    PositionalEncoding,
    SelfAttention,
    Sequential,
    ShapeError,
)
from minidl.testing import check_layer

CASES = read_reference("reference/torch_attention.json")["cases"]
SETTINGS = ("features", "heads", "causal", "skip_padding")
PARAMETERS = ("weight", "bias", "out_weight", "out_bias")
RNG = np.random.default_rng(0)
CLOSE = {"rtol": 1e-10, "atol": 1e-12}


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: "-".join(str(case[name]) for name in SETTINGS)
)
def test_pytorch(case):
    settings = {name: case[name] for name in SETTINGS}
    layer = in_dtype(SelfAttention(**settings), np.float64)
    assert list(layer.parameters()) == [*PARAMETERS]
    for name in PARAMETERS:
        layer.parameters()[name].value = case[name]["value"]
    np.testing.assert_allclose(layer.forward(np.array(case["x"])), case["y"], **CLOSE)
    np.testing.assert_allclose(layer.attention, case["attention"], **CLOSE)
    np.testing.assert_allclose(layer.backward(np.array(case["dy"])), case["dx"], **CLOSE)
    for name in PARAMETERS:
        gradient = layer.parameters()[name].grad
        np.testing.assert_allclose(gradient, case[name]["grad"], **CLOSE, err_msg=name)


def test_values_by_hand():
    """q = k = v = x, and the output is what the head gives."""
    layer = SelfAttention(1)
    layer.weight.value, layer.out_weight.value = [[1.0]] * 3, [[1.0]]
    x = np.log([[[2.0], [4.0]]])
    (first, second), asked = x[0, :, 0], np.log(2)
    e = np.exp([[first * first, first * second], [second * first, second * second]])
    a = e / e.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(layer.forward(x)[0, :, 0], a @ [asked, 2 * asked])


@pytest.mark.parametrize("causal", [False, True])
def test_what_follows_matters_only_without_causal(causal):
    layer = SelfAttention(4, heads=2, causal=causal)
    x = RNG.standard_normal((2, 5, 4))
    y = layer.forward(x).copy()
    x[:, 3:] += 1
    is_same = np.isclose(layer.forward(x), y).all(axis=(0, 2))
    assert is_same.tolist() == [causal, causal, causal, False, False]
    np.testing.assert_allclose(layer.attention.sum(axis=-1), 1)
    follows = layer.attention[0, 0][np.triu_indices(5, 1)]
    assert (follows == 0).all() == causal


def test_positions_are_told_apart_only_by_what_they_hold():
    layer, order = SelfAttention(4, heads=2), [2, 0, 1]
    x = RNG.standard_normal((1, 3, 4))
    y = layer.forward(x).copy()
    np.testing.assert_allclose(layer.forward(x[:, order]), y[:, order], rtol=1e-12)


@given(
    m=st.integers(1, 3),
    t=st.integers(1, 4),
    heads=st.integers(1, 3),
    width=st.integers(1, 2),
    causal=st.booleans(),
    seed=st.integers(0, 99),
)
def test_gradients(m, t, heads, width, causal, seed):
    x = np.random.default_rng(seed).standard_normal((m, t, heads * width))
    assert_gradients(SelfAttention(heads * width, heads, causal=causal), x)


def test_large_scores_do_not_overflow():
    layer = SelfAttention(2)
    x = np.float32(1e4) * RNG.standard_normal((2, 3, 2)).astype(np.float32)
    with np.errstate(all="raise"):
        assert np.isfinite(layer.forward(x)).all()
        assert np.isfinite(layer.backward(np.ones((2, 3, 2), np.float32))).all()


def test_the_checker_finds_no_mistake_in_a_causal_net():
    layers = [
        Linear(3, 4),
        PositionalEncoding(4),
        SelfAttention(4, heads=2, causal=True),
        Flatten(),
        Linear(20, 2),
    ]
    model = Sequential(layers, loss=MeanSquaredError())
    data = RNG.standard_normal((3, 5, 3)), RNG.standard_normal((3, 2))
    report = GradientChecker(model).check(*data)
    assert report.ok, str(report)
    assert report.difference < 1e-12


class Mistaken(SelfAttention):
    """With one mistake of those that are usual."""

    def __init__(self, mistake):
        super().__init__(4, heads=2, causal=True)
        self.mistake = mistake

    def _scale(self, scores):
        is_backward = scores is self.workspace.get("ds")
        return np.ones(()) if self.mistake == "scale" and is_backward else super()._scale(scores)

    def backward(self, dy):
        dx = super().backward(dy)
        thirds = self.weight.grad[:4], self.weight.grad[4:8]
        if self.mistake == "exchanged":
            first = thirds[0].copy()
            thirds[0][...], thirds[1][...] = thirds[1], first
        if self.mistake == "transposed":
            self.out_weight.grad[...] = self.out_weight.grad.T.copy()
        return dx


@pytest.mark.parametrize(
    ("mistake", "where"),
    [("scale", "weight"), ("exchanged", "weight"), ("transposed", "out_weight")],
)
def test_mistakes_are_found_and_placed(mistake, where):
    report = check_layer(Mistaken(mistake), RNG.standard_normal((3, 5, 4)))
    assert where in {check.parameter for check in report.failures}
    assert "out_bias" not in {check.parameter for check in report.failures}


def test_training_and_files(tmp_path):
    """Each position tells the first number of its sequence: it must ask there."""
    X = RNG.standard_normal((200, 6, 1)).astype(np.float32)
    Y = np.repeat(X[:, :1], 6, axis=1)
    layers = [Linear(1, 16), PositionalEncoding(16), SelfAttention(16), Linear(16, 1)]
    model = Sequential(layers, loss=MeanSquaredError(), seed=1)
    history = model.fit(X, Y, optimizer=Adam(0.01), epochs=40, progress=False)
    assert history.loss[-1] < 0.1 * history.loss[0]
    again = Sequential.load(model.save(tmp_path / "model.h5"))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.layers[2].settings() == {
        "features": 16,
        "heads": 1,
        "causal": False,
        "skip_padding": False,
    }


@pytest.mark.parametrize("skip_padding", [False, True])
def test_a_second_step_allocates_little(skip_padding):
    layer = SelfAttention(32, heads=4, causal=True, skip_padding=skip_padding)
    x, dy = RNG.standard_normal((2, 64, 40, 32)).astype(np.float32)
    x[:, 30:] = 0

    def step():
        layer.forward(x)
        layer.backward(dy)

    step()
    tracemalloc.start()
    step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < x.nbytes / 3  # a number for each row; the attention has 5 times as much as x


@pytest.mark.parametrize("opset", [13, 18, 21])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_onnxruntime_gives_the_same(tmp_path, opset, causal, dtype):
    runtime = pytest.importorskip("onnxruntime")
    from minidl.exchange import export_onnx

    layers = [PositionalEncoding(6), SelfAttention(6, heads=3, causal=causal), Linear(6, 2)]
    model = Sequential(layers, loss=MeanSquaredError(), dtype=dtype)
    X = RNG.standard_normal((4, 5, 6)).astype(dtype)
    path = export_onnx(model, tmp_path / "model.onnx", shape=(5, 6), opset=opset)
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {session.get_inputs()[0].name: X})
    tolerance = 1e-5 if dtype is np.float32 else 1e-12
    np.testing.assert_allclose(y, model.predict(X), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), r"features must be an integer >= 1, got 0 in SelfAttention"),
        ((4, 0), r"heads must be an integer >= 1, got 0"),
        ((4, 3), r"heads must divide features, got 3 heads and 4 features in SelfAttention: each"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        SelfAttention(*arguments)


def test_wrong_shapes():
    layer = SelfAttention(3)
    for shape in [(4, 3), (4, 2, 2), (4, 2, 2, 3)]:
        with pytest.raises(ShapeError, match=r"SelfAttention\(3\) expects x of shape \(m, t, 3\)"):
            layer.forward(np.zeros(shape))
    with pytest.raises(ShapeError, match="backward was called before forward"):
        layer.backward(np.zeros((4, 2, 3)))
    layer.forward(np.zeros((4, 2, 3)))
    with pytest.raises(ShapeError, match="expects dy of the shape of the last output"):
        layer.backward(np.zeros((4, 1, 3)))
    with pytest.raises(
        ShapeError, match=r"layer 1, SelfAttention\(4\), expects sequences \(t, 4\), got \(3,\)"
    ):
        Sequential([Linear(2, 3), SelfAttention(4)], loss=MeanSquaredError())
    assert layer.output_shape((7, 3)) == (7, 3)
    with pytest.raises(ShapeError, match=r"expects sequences \(t, 3\), got \(2, 7, 3\)"):
        layer.output_shape((2, 7, 3))


def test_repr():
    assert repr(SelfAttention(4)) == "SelfAttention(4)"
    assert repr(SelfAttention(4, 2, causal=True)) == "SelfAttention(4, heads=2, causal=True)"
