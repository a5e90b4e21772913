"""The guards of losses repeat what NumPy refused, and keep names and arguments."""

import inspect

import numpy as np
import pytest

from minidl import Loss, MeanSquaredError
from minidl.losses.underflow import ignore_underflow


@ignore_underflow
class Exponential(Loss):
    """The mean of exp(p - t)."""

    def forward(self, prediction, target):
        """Compute the loss."""
        self.terms = np.exp(prediction - target)
        return self.terms.mean()

    def per_position(self):
        return self.terms[..., 0] * self.terms[..., 0]

    def backward(self):
        return self.terms * self.terms


def test_underflow_is_ignored_and_overflow_is_not():
    loss, zero = Exponential(), np.zeros((1, 1))
    with np.errstate(all="raise"):
        assert loss.forward(prediction=np.array([[-1e3]]), target=zero) == 0
        loss.forward(np.array([[-400.0]]), zero)
        assert loss.per_position() == loss.per_example() == loss.backward() == 0
        with pytest.raises(FloatingPointError, match="overflow"):
            loss.forward(np.array([[1e3]]), zero)
        loss.forward(np.array([[400.0]]), zero)
        for method in (loss.per_position, loss.backward):
            with pytest.raises(FloatingPointError, match="overflow"):
                method()


def test_a_guarded_loss_looks_as_before():
    assert Exponential.forward.__doc__ == "Compute the loss."
    assert list(inspect.signature(MeanSquaredError.forward).parameters) == [
        "self",
        "prediction",
        "target",
    ]
