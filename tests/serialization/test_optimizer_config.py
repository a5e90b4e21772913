"""Optimizers in checkpoints: configuration and state."""

import copy
import json

import numpy as np
import pytest
from optimizer_paths import GRADS, KINDS, SCHEDULE, Listed, Signs, walk

from minidl import Adam, AdamW, ArgumentError, Constant, GradientDescent, Momentum
from minidl.serialization.optimizer_config import (
    OPTIMIZERS,
    config_text,
    optimizer_config,
    optimizer_state,
    restore_optimizer,
)
from minidl.serialization.schedule_config import schedule_config


def test_a_schedule_assigned_during_training_is_restored():
    first, theta = Adam(0.1), np.ones(4)
    walk(first, GRADS[:10], theta)
    first.learning_rate = SCHEDULE
    second = Adam(0.1)
    restore_optimizer(second, theta, optimizer_state(first))
    assert second.schedule == SCHEDULE
    first.learning_rate = 0.3
    restore_optimizer(second, theta, optimizer_state(first))
    assert (second.schedule, second.learning_rate) == (None, 0.3)


def test_a_custom_schedule_must_be_passed_again_to_restore_it():
    first, theta = Adam(Listed((0.1, 0.2))), np.ones(4)
    walk(first, GRADS[:1], theta)
    restore_optimizer(Adam(Listed((0.1, 0.2))), theta, optimizer_state(first))
    other = Adam(Listed((0.1, 0.3)))
    with pytest.raises(ArgumentError, match="give the optimizer the same schedule"):
        restore_optimizer(other, theta, optimizer_state(first))
    assert other.step_count == 0


@pytest.mark.parametrize("kind", [*KINDS, Signs])
@pytest.mark.parametrize("rate", [0.1, SCHEDULE], ids=str)
@pytest.mark.parametrize("steps", [0, 1, 7])
def test_an_optimizer_continues_bit_for_bit(kind, rate, steps):
    whole = walk(kind(rate, clip_norm=1.5))
    first, theta = kind(rate, clip_norm=1.5), np.ones(4)
    walk(first, GRADS[:steps], theta)
    saved = copy.deepcopy(optimizer_state(first))
    second = kind(rate, clip_norm=1.5)
    assert optimizer_config(second) == optimizer_config(first)
    restore_optimizer(second, theta, saved)
    if steps:
        np.testing.assert_equal(optimizer_state(second), saved)
    np.testing.assert_array_equal(walk(second, GRADS[steps:], theta), whole[steps:])


class Remembers(Constant):
    """A custom schedule with a state."""

    def state(self):
        return {"epochs": [1, 2]}

    def restore(self, state):
        object.__setattr__(self, "restored", state)


def test_the_state_of_a_schedule_is_restored():
    first, theta = GradientDescent(Remembers(0.1)), np.ones(4)
    walk(first, GRADS[:2], theta)
    second = GradientDescent(Remembers(0.1))
    restore_optimizer(second, theta, optimizer_state(first))
    assert second.schedule.restored == {"epochs": [1, 2]}


class Flagged(Signs):
    """A custom optimizer with arguments of many types."""

    def __init__(self, learning_rate, *, signs=True, name="x", count=3, seen=0, table=()):
        super().__init__(learning_rate)
        self.signs, self.name, self.count, self.table = signs, name, np.int64(count), table


@pytest.mark.parametrize(
    ("optimizer", "origin", "settings"),
    [
        (GradientDescent(0.1, fast=True), "minidl", {"learning_rate": 0.1, "clip_norm": None}),
        (
            AdamW(SCHEDULE, clip_norm=2),
            "minidl",
            {
                "learning_rate": schedule_config(SCHEDULE),
                "beta1": 0.9,
                "beta2": 0.999,
                "epsilon": 1e-8,
                "weight_decay": 0.01,
                "clip_norm": 2.0,
            },
        ),
        (
            Flagged(0.1, table=(1, 2)),
            "custom",
            {"learning_rate": 0.1, "signs": True, "name": "x", "count": 3},
        ),
    ],
    ids=str,
)
def test_the_configuration_has_the_arguments(optimizer, origin, settings):
    name = type(optimizer).__name__
    config = optimizer_config(optimizer)
    assert config == {"class": name, "origin": origin, "settings": settings}
    assert json.loads(json.dumps(config)) == config
    walk(optimizer, GRADS[:2])
    assert optimizer_config(optimizer) == config


@pytest.mark.parametrize("kind", KINDS)
def test_a_users_class_is_not_minidls_of_the_same_name(kind):
    assert OPTIMIZERS[kind.__name__] is kind
    own = type(kind.__name__, (kind,), {"__module__": kind.__module__})(0.1)
    assert optimizer_config(own) == {**optimizer_config(kind(0.1)), "origin": "custom"}
    assert (
        config_text(optimizer_config(own)) == f"{config_text(optimizer_config(kind(0.1)))} (custom)"
    )


def test_a_configuration_is_shown_as_a_call():
    assert config_text(optimizer_config(Momentum(Constant(0.1), clip_norm=1))) == (
        "Momentum(learning_rate=Constant(learning_rate=0.1), beta=0.9, clip_norm=1.0)"
    )
    rates = "Signs(learning_rate=Listed(rates=(0.1,)) (custom)) (custom)"
    assert config_text(optimizer_config(Signs(Listed((0.1,))))) == rates
    assert config_text({"text": "Adam(0.1)"}) == "Adam(0.1)"


def test_a_custom_repr_is_compared_too():
    class Named(Signs):
        def __repr__(self):
            return "Named()"

    assert optimizer_config(Named(0.1))["text"] == "Named()"
    assert config_text(optimizer_config(Named(0.1))) == "Named() (custom)"
