"""Files that an earlier minidl wrote are loaded and resumed bit for bit; see samples/README.md."""

import hashlib
import json
import warnings

import h5py
import numpy as np
import pytest
import version_1_samples as samples
from hypothesis import given
from hypothesis import strategies as st
from resuming import VALIDATION, Signal, X, Y
from version_1_samples import SAMPLES

import minidl
from minidl import (
    L1,
    L2,
    Adam,
    BinaryCrossEntropy,
    Buffer,
    Checkpoint,
    Cosine,
    DataError,
    Dropout,
    EarlyStopping,
    EnvironmentWarning,
    Layer,
    LeakyReLU,
    Linear,
    MeanSquaredError,
    Ones,
    Residual,
    Sequential,
    Sigmoid,
    WarmUp,
)
from minidl.data.hdf5_writer import hdf5_bytes
from minidl.serialization.container import read_verified
from minidl.utils.environment import environment_changes, fingerprint

THETA_SHA256 = "903f2bc4b0d2b3f6989994df3efc567599649300d1ffbc2adebb182fd35e1a94"
NAMES = [
    *("Linear", "Residual", "Huber", "ELU", "L2", "minidl", "custom", "class", "origin", "path"),
    *("settings", "layers", "0", "1.inner", "parameter", "buffer", "training", "role", "<f4"),
]
LAYERS = [
    "Flatten()",
    "Linear(6, 4)",
    "Tanh()",
    "Dropout(0.9)",
    "Linear(4, 3, bias=False)",
    "Softmax()",
]


def test_a_model_of_version_1_is_loaded_and_saved_again_bit_for_bit(tmp_path):
    model = Sequential.load(SAMPLES / "model.h5")
    assert [str(layer) for layer in model.layers] == LAYERS
    assert str(model.penalties) == "(L2(0.3), L1(0.05, layers=[1]))"
    theta = model.parameters.theta
    assert theta.dtype == np.float64
    assert hashlib.sha256(theta.astype("<f8").tobytes()).hexdigest() == THETA_SHA256
    again = Sequential.load(model.save(tmp_path / "again.h5"))
    assert str(again) == str(model)
    assert again.parameters.theta.tobytes() == theta.tobytes()
    assert read_verified(tmp_path / "again.h5").version == 2


@pytest.mark.parametrize(
    ("file", "custom", "model"),
    [
        ("custom", [samples.Residual, samples.Huber], samples.custom_model()),
        ("elu", [minidl.ELU, minidl.Huber], samples.elu_model()),
    ],
)
def test_the_classes_of_version_1_are_those_that_custom_has(tmp_path, file, custom, model):
    loaded = Sequential.load(SAMPLES / f"{file}.h5", custom=custom)
    x = np.random.default_rng(0).standard_normal((5, 3))
    for again in (loaded, Sequential.load(loaded.save(tmp_path / "2.h5"), custom=custom)):
        assert type(again.loss) is type(model.loss)
        assert [type(layer) for layer in again.layers] == [type(layer) for layer in model.layers]
        assert again.predict(x).tobytes() == model.predict(x).tobytes()
        assert again.objective(x, np.zeros((5, 2))) == model.objective(x, np.zeros((5, 2)))


def train(*, epochs, seed, resume=None):
    layers = [
        Linear(3, 5),
        LeakyReLU(0.2),
        Dropout(0.7),
        Linear(5, 1, bias=False),
        Sigmoid(),
    ]
    penalties = [L2(0.1, layers=[0]), L1(0.01)]
    model = Sequential(layers, loss=BinaryCrossEntropy(), penalties=penalties, seed=seed)
    history = model.fit(
        X,
        Y,
        optimizer=Adam(WarmUp(7, Cosine(0.05, 20)), clip_norm=0.2),
        epochs=epochs,
        batch_size=8,
        validation=VALIDATION,
        callbacks=[EarlyStopping(patience=6)],
        progress=False,
        resume=resume,
    )
    return model, history


@pytest.mark.parametrize("epochs", [4, 6, 9])
def test_a_training_of_version_1_is_resumed_as_if_it_had_not_stopped(epochs):
    uninterrupted, expected = train(epochs=epochs, seed=4)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        resumed, history = train(epochs=epochs, seed=9, resume=SAMPLES / "checkpoint.h5")
    assert {warning.category for warning in caught} == {EnvironmentWarning}
    assert "does not tell its data" in str(caught[0].message)
    assert history.epochs == expected.epochs
    assert history.stopped == expected.stopped
    if caught[1:]:  # on another computer, the last digits may differ
        theta = uninterrupted.parameters.theta
        np.testing.assert_allclose(resumed.parameters.theta, theta, rtol=1e-4, atol=1e-6)
    else:
        assert resumed.parameters.theta.tobytes() == uninterrupted.parameters.theta.tobytes()
        assert history.columns == expected.columns
        assert resumed.shuffle_rng.random() == uninterrupted.shuffle_rng.random()


