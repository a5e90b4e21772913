"""Decay on a plateau: the rule of PyTorch's ReduceLROnPlateau, kept over an interruption."""

import numpy as np
import pytest
from helpers import read_reference

from minidl import (
    Adam,
    ArgumentError,
    Callback,
    Checkpoint,
    Linear,
    MeanSquaredError,
    PlateauDecay,
    Sequential,
    WarmUp,
)

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((20, 3)), RNG.standard_normal((20, 1))


def rates(schedule, values, monitor="loss"):
    """Return the learning rate after each epoch."""
    found = []
    for i in range(len(values)):
        schedule.observe({monitor: values[: i + 1]})
        found.append(schedule(0))
    return found


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3.0, 2.0, 1.0], [1, 1, 1]),
        ([1.0, 1.0, 1.0, 1.0, 1.0], [1, 1, 1, 0.5, 0.5]),
        ([1.0, 2.0, 2.0, 0.9, 2.0, 2.0, 2.0], [1, 1, 1, 1, 1, 1, 0.5]),
        ([1.0, 0.99995, 0.9999, 0.9998, 0.9998], [1, 1, 1, 1, 1]),  # the fourth is 2e-4 better
        ([1.0, np.nan, np.inf, np.nan, 1.0, 1.0, 1.0], [1, 1, 1, 0.5, 0.5, 0.5, 0.25]),
        ([np.nan, 1.0, 0.5], [1, 1, 1]),
    ],
)
def test_the_rate_falls_after_more_than_patience_epochs(values, expected):
    assert rates(PlateauDecay(1.0, factor=0.5, patience=2), values) == expected


def test_an_accuracy_is_better_if_larger():
    schedule = PlateauDecay(1.0, "val_accuracy", 0.5, 1)
    assert rates(schedule, [0.5, 0.6, 0.6, 0.6], "val_accuracy") == [1, 1, 1, 0.5]


def test_the_rate_has_a_floor():
    schedule = PlateauDecay(1.0, factor=0.1, patience=1, min_learning_rate=0.05)
    assert rates(schedule, [1.0] * 7)[-1] == 0.05


@pytest.mark.parametrize("case", read_reference("reference/torch_training.json")["plateaus"])
def test_it_agrees_with_pytorch(case):
    schedule = PlateauDecay(0.3, **case["arguments"])
    found = rates(schedule, case["values"], schedule.monitor)
    assert found == pytest.approx(case["rates"], rel=1e-12)
    assert len(set(found)) > 2


def network():
    return Sequential([Linear(3, 1)], loss=MeanSquaredError(), seed=1)


def fit(model, **arguments):
    schedule = PlateauDecay(0.5, factor=0.5, patience=1, cooldown=2)
    return model.fit(X, Y, optimizer=Adam(schedule), progress=False, **arguments)


def test_training_follows_it_and_a_resumed_one_continues(tmp_path):
    whole, halves, resumed = network(), network(), network()
    history = fit(whole, epochs=20)
    assert history["learning_rate"][-1] < 0.5
    path = tmp_path / "run.h5"
    fit(halves, epochs=7, callbacks=[Checkpoint(path)])
    assert fit(resumed, epochs=20, callbacks=[Checkpoint(path)], resume=path).loss == history.loss
    np.testing.assert_array_equal(resumed.parameters.theta, whole.parameters.theta)


def test_a_second_model_starts_anew():
    optimizer = Adam(PlateauDecay(0.5, factor=0.5, patience=1))
    for _ in range(2):
        model = network()
        model.fit(X, Y, optimizer=optimizer, epochs=1, progress=False)
        assert optimizer.learning_rate == 0.5
        optimizer.reset()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"initial_learning_rate": 0}, "initial_learning_rate must be finite and > 0, got 0"),
        ({"factor": 0}, r"factor must be in \(0, 1\], got 0"),
        ({"patience": 0}, "patience must be an integer >= 1, got 0"),
        ({"min_delta": -1}, "min_delta must be finite and >= 0, got -1"),
        ({"min_learning_rate": -1}, "min_learning_rate must be finite and >= 0, got -1"),
        ({"cooldown": -1}, "cooldown must be an integer >= 0, got -1"),
        ({"relative": 1}, "relative must be True or False, got 1 in PlateauDecay"),
        ({"monitor": 3}, "monitor must be the name of a column of the history, .* got 3"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        PlateauDecay(**{"initial_learning_rate": 0.1, **arguments})


def test_a_column_that_there_is_not_is_an_error():
    optimizer = Adam(PlateauDecay(0.1, monitor="val_loss"))
    model = network()
    before = model.parameters.theta.copy()
    message = (
        "PlateauDecay monitors 'val_loss', but the history will have only loss, learning_rate: "
    )
    with pytest.raises(ArgumentError, match=message):
        model.fit(X, Y, optimizer=optimizer, epochs=1, progress=False)
    with pytest.raises(ArgumentError, match=message):
        model.fit(X, Y, optimizer=Adam(WarmUp(3, optimizer.schedule)), epochs=1, progress=False)
    np.testing.assert_array_equal(model.parameters.theta, before)


class Roughness(Callback):
    """Measures something in each epoch, which falls and then rises."""

    extra_metrics = ("roughness",)

    def on_epoch_end(self, run):
        run.history.add({"roughness": abs(run.epoch - 3.0)})


def test_it_follows_what_a_callback_measures(tmp_path):
    def train(**arguments):
        optimizer = Adam(PlateauDecay(0.5, "roughness", factor=0.5, patience=1))
        callbacks = [Checkpoint(tmp_path / "run.h5"), Roughness()]
        return network().fit(
            X, Y, optimizer=optimizer, callbacks=callbacks, progress=False, **arguments
        )

    history = train(epochs=7)
    assert history["learning_rate"] == [0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25]
    train(epochs=4)
    assert train(epochs=7, resume=tmp_path / "run.h5").columns == history.columns
