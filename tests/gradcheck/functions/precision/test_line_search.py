import numpy as np
import pytest
from coarse_functions import both_sides, relu_layer, tanh_layer

from minidl import check_gradients
from minidl.gradcheck.functions.precision.line_integral import Line, LineIntegral, MeanSlope
from minidl.gradcheck.functions.precision.line_search import LineSearch
from minidl.gradcheck.functions.precision.measure import measure_precision


def slopes(cost, gradient, x, seed):
    sides = both_sides(cost, gradient, x)
    rng = np.random.default_rng(seed)
    search = LineSearch(LineIntegral(*sides, measure_precision(*sides, rng), rng))
    directions = rng.standard_normal((4, x.size))
    size = float(np.linalg.norm(gradient(x)))
    return [search.along(Line(direction, size, 1e-7 * size)) for direction in directions], size


@pytest.mark.parametrize("make", [tanh_layer, relu_layer])
@pytest.mark.parametrize("seed", range(4))
def test_right_slopes_are_right_within_narrow_bars(make, seed):
    found, size = slopes(*make(seed), seed)
    assert not any(slope.is_wrong for slope in found)
    assert max(slope.bar for slope in found) < 3e-4 * size


@pytest.mark.parametrize("make", [tanh_layer, relu_layer])
def test_wrong_ones_stay_wrong_at_fresh_points(make):
    found, _ = slopes(*make(1, factor=1.01), 1)
    assert any(slope.is_wrong for slope in found)


@pytest.mark.parametrize("seed", range(6))
def test_spikes_of_a_gradient_elsewhere_do_not_fail(seed):
    x = np.random.default_rng(seed).uniform(0.1, 0.3, 40)  # tanh is saturated here

    def cost(p):
        steps = np.tanh(np.float32(3000) * np.sin(np.float32(20) * p.astype(np.float32)))
        return float(steps.sum() + np.sin(p.astype(np.float32)).sum())

    def gradient(p):
        inner = 3000 * np.sin(20 * p)
        return (1 - np.tanh(inner) ** 2) * 6e4 * np.cos(20 * p) + np.cos(p)

    found = check_gradients(cost, gradient, x, seed=seed)
    assert not found.failures
    assert not check_gradients(cost, lambda p: 1.5 * gradient(p), x, seed=seed).ok


class Stairs:
    """Slopes of a staircase: `error` times the true slope is wrong, plus `height` over a window."""

    noise, is_half, narrowest, has_stairs, stair_noise = 1e-9, False, 1e-9, False, 0.0

    def __init__(self, height, error):
        self.height, self.error = height, error

    def explore(self, line, is_frugal=False):
        return self.over_window(line, 1e-3)

    def jumps(self, line, window):
        return False

    def shared_noise(self, window):
        return 16 * self.noise / window

    def over_window(self, line, window, pairs=4, effort=1):
        gap = self.error + (self.height / window if window < 0.02 else 0.0)
        return MeanSlope(
            1.0 + gap, 1.0, bar=1e-6 + 1e-9 / window, noise=1e-9 / window, window=window
        )

    over_kinks = over_window


@pytest.mark.parametrize("error", [0.0, 1e-4, 1e-3])
def test_a_staircase_does_not_fail_but_a_mistake_on_it_does(error):
    line = Line(np.ones(3), 1.0, 0.0)
    assert LineSearch(Stairs(1e-8, error)).along(line).is_wrong == (error > 0)
    if error == 0:
        assert LineSearch(Stairs(1e-6, error)).along(line).is_wrong  # higher than rounding is


class RoundedEnds:
    """Slopes of a cost that is off by some rounding at the ends of a window, another each time."""

    has_stairs, stair_noise, noise, is_half, narrowest = False, 0.0, 1e-9, False, 1e-9

    def __init__(self, error):
        self.error, self.rng = error, np.random.default_rng(0)

    def explore(self, line, is_frugal=False):
        return self.over_window(line, 0.5)

    def jumps(self, line, window):
        return False

    def shared_noise(self, window):
        return max(8 * self.noise, 6 * self.stair_noise) / window

    def over_window(self, line, window, pairs=4, effort=1):
        gap = self.error + 1.4e-8 * self.rng.choice([-1, 1]) / window
        return MeanSlope(1e-4 + gap, 1e-4, 6e-9 / window, noise=6e-9 / window, window=window)

    over_kinks = over_window


def test_the_noise_of_a_staircase_is_measured_in_windows_of_many_widths():
    line, right = Line(np.ones(3), 1e-4, 0.0), RoundedEnds(0.0)
    assert not LineSearch(right).along(line).is_wrong
    assert right.has_stairs
    assert right.stair_noise == pytest.approx(1.4e-8, rel=0.2)
    wrong = RoundedEnds(1e-6)
    assert LineSearch(wrong).along(line).is_wrong
    LineSearch(wrong)._over_wider(line, wrong.over_window(line, 0.5))
    assert wrong.stair_noise == pytest.approx(1.4e-8, rel=0.2)  # a mistake is no noise


@pytest.mark.parametrize("seed", [5, 12, 25])
def test_one_plus_a_small_square_in_float32_does_not_fail(seed):
    rng = np.random.default_rng(seed)
    size = (300, 400, 1800)[seed % 3]
    x = rng.standard_normal(size) * 10 ** rng.uniform(-4, -1.5)
    w = rng.standard_normal(size).astype(np.float32)

    def cost(p):
        return (w * np.log(1 + p.astype(np.float32) ** 2)).sum()

    def gradient(p, factor=1.0):
        p = p.astype(np.float32)
        return np.float32(factor) * 2 * w * p / (1 + p * p)

    assert not check_gradients(cost, gradient, x).failures
    assert check_gradients(cost, lambda p: gradient(p, -1.0), x).failures
    assert not check_gradients(cost, lambda p: gradient(p, 1.1), x).ok


def test_a_few_hundred_ulps_are_in_the_bar():
    line = Line(np.ones(3), 1.0, 0.0)
    found = LineSearch(Stairs(0.0, 2e-5)).along(line)
    assert not found.is_wrong
    assert found.bar == pytest.approx(4e-5)
    assert LineSearch(Stairs(0.0, 5e-5)).along(line).is_wrong


def test_a_jump_of_the_cost_is_no_mistake():
    class Jumps(Stairs):
        def jumps(self, line, window):
            return True

    line = Line(np.ones(3), 1.0, 0.0)
    assert LineSearch(Stairs(0.0, 1e-3)).along(line).is_wrong
    assert LineSearch(Jumps(0.0, 1e-3)).along(line).bar == np.inf
