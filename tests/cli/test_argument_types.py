"""Types of command-line arguments."""

import argparse

import pytest

from minidl.cli.argument_types import (
    FRACTION,
    NON_NEGATIVE_INTEGER,
    NON_NEGATIVE_NUMBER,
    POSITIVE_INTEGER,
    POSITIVE_NUMBER,
    SEED,
    layer_widths,
)


@pytest.mark.parametrize(
    ("convert", "text", "value"),
    [
        (POSITIVE_INTEGER, "1", 1),
        (NON_NEGATIVE_INTEGER, "0", 0),
        (POSITIVE_NUMBER, "1e-300", 1e-300),
        (NON_NEGATIVE_NUMBER, "0", 0.0),
        (FRACTION, "1", 1.0),
        (SEED, "4294967295", 2**32 - 1),
        (layer_widths, "20,7,5", [20, 7, 5]),
        (layer_widths, "none", []),
    ],
)
def test_a_valid_value_is_converted(convert, text, value):
    assert convert(text) == value


@pytest.mark.parametrize(
    ("convert", "text", "rule"),
    [
        (POSITIVE_INTEGER, "0", "an integer >= 1, got '0'"),
        (POSITIVE_INTEGER, "1.5", "an integer >= 1, got '1.5'"),
        (NON_NEGATIVE_INTEGER, "-1", "an integer >= 0"),
        (POSITIVE_NUMBER, "inf", "a number > 0, got 'inf'"),
        (NON_NEGATIVE_NUMBER, "nan", "a number >= 0"),
        (FRACTION, "0", r"a number in \(0, 1\]"),
        (SEED, "4294967296", "an integer from 0 to "),
        (layer_widths, "5,0", "integers >= 1 separated by commas"),
        (layer_widths, "", "integers >= 1 separated by commas"),
    ],
)
def test_an_invalid_value_is_refused_with_its_rule(convert, text, rule):
    with pytest.raises(argparse.ArgumentTypeError, match=f"must be {rule}"):
        convert(text)
