"""Models in files: exact round trips, damage is detected."""

import hashlib
import json
import os

import h5py
import numpy as np
import pytest
from helpers import Gain, classifier, rows
from hypothesis import assume, given
from hypothesis import strategies as st
from running_mean import RunningMean

from minidl import (
    L1,
    L2,
    Adam,
    ArgumentError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Chain,
    Checkpoint,
    Concat,
    DataError,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    Linear,
    Loss,
    MeanSquaredError,
    MissingDataError,
    Ones,
    Parameter,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
)
from minidl.serialization.configuration import MAX_DEPTH, model_config
from minidl.serialization.container import read_verified
from minidl.serialization.model_file import model_arrays, save_model


def every_part(dtype=np.float32):
    layers = [
        Flatten(),
        Linear(6, 5),
        LeakyReLU(0.2),
        Dropout(0.8),
        Linear(5, 4, bias=False),
        Tanh(),
        Linear(4, 3),
        Softmax(),
    ]
    return Sequential(
        layers,
        loss=CategoricalCrossEntropy(),
        penalties=[L2(0.1, layers=[1, 4]), L1(0.01)],
        seed=3,
        dtype=dtype,
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_model_round_trips_bit_for_bit(tmp_path, dtype):
    model = every_part(dtype)
    x = np.random.default_rng(0).standard_normal((4, 2, 3))
    model.fit(x, [0, 1, 2, 0], optimizer=Adam(), epochs=3, progress=False)
    path = model.save(tmp_path / "model.h5")
    same = Sequential.load(path)
    assert repr(same) == repr(model)
    assert same.summary() == model.summary()
    assert same.parameters.theta.tobytes() == model.parameters.theta.tobytes()
    assert same.predict(x).tobytes() == model.predict(x).tobytes()
    assert same.objective(x, [0, 1, 2, 0]) == model.objective(x, [0, 1, 2, 0])
    assert same.save(tmp_path / "again.h5").stat().st_size == path.stat().st_size


@pytest.mark.parametrize(
    ("last", "loss", "outputs"),
    [
        (Sigmoid, BinaryCrossEntropy, 1),
        (Softmax, CategoricalCrossEntropy, 3),
        (ReLU, MeanSquaredError, 2),
    ],
)
def test_every_loss_round_trips(tmp_path, last, loss, outputs):
    model = Sequential([Linear(2, outputs), last()], loss=loss())
    assert type(Sequential.load(model.save(tmp_path / "model.h5")).loss) is loss


class Scaled(Layer):
    """Has an argument and a parameter."""

    def __init__(self, features, factor=2.0):
        self.features, self.factor = features, factor
        self.inner = Gain(features)

    def forward(self, x, *, training=False):
        return self.factor * self.inner.forward(x)

    def backward(self, dy):
        return self.inner.backward(self.factor * dy)


class Cubed(Loss):
    def forward(self, prediction, target):
        self.difference = prediction - target
        return (self.difference**4).mean()

    def backward(self):
        return 4 * self.difference**3 / self.difference.size


def test_custom_classes_are_passed_to_load(tmp_path):
    model = Sequential([Linear(2, 3), Scaled(3, factor=0.5), Linear(3, 1)], loss=Cubed())
    path = model.save(tmp_path / "model.h5")
    same = Sequential.load(path, custom=[Scaled, Cubed])
    assert same.layers[1].factor == 0.5
    np.testing.assert_array_equal(same.predict([[1, 2]]), model.predict([[1, 2]]))
    with pytest.raises(DataError, match=r"layer 'Scaled' at '1': pass custom=\[Scaled\], your own"):
        Sequential.load(path)
    with pytest.raises(DataError, match=r"loss 'Cubed'"):
        Sequential.load(path, custom=[Scaled])


@pytest.mark.parametrize(
    ("custom", "message"),
    [
        (["Scaled"], "must be a list of classes"),
        ("Scaled", "must be a list of classes"),
        ([Adam], "must be a list of classes of layers, losses or penalties"),
        (Scaled, r"must be a list of classes, got .*: pass custom=\[Scaled\]"),
        ([Scaled, Cubed, type("Scaled", (Layer,), {})], "two classes with the same name"),
        ([Linear, type("Linear", (Linear,), {})], "two classes with the same name"),
    ],
)
def test_an_invalid_custom_class_is_refused(tmp_path, custom, message):
    path = classifier().save(tmp_path / "model.h5")
    with pytest.raises(ArgumentError, match=message):
        Sequential.load(path, custom=custom)


def test_a_layer_without_plain_settings_is_refused_before_anything_is_written(tmp_path):
    class Holding(Scaled):
        def __init__(self, value):
            super().__init__(3)
            self.value = value

    model = Sequential([Linear(2, 3), Holding(np.ones(3))], loss=MeanSquaredError())
    with pytest.raises(ArgumentError, match=r"Holding cannot be saved.*value.*settings\(\)"):
        model.save(tmp_path / "model.h5")
    assert os.listdir(tmp_path) == []


def test_a_failed_write_leaves_the_old_file_unchanged(tmp_path, monkeypatch):
    path = classifier().save(tmp_path / "model.h5")
    before = path.read_bytes()
    monkeypatch.setattr(
        os, "replace", lambda *_: (_ for _ in ()).throw(OSError("No space left on device"))
    )
    with pytest.raises(DataError, match="No space left"):
        classifier(seed=9).save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.h5"]


def test_saving_again_replaces_the_file(tmp_path):
    classifier().save(tmp_path / "model.h5")
    other = classifier()
    other.fit(*rows(10), optimizer=Adam(), epochs=1, progress=False)
    path = other.save(tmp_path / "model.h5")
    assert Sequential.load(path).parameters.theta.tobytes() == other.parameters.theta.tobytes()


def changed(path, **keys):
    with h5py.File(path, "r+") as file:
        for key, array in keys.items():
            del file[key]
            file[key] = array


def forged(path, change):
    """Change the description, and update its digest."""
    with h5py.File(path, "r") as file:
        content = json.loads(file["description"][()].tobytes())
    text = json.dumps(change(content) or content).encode()
    changed(
        path,
        description=np.frombuffer(text, np.uint8),
        sha256=np.frombuffer(hashlib.sha256(text).digest(), np.uint8),
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda path: changed(path, **{"0.bias": np.ones(4)}),
            r"key '0\.bias': must have the SHA-256",
        ),
        (
            lambda path: changed(path, **{"0.bias": np.ones(5)}),
            r"key '0\.bias': .*the shape must be",
        ),
        (
            lambda path: changed(path, **{"0.bias": np.ones(4, np.float16)}),
            r"key '0\.bias': .*dtype",
        ),
        (
            lambda path: changed(path, sha256=np.zeros(32, np.uint8)),
            "key 'description': must have the SHA-256",
        ),
        (
            lambda path: changed(path, description=np.frombuffer(b"{", np.uint8)),
            "key 'description': must have the SHA-256",
        ),
        (lambda path: path.write_bytes(path.read_bytes()[:300]), "damaged|HDF5"),
        (lambda path: path.write_bytes(b"<!DOCTYPE html><html>"), "web page"),
        (lambda path: path.unlink(), "file"),
    ],
)
def test_a_file_that_was_changed_is_refused(tmp_path, change, message):
    path = classifier(dtype=np.float64).save(tmp_path / "model.h5")
    change(path)
    with pytest.raises(DataError, match=message):
        Sequential.load(path)


