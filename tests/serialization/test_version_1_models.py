"""Models of format version 1: whose a class is, and what no such file has."""

import numpy as np
import pytest
from version_1_samples import SAMPLES, Huber, Residual, elu_model

import minidl
from minidl import (
    L2,
    DataError,
    Layer,
    Linear,
    MeanSquaredError,
    Sequential,
)
from minidl.serialization.classes import MODEL_CLASSES
from minidl.serialization.configuration import is_model_config, model_config
from minidl.serialization.container import StoredArrays, StoredFile
from minidl.serialization.version_1_models import (
    AMBIGUOUS_NAMES,
    NAMES,
    arrays_by_role,
    model_from_version_1,
    without_origins,
)


def stored(layer="ReLU", loss="MeanSquaredError", **more):
    """Return a file of version 1 with those classes."""
    content = {
        "dtype": "float32",
        "layers": [{"class": layer, "settings": {}}],
        "loss": {"class": loss, "settings": {}},
        "penalties": [],
    }
    return StoredFile(1, {**content, **more}, StoredArrays())


def origin_of(name, *custom):
    by_name = {part_class.__name__: part_class for part_class in custom}
    upgraded = model_from_version_1("m.h5", stored(loss=name), by_name)
    assert upgraded.version == 2
    assert is_model_config(upgraded.content)
    return upgraded.content["loss"]["origin"]


def users(name):
    return type(name, (Layer,), {})


def test_the_names_of_then_never_change():
    assert {
        *("Dropout", "Flatten", "LeakyReLU", "Linear", "ReLU", "Sigmoid", "Softmax", "Tanh"),
        *("BinaryCrossEntropy", "CategoricalCrossEntropy", "MeanSquaredError"),
        *("SigmoidCrossEntropy", "SoftmaxCrossEntropy", "L1", "L2"),
    } == NAMES
    assert {"ELU", "Huber"} == AMBIGUOUS_NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_name_of_then_is_minidls_whatever_custom_has(name):
    assert name in MODEL_CLASSES
    for custom in ([], [users(name)], [MODEL_CLASSES[name]]):
        assert origin_of(name, *custom) == "minidl"


@pytest.mark.parametrize("name", sorted(AMBIGUOUS_NAMES))
def test_a_name_that_minidl_got_meanwhile_is_that_of_the_class_in_custom(name):
    assert origin_of(name, users(name)) == "custom"
    assert origin_of(name, MODEL_CLASSES[name]) == "minidl"
    with pytest.raises(
        DataError,
        match=rf"^m\.h5: version 1 .* found {name}: pass custom=\[minidl\.{name}\] or your own "
        "class$",
    ):
        origin_of(name)


@pytest.mark.parametrize("name", ["Chain", "Residual", "Concat", "Gain"])
def test_any_other_name_is_the_users(name):
    assert origin_of(name) == "custom"
    assert origin_of(name, users(name)) == "custom"


def test_a_users_residual_is_asked_for_and_loaded():
    with pytest.raises(
        DataError,
        match=r"layer 'Residual' at '1': pass custom=\[Residual\], your own class; minidl's "
        "Residual is another class$",
    ):
        Sequential.load(SAMPLES / "custom.h5", custom=[Huber])
    with pytest.raises(DataError, match=r"custom=\[minidl\.Huber\] or your own class"):
        Sequential.load(SAMPLES / "custom.h5", custom=[Residual])
    with pytest.raises(DataError, match="the settings of Residual"):
        Sequential.load(SAMPLES / "custom.h5", custom=[minidl.Residual, Huber])
    model = Sequential.load(SAMPLES / "custom.h5", custom=[Residual, Huber])
    assert type(model.layers[1]) is Residual
    assert type(model.loss) is Huber


def test_minidls_classes_are_passed_for_the_ambiguous_names():
    for custom in ([], [minidl.ELU], [minidl.Huber]):
        with pytest.raises(DataError, match=r"pass custom=\[minidl\.(ELU|Huber)\] or your own"):
            Sequential.load(SAMPLES / "elu.h5", custom=custom)
    model = Sequential.load(SAMPLES / "elu.h5", custom=[minidl.ELU, minidl.Huber])
    assert str(model) == str(elu_model())


@pytest.mark.parametrize(
    "change",
    [
        {"layers": [{"class": "ReLU", "origin": "minidl", "path": "0", "settings": {}}]},
        {"layers": [{"class": "Chain", "settings": {"layers": {"class": "ReLU"}}}]},
        {"layers": [{"class": "Chain", "settings": {"layers": [{"class": "ReLU"}]}}]},
        {"loss": {"class": "MeanSquaredError", "origin": "minidl", "settings": {}}},
        {"loss": {"class": 3, "settings": {}}},
        {"layers": None},
        {"more": 1},
    ],
)
def test_content_that_version_1_does_not_have_is_refused(change):
    with pytest.raises(DataError, match=r"^m\.h5, .*as version 1 does"):
        model_from_version_1("m.h5", stored(**change), {})


@pytest.mark.parametrize("layers", [[], [{"class": "ReLU", "settings": {}}] * 10_001])
def test_the_limits_are_those_of_version_2(layers):
    upgraded = model_from_version_1("m.h5", stored(layers=layers), {})
    assert not is_model_config(upgraded.content)


def test_the_training_stays_and_its_arrays_are_told_by_their_names():
    arrays = {"0.weight": np.ones(2), "training.0": np.zeros(3)}
    by_role = arrays_by_role(StoredArrays(parameters=arrays))
    assert [list(names) for names in by_role] == [["0.weight"], [], ["training.0"]]
    upgraded = model_from_version_1("m.h5", stored(training={"state": 1}), {})
    assert upgraded.content["training"] == {"state": 1}
    assert "training" not in model_from_version_1("m.h5", stored(), {}).content


def test_a_configuration_without_origins_is_that_of_version_1():
    model = Sequential([Linear(2, 1)], loss=MeanSquaredError(), penalties=[L2(0.1)])
    reduced = without_origins(model_config(model))
    upgraded = model_from_version_1("m.h5", StoredFile(1, reduced, StoredArrays()), {})
    assert upgraded.content == model_config(model)
