"""A custom batch normalization with buffers, through all that a model does."""

import copy
import pickle

import numpy as np
import pytest
from normalized_network import BatchNormalization

from minidl import (
    Adam,
    ArgumentError,
    BinaryCrossEntropy,
    Callback,
    Checkpoint,
    Dropout,
    EarlyStopping,
    GradientChecker,
    Linear,
    NonFiniteError,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
)
from minidl.data import planar
from minidl.exchange import load_safetensors, save_safetensors
from minidl.testing import check_layer

X, Y = planar.moons(120, noise=0.2, rng=3)
X_TEST, Y_TEST = planar.moons(60, noise=0.2, rng=4)


def build(seed=1):
    layers = [
        Linear(2, 8),
        BatchNormalization(8),
        ReLU(),
        Residual(Linear(8, 8), BatchNormalization(8), ReLU()),
        Dropout(0.8),
        Linear(8, 1),
        Sigmoid(),
    ]
    return Sequential(layers, loss=BinaryCrossEntropy(), seed=seed)


def fit(model, epochs=6, callbacks=(), **options):
    return model.fit(
        X, Y, optimizer=Adam(0.05), epochs=epochs, progress=False, callbacks=callbacks, **options
    )


def state_of(model):
    return {
        "theta": model.parameters.theta.tobytes(),
        **{name: buffer.value.tobytes() for name, buffer in model.buffers.items()},
    }


@pytest.fixture(scope="module")
def trained():
    model = build()
    fit(model)
    return model


def test_buffers_are_named_by_their_paths_and_move(trained):
    assert list(trained.buffers) == ["1.mean", "1.variance", "3.body.1.mean", "3.body.1.variance"]
    assert all(buffer.value.any() for buffer in trained.buffers.values())
    assert trained.evaluate(X_TEST, Y_TEST)["accuracy"] > 0.8


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]
)
def test_copies_predict_the_same_and_are_independent(trained, duplicate):
    other = duplicate(trained)
    assert state_of(other) == state_of(trained)
    np.testing.assert_array_equal(other.predict(X_TEST), trained.predict(X_TEST))
    before = state_of(trained)
    fit(other, epochs=1)
    assert state_of(trained) == before


def test_another_dtype_converts_the_buffers(trained):
    double = trained.astype(np.float64)
    for name, buffer in double.buffers.items():
        assert buffer.value.dtype == np.float64
        np.testing.assert_array_equal(buffer.value, trained.buffers[name].value)


def test_a_saved_model_is_the_same(trained, tmp_path):
    path = trained.save(tmp_path / "model.h5")
    loaded = Sequential.load(path, custom=[BatchNormalization])
    assert state_of(loaded) == state_of(trained)
    assert loaded.evaluate(X_TEST, Y_TEST) == trained.evaluate(X_TEST, Y_TEST)


def test_tensors_keep_the_buffers(trained, tmp_path):
    pytest.importorskip("safetensors")
    path = save_safetensors(trained, tmp_path / "model.safetensors")
    other = build(seed=2)
    load_safetensors(other, path)
    assert state_of(other) == state_of(trained)


class StopAt(Callback):
    """Interrupts a training once a step is saved."""

    def __init__(self, step):
        self.step = step
        self.count = 0

    def on_save(self, run):
        self.count += not run.epoch_ended
        if self.count == self.step:
            raise KeyboardInterrupt


@pytest.mark.parametrize("step", [1, 2, 3, 5, 8])
def test_a_resumed_training_is_the_same(tmp_path, step):
    straight = build()
    fit(straight, epochs=4)
    path = tmp_path / "run.h5"
    checkpoint = Checkpoint(path, every_epochs=1, every_seconds=1e-9)
    with pytest.raises(KeyboardInterrupt):
        fit(build(), epochs=4, callbacks=[checkpoint, StopAt(step)])
    resumed = build(seed=5)
    fit(resumed, epochs=4, callbacks=[Checkpoint(path, every_seconds=1e-9)], resume=path)
    assert state_of(resumed) == state_of(straight)
    assert state_of(Sequential.load(path, custom=[BatchNormalization])) == state_of(straight)


@pytest.mark.parametrize("monitor", ["val_loss", "loss"])
@pytest.mark.parametrize("batch_size", [16, None])
def test_the_best_epoch_has_its_buffers(monitor, batch_size):
    states = []

    class Record(Callback):
        def on_gradient(self, run):
            if run.measures_before_step(monitor):
                states.append((math_inf, state_of(run.model)))

        def on_epoch_end(self, run):
            if run.measures_before_step(monitor):
                states[-1] = (run.history[monitor][-1], states[-1][1])
            else:
                states.append((run.history[monitor][-1], state_of(run.model)))

    math_inf = float("inf")
    model = build()
    stopping = EarlyStopping(monitor, patience=50)
    fit(
        model,
        epochs=8,
        callbacks=[Record(), stopping],
        batch_size=batch_size,
        validation=(X_TEST, Y_TEST),
    )
    assert state_of(model) == min(states, key=lambda pair: pair[0])[1]


def test_a_buffer_that_is_not_finite_is_named_and_given_back():
    model = build()
    fit(model, epochs=2)

    class Poison(Callback):
        def on_batch_end(self, run):
            run.model.buffers["1.variance"].value[3] = np.inf

    with pytest.raises(NonFiniteError, match=r"layer 1, .* has a variance that is not finite"):
        fit(model, epochs=2, callbacks=[Poison()])
    assert all(np.isfinite(buffer.value).all() for buffer in model.buffers.values())


def test_the_checker_passes_it_and_gives_everything_back(trained):
    before = state_of(trained)
    report = GradientChecker(trained).check(X[:12], Y[:12])
    assert report.ok, report
    assert state_of(trained) == before
    assert check_layer(BatchNormalization(3), np.random.default_rng(0).standard_normal((7, 3))).ok


def test_the_checker_fails_a_wrong_variance_term():
    class Wrong(BatchNormalization):
        def backward(self, dy):
            dx = super().backward(dy)
            if self.training:
                dx = dx + self.scale * self.normalized * 0.1
            return dx

    assert not check_layer(Wrong(3), np.random.default_rng(0).standard_normal((7, 3))).ok


def test_a_replaced_buffer_is_refused_by_fit():
    model = build()
    model.layers[1].mean = np.zeros(8)
    with pytest.raises(ArgumentError, match=r"'mean' of layer 1, .* was "):
        fit(model)
