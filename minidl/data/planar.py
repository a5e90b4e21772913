"""Points in the plane: small sets that show at a glance what a network has learned."""

from __future__ import annotations

import math
from numbers import Real
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..arrays import Array, Seed
from ..errors import ArgumentError
from ..randomness import stream

Points: TypeAlias = tuple[npt.NDArray[np.float64], Array]


def moons(n: int, noise: float, rng: Seed) -> Points:
    """Draw two interleaved half circles, as scikit-learn's `make_moons` does, element for element.

    Parameters
    ----------
    n : int
        Number of points, at least 2.
    noise : float
        Standard deviation of the normal noise added to every coordinate.
    rng : int, Generator or RandomState
        The stream to draw from; a stream that is passed moves on.

    Returns
    -------
    X : ndarray of shape (n, 2), float64
    Y : ndarray of shape (n, 1), float64
        0.0 or 1.0.

    Raises
    ------
    ArgumentError

    Examples
    --------
    >>> X, Y = moons(300, 0.2, np.random.RandomState(3))
    >>> X.shape, Y.shape, Y.sum()
    ((300, 2), (300, 1), np.float64(150.0))
    """
    _check("moons", n, noise)
    outer, inner = np.linspace(0, np.pi, n // 2), np.linspace(0, np.pi, n - n // 2)
    upper = np.column_stack([np.cos(outer), np.sin(outer)])
    lower = np.column_stack([1 - np.cos(inner), 1 - np.sin(inner) - 0.5])
    return _two_classes(upper, lower, noise, rng)


def circles(n: int, noise: float, rng: Seed, factor: float = 0.8) -> Points:
    """Draw a circle of radius 1 (class 0) and one of radius `factor` inside it (class 1), as scikit-learn's `make_circles` does.

    Parameters
    ----------
    n, noise, rng
        As for `moons`, also the result.
    factor : float
        0 <= factor < 1.

    Raises
    ------
    ArgumentError
    """
    _check("circles", n, noise)
    if not 0 <= factor < 1:
        raise ArgumentError(f"circles: factor must lie in [0, 1), got {factor!r}: pass the inner circle's radius, e.g. factor=0.8")
    outer = np.linspace(0, 2 * np.pi, n // 2, endpoint=False)
    inner = np.linspace(0, 2 * np.pi, n - n // 2, endpoint=False)
    large = np.column_stack([np.cos(outer), np.sin(outer)])
    small = np.column_stack([np.cos(inner) * factor, np.sin(inner) * factor])
    return _two_classes(large, small, noise, rng)


def blobs(n: int, noise: float, rng: Seed, centers: int = 3) -> Points:
    """Draw `centers` round clouds of n / centers points, whose middles are drawn evenly from the square from -10 to 10.

    Parameters
    ----------
    n, noise, rng
        As for `moons`.
    centers : int
        2 to n.

    Returns
    -------
    X : ndarray of shape (n, 2), float64
    Y : ndarray of shape (n, 1)
        Cloud numbers from 0, int64; for two clouds 0.0 and 1.0, float64.

    Raises
    ------
    ArgumentError
    """
    _check("blobs", n, noise)
    if not _is_whole(centers) or not 2 <= centers <= n:
        raise ArgumentError(f"blobs: centers must be a whole number from 2 to n = {n}, got {centers!r}: pass e.g. centers=3")
    random = stream(rng)
    middles = random.uniform(-10, 10, size=(centers, 2))
    labels = np.arange(n) * centers // n
    order = random.permutation(n)
    X = middles[labels[order]] + random.normal(scale=noise, size=(n, 2))
    return X, labels[order].reshape(-1, 1).astype(np.float64 if centers == 2 else np.int64)


def _two_classes(first: Array, second: Array, noise: float, rng: Seed) -> Points:
    random = stream(rng)
    order = np.arange(len(first) + len(second))
    random.shuffle(order)  # before the noise, as scikit-learn does
    X = np.concatenate([first, second])[order]
    return X + random.normal(scale=noise, size=X.shape), (order >= len(first)).astype(np.float64).reshape(-1, 1)


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _check(name: str, n: int, noise: float) -> None:
    if not _is_whole(n) or n < 2:
        raise ArgumentError(f"{name}: n must be a whole number >= 2, got {n!r}: pass the number of points, e.g. n=300")
    if not isinstance(noise, Real) or not math.isfinite(noise) or noise < 0:
        raise ArgumentError(f"{name}: noise must be a finite number >= 0, got {noise!r}: pass a standard deviation, e.g. noise=0.2")
