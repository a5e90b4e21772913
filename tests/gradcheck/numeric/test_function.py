"""A function of one array, in real and in complex arithmetic."""

import numpy as np
import pytest

from minidl.gradcheck.numeric.differences import ComplexStep, RichardsonDifference
from minidl.gradcheck.numeric.function import Function, real_and_complex


def function_of(f, x):
    arrays = real_and_complex(np.asarray(x, float))
    return Function(lambda arithmetic: f(arrays[arithmetic]), arrays)


@pytest.mark.parametrize("scheme", [ComplexStep(), RichardsonDifference()])
def test_the_derivative_along_a_direction(scheme):
    x, direction = np.array([0.3, -1.2]), np.array([2.0, 1.0])
    slope, bound = function_of(np.sin, x).directional_derivative(scheme, direction)
    assert (np.abs(slope - np.cos(x) * direction) <= bound + 1e-15).all()


def test_only_the_elements_of_an_index_move():
    slope, _ = function_of(np.sin, [0.3, -1.2]).directional_derivative(ComplexStep(), 1.0, 1)
    np.testing.assert_allclose(slope, [0, np.cos(-1.2)])


@pytest.mark.parametrize(
    ("f", "reason"),
    [
        (np.tanh, ""),
        (np.abs, "the result is real"),
        (lambda x: x * (np.nan if np.iscomplexobj(x) else 1), "its derivative for weight is NaN"),
        (lambda x: x.conj() * x, "its derivative for weight got lost"),
        (lambda x: np.array([float(v) for v in x]), "imaginary"),
    ],
)
def test_why_the_complex_step_cannot_be_used(f, reason):
    function = function_of(f, [0.3, -1.2])
    why = function.why_not_complex_safe("weight", np.random.default_rng(0), RichardsonDifference())
    assert why == reason or (reason and reason in why)


def steep(x):
    """A step that is over within 1e-6: longer differences do not see its slope."""
    return np.tanh(1e7 * (x - 0.3))


def test_a_steep_function_is_complex_safe_and_a_lost_derivative_beside_it_is_not():
    at = [0.3 + 1e-8, 0.3 - 2e-8]
    rng, scheme = np.random.default_rng(0), RichardsonDifference()
    assert function_of(steep, at).why_not_complex_safe("x", rng, scheme) == ""
    partly_lost = function_of(lambda x: np.array([steep(x[0]), 1e7 * (x[1] + x.real[1])]), at)
    assert "got lost" in partly_lost.why_not_complex_safe("x", rng, scheme)
    steep_and_lost = function_of(lambda x: steep(x) + 0.5 * steep(x.real), at)
    assert "got lost" in steep_and_lost.why_not_complex_safe("x", rng, scheme)


def leaky(x):
    """Kinks at 0, to one side of which the complex step takes each element."""
    return np.array([np.sum(np.where(x.real > 0, x, x / 8) * np.arange(1, 9))])


def test_elements_on_kinks_do_not_make_a_function_unsafe_and_the_arrays_come_back():
    at = np.array([0, 0, 0, 1.0, -2.0, 0, 0, 3.0])
    function = function_of(leaky, at)
    rng, scheme = np.random.default_rng(0), RichardsonDifference()
    assert function.why_not_complex_safe("x", rng, scheme) == ""
    for array in function.arrays.values():
        np.testing.assert_array_equal(array, at)


def test_the_arrays_are_copies():
    x = np.ones(2)
    arrays = real_and_complex(x)
    arrays["real"][...] = 7
    assert arrays["complex"].dtype == np.complex128
    np.testing.assert_array_equal(x, 1)
