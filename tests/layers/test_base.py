import copy
import pickle

import numpy as np
import pytest
from helpers import Gain, Residual, assert_gradients, away_from_kink

from minidl import Layer, Linear, MeanSquaredError, Parameter, ReLU, Sequential


def test_forward_and_backward_must_be_defined():
    class Half(Layer):
        def forward(self, x, *, training=False):
            return x

    with pytest.raises(TypeError, match="backward"):
        Half()


def test_a_users_layer_needs_no_super_init():
    layer = Gain(3)
    assert list(layer.parameters()) == ["gain"]
    assert layer.output_shape((3,)) is None
    assert str(layer) == "Gain()"
    model = Sequential([layer, Linear(3, 1)], loss=MeanSquaredError(), seed=0)
    assert layer.rng is None  # a generator is for layers that say that they draw numbers
    assert not model.objective_function.stochastic_layers
    assert_gradients(layer, np.random.default_rng(0).standard_normal((4, 3)))


def test_parameters_of_contained_layers_are_collected_in_order():
    layer = Residual(2)
    assert list(layer.parameters()) == ["steps.0.weight", "steps.0.bias", "last.weight"]
    assert [name for name, _ in layer.named_children()] == ["steps.0", "steps.1", "last"]
    assert list(layer.modules()) == [layer, *layer.steps, layer.last]


def test_gradients_of_a_layer_of_layers():
    assert_gradients(Residual(3), away_from_kink(np.random.default_rng(0).standard_normal((4, 3))))


def test_attributes_that_are_neither_are_passed_over():
    class Mixed(Gain):
        def __init__(self):
            super().__init__(2)
            self.notes = ["text", 3]
            self.pair = (ReLU(), 5)

    layer = Mixed()
    assert [name for name, _ in layer.named_children()] == ["pair.0"]
    assert isinstance(layer.parameters()["gain"], Parameter)


@pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))],
    ids=["deepcopy", "pickle"],
)
def test_a_copy_computes_the_same_and_shares_nothing(copied):
    layer, x = Linear(3, 2), np.ones((4, 3))
    before = layer.forward(x)
    twin = copied(layer)
    np.testing.assert_array_equal(twin.forward(x), before)
    assert not np.shares_memory(twin.forward(x), before)
    twin.weight.value[...] = 0
    assert layer.weight.value.any()


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy], ids=["copy", "deepcopy"])
def test_a_copy_has_a_separate_workspace(copied):
    layer = ReLU()
    before = layer.forward(np.ones((1, 2)))
    twin = copied(layer)
    assert twin.workspace == {}
    assert not np.shares_memory(twin.forward(np.zeros((1, 2))), before)


def test_results_reuse_work_arrays_also_for_smaller_batches():
    layer = ReLU()
    first = layer.forward(np.ones((5, 2)))
    assert np.shares_memory(first, layer.forward(np.ones((3, 2))))
    assert layer.forward(np.ones((3, 2))).shape == (3, 2)


def test_the_gradients_of_parameters_alone_are_those_of_backward():
    layer = Gain(2)
    layer.forward(np.array([[1.0, 2.0]]), training=True)
    for compute in (layer.backward, layer.backward_parameters):
        layer.gain.grad[...] = np.nan
        compute(np.array([[3.0, 4.0]]))
        assert layer.gain.grad.tolist() == [3.0, 8.0]
