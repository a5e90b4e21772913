"""Edits of whole statements: what they say of mistakes."""

import numpy as np

from tests.gradcheck.repair.edits.wrong_functions import draw, explained

INDICES = np.array([0, 2, 2, 1, 0])


def windows(x):
    """Return the sums of overlapping windows of squares."""
    return np.array([(x[i : i + 3] ** 2).sum() for i in range(4)])


def test_windows_overwrite_each_other():
    def backward(dy, x):
        dx = np.zeros_like(x)
        for i in range(4):
            dx[i : i + 3] = 2 * dy[i] * x[i : i + 3]
        return dx

    said = explained(windows, backward, draw(6))
    assert "right with `dx[i:i + 3] += 2 * dy[i] * x[i:i + 3]`" in said


def test_duplicates_overwrite_each_other():
    def forward(table):
        return np.sin(table[INDICES])

    def backward(dy, table):
        dtable = np.zeros_like(table)
        dtable[INDICES] += dy * np.cos(table[INDICES])
        return dtable

    assert "right with `np.add.at(dtable, INDICES, dy * np.cos(table[INDICES]))`" in explained(
        forward, backward, draw(4, 3)
    )


def test_a_loop_is_left_after_its_first_turn():
    def backward(dy, x):
        dx = np.zeros_like(x)
        for i in range(4):
            dx[i : i + 3] += 2 * dy[i] * x[i : i + 3]
            if np.ones(1):
                break
        return dx

    assert "left after its first turn" in explained(windows, backward, draw(6))


def test_a_superfluous_statement():
    def forward(x):
        return np.exp(x)

    def backward(dy, x):
        dx = dy * np.exp(x)
        dx += 0.5
        return dx

    assert "a superfluous" in explained(forward, backward, draw(4, 3))


def test_a_loop_in_the_wrong_direction():
    def forward(x):
        y = [x[0]]
        for t in range(1, 4):
            y.append(np.sin(y[-1]) + x[t])
        return np.array(y)

    def backward(dy, x):
        y = forward(x)
        dx, dh = np.zeros_like(x), np.zeros_like(x[0])
        for t in range(4):
            dh = dh * np.cos(y[t]) + dy[t]
            dx[t] = dh
        return dx

    assert "a loop runs in the wrong direction" in explained(forward, backward, draw(4, 3))


def test_whole_columns_for_one_element():
    labels = np.array([0, 2, 1])

    def forward(z):
        e = np.exp(z)
        return np.log(e.sum(axis=1)) - z[np.arange(3), labels]

    def backward(dy, z):
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        p[:, labels] -= 1
        return dy[:, None] * p

    said = explained(forward, backward, draw(3, 4))
    assert "whole rows or columns are written where one element is meant" in said


def test_repeated_columns_overwrite_each_other():
    columns = np.array([0, 1, 0, 3])

    def forward(x):
        return x[:, columns] ** 2

    def backward(dy, x):
        dx = np.zeros_like(x)
        dx[:, columns] = 2 * x[:, columns] * dy
        return dx

    said = explained(forward, backward, draw(5, 4))
    assert "right with `np.add.at(dx, (slice(None, None, None), columns), " in said


def test_windows_of_results_of_calls_overwrite_each_other():
    def forward(x, w):
        return sum(np.einsum("ij,jk->ik", x[:, i : i + 2], w) ** (i + 1) for i in range(3))

    def backward(dy, x, w):
        dx, dw = np.zeros_like(x), np.zeros_like(w)
        for i in range(3):
            part = x[:, i : i + 2]
            dz = np.multiply(dy, (i + 1) * np.power(np.einsum("ij,jk->ik", part, w), i))
            dw += np.einsum("ik,ij->jk", dz, part)
            dx[:, i : i + 2] = np.einsum("ik,jk->ij", dz, w)
        return dx, dw

    said = explained(forward, backward, draw(5, 4), draw(2, 3))
    assert "= where += is right" in said


def test_a_minus_where_plus_is_right_is_a_sign():
    def forward(x):
        return np.sin(x)

    def backward(dy, x):
        dx = np.zeros_like(x)
        for i in range(len(x)):
            dx[i] -= dy[i] * np.cos(x[i])
        return dx

    said = explained(forward, backward, draw(6))
    assert "adds up" not in said
    assert "the sign is wrong" in said or "-1" in said
