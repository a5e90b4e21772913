"""Each scheme is right within its own error bound and restores the array bit for bit."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl.gradcheck.numeric.differences import (
    AffineDifference,
    CentralDifference,
    ComplexStep,
    NotComplexSafe,
    RichardsonDifference,
    RombergDifference,
)

SMOOTH = {
    "exp": (np.exp, np.exp),
    "sin": (np.sin, np.cos),
    "cube": (lambda x: x**3, lambda x: 3 * x**2),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / x**2),
    "log": (np.log, lambda x: 1 / x),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
    "constant": (lambda x: 0 * x + 3, lambda x: 0 * x),
}
STEPS = {
    "complex": ComplexStep(),
    "central": RichardsonDifference(),
    "course": CentralDifference(1e-5),
}


def along(step, f, x, direction, index=...):
    """Return (slope, bound) of f at a copy of x."""
    array = np.array(x, np.complex128 if step.arithmetic == "complex" else np.float64)
    return step.along(lambda: f(array), array, index, direction)


@pytest.mark.parametrize("function", SMOOTH)
@pytest.mark.parametrize("step", STEPS)
def test_the_slope_of_a_smooth_function_lies_within_the_bound(step, function):
    f, derivative = SMOOTH[function]
    x, u = np.array([0.3, 1.1, 2.5, 7.0]), np.array([1.0, -0.5, 0.25, -2.0])
    slope, bound = along(STEPS[step], f, x, u)
    expected = derivative(x) * u
    rounding = 8 * np.finfo(float).eps * np.abs(expected)
    assert (np.abs(slope - expected) <= bound + rounding).all()
    assert (
        bound <= 1e-4 * np.abs(expected) + 1e-8
    ).all()  # a bound that is always huge would prove nothing


@given(st.floats(-50, 50), st.sampled_from([1e-3, 1.0, 30.0]))
def test_the_central_bound_holds_at_any_point(x, stretch):
    slope, bound = along(
        RichardsonDifference(), lambda a: np.sin(a * stretch) * np.exp(a / 20), [x], 1.0
    )
    expected = (stretch * np.cos(x * stretch) + np.sin(x * stretch) / 20) * np.exp(x / 20)
    assert abs(slope[0] - expected) <= bound[0] + 1e-12


def test_the_complex_step_is_exact_where_a_difference_is_not():
    x, u = np.array([1.5]), np.array([1.0])
    expected = 3 * 1.5**2
    assert along(ComplexStep(), SMOOTH["cube"][0], x, u)[0][0] == expected
    assert along(CentralDifference(1e-2), SMOOTH["cube"][0], x, u)[0][0] != expected


@pytest.mark.parametrize(("direction", "slope"), [(1.0, 1.0), (-1.0, 0.0)])
def test_the_complex_step_sees_one_side_of_a_kink(direction, slope):
    assert along(ComplexStep(), lambda x: np.maximum(x, 0), [0.0], direction)[0][0] == slope


@pytest.mark.parametrize(
    "step", [RichardsonDifference(), CentralDifference(1e-5)], ids=["central", "course"]
)
def test_at_a_kink_the_bound_covers_both_one_sided_slopes(step):
    slope, bound = along(step, lambda a: np.maximum(a, 0), [0.0], 1.0)
    assert slope[0] - bound[0] <= 0 <= 1 <= slope[0] + bound[0]


@pytest.mark.parametrize(
    "step", [RichardsonDifference(), CentralDifference(1e-5)], ids=["central", "course"]
)
@pytest.mark.parametrize("x", [1e-3, 1e-5, 1e-7, 1e-9, -1e-9, -1e-7, -1e-4])
def test_beside_a_kink_the_bound_covers_the_slope(step, x):
    slope, bound = along(step, lambda a: np.maximum(a, 0), [x], 1.0)
    assert abs(slope[0] - (x > 0)) <= bound[0]


def test_a_slope_too_steep_for_the_complex_step_has_no_bound():
    _, bound = along(ComplexStep(), lambda x: x * 1e55, [1.0, 1.0], np.array([1.0, 0.0]))
    assert np.isinf(bound[0])
    assert bound[1] < 1e-200


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.real,
        lambda x: np.abs(x),
        lambda x: float(x[0]),
        lambda x: math.exp(x[0]),
        lambda x: x.astype(np.float64),
    ],
    ids=["real part", "abs", "float", "math", "cast"],
)
def test_code_that_loses_the_imaginary_part_is_not_complex_safe(f):
    with pytest.raises(NotComplexSafe):
        along(ComplexStep(), f, [0.5], 1.0)


def test_writing_into_a_real_buffer_is_not_complex_safe():
    buffer = np.zeros(2)

    def f(x):
        buffer[...] = x
        return buffer * 1j

    with pytest.raises(NotComplexSafe, match="imaginary"):
        along(ComplexStep(), f, [0.5, 1.0], 1.0)


def test_a_real_result_says_so():
    with pytest.raises(NotComplexSafe, match="the result is real"):
        along(ComplexStep(), lambda x: x.real, [0.5], 1.0)


@pytest.mark.parametrize("scale", [0.0, 1e-6, 1.0, 1e8])
def test_the_affine_step_is_exact_to_rounding(scale):
    rng = np.random.default_rng(0)
    A, b, x, u = (
        rng.standard_normal((5, 3)),
        scale * rng.standard_normal(5),
        rng.standard_normal(3),
        rng.standard_normal(3),
    )
    array = x.copy()
    step = AffineDifference(lambda: A @ array + b)
    slope, bound = step.along(lambda: A @ array + b, array, ..., u)
    assert (np.abs(slope - A @ u) <= bound).all()
    assert bound.max() < 1e-13


def test_the_affine_step_of_a_curved_function_is_far_off():
    array = np.ones(1)
    step = AffineDifference(lambda: array**2)
    slope, bound = step.along(lambda: array**2, array, ..., 1.0)
    assert abs(slope[0] - 2) > 100 * bound[0]


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("fails_at", [None, 1, 3])
def test_the_array_comes_back_bit_for_bit(number, fails_at):
    start = np.array([[0.1, -0.0, 1e-300], [1e300, -3.0, 1 / 3]])
    step = [*STEPS.values(), AffineDifference(lambda: start * 2)][number]
    array = start.astype(np.complex128 if step.arithmetic == "complex" else np.float64)
    before, calls = array.tobytes(), []

    def f():
        calls.append(1)
        if fails_at == len(calls):
            raise RuntimeError("in the middle")
        return array * 2

    with np.errstate(all="ignore"):
        if fails_at and (fails_at == 1 or step.name not in ("complex step", "affine difference")):
            with pytest.raises(RuntimeError):
                step.along(f, array, ..., np.ones(array.shape))
        else:
            step.along(f, array, ..., np.ones(array.shape))
    assert array.tobytes() == before


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("index", "moved"),
    [
        (..., [[1, 1], [1, 1]]),
        ((slice(None), 1), [[0, 1], [0, 1]]),
        ((1, 0), [[0, 0], [1, 0]]),
        (0, [[1, 1], [0, 0]]),
    ],
)
def test_only_the_elements_of_the_index_move(step, index, moved):
    x = np.array([[0.5, 1.0], [1.5, 2.0]])
    slope, _ = along(STEPS[step], lambda a: a**2, x, 3.0, index)
    np.testing.assert_allclose(slope, 3 * 2 * x * moved, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("number", range(4))
def test_f_may_return_the_array_itself_or_a_view(number):
    step = [*STEPS.values(), AffineDifference(lambda: np.ones((3, 2)))][number]
    array = np.ones((2, 3), np.complex128 if step.arithmetic == "complex" else np.float64)
    u = np.arange(6.0).reshape(2, 3)
    slope, _ = step.along(lambda: array.T, array, ..., u)
    np.testing.assert_allclose(slope, u.T, rtol=1e-7, atol=1e-12)


def test_the_central_step_gets_shorter_where_it_leaves_the_domain():
    def f(x):
        return np.array([math.log(v) for v in x])  # a ValueError at 0 and below

    slope, bound = along(RichardsonDifference(), f, [1e-5], 1.0)
    assert abs(slope[0] - 1e5) <= bound[0] < 1e3


def test_the_central_step_gets_longer_where_rounding_hides_the_slope():
    x = np.array([1e8])
    slope, bound = along(RichardsonDifference(), lambda a: 1e-3 * a + 1e4, x, 1.0)
    assert abs(slope[0] - 1e-3) <= bound[0] < 1e-8


def test_the_longer_step_must_agree_with_the_shorter_one():
    # All steps but the shortest saturate: a slope of 0 with a small bound would be wrong.
    slope, bound = along(RichardsonDifference(), lambda a: np.tanh((a - 100) * 50), [100.0], 1.0)
    assert abs(slope[0] - 50) <= bound[0]


def test_a_function_that_is_nowhere_defined_has_no_bound():
    calls = []

    def f(x):
        calls.append(1)
        if len(calls) > 1:
            raise ValueError("outside")
        return x * 1

    _, bound = along(RichardsonDifference(), f, [1.0], 1.0)
    assert np.isinf(bound).all()


def test_not_a_number_has_no_bound():
    with np.errstate(all="ignore"):
        _, bound = along(RichardsonDifference(), lambda x: np.log(x - 1e9), [1.0], 1.0)
    assert not np.isfinite(bound).any()


def test_the_course_step_is_the_formula_of_the_course():
    x, h = 1.3, 1e-4
    slope, _ = along(CentralDifference(h), np.exp, [x], 1.0)
    assert slope[0] == (np.exp(x + h) - np.exp(x - h)) / (2 * h)
    assert re.search("epsilon = 0.0001", CentralDifference(h).name)


def test_the_best_of_all_steps_is_more_precise():
    x = np.linspace(0.1, 2, 50)
    direction = np.linspace(-1, 1.5, 50)
    expected = (np.cos(x) * direction).sum()
    for precise, largest in ((False, 1e-3), (True, 1e-8)):
        scheme = RichardsonDifference(is_precise=precise)
        slope, bound = scheme.along(lambda: np.sin(x).sum(), x, ..., direction)
        assert abs(slope - expected) <= bound < largest


@pytest.mark.parametrize("far", [0.0, 0.02])
def test_romberg_is_precise_and_stops_at_a_kink(far):
    x = np.array([0.7, -1.2])
    direction = np.array([1.0, 0.5])

    def f():
        return np.sin(x).sum() + np.abs(x[0] - 0.7 - far) * (far > 0)

    slope, bound = RombergDifference().along(f, x, ..., direction)
    right = np.cos(x) @ direction - (far > 0)
    assert abs(slope - right) <= bound < (1e-9 if far else 1e-12)


def test_romberg_knows_nothing_at_a_kink_nor_outside_of_the_domain():
    x = np.zeros(1)
    _, bound = RombergDifference().along(lambda: np.abs(x + 1e-9).sum(), x, ..., np.ones(1))
    assert bound > 0.1
    y = np.full(1, 1e-3)
    with np.errstate(all="ignore"):
        slope, bound = RombergDifference().along(lambda: np.sqrt(y).sum(), y, ..., np.ones(1))
    assert abs(slope - 0.5 / np.sqrt(y[0])) <= bound < 1e-6


def test_a_central_difference_over_a_saturated_function_bounds_its_error():
    x = np.zeros(1)
    slope, bound = CentralDifference(1e-5).along(lambda: np.tanh(1e6 * x), x, 0, 1.0)
    assert abs(slope[0] - 1e6) <= bound[0]


def test_romberg_sees_a_slight_kink_at_the_point_beside_a_large_value():
    x = np.zeros(1)
    slope, bound = RombergDifference().along(
        lambda: 1e5 + np.sin(x).sum() + 1e-6 * np.abs(x).sum(), x, ..., np.ones(1)
    )
    assert 1e-6 <= bound < 1e-4  # both one-sided slopes, 1 - 1e-6 and 1 + 1e-6, are within
    assert abs(slope - 1) <= bound


def test_romberg_bounds_its_error_where_a_second_derivative_jumps():
    x = np.array([0.7, 0.0])
    slope, bound = RombergDifference().along(
        lambda: 1e3 + np.sin(x[0]) + x[1] * abs(x[1]), x, ..., np.ones(2)
    )
    assert abs(slope - np.cos(0.7)) <= bound < 1e-4


def test_a_long_step_over_many_kinks_is_no_better_than_short_ones():
    """Far from the kinks their slopes cancel: quotients of long steps are small, and agree."""
    outside = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        kinks = rng.choice([-1, 1], 300) * 10.0 ** rng.uniform(-10, -5, 300)
        weights = rng.standard_normal(300) * np.abs(kinks) ** -0.2
        weights -= weights.mean()
        x = np.zeros(1)
        slope, bound = RichardsonDifference(is_precise=True).along(
            lambda x=x, w=weights, k=kinks: np.asarray((w * np.abs(x[0] - k)).sum()),
            x,
            ...,
            np.ones(1),
        )
        outside += abs(slope + (weights * np.sign(kinks)).sum()) > bound
    assert outside <= 2  # 159 of them, if a smaller bound decides
