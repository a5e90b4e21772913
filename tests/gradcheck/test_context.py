"""What every stage reads: the inputs of the layers, the modes of a layer, a finite objective."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from helpers import rows
from stage_context import context_of

from minidl import BinaryCrossEntropy, Dropout, Linear, Sequential, Sigmoid, Tanh
from minidl.errors import NonFiniteError
from minidl.gradcheck.context import harness_by_mode, layer_inputs, require_finite_objective
from minidl.gradcheck.sandbox import ModelSandbox


def net():
    layers = [Linear(3, 4), Tanh(), Linear(4, 1), Sigmoid()]
    return Sequential(layers, loss=BinaryCrossEntropy(), dtype=np.float64, seed=2)


def test_the_context_is_frozen():
    with context_of(net(), *rows()) as context, pytest.raises(FrozenInstanceError):
        context.min_calls = 1


def test_every_layer_has_an_input_also_the_one_that_the_loss_takes_over():
    with context_of(net(), *rows()) as context:
        inputs = layer_inputs(context)
        assert [z.shape for z in inputs] == [(10, 3), (10, 4), (10, 4), (10, 1)]
        assert len(inputs) == len(context.objective.layers)


def test_the_inputs_are_copies():
    with context_of(net(), *rows()) as context:
        first = layer_inputs(context)
        copies = [z.copy() for z in first]
        assert not any(np.shares_memory(first[0], array) for array in context.batch[:2])
        context.objective.data_loss(context.batch._replace(x=context.batch.x + 1))
        for z, expected in zip(first, copies, strict=True):
            np.testing.assert_array_equal(z, expected)


@pytest.mark.parametrize(("layer", "modes"), [(Tanh(), [False]), (Dropout(0.5), [False, True])])
def test_a_layer_is_tried_in_the_modes_that_differ(layer, modes):
    with ModelSandbox([layer]) as sandbox:
        harnesses = harness_by_mode(sandbox, 0, np.ones((3, 4)))
        assert [harness.training for harness in harnesses] == modes
        for training in (False, True):
            (harness,) = harness_by_mode(sandbox, 0, np.ones((3, 4)), training)
            assert harness.training is training


def test_an_objective_that_is_not_finite_is_refused_at_the_layer_that_gives_it():
    model = net()
    with context_of(model, *rows()) as context:
        require_finite_objective(context)
        context.sandbox.arrays[2, "weight"]["real"][...] = np.inf
        with (
            np.errstate(all="ignore"),
            pytest.raises(NonFiniteError, match=r"layer 2, Linear\(4, 1\)"),
        ):
            require_finite_objective(context)
