"""Edits of matrix products: what they say of mistakes."""

import numpy as np

from tests.gradcheck.repair.edits.wrong_functions import draw, explained


def recurrence(x, w):
    """Return the product of a state with a matrix, three times."""
    for _ in range(3):
        x = x @ w
    return x


def test_a_factor_is_not_transposed():
    def backward(dy, x, w):
        dw = 0 * w
        states = [x, x @ w, x @ w @ w]
        for state in reversed(states):
            dw += state.T @ dy
            dy = dy @ w
        return dy, dw

    said = explained(recurrence, backward, draw(4, 3), draw(3, 3))
    assert "right with `dy @ w.T` for `dy @ w`" in said


def test_a_superfluous_transpose():
    def forward(a, b):
        return a.T @ b @ a

    def backward(dy, a, b):
        return b.T @ a @ dy + b @ a @ dy, a @ dy @ a.T

    said = explained(forward, backward, draw(3, 3), draw(3, 3))
    assert "is not transposed" in said
    assert "dy.T" in said


def test_factors_on_the_wrong_sides():
    def forward(a, b):
        return a @ b @ b

    def backward(dy, a, b):
        return dy @ b.T @ b.T, dy @ b.T @ a.T + (a @ b).T @ dy

    said = explained(forward, backward, draw(3, 3), draw(3, 3))
    assert "right with" in said
    assert "`a.T @ (dy @ b.T)` for `dy @ b.T @ a.T`" in said


def test_a_chain_of_factors_is_in_another_order():
    def backward(dy, a):
        y = np.linalg.inv(a)
        return -y.T @ y.T @ dy

    said = explained(np.linalg.inv, backward, draw(3, 3) + 2 * np.eye(3))
    assert "right with `-y.T @ dy @ y.T` for `-y.T @ y.T @ dy`" in said


def test_an_argument_of_a_call_is_not_transposed():
    def backward(dy, a, b):
        db = np.linalg.solve(a, dy)
        return -np.linalg.solve(a.T, dy) @ np.linalg.solve(a, b).T, db

    said = explained(np.linalg.solve, backward, draw(3, 3) + 2 * np.eye(3), draw(3, 2))
    assert "right with `a.T` for `a`" in said