def entry(name, path=None, origin="minidl", **settings):
    """Return the configuration of an object; that of a layer has a path."""
    place = {} if path is None else {"path": path}
    return {"class": name, "origin": origin, **place, "settings": settings}


def linear(path):
    return entry("Linear", path, in_features=9, out_features=1, bias=True)


def L2_entry(strength, layers=None):
    return entry("L2", strength=strength, layers=layers)


def settings(**new):
    return lambda content: content["layers"][0]["settings"].update(new)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: {**c, "format": "other"}, "must have the format 'minidl model', found 'other'"),
        (lambda c: {**c, "version": 3}, "from 1 to 2, found 3: it was made by a newer minidl"),
        (lambda c: {**c, "version": 1}, "must list its arrays with dtype, shape and SHA-256"),
        (lambda c: {**c, "dtype": "object"}, "must have dtype float32 or float64"),
        (lambda c: {**c, "dtype": "float32"}, r"key '0\.weight': must be float32, found float64"),
        (lambda c: {**c, "layers": []}, "1 to 10,000 layers"),
        (lambda c: {**c, "layers": {}}, "1 to 10,000 layers"),
        (lambda c: {**c, "layers": c["layers"] * 5_000}, "1 to 10,000 layers"),
        (lambda c: {**c, "loss": None}, "a loss"),
        (lambda c: {**c, "loss": {"class": "MeanSquaredError"}}, "a loss"),
        (lambda c: {**c, "penalties": [L2_entry(1)] * 1_001}, "at most 1,000 penalties"),
        (lambda c: {**c, "run": "os.system"}, "found an unexpected structure"),
        (lambda c: c["layers"][0].update(module="os"), "found an unexpected structure"),
        (
            lambda c: c["layers"][0].update({"class": "os.system"}),
            "found the layer 'os.system' at '0': restore a copy",
        ),
        (
            lambda c: c["layers"][0].update({"class": "os.system", "origin": "custom"}),
            "found the layer 'os.system' at '0': restore a copy",
        ),
        (
            lambda c: c["layers"][0].update({"class": "Newer"}),
            "found the layer 'Newer' at '0': restore a copy, or install the version that wrote",
        ),
        (
            lambda c: c["layers"][0].update({"class": "Custom", "origin": "custom"}),
            r"found the layer 'Custom' at '0': pass custom=\[Custom\], your own class",
        ),
        (
            lambda c: c["layers"][0].update(origin="custom"),
            r"pass custom=\[Linear\], your own class; minidl's Linear is another class",
        ),
        (lambda c: c["loss"].update(origin="custom"), r"pass custom=\[BinaryCrossEntropy\]"),
        *(
            (lambda c, o=origin: c["layers"][0].update(origin=o), "an unexpected structure")
            for origin in ("", "Minidl", None, True, ["minidl"], {})
        ),
        (lambda c: c["layers"][0].__delitem__("origin"), "an unexpected structure"),
        (lambda c: c["loss"].__delitem__("origin"), "an unexpected structure"),
        (lambda c: c["layers"][0].__delitem__("path"), "an unexpected structure"),
        (lambda c: c["loss"].update(path="0"), "an unexpected structure"),
        (lambda c: c["layers"][0].update(path=0), "an unexpected structure"),
        (lambda c: c["layers"][0].update(path="1"), "the settings of Linear"),
        (lambda c: c["layers"][1].update(path="0"), "the settings of ReLU"),
        (lambda c: c["layers"][0].update({"class": "L2"}), "layer 'L2'"),
        (lambda c: c["layers"][0].update({"class": "Layer"}), "layer 'Layer'"),
        (lambda c: c["layers"][0].update({"class": ["Linear"]}), "found an unexpected structure"),
        (lambda c: c["loss"].update({"class": "ReLU"}), "loss 'ReLU'"),
        (
            settings(in_features=10**9, out_features=10**9),
            r"key '0\.weight': .*of shape \(1000000000, 1000000000\), found \(4, 3\)",
        ),
        (settings(bias=False), r"key '0\.bias': .*of shape none, found \(4,\)"),
        (settings(in_features=0), "the settings of Linear"),
        (settings(in_features=3.0), "the settings of Linear"),
        (settings(in_features="3"), "the settings of Linear"),
        (settings(bias=1), "the settings of Linear"),
        (settings(bias="yes"), "the settings of Linear"),
        (settings(other=1), "the settings of Linear"),
        (settings(init="He"), "the settings of Linear"),
        (settings(in_features=10**19), r"key '0\.weight'"),
        (lambda c: c["layers"][0].update(settings={}), "the settings of Linear"),
        (lambda c: c["layers"].append(linear("4")), r"key '4\.weight'"),
        (lambda c: c["layers"].insert(1, c["layers"].pop(2)), "the settings of"),
        (lambda c: c["penalties"].append(L2_entry("1")), "the settings of L2"),
        (lambda c: c["penalties"].append(L2_entry(-1)), "the settings of L2"),
        (lambda c: c["penalties"].append(L2_entry(1, [10**18])), "must fit together"),
        (lambda c: c["penalties"].extend([L2_entry(1)] * 2), "must fit together"),
        (lambda c: c["arrays"].__delitem__("0.bias"), r"key '0\.bias'"),
        (lambda c: c["arrays"]["0.bias"].update(role="buffer"), "must be a parameter of its layer"),
        (lambda c: c["arrays"]["0.bias"].update(role="training"), "must have a training state"),
        (lambda c: c["arrays"]["0.bias"].update(role="Buffer"), "must list its arrays"),
        (lambda c: c["arrays"]["0.bias"].__delitem__("role"), "must list its arrays"),
    ],
)
def test_a_forged_description_is_refused(tmp_path, change, message):
    path = classifier(dtype=np.float64).save(tmp_path / "model.h5")
    forged(path, change)
    with pytest.raises(DataError, match=message) as caught:
        Sequential.load(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 700


def test_a_file_is_read_in_the_order_of_the_page(tmp_path):
    """Also in test_container.py. Something is wrong at every step, and mended in turn."""
    path = classifier(dtype=np.float64).save(tmp_path / "model.h5")
    with h5py.File(path) as file:
        bias = file["0.bias"][()]

    def break_everything(content):
        content["layers"][0]["settings"].update(in_features=0)
        content["layers"][0]["class"] = content["loss"]["class"] = "Newer"
        changed(path, **{"0.bias": bias + 1})

    for change, message in (
        (break_everything, r"key '0\.bias': must have the SHA-256"),
        (lambda c: changed(path, **{"0.bias": bias}), "found the layer 'Newer' at '0'"),
        (lambda c: c["layers"][0].update({"class": "Linear"}), "the settings of Linear"),
        (settings(in_features=10**9), "found the loss 'Newer'"),
        (
            lambda c: c["loss"].update({"class": "BinaryCrossEntropy"}),
            r"key '0\.weight': must be a",
        ),
    ):
        forged(path, change)
        with pytest.raises(DataError, match=message):
            Sequential.load(path)


def test_layers_that_do_not_fit_together_are_an_error(tmp_path):
    path = Sequential([Linear(3, 2), Linear(2, 1)], loss=MeanSquaredError()).save(
        tmp_path / "model.h5"
    )
    wide = Sequential([Linear(3, 2), Linear(4, 1)][:1], loss=MeanSquaredError())

    def turn(content):
        content["layers"].reverse()
        for i, layer in enumerate(content["layers"]):
            layer["path"] = str(i)
        for name in ("weight", "bias"):
            content["arrays"][f"0.{name}"], content["arrays"][f"1.{name}"] = (
                content["arrays"][f"1.{name}"],
                content["arrays"][f"0.{name}"],
            )

    with h5py.File(path, "r+") as file:
        for name in ("weight", "bias"):
            file.move(f"0.{name}", "aside")
            file.move(f"1.{name}", f"0.{name}")
            file.move("aside", f"1.{name}")
    forged(path, turn)
    with pytest.raises(DataError, match="its layers must fit together, found layer 1"):
        Sequential.load(path)
    assert wide.parameters.size == 8


class Raising(Layer):
    """A custom class that raises."""

    fault: type[BaseException] = RuntimeError

    def __init__(self, features):
        if self.fault is not None:
            raise self.fault("mine")
        self.features = features

    def forward(self, x, *, training=False):
        return x

    def backward(self, dy):
        return dy


@pytest.mark.parametrize(
    "fault", [RuntimeError, OverflowError, MemoryError, RecursionError, KeyError]
)
def test_any_exception_of_a_custom_class_is_reported(tmp_path, monkeypatch, fault):
    monkeypatch.setattr(Raising, "fault", None)
    path = Sequential([Linear(2, 3), Raising(3)], loss=MeanSquaredError()).save(
        tmp_path / "model.h5"
    )
    monkeypatch.setattr(Raising, "fault", fault)
    with pytest.raises(
        DataError, match=r"the settings of Raising must be the arguments of its __init__.*mine"
    ):
        Sequential.load(path, custom=[Raising])


class Doubling(Raising):
    """Stores another value under the name of its argument, so that it cannot be built again."""

    fault = None

    def __init__(self, features):
        self.features = 2 * features


def test_a_class_that_would_not_round_trip_is_an_error(tmp_path):
    path = Sequential([Linear(2, 3), Doubling(3)], loss=MeanSquaredError()).save(
        tmp_path / "model.h5"
    )
    with pytest.raises(DataError, match=r"the settings of Doubling .*found \{'features': 6\}"):
        Sequential.load(path, custom=[Doubling])


def test_a_model_that_could_not_be_loaded_is_not_saved(tmp_path):
    for model, message in (
        (classifier().astype(np.complex128), "dtype float32 or float64"),
        (
            Sequential([Linear(2, 2), *(ReLU() for _ in range(10_000))], loss=MeanSquaredError()),
            "1 to 10,000 layers",
        ),
        (
            Sequential([Linear(2, 3), Scaled(3, factor=float("inf"))], loss=MeanSquaredError()),
            "JSON",
        ),
    ):
        with pytest.raises(ArgumentError, match=message):
            model.save(tmp_path / "model.h5")
    assert os.listdir(tmp_path) == []


def test_parameters_that_are_not_finite_round_trip(tmp_path):
    """A diverged model can be saved and inspected."""
    model = classifier()
    model.parameters.theta[3] = np.nan
    assert (
        Sequential.load(model.save(tmp_path / "model.h5")).parameters.theta.tobytes()
        == model.parameters.theta.tobytes()
    )


def test_a_model_over_the_limit_is_refused(tmp_path):
    path = classifier().save(tmp_path / "model.h5")
    with pytest.raises(DataError, match="may have at most 1,000 bytes"):
        Sequential.load(path, limit=1_000)
    assert Sequential.load(path, limit=10**6).parameters.size == classifier().parameters.size


LAYERS = st.lists(
    st.builds(Linear, st.integers(1, 4), st.integers(1, 4), bias=st.booleans())
    | st.builds(LeakyReLU, st.floats(0, 0.99))
    | st.builds(Dropout, st.floats(0.01, 1))
    | st.builds(Tanh),
    min_size=1,
    max_size=5,
)


@given(
    LAYERS,
    st.sampled_from([np.float32, np.float64]),
    st.lists(st.builds(L2, st.floats(0, 10)), max_size=1),
    st.integers(0, 9),
)
def test_any_model_round_trips(tmp_path_factory, layers, dtype, penalties, seed):
    try:
        model = Sequential(
            layers, loss=MeanSquaredError(), penalties=penalties, dtype=dtype, seed=seed
        )
    except ValueError:  # widths that do not match
        assume(False)
    same = Sequential.load(model.save(tmp_path_factory.getbasetemp() / "any.h5"))
    assert repr(same) == repr(model)
    assert same.parameters.theta.tobytes() == model.parameters.theta.tobytes()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.data())
