"""Schedules in checkpoints."""

import json
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from schedule_strategies import ANY

import minidl
from minidl import ArgumentError, Constant, Cosine, Schedule, StepDecay, WarmUp
from minidl.serialization.schedule_config import (
    SCHEDULES,
    schedule_config,
    schedule_from_config,
)


@dataclass(frozen=True)
class Inverse(Schedule):
    rate: float

    def __call__(self, step):
        return self.rate / (1 + step)


def through_json(schedule):
    return json.loads(json.dumps(schedule_config(schedule)))


@given(schedule=ANY)
def test_a_schedule_survives_json(schedule):
    assert schedule_from_config(through_json(schedule), None) == schedule


def test_classes_have_origins_and_settings():
    assert schedule_config(WarmUp(3, Cosine(np.float64(0.1), 7))) == {
        "class": "WarmUp",
        "origin": "minidl",
        "settings": {
            "warmup_steps": 3,
            "after": {
                "class": "Cosine",
                "origin": "minidl",
                "settings": {
                    "initial_learning_rate": 0.1,
                    "decay_steps": 7,
                    "final_learning_rate": 0.0,
                },
            },
        },
    }
    assert set(SCHEDULES) == {
        *("Constant", "Cosine", "ExponentialDecay", "InverseTimeDecay", "PerEpoch"),
        *("PlateauDecay", "StepDecay", "WarmUp"),
    }


def test_a_custom_schedule_is_recognized_by_its_repr():
    schedule = WarmUp(2, Inverse(0.5))
    assert through_json(schedule)["settings"]["after"] == {
        "class": "Inverse",
        "origin": "custom",
        "text": "Inverse(rate=0.5)",
    }
    current = WarmUp(2, Inverse(0.5))
    assert schedule_from_config(through_json(schedule), current) is current
    for current in (None, WarmUp(2, Inverse(0.4)), StepDecay(0.5, 2)):
        with pytest.raises(
            ArgumentError,
            match=r"the learning rate followed Inverse\(rate=0\.5\), got .*: give the optimizer ",
        ):
            schedule_from_config(through_json(schedule), current)


def test_a_users_schedule_is_not_minidls_of_the_same_name():
    own = dataclass(frozen=True)(type("Constant", (Constant,), {}))(0.1)
    assert repr(own) == repr(Constant(0.1))
    assert schedule_from_config(schedule_config(own), own) is own
    with pytest.raises(ArgumentError, match="give the optimizer the same schedule"):
        schedule_from_config(schedule_config(own), Constant(0.1))
    minidls = schedule_from_config(schedule_config(Constant(0.1)), own)
    assert type(minidls) is minidl.Constant


def test_no_schedule_survives_json():
    assert schedule_config(None) is None
    assert schedule_from_config(None, Constant(1)) is None


@pytest.mark.parametrize(
    "config",
    [
        [],
        {"class": "Constant"},
        {"class": "Constant", "origin": "minidl"},
        {"class": "Constant", "origin": "minidl", "settings": {"speed": 1}},
        {"class": "Constant", "origin": "minidl", "settings": {"learning_rate": -1}},
        {"class": "Schedule", "origin": "minidl", "settings": {}},
        {"class": "Constant", "origin": "custom"},
    ],
)
def test_a_forged_configuration_is_refused(config):
    with pytest.raises((ValueError, KeyError, TypeError)):
        schedule_from_config(config, None)
