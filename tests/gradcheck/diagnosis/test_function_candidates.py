"""Candidates for functions: the same words as for layers, for weights of either orientation."""

import numpy as np
import pytest

from minidl import check_function
from minidl.gradcheck.diagnosis.function_candidates import is_masked

RNG = np.random.default_rng(0)
X, W, B = RNG.standard_normal((5, 4)), RNG.standard_normal((4, 4)), RNG.standard_normal(4)
V = RNG.standard_normal((4, 3))


def diagnoses(forward, backward, *inputs, **options):
    report = check_function(forward, backward, *inputs, **options)
    return {c.parameter: c.diagnosis for c in report.failures if c.term != "protocol"}


@pytest.mark.parametrize(
    ("forward", "backward", "words"),
    [
        (np.tanh, lambda dy, x: dy, "the derivative of the activation is missing"),
        (np.tanh, lambda dy, x: dy * (1 - x**2), "formula for outputs taken at the input"),
        (
            np.tanh,
            lambda dy, x: dy * (1 - np.tanh(np.tanh(x)) ** 2),
            "derivative is taken at the output",
        ),
        (
            lambda x: np.maximum(x, 0),
            lambda dy, x: dy * (dy > 0),
            "mask is taken from the incoming",
        ),
        (np.sin, lambda dy, x: (dy * np.cos(x))[::-1] * 1, "in reverse order"),
    ],
)
def test_activations(forward, backward, words):
    if "reverse" in words:
        found = diagnoses(forward, lambda dy, x: dy[::-1] * np.cos(x), X, backward_inputs=True)
    else:
        found = diagnoses(forward, backward, X, backward_inputs=True)
    assert words in found["x"]


def affine(x, w, b):
    return x @ w + b


@pytest.mark.parametrize(
    ("name", "gradient", "words"),
    [
        (
            "x",
            lambda dy, x, w: dy @ w,
            "transposed in the backward pass through the first argument of @",
        ),
        ("w", lambda dy, x, w: (x * x).T @ dy, "x.T @ dy with the input squared"),
        ("w", lambda dy, x, w: affine(x, w, B).T @ dy, "y.T @ dy: the layer's output"),
        ("b", lambda dy, x, w: np.full(4, dy.sum()), "the sum of dy over both axes"),
        ("b", lambda dy, x, w: dy[:-1].sum(axis=0), "last example is left out"),
    ],
)
def test_weights_with_a_column_per_output(name, gradient, words):
    def backward(dy, x, w, b):
        gradients = {"x": dy @ w.T, "w": x.T @ dy, "b": dy.sum(axis=0)}
        return gradients | {name: gradient(dy, x, w)}

    found = diagnoses(affine, backward, X, W, B, backward_inputs=True)
    assert list(found) == [name]
    assert words in found[name]


def test_weights_with_a_row_per_output():
    def backward(dy, x, w):
        return dy @ w, dy.T @ np.abs(x)

    found = diagnoses(lambda x, w: x @ w.T, backward, X, V.T, backward_inputs=True)
    assert "dy.T @ x with the input without its sign" in found["w"]


def test_dropout():
    def forward(x, keep):
        mask = (np.random.rand(*x.shape) < keep) / keep  # noqa: NPY002
        return x * mask, mask

    found = diagnoses(forward, lambda dy, mask: dy, X, 0.7, cache=True)
    assert "the mask and its scale are missing" in found["x"]
    found = diagnoses(forward, lambda dy, mask: dy * mask / 0.7, X, 0.7, cache=True)
    assert "1/keep" in found["x"]


def test_a_function_without_a_mask_has_no_dropout_mistakes():
    found = diagnoses(
        lambda x, a: np.tanh(a * x), lambda dy, x, a: dy, X, 0.7, backward_inputs=True
    )
    assert "the derivative of the activation is missing" in found["x"]


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (X * (np.arange(20).reshape(5, 4) % 3 > 0) / 0.7, True),
        (np.maximum(X, 0), False),
        (np.minimum(X, 0), False),
        (np.where(np.arange(20).reshape(5, 4) % 3 > 0, X**2, 0), False),
        (2 * X, False),
        (0 * X, False),
    ],
)
def test_a_mask_does_not_follow_the_sign(y, expected):
    assert is_masked(X, y) == expected


def test_elements_of_a_vector_are_no_examples():
    def backward(dy, x):
        return np.where(np.arange(6) < 5, dy, 0) * np.cos(x)

    found = diagnoses(np.sin, backward, np.arange(1.0, 7), backward_inputs=True)
    assert found["x"].startswith("consistent with: dy[-1] is left out (")