def test_any_forged_value_is_refused_or_describes_the_loaded_model(tmp_path_factory, data):
    path = classifier().save(tmp_path_factory.getbasetemp() / "forged.h5")
    described = []

    def change(content):
        places = [
            (content, "layers"),
            (content, "loss"),
            (content, "dtype"),
            (content["layers"], 0),
            (content["layers"][0], "class"),
            (content["layers"][0], "origin"),
            (content["layers"][0], "path"),
        ]
        places += [
            (content["layers"][0]["settings"], name)
            for name in ("in_features", "out_features", "bias")
        ]
        holder, key = data.draw(st.sampled_from(places))
        holder[key] = data.draw(JSON)
        described.append({name: content[name] for name in ("dtype", "layers", "loss", "penalties")})

    forged(path, change)
    try:
        model = Sequential.load(path)
    except DataError as error:
        message = str(error)
    else:
        message = str(path)
        config = model_config(model)
        assert json.dumps(config, sort_keys=True) == json.dumps(described[0], sort_keys=True)
    assert str(path) in message


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingDataError, match=r"nowhere\.h5"):
        Sequential.load(tmp_path / "nowhere.h5")


class Wrapper(Layer):
    """A custom layer whose arguments are a number and any layers."""

    def __init__(self, factor, *steps, last=None):
        self.factor = factor
        self.steps = steps
        self.last = last

    def forward(self, x, *, training=False):
        for step in self.steps:
            x = step.forward(x, training=training)
        return x * self.factor

    def backward(self, dy):
        dy = dy * self.factor
        for step in reversed(self.steps):
            dy = step.backward(dy)
        return dy


