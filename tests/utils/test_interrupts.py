"""What is given back is given back whole, although Ctrl-C comes."""

from contextlib import suppress

import numpy as np
import pytest

from minidl import (
    GradientChecker,
    GradientDescent,
    Layer,
    Linear,
    MeanSquaredError,
    Sequential,
)
from minidl.utils import snapshot
from minidl.utils.interrupts import finish
from minidl.utils.snapshot import restore_contents


def test_a_function_is_called_once():
    calls = []
    finish(lambda: calls.append(1))
    assert calls == [1]


def test_an_interrupted_function_is_called_again_before_the_interruption_goes_on():
    calls = []

    def restore():
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        finish(restore)
    assert calls == [1, 1]


class Identity(Layer):
    """y = x, which keeps what it is given."""

    def __init__(self):
        self.size = 3

    def forward(self, x, *, training=False):
        self.x = x
        return x

    def backward(self, dy):
        return dy


X, Y = np.ones((4, 2)), np.ones(4)


def fit(model):
    model.fit(X, Y, optimizer=GradientDescent(1e-30), epochs=1, progress=False)


def check(model):
    GradientChecker(model).check(X, Y)


@pytest.mark.parametrize("call", [fit, check])
@pytest.mark.parametrize("n_calls", [1, 2, 4, 6, 8, 9, 12, 40])
def test_a_model_is_whole_after_an_interruption_of_what_restores_it(monkeypatch, call, n_calls):
    model, calls = Sequential([Identity(), Linear(2, 1)], loss=MeanSquaredError()), []
    output = model.predict(X)
    model.objective_function.scratch.release()
    attributes = [set(vars(layer)) for layer in model.layers]

    def interrupted(container, contents):
        calls.append(1)
        if len(calls) == n_calls:
            container.clear()
            raise KeyboardInterrupt
        restore_contents(container, contents)

    monkeypatch.setattr(snapshot, "restore_contents", interrupted)
    with suppress(KeyboardInterrupt):
        call(model)
    assert calls
    np.testing.assert_array_equal(model.predict(X), output)
    model.objective_function.scratch.release()
    assert [set(vars(layer)) for layer in model.layers] == attributes
