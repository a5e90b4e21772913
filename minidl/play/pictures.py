"""Pictures of a network over the plane: its classes, and the boundary of each hidden unit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..layers import Linear
from ..model.sequential import Sequential
from ..utils.typing import Array
from .points import PointSet

SIDE = 96  # points of the plane along each axis, of the large picture ...
UNIT_STEP = 4  # ... and every how many of them a picture of a unit has
UNITS_PER_LAYER = 16
MARGIN = 0.12
# The palette of Okabe and Ito; of more classes than colours some share one.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
FAINT, STRONG = 40, 200  # of 255: how opaque a colour is, so that the page shows through


class Plane(NamedTuple):
    """The part of the plane that is drawn, in two features of the examples.

    Parameters
    ----------
    low, high : tuple of float
        The corners.
    grid : ndarray of shape (SIDE * SIDE, d), float32
        Its points, row by row from below; the other features are 0, their mean.

    Examples
    --------
    >>> from minidl.play.points import drawn_sets
    >>> Plane.around(drawn_sets()["moons"](), (0, 1)).grid.shape
    (9216, 2)
    """

    low: tuple[float, float]
    high: tuple[float, float]
    grid: Array

    @classmethod
    def around(cls, points: PointSet, features: tuple[int, int]) -> Plane:
        """Return the part around all examples.

        Parameters
        ----------
        points : PointSet
            The examples.
        features : tuple of int
            The numbers of the features along both axes.

        Returns
        -------
        Plane
            With a margin.
        """
        X = np.concatenate([points.train[0], points.validation[0]])[:, list(features)]
        low, high = X.min(axis=0), X.max(axis=0)
        margin = MARGIN * np.where(high > low, high - low, 1.0)
        low, high = low - margin, high + margin
        x, y = np.linspace(low, high, SIDE).T
        grid = np.zeros((SIDE * SIDE, points.train[0].shape[1]), np.float32)
        grid[:, list(features)] = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        return cls((low[0], low[1]), (high[0], high[1]), grid)


class UnitPictures(NamedTuple):
    """The pictures of the hidden units of one layer.

    Parameters
    ----------
    title : str
        The number of the layer and the layer.
    n_units : int
        How many units it has.
    pictures : list of ndarray, uint32
        Those of the first units.
    """

    title: str
    n_units: int
    pictures: list[Array]


class Pictures(NamedTuple):
    """The pictures of a network.

    Parameters
    ----------
    classes : ndarray of shape (SIDE, SIDE), uint32
        The predicted class in its colour, the more opaque the surer.
    units : list of UnitPictures
        For each hidden layer.
    """

    classes: Array
    units: list[UnitPictures]


def draw(model: Sequential, plane: Plane) -> Pictures:
    """Draw a network over the plane.

    Parameters
    ----------
    model : Sequential
        The network. Nobody else may use it meanwhile.
    plane : Plane
        The part of the plane.

    Returns
    -------
    Pictures
        In colours with an opacity, for light and for dark pages.
    """
    units = []
    x = plane.grid
    last_linear = [layer for layer in model.layers if isinstance(layer, Linear)][-1]
    with np.errstate(all="ignore"):  # a network that has diverged is drawn, too
        for number, layer in enumerate(model.layers):
            x = layer.forward(x)
            if isinstance(layer, Linear) and layer is not last_linear:
                units.append(_unit_pictures(f"layer {number}, {layer}", x))
    return Pictures(_class_picture(x), units)


def _class_picture(outputs: Array) -> Array:
    probabilities = np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs
    probabilities = np.nan_to_num(probabilities)
    n_classes = probabilities.shape[1]
    predicted = probabilities.argmax(axis=1)
    certainty = (probabilities.max(axis=1) - 1 / n_classes) / (1 - 1 / n_classes)
    colours = np.array([COLOURS[k % len(COLOURS)] for k in range(n_classes)])
    return _rgba(colours, predicted, certainty).reshape(SIDE, SIDE)


def _unit_pictures(title: str, sums: Array) -> UnitPictures:
    """Return pictures of what units compute before their activation: its sign and its size."""
    n_units = sums.shape[1]
    small = sums.reshape(SIDE, SIDE, n_units)[::UNIT_STEP, ::UNIT_STEP, :UNITS_PER_LAYER]
    small = np.nan_to_num(small)
    largest = np.abs(small).max(axis=(0, 1))
    size = np.abs(small) / np.where(largest > 0, largest, 1)
    picture = _rgba(np.array(COLOURS[:2]), (small > 0).astype(int), size)
    return UnitPictures(title, n_units, list(np.moveaxis(picture, 2, 0)))


def _rgba(colours: Array, numbers: Array, strength: Array) -> Array:
    """Return the colours of an array of numbers as pixels of 32 bits, more or less opaque."""
    red, green, blue = (
        np.array([int(colour[i : i + 2], 16) for colour in colours], np.uint8)[numbers]
        for i in (1, 3, 5)
    )
    opacity = (FAINT + (STRONG - FAINT) * np.clip(strength, 0, 1)).astype(np.uint8)
    pixels = np.ascontiguousarray(np.stack([red, green, blue, opacity], axis=-1))
    return pixels.view(np.uint32)[..., 0]
