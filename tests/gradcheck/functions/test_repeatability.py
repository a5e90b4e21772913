"""Gradients that are not the same when they are called again."""

import numpy as np
import pytest

from minidl import check_gradients
from minidl.gradcheck.constants import EPS
from minidl.gradcheck.functions.pytree import ParameterTree
from minidl.gradcheck.functions.repeatability import compare_calls

FIRST = np.array([1.0, -2.0, 0.5, 3.0])
LAST = np.array([0.0, 0.0, 0.0, 1.0])
LEAVES = ParameterTree({"a": FIRST[:2], "b": FIRST[2:]}).leaves


def compared(*runs, noisy=()):
    return compare_calls(list(runs), list(noisy), LEAVES, [EPS, EPS])


def test_the_same_and_rounding_are_nothing():
    found = compared(FIRST, FIRST, FIRST * (1 + 4 * EPS), FIRST)
    assert (found.kind, found.changed, found.violation) == ("", [], None)


def test_rounding_that_noise_reveals_is_nothing():
    runs = [FIRST, FIRST + 1e-9 * LAST, FIRST, FIRST]
    assert compared(*runs).changed == ["b"]
    assert not compared(*runs, noisy=[FIRST + 1e-7 * LAST]).changed


@pytest.mark.parametrize(
    ("runs", "kind"),
    [
        ([FIRST, 2 * FIRST, 3 * FIRST, 4 * FIRST], "piles up"),
        ([6 * FIRST, 7 * FIRST, 8 * FIRST, 9 * FIRST], "piles up"),
        ([FIRST, FIRST + 1, FIRST + 1, FIRST + 1], "stateful"),
        ([FIRST, 0.9 * FIRST, 0.81 * FIRST, 0.729 * FIRST], "stateful"),
        ([FIRST + 0.1 * LAST, 0.9 * FIRST, FIRST, FIRST + 0.05], "random"),
    ],
)
def test_how_they_differ_is_named(runs, kind):
    found = compared(*runs)
    assert found.kind == kind
    assert found.violation.startswith(kind)


def test_the_arrays_that_differ_are_named():
    found = compared(FIRST, FIRST + LAST, FIRST, FIRST)
    assert found.changed == ["b"]
    assert "gradient of b," in found.violation


@pytest.mark.parametrize(
    ("precision", "rounding", "chance"),
    [(2.0**-23, 4e-6, 1e-4), (2.0**-10, 1e-2, 0.2), (2.0**-7, 2e-2, 0.2)],
)
def test_chance_shows_in_low_precision(precision, rounding, chance):
    for change, kind in ((rounding, ""), (chance, "random")):
        runs = [FIRST * (1 + change * step) for step in (0.0, 1.0, 0.3, 0.7)]
        assert compare_calls(runs, [], LEAVES, [precision, precision]).kind == kind


def test_a_float32_gradient_that_is_random_by_3e_4_fails():
    rng = np.random.default_rng(1)

    def gradient(x):
        return (x**3 * (1 + 3e-4 * rng.random(x.shape))).astype(np.float32)

    x = np.random.default_rng(0).standard_normal(14)
    report = check_gradients(lambda p: np.float32((p**4).sum() / 4), gradient, x)
    assert "random" in report.failures[0].diagnosis
