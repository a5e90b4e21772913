import numpy as np
import pytest
from coarse_functions import bfloat16, both_sides, tanh_layer

from minidl import check_gradients
from minidl.gradcheck.functions.precision.gradient_noise import measure_gradient_noise

X = np.random.default_rng(3).standard_normal(40)


def measured(gradient, x=X, **options):
    cost, analytic = both_sides(lambda p: float(np.tanh(p).sum()), gradient, x)
    options = {"is_coarse": False} | options
    return measure_gradient_noise(cost, analytic, np.random.default_rng(0), **options)


def right(p):
    return 1 - np.tanh(p) ** 2


def test_a_gradient_in_float64_has_its_rounding():
    assert measured(right).units[0] < 1e-14


@pytest.mark.parametrize(
    ("rounded", "low", "high"),
    [
        (lambda p: right(p).astype(np.float32).astype(float), 2.0**-24, 2.0**-22),
        (lambda p: right(p).astype(np.float16).astype(float), 2.0**-11, 2.0**-9),
        (lambda p: bfloat16(right(p)), 2.0**-8, 2.0**-6),
    ],
)
def test_rounding_at_the_end_is_measured(rounded, low, high):
    assert low <= measured(rounded).units[0] <= high


def test_rounding_inside_shows_where_the_result_has_all_bits():
    cost, gradient, x = tanh_layer()
    _, analytic = both_sides(cost, lambda p: np.pi * gradient(p), x)
    noise = measure_gradient_noise(
        analytic._cost, analytic, np.random.default_rng(0), is_coarse=False
    )
    assert noise.bits == [53]
    assert 1e-9 < noise.units[0] < 1e-5


def test_kinks_are_no_rounding():
    w = np.random.default_rng(0).standard_normal((40, 60))
    assert measured(lambda p: w @ (p @ w > 0) + np.sin(p)).units[0] < 1e-12


def test_chance_and_what_piles_up():
    calls = []

    def piles_up(p):
        calls.append(right(p))
        return sum(calls)

    assert measured(right).chance == 0
    assert measured(piles_up).chance > 1


def test_a_number_that_shows_no_format_is_measured_farther_away():
    def rounded(p):
        return bfloat16(-4 + 3 * (p - 1))

    assert (rounded(np.array([1.0])) == -4).all()
    noise = measured(rounded, np.array([1.0]))
    assert noise.bits == [8]
    assert noise.units[0] >= 2.0**-8
    assert measured(lambda p: np.full(1, -4.0), np.array([1.0])).bits == [0]


def test_round_numbers_that_change_are_rounding_where_there_is_a_reference():
    def noise_of_cancellation(p):
        return 2.0**-11 * np.sign(np.sin(1e6 * p))

    assert measured(noise_of_cancellation, has_reference=True).bits == [8]
    assert measured(noise_of_cancellation).bits == [0]  # kinks have such gradients, too


@pytest.mark.parametrize("seed", range(6))
def test_products_in_float32_of_numbers_rounded_to_bfloat16_are_rounded_as_these(seed):
    x = bfloat16(np.random.default_rng(seed).standard_normal(4))

    def gradient(p):
        a = bfloat16(np.exp(bfloat16(p)))
        return np.float32(np.sin(a)) * np.float32(a)

    report = check_gradients(
        lambda p: -np.cos(bfloat16(np.exp(bfloat16(p)))).sum(),
        gradient,
        x,
        reference=lambda p: -np.cos(np.exp(p)).sum(),
    )
    assert report.failures == []


@pytest.mark.parametrize(
    ("gradient", "is_coarse", "turns"),
    [
        (lambda p: np.cos(1e6 * p), False, True),
        (lambda p: (4e15 * np.sin(2 * p) + 1 - 8e15 * np.sin(p) * np.cos(p)) * p, False, False),
        (lambda p: 1.234 * (bfloat16(p + 8) - 8), True, False),  # it stays over tiny moves
        (right, False, False),
    ],
)
def test_a_gradient_that_turns_within_short_moves_is_told_from_noise(gradient, is_coarse, turns):
    assert measured(gradient, is_coarse=is_coarse).turns == [turns]
