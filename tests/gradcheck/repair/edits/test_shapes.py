"""Edits of the order of axes: what they say of mistakes."""

import numpy as np

from tests.gradcheck.repair.edits.wrong_functions import draw, explained


def heads(x):
    return np.tanh(x).reshape(2, 3, 2, 2).transpose(0, 2, 1, 3) ** 2


def test_a_reshape_is_no_transpose():
    def backward(dy, x):
        t = np.tanh(x)
        split = t.reshape(2, 3, 2, 2).transpose(0, 2, 1, 3)
        return (2 * split * dy).reshape(2, 3, 4) * (1 - t**2)

    assert "two axes are not transposed" in explained(heads, backward, draw(2, 3, 4))


def test_a_result_is_reshaped_to_another_order():
    def backward(dy, x):
        t = np.tanh(x)
        split = t.reshape(2, 2, 3, 2)
        return (2 * split * dy).transpose(0, 2, 1, 3).reshape(2, 3, 4) * (1 - t**2)

    said = explained(heads, backward, draw(2, 3, 4))
    assert "reshaped where two axes are to be transposed" in said
    assert "right with `t.reshape(2, 3, 2, 2).swapaxes(1, 2)` for `t.reshape(2, 2, 3, 2)`" in said


def test_letters_of_einsum_are_in_another_order():
    def forward(a, b):
        return np.einsum("ijk,kl->ijl", a, b) ** 2

    def backward(dy, a, b):
        dz = 2 * dy * np.einsum("jik,kl->ijl", a, b)
        return np.einsum("ijl,kl->ijk", dz, b), np.einsum("ijk,ijl->kl", a, dz)

    said = explained(forward, backward, draw(3, 3, 4), draw(4, 2))
    assert "einsum's letters are in another order; right with `'jik,kl->jil'`" in said
