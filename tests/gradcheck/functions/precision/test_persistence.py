import numpy as np
import pytest

from minidl.gradcheck.functions.precision.line_integral import MeanSlope
from minidl.gradcheck.functions.precision.persistence import persists


def slope(gap, bar=1.0):
    return MeanSlope(analytic=5 + gap, numeric=5.0, bar=bar)


def points(gaps):
    rest = iter(gaps)
    return lambda distance: slope(next(rest))


def test_what_is_far_outside_of_its_bar_is_a_mistake_unless_it_is_here_alone():
    assert persists(slope(9.0), lambda distance: MeanSlope()) == (True, 9.0)  # the domain ends
    assert persists(slope(9.0), points([3, -4, 2, 0, 5, 2]))[0]
    assert not persists(slope(9.0), points([0.1, -0.2, 8.0, 0.1, -9.0, 0.3]))[0]


@pytest.mark.parametrize("sign", [1, -1])
def test_what_is_the_same_everywhere_is_a_mistake(sign):
    gaps = sign * np.array([1.9, 2.1, 2.0, 1.8, 2.2, 2.0])
    assert persists(slope(2.0 * sign), points(gaps))[0]


@pytest.mark.parametrize(
    "gaps", [[1, -2, 1, 0.5, 3, 1], [0.1, 2, 0.3, 1.5, 0.6, 2.5], [-2, -2, -2, -2, -2, -2]]
)
def test_what_changes_is_rounding(gaps):
    is_mistake, gap = persists(slope(2.0), points(gaps))
    assert not is_mistake
    assert gap == max(2.0, *np.abs(gaps))


def test_points_outside_of_the_domain_do_not_count():
    distances = []

    def at(distance):
        distances.append(distance)
        return slope(2.0 + 0.01 * len(distances)) if distance < 0.2 else MeanSlope()

    assert persists(slope(2.0), at)[0]
    assert len(set(distances)) == 2
    assert persists(slope(2.0), lambda distance: MeanSlope()) == (False, 2.0)


def test_a_difference_that_is_too_small_is_no_mistake():
    gaps = np.array([1.9, 2.1, 2.0, 1.8, 2.2, 2.0])
    assert persists(slope(2.0), points(gaps), least=1.9)[0]
    assert not persists(slope(2.0), points(gaps), least=2.1)[0]
