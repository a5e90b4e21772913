"""Points in the plane: small datasets that show at a glance what a network has learned."""

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

__all__ = ["blobs", "circles", "flower", "moons"]

Points: TypeAlias = tuple[npt.NDArray[np.float64], Array]


def moons(n: int, noise: float, rng: Seed) -> Points:
    """Draw two interleaved half circles, as scikit-learn's `make_moons` does.

    Parameters
    ----------
    n : int
        Number of points, at least 2.
    noise : float
        Standard deviation of the normal noise added to each coordinate, at least 0.
    rng : int, numpy.random.Generator or numpy.random.RandomState
        Seed or random generator; a generator advances.

    Returns
    -------
    X : ndarray of shape (n, 2), float64
        The points.
    Y : ndarray of shape (n, 1), float64
        The class of each point, 0.0 or 1.0.

    Raises
    ------
    ArgumentError
        If `n`, `noise` or `rng` is out of range or of the wrong type.

    See Also
    --------
    circles : One circle inside another.
    blobs : Round clouds of points.
    flower : The petals of a flower.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl.data import planar
    >>> X, Y = planar.moons(300, 0.2, np.random.RandomState(3))
    >>> X.shape, Y.sum()
    ((300, 2), np.float64(150.0))
    """
    _check_arguments("moons", n, noise)
    upper = _arc(n // 2, np.pi)
    lower = 1 - _arc(n - n // 2, np.pi) - [0, 0.5]
    return _two_classes(upper, lower, noise, rng)


def circles(n: int, noise: float, rng: Seed, factor: float = 0.8) -> Points:
    """Draw two circles around the origin, as scikit-learn's `make_circles` does.

    Parameters
    ----------
    n : int
        Number of points, at least 2.
    noise : float
        Standard deviation of the normal noise added to each coordinate, at least 0.
    rng : int, numpy.random.Generator or numpy.random.RandomState
        Seed or random generator; a generator advances.
    factor : float, default 0.8
        Radius of the inner circle, 0 <= factor < 1; the outer one has radius 1.

    Returns
    -------
    X : ndarray of shape (n, 2), float64
        The points.
    Y : ndarray of shape (n, 1), float64
        The class of each point: 0.0 for the outer circle, 1.0 for the inner one.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of the wrong type.

    See Also
    --------
    moons : Two interleaved half circles.
    blobs : Round clouds of points.

    Examples
    --------
    >>> from minidl.data import planar
    >>> X, Y = planar.circles(100, noise=0.0, rng=0, factor=0.5)
    >>> np.linalg.norm(X[Y[:, 0] == 1], axis=1).round(6).max()
    np.float64(0.5)
    """
    _check_arguments("circles", n, noise)
    if not 0 <= factor < 1:
        raise ArgumentError(f"factor must lie in [0, 1), got {factor!r} in circles: pass e.g. 0.8")
    outer = _arc(n // 2, 2 * np.pi, endpoint=False)
    inner = _arc(n - n // 2, 2 * np.pi, endpoint=False) * factor
    return _two_classes(outer, inner, noise, rng)


def blobs(n: int, noise: float, rng: Seed, centers: int = 3) -> Points:
    """Draw round clouds of points around random centers.

    The clouds have equal numbers of points, to within one. Their centers are drawn uniformly from
    the square [-10, 10] x [-10, 10].

    Parameters
    ----------
    n : int
        Number of points, at least 2.
    noise : float
        Standard deviation of each cloud along each coordinate, at least 0.
    rng : int, numpy.random.Generator or numpy.random.RandomState
        Seed or random generator; a generator advances.
    centers : int, default 3
        Number of clouds, from 2 to `n`.

    Returns
    -------
    X : ndarray of shape (n, 2), float64
        The points.
    Y : ndarray of shape (n, 1), float64 or int64
        The number of each point's cloud: float64 for two clouds, int64 for more.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of the wrong type.

    See Also
    --------
    moons : Two interleaved half circles.
    circles : One circle inside another.

    Examples
    --------
    >>> from minidl.data import planar
    >>> X, Y = planar.blobs(300, noise=1.5, rng=5, centers=4)
    >>> X.shape, np.bincount(Y[:, 0]).tolist()
    ((300, 2), [75, 75, 75, 75])
    """
    _check_arguments("blobs", n, noise)
    if not is_integer(centers, 2) or centers > n:
        raise ArgumentError(
            f"centers must be an integer from 2 to n = {n}, got {centers!r} in blobs: pass e.g. 3"
        )
    rng = as_rng(rng)
    cloud_centers = rng.uniform(-10, 10, size=(centers, 2))
    labels = np.arange(n) * centers // n
    order = rng.permutation(n)
    X = cloud_centers[labels[order]] + rng.normal(scale=noise, size=(n, 2))
    return X, labels[order].reshape(-1, 1).astype(np.float64 if centers == 2 else np.int64)


def flower(n: int, noise: float, rng: Seed) -> Points:
    """Draw the flower of the DeepLearning.AI specialization: eight petals, half of each class.

    A point has the angle t from 0 to 3.12 for class 0, and from 3.12 to 6.24 for class 1, evenly
    spaced, plus noise, and the radius 4 sin(4 t), plus noise; (r sin t, r cos t) are its
    coordinates.

    Parameters
    ----------
    n : int
        Number of points, at least 2.
    noise : float
        Standard deviation of the normal noise added to each angle and to each radius, at least 0.
    rng : int, numpy.random.Generator or numpy.random.RandomState
        Seed or random generator; a generator advances.

    Returns
    -------
    X : ndarray of shape (n, 2), float64
        The points: first those of class 0.
    Y : ndarray of shape (n, 1), float64
        The class of each point, 0.0 or 1.0.

    Raises
    ------
    ArgumentError
        If `n`, `noise` or `rng` is out of range or of the wrong type.

    See Also
    --------
    moons : Two interleaved half circles.

    Examples
    --------
    The points of the assignment "Planar data classification with one hidden layer":

    >>> import numpy as np
    >>> from minidl.data import planar
    >>> X, Y = planar.flower(400, 0.2, np.random.RandomState(1))
    >>> X[0].round(4), Y[0]
    (array([1.2044, 3.5761]), array([0.]))
    """
    _check_arguments("flower", n, noise)
    rng = as_rng(rng)
    petals = []
    for number, n_points in enumerate((n // 2, n - n // 2)):
        angles = np.linspace(3.12 * number, 3.12 * (number + 1), n_points)
        angles += rng.normal(scale=noise, size=n_points)
        radii = 4 * np.sin(4 * angles) + rng.normal(scale=noise, size=n_points)
        petals.append(radii[:, np.newaxis] * np.column_stack([np.sin(angles), np.cos(angles)]))
    Y = (np.arange(n) >= n // 2).astype(np.float64).reshape(-1, 1)
    return np.concatenate(petals), Y


def _arc(n_points: int, end_angle: float, *, endpoint: bool = True) -> Array:
    angles = np.linspace(0, end_angle, n_points, endpoint=endpoint)
    return np.column_stack([np.cos(angles), np.sin(angles)])


def _two_classes(class_0: Array, class_1: Array, noise: float, seed: Seed) -> Points:
    rng = as_rng(seed)
    order = np.arange(len(class_0) + len(class_1))
    rng.shuffle(order)  # before the noise, as in scikit-learn
    X = np.concatenate([class_0, class_1])[order]
    Y = (order >= len(class_0)).astype(np.float64).reshape(-1, 1)
    return X + rng.normal(scale=noise, size=X.shape), Y


def _check_arguments(function: str, n: int, noise: float) -> None:
    if not is_integer(n, 2):
        raise ArgumentError(f"n must be an integer >= 2, got {n!r} in {function}: pass e.g. 300")
    if not isinstance(noise, Real) or not 0 <= noise < math.inf:
        raise ArgumentError(
            f"noise must be a finite number >= 0, got {noise!r} in {function}: pass e.g. 0.2"
        )