def nested():
    layers = [
        Linear(3, 4),
        Residual(Linear(4, 4), Chain(ReLU(), Dropout(0.5))),
        Concat(Linear(4, 2), [Tanh(), Wrapper(0.5, Linear(4, 3), ReLU(), last=Tanh())], axis=1),
        Residual(Linear(5, 2), shortcut=Linear(5, 2, bias=False)),
    ]
    return Sequential(layers, loss=MeanSquaredError(), seed=2)


def test_layers_in_layers_round_trip(tmp_path):
    model = nested()
    path = model.save(tmp_path / "model.h5")
    same = Sequential.load(path, custom=[Wrapper])
    assert repr(same) == repr(model)
    assert same.parameters.theta.tobytes() == model.parameters.theta.tobytes()
    assert [name for name, _ in same.parameters] == [name for name, _ in model.parameters]
    x = rows(6, 3)[0]
    assert same.predict(x).tobytes() == model.predict(x).tobytes()
    assert model_config(same) == model_config(model)
    assert same.layers[2].branches[1].layers[1].last is not None
    with pytest.raises(
        DataError, match=r"found the layer 'Wrapper' at '2.1.1': pass custom=\[Wrapper\]"
    ):
        Sequential.load(path)


def chains(depth):
    layer = ReLU()
    for _ in range(depth):
        layer = Chain(layer)
    return layer


