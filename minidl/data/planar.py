"""Points in the plane: small sets that show at a glance what a network has learned."""

from __future__ import annotations

import math
from numbers import Real
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError
from ..utils.random import as_rng
from ..utils.typing import Array, Seed
from ..utils.validation import is_integer

Points: TypeAlias = tuple[npt.NDArray[np.float64], Array]


def moons(n: int, noise: float, rng: Seed) -> Points:
    """Draw two interleaved half circles, as scikit-learn's `make_moons` does.

    Parameters
    ----------
    n : int
        Number of points, at least 2.
    noise : float
        Standard deviation of the normal noise on every coordinate.
    rng : int, Generator or RandomState
        A stream moves on.

    Returns
    -------
    X, Y : ndarray of shape (n, 2) and (n, 1), float64
        Y is 0.0 or 1.0.

    Raises
    ------
    ArgumentError

    Examples
    --------
    >>> X, Y = moons(300, 0.2, np.random.RandomState(3))
    >>> X.shape, Y.sum()
    ((300, 2), np.float64(150.0))
    """
    _check("moons", n, noise)
    return _two_classes(_arc(n // 2, np.pi), 1 - _arc(n - n // 2, np.pi) - [0, 0.5], noise, rng)


def circles(n: int, noise: float, rng: Seed, factor: float = 0.8) -> Points:
    """Draw a circle of radius 1 and one of radius `factor`, 0 <= factor < 1, as scikit-learn's `make_circles` does.

    `n`, `noise`, `rng` and the result are those of `moons`.
    """
    _check("circles", n, noise)
    if not 0 <= factor < 1:
        raise ArgumentError(
            f"circles: factor must lie in [0, 1), got {factor!r}: pass e.g. factor=0.8"
        )
    large, small = (_arc(count, 2 * np.pi, endpoint=False) for count in (n // 2, n - n // 2))
    return _two_classes(large, small * factor, noise, rng)


def blobs(n: int, noise: float, rng: Seed, centers: int = 3) -> Points:
    """Draw `centers` round clouds of equal size, to within a point, around middles that are drawn evenly from -10 to 10.

    `n`, `noise`, `rng` and the result are those of `moons`, but Y is the number of the cloud, int64 unless there are two.
    """
    _check("blobs", n, noise)
    if not is_integer(centers, 2) or centers > n:
        raise ArgumentError(
            f"blobs: centers must be a whole number from 2 to n = {n}, got {centers!r}: pass e.g. centers=3"
        )
    random = as_rng(rng)
    middles = random.uniform(-10, 10, size=(centers, 2))
    labels = np.arange(n) * centers // n
    order = random.permutation(n)
    X = middles[labels[order]] + random.normal(scale=noise, size=(n, 2))
    return X, labels[order].reshape(-1, 1).astype(np.float64 if centers == 2 else np.int64)


def _arc(count: int, end: float, *, endpoint: bool = True) -> Array:
    angles = np.linspace(0, end, count, endpoint=endpoint)
    return np.column_stack([np.cos(angles), np.sin(angles)])


def _two_classes(first: Array, second: Array, noise: float, rng: Seed) -> Points:
    random = as_rng(rng)
    order = np.arange(len(first) + len(second))
    random.shuffle(order)  # before the noise, as scikit-learn
    X = np.concatenate([first, second])[order]
    return X + random.normal(scale=noise, size=X.shape), (order >= len(first)).astype(
        np.float64
    ).reshape(-1, 1)


def _check(name: str, n: int, noise: float) -> None:
    if not is_integer(n, 2):
        raise ArgumentError(f"{name}: n must be a whole number >= 2, got {n!r}: pass e.g. n=300")
    if not isinstance(noise, Real) or not 0 <= noise < math.inf:
        raise ArgumentError(
            f"{name}: noise must be a finite number >= 0, got {noise!r}: pass e.g. noise=0.2"
        )
