"""Edits of sums, products, quotients and powers: what they say of mistakes."""

import numpy as np

from tests.gradcheck.repair.edits.wrong_functions import draw, explained


def test_the_sign_of_a_term():
    def forward(x):
        return x**3 - x

    def backward(dy, x):
        return dy * (3 * x**2 + 1)

    said = explained(forward, backward, draw(3, 4))
    assert "right with `3 * x ** 2 - 1` for `3 * x ** 2 + 1`" in said


def test_a_sign_within_a_call():
    def forward(x):
        return np.log(1 + np.exp(x))

    def backward(dy, x):
        return dy / (1 + np.exp(x))

    said = explained(forward, backward, draw(3, 4))
    assert "right with `-x` for `x`" in said


def test_a_quotient_for_a_product():
    def forward(x):
        return np.sin(x**2)

    def backward(dy, x):
        return dy * np.cos(x**2) * 2 / x

    assert "right with `dy * np.cos(x ** 2) * 2 * x`" in explained(forward, backward, draw(3, 4))


def test_a_superfluous_term():
    def forward(x):
        return np.exp(x)

    def backward(dy, x):
        return dy * (np.exp(x) + 0.5)

    assert "a superfluous term" in explained(forward, backward, draw(3, 4))


def test_parentheses_at_another_place():
    def forward(x, w):
        return x * (w + x)

    def backward(dy, x, w):
        return dy * w + 2 * x, dy * x

    said = explained(forward, backward, draw(3, 4), draw(3, 4) + 1)
    assert said.startswith("grouped otherwise")
    assert "dy * (w + 2 * x)" in said


def test_epsilon_outside_of_the_root():
    def forward(x):
        return np.sqrt(x**2 + 0.3)

    def backward(dy, x):
        return dy * x / (np.sqrt(x**2) + 0.3)

    said = explained(forward, backward, draw(3, 4))
    assert said.startswith("epsilon outside of the root")


def test_a_rotation_in_the_wrong_direction():
    def forward(x, angle):
        c, s = np.cos(angle), np.sin(angle)
        return np.stack([x[0] * c - x[1] * s, x[0] * s + x[1] * c])

    def backward(dy, x, angle):
        c, s = np.cos(angle), np.sin(angle)
        dx = np.stack([dy[0] * c - dy[1] * s, dy[0] * s + dy[1] * c])
        return dx, dy[0] * (-x[0] * s - x[1] * c) + dy[1] * (x[0] * c - x[1] * s)

    said = explained(forward, backward, draw(2, 5), draw(5))
    assert "the sign of s is wrong, as of a rotation in the wrong direction" in said


def test_the_derivative_of_another_function():
    def tanh(x, w):
        return np.tanh(x) * w

    def as_of_sigmoid(dy, x, w):
        v = np.tanh(x)
        return dy * w * v * (1 - v) + 0 * w, dy * v

    said = explained(tanh, as_of_sigmoid, draw(5, 4), draw(5, 4))
    assert "the derivative of a sigmoid where that of tanh is right" in said

    def sigmoid(x, w):
        return w / (1 + np.exp(-x))

    def as_of_tanh(dy, x, w):
        v = 1 / (1 + np.exp(-x))
        return dy * w * (1 - v * v), dy * v

    said = explained(sigmoid, as_of_tanh, draw(5, 4), draw(5, 4))
    assert "the derivative of tanh where that of a sigmoid is right" in said
