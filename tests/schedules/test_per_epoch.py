"""A schedule that counts epochs, also over an interruption."""

import copy

import pytest
from resuming import Signal, assert_equal_trainings, fit, network

from minidl import (
    Adam,
    ArgumentError,
    Callback,
    Checkpoint,
    Cosine,
    InverseTimeDecay,
    OptimizerWarning,
    PerEpoch,
    PlateauDecay,
    StepDecay,
    WarmUp,
)

STEPS_PER_EPOCH = 5


class StepRates(Callback):
    """Keeps the learning rate of each step."""

    def __init__(self):
        self.rates = []

    def on_batch_end(self, run):
        self.rates.append(run.optimizer.last_learning_rate)


def rates_of(model, optimizer, epochs):
    """Return the learning rates of the steps of a training."""
    steps = StepRates()
    fit(model, steps, optimizer=optimizer, epochs=epochs)
    return steps.rates


def test_all_steps_of_an_epoch_have_the_rate_of_its_number():
    steps = StepRates()
    optimizer = Adam(PerEpoch(InverseTimeDecay(0.5, decay=0.3, interval=2)))
    history = fit(network(), steps, optimizer=optimizer, epochs=7)
    expected = [0.5 / (1 + 0.3 * (epoch // 2)) for epoch in range(7)]
    assert history["learning_rate"] == expected
    assert steps.rates == [rate for rate in expected for _ in range(STEPS_PER_EPOCH)]


@pytest.mark.parametrize("position", [(3, 2), (3, 5)])  # within an epoch, and at its end
@pytest.mark.parametrize(
    "schedule",
    [
        PerEpoch(InverseTimeDecay(0.5, decay=1)),
        PerEpoch(WarmUp(3, PlateauDecay(0.5, factor=0.5, patience=1))),
        WarmUp(4, PerEpoch(StepDecay(0.5, 2))),
        PerEpoch(WarmUp(2, PerEpoch(StepDecay(0.5, 2)))),
    ],
    ids=str,
)
def test_a_resumed_training_continues_the_count(schedule, position, tmp_path):
    def optimizer():
        return Adam(copy.deepcopy(schedule))

    path, whole, resumed = tmp_path / "run.h5", network(), network(seed=1)
    history = fit(whole, optimizer=optimizer())
    assert len(set(history["learning_rate"])) > 2
    fit(network(), Signal(*position), Checkpoint(path), optimizer=optimizer())
    fit(network(), Signal(5, 1), Checkpoint(path), optimizer=optimizer(), resume=path)
    rest = fit(resumed, optimizer=optimizer(), resume=path)  # for the second time
    assert_equal_trainings(resumed, whole, rest, history)


def test_a_second_fit_continues_and_another_model_begins_anew():
    model, optimizer = network(), Adam(PerEpoch(InverseTimeDecay(0.6, decay=1)))
    rates_of(model, optimizer, epochs=2)
    assert rates_of(model, optimizer, epochs=1) == [0.6 / 3] * STEPS_PER_EPOCH
    with pytest.warns(OptimizerWarning, match="state"):
        assert rates_of(network(), optimizer, epochs=1) == [0.6] * STEPS_PER_EPOCH
    optimizer.reset()
    assert optimizer.learning_rate == 0.6


def test_a_training_that_an_ended_schedule_would_not_move_warns():
    model, optimizer = network(), Adam(PerEpoch(Cosine(0.1, decay_steps=2)))
    fit(model, optimizer=optimizer, epochs=2)
    with pytest.warns(OptimizerWarning, match=r"PerEpoch\(schedule=Cosine.* is 0 from step 10 on"):
        fit(model, optimizer=optimizer, epochs=1)


def test_a_number_is_refused():
    with pytest.raises(
        ArgumentError, match=r"schedule must be a Schedule such as .*, got 0\.1 in PerEpoch: a numb"
    ):
        PerEpoch(0.1)
