import numpy as np
import pytest
from coarse_functions import bfloat16, both_sides
from random_functions import RandomFunction

from minidl import check_gradients
from minidl.gradcheck.functions.precision.half_check import judge_half
from minidl.gradcheck.functions.precision.half_lines import HalfLines
from minidl.gradcheck.functions.precision.measure import measure_precision


def judged(change=lambda g: g, *, is_frugal=False, good=2e-2):
    """The verdict on a gradient in bfloat16 of sum(R tanh(x W))."""
    rng = np.random.default_rng(0)
    w, r = rng.standard_normal((4, 3)), rng.standard_normal((6, 3))

    def gradient(x):
        y = bfloat16(np.tanh(bfloat16(bfloat16(x) @ w)))
        return change(bfloat16(bfloat16(r * bfloat16(1 - y * y)) @ w.T))

    sides = both_sides(
        lambda x: float((r * np.tanh(x @ w)).sum()), gradient, bfloat16(rng.standard_normal((6, 4)))
    )
    precision = measure_precision(*sides, np.random.default_rng(0), has_reference=True)
    lines = HalfLines(slice(0, 24), *sides, precision, np.random.default_rng(0))
    return judge_half(lines, good, is_frugal=is_frugal)


def test_a_right_gradient_has_no_mistake_and_a_small_resolution():
    found = judged()
    assert found.mistake is None
    assert found.resolution < 1e-2
    assert found.error < found.resolution / 2


@pytest.mark.parametrize("factor", [0.95, 1.05, 2, -1])
def test_a_wrong_factor_is_a_mistake(factor):
    assert judged(lambda g: factor * g).mistake is not None


def test_a_factor_of_1_02_hides_but_does_not_pass():
    found = judged(lambda g: 1.02 * g)
    assert found.mistake is None
    assert 2e-2 < found.resolution < 0.1


def one_element(g):
    g = g.copy()
    g[2, 1] += 0.2 * np.linalg.norm(g)
    return g


def test_an_error_in_one_element_is_a_mistake():
    found = judged(one_element)
    assert found.mistake is not None
    assert found.resolution > 0.2


def test_a_frugal_check_leaves_it_at_the_first_lines():
    vague, clear = (judged(good=0.0, is_frugal=frugal) for frugal in (True, False))
    assert vague.resolution != clear.resolution


@pytest.mark.parametrize(("seed", "precision"), [(1002, "float16"), (10, "bfloat16")])
def test_rounding_of_a_right_gradient_passes(seed, precision):
    """Terms of a constant gradient cancel; a mean and a deviation round all elements alike."""
    function = RandomFunction(seed, precision)
    report = check_gradients(
        function.cost, function.gradients, function.parameters, reference=function.reference
    )
    assert report.status == "ok", report.text(colour=False)
