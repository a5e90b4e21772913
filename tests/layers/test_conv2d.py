import tracemalloc

import numpy as np
import pytest
from helpers import assert_gradients, in_dtype
from hypothesis import given
from hypothesis import strategies as st
from torch_pictures import assert_same_as_torch, cases_of

from minidl import (
    Adam,
    ArgumentError,
    CategoricalCrossEntropy,
    Concat,
    Conv2D,
    Flatten,
    GlobalAvgPool2D,
    GradientChecker,
    Linear,
    MaxPool2D,
    MeanSquaredError,
    ReLU,
    Residual,
    Sequential,
    ShapeError,
    Softmax,
)
from minidl.layers import correlation
from minidl.layers.base import UnknownSize
from minidl.testing import check_layer


def correlated(x, weight, bias, stride, padding, dilation):
    """Return the convolution by its definition, one window after the other."""
    (sh, sw), (ph, pw), (dh, dw), (_, kh, kw, _) = stride, padding, dilation, weight.shape
    x = np.pad(x, ((0, 0), (ph, ph), (pw, pw), (0, 0)))
    height, width = (kh - 1) * dh + 1, (kw - 1) * dw + 1
    rows = [
        [
            np.einsum("muvc,ouvc->mo", x[:, i : i + height : dh, j : j + width : dw], weight)
            for j in range(0, x.shape[2] - width + 1, sw)
        ]
        for i in range(0, x.shape[1] - height + 1, sh)
    ]
    return np.array(rows).transpose(2, 0, 1, 3) + bias


pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@given(
    kernel_size=pairs,
    stride=pairs,
    padding=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    dilation=pairs,
    size=st.tuples(st.integers(1, 8), st.integers(1, 8)),
    channels=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    m=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_any_windows_by_the_definition(
    kernel_size, stride, padding, dilation, size, channels, m, seed
):
    rng = np.random.default_rng(seed)
    layer = in_dtype(
        Conv2D(*channels, kernel_size, stride=stride, padding=padding, dilation=dilation),
        np.float64,
    )
    layer.bias.value = rng.standard_normal(channels[1])
    x = rng.standard_normal((m, *size, channels[0]))
    windows = (stride, padding, dilation)
    spans = zip(kernel_size, dilation, size, padding, strict=True)
    if any((k - 1) * d + 1 > n + 2 * p for k, d, n, p in spans):
        with pytest.raises(ShapeError, match="pixels, padding included, got"):
            layer.forward(x)
        return
    y = layer.forward(x)
    assert y.shape[1:] == layer.output_shape(x.shape[1:])
    np.testing.assert_allclose(
        y, correlated(x, layer.weight.value, layer.bias.value, *windows), rtol=0, atol=1e-12
    )
    # y is linear in x and in the weight: the gradients are the adjoint maps.
    dy, x_change = rng.standard_normal(y.shape), rng.standard_normal(x.shape)
    weight_change = rng.standard_normal(layer.weight.shape)
    dx = layer.backward(dy)
    for gradient, change, y_change in (
        (dx, x_change, correlated(x_change, layer.weight.value, 0, *windows)),
        (layer.weight.grad, weight_change, correlated(x, weight_change, 0, *windows)),
    ):
        np.testing.assert_allclose((gradient * change).sum(), (dy * y_change).sum(), atol=1e-10)
    np.testing.assert_allclose(layer.bias.grad, dy.sum(axis=(0, 1, 2)), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", cases_of(Conv2D))
def test_pytorch_gives_the_same(name):
    assert_same_as_torch(name)


def test_the_figures_of_the_course():
    rng = np.random.RandomState(1)
    A_prev, W, b = rng.randn(10, 4, 4, 3), rng.randn(2, 2, 3, 8), rng.randn(1, 1, 1, 8)
    layer = in_dtype(Conv2D(3, 8, 2, stride=2, padding=2), np.float64)
    layer.weight.value, layer.bias.value = W.transpose(3, 0, 1, 2), b.ravel()
    Z = layer.forward(A_prev)
    assert Z.mean() == pytest.approx(0.048995203528855794, rel=1e-10)
    expected = [-0.61490741, -6.7439236, -2.55153897, 1.75698377, 3.56208902, 0.53036437]
    np.testing.assert_allclose(Z[3, 2, 1], [*expected, 5.18531798, 8.75898442], atol=5e-9)
    dA = layer.backward(Z)
    assert dA.mean() == pytest.approx(1.4524377775388075, rel=1e-10)
    assert layer.weight.grad.mean() == pytest.approx(1.7269914583139097, rel=1e-10)
    assert layer.bias.grad.mean() == pytest.approx(7.839232564616838, rel=1e-10)


@pytest.mark.parametrize(
    ("size", "kernel_size", "stride", "dilation"),
    [
        ((5, 6), 3, 1, 1),
        ((5, 6), (4, 2), 1, (1, 3)),
        ((7, 6), 3, 2, 1),
        ((6, 9), (2, 5), (3, 2), 2),
    ],
)
def test_same_padding_is_that_of_tensorflow(size, kernel_size, stride, dilation):
    layer = Conv2D(1, 2, kernel_size, stride=stride, padding="same", dilation=dilation)
    layer = in_dtype(layer, np.float64)
    x = np.random.default_rng(0).standard_normal((2, *size, 1))
    strides, dilations = (v if isinstance(v, tuple) else (v, v) for v in (stride, dilation))
    counts = [-(-n // s) for n, s in zip(size, strides, strict=True)]
    pads = []
    for n, count, s, k, d in zip(size, counts, strides, layer.kernel_size, dilations, strict=True):
        total = max((count - 1) * s + (k - 1) * d + 1 - n, 0)
        pads.append((total // 2, total - total // 2))
    expected = correlated(
        np.pad(x, ((0, 0), *pads, (0, 0))), layer.weight.value, 0, strides, (0, 0), dilations
    )
    assert layer.output_shape((*size, 1)) == (*counts, 2)
    np.testing.assert_allclose(layer.forward(x), expected, rtol=0, atol=1e-12)
    assert_gradients(layer, x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bias", [True, False])
def test_gradients(dtype, bias):
    x = np.random.default_rng(0).standard_normal((3, 4, 5, 2)).astype(dtype)
    assert_gradients(Conv2D(2, 3, (3, 2), stride=(1, 2), padding=1, bias=bias), x)


@pytest.mark.parametrize(
    "layer",
    [
        Conv2D(2, 3, 3, padding="same"),
        Conv2D(2, 2, 3, stride=2, padding=1, dilation=2),
        Conv2D(2, 3, 1, bias=False),
    ],
    ids=str,
)
def test_the_checker_finds_no_mistake_in_the_layer(layer):
    report = check_layer(layer, np.random.default_rng(0).standard_normal((3, 5, 6, 2)))
    assert report.ok, str(report)
    assert report.difference < 1e-13


def small_model(**arguments):
    layers = [Conv2D(2, 3, 3, padding=1), ReLU(), Conv2D(3, 2, 2, stride=2), Flatten()]
    return Sequential([*layers, Linear(8, 2)], loss=MeanSquaredError(), **arguments)


def test_the_checker_finds_no_mistake_in_a_model():
    rng = np.random.default_rng(0)
    report = GradientChecker(small_model()).check(
        rng.standard_normal((4, 4, 5, 2)), rng.standard_normal((4, 2)), exhaustive=True
    )
    assert report.ok, str(report)
    assert report.difference < 1e-12


@pytest.mark.parametrize("channels", [4, 1])
def test_blocks_of_pictures_give_what_one_picture_gives(channels, monkeypatch):
    monkeypatch.setattr(correlation, "BLOCK_BYTES", 2**14 * channels)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((11, 16, 16, channels)).astype(np.float32)
    layer = Conv2D(channels, 4 * channels, 3, padding=1)
    y = layer.forward(x).copy()
    dy = rng.standard_normal(y.shape).astype(np.float32)
    dx = layer.backward(dy).copy()
    assert (
        layer.workspace["thread 0 rows"].size < len(x) * 16 * 16 * 3 * channels
    )  # not all at once
    weight_gradient, exact = layer.weight.grad.copy(), in_dtype(layer, np.float64)
    total = 0.0
    for i in range(len(x)):
        one = slice(i, i + 1)
        np.testing.assert_allclose(y[one], exact.forward(x[one].astype(float)), atol=2e-5)
        np.testing.assert_allclose(dx[one], exact.backward(dy[one].astype(float)), atol=2e-5)
        total = total + exact.weight.grad
    error = np.linalg.norm(weight_gradient - total) / np.linalg.norm(total)
    assert error < 2e-6


def test_batches_of_changing_size_and_dtype():
    rng, layer = np.random.default_rng(0), Conv2D(2, 3, 3, padding=1)
    for m, size, dtype in ((5, 6, np.float32), (2, 6, np.float64), (7, 4, np.float32)):
        x = rng.standard_normal((m, size, size, 2)).astype(dtype)
        fresh = in_dtype(layer, layer.weight.value.dtype)
        np.testing.assert_array_equal(layer.forward(x), fresh.forward(x))
        assert layer.forward(x).dtype == dtype
        np.testing.assert_array_equal(
            layer.backward(x[..., [0, 0, 1]]), fresh.backward(x[..., [0, 0, 1]])
        )


def test_memory_order_does_not_matter():
    rng, layer = np.random.default_rng(0), Conv2D(3, 2, 3)
    for kernel_size in (3, 1):
        layer = Conv2D(3, 2, kernel_size)
        x = rng.standard_normal((4, 5, 6, 3)).astype(np.float32)
        y = layer.forward(x).copy()
        dy = rng.standard_normal(y.shape).astype(np.float32)
        dx = layer.backward(dy).copy()
        np.testing.assert_array_equal(layer.forward(np.asfortranarray(x)), y)
        np.testing.assert_array_equal(layer.backward(np.asfortranarray(dy)), dx)


def test_the_second_step_allocates_no_array():
    layer = Conv2D(4, 8, 3, stride=2, padding=1)
    x = np.random.default_rng(0).standard_normal((16, 32, 32, 4)).astype(np.float32)
    dy = np.ones_like(layer.forward(x))
    layer.backward(dy)
    tracemalloc.start()
    layer.forward(x)
    layer.backward(dy)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60_000


def test_predict_knows_what_each_row_takes():
    def kept(m):
        layer = Conv2D(4, 8, 3)
        y = layer.forward(np.zeros((m, 32, 32, 4), np.float32))
        return sum(array.nbytes for array in layer.workspace.values()), y[0].nbytes

    (few, output), (many, _) = kept(200), kept(300)  # more than are laid out at a time
    assert (many - few) / 100 == Conv2D(4, 8, 3).inference_arrays * output


def test_work_arrays_are_small():
    layer = Conv2D(8, 16, 5, padding=2)
    x = np.zeros((64, 32, 32, 8), np.float32)
    layer.backward(layer.forward(x).copy())
    kept = {"y", "dx"}
    assert sum(a.nbytes for name, a in layer.workspace.items() if name not in kept) < 8 * 2**20


def test_the_parameters_gradients_are_the_same_without_the_input_gradient():
    layer = Conv2D(2, 3, 3)
    x = np.random.default_rng(0).standard_normal((2, 5, 5, 2)).astype(np.float32)
    dy = np.ones_like(layer.forward(x))
    assert layer.backward_parameters(dy) is None
    assert "dx" not in layer.workspace
    gradients = [parameter.grad.copy() for parameter in layer.parameters().values()]
    layer.backward(dy)
    for gradient, parameter in zip(gradients, layer.parameters().values(), strict=True):
        np.testing.assert_array_equal(gradient, parameter.grad)


def test_weights_have_the_inputs_of_a_window():
    layer = Conv2D(3, 8, (2, 5))
    assert layer.weight.shape == (8, 2, 5, 3)
    assert layer.weight.fan_in == 30
    np.testing.assert_array_equal(layer.bias.value, 0)


def test_underflow_raises_nothing():
    layer = Conv2D(1, 1, 2)
    with np.errstate(all="raise"):
        y = layer.forward(np.full((1, 3, 3, 1), 1e-44, np.float32))
        layer.backward(np.full_like(y, 1e-44))


def test_a_saved_model_is_the_same(tmp_path):
    model = small_model(seed=3)
    X = np.random.default_rng(0).standard_normal((4, 4, 5, 2)).astype(np.float32)
    model.save(tmp_path / "model.h5")
    loaded = Sequential.load(tmp_path / "model.h5")
    assert list(map(str, loaded.layers)) == list(map(str, model.layers))
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


@pytest.mark.parametrize(
    "text",
    [
        "Conv2D(1, 2, 3)",
        "Conv2D(1, 2, (2, 3), stride=2, padding=1, dilation=3, bias=False)",
        "Conv2D(1, 2, 5, stride=(1, 2), padding='same')",
        "Conv2D(1, 2, 5, padding=(0, 1), dilation=(2, 1))",
    ],
)
def test_repr(text):
    assert str(eval(text)) == text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"in_channels": 0}, "in_channels must be an integer >= 1, got 0 in Conv2D"),
        ({"out_channels": 1.5}, r"out_channels must be an integer >= 1, got 1\.5 in Conv2D"),
        ({"kernel_size": 0}, "kernel_size must be an integer >= 1, or two of them"),
        ({"kernel_size": (3, 3, 3)}, r"kernel_size must be .* got \(3, 3, 3\) in Conv2D"),
        ({"stride": (1, 0)}, r"stride must be an integer >= 1, .* got \(1, 0\) in Conv2D"),
        ({"dilation": True}, "dilation must be an integer >= 1, .* got True in Conv2D"),
        ({"padding": -1}, "padding must be an integer >= 0, .* got -1 in Conv2D"),
        ({"padding": "valid"}, "padding must be .* or \"same\", got 'valid' in Conv2D: pass 0"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        Conv2D(**{"in_channels": 1, "out_channels": 2, "kernel_size": 3} | arguments)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((5, 6, 4), "expects 3 channels, got 4$"),
        ((3, 64, 64), r"expects 3 channels, got 64 .*pass X\.transpose\(0, 2, 3, 1\)\?"),
        ((64, 3, 64), r"expects 3 channels, got 64$"),
        ((12288,), r"expects pictures \(h, w, 3\), got \(12288,\) \(put Reshape\(\(h, w, 3\)\)"),
        ((5, 6), r"expects pictures \(h, w, 3\), got \(5, 6\)$"),
        ((4, 6, 3), "expects at least 5 x 5 pixels, padding included, got 4 x 6$"),
    ],
)
def test_a_shape_that_does_not_fit(shape, message):
    layer = Conv2D(3, 8, 5)
    with pytest.raises(ShapeError, match=message):
        layer.output_shape(shape)
    with pytest.raises(ShapeError, match=r"Conv2D\(3, 8, 5\) expects"):
        layer.forward(np.zeros((2, *shape)))


def test_pictures_without_the_axis_of_channels():
    with pytest.raises(ShapeError, match=r"got \(28, 28\) \(.*X\[\.\.\., np\.newaxis\]\)"):
        Conv2D(1, 8, 5).output_shape((28, 28))


def test_errors_name_both_layers():
    layers = [Conv2D(3, 8, 3), ReLU(), Conv2D(4, 8, 3)]
    with pytest.raises(
        ShapeError, match=r"layer 2, Conv2D\(4, 8, 3\), expects 4 channels, got 8 from layer 1"
    ):
        Sequential(layers, loss=MeanSquaredError())


def test_the_output_shape_where_that_of_the_input_is_unknown():
    layer = Conv2D(3, 8, 3)
    for shape in (None, Linear(4, 3).output_shape(None)):
        output = layer.output_shape(shape)
        assert output == (8,)
        assert type(output) is UnknownSize
    with pytest.raises(ShapeError, match="expects 3 channels, got 2"):
        layer.output_shape(Linear(4, 2).output_shape(None))


def test_the_summary_does_not_take_pictures_for_rows():
    layers = [Residual(Conv2D(3, 3, 3, padding="same")), Conv2D(3, 8, 3), ReLU(), MaxPool2D(2)]
    layers.append(Concat(ReLU(), Conv2D(8, 1, 1)))
    model = Sequential([*layers, Flatten()], loss=MeanSquaredError())
    summary = model.summary()
    assert summary.count("(m, ..., 8)") == 4
    assert summary.count("(m, ..., 9)") == 1
    assert "(m, 8)" not in summary


def test_a_small_net_learns_horizontal_from_vertical_bars():
    rng = np.random.default_rng(0)
    X, Y = 0.3 * rng.standard_normal((120, 8, 8, 1)), np.arange(120) % 2
    for x, y in zip(X, Y, strict=True):
        line = rng.integers(1, 7)
        x[(line, slice(None)) if y else (slice(None), line)] += 1
    layers = [Conv2D(1, 4, 3, padding="same"), ReLU(), MaxPool2D(2), Conv2D(4, 8, 3), ReLU()]
    layers += [GlobalAvgPool2D(), Linear(8, 2), Softmax()]
    model = Sequential(layers, loss=CategoricalCrossEntropy())
    model.fit(X[:80], Y[:80], optimizer=Adam(0.02), epochs=15, batch_size=16, progress=False)
    assert model.evaluate(X[80:], Y[80:])["accuracy"] == 1


def test_backward_needs_a_gradient_of_the_shape_of_the_output():
    layer = Conv2D(1, 2, 3)
    with pytest.raises(ShapeError, match=r"Conv2D\(1, 2, 3\)\.backward was called before forward"):
        layer.backward(np.zeros((1, 2, 2, 2)))
    layer.forward(np.zeros((1, 4, 4, 1)))
    with pytest.raises(ShapeError, match=r"the last output, \(1, 2, 2, 2\), got \(1, 2, 2, 1\)"):
        layer.backward(np.zeros((1, 2, 2, 1)))
