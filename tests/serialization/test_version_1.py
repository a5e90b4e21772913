"""Names in files of format version 1, which differ from the names in Python."""

import copy
import json
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from optimizer_paths import GRADS, KINDS, SCHEDULE, Listed, Signs, walk
from schedule_strategies import ANY

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
    Schedule,
    StepDecay,
    WarmUp,
)
from minidl.cli.train import KeepBestEpoch
from minidl.serialization.version_1 import (
    callback_name_v1,
    optimizer_state_to_v1,
    optimizer_text_v1,
    restore_optimizer_from_v1,
    schedule_from_json,
    schedule_to_json,
)


def test_a_schedule_assigned_during_training_is_restored():
    first, theta = Adam(0.1), np.ones(4)
    walk(first, GRADS[:10], theta)
    first.learning_rate = SCHEDULE
    second = Adam(0.1)
    restore_optimizer_from_v1(second, theta, optimizer_state_to_v1(first))
    assert second.schedule == SCHEDULE
    first.learning_rate = 0.3
    restore_optimizer_from_v1(second, theta, optimizer_state_to_v1(first))
    assert (second.schedule, second.learning_rate) == (None, 0.3)


def test_a_custom_schedule_must_be_passed_again_to_restore_it():
    first, theta = Adam(Listed((0.1, 0.2))), np.ones(4)
    walk(first, GRADS[:1], theta)
    restore_optimizer_from_v1(Adam(Listed((0.1, 0.2))), theta, optimizer_state_to_v1(first))
    other = Adam(Listed((0.1, 0.3)))
    with pytest.raises(ArgumentError, match="give the optimizer the same schedule"):
        restore_optimizer_from_v1(other, theta, optimizer_state_to_v1(first))
    assert other.step_count == 0


@dataclass(frozen=True)
class Inverse(Schedule):
    rate: float

    def __call__(self, step):
        return self.rate / (1 + step)


@given(schedule=ANY)
def test_a_schedule_survives_json(schedule):
    assert schedule_from_json(schedule_to_json(schedule), None) == schedule


def test_a_custom_schedule_is_recognized_by_its_repr():
    schedule = WarmUp(2, Inverse(0.5))
    assert [schedule(step) for step in range(4)] == [0.25, 0.5, 0.5, 0.25]
    assert json.loads(schedule_to_json(schedule)) == {
        "class": "WarmUp",
        "steps": 2,
        "then": {"class": "Inverse", "text": "Inverse(rate=0.5)"},
    }
    assert schedule_from_json(schedule_to_json(schedule), WarmUp(2, Inverse(0.5))) == schedule
    for current in (None, WarmUp(2, Inverse(0.4)), Inverse(0.5)):
        with pytest.raises(
            ArgumentError,
            match=r"the learning rate followed Inverse\(rate=0\.5\), got .*: give the optimizer ",
        ):
            schedule_from_json(schedule_to_json(schedule), current)


def test_no_schedule_survives_json():
    assert schedule_from_json(schedule_to_json(None), Constant(1)) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]x",
        '{"rate": 1}',
        '{"class": "Constant", "speed": 1}',
        '{"class": "Constant", "rate": -1}',
    ],
)
def test_a_forged_description_is_refused(text):
    with pytest.raises((ValueError, KeyError, TypeError)):
        schedule_from_json(text, None)


FIXED_STATES = [
    (GradientDescent(0.1), {"fast": False}),
    (Momentum(0.1), {"beta": 0.9, "velocity": "array"}),
    (Nesterov(0.1), {"beta": 0.9, "ahead": "array"}),
    (RMSProp(0.1), {"beta": 0.9, "epsilon": 1e-8, "square": "array"}),
    (
        Adam(0.1, fast=False, clip_norm=2),
        {
            "beta1": 0.9,
            "beta2": 0.999,
            "epsilon": 1e-8,
            "fast": False,
            "mean": "array",
            "square": "array",
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
            "mean": "array",
            "square": "array",
        },
    ),
    (Signs(0.1), {"seen": 3}),
]


