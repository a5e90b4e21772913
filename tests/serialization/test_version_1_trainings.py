"""States of trainings of format version 1: names that differ from those in Python."""

import numpy as np
import pytest
from optimizer_paths import GRADS, SCHEDULE, Listed, Signs, walk

from minidl import (
    Adam,
    AdamW,
    ArgumentError,
    Constant,
    Cosine,
    EarlyStopping,
    ExponentialDecay,
    GradientDescent,
    Momentum,
    Nesterov,
    RMSProp,
    StepDecay,
    WarmUp,
)
from minidl.cli.train import KeepBestEpoch
from minidl.serialization.optimizer_config import (
    optimizer_config,
    optimizer_state,
    restore_optimizer,
)
from minidl.serialization.schedule_config import schedule_config, schedule_from_config
from minidl.serialization.version_1_trainings import (
    optimizer_state_from_version_1,
    optimizer_text,
    training_from_version_1,
)
from minidl.training.resume_checks import STATE_KEYS, callback_entry

# Of each optimizer what version 1 stored besides learning rate, schedule and steps; an attribute
# that the file had under another name is `(attribute,)`.
SAVED_STATES = [
    (GradientDescent(0.1), {"fast": False}),
    (Momentum(0.1), {"beta": 0.9, "velocity": ("velocity",)}),
    (Nesterov(0.1), {"beta": 0.9, "ahead": ("lookahead_velocity",)}),
    (RMSProp(0.1), {"beta": 0.9, "epsilon": 1e-8, "square": ("mean_square",)}),
    (
        Adam(0.1, fast=False, clip_norm=2),
        {
            "beta1": 0.9,
            "beta2": 0.999,
            "epsilon": 1e-8,
            "fast": False,
            "mean": ("first_moment",),
            "square": ("second_moment",),
        },
    ),
    (
        AdamW(0.1),
        {
            "beta1": 0.9,
            "beta2": 0.999,
            "epsilon": 1e-8,
            "weight_decay": 0.01,
            "fast": None,
            "mean": ("first_moment",),
            "square": ("second_moment",),
        },
    ),
    (Signs(0.1), {"seen": 3}),
]


def saved_state(optimizer, names, schedule="null"):
    """Return the state of an optimizer as version 1 stored it."""
    values = {
        name: getattr(optimizer, value[0]).copy() if isinstance(value, tuple) else value
        for name, value in names.items()
    }
    return {"learning_rate": 0.1, "_schedule": schedule, "steps_made": 3, **values}


@pytest.mark.parametrize(
    ("optimizer", "names"), SAVED_STATES, ids=lambda value: type(value).__name__
)
def test_an_optimizer_continues_from_version_1_bit_for_bit(optimizer, names):
    theta = np.ones(4)
    walk(optimizer, GRADS[:3], theta)
    upgraded = optimizer_state_from_version_1(saved_state(optimizer, names), optimizer)
    np.testing.assert_equal(upgraded, optimizer_state(optimizer))
    arguments = {"clip_norm": 2} if type(optimizer) is Adam else {}
    other, other_theta = type(optimizer)(0.1, **arguments), theta.copy()
    restore_optimizer(other, other_theta, upgraded)
    whole = walk(optimizer, GRADS[3:], theta)
    np.testing.assert_array_equal(walk(other, GRADS[3:], other_theta), whole)


def test_the_state_of_a_schedule_is_kept():
    optimizer = GradientDescent(0.1)
    saved = {**saved_state(optimizer, {"fast": False}), "_schedule_state": {"epochs": [1, 2]}}
    upgraded = optimizer_state_from_version_1(saved, optimizer)
    assert upgraded["state"]["schedule"] == {"epochs": [1, 2]}


SCHEDULES = [
    (Constant(0.1), '{"class": "Constant", "rate": 0.1}'),
    (StepDecay(0.1, 7), '{"class": "StepDecay", "rate": 0.1, "every": 7, "factor": 0.1}'),
    (
        ExponentialDecay(0.1, 7),
        '{"class": "ExponentialDecay", "rate": 0.1, "every": 7, "factor": 0.1}',
    ),
    (
        WarmUp(3, Cosine(0.1, 7)),
        '{"class": "WarmUp", "steps": 3, "then": '
        '{"class": "Cosine", "rate": 0.1, "steps": 7, "final": 0.0}}',
    ),
    (
        WarmUp(2, Listed((0.1,))),
        '{"class": "WarmUp", "steps": 2, "then": '
        '{"class": "Listed", "text": "Listed(rates=(0.1,))"}}',
    ),
    (None, "null"),
]


def schedule_of(text, current):
    optimizer = Adam(0.1 if current is None else current)
    return optimizer_state_from_version_1(saved_state(optimizer, {}, text), optimizer)["schedule"]


@pytest.mark.parametrize(("schedule", "text"), SCHEDULES, ids=str)
def test_a_schedule_has_its_present_names(schedule, text):
    assert schedule_of(text, schedule) == schedule_config(schedule)
    assert schedule_of(text, Constant(0.7)) == schedule_config(schedule)


def test_another_custom_schedule_is_refused():
    config = schedule_of('{"class": "Listed", "text": "Listed(rates=(0.2,))"}', Listed((0.1,)))
    with pytest.raises(ArgumentError, match="give the optimizer the same schedule"):
        schedule_from_config(config, Listed((0.1,)))


