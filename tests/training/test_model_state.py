"""Copies of the parameters and buffers of a model."""

import numpy as np
import pytest

from minidl import Buffer, Linear, MeanSquaredError, Sequential, Zeros
from minidl.training.model_state import ModelState, state_from_dict, state_to_dict


class Shift(Linear):
    """A linear layer with a buffer."""

    def __init__(self, features):
        super().__init__(features, features)
        self.mean = Buffer((features,), init=Zeros())

    def settings(self):
        return {"features": self.in_features}


@pytest.fixture
def objective():
    return Sequential([Shift(2)], loss=MeanSquaredError()).objective_function


def test_a_copy_is_independent_and_restores_everything(objective):
    state = ModelState.of(objective)
    theta = objective.parameters.theta.copy()
    objective.parameters.theta[:] = 7
    objective.buffers["0.mean"].value[:] = 7
    assert not state.equals(ModelState.of(objective))
    state.restore(objective)
    np.testing.assert_array_equal(objective.parameters.theta, theta)
    np.testing.assert_array_equal(objective.buffers["0.mean"].value, 0)
    assert state.equals(ModelState.of(objective))


def test_another_bit_of_a_buffer_is_another_state(objective):
    state = ModelState.of(objective)
    objective.buffers["0.mean"].value[0] = -0.0
    assert not state.equals(ModelState.of(objective))


def test_shapes(objective):
    assert ModelState.of(objective).shapes() == {"theta": (6,), "0.mean": (2,)}


def test_the_entries_of_a_callback_keep_the_state(objective):
    state = ModelState.of(objective)
    entries = state_to_dict(state, "theta")
    assert sorted(entries) == ["theta", "theta_buffers"]
    assert state_from_dict(entries, "theta").equals(state)
    assert state_to_dict(None, "theta") == {"theta": None}
    assert state_from_dict({"theta": None}, "theta") is None
    assert state_from_dict({}, "theta") is None


def test_without_buffers_the_entries_are_those_of_earlier_files():
    plain = Sequential([Linear(1, 1)], loss=MeanSquaredError()).objective_function
    assert list(state_to_dict(ModelState.of(plain), "theta")) == ["theta"]
