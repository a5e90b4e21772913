"""Ties: points at which the gradient of a model is one of several."""

import numpy as np
from own_layers import ArgmaxPool
from stage_context import context_of

from minidl import Flatten, Linear, MeanSquaredError, Sequential, Tanh
from minidl.gradcheck.stages.network import data_gradient
from minidl.gradcheck.stages.ties import jumping_gradients


def jumping(weight):
    """Return the parameters whose gradient jumps, of a model that takes the larger of two rows."""
    model = Sequential(
        [Linear(2, 2, bias=False), ArgmaxPool(), Tanh(), Flatten(), Linear(2, 1)],
        loss=MeanSquaredError(),
        dtype=np.float64,
    )
    model.layers[0].weight.value[...] = weight
    x = np.random.default_rng(0).standard_normal((3, 2, 2))
    with context_of(model, x, np.ones((3, 1))) as context:
        found = jumping_gradients(context, data_gradient(context), lambda: data_gradient(context))
        weights_after = context.sandbox.arrays[0, "weight"]["real"].copy()
    np.testing.assert_array_equal(weights_after, weight)
    return found


def test_a_gradient_jumps_where_all_rows_are_equal():
    assert jumping(np.zeros((2, 2))) == {(0, "weight")}


def test_no_gradient_jumps_where_one_row_is_larger():
    assert jumping([[1.0, -2.0], [0.5, 1.5]]) == set()
