"""What the command line calls a network."""

from minidl import Chain, Conv2D, Flatten, Linear, MeanSquaredError, ReLU, Sequential, Tanh
from minidl.cli.network_shape import network_shape


def shape(*layers):
    return network_shape(Sequential([*layers], loss=MeanSquaredError()))


def test_linear_layers_are_named_by_their_widths_at_any_depth():
    assert shape(Linear(2, 3), ReLU(), Linear(3, 1)) == "2-3-1"
    assert shape(Chain(Linear(2, 3), ReLU()), Linear(3, 1)) == "2-3-1"


def test_other_layers_are_counted_or_listed():
    assert shape(ReLU(), Tanh()) == "2 layers"
    assert shape(Conv2D(3, 1, 8), Flatten()) == "Conv2D(3, 1, 8), Flatten()"
