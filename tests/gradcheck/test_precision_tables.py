"""A sample of the tables of precision_tables.py: no right gradient fails, no wrong one is ok."""

import numpy as np
import pytest
from precision_functions import functions
from precision_tables import MISTAKES, check, line, table
from rounded_tape import ROUND, in_precision

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere

NAMES = list(functions(0))


@pytest.mark.parametrize("name", NAMES)
def test_right_functions_in_float32_are_ok(name):
    outcome = check(*functions(3)[name], "float32")
    assert outcome.status == "ok"
    assert outcome.resolution <= 1e-2
    assert outcome.calls <= 4000


@pytest.mark.parametrize("name", NAMES[::7])
@pytest.mark.parametrize("precision", ["bfloat16, reference", "bfloat16", "float16"])
def test_right_functions_in_half_precision_do_not_fail(name, precision):
    outcome = check(*functions(4)[name], precision)
    assert outcome.status != "failed"
    assert outcome.status == "unresolved" or outcome.resolution <= 2e-2


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_in_float32_are_found(mistake):
    for name in NAMES[1::9]:
        assert check(*functions(5)[name], "float32", mistake).status == "failed", name


@pytest.mark.parametrize("mistake", ["x 1.05", "sign", "zero row"])
def test_mistakes_in_bfloat16_are_not_ok(mistake):
    for name in NAMES[2::12]:
        assert check(*functions(6)[name], "bfloat16, reference", mistake).status != "ok", name


def test_a_table_has_a_row_of_counts():
    outcomes = [check(*functions(0)["squares"], "float64")] * 2
    assert line("float64", outcomes).split()[:4] == ["float64", "2", "0", "0"]
    assert len(table("float64", [])) == 0


def test_the_tape_is_right_in_float64():
    for title, (parameters, function) in functions(1).items():
        if "exact zeros" in title:
            continue  # on kinks
        cost, gradients = in_precision(function, "float64")
        g = gradients(parameters)
        for name, array in parameters.items():
            u = np.random.default_rng(0).standard_normal(array.shape)
            ends = [cost(parameters | {name: array + t * u}) for t in (1e-7, -1e-7)]
            slope, size = (ends[0] - ends[1]) / 2e-7, np.linalg.norm(g[name] * u)
            assert abs(slope - (g[name] * u).sum()) <= 1e-4 * (size + abs(ends[0])), name


@pytest.mark.parametrize(("precision", "unit"), [("bfloat16", 2**-8), ("float16", 2**-11)])
def test_numbers_are_rounded_to_the_nearest(precision, unit):
    x = np.random.default_rng(0).standard_normal(100)
    assert (np.abs(ROUND[precision](x) - x) <= unit * np.abs(x)).all()
    np.testing.assert_array_equal(ROUND[precision](ROUND[precision](x)), ROUND[precision](x))
