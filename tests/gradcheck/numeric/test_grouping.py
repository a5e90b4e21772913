"""Groups of elements: what fits, what is independent, what is affine."""

import numpy as np
import pytest

from minidl.gradcheck.numeric.differences import ComplexStep
from minidl.gradcheck.numeric.function import Function, real_and_complex
from minidl.gradcheck.numeric.grouping import (
    CHANNELS,
    ELEMENTWISE,
    ROWS,
    SINGLE,
    STRATEGIES,
    UNITS,
    affine_difference,
    are_independent,
)

X = np.random.default_rng(7).standard_normal((4, 3))


def function_of(f, x):
    arrays = real_and_complex(np.asarray(x, float))
    return Function(lambda arithmetic: f(arrays[arithmetic]), arrays)


@pytest.mark.parametrize(
    ("array", "output", "fitting"),
    [
        ((4, 3), (4, 3), [ELEMENTWISE, CHANNELS, ROWS, SINGLE]),
        ((3, 2, 2, 5), (4, 6, 6, 5), [CHANNELS, SINGLE]),
        ((5, 3), (4, 2, 5), [UNITS, SINGLE]),
        ((5, 3), (4, 5), [UNITS, SINGLE]),
        ((5,), (4, 5), [UNITS, SINGLE]),
        ((4, 3), (), [SINGLE]),
        ((), (4, 3), [SINGLE]),
    ],
)
def test_the_groups_that_fit_the_shapes(array, output, fitting):
    assert [group for group in STRATEGIES if group.fits(array, output)] == fitting


@pytest.mark.parametrize(
    ("group", "calls"), [(ELEMENTWISE, 1), (UNITS, 3), (CHANNELS, 4), (ROWS, 3), (SINGLE, 12)]
)
def test_the_number_of_forward_calls(group, calls):
    assert group.forward_calls((4, 3)) == calls


@pytest.mark.parametrize(
    ("f", "group", "independent"),
    [
        (np.tanh, ELEMENTWISE, True),
        (lambda x: x - x.mean(axis=0), ELEMENTWISE, False),
        (lambda x: x - x.mean(axis=1, keepdims=True), ROWS, True),
        (lambda x: x - x.mean(axis=0), ROWS, False),
        (lambda x: X @ x.T, UNITS, True),
        (lambda x: x.T @ x[:, ::-1], CHANNELS, False),
        (lambda x: X.T @ x, CHANNELS, True),
        (lambda x: np.cumsum(X @ x.T, axis=1), UNITS, False),
    ],
)
def test_outputs_of_other_elements_stay_as_they_are(f, group, independent):
    rng = np.random.default_rng(0)
    assert are_independent(function_of(f, X), ComplexStep(), group, rng) == independent


@pytest.mark.parametrize(
    ("f", "affine"), [(lambda x: 3 * x + 1, True), (np.tanh, False), (np.cosh, False)]
)
def test_only_an_affine_function_gets_an_affine_difference(f, affine):
    function, direction = function_of(f, X), np.ones(X.shape)
    slope, _ = function.directional_derivative(ComplexStep(), direction)
    assert (affine_difference(function, direction, slope) is not None) == affine
