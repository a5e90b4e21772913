import numpy as np
import pytest
from helpers import in_dtype

from minidl import ArgumentError, LayerNorm, MissingDependencyError
from minidl.layers import layer_norm
from minidl.layers.compiled_layer_norm import (
    compiled_layer_norm,
    normalization_gradient,
    normalize,
)
from minidl.utils import compiling

needs_numba = pytest.mark.skipif(
    not compiling._numba_is_installed(), reason="numba is not installed"
)


def draws(features=5, **options):
    rng, layer = np.random.default_rng(0), LayerNorm(features, epsilon=0.1, **options)
    layer.weight.value, layer.bias.value = rng.standard_normal((2, features))
    x, dy = rng.standard_normal((2, 6, 3, features)).astype(np.float32)
    return layer, x, dy


def results(layer, x, dy):
    y, dx = layer.forward(x).copy(), layer.backward(dy).copy()
    return [y, dx, layer.weight.grad.copy(), layer.bias.grad.copy()]


def assert_close(arrays, right):
    for array, expected in zip(arrays, right, strict=True):
        np.testing.assert_allclose(array, expected, rtol=1e-5, atol=1e-5)


@needs_numba
def test_compiled_loops_are_numpy_to_rounding():
    layer, x, dy = draws()
    exact = results(in_dtype(layer, np.float64), x.astype(float), dy.astype(float))
    for fast in (True, False):
        layer.fast = fast
        arrays = results(layer, x, dy)
        assert_close(arrays, exact)
        assert all(array.dtype == np.float32 for array in arrays)
        assert layer._is_compiled is fast
    layer.fast = True
    layer.forward(x)
    assert_close([layer.backward(dy.astype(float))], exact[1:2])


def test_the_loops_follow_the_formulas():
    layer, x, dy = draws()
    layer = in_dtype(layer, np.float64)
    x, dy = x.astype(float).reshape(-1, 5), dy.astype(float).reshape(-1, 5)
    right = results(layer, x, dy)
    z, inverses, y, dx = np.empty((18, 5)), np.empty((18, 1)), np.empty((18, 5)), np.empty((18, 5))
    normalize(x, layer.weight.value, layer.bias.value, 0.1, z, inverses, y)
    dweight, dbias = np.ones((2, 5))
    normalization_gradient(dy, layer.weight.value, z, inverses, dweight, dbias, dx)
    assert_close([y, dx, dweight, dbias], right)


@needs_numba
def test_arrays_in_any_layout_are_taken():
    layer, x, dy = draws(fast=True)
    right = results(layer, x, dy)
    read_only = x.copy()
    read_only.flags.writeable = False
    for other in (read_only, np.asfortranarray(x)):
        assert_close(results(layer, other, np.asfortranarray(dy)), right)
    assert all(len(loop.signatures) == 1 for loop in compiled_layer_norm())


@needs_numba
def test_by_default_large_arrays_are_compiled_while_training(monkeypatch):
    layer, x, _ = draws()
    for size, training, expected in ((90, True, True), (90, False, False), (91, True, False)):
        monkeypatch.setattr(layer_norm, "AUTO_COMPILE_MIN_SIZE", size)
        layer.forward(x, training=training)
        assert layer._is_compiled is expected


def test_wrong_choices(monkeypatch):
    with pytest.raises(
        ArgumentError, match="fast must be None or True or False, got 2 in LayerNorm"
    ):
        LayerNorm(1, fast=2)
    layer, x, _ = draws(fast=True)
    assert "fast" not in layer.settings()
    monkeypatch.setattr(compiling, "_numba_is_installed", lambda: False)
    with pytest.raises(MissingDependencyError, match=r'pip install "numba'):
        layer.forward(x)
