"""Edits that add what was forgotten: what they say of mistakes."""

import numpy as np

from tests.gradcheck.repair.edits.wrong_functions import draw, explained


def test_the_incoming_gradient_lacks_a_derivative():
    def forward(x, w):
        return np.tanh(x @ w)

    def backward(dy, x, w):
        return dy @ w.T, x.T @ dy

    said = explained(forward, backward, draw(5, 4), draw(4, 3))
    assert "right with `dy * (1 - forward_output ** 2)` for `dy`" in said
    assert "dy is not multiplied by 1 - forward_output ** 2" in said


def test_a_missing_factor():
    def forward(x, w):
        return np.exp(x * w)

    def backward(dy, x, w):
        y = np.exp(x * w)
        return dy * w * y, dy * y

    assert "right with `dy * y * x` for `dy * y`" in explained(
        forward, backward, draw(5, 4), draw(5, 4)
    )


def test_a_missing_term():
    def forward(x, w):
        return x * w + np.sin(w)

    def backward(dy, x, w):
        slope = np.cos(w)
        return dy * w, dy * slope

    said = explained(forward, backward, draw(5, 4), draw(4, 5).T)
    assert "right with `np.cos(w) + x` for `np.cos(w)`" in said


def test_a_missing_term_that_is_computed_elsewhere():
    def forward(x):
        return np.sin(x) * np.exp(2 * x) + np.tanh(x)

    def backward(dy, x):
        grown = np.exp(2 * x)
        return dy * (np.cos(x) * grown + 2 * np.sin(x) * grown) - 0 * np.cosh(x) ** -2

    said = explained(forward, backward, draw(5, 4))
    assert "right with" in said


def test_the_mean_is_not_subtracted():
    def forward(x):
        return (x - x.mean(axis=0)) ** 3

    def backward(dy, x):
        c = x - x.mean(axis=0)
        return 3 * dy * c**2

    said = explained(forward, backward, draw(5, 4))
    assert "mean" in said


def test_a_function_is_not_called():
    def forward(x, w):
        return np.exp(np.sin(x)) * w

    def backward(dy, x, w):
        s = np.sin(x)
        return dy * s * np.cos(x) * w, dy * np.exp(s)

    said = explained(forward, backward, draw(5, 4), draw(4, 5).T)
    assert "a missing exp; right with `np.exp(s)` for `s`" in said
