import threading

import numpy as np
import pytest
from helpers import in_dtype

from minidl import (
    Adam,
    ArgumentError,
    Conv1D,
    Conv2D,
    Flatten,
    Linear,
    MeanSquaredError,
    MissingDependencyError,
    Sequential,
)
from minidl.layers import compiled_correlation, lanes
from minidl.layers.compiled_correlation import (
    CompiledCorrelation,
    add_joined_gradient,
    add_kernel_gradient,
    correlate_joined,
    correlate_pictures,
)
from minidl.layers.taps import Grid, Layout
from minidl.utils import compiling

needs_numba = pytest.mark.skipif(
    not compiling._numba_is_installed(), reason="numba is not installed"
)

LAYERS = [
    Conv2D(3, 5, 3, padding=1),
    Conv2D(1, 4, 5, padding="same"),
    Conv2D(2, 3, (2, 3), stride=(2, 1), padding=(0, 2), dilation=(1, 2), bias=False),
    Conv2D(1, 3, (2, 3), stride=(2, 1), padding=(0, 2), dilation=(1, 2), bias=False),
    Conv2D(1, 2, 3, stride=2),
    Conv2D(4, 2, 1),
    Conv1D(3, 4, 3, padding=2, dilation=2),
]


def draws(layer, m=7):
    rng = np.random.default_rng(0)
    size = (9, 8) if isinstance(layer, Conv2D) else (9,)
    x = rng.standard_normal((m, *size, layer.in_channels)).astype(np.float32)
    return x, rng.standard_normal(layer.forward(x).shape).astype(np.float32)


def results(layer, x, dy):
    y, dx = layer.forward(x).copy(), layer.backward(dy).copy()
    bias_gradient = [] if layer.bias is None else [layer.bias.grad.copy()]
    return [y, dx, layer.weight.grad.copy(), *bias_gradient]


@needs_numba
@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_compiled_loops_are_numpy_to_rounding(layer):
    x, dy = draws(layer)
    exact = results(in_dtype(layer, np.float64), x.astype(float), dy.astype(float))
    for fast in (True, False):
        layer.fast = fast
        for array, right in zip(results(layer, x, dy), exact, strict=True):
            assert array.dtype == np.float32
            np.testing.assert_allclose(array, right, rtol=1e-5, atol=2e-5)
        assert layer._is_compiled is fast


@needs_numba
def test_all_lengths_of_products_give_the_same(monkeypatch):
    layer = Conv2D(3, 5, 3, padding=1, fast=True)
    x, dy = draws(layer)
    whole = results(layer, x, dy)
    monkeypatch.setattr(compiled_correlation, "MIN_ROWS", 5)
    monkeypatch.setattr(compiled_correlation, "SMALL_PRODUCT", 1)
    lengths = []
    length = compiled_correlation._length
    monkeypatch.setattr(
        compiled_correlation, "_length", lambda *args: lengths.append(length(*args)) or lengths[-1]
    )
    for array, right in zip(results(layer, x, dy), whole, strict=True):
        np.testing.assert_allclose(array, right, rtol=1e-5, atol=1e-5)
    assert lengths == [5] * 3  # 72 pixels


def test_the_loops_follow_the_definition():
    rng = np.random.default_rng(0)
    x, kernel, bias = (rng.standard_normal(s) for s in ((2, 4, 5, 3), (2, 3, 3, 2), 2))
    layout = Layout.of((4, 5, 3), (2, 3), (3, 3), Grid((0, 0), (1, 1), (1, 1)))
    y, dy = np.empty((2, 9, 2)), rng.standard_normal((2, 9, 2))
    flat, rows = x.reshape(2, -1), np.zeros(layout.size)
    correlate_pictures(
        flat,
        layout.copies,
        rows,
        layout.starts,
        kernel.reshape(2, 9, 2),
        np.tile(bias, 4),
        y,
        np.empty((4, 2)),
    )
    gradient = np.ones((2, 9, 2))
    add_kernel_gradient(flat, layout.copies, rows, layout.starts, dy, gradient, np.empty((9, 2)), 4)
    windows = np.array([[x[:, i : i + 2, j : j + 3] for j in range(3)] for i in range(3)])
    windows = windows.transpose(2, 0, 1, 3, 4, 5).reshape(2, 9, 2, 9)
    np.testing.assert_allclose(
        y, np.einsum("mpuk,uko->mpo", windows, kernel.reshape(2, 9, 2)) + bias
    )
    np.testing.assert_allclose(gradient, 1 + np.einsum("mpuk,mpo->uko", windows, dy))


