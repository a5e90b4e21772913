"""Lines in which the elements of an array move by given sizes, and the slopes along them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from ....utils.typing import Array
from .directions import Direction, random_direction, uphill
from .line_integral import Line, MeanSlope
from .line_search import LineSearch


@dataclass(frozen=True)
class Probe:
    """A direction and the mean slopes along it."""

    direction: Direction
    slope: MeanSlope


class Lines:
    """Probes the gradient along lines through the point, one after the other.

    Attributes
    ----------
    search : LineSearch
        Has the window and the number of points that suited the first line.
    """

    def __init__(
        self,
        gradient: Array,
        move: Array,
        line_along: Callable[[Array], Line],
        search: LineSearch,
        rng: np.random.Generator,
    ) -> None:
        self._gradient, self._move, self._rng = gradient, move, rng
        self._line_along = line_along
        self._probes = self._without_end()
        self.search = search

    def take(self, count: int) -> Iterator[Probe]:
        """Return that many more probes: the first of all goes uphill, the others at random.

        A single element has one random direction, and zeros have none.
        """
        return islice(self._probes, count)

    def relative_bar(self, probe: Probe) -> float:
        """Return the error bar of a slope in units of what random errors of 100 % would change."""
        size = float(np.linalg.norm(self._gradient * probe.direction.vector))
        return probe.slope.bar / size if size else np.inf

    def _without_end(self) -> Iterator[Probe]:
        for direction in self._directions():
            yield Probe(direction, self.search.along(self._line_along(direction.vector)))

    def _directions(self) -> Iterator[Direction]:
        if not self._move.any():
            return
        yield uphill(self._gradient, self._move, self._rng)
        yield random_direction(self._move, self._rng)
        while np.count_nonzero(self._move) > 1:
            yield random_direction(self._move, self._rng)