@pytest.mark.parametrize(
    "text", ["", "{", "[]x", '{"rate": 1}', '{"class": "Newer", "rate": 1}', '{"class": []}']
)
def test_a_forged_schedule_is_refused(text):
    with pytest.raises((ValueError, KeyError, TypeError)):
        schedule_of(text, None)


@pytest.mark.parametrize(
    ("optimizer", "text"),
    [
        (GradientDescent(0.1, clip_norm=1), "GradientDescent(learning_rate=0.1, clip_norm=1.0)"),
        (Adam(fast=True), "Adam(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-08)"),
        (Momentum(Constant(0.1)), "Momentum(learning_rate=Constant(rate=0.1), beta=0.9)"),
        (
            RMSProp(WarmUp(2, StepDecay(0.1, 5))),
            "RMSProp(learning_rate=WarmUp(steps=2, then=StepDecay(rate=0.1, every=5, factor=0.1)), "
            "beta=0.9, epsilon=1e-08)",
        ),
        (
            AdamW(WarmUp(10, Cosine(0.1, 90)), weight_decay=0.1, clip_norm=2),
            "AdamW(learning_rate=WarmUp(steps=10, then=Cosine(rate=0.1, steps=90, final=0.0)), "
            "beta1=0.9, beta2=0.999, epsilon=1e-08, weight_decay=0.1, clip_norm=2.0)",
        ),
        (Signs(WarmUp(2, 0.1)), "Signs(learning_rate=WarmUp(steps=2, then=0.1))"),
        (Signs(Listed((0.1,))), "Signs(learning_rate=Listed(rates=(0.1,)))"),
    ],
)
def test_the_text_of_an_optimizer_is_fixed(optimizer, text):
    assert optimizer_text(optimizer) == text
    walk(optimizer, GRADS[:1])
    assert optimizer_text(optimizer) == text


def test_the_text_contains_the_initial_numbers_of_a_custom_optimizer():
    class Scaled(Signs):
        state_names = ("seen", "scale")

        def __init__(self, learning_rate, clip_norm=None):
            super().__init__(learning_rate, clip_norm=clip_norm)
            self.scale = 0.5

    text = optimizer_text(Scaled(0.1, clip_norm=2))
    assert text == "Scaled(learning_rate=0.1, scale=0.5, clip_norm=2.0)"


def test_a_custom_repr_is_the_text():
    class Named(Signs):
        def __repr__(self):
            return "Named()"

    assert optimizer_text(Named(0.1)) == "Named()"


class EarlyStoppingOfUsers(EarlyStopping):
    pass


EarlyStoppingOfUsers.__name__ = "EarlyStopping"


def saved_training(optimizer, names=()):
    return {
        "recipe": optimizer_text(optimizer),
        "theta": None,
        "optimizer": saved_state(optimizer, {"fast": False}),
        "dealing": {"epoch": 1},
        "streams": ["stream"],
        "sums": {"total": 1.5, "rows": 8, "right": 3, "asked": 8},
        "history": {"loss": np.ones(1)},
        "callbacks": [[name, {"n": n}] for n, name in enumerate(names)],
        "seconds": 2.5,
        "stopped": None,
    }


def test_a_training_has_the_parts_of_version_2():
    optimizer = GradientDescent(0.1)
    upgraded = training_from_version_1(saved_training(optimizer), optimizer, optimizer, [])
    assert upgraded.keys() == STATE_KEYS
    assert upgraded["optimizer"] == optimizer_config(optimizer)
    assert upgraded["minibatches"] == {"epoch": 1}
    assert upgraded["rng_states"] == ["stream"]
    assert upgraded["epoch_sums"] == {"loss_sum": 1.5, "n_examples": 8}
    assert upgraded["metric_sums"] == {"accuracy": [3, 8]}
    assert (upgraded["seconds"], upgraded["stopped"], upgraded["resumed"]) == (2.5, None, None)


def test_another_optimizer_is_told_by_its_text():
    saved = saved_training(GradientDescent(0.2))
    upgraded = training_from_version_1(saved, GradientDescent(0.1), GradientDescent(0.1), [])
    assert upgraded["optimizer"] == {"text": "GradientDescent(learning_rate=0.2)"}


def test_callbacks_are_those_with_the_name_of_then_in_their_order():
    optimizer = GradientDescent(0.1)
    callbacks = [EarlyStopping(), KeepBestEpoch("loss"), EarlyStoppingOfUsers()]
    entries = [callback_entry(callback) for callback in callbacks]
    names = ["EarlyStopping", "BestSoFar", "EarlyStopping", "Lost"]
    upgraded = training_from_version_1(
        saved_training(optimizer, names), optimizer, optimizer, entries
    )
    assert upgraded["callbacks"] == [
        {"class": "EarlyStopping", "origin": "minidl", "state": {"n": 0}},
        {"class": "KeepBestEpoch", "origin": "custom", "state": {"n": 1}},
        {"class": "EarlyStopping", "origin": "custom", "state": {"n": 2}},
        {"class": "Lost", "origin": "custom", "state": {"n": 3}},
    ]


@pytest.mark.parametrize("key", [*saved_training(Adam())])
def test_a_part_that_is_missing_is_an_error(key):
    optimizer = GradientDescent(SCHEDULE)
    saved = saved_training(optimizer)
    del saved[key]
    if key == "theta":  # always None
        assert training_from_version_1(saved, optimizer, optimizer, []).keys() == STATE_KEYS
    else:
        with pytest.raises(KeyError):
            training_from_version_1(saved, optimizer, optimizer, [])
