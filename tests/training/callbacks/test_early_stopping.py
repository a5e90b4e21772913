import math

import numpy as np
import pytest
from callback_training import fit
from helpers import classifier, rows
from resuming import Signal

from minidl import (
    ArgumentError,
    Callback,
    Checkpoint,
    EarlyStopping,
    GradientDescent,
    Linear,
    MeanSquaredError,
    NonFiniteError,
    ReLU,
    ResumeError,
    Sequential,
)


class FixedMetric(Callback):
    """Writes fixed values into the history, and keeps the parameters of each epoch."""

    def __init__(self, numbers, name="val_loss"):
        self.numbers, self.name, self.extra_metrics, self.thetas = numbers, name, (name,), []

    def on_epoch_end(self, run):
        run.history.columns.setdefault(self.name, []).append(self.numbers[run.epoch - 1])
        self.thetas.append(run.model.parameters.theta.copy())


@pytest.mark.parametrize(
    ("numbers", "settings", "stops", "best"),
    [
        ([5, 4, 3, 4, 5, 6, 7], {"patience": 2}, 5, 3),
        ([5, 4, 3, 4, 5, 6, 7], {"patience": 3}, 6, 3),
        ([5, 4, 3, 4, 2, 3, 3], {"patience": 2}, 7, 5),
        ([5, 4.9, 4.8, 4.7, 4.6, 4.5, 4.4], {"patience": 2, "min_delta": 0.15}, 7, 7),
        ([5, 4.9, 4.8, 4.7, 4.6, 4.5, 4.4], {"patience": 2, "min_delta": 1}, 3, 1),
        ([3, 3, 3, 3], {"patience": 1}, 2, 1),
        ([7, 6, 5, 4, 3, 2, 1], {"patience": 1}, 7, 7),
        ([1, 2, 3, 4, 5, 6, 7], {"patience": 9}, 7, 1),
        ([math.inf, 3, 4, 5], {"patience": 2}, 4, 2),
        ([math.nan, 3, 4, 5], {"patience": 2}, 4, 2),
        ([math.nan, math.nan, math.nan, 5], {"patience": 2}, 3, 1),
        ([3, math.nan, math.nan, 5], {"patience": 2}, 3, 1),
    ],
)
def test_early_stopping_stops_and_restores_the_best_bit_for_bit(numbers, settings, stops, best):
    model, metric, stopping = classifier(), FixedMetric(numbers), EarlyStopping(**settings)
    history = fit(model, metric, stopping, epochs=len(numbers))
    assert history.epochs == stops
    assert stopping.best_epoch == best
    assert model.parameters.theta.tobytes() == metric.thetas[best - 1].tobytes()


def test_accuracies_are_better_if_higher():
    model, metric = classifier(), FixedMetric([0.5, 0.9, 0.8, 0.7], "val_accuracy")
    fit(model, metric, EarlyStopping("val_accuracy", patience=2), epochs=4)
    np.testing.assert_array_equal(model.parameters.theta, metric.thetas[1])


def test_restoring_can_be_turned_off():
    model, metric = classifier(), FixedMetric([1, 2, 3, 4])
    history = fit(model, metric, EarlyStopping(patience=2, restore_best=False), epochs=4)
    np.testing.assert_array_equal(model.parameters.theta, metric.thetas[-1])
    assert "restored" not in history.stopped


def test_the_history_says_why_training_stopped():
    history = fit(classifier(), FixedMetric([1, 2, 3, 4]), EarlyStopping(patience=2), epochs=4)
    assert (
        history.stopped
        == "val_loss has not improved on 1 (epoch 1) for 2 epochs; the parameters of epoch 1 were "
        "restored"
    )
    assert fit(classifier(), FixedMetric([4, 3, 2]), EarlyStopping(), epochs=3).stopped is None


def test_each_fit_starts_with_a_new_state():
    stopping = EarlyStopping(patience=1)
    for _ in range(2):
        assert fit(classifier(), FixedMetric([1, 2, 3]), stopping, epochs=3).epochs == 2
    assert fit(classifier(), FixedMetric([9, 8, 7]), stopping, epochs=3).epochs == 3