def test_layers_nested_too_deeply_are_refused(tmp_path):
    model = Sequential([Linear(2, 2), chains(MAX_DEPTH)], loss=MeanSquaredError())
    assert repr(Sequential.load(model.save(tmp_path / "model.h5"))) == repr(model)
    with pytest.raises(ArgumentError, match="layers in layers to a depth of at most 50"):
        Sequential([chains(MAX_DEPTH + 1)], loss=MeanSquaredError()).save(tmp_path / "deep.h5")
    assert not (tmp_path / "deep.h5").exists()


def nested_config(depth):
    """Return a Linear in chains, as layer 4 of a model."""
    config = linear("4" + ".0" * depth)
    for level in range(depth - 1, -1, -1):
        config = entry("Chain", "4" + ".0" * level, layers=[config])
    return config


def first_setting(value):
    return lambda content: content["layers"][1]["settings"].update(layers=value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["layers"].append(nested_config(MAX_DEPTH + 1)), "to a depth of at most 50"),
        (lambda c: c["layers"].append(nested_config(200)), "to a depth of at most 50"),
        (lambda c: c["layers"].append(nested_config(2)), r"key '4\.0\.0\.weight'"),
        (first_setting({}), "each with its class, origin, path and settings"),
        (first_setting(linear("1.body.0")), "layers must be a list"),
        (first_setting(None), "layers must be a list"),
        (first_setting("ReLU"), "layers must be a list"),
        (first_setting([]), "at least one layer"),
        (first_setting(["ReLU"]), "must be a Layer"),
        (first_setting([[linear("1.body.0")]]), "settings of Residual"),
        (first_setting([[[[]]]]), "settings of Residual"),
        (first_setting([{"class": "Linear"}]), "each with its class, origin, path and settings"),
        (first_setting([entry("ReLU")]), "each with its class, origin, path and settings"),
        (first_setting([entry("os.system", "1.body.0")]), "at '1.body.0': restore a copy"),
        (first_setting([entry("L2", "1.body.0", strength=1)]), "layer 'L2'"),
        (first_setting([entry("Layer", "1.body.0")]), "layer 'Layer'"),
        (first_setting([entry("ReLU", "1.body.0", "custom")]), r"pass custom=\[ReLU\]"),
        (first_setting([entry("ReLU", "1.body.0", "other")]), "each with its class, origin"),
        (first_setting([entry("ReLU", "1.body.0", slope=1)]), "settings of ReLU"),
        (first_setting([entry("ReLU", "1.body.0")]), r"key '1\.body\.0\.(weight|bias)'"),
        (first_setting([entry("ReLU", "1.body.1")]), "settings of Residual"),
        (first_setting([entry("ReLU", "1")]), "settings of Residual"),
        (first_setting([entry("ReLU", 1)]), "each with its class, origin, path and settings"),
        (
            first_setting([{**entry("ReLU", "1.body.0"), "settings": []}]),
            "each with its class, origin, path and settings",
        ),
        (lambda c: c["layers"][1]["settings"].pop("shortcut"), "settings of Residual"),
        (lambda c: c["layers"][1]["settings"].update(other=1), "settings of Residual"),
        (lambda c: c["layers"][2]["settings"].update(axis=0), "settings of Concat"),
        (lambda c: c["layers"][2]["settings"].update(axis=1.0), "settings of Concat"),
        (lambda c: c["loss"]["settings"].update(a=linear("0")), "settings of MeanSquaredError"),
    ],
)
def test_a_forged_nesting_is_refused(tmp_path, change, message):
    path = nested().save(tmp_path / "model.h5")
    forged(path, change)
    with pytest.raises(DataError, match=message) as caught:
        Sequential.load(path, custom=[Wrapper])
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 900


