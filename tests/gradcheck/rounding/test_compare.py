"""Verdicts: pass, fail and unresolved, from error bars that hold."""

import numpy as np
import pytest
from helpers import in_dtype

from minidl import LeakyReLU, Linear, Sigmoid, Softmax, Tanh
from minidl.gradcheck import Check
from minidl.gradcheck.constants import EPS, RELATIVE_NOISE
from minidl.gradcheck.layer_harness import LayerHarness
from minidl.gradcheck.numeric.numeric_gradient import NumericGradient
from minidl.gradcheck.rounding.compare import compare, relative_error, rounding_bar
from minidl.gradcheck.sandbox import ModelSandbox


def verdict(analytic, numeric, *, bar=1e-12, error=0.0, **more):
    """Return the check of one array against another."""
    analytic, numeric = np.array(analytic, float), np.array(numeric, float)
    numeric_gradient = NumericGradient(
        numeric, np.full(numeric.shape, error), "complex step", **more
    )
    return compare(
        Check(0, "layer", "weight", component="Linear(2, 2)"),
        analytic,
        numeric_gradient,
        np.full(analytic.shape, bar),
    )


def test_equal_arrays_pass():
    check = verdict([[1.0, -2.0]], [[1.0, -2.0]])
    assert (check.verdict, check.difference, check.elements, check.method) == (
        "pass",
        0.0,
        2,
        "complex step",
    )
    assert (check.worst, check.diagnosis) == ({}, "")


@pytest.mark.parametrize(("gap", "expected"), [(0.9e-12, "pass"), (1.1e-12, "fail")])
def test_the_bar_decides(gap, expected):
    assert verdict([gap], [0.0], bar=1e-12).verdict == expected


@pytest.mark.parametrize(("error", "expected"), [(0.0, "fail"), (2e-6, "pass")])
def test_the_numeric_side_brings_an_error_of_its_own(error, expected):
    assert verdict([1.0 + 1e-6], [1.0], error=error).verdict == expected


def test_the_worst_element_is_that_of_the_largest_gap():
    check = verdict([[1.0, 2.0], [3.1, 9.0]], [[1.0, 2.0], [3.0, 4.0]])
    assert check.worst == {"index": [1, 1], "analytic": 9.0, "numeric": 4.0, "bar": 1e-12}
    assert check.verdict == "fail"


def test_the_worst_element_is_one_that_is_wrong():
    numeric_gradient = NumericGradient(np.array([0.0, 0.0]), np.zeros(2), "")
    check = compare(
        Check(0, "layer", "bias"), np.array([5.0, 1.0]), numeric_gradient, np.array([10.0, 0.0])
    )
    assert check.worst["index"] == [1]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_fails_and_is_the_worst(bad):
    check = verdict([1.0, bad, 7.0], [1.0, 2.0, 3.0])
    assert (check.verdict, check.difference, check.worst["index"]) == ("fail", 1.0, [1])


def test_a_single_number_has_the_empty_index():
    check = verdict(2.0, 1.0)
    assert check.verdict == "fail"
    assert check.worst["index"] == []


def test_another_shape_fails():
    check = compare(
        Check(0, "layer", "bias"),
        np.ones((2, 1)),
        NumericGradient(np.ones(2), np.zeros(2), ""),
        np.zeros(()),
    )
    assert (check.verdict, check.difference) == ("fail", 1.0)
    assert "(2, 1)" in check.diagnosis
    assert "(2,)" in check.diagnosis


def kinked(analytic, **more):
    return verdict(
        analytic, [0.0, 1.0], lower=np.array([0.0, 1.0]), upper=np.array([2.0, 1.0]), **more
    )


@pytest.mark.parametrize("value", [0.0, 1.0, 2.0])
def test_at_a_kink_every_slope_between_the_one_sided_ones_is_right(value):
    check = kinked([value, 1.0])
    assert (check.verdict, check.kinks, check.difference) == ("pass", 1, 0.0)


@pytest.mark.parametrize("value", [-0.1, 2.1])
def test_at_a_kink_what_lies_outside_is_wrong(value):
    assert kinked([value, 1.0]).verdict == "fail"


def test_where_kinks_mingle_nothing_is_decided():
    check = kinked([9.0, 1.0], kinks_overlap=True)
    assert check.verdict == "unresolved"
    assert "kinks" in check.diagnosis
    assert check.resolution == np.inf
    assert kinked([1.0, 1.0], kinks_overlap=True).verdict == "pass"


@pytest.mark.parametrize(("bar", "expected"), [(1e-4, "pass"), (1e-2, "unresolved")])
def test_bars_that_hide_the_gradient_leave_it_open(bar, expected):
    check = verdict([1.0], [1.0], bar=bar)
    assert check.verdict == expected
    assert ("rounding floor" in check.diagnosis) == (expected == "unresolved")


def test_a_bar_without_end_is_no_proof():
    assert verdict([1.0], [5.0], error=np.inf).verdict == "unresolved"


