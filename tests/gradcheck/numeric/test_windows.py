"""Positions whose windows do not meet are moved together, and give the exact gradient."""

import numpy as np
import pytest
from helpers import complex_step

from minidl import AvgPool2D, Conv2D, MaxPool2D, Upsample2D
from minidl.gradcheck.numeric.differences import ComplexStep, RichardsonDifference
from minidl.gradcheck.numeric.function import Function, real_and_complex
from minidl.gradcheck.numeric.gradient import numeric_gradients
from minidl.gradcheck.numeric.windows import find_windows

PICTURES = np.random.default_rng(7).standard_normal((2, 8, 10, 2))

# The layer, and how many calls the gradient of its input takes: sets of each axis.
LAYERS = {
    "same": (Conv2D(2, 3, 3, padding="same"), 3 * 3 * 2),
    "strided": (Conv2D(2, 3, 3, stride=2, padding=1), 3 * 3 * 2),
    "dilated": (Conv2D(2, 3, 3, dilation=2), 3 * 3 * 2),
    "max": (MaxPool2D(2), 2 * 2),
    "average": (AvgPool2D(3, stride=1), 3 * 3),
    "upsample": (Upsample2D(2), 1),
}


def function_of(f, x):
    arrays = real_and_complex(x)
    return Function(lambda arithmetic: np.array(f(arrays[arithmetic])), arrays)


def windows_of(f, x, scheme=None, limit=1000):
    function, output = function_of(f, x), np.shape(f(x))
    return find_windows(function, scheme or ComplexStep(), output, np.random.default_rng(0), limit)


def counted_gradient(f, x, c, limit=1000):
    calls = []

    def call(moved):
        calls.append(1)
        return f(moved)

    numeric = numeric_gradients(
        function_of(call, x), [c], np.random.default_rng(0), ComplexStep(), limit
    )
    return numeric[0], len(calls)


@pytest.mark.parametrize("name", LAYERS)
def test_windows_give_the_gradient_of_the_input(name):
    layer, calls = LAYERS[name]

    def f(x):
        if layer.parameters():
            rng = np.random.default_rng(0)
            for parameter in layer.parameters().values():
                values = rng.standard_normal(parameter.shape).astype(x.dtype)
                parameter.memory = values, values.copy()
        layer.workspace = {}
        return np.array(layer.forward(x))

    windows = windows_of(f, PICTURES)
    assert windows.forward_calls(PICTURES.shape) == calls
    c = np.random.default_rng(1).standard_normal(f(PICTURES).shape)
    numeric, made = counted_gradient(f, PICTURES, c)
    expected = complex_step(lambda moved: (c * f(moved)).sum(), PICTURES)
    np.testing.assert_allclose(numeric.value, expected, rtol=1e-12, atol=1e-12)
    assert made < PICTURES[0].size  # the calls of moving one element of each example


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: x - x.mean(axis=0), PICTURES),  # examples depend on each other
        (lambda x: x.sum(axis=(1, 2)), PICTURES),
        (lambda x: x - x.mean(axis=(1, 2, 3), keepdims=True), PICTURES),  # all reach all
        (lambda x: np.maximum(x, 0), np.zeros((2, 4, 4, 2))),  # on kinks
        (lambda x: np.tanh(x), PICTURES[:, 0, 0]),
    ],
    ids=["batch", "rank", "dense", "kinks", "rows"],
)
def test_where_there_are_no_windows(f, x):
    assert windows_of(f, x) is None


def test_what_is_not_exact_tells_no_windows():
    assert windows_of(lambda x: x * x, PICTURES, RichardsonDifference()) is None


def test_the_search_counts_as_calls():
    search = sum(PICTURES.shape[1:])
    assert windows_of(np.tanh, PICTURES, limit=search + 1) is not None
    assert windows_of(np.tanh, PICTURES, limit=search) is None


def test_a_window_that_is_wider_elsewhere_is_not_overlooked():
    """Each position is moved, so that irregular windows are told apart as well."""
    x = PICTURES[:, :, 0]

    def f(x):
        y = x * x
        y[:, 0] += 3 * x[:, 7]
        return y

    c = np.random.default_rng(1).standard_normal(x.shape)
    numeric, _ = counted_gradient(f, x, c)
    expected = complex_step(lambda moved: (c * f(moved)).sum(), x)
    np.testing.assert_allclose(numeric.value, expected, rtol=1e-12)


def test_a_wrong_window_is_rejected_by_the_slope_along_a_random_direction(monkeypatch):
    real = np.eye(8)
    monkeypatch.setattr("minidl.gradcheck.numeric.windows._reached", lambda *_: real[:, :8])
    x = np.random.default_rng(2).standard_normal((2, 8, 8))

    def f(x):
        return x + 0.5 * np.roll(x, 1, axis=1) + np.roll(x * x, 1, axis=2)

    c = np.random.default_rng(1).standard_normal(x.shape)
    numeric, _ = counted_gradient(f, x, c)
    expected = complex_step(lambda moved: (c * f(moved)).sum(), x)
    np.testing.assert_allclose(numeric.value, expected, rtol=1e-12)
