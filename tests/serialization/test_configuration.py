"""The configuration of models: classes, origins, settings and paths."""

import copy

import numpy as np
import pytest
from helpers import Gain
from version_1_samples import Huber, Residual

import minidl
from minidl import (
    L2,
    ArgumentError,
    Chain,
    Layer,
    Linear,
    Loss,
    MeanSquaredError,
    ReLU,
    Sequential,
)
from minidl.serialization.configuration import (
    MAX_LAYERS,
    MAX_PENALTIES,
    is_model_config,
    layer_configs,
    model_config,
    object_config,
)


def entry(name, origin="minidl", **settings):
    return {"class": name, "origin": origin, "settings": settings}


def linear(inputs, outputs):
    return entry("Linear", in_features=inputs, out_features=outputs, bias=True)


def test_a_configuration_has_classes_origins_paths_and_settings():
    model = Sequential(
        [Linear(3, 2), minidl.Residual(Linear(2, 2), Chain(ReLU())), Residual(2)],
        loss=Huber(0.5),
        penalties=[L2(0.1)],
    )
    body = [
        {**linear(2, 2), "path": "1.body.0"},
        {**entry("Chain", layers=[{**entry("ReLU"), "path": "1.body.1.0"}]), "path": "1.body.1"},
    ]
    assert model_config(model) == {
        "dtype": "float32",
        "layers": [
            {**linear(3, 2), "path": "0"},
            {**entry("Residual", layers=body, shortcut=None), "path": "1"},
            {**entry("Residual", "custom", features=2), "path": "2"},
        ],
        "loss": entry("Huber", "custom", delta=0.5),
        "penalties": [entry("L2", strength=0.1, layers=None)],
    }
    assert is_model_config(model_config(model))
    assert model_config(model)["layers"] == layer_configs(model.layers)
    assert model_config(model)["loss"] == object_config(model.loss)


def other(part_class):
    return type(part_class.__name__, (part_class,), {})


@pytest.mark.parametrize(
    ("layers", "loss"),
    [
        ([Linear(2, 3), Residual(3), other(Residual)(3)], MeanSquaredError()),
        ([Linear(2, 3), Chain(Residual(3), Chain(other(Residual)(3)))], MeanSquaredError()),
        ([Linear(2, 3), type("Huber", (Residual,), {})(3)], Huber()),
    ],
)
def test_two_classes_of_the_users_with_one_name_are_refused(tmp_path, layers, loss):
    model = Sequential(layers, loss=loss)
    with pytest.raises(ArgumentError, match=r"two classes of your own .*: rename one"):
        model.save(tmp_path / "model.h5")
    assert not list(tmp_path.iterdir())


def test_a_class_that_no_file_names_may_have_any_name(tmp_path):
    """`Residual` makes a `Gain` itself, so the file does not name it."""
    model = Sequential([Linear(2, 3), Residual(3), Residual(3)], loss=MeanSquaredError())
    model.layers[1].inner = other(Gain)(3)
    assert [part["class"] for part in model_config(model)["layers"]] == [
        *("Linear", "Residual", "Residual")
    ]


class Holder(Loss):
    """A loss with a layer, which no model trains or saves."""

    def __init__(self, layer):
        self.layer = layer

    def forward(self, prediction, target):
        return float(np.mean(self.layer.forward(prediction) - target))

    def backward(self):
        raise NotImplementedError


class Fresh(Layer):
    """A layer whose settings contain a layer that it does not use."""

    def settings(self):
        return {"inner": [Linear(2, 2)]}

    def forward(self, x, *, training=False):
        return x

    def backward(self, dy):
        return dy


class Penalized(Fresh):
    def settings(self):
        return {"penalty": L2(0.1)}


@pytest.mark.parametrize(
    ("layer", "loss"),
    [
        (ReLU(), Holder(Linear(2, 2))),
        (Fresh(), MeanSquaredError()),
        (Penalized(), MeanSquaredError()),
    ],
)
def test_layers_that_the_model_does_not_reach_are_refused(layer, loss):
    model = Sequential([Linear(2, 2), layer], loss=loss)
    with pytest.raises(ArgumentError, match="must contain only layers that the model reaches"):
        model_config(model)


CONFIG = model_config(Sequential([Linear(2, 1)], loss=MeanSquaredError(), penalties=[L2(0.1)]))


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.update(dtype="complex128"),
        lambda c: c.update(layers=[]),
        lambda c: c.update(layers=c["layers"] * (MAX_LAYERS + 1)),
        lambda c: c.update(penalties=c["penalties"] * (MAX_PENALTIES + 1)),
        lambda c: c.update(more=1),
        lambda c: c.pop("penalties"),
        lambda c: c["layers"][0].pop("path"),
        lambda c: c["layers"][0].update(path=0),
        lambda c: c["layers"][0].pop("origin"),
        lambda c: c["layers"][0].update(origin="mine"),
        lambda c: c["loss"].update(path="loss"),
        lambda c: c["loss"].pop("origin"),
        lambda c: c["penalties"][0].update(settings=None),
    ],
)
def test_the_structure_is_fixed(change):
    config = copy.deepcopy(CONFIG)
    assert is_model_config(config)
    change(config)
    assert not is_model_config(config)


@pytest.mark.parametrize(("name", "limit"), [("layers", 10_000), ("penalties", 1_000)])
def test_the_largest_structure_is_one(name, limit):
    assert is_model_config({**CONFIG, name: CONFIG[name] * limit})
    assert not is_model_config({**CONFIG, name: CONFIG[name] * (limit + 1)})