def test_elements_that_are_zero_on_both_sides_count_as_untested():
    assert verdict([0.0, 0.0, 1.0], [0.0, 0.0, 1.0]).untested == 2


@pytest.mark.parametrize(
    ("a", "n", "expected"),
    [([3.0], [1.0], 0.5), ([0.0], [0.0], 0.0), ([1.0], [-1.0], 1.0), ([0.0, 0.0], [3.0, 4.0], 1.0)],
)
def test_the_difference_is_the_relative_error(a, n, expected):
    assert relative_error(np.array(a), np.array(n)) == expected


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_the_difference_of_what_is_not_finite_is_never_small(bad):
    assert not relative_error(np.array([bad, 1.0]), np.ones(2)) < 1


# The bar of the analytic gradient covers its error against a reference in higher precision.

ACTIVATIONS = {
    "sigmoid": (Sigmoid(), lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
    "tanh": (Tanh(), lambda x: 1 / np.cosh(x) ** 2),
    "leaky": (LeakyReLU(0.1), lambda x: np.where(x > 0, np.longdouble(1), np.longdouble(0.1))),
}


def bars(layer, x, cotangent):
    """Return (analytic, its bars) of a layer in float64."""
    with ModelSandbox([layer]) as sandbox:
        harness = LayerHarness(sandbox, 0)
        gradients = harness.gradients(x, cotangent)
        noisy = harness.noisy_gradients(x, cotangent, np.random.default_rng(5))
    return gradients, {
        name: rounding_bar(gradient, [run[name] for run in noisy])
        for name, gradient in gradients.items()
    }


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_bar_covers_the_rounding_of_an_activation(name, scale):
    layer, derivative = ACTIVATIONS[name]
    rng = np.random.default_rng(2)
    x, c = scale * rng.standard_normal((20, 10)), rng.standard_normal((20, 10))
    gradients, bar = bars(layer, x, c)
    exact = derivative(x.astype(np.longdouble)) * c
    assert (np.abs(gradients["input"] - exact) <= bar["input"]).all()
    assert (
        bar["input"] <= 1e-10 * np.abs(exact) + 1e-12 * (np.abs(c) + 1)
    ).all()  # ... and a factor 1 + 1e-9 would be seen


@pytest.mark.parametrize("m", [1, 30])
def test_the_bar_covers_the_rounding_of_a_linear_layer(m):
    rng = np.random.default_rng(3)
    layer = in_dtype(Linear(40, 5), np.float64)
    x, c = rng.standard_normal((m, 40)), rng.standard_normal((m, 5))
    x[:, :3] *= 1e8  # sums in which a large number hides the small ones
    gradients, bar = bars(layer, x, c)
    long_x, long_c, weight = (
        x.astype(np.longdouble),
        c.astype(np.longdouble),
        layer.weight.value.astype(np.longdouble),
    )
    for name, exact in (
        ("weight", long_c.T @ long_x),
        ("bias", long_c.sum(axis=0)),
        ("input", long_c @ weight),
    ):
        assert (np.abs(gradients[name] - exact) <= bar[name]).all(), name
        assert bar[name].max() <= 1e-9 * np.abs(exact).max(), name


def test_the_bar_covers_the_cancellation_in_softmax():
    rng = np.random.default_rng(4)
    x, c = 20 * rng.standard_normal((30, 6)), rng.standard_normal((30, 6)) + 1e4
    gradients, bar = bars(Softmax(), x, c)
    e = np.exp(x.astype(np.longdouble))
    y = e / e.sum(axis=1, keepdims=True)
    exact = y * (c - (c * y).sum(axis=1, keepdims=True))
    assert (np.abs(gradients["input"] - exact) <= bar["input"]).all()


def test_the_bar_of_an_exact_gradient_is_a_few_ulps():
    np.testing.assert_allclose(rounding_bar(np.array([0.0, 2.0]), []), [0.0, 32 * EPS])


def test_the_bar_grows_with_what_noise_shows():
    gradient = np.ones(2)
    noisy = [
        gradient + np.array([0.0, RELATIVE_NOISE]),
        gradient - np.array([0.0, 2 * RELATIVE_NOISE]),
    ]
    bar = rounding_bar(gradient, noisy)
    assert bar[1] == pytest.approx(2 * 50 * EPS + 16 * EPS)
    assert bar[0] == 16 * EPS


def test_the_resolution_is_the_smallest_relative_error_that_is_seen():
    check = verdict([3.0, 4.0], [3.0, 4.0], bar=5e-9)
    assert check.resolution == pytest.approx(np.sqrt(2) * 1e-9)
    assert verdict([1.0], [5.0], error=np.inf).resolution == np.inf
    assert verdict([0.0], [0.0]).resolution == np.inf


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_sizes_whose_squares_are_no_numbers_are_compared_as_others(size):
    check = verdict([3 * size, 4 * size], [3 * size, 5 * size], bar=1e-12 * size)
    assert check.verdict == "fail"
    assert check.difference == pytest.approx(1 / (5 + np.sqrt(34)))
