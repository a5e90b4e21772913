"""The weights of a convolution as images."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np

from ..drawing.figure import COLOURS
from ..drawing.image_grid import MAX_LAYER_NAME, choose, grey_about_zero, image_grid
from ..errors import ArgumentError
from ..escaping import shortened
from ..layers.conv2d import Conv2D
from ..utils.typing import Array
from ..utils.validation import check_array

MANY_CHANNELS = 16
"""With more, the lines between their squares are thinner."""


def filters(
    layer: Conv2D,
    *,
    order: str = "norm",
    max_images: int = 20,
    columns: int = 5,
    axes: Any = None,
) -> Any:
    """Plot the filters of a convolution, each as a small image.

    The filters of the largest norm come first. Mid-grey is 0, brighter is positive, darker is
    negative; each filter is scaled by its largest absolute weight, which its title gives. With one
    input channel the images are grey, with three they are drawn as red, green and blue. With any
    other number, an image has a square of kernel_height x kernel_width pixels for each channel, row
    by row from the upper left: a mean over the channels would hide weights of opposite signs.

    Parameters
    ----------
    layer : Conv2D
        The layer, such as ``model.layers[0]``. It does not change.
    order : {"norm", "index"}, default "norm"
        Whether the filters with the largest norm come first, or those with the smallest number.
    max_images : int, default 20
        The maximum number of filters to plot, >= 1.
    columns : int, default 5
        The number of images in a row, >= 1.
    axes : sequence of matplotlib.axes.Axes, optional
        Where to plot, one filter on each. By default, a new figure.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        The axes with an image, a flat array.

    Raises
    ------
    ArgumentError
        If `layer` is not a `Conv2D`, `order` is another word, a count is not an integer >= 1, or
        `axes` holds anything but Axes.
    NonFiniteError
        If a weight is NaN or infinite.
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    feature_maps : What the filters give for an image.
    weight_images : The weights of a `Linear` first layer.

    Examples
    --------
    >>> from minidl import Conv2D
    >>> axes = filters(Conv2D(3, 8, 5))
    >>> len(axes)
    8
    """
    function = "filters"
    if not isinstance(layer, Conv2D):
        raise ArgumentError(
            f"layer must be a Conv2D, got {layer!r} in {function}: pass one of the layers of the "
            "model, such as model.layers[0]"
        )
    weight = copy.deepcopy(layer.weight).value  # a layer outside of a model may have none yet
    weight = check_array(weight, f"the weight of {layer}", np.dtype(np.float64))
    numbers, note = choose(weight, order, max_images, function)
    scaled = [grey_about_zero(weight[i]) for i in numbers]
    images = [pixels for pixels, _ in scaled]
    channels = weight.shape[-1]
    is_mosaic = channels not in (1, 3)
    if is_mosaic:
        images = [_mosaic(pixels) for pixels in images]
    square_note = f"; one square for each of {channels} input channels" if is_mosaic else ""
    grid = image_grid(
        images,
        [f"filter {i}: ±{largest:.2g}" for i, (_, largest) in zip(numbers, scaled, strict=True)],
        white=1,
        columns=columns,
        axes=axes,
        function=function,
        title=f"Filters of {shortened(str(layer), MAX_LAYER_NAME)}{note} "
        f"(mid-grey: 0, brighter: positive, darker: negative{square_note})",
    )
    if is_mosaic:
        for cell in grid:
            _separate(cell, *weight.shape[1:])
    return grid


def _mosaic(pixels: Array) -> Array:
    """Return the channels (kh, kw, channels) side by side in rows; NaN where there is none."""
    height, width, channels = pixels.shape
    columns = _mosaic_columns(channels)
    rows = math.ceil(channels / columns)
    squares = np.full((rows * columns, height, width), np.nan)
    squares[:channels] = np.moveaxis(pixels, -1, 0)
    split = squares.reshape(rows, columns, height, width)
    return split.transpose(0, 2, 1, 3).reshape(rows * height, columns * width)


def _mosaic_columns(channels: int) -> int:
    """Return how many squares a row has: about as many as there are rows, at best full ones."""
    side = math.ceil(math.sqrt(channels))
    return next((n for n in range(side, 2 * side) if channels % n == 0), side)


def _separate(axes: Any, height: int, width: int, channels: int) -> None:
    """Draw lines between the squares, in a colour that no weight has."""
    columns = _mosaic_columns(channels)
    rows = math.ceil(channels / columns)
    top, bottom, left, right = -0.5, rows * height - 0.5, -0.5, columns * width - 0.5
    options = {"colors": COLOURS[5], "linewidths": 1 if channels <= MANY_CHANNELS else 0.5}
    axes.hlines(np.arange(1, rows) * height - 0.5, left, right, **options)
    axes.vlines(np.arange(1, columns) * width - 0.5, top, bottom, **options)
