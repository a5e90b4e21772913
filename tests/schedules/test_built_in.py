"""Every exported schedule can be chosen on the command line, or has a reason why not."""

import pytest

from minidl import Schedule, schedules
from minidl.cli import model_options
from minidl.utils.parts import exported_parts

BUILT_IN = exported_parts(schedules, Schedule)
WITHOUT_A_NAME = {schedules.WarmUp}  # it wraps another schedule: the option --warm-up


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
    assert set(model_options.SCHEDULES.values()) == set(BUILT_IN) - WITHOUT_A_NAME


def test_over_of_a_schedule_without_it_names_what_is_missing():
    with pytest.raises(
        NotImplementedError, match=r"WarmUp defines no over\(learning_rate, steps\)"
    ):
        schedules.WarmUp.over(0.1, 10)
