"""Edits of what is read: what they say of mistakes."""

import numpy as np

from tests.gradcheck.repair.edits.wrong_functions import draw, explained


def test_one_argument_is_read_for_another():
    def forward(x, w):
        return np.exp(np.sin(x) * w)

    def backward(dy, x, w):
        y = np.exp(np.sin(w) * w)
        return dy * y * w * np.cos(x), dy * y * np.sin(x)

    said = explained(forward, backward, draw(5, 4), 1 + draw(5, 4))
    assert "w is read where x is right; right with `x` for `w`" in said


def test_gates_are_exchanged():
    def forward(z):
        a, b, c = np.split(z, 3)
        return a * b + np.sin(c)

    def backward(dy, z):
        a, c, b = np.split(z, 3)
        return np.concatenate([dy * b, dy * a, dy * np.cos(c)])

    said = explained(forward, backward, draw(6, 4))
    assert "c and b are exchanged" in said


FROM, TO = np.array([0, 1, 1, 4, 2]), np.array([1, 3, 0, 0, 3])


def sums(x):
    y = np.zeros_like(x)
    np.add.at(y, TO, np.sin(x)[FROM])
    return y * x


def test_two_constants_are_exchanged():
    def backward(dy, x):
        y, dz = np.zeros((2, *x.shape))
        np.add.at(y, TO, np.sin(x)[FROM])
        np.add.at(dz, TO, (dy * x)[FROM])
        return dy * y + dz * np.cos(x)

    said = explained(sums, backward, draw(5, 4))
    assert "TO and FROM are exchanged; right with `np.add.at(dz, FROM, (dy * x)[TO])`" in said


def test_another_constant_is_read():
    def backward(dy, x):
        y, dz = np.zeros((2, *x.shape))
        np.add.at(y, TO, np.sin(x)[TO])
        np.add.at(dz, FROM, (dy * x)[TO])
        return dy * y + dz * np.cos(x)

    assert "TO is read where FROM is right" in explained(sums, backward, draw(5, 4))


def test_a_number_is_a_factor_where_an_array_is_right():
    def forward(x, w):
        return np.sin(x) * w + x

    def backward(dy, x, w):
        return dy * (0 * np.cos(x) + 1), dy * np.sin(x)

    said = explained(forward, backward, draw(5, 4), draw(4, 5).T)
    assert "a factor of 0 where w is right; right with `w * np.cos(x)`" in said
