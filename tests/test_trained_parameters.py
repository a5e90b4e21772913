"""The part of the parameter vector that training moves."""

import numpy as np
import pytest

from minidl import Linear, MeanSquaredError, Sequential

SIZES = {0: slice(0, 3), 1: slice(3, 5), 2: slice(5, 9)}  # of the layers in theta


def model(*frozen):
    layers = [Linear(2, 1), Linear(1, 1), Linear(1, 2)]
    made = Sequential(layers, loss=MeanSquaredError(), dtype=np.float64)
    made.parameters.theta = np.arange(9.0)
    made.parameters.grad[...] = -np.arange(9.0)
    for i in frozen:
        layers[i].trainable = False
    return made


@pytest.mark.parametrize("frozen", [(), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2)])
def test_it_has_the_elements_of_the_layers_that_are_not_frozen(frozen):
    made = model(*frozen)
    trained = made.objective_function.trained_parameters()
    trained.read_values()
    trained.read_gradient()
    left = [i for i in range(3) if i not in frozen]
    expected = np.concatenate([np.arange(9.0)[SIZES[i]] for i in left])
    np.testing.assert_array_equal(trained.theta, expected)
    np.testing.assert_array_equal(trained.grad, -expected)
    assert trained.is_whole is (not frozen)
    assert trained.first_layer == left[0]
    trained.theta += 10
    trained.write_values()
    trained.clear_frozen_gradient()
    for i in range(3):
        shift = 0 if i in frozen else 10
        np.testing.assert_array_equal(
            made.parameters.theta[SIZES[i]], np.arange(9.0)[SIZES[i]] + shift
        )
        assert (made.parameters.grad[SIZES[i]] == 0).all() == (i in frozen)


def test_it_is_the_same_object_while_the_same_layers_are_frozen():
    made = model(1)
    objective = made.objective_function
    first = objective.trained_parameters()
    assert objective.trained_parameters() is made.parameters.last_trained is first
    made.layers[1].trainable = True
    assert objective.trained_parameters() is not first
    assert made.parameters.last_trained.theta is made.parameters.theta


def test_the_state_of_an_optimizer_is_cut_to_what_is_left():
    made = model(0)
    before = made.objective_function.trained_parameters()  # of layers 1 and 2
    made.layers[1].trainable = False
    now = made.objective_function.trained_parameters()
    state = {"moment": np.arange(6.0), "step_count": 3, "other": np.arange(2.0)}
    left = now.state_of(before, state)
    assert left["moment"].tolist() == [2, 3, 4, 5]
    assert (left["step_count"], left["other"].tolist()) == (3, [0, 1])
    assert before.state_of(now, state) is None
