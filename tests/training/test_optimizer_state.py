"""What an optimizer remembers, where other layers are frozen than before."""

import numpy as np

from minidl import Adam, Linear, MeanSquaredError, Sequential
from minidl.training.optimizer_state import keep_state


def trained(model, *frozen):
    for i, layer in enumerate(model.layers):
        layer.trainable = i not in frozen
    return model.objective_function.trained_parameters()


def test_it_goes_on_with_fewer_layers_and_not_with_more():
    model = Sequential([Linear(2, 1), Linear(1, 1)], loss=MeanSquaredError(), dtype=np.float64)
    optimizer = Adam()
    both = trained(model)
    optimizer.step(both.theta, np.arange(5.0))
    last = trained(model, 0)
    keep_state(optimizer, both, last)
    assert optimizer.belongs_to(last.theta)
    assert optimizer.first_moment.tolist() == [3, 4]
    assert optimizer.step_count == 1
    again = trained(model)
    keep_state(optimizer, last, again)
    assert optimizer.belongs_to(last.theta)


def test_the_state_of_another_model_is_left_alone():
    model = Sequential([Linear(2, 1), Linear(1, 1)], loss=MeanSquaredError(), dtype=np.float64)
    optimizer, other = Adam(), np.zeros(5)
    optimizer.step(other, np.ones(5))
    before, now = trained(model), trained(model, 0)
    keep_state(optimizer, before, now)
    keep_state(optimizer, None, now)
    assert optimizer.belongs_to(other)
