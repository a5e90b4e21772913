"""The fields of a progress bar, in as many columns as there are."""

import math

import pytest

from minidl.training.callbacks.progress_text import Field, fitting_text, metric_field


@pytest.mark.parametrize(
    ("value", "long", "middle", "short"),
    [
        (0.06123, "0.0612", "0.061", ".06"),
        (0.999, "0.9990", "0.999", "1.00"),
        (1.0, "1.0000", "1.000", "1.0"),
        (0.0, "0.0000", "0.000", ".00"),
        (0.0034, "0.0034", "0.003", "3e-3"),
        (-0.25, "-0.2500", "-0.250", "-.25"),
        (9.96, "9.9600", "9.960", "10.0"),
        (123.4, "123.4000", "123.400", "123"),
        (1773.586, "1773.5860", "1773.586", "2e3"),
        (3.67e8, "3.670e+08", "3.67e+08", "4e8"),
        (1e-12, "0.0000", "0.000", "1e-12"),
        (math.nan, "nan", "nan", "nan"),
        (-math.inf, "-inf", "-inf", "-inf"),
    ],
)
def test_a_number_has_three_lengths(value, long, middle, short):
    assert metric_field("loss", value)[:3] == (f"loss {long}", f"loss {middle}", f"loss {short}")


def test_a_name_from_outside_moves_no_cursor():
    assert metric_field("a\x1b[2J", 0.5).long == r"a\x1b[2J 0.5000"


FIELDS = [
    Field("epoch 3/9", "3/9", "3"),
    Field("loss 0.1234", "loss 0.12", "l .1"),
    Field("f1 0.9", "f1 .9", "f .9", is_optional=True),
    Field("time", "tim", "t"),
    Field("speed", "spe", "s", is_optional=True),
]


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        (42, "epoch 3/9, loss 0.1234, f1 0.9, time"),
        (43, "epoch 3/9, loss 0.1234, f1 0.9, time, speed"),
        (36, "epoch 3/9, loss 0.1234, f1 0.9, time"),
        (28, "epoch 3/9, loss 0.1234, time"),
        (17, "3/9 loss 0.12 tim"),
        (8, "3 l .1 t"),
        (7, "3 l .1"),
        (1, "3"),
        (0, ""),
    ],
)
def test_optional_fields_go_first_then_all_are_shortened_then_the_last_go(columns, text):
    assert fitting_text(FIELDS, columns) == text
