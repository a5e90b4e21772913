import json
import os

import h5py
import numpy as np
import pytest
from helpers import Gain, classifier, rows

from minidl import (
    L1,
    L2,
    Adam,
    ArgumentError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    DataError,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    Linear,
    Loss,
    MeanSquaredError,
    MissingDataError,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
)


def every_part(dtype=np.float32):
    layers = [Flatten(), Linear(6, 5), LeakyReLU(0.2), Dropout(0.8), Linear(5, 4, bias=False), Tanh(), Linear(4, 3), Softmax()]
    return Sequential(layers, loss=CategoricalCrossEntropy(), penalties=[L2(0.1, layers=[1, 4]), L1(0.01)], seed=3, dtype=dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_model_comes_back_bit_for_bit(tmp_path, dtype):
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
    ("last", "loss", "outputs"), [(Sigmoid, BinaryCrossEntropy, 1), (Softmax, CategoricalCrossEntropy, 3), (ReLU, MeanSquaredError, 2)]
)
def test_every_loss_comes_back(tmp_path, last, loss, outputs):
    model = Sequential([Linear(2, outputs), last()], loss=loss())
    assert type(Sequential.load(model.save(tmp_path / "model.h5")).loss) is loss


class Scaled(Layer):
    """Has a setting and a parameter of its own."""

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


def test_own_parts_are_given_by_the_reader(tmp_path):
    model = Sequential([Linear(2, 3), Scaled(3, factor=0.5), Linear(3, 1)], loss=Cubed())
    path = model.save(tmp_path / "model.h5")
    same = Sequential.load(path, custom=[Scaled, Cubed])
    assert same.layers[1].factor == 0.5
    np.testing.assert_array_equal(same.predict([[1, 2]]), model.predict([[1, 2]]))
    with pytest.raises(DataError, match=r"layer 'Scaled': pass custom=\[Scaled\]"):
        Sequential.load(path)
    with pytest.raises(DataError, match=r"loss 'Cubed'"):
        Sequential.load(path, custom=[Scaled])


@pytest.mark.parametrize(("custom", "message"), [(["Scaled"], "must be a list of classes"), ([type("Linear", (Linear,), {})], "built-in")])
def test_what_is_no_class_of_ones_own_is_refused(tmp_path, custom, message):
    path = classifier().save(tmp_path / "model.h5")
    with pytest.raises(ArgumentError, match=message):
        Sequential.load(path, custom=custom)


def test_a_layer_without_plain_settings_is_refused_before_anything_is_written(tmp_path):
    class Holding(Scaled):
        def __init__(self, held):
            super().__init__(3)
            self.held = held

    model = Sequential([Linear(2, 3), Holding(np.ones(3))], loss=MeanSquaredError())
    with pytest.raises(ArgumentError, match=r"Holding cannot be saved.*held.*settings\(\)"):
        model.save(tmp_path / "model.h5")
    assert os.listdir(tmp_path) == []


def test_the_old_file_stays_where_writing_fails(tmp_path, monkeypatch):
    path = classifier().save(tmp_path / "model.h5")
    before = path.read_bytes()
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("No space left on device")))
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


def described(path, change):
    with h5py.File(path, "r") as file:
        content = json.loads(file["description"][()].tobytes())
    content = change(content) or content
    return np.frombuffer(json.dumps(content).encode(), np.uint8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: changed(path, **{"0.bias": np.ones(4)}), "SHA-256"),
        (lambda path: changed(path, **{"0.bias": np.ones(5)}), "the shape is"),
        (lambda path: changed(path, **{"0.bias": np.ones(4, np.float16)}), "dtype"),
        (lambda path: changed(path, sha256=np.zeros(32, np.uint8)), "SHA-256"),
        (lambda path: changed(path, description=np.frombuffer(b"{", np.uint8)), "must be JSON"),
        (lambda path: changed(path, description=np.frombuffer(b"[" * 100_000, np.uint8)), "must be JSON"),
        (lambda path: changed(path, description=np.frombuffer(b"[]", np.uint8)), "must describe a minidl model"),
        (lambda path: changed(path, description=described(path, lambda c: {"format": "other"})), "must describe a minidl model"),
        (lambda path: changed(path, description=described(path, lambda c: {**c, "version": 2})), "version 1, found 2"),
        (lambda path: changed(path, description=described(path, lambda c: {**c, "dtype": "object"})), "damaged"),
        (lambda path: changed(path, description=described(path, lambda c: {**c, "layers": []})), "damaged"),
        (lambda path: changed(path, description=described(path, lambda c: {**c, "loss": None})), "damaged"),
        (lambda path: changed(path, description=described(path, lambda c: {**c, "parameters": {"0.bias": [-1]}})), "damaged"),
        (lambda path: changed(path, description=described(path, lambda c: c["layers"][0].update({"class": "os.system"}))), "SHA-256"),
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


def forged(path, change):
    """Change the description and make the digest fit."""
    from minidl.checkpoints import _digest

    description = described(path, change)
    with h5py.File(path, "r") as file:
        arrays = {key: file[key][()] for key in file if key not in ("description", "sha256")}
    changed(path, description=description, sha256=np.frombuffer(_digest(description, arrays), np.uint8))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["layers"][0].update({"class": "os.system"}), r"custom=\[os.system\]"),
        (lambda c: c["layers"][0].update({"class": "L2"}), "layer 'L2'"),
        (lambda c: c["layers"][0]["settings"].update(in_features=10**12), "must hold the parameters"),
        (lambda c: c["layers"][0]["settings"].update(in_features=0), "the settings of Linear"),
        (lambda c: c["layers"][0]["settings"].update(other=1), "the settings of Linear"),
    ],
)
def test_a_forged_description_makes_nothing_but_known_layers(tmp_path, change, message):
    path = classifier(dtype=np.float64).save(tmp_path / "model.h5")
    forged(path, change)
    with pytest.raises(DataError, match=message):
        Sequential.load(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingDataError, match=r"nowhere\.h5"):
        Sequential.load(tmp_path / "nowhere.h5")