def test_the_loops_for_one_channel_follow_the_definition():
    rng = np.random.default_rng(0)
    x, kernel, bias = (rng.standard_normal(s) for s in ((2, 4, 5), (6, 2), 2))
    layout = Layout.of_all_taps((4, 5), (2, 3), (3, 3), Grid((0, 0), (1, 1), (1, 1)))
    y, dy = np.empty((2, 9, 2)), rng.standard_normal((2, 9, 2))
    copied = (x.reshape(2, -1), layout.copies, np.zeros(layout.size))
    correlate_joined(*copied, kernel, np.tile(bias, 9), y)
    gradient = np.ones((6, 2))
    add_joined_gradient(*copied, dy, gradient, np.empty((6, 2)))
    windows = np.array([[x[:, i : i + 2, j : j + 3] for j in range(3)] for i in range(3)])
    windows = windows.transpose(2, 0, 1, 3, 4).reshape(2, 9, 6)
    np.testing.assert_allclose(y, windows @ kernel + bias)
    np.testing.assert_allclose(gradient, 1 + np.einsum("mpk,mpo->ko", windows, dy))


@pytest.mark.parametrize("c", [1, 2])
def test_each_thread_has_work_arrays_of_its_own(c, monkeypatch):
    monkeypatch.setattr(lanes, "MIN_PRODUCTS", 1)
    monkeypatch.setattr(lanes, "count_threads", lambda: 2)
    used = {}

    def note_of(product):
        def note(*arguments):
            addresses = tuple(arguments[i].ctypes.data for i in (2, product))  # 2: the rows
            used.setdefault(threading.get_ident(), set()).add(addresses)

        return note

    loops, grid = (
        CompiledCorrelation(note_of(7), note_of(6), note_of(2), note_of(5)),
        Grid((0, 0), (1, 1), (1, 1)),
    )
    x, kernel, y = (np.zeros(s, np.float32) for s in ((4, 5, 5, c), (3, 3, c, 2), (4, 3, 3, 2)))
    for call in (
        lambda: loops.correlate(x, kernel, y, grid, {}, None),
        lambda: loops.kernel_gradient(x, y, (3, 3), grid, {}),
    ):
        used.clear()
        call()
        (one,), (other,) = used.values()
        assert all(a != b for a, b in zip(one, other, strict=True))


@needs_numba
def test_arrays_in_any_layout_are_taken():
    layer = Conv2D(3, 5, 3, padding=1, fast=True)
    x, dy = draws(layer)
    right = results(layer, x, dy)
    read_only = x.copy()
    read_only.flags.writeable = False
    for other in (read_only, np.asfortranarray(x)):
        for array, expected in zip(
            results(layer, other, np.asfortranarray(dy)), right, strict=True
        ):
            np.testing.assert_array_equal(array, expected)
    for loop in compiled_correlation.compiled_correlation():
        assert len(loop.signatures) == 1  # nothing is compiled anew


@needs_numba
def test_no_examples_give_no_output():
    layer = Conv2D(3, 5, 3, padding=1, fast=True)
    x, dy = draws(layer)
    y, dx, *gradients = results(layer, x[:0], dy[:0])
    assert (y.shape, dx.shape) == ((0, 9, 8, 5), (0, 9, 8, 3))
    assert not any(gradient.any() for gradient in gradients)


