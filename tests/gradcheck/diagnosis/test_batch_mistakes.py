"""Each known mistake in the incoming gradient, made in a real layer, is called by its name."""

import numpy as np
import pytest
from layer_mistakes import Dense, diagnoses

from minidl.gradcheck.diagnosis.batch_mistakes import BATCH_MISTAKES


def except_row(dy, row):
    dy = dy.copy()
    dy[row] = 0
    return dy


BATCH = {
    "only the last example is in the sum over the batch": lambda dy: dy - except_row(dy, -1),
    "the last example is left out of the sum over the batch": lambda dy: except_row(dy, -1),
    "only the first example is in the sum over the batch": lambda dy: dy - except_row(dy, 0),
    "the first example is left out of the sum over the batch": lambda dy: except_row(dy, 0),
    "the examples of dy are in reverse order": lambda dy: np.flip(dy, axis=0).copy(),
    "the examples of dy are shifted by one": lambda dy: np.vstack([dy[-1:], dy[:-1]]),
    "dy squared instead of dy": lambda dy: dy**2,
    "the absolute value of dy instead of dy": lambda dy: np.sqrt(dy**2),
    "the sign of dy instead of dy": lambda dy: dy / np.abs(dy + (dy == 0)),
    "the positive part of dy instead of dy": lambda dy: np.where(dy > 0, dy, 0.0),
}


@pytest.mark.parametrize("words", BATCH)
def test_a_mistake_in_the_incoming_gradient(words):
    class Wrong(Dense):
        def backward(self, dy):
            dx = super().backward(dy)
            self.weight.grad[...] = BATCH[words](dy).T @ self.x
            return dx

    assert f"consistent with: {words} (" in diagnoses(Wrong())["weight"]


def test_every_mistake_has_a_case():
    missing = set(BATCH_MISTAKES) - set(BATCH)
    assert not missing, f"add a layer that makes each of these mistakes to this file: {missing}"