@pytest.mark.parametrize(
    "kind", [EarlyStopping, lambda name: Checkpoint("b.h5", keep="both", monitor=name)]
)
def test_a_best_value_is_not_compared_with_one_of_another_metric(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    fit(classifier(), kind("accuracy"), Checkpoint("a.h5"), epochs=2)
    with pytest.raises(ResumeError, match="its state: monitor must be 'accuracy', got 'loss'"):
        fit(classifier(), kind("loss"), Checkpoint("a.h5"), resume="a.h5")
    fit(classifier(), kind("accuracy"), Checkpoint("a.h5"), resume="a.h5")


def test_restoring_can_be_turned_off_when_a_training_is_resumed_but_not_on(tmp_path):
    path, numbers = tmp_path / "run.h5", [1, 2, 3, 4]
    whole, model = FixedMetric(numbers), classifier()
    fit(classifier(), whole, epochs=4)
    fit(classifier(), FixedMetric(numbers), EarlyStopping(), Checkpoint(path), epochs=2)
    off = EarlyStopping(restore_best=False)
    fit(model, FixedMetric(numbers), off, Checkpoint(path), epochs=4, resume=path)
    np.testing.assert_array_equal(model.parameters.theta, whole.thetas[-1])
    with pytest.raises(ResumeError, match="restore_best must be False, as the parameters of the"):
        fit(classifier(), FixedMetric(numbers), EarlyStopping(), resume=path)


def test_the_best_validation_loss_is_restored():
    model = classifier(3, 30)
    history = fit(
        model, EarlyStopping(patience=5), epochs=300, rate=1.0, validation=rows(10, seed=3)
    )
    assert model.evaluate(*rows(10, seed=3))["loss"] == min(history["val_loss"])


@pytest.mark.parametrize(
    ("monitor", "message"),
    [
        (None, "EarlyStopping monitors None, but the history will have only loss, accuracy$"),
        (
            "val_loss",
            r"EarlyStopping monitors 'val_loss', but the history will have only loss, accuracy: "
            r"pass fit\(validation=\(X, Y\)\)",
        ),
        ("f2", r"EarlyStopping monitors 'f2', but the history will have only loss, accuracy$"),
        (
            "val_f1",
            r"EarlyStopping monitors 'val_f1', but the history will have only loss, accuracy: "
            r"pass fit\(validation=\(X, Y\), metrics=\['f1'\]\)$",
        ),
    ],
)
def test_monitoring_an_unknown_metric_is_an_error(monitor, message):
    model = classifier()
    before = model.parameters.theta.tobytes()
    with pytest.raises(ArgumentError, match=message):
        fit(model, EarlyStopping(monitor))
    assert model.parameters.theta.tobytes() == before


@pytest.mark.parametrize("patience", [0, -1, 1.5, "2", True])
def test_patience_must_be_an_integer_from_1(patience):
    with pytest.raises(
        ArgumentError,
        match=f"patience must be an integer >= 1, got {patience!r} in EarlyStopping",
    ):
        EarlyStopping(patience=patience)


@pytest.mark.parametrize("delta", [-0.1, np.nan, np.inf, None])
def test_min_delta_must_be_finite_and_not_negative(delta):
    with pytest.raises(
        ArgumentError, match=f"min_delta must be finite and >= 0, got {delta} in EarlyStopping"
    ):
        EarlyStopping(min_delta=delta)


def test_parameters_are_finite_after_early_stopping_and_divergence():
    model = Sequential(
        [Linear(3, 5), ReLU(), Linear(5, 1)], loss=MeanSquaredError(), dtype=np.float32
    )
    with pytest.raises(NonFiniteError):
        fit(model, EarlyStopping("loss", patience=1000), epochs=500, rate=1000.0)
    assert np.isfinite(model.parameters.theta).all()


FEATURES = np.random.default_rng(0).standard_normal((64, 2))
TARGETS = 3 * FEATURES[:, :1] ** 2


def jumping(*callbacks, seed=1, epochs=30, batch_size=None, **arguments):
    """Train with a learning rate at which the loss jumps."""
    model = Sequential(
        [Linear(2, 8), ReLU(), Linear(8, 1)], loss=MeanSquaredError(), seed=seed, dtype=np.float64
    )
    history = model.fit(
        FEATURES,
        TARGETS,
        optimizer=GradientDescent(0.3),
        epochs=epochs,
        batch_size=batch_size,
        shuffle=False,
        callbacks=callbacks,
        progress=False,
        **arguments,
    )
    return model, history


@pytest.mark.parametrize("batch_size", [None, 64, 100])
@pytest.mark.parametrize("epochs", [1, 4, 30])
def test_the_restored_parameters_have_the_best_training_loss(batch_size, epochs):
    stopping = EarlyStopping("loss", patience=5)
    model, history = jumping(stopping, epochs=epochs, batch_size=batch_size)
    assert model.objective(FEATURES, TARGETS)["total"] == stopping.best == min(history.loss)


def test_a_validation_loss_is_that_of_the_parameters_after_the_epoch():
    stopping = EarlyStopping(patience=5)
    model, _ = jumping(stopping, validation=(FEATURES, TARGETS))
    assert model.evaluate(FEATURES, TARGETS)["loss"] == stopping.best


def test_with_mini_batches_the_parameters_after_the_best_epoch_are_restored():
    class Record(Callback):
        def on_train_begin(self, run):
            self.thetas = []

        def on_epoch_end(self, run):
            self.thetas.append(run.model.parameters.theta.copy())

    stopping, record = EarlyStopping("loss"), Record()
    model, history = jumping(stopping, record, batch_size=16)
    best = record.thetas[history.best_epoch("loss") - 1]
    np.testing.assert_array_equal(model.parameters.theta, best)


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_stop_between_the_step_and_the_end_of_an_epoch_is_resumed(tmp_path, offset):
    whole_stopping = EarlyStopping("loss", patience=9)
    whole, whole_history = jumping(whole_stopping)
    path = tmp_path / "run.h5"
    signal = Signal(whole_stopping.best_epoch + offset, 1)
    jumping(
        EarlyStopping("loss", patience=9), signal, Checkpoint(path, keep="both", monitor="loss")
    )
    best = Checkpoint(path, keep="both", monitor="loss")
    rest, history = jumping(EarlyStopping("loss", patience=9), best, seed=7, resume=path)
    np.testing.assert_array_equal(rest.parameters.theta, whole.parameters.theta)
    assert history.loss == whole_history.loss
    if offset <= 0:  # else the file was written by the training that was interrupted
        saved = Sequential.load(best.best_path)
        np.testing.assert_array_equal(saved.parameters.theta, whole.parameters.theta)


def test_parameters_before_a_step_of_another_shape_are_refused():
    stopping = EarlyStopping("loss")
    jumping(stopping, epochs=1)
    state = {**stopping.state(), "measured_theta": np.ones(2)}
    with pytest.raises(ArgumentError, match="the best parameters must have the shapes"):
        stopping.restore(state)
