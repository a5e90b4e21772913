"""Randomness is frozen, and objects are restored."""

import numpy as np
import pytest

from minidl.gradcheck.functions.pairs.owner import PairState
from minidl.utils.random import get_global_rng_state


class Layer:
    def __init__(self):
        self.rng = np.random.default_rng(3)
        self.calls = [0]

    def forward(self, x):
        self.calls[0] += 1
        self.new = x
        return x * self.rng.random(x.shape)

    def backward(self, dy):
        return dy


def test_generators_of_objects_and_the_global_one_start_anew():
    layer = Layer()
    state = PairState(layer.forward, layer.backward, np.tanh)
    assert state.owners == [layer]
    before = repr(get_global_rng_state())
    with state.preserved():
        values = []
        for _ in range(2):
            state.reset()
            values.append((layer.forward(np.ones(1))[0], np.random.rand()))  # noqa: NPY002
        assert values[0] == values[1]
    assert repr(get_global_rng_state()) == before
    assert layer.calls == [0]
    assert not hasattr(layer, "new")


def fail_after(layer):
    layer.calls[0] = 9
    raise KeyError


def test_objects_are_restored_after_an_error():
    layer = Layer()
    state = PairState(layer.forward)
    with pytest.raises(KeyError), state.preserved():
        fail_after(layer)
    assert layer.calls == [0]


def test_functions_and_modules_have_no_state():
    assert PairState(lambda x: x, np.tanh, len, int).owners == []
