import numpy as np
import pytest

from minidl.gradcheck.functions.precision.resolution import resolution


@pytest.mark.parametrize("spread", [1, 2, 30])
def test_an_error_of_the_resolution_is_not_missed(spread):
    rng = np.random.default_rng(0)
    gradient, bars = rng.standard_normal(30), [0.01] * 10
    missed = 0
    for _ in range(1000):
        directions = [rng.choice([-1, 1], 30) * rng.uniform(0.5, 1.5, 30) for _ in bars]
        error = np.zeros(30)
        error[:spread] = rng.standard_normal(spread)
        size = resolution(gradient, directions, bars) * np.linalg.norm(gradient)
        error *= size / np.linalg.norm(error)
        missed += all(abs(d @ error) < bar for d, bar in zip(directions, bars, strict=True))
    assert missed <= 2


def test_it_follows_the_bars_and_the_element_that_moved_least():
    gradient = np.ones(4)
    directions = [np.array([1.0, -1.0, 1.0, -1.0])] * 6
    once = resolution(gradient, directions, [0.1] * 6)
    assert resolution(gradient, directions, [0.2] * 6) == pytest.approx(2 * once)
    still = [np.array([1.0, 1.0, 1.0, 1e-6])] * 6
    assert resolution(gradient, still, [0.1] * 6) == pytest.approx(0.1 / 1e-6 / 2)


def test_nothing_is_seen_of_zeros_and_without_bars():
    assert resolution(np.zeros(2), [np.ones(2)], [1.0]) == np.inf
    assert resolution(np.ones(2), [], []) == np.inf
    assert resolution(np.ones(2), [np.ones(2)], [np.inf]) == np.inf
    assert resolution(np.array([2.0]), [np.ones(1)], [0.1]) == pytest.approx(0.05)


@pytest.mark.parametrize("gradient", [[1.0, 2.0], [0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
@pytest.mark.parametrize("bars", [[1e-3, np.nan], [np.nan, 1e-3], [np.inf, np.nan], [1e-3, 1e-3]])
def test_it_is_always_a_number(gradient, bars):
    directions = [np.array([1.0, -1.0]), np.array([1.0, 1.0])]
    reached = resolution(np.array(gradient), directions, bars)
    assert reached > 0
    assert np.isfinite(reached) or not (gradient == [1.0, 2.0] and 1e-3 in bars)