def test_a_description_nested_beyond_the_stack_is_refused(tmp_path):
    path = nested().save(tmp_path / "model.h5")
    with h5py.File(path, "r") as file:
        text = file["description"][()].tobytes()
    bomb = text.replace(b'"layers": [', b'"layers": [' + b"[" * 100_000 + b"]" * 100_000 + b", ", 1)
    changed(
        path,
        description=np.frombuffer(bomb, np.uint8),
        sha256=np.frombuffer(hashlib.sha256(bomb).digest(), np.uint8),
    )
    with pytest.raises(DataError):
        Sequential.load(path, custom=[Wrapper])


def centered():
    model = Sequential([Linear(3, 2), Chain(RunningMean(2))], loss=MeanSquaredError())
    model.layers[1].layers[0].mean.value = [0.25, -3.0]
    return model


def test_buffers_round_trip_as_buffers(tmp_path):
    path = centered().save(tmp_path / "model.h5")
    stored = read_verified(path).arrays
    assert (list(stored.parameters), list(stored.buffers)) == (["0.bias", "0.weight"], ["1.0.mean"])
    loaded = Sequential.load(path, custom=[RunningMean])
    assert loaded.buffers["1.0.mean"].value.tolist() == [0.25, -3.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["arrays"].__delitem__("1.0.mean"), r"buffer of its layer, of shape \(2,\), f"),
        (lambda c: c["arrays"]["1.0.mean"].update(role="parameter"), "must be a parameter of its"),
        (lambda c: c["arrays"].update({"1.mean": c["arrays"]["1.0.mean"]}), "key must be in the"),
        (
            lambda c: c["layers"][1]["settings"]["layers"][0]["settings"].update(features=3),
            r"buffer of its layer, of shape \(3,\), found \(2,\)",
        ),
        (
            lambda c: c["layers"].__setitem__(
                1, entry("Chain", "1", layers=[entry("ReLU", "1.0")])
            ),
            r"buffer of its layer, of shape none, found \(2,\)",
        ),
    ],
)
def test_forged_buffers_are_refused(tmp_path, change, message):
    path = centered().save(tmp_path / "model.h5")
    forged(path, change)
    with pytest.raises(DataError, match=message):
        Sequential.load(path, custom=[RunningMean])