@needs_numba
def test_other_dtypes_are_computed_by_numpy():
    layer = Conv2D(3, 5, 3, padding=1, fast=True)
    x, dy = draws(layer)
    layer.forward(x.astype(float))
    assert not layer._is_compiled
    layer.forward(x)
    dx = layer.backward(dy.astype(float))
    assert dx.dtype == float
    np.testing.assert_allclose(dx, layer.backward(dy), atol=1e-5)


@needs_numba
def test_by_default_large_layers_are_compiled_while_training(monkeypatch):
    layer = Conv2D(3, 5, 3, padding=1)
    x, _ = draws(layer)
    products = 7 * 9 * 8 * layer.weight.size

    def is_compiled(training=True):
        layer.forward(x, training=training)
        return layer._is_compiled

    assert not is_compiled()
    monkeypatch.setattr(compiled_correlation, "MIN_PRODUCTS", products)
    assert is_compiled()
    assert not is_compiled(training=False)
    layer.fast = False
    assert not is_compiled()
    layer.fast = None
    monkeypatch.setattr(compiled_correlation, "SMALL_PRODUCT", 96 * 3 * 3 * 5 - 1)
    assert not is_compiled()
    monkeypatch.setattr(compiled_correlation, "SMALL_PRODUCT", 96 * 3 * 3 * 5)
    assert is_compiled()
    monkeypatch.setattr(compiled_correlation, "MAX_PIXELS", 9 * 8 - 1)
    assert not is_compiled()
    monkeypatch.undo()
    monkeypatch.setattr(compiled_correlation, "MIN_PRODUCTS", products + 1)
    assert not is_compiled()
    assert not Conv2D(3, 5, 1)._should_compile(x, layer.forward(x), training=True)


def test_without_numba_numpy_computes_and_fast_names_the_pip_command(monkeypatch):
    monkeypatch.setattr(compiling, "_numba_is_installed", lambda: False)
    monkeypatch.setattr(compiled_correlation, "MIN_PRODUCTS", 1)
    layer = Conv2D(3, 5, 3, padding=1)
    x, dy = draws(layer)
    layer.forward(x, training=True)
    layer.backward(dy)
    layer.fast = True
    with pytest.raises(MissingDependencyError, match=r'pip install "numba'):
        layer.forward(x)


def test_an_invalid_choice():
    for layer, sizes in ((Conv2D, (1, 1, 1)), (Conv1D, (1, 1, 1))):
        with pytest.raises(
            ArgumentError, match=f"fast must be None or True or False, got 2 in {layer.__name__}"
        ):
            layer(*sizes, fast=2)


@needs_numba
def test_the_choice_is_not_saved_and_training_resumes_bit_for_bit(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled_correlation, "MIN_PRODUCTS", 1)
    monkeypatch.setattr(lanes, "MIN_PRODUCTS", 1)
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((20, 6, 6, 2)), rng.standard_normal((20, 1))

    def model():
        return Sequential([Conv2D(2, 3, 3), Flatten(), Linear(48, 1)], loss=MeanSquaredError())

    def fit(model, epochs):
        model.fit(
            X, Y, optimizer=Adam(0.01), epochs=epochs, batch_size=8, shuffle=False, progress=False
        )
        assert model.layers[0]._is_compiled
        return model.parameters.theta.copy()

    np.testing.assert_array_equal(fit(model(), 3), fit(model(), 3))
    trained = model()
    fit(trained, 1)
    assert "fast" not in trained.layers[0].settings()
    trained.layers[0].fast = True
    trained.save(tmp_path / "model.h5")
    loaded = Sequential.load(tmp_path / "model.h5")
    assert loaded.layers[0].fast is None
    np.testing.assert_array_equal(fit(trained, 1), fit(loaded, 1))
