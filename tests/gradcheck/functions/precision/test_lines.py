import numpy as np

from minidl.gradcheck.functions.precision.line_integral import Line, MeanSlope
from minidl.gradcheck.functions.precision.lines import Lines

GRADIENT = np.array([3.0, -4.0, 0.0])


class Search:
    """Returns the same slope along all lines."""

    def along(self, line):
        return MeanSlope(1.0, 1.0, bar=line.size)


def lines(move):
    rng = np.random.default_rng(0)
    return Lines(GRADIENT, np.array(move), lambda d: Line(d, 2.0, 0.0), Search(), rng)


def test_the_first_goes_uphill_and_the_others_at_random():
    first, *others = lines([1.0, 1.0, 1.0]).take(6)
    assert not first.direction.is_random
    assert (first.direction.vector * GRADIENT >= 0).all()
    assert all(probe.direction.is_random for probe in others)
    assert len({tuple(probe.direction.vector) for probe in others}) == 5


def test_they_go_on_where_they_ended():
    found = lines([1.0, 1.0, 1.0])
    assert [probe.direction.is_random for probe in (*found.take(1), *found.take(2))] == [0, 1, 1]


def test_one_element_has_one_random_direction_and_zeros_have_none():
    assert len(list(lines([0.0, 2.0, 0.0]).take(9))) == 2
    assert list(lines([0.0, 0.0, 0.0]).take(9)) == []


def test_bars_are_relative_to_what_random_errors_would_change():
    found = lines([1.0, 1.0, 1.0])
    (probe,) = found.take(1)
    assert found.relative_bar(probe) == 2.0 / np.linalg.norm(GRADIENT * probe.direction.vector)
    (zero,) = lines([0.0, 0.0, 1.0]).take(1)
    assert found.relative_bar(zero) == np.inf
