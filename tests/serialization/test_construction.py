"""Parts of a model that are built from their configuration; see also test_model_file.py."""

import pytest
from version_1_samples import Huber, Residual

import minidl
from minidl import L2, Chain, DataError, Layer, Linear, Loss, Penalty, ReLU
from minidl.serialization.configuration import layer_configs, object_config
from minidl.serialization.construction import PartBuilder

BUILDER = PartBuilder("m.h5", {"Residual": Residual, "Huber": Huber})


def test_layers_get_their_settings_and_paths():
    layers = [Linear(3, 2), minidl.Residual(Chain(ReLU(), Residual(2)), shortcut=Linear(2, 2))]
    configs = layer_configs(layers)
    built = BUILDER.build_layers(configs)
    assert str(built) == str(layers)
    assert layer_configs(built) == configs
    assert type(built[1].body.layers[0].layers[1]) is Residual


@pytest.mark.parametrize(("part", "base"), [(Huber(0.3), Loss), (L2(0.1, layers=[0]), Penalty)])
def test_a_loss_or_penalty_gets_its_settings(part, base):
    built = BUILDER.build(object_config(part), base)
    assert type(built) is type(part)
    assert object_config(built) == object_config(part)


class Stubborn(Layer):
    """Cannot be described once it is built."""

    def settings(self):
        raise RuntimeError("no settings")

    def forward(self, x, *, training=False):
        return x

    def backward(self, dy):
        return dy


class StubbornLoss(Huber):
    def settings(self):
        raise RuntimeError("no settings")


class Doubling(Residual):
    def __init__(self, features):
        super().__init__(2 * features)


def test_what_cannot_be_described_again_is_an_error():
    builder = PartBuilder("m.h5", {part.__name__: part for part in (Stubborn, StubbornLoss)})
    entry = {"class": "Stubborn", "origin": "custom", "path": "0", "settings": {}}
    with pytest.raises(DataError, match=r"^m\.h5: its layers must fit together.*no settings"):
        builder.build_layers([entry])
    with pytest.raises(DataError, match=r"^m\.h5: the settings of StubbornLoss .*no settings"):
        builder.build({"class": "StubbornLoss", "origin": "custom", "settings": {}}, Loss)


@pytest.mark.parametrize("name", ["0", "0.body.0"])
def test_a_nested_layer_with_other_settings_is_an_error(name):
    inner = {"class": "Doubling", "origin": "custom", "path": name, "settings": {"features": 2}}
    layers = [inner]
    if name != "0":
        settings = {"layers": layers, "shortcut": None}
        layers = [{"class": "Residual", "origin": "minidl", "path": "0", "settings": settings}]
    with pytest.raises(DataError, match=r"the settings of \w+ .*it has other values"):
        PartBuilder("m.h5", {"Doubling": Doubling}).build_layers(layers)


def test_a_number_of_another_type_is_another_setting():
    config = object_config(Huber(1.0))
    with pytest.raises(DataError, match=r"the settings of Huber .*it has other values"):
        PartBuilder("m.h5", {"Huber": type("Huber", (Huber,), {"__init__": set_one})}).build(
            config, Loss
        )


def set_one(loss, delta):
    loss.delta = 1  # in Python, 1 == 1.0


def test_of_a_long_setting_the_error_shows_80_characters():
    part = {"class": "x" * 200}  # with 11 characters before the name
    entry = {"class": "Chain", "origin": "minidl", "path": "0", "settings": {"layers": [part]}}
    with pytest.raises(DataError, match=r"found \{'class': 'x{69}: it was changed"):
        BUILDER.build_layers([entry])
