"""The layers of a model: what they contain is reachable, and there once."""

from types import SimpleNamespace

import numpy as np
import pytest

from minidl import (
    ArgumentError,
    Buffer,
    Chain,
    GradientDescent,
    He,
    Layer,
    LayerReuseError,
    Linear,
    MeanSquaredError,
    Ones,
    Parameter,
    ReLU,
    Residual,
    Sequential,
    Tanh,
    Zeros,
)
from minidl.layers.tree import check_layers, find_change, named_members, named_modules


class Custom(Layer):
    """A layer with any attributes, y = x."""

    def __init__(self, **attributes):
        vars(self).update(attributes)

    def forward(self, x, *, training=False):
        return x

    def backward(self, dy):
        return dy

    def settings(self):
        return {}


def matrix():
    return Parameter((3, 3), init=He(), fan_in=3)


def model_of(*layers):
    return Sequential(list(layers), loss=MeanSquaredError())


def test_modules_and_members_have_paths():
    inner = Linear(2, 2)
    layer = Custom(blocks=[{"a": inner}], scale=matrix(), mean=Buffer((2,), init=Zeros()))
    assert [path for path, _ in named_modules([ReLU(), layer])] == ["0", "1", "1.blocks.0.a"]
    assert dict(named_members(layer, "1")) == {
        "1": layer,
        "1.blocks.0.a": inner,
        "1.scale": layer.scale,
        "1.blocks.0.a.weight": inner.weight,
        "1.blocks.0.a.bias": inner.bias,
        "1.mean": layer.mean,
    }


class Average(Layer):
    """y = x @ (w0 + w1), with a list of parameters."""

    def __init__(self):
        self.ws = [matrix() for _ in range(2)]

    def forward(self, x, *, training=False):
        self.x = x
        return x @ (self.ws[0].value + self.ws[1].value)

    def backward(self, dy):
        for w in self.ws:
            w.grad = self.x.T @ dy
        return dy @ (self.ws[0].value + self.ws[1].value).T


def test_parameters_in_a_list_are_trained():
    model = model_of(Average())
    assert [name for name, _ in model.parameters] == ["0.ws.0", "0.ws.1"]
    X = np.random.default_rng(0).standard_normal((8, 3))
    before = model.parameters.theta.copy()
    model.fit(X, X, optimizer=GradientDescent(0.1), epochs=1, progress=False)
    assert (model.parameters.theta != before).all()


def test_buffers_are_found_and_converted():
    layer = Custom(stats={"mean": Buffer((2,), init=Ones())})
    model = Sequential([layer], loss=MeanSquaredError(), dtype=np.float64)
    buffers = model.objective_function.buffers
    assert list(buffers) == ["0.stats.mean"]
    assert layer.stats["mean"].value.dtype == np.float64
    assert layer.stats["mean"].in_model


@pytest.mark.parametrize(
    ("attributes", "place"),
    [
        ({"helper": SimpleNamespace(w=matrix())}, "helper.w"),
        ({"some": {matrix()}}, "some.0"),
        ({"array": np.array([matrix(), None])}, "array.0"),
        ({"helper": SimpleNamespace(layer=Linear(2, 2))}, "helper.layer"),
        ({"helper": SimpleNamespace(mean=Buffer((1,), init=Zeros()))}, "helper.mean"),
    ],
)
def test_what_cannot_be_reached_is_refused_with_its_place(attributes, place):
    with pytest.raises(ArgumentError, match=rf"layer 1\.inner, Custom\(\), .* at '{place}'"):
        model_of(ReLU(), Custom(inner=Custom(**attributes)))


def test_a_layer_that_contains_itself_is_refused():
    child = Custom()
    parent = Custom(child=child)
    child.parent = parent
    with pytest.raises(
        ArgumentError, match=r"must not contain itself, got Custom at '0\.child\.parent'"
    ):
        model_of(parent)


def test_one_parameter_in_two_places_is_refused():
    shared = matrix()
    with pytest.raises(LayerReuseError, match=r"'b\.0' of layer 0, .*, is 'a' of layer 0 too"):
        model_of(Custom(a=shared, b=[shared]))
    with pytest.raises(LayerReuseError, match=r"'a' of layer 1, .*, is 'a' of layer 0 too"):
        model_of(Custom(a=shared), Custom(a=shared))


def test_one_object_in_two_layers_is_named_by_its_inner_paths():
    shared = Linear(2, 2)
    with pytest.raises(
        LayerReuseError,
        match=r"^layer 2\.body\.0, Linear\(2, 2\), is layer 0\.1 too: make a new one",
    ):
        model_of(Chain(ReLU(), shared), Tanh(), Residual(shared))
    weight = matrix()
    with pytest.raises(
        LayerReuseError,
        match=r"^'ws\.0' of layer 1\.inner, Custom\(\), is 'a\.x' of layer 0\.deep too: make",
    ):
        model_of(Custom(deep=Custom(a={"x": weight})), Custom(inner=Custom(ws=[weight])))
    model_of(Custom(inner=shared))
    with pytest.raises(
        LayerReuseError, match=r"^layer 1\.0, Linear\(2, 2\), already belongs to another model"
    ):
        model_of(ReLU(), Chain(shared))


def test_one_buffer_or_layer_in_two_models_is_refused():
    buffer = Buffer((1,), init=Zeros())
    model_of(Custom(buffer=buffer))
    with pytest.raises(LayerReuseError, match="already belongs to another model"):
        model_of(Custom(buffer=buffer))


def test_two_members_of_one_name_are_refused():
    with pytest.raises(ArgumentError, match=r"two named 'ws\.1' .*: rename"):
        model_of(Custom(ws={1: matrix(), "1": matrix()}))


def test_changes_are_found_in_order():
    before = {"0": ReLU(), "0.a": matrix(), "0.b": matrix()}
    assert find_change(before, dict(before)) is None
    assert find_change(before, {**before, "0.a": matrix()}) == ("0.a", "replaced")
    assert find_change(before, {"0": before["0"], "0.b": before["0.b"]}) == ("0.a", "removed")
    assert find_change(before, {**before, "0.c": matrix()}) == ("0.c", "added")


def test_layers_are_a_list_of_layers():
    layers = [ReLU(), Linear(2, 2)]
    assert check_layers(layers) == tuple(layers)
    with pytest.raises(ArgumentError, match="layer 0 must be a Layer, got 3"):
        check_layers([3])


def test_what_a_layer_names_itself_does_not_hide_what_is_behind_it():
    class Naming(Custom):
        def named_children(self):
            yield "named", self.helper.named

    helper = SimpleNamespace(named=Linear(2, 2))
    model_of(Naming(helper=helper))
    helper = SimpleNamespace(named=Linear(2, 2), w=matrix())
    with pytest.raises(ArgumentError, match=r"at 'helper\.w'"):
        model_of(Naming(helper=helper))
