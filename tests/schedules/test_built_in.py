"""Every exported schedule can be chosen on the command line, or has a reason why not."""

import math
import re
from dataclasses import fields

import pytest

from minidl import ArgumentError, Schedule, schedules
from minidl.cli import training_options
from minidl.utils.parts import exported_parts

BUILT_IN = exported_parts(schedules, Schedule)
# They wrap another schedule; the option of WarmUp is --warm-up.
WITHOUT_A_NAME = {schedules.WarmUp, schedules.PerEpoch}


@pytest.mark.parametrize("kind", [kind for kind in BUILT_IN if kind not in WITHOUT_A_NAME])
def test_it_declares_its_name_on_the_command_line(kind):
    assert vars(kind).get("option_name"), (
        f'give {kind.__name__} a class attribute option_name = "...", its name after --schedule, '
        "or list it in WITHOUT_A_NAME with the reason"
    )
    assert "over" in vars(kind), (
        f"give {kind.__name__} a classmethod over(learning_rate, steps) that returns the schedule "
        "of a training of that many steps"
    )


@pytest.mark.parametrize("kind", [kind for kind in BUILT_IN if kind not in WITHOUT_A_NAME])
@pytest.mark.parametrize("steps", [1, 2, 100])
def test_over_starts_from_the_learning_rate(kind, steps):
    schedule = kind.over(0.25, steps)
    assert (schedule(0) if isinstance(schedule, Schedule) else schedule) == 0.25


def test_the_names_differ():
    names = [kind.option_name for kind in BUILT_IN if kind.option_name is not None]
    assert len(set(names)) == len(names)


def test_the_command_line_offers_all_of_them():
    assert set(training_options.SCHEDULES.values()) == set(BUILT_IN) - WITHOUT_A_NAME


def test_over_of_a_schedule_without_it_names_what_is_missing():
    with pytest.raises(
        NotImplementedError, match=r"WarmUp defines no over\(learning_rate, steps\)"
    ):
        schedules.WarmUp.over(0.1, 10)


POSITIVE = ("must be finite and > 0", [0, -0.1, math.inf, math.nan, "0.1", None, True, 1j])
NOT_NEGATIVE = ("must be finite and >= 0", [-1e-9, math.inf, "0", None, False])
FRACTION = (r"must be in \(0, 1\]", [0, 1.0001, -0.5, math.nan, "0.5", None])
WHOLE = ("must be an integer >= 1", [0, -1, 1.5, math.nan, "2", None, True])
COUNT = ("must be an integer >= 0", [-1, 1.5, math.nan, "2", None, True])
DECAY = {"initial_learning_rate": POSITIVE, "decay_steps": WHOLE}
RULES = {
    schedules.Constant: {"learning_rate": POSITIVE},
    schedules.ExponentialDecay: {**DECAY, "factor": FRACTION},
    schedules.StepDecay: {**DECAY, "factor": FRACTION},
    schedules.Cosine: {**DECAY, "final_learning_rate": NOT_NEGATIVE},
    schedules.PlateauDecay: {
        "initial_learning_rate": POSITIVE,
        "factor": FRACTION,
        "patience": WHOLE,
        "min_delta": NOT_NEGATIVE,
        "min_learning_rate": NOT_NEGATIVE,
        "cooldown": COUNT,
    },
    schedules.InverseTimeDecay: {
        "initial_learning_rate": POSITIVE,
        "decay": NOT_NEGATIVE,
        "interval": WHOLE,
    },
    schedules.WarmUp: {"warmup_steps": WHOLE},
    schedules.PerEpoch: {},
}
VALID = {"decay_steps": 2, "warmup_steps": 2, "after": 0.1, "decay": 1}


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (kind, name, value)
        for kind in RULES
        for name in RULES[kind]
        for value in RULES[kind][name][1]
    ],
)
def test_odd_values_are_refused_with_rule_name_and_value(kind, name, value):
    names = [field.name for field in fields(kind) if field.init]
    arguments = {each: VALID[each] for each in names if each in VALID}
    arguments |= {each: 0.5 for each in names if each.endswith("learning_rate")}
    kind(**arguments)
    rule, _ = RULES[kind][name]
    message = rf"{name} {rule}.*, got {re.escape(repr(value))} in {kind.__name__}"
    with pytest.raises(ArgumentError, match=message):
        kind(**arguments | {name: value})


def test_every_number_of_a_schedule_has_its_rule_here():
    assert set(RULES) == set(BUILT_IN)
    for kind, rules in RULES.items():
        assert {field.name for field in fields(kind) if field.init} - set(rules) <= {
            "after",
            "monitor",
            "schedule",
            "relative",
            "higher_is_better",
        }


def test_the_limits_of_the_rules_are_allowed():
    assert schedules.StepDecay(0.1, 1, 1)(7) == schedules.ExponentialDecay(0.1, 1, 1)(7) == 0.1
    assert schedules.PlateauDecay(0.1, factor=1, patience=1, min_delta=0, min_learning_rate=0)
    assert schedules.Cosine(0.1, 1, 0.1)(1) == 0.1
    assert schedules.InverseTimeDecay(0.1, 0, 1)(9) == 0.1
    assert schedules.WarmUp(1, 0.1)(0) == 0.1


def test_over_nine_steps():
    assert schedules.Constant.over(0.5, 9) == 0.5
    stairs = schedules.StepDecay.over(0.5, 9)
    assert [stairs(step) for step in (2, 3, 5, 6, 8)] == pytest.approx(
        [0.5, *[0.05] * 2, *[5e-3] * 2]
    )
    assert schedules.StepDecay.over(0.5, 10).decay_steps == 4
    smooth = schedules.ExponentialDecay.over(0.5, 9)
    assert (smooth(0), smooth(9)) == pytest.approx((0.5, 0.005))
    inverse = schedules.InverseTimeDecay.over(0.5, 9)
    assert (inverse(0), inverse(9)) == (0.5, 0.05)
    assert schedules.PlateauDecay.over(0.5, 9) == schedules.PlateauDecay(0.5)
    plateau = schedules.PlateauDecay(0.5)
    assert (plateau.monitor, plateau.factor, plateau.patience) == ("loss", 0.1, 10)
    assert (plateau.min_delta, plateau.min_learning_rate) == (1e-4, 0)
