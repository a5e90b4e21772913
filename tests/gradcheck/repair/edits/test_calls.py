"""Edits of calls: what they say of mistakes."""

import numpy as np

from tests.gradcheck.repair.edits.wrong_functions import draw, explained


def test_another_function():
    def forward(x):
        return np.sin(3 * x)

    def backward(dy, x):
        return 3 * dy * np.sin(3 * x)

    assert "right with `np.cos(3 * x)` for `np.sin(3 * x)`" in explained(
        forward, backward, draw(3, 4)
    )


def test_the_wrong_axis():
    def forward(x):
        return x / x.sum(axis=1, keepdims=True)

    def backward(dy, x):
        s = x.sum(axis=1, keepdims=True)
        return dy / s - (dy * x).sum(axis=0, keepdims=True) / s**2

    said = explained(forward, backward, 3 + draw(4, 4))
    assert "over the wrong axis; right with `1` for `0`" in said


def test_an_inverted_comparison():
    def forward(x):
        return np.where(x.real > 0, x, 0.1 * x)

    def backward(dy, x):
        dx = 0.1 * dy
        return dx + 0.9 * dy * (x < 0)

    assert "the wrong way round" in explained(forward, backward, draw(3, 4))


def test_a_superfluous_call():
    def forward(x):
        return x**3

    def backward(dy, x):
        return 3 * np.abs(dy * x) * x

    said = explained(forward, backward, draw(3, 4))
    assert "a superfluous np.abs" in said


def test_a_missing_mask():
    def forward(x):
        return np.where(x.real > 0.5, x**2, x)

    def backward(dy, x):
        return dy * (2 * x - 1) + dy * np.ones(x.shape) * (0.5 + 0.5)

    assert "a missing mask x > 0.5" in explained(forward, backward, draw(5, 4))


def test_a_sum_without_an_axis():
    def forward(x, b):
        return np.sin(x) + b

    def backward(dy, x, b):
        return dy * np.cos(x), np.full(b.shape, dy.sum())

    said = explained(forward, backward, draw(3, 4), draw(4))
    assert "over the wrong axis; right with `dy.sum(axis=0)` for `dy.sum()`" in said


def test_over_the_wrong_axis_without_its_dimensions():
    def forward(x):
        return np.tanh(x - x.mean(axis=1, keepdims=True))

    def backward(dy, x):
        dz = dy * (1 - forward(x) ** 2)
        return dz - dz.mean(axis=0)

    said = explained(forward, backward, draw(4, 4))
    assert "over the wrong axis; right with `dz.mean(axis=-1, keepdims=True)`" in said
