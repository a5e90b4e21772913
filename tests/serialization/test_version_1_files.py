"""Files that an earlier minidl wrote are loaded and resumed bit for bit; see samples/README.md."""

import hashlib
import warnings

import numpy as np
import pytest
import version_1_samples as samples
from resuming import VALIDATION, Signal, X, Y
from version_1_samples import SAMPLES

import minidl
from minidl import (
    L1,
    L2,
    Adam,
    BinaryCrossEntropy,
    Checkpoint,
    Cosine,
    Dropout,
    EarlyStopping,
    EnvironmentWarning,
    LeakyReLU,
    Linear,
    Sequential,
    Sigmoid,
    WarmUp,
)
from minidl.serialization.container import read_verified
from minidl.utils.environment import fingerprint

THETA_SHA256 = "903f2bc4b0d2b3f6989994df3efc567599649300d1ffbc2adebb182fd35e1a94"
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
    assert {warning.category for warning in caught} <= {EnvironmentWarning}
    assert history.epochs == expected.epochs
    assert history.stopped == expected.stopped
    if caught:  # on another computer, the last digits may differ
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
    if fingerprint() == saved_environment("weighted"):
        assert resumed.parameters.theta.tobytes() == expected.parameters.theta.tobytes()
        assert history.columns == whole.columns
    else:  # on another computer, the last digits may differ
        theta = expected.parameters.theta
        np.testing.assert_allclose(resumed.parameters.theta, theta, rtol=1e-9)


def saved_environment(file):
    return read_verified(SAMPLES / f"{file}.h5").content["training"]["environment"]
