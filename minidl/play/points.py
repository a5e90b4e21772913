"""What the page trains on: points in the plane that it draws, or the rows of a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..data import planar, train_validation_split
from ..utils.typing import Array, Seed

POINTS = 320  # of 240 training examples no mini-batch is left with one, whose step would be wild
SEED = 1
Draw = Callable[[int, float, Seed], tuple[Array, Array]]


class PointSet(NamedTuple):
    """A training set and a validation set of a classification.

    Parameters
    ----------
    name : str
        What the page calls it.
    classes : tuple of str
        The names of the classes.
    features : tuple of str
        The names of the columns of X, at least two.
    train, validation : tuple of (X, Y)
        X of shape (m, d); Y of shape (m, 1), the numbers of the classes.

    Examples
    --------
    >>> moons = drawn_sets()["moons"]()
    >>> moons.train[0].shape, moons.validation[0].shape, moons.n_outputs
    ((240, 2), (80, 2), 1)
    """

    name: str
    classes: tuple[str, ...]
    features: tuple[str, ...]
    train: tuple[Array, Array]
    validation: tuple[Array, Array]

    @property
    def n_outputs(self) -> int:
        """The outputs of a network for these classes: 1 for two classes."""
        return 1 if len(self.classes) == 2 else len(self.classes)


_DRAWN: dict[str, tuple[Draw, float]] = {  # with the noise
    "moons": (planar.moons, 0.2),
    "circles": (planar.circles, 0.05),
    "blobs": (planar.blobs, 1.5),
    "flower": (planar.flower, 0.2),
}


def drawn_sets() -> dict[str, Callable[[], PointSet]]:
    """Return the functions that draw the sets, by name.

    Returns
    -------
    dict of str to callable
        Each returns the same `PointSet` whenever it is called.
    """
    return {name: lambda name=name: _drawn(name) for name in _DRAWN}  # type: ignore[misc]


def _drawn(name: str) -> PointSet:
    draw, noise = _DRAWN[name]
    X, Y = draw(POINTS, noise, SEED)
    train, validation = train_validation_split(X, Y, validation_fraction=0.25, seed=SEED)
    classes = tuple(f"class {number}" for number in range(int(Y.max()) + 1))
    return PointSet(name, classes, ("first feature", "second feature"), train, validation)
