"""A model keeps the layers, parameters and buffers that it was built with."""

import numpy as np
import pytest

from minidl import ArgumentError, Chain, Linear, MeanSquaredError, Ones, Parameter, ReLU, Sequential


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda layer: setattr(layer, "weight", np.ones((2, 2))),
            r"'weight' of layer 1\.0, Linear\(2, 2\), was removed: create them in __init__",
        ),
        (
            lambda layer: setattr(layer, "weight", Parameter((2, 2), init=Ones())),
            r"'weight' of layer 1\.0, Linear\(2, 2\), was replaced",
        ),
        (
            lambda layer: setattr(layer, "weight_2", Parameter((2, 2), init=Ones())),
            r"'weight_2' of layer 1\.0, Linear\(2, 2\), was added",
        ),
        (lambda layer: setattr(layer, "bias", None), r"'bias' of layer 1\.0, .* was removed"),
        (
            lambda layer: setattr(layer, "steps", [ReLU()]),
            r"'steps\.0' of layer 1\.0, .* was added",
        ),
    ],
)
def test_changed_members_are_noticed(change, message):
    model = Sequential([ReLU(), Chain(Linear(2, 2))], loss=MeanSquaredError())
    model.objective_function.members.check()
    change(model.layers[1].layers[0])
    with pytest.raises(ArgumentError, match=message):
        model.objective_function.members.check()