@pytest.mark.filterwarnings("ignore::minidl.errors.EnvironmentWarning")
def test_the_model_in_a_checkpoint_of_version_1_is_loaded():
    model = Sequential.load(SAMPLES / "checkpoint.h5")
    resumed, _ = train(epochs=9, seed=9, resume=SAMPLES / "checkpoint.h5")
    assert model.parameters.size == resumed.parameters.size == 25
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.filterwarnings("ignore::minidl.errors.EnvironmentWarning")
def test_a_weighted_training_of_version_1_goes_on_and_is_saved_as_version_2(tmp_path):
    expected, whole = samples.train(seed=4)
    checkpoint = Checkpoint(tmp_path / "run.h5")
    resumed, history = samples.train(
        Signal(4, 3), checkpoint, seed=9, resume=SAMPLES / "weighted.h5"
    )
    assert history.stopped.startswith("SIGINT")
    assert read_verified(checkpoint.path).version == 2
    resumed, history = samples.train(seed=8, resume=checkpoint.path)
    assert history.epochs == whole.epochs
    if not environment_changes(saved_environment("weighted"), fingerprint()):
        assert resumed.parameters.theta.tobytes() == expected.parameters.theta.tobytes()
        assert history.columns == whole.columns
    else:  # on another computer, the last digits may differ
        theta = expected.parameters.theta
        np.testing.assert_allclose(resumed.parameters.theta, theta, rtol=1e-9)


def saved_environment(file):
    return read_verified(SAMPLES / f"{file}.h5").content["training"]["environment"]


def relabelled(path, source, change):
    """Write a file again with a changed description and a matching digest."""
    with h5py.File(source, "r") as file:
        datasets = {key: file[key][()] for key in file}
    content = json.loads(datasets["description"].tobytes())
    change(content)
    text = json.dumps(content).encode()
    datasets["description"] = np.frombuffer(text, np.uint8)
    datasets["sha256"] = np.frombuffer(hashlib.sha256(text).digest(), np.uint8)
    path.write_bytes(hdf5_bytes(datasets))
    return path


def parts_of(content):
    return [*content["layers"], content["loss"], *content["penalties"]]


def without_roles(content):
    content["version"] = 1
    for entry in content["arrays"].values():
        del entry["role"]


def as_version_1(content):
    without_roles(content)
    for part in parts_of(content):
        del part["origin"]
        part.pop("path", None)


@pytest.mark.parametrize("sample", ["model", "checkpoint", "custom", "elu", "weighted"])
def test_a_file_of_version_1_that_says_2_is_refused(tmp_path, sample):
    def with_roles(content):
        content["version"] = 2
        for entry in content["arrays"].values():
            entry["role"] = "parameter"

    custom = [samples.Residual, samples.Huber]
    source = SAMPLES / f"{sample}.h5"
    for change, message in (
        (lambda content: content.update(version=2), "must list its arrays with dtype, role"),
        (with_roles, "found an unexpected structure"),
    ):
        path = relabelled(tmp_path / "2.h5", source, change)
        with pytest.raises(DataError, match=message):
            Sequential.load(path, custom=custom)


def test_a_file_of_version_2_that_says_1_is_refused_or_is_one(tmp_path):
    layers = [Linear(3, 2), Residual(Linear(2, 2)), LeakyReLU(0.2)]
    for model, message in (
        (Sequential(layers[::2], loss=MeanSquaredError()), None),
        (Sequential([Linear(3, 2), layers[1]], loss=MeanSquaredError()), "as version 1 does"),
    ):
        source = model.save(tmp_path / "2.h5")
        for change, refused in (
            (lambda content: content.update(version=1), "must list its arrays with dtype, shape"),
            (without_roles, "as version 1 does"),
            (as_version_1, message),
        ):
            path = relabelled(tmp_path / "1.h5", source, change)
            if refused:
                with pytest.raises(DataError, match=refused):
                    Sequential.load(path)
            else:
                assert str(Sequential.load(path)) == str(model)


class Shifted(Layer):
    """A layer with a buffer."""

    def __init__(self):
        self.shift = Buffer((2,), init=Ones())

    def forward(self, x, *, training=False):
        return x + self.shift.value

    def backward(self, dy):
        return dy


def test_version_1_has_no_buffers(tmp_path):
    source = Sequential([Linear(3, 2), Shifted()], loss=MeanSquaredError()).save(tmp_path / "2.h5")
    path = relabelled(tmp_path / "1.h5", source, as_version_1)
    with pytest.raises(DataError, match=r"key '1\.shift': must be a parameter of its layer"):
        Sequential.load(path, custom=[Shifted])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(NAMES),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner),
)


def places(value, prefix=()):
    """Yield the path of each value in nested content."""
    if prefix:
        yield prefix
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    for key in keys:
        yield from places(value[key], (*prefix, key))


@pytest.mark.parametrize("sample", ["model", "custom", "elu", "again"])
@given(data=st.data())
def test_forged_files_of_both_versions_are_refused_or_load(tmp_path_factory, sample, data):
    folder = tmp_path_factory.getbasetemp()
    custom = [samples.Residual, samples.Huber, minidl.ELU]
    source = SAMPLES / f"{sample}.h5"
    if sample == "again":
        source = samples.custom_model().save(folder / "again.h5")

    def change(content):
        *outer, key = data.draw(st.sampled_from(list(places(content))))
        holder = content
        for step in outer:
            holder = holder[step]
        if data.draw(st.booleans()):
            holder[key] = data.draw(JSON)
        else:
            del holder[key]

    path = relabelled(folder / "forged.h5", source, change)
    message = str(path)
    try:
        Sequential.load(path, custom=custom)
    except DataError as error:
        message = str(error)
    assert str(path) in message