@pytest.mark.parametrize(
    ("optimizer", "names"), FIXED_STATES, ids=lambda value: type(value).__name__
)
def test_the_names_in_a_file_are_fixed(optimizer, names):
    walk(optimizer, GRADS[:3])
    saved = optimizer_state_to_v1(optimizer)
    plain = {
        name: "array" if isinstance(value, np.ndarray) else value for name, value in saved.items()
    }
    assert plain == {"learning_rate": 0.1, "_schedule": "null", "steps_made": 3} | names


def test_the_first_array_of_adam_in_a_file_is_the_mean():
    optimizer = Adam(0.1)
    walk(optimizer)
    saved = optimizer_state_to_v1(optimizer)
    assert list(saved)[-2:] == ["mean", "square"]  # arrays are numbered in this order
    assert saved["mean"] is optimizer.first_moment
    assert saved["square"] is optimizer.second_moment


FIXED_SCHEDULES = [
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
]


@pytest.mark.parametrize(("schedule", "text"), FIXED_SCHEDULES, ids=str)
def test_the_json_of_a_schedule_in_a_file_is_fixed(schedule, text):
    assert schedule_to_json(schedule) == text
    assert schedule_from_json(text, None) == schedule


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
def test_the_text_of_an_optimizer_in_a_file_is_fixed(optimizer, text):
    assert optimizer_text_v1(optimizer) == text
    walk(optimizer, GRADS[:1])
    assert optimizer_text_v1(optimizer) == text


def test_the_text_in_a_file_contains_the_initial_numbers_of_a_custom_optimizer():
    class Scaled(Signs):
        state_names = ("seen", "scale")

        def __init__(self, learning_rate, clip_norm=None):
            super().__init__(learning_rate, clip_norm=clip_norm)
            self.scale = 0.5

    text = optimizer_text_v1(Scaled(0.1, clip_norm=2))
    assert text == "Scaled(learning_rate=0.1, scale=0.5, clip_norm=2.0)"


def test_a_custom_repr_of_an_optimizer_is_stored_unchanged():
    class Named(Signs):
        def __repr__(self):
            return "Named()"

    assert optimizer_text_v1(Named(0.1)) == "Named()"


@pytest.mark.parametrize("kind", [*KINDS, Signs])
@pytest.mark.parametrize("rate", [0.1, SCHEDULE], ids=str)
@pytest.mark.parametrize("steps", [0, 1, 7])
def test_an_optimizer_continues_from_a_file_bit_for_bit(kind, rate, steps):
    whole = walk(kind(rate, clip_norm=1.5))
    first, theta = kind(rate, clip_norm=1.5), np.ones(4)
    walk(first, GRADS[:steps], theta)
    saved = optimizer_state_to_v1(first)
    plain = {name: value for name, value in saved.items() if not isinstance(value, np.ndarray)}
    assert json.loads(json.dumps(plain)) == plain
    second = kind(rate, clip_norm=1.5)
    restore_optimizer_from_v1(second, theta, copy.deepcopy(saved))
    assert optimizer_state_to_v1(second).keys() >= saved.keys()
    np.testing.assert_array_equal(walk(second, GRADS[steps:], theta), whole[steps:])


class Remembers(Constant):
    """A custom schedule with a state."""

    def state(self):
        return {"epochs": [1, 2]}

    def restore(self, state):
        object.__setattr__(self, "restored", state)


def test_the_state_of_a_schedule_is_kept_only_if_there_is_one():
    first, theta = GradientDescent(Remembers(0.1)), np.ones(4)
    walk(first, GRADS[:2], theta)
    saved = optimizer_state_to_v1(first)
    assert saved["_schedule_state"] == {"epochs": [1, 2]}
    second = GradientDescent(Remembers(0.1))
    restore_optimizer_from_v1(second, theta, saved)
    assert second.schedule.restored == {"epochs": [1, 2]}
    assert "_schedule_state" not in optimizer_state_to_v1(GradientDescent(SCHEDULE))


def test_the_name_of_a_callback_in_a_file_is_fixed():
    assert callback_name_v1(EarlyStopping()) == "EarlyStopping"
    assert callback_name_v1(KeepBestEpoch("loss")) == "BestSoFar"