def test_a_buffer_of_another_dtype_is_refused(tmp_path):
    model = centered()
    arrays = model_arrays(model)
    wider = arrays._replace(buffers={"1.0.mean": np.ones(2)})
    path = save_model(model, tmp_path / "model.h5", arrays=wider)
    with pytest.raises(DataError, match=r"key '1\.0\.mean': must be float32, found float64"):
        Sequential.load(path, custom=[RunningMean])


def test_what_else_is_in_a_file_is_ignored(tmp_path):
    model = classifier()
    path = model.save(tmp_path / "model.h5")
    os.mkfifo(tmp_path / "pipe")  # opening it would block for ever
    with h5py.File(path, "r+") as file:
        file.attrs["note"] = "mine"
        file["0.more"] = np.ones(3)
        file["group/description"] = "text"
        file["away"] = h5py.ExternalLink(str(tmp_path / "pipe"), "/")
    same = Sequential.load(path)
    assert repr(same) == repr(model)
    assert same.parameters.theta.tobytes() == model.parameters.theta.tobytes()


class Vast(Layer):
    """A layer with a parameter of any name and shape."""

    def __init__(self, name, shape):
        setattr(self, name, Parameter(shape, init=Ones()))

    def settings(self):
        return {}

    def forward(self, x, *, training=False):
        return x

    def backward(self, dy):
        return dy


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            lambda: Vast("x" * 254, (1,)),
            "plain names of at most 255 letters, .* such as '1.x{38}' ",
        ),
        (lambda: Vast("x", (1,) * 33), "at most 32 dimensions"),
        (lambda: chains(MAX_DEPTH + 1), "to a depth of at most 50"),
    ],
    ids=["name", "dimensions", "depth"],
)
def test_what_no_reader_would_take_is_refused_by_save_and_checkpoint(tmp_path, layer, message):
    model = Sequential([Linear(3, 1), layer(), Sigmoid()], loss=BinaryCrossEntropy())
    before = model.parameters.theta.copy()
    with pytest.raises(ArgumentError, match=message):
        model.save(tmp_path / "model.h5")
    callbacks = [Checkpoint(tmp_path / "run.h5")]
    with pytest.raises(ArgumentError, match=message):
        model.fit(*rows(4), optimizer=Adam(), epochs=1, callbacks=callbacks, progress=False)
    assert (model.parameters.theta == before).all()
    assert os.listdir(tmp_path) == []
