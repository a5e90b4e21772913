"""What the channels of a layer give for one image."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..drawing.image_grid import MAX_LAYER_NAME, grey_about_zero, image_grid, is_image_shape
from ..drawing.labels import check_count
from ..errors import NonFiniteError, ShapeError
from ..escaping import shortened
from ..layers.reshape import Reshape
from ..model.layer_output import layer_output
from ..model.sequential import Sequential
from ..utils.typing import Array
from ..utils.validation import as_real_array, check_array
from .model_layer import find_layer


def feature_maps(
    model: Sequential,
    image: npt.ArrayLike,
    layer: int | str,
    *,
    max_images: int = 20,
    columns: int = 5,
    axes: Any = None,
) -> Any:
    """Plot the outputs of a layer for one image, beside the image, each channel in grey.

    Each channel is scaled by its largest absolute number, which its title gives. If the layer gives
    no negative number, as after a `ReLU`, black is 0; otherwise mid-grey is 0, brighter is positive
    and darker is negative. Dropout is off. A copy of the model computes the outputs: training is
    not disturbed.

    Parameters
    ----------
    model : Sequential
        The model.
    image : array_like of shape (height, width, channels)
        One example, as the model takes it: without the axis of the examples. It is drawn, in the
        shape of a `Reshape` at the beginning, if it has one channel, three, or no axis of channels.
    layer : int or str
        The index of a layer, negative from the last, or the path of one, such as "2.body.0" (see
        `Sequential.summary`). It must give outputs (height, width, channels).
    max_images : int, default 20
        The maximum number of channels to plot, >= 1; the first ones are plotted.
    columns : int, default 5
        The number of images in a row, >= 1.
    axes : sequence of matplotlib.axes.Axes, optional
        Where to plot: the image on the first, then one channel on each. By default, a new figure.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        The axes with an image, a flat array.

    Raises
    ------
    ArgumentError
        If `model` is not a `Sequential`, it has no such layer, a count is not an integer >= 1, or
        `axes` holds anything but Axes.
    ShapeError
        If `image` is not one example of the model, or the layer does not give images.
    DtypeError
        If `image` does not hold real numbers.
    NonFiniteError
        If `image`, or what the layer gives for it, holds NaN or infinity.
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    filters : The weights that give these outputs.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Conv2D, Flatten, Linear, MeanSquaredError, ReLU, Sequential
    >>> layers = [Conv2D(1, 4, 3), ReLU(), Flatten(), Linear(144, 1)]
    >>> model = Sequential(layers, loss=MeanSquaredError())
    >>> axes = feature_maps(model, np.eye(8)[..., np.newaxis], 1)
    >>> len(axes), axes[0].get_title()
    (5, 'input')
    """
    function = "feature_maps"
    path, name = find_layer(model, layer, function)
    example = as_real_array(image, "image")
    check_array(example, "image", np.dtype(np.float64))
    try:
        output = layer_output(model.objective_function, example[np.newaxis], path)[0]
    except ShapeError as error:
        raise ShapeError(
            f"image must be one example of the model, without an axis of examples, got shape "
            f"{example.shape} in {function}: {error}"
        ) from None
    if output.ndim != 3 or output.size == 0:
        raise ShapeError(
            f"layer must give outputs (height, width, channels), but {name}, gives {output.shape} "
            f"in {function}: pass a Conv2D, or a layer between it and Flatten"
        )
    if not np.isfinite(output).all():
        raise NonFiniteError(
            f"layer must give finite numbers, but {name}, gives NaN or infinity in {function}: "
            "its weights are not finite, or too large"
        )
    shown = output[..., : check_count(max_images, "max_images", function)]
    n_channels = output.shape[-1]
    limit_note = f", {shown.shape[-1]} of {n_channels}" if shown.shape[-1] < n_channels else ""
    is_signed = bool(output.min() < 0)
    picture = _picture(model, example)
    drawn = [_input(picture)] if is_image_shape(picture.shape) else []
    drawn += [_channel(shown[..., i], i, is_signed) for i in range(shown.shape[-1])]
    meaning = "mid-grey: 0, brighter: positive, darker: negative" if is_signed else "black: 0"
    return image_grid(
        [pixels for pixels, _ in drawn],
        [title for _, title in drawn],
        white=1,
        columns=columns,
        axes=axes,
        function=function,
        title=f"Outputs of {shortened(name, MAX_LAYER_NAME)}{limit_note} ({meaning})",
    )


def _picture(model: Sequential, example: Array) -> Array:
    """Return an example in the shape in which a `Reshape` at the beginning gives it."""
    first = model.layers[0]
    return example.reshape(first.shape) if isinstance(first, Reshape) else example


def _input(image: Array) -> tuple[Array, str]:
    """Return an image with numbers from 0 to 1, and its title."""
    if image.dtype == np.uint8:
        return image / 255, "input"
    low, high = float(image.min()), float(image.max())
    if low >= 0 and high <= 1:
        return image.astype(np.float64), "input"
    pixels = (image.astype(np.float64) - low) / ((high - low) or 1.0)
    return pixels, f"input: {low:.2g} to {high:.2g}"


def _channel(values: Array, index: int, is_signed: bool) -> tuple[Array, str]:
    values = values.astype(np.float64)
    pixels, largest = grey_about_zero(values)
    if is_signed:
        return pixels, f"channel {index}: ±{largest:.2g}"
    if largest == 0:
        return values, f"channel {index}: 0"
    return values / largest, f"channel {index}: 0 to {largest:.2g}"
