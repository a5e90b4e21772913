"""The attributes by which a use of layers changes what they give afterwards are found."""

import numpy as np
import pytest
from stateful_layers import (
    HARMLESS,
    STATEFUL,
    InADict,
    InAnObject,
    KeepsABuffer,
    MeanAndCount,
    Number,
    ReplacedArray,
    WithAChild,
)

from minidl import Concat, Dropout, Linear, ReLU, Residual, Softmax, Tanh
from minidl.layers.hidden_state import (
    HiddenState,
    describe_places,
    find_hidden_state,
    is_custom,
)

X = np.random.default_rng(0).standard_normal((5, 2))
OTHER_X = np.random.default_rng(1).standard_normal((5, 2))


def found_in(*layers, x=X, use=None):
    for layer in layers:
        if layer.stochastic:
            layer.rng = np.random.default_rng(0)

    def forward(x, training):
        for layer in layers:
            x = layer.forward(x, training=training)
        return x

    def train():
        dy = forward(OTHER_X, training=True)
        for layer in reversed(layers):
            dy = layer.backward(dy)

    return find_hidden_state(layers, lambda: forward(x, training=False), use or train)


@pytest.mark.parametrize("layer_class", STATEFUL)
def test_each_kind_of_attribute_is_found(layer_class):
    found = found_in(Linear(2, 2), layer_class())
    assert [(state.path, state.name) for state in found] == [
        ("1", name) for name in STATEFUL[layer_class]
    ]


@pytest.mark.parametrize("layer_class", HARMLESS)
def test_what_no_output_depends_on_is_not_found(layer_class):
    assert found_in(Linear(2, 2), layer_class()) == []


def test_state_beside_nan_is_found():
    class BesideNaN(Number):
        def forward(self, x, *, training=False):
            y = super().forward(x, training=training)
            if not training:
                y[:, 0] = np.nan
            return y

    assert [state.name for state in found_in(BesideNaN())] == ["count"]


OWN = [Tanh(), Dropout(0.5), Residual(Linear(2, 2), Dropout(0.5)), Concat(ReLU(), Softmax())]


@pytest.mark.parametrize("layer", OWN, ids=str)
def test_minidl_s_layers_have_none(layer):
    for module in layer.modules():
        if module.stochastic:
            module.rng = np.random.default_rng(0)
    assert found_in(layer) == []


def test_layers_inside_are_searched():
    layer = WithAChild()
    found = found_in(layer)
    assert [(state.path, state.name) for state in found] == [("0.steps.1", "mean")]
    assert found[0].layer is layer.steps[1]


def test_a_change_from_outside_is_found():
    layer = ReplacedArray()
    assert found_in(layer, use=lambda: setattr(layer, "mean", np.ones(2)))[0].name == "mean"
    assert layer.mean.tolist() == [0, 0]


def test_an_attribute_that_is_removed_is_found():
    layer = Number()
    layer.count = 3
    vars(layer)["offset"] = lambda x: getattr(layer, "count", 0)
    assert [state.name for state in found_in(layer, use=lambda: delattr(layer, "count"))] == [
        "count"
    ]
    assert layer.count == 3


def test_parameters_and_buffers_are_no_hidden_state():
    layer = KeepsABuffer()

    def use():
        layer.mean.value += 1

    assert found_in(layer, use=use) == []
    assert layer.mean.value.tolist() == [0, 0]


def test_an_output_that_raises_afterwards_finds_nothing():
    layer = MeanAndCount()
    assert found_in(layer, x=np.ones((5, 3))) == []
    assert (layer.total.tolist(), layer.count) == ([0, 0], 0)
    layer = Number()
    vars(layer)["offset"] = lambda x: 1 / (layer.count - 1)
    assert found_in(layer, use=lambda: layer.observe(X)) == []


def test_all_is_given_back_if_the_use_raises():
    layer = MeanAndCount()

    def use():
        layer.observe(X)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        found_in(layer, use=use)
    assert (layer.total.tolist(), layer.count) == ([0, 0], 0)


def test_numbers_have_a_shape_in_the_cure():
    assert "self.mean = Buffer((2,), init=Zeros()) in __init__" in found_in(ReplacedArray())[0].cure
    assert "self.count = Buffer((), init=Zeros())" in found_in(Number())[0].cure
    assert "self.tracker = Buffer(shape, init=Zeros())" in found_in(InAnObject())[0].cure


def test_places_are_named_by_layer():
    first, second = MeanAndCount(), InADict()
    found = [
        HiddenState("0", first, "total", 0),
        HiddenState("0", first, "count", 0),
        HiddenState("2.body.0", second, "statistics", {}),
    ]
    assert describe_places(found) == (
        "'total' and 'count' of layer 0, MeanAndCount(); 'statistics' of layer 2.body.0, InADict()"
    )


def test_custom_layers_are_told_from_minidl_s():
    assert is_custom(Number())
    assert not is_custom(ReLU())
    for name in ("forward", "backward"):
        layer = ReLU()
        setattr(layer, name, getattr(layer, name))
        assert is_custom(layer)
