"""The map of a wrong gradient in a page of HTML: a pixel for each element."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...escaping import MAX_LINE, shortened
from ...html_pages.markup import Markup, element
from ...html_pages.pictures import pixel_picture
from ...utils.typing import Array
from ..result import Check
from .error_ratio import clipped_ratio, worst_of_blocks

_RIGHT, _BORDER, _SLIGHTLY_WRONG, _WRONG = -3.0, 0.0, 1e-9, 3.0  # powers of ten of the error bar
_COLOURS = {
    _RIGHT: (205, 222, 240),
    _BORDER: (140, 175, 215),
    _SLIGHTLY_WRONG: (255, 196, 112),  # what is wrong begins with another colour
    _WRONG: (190, 60, 0),
}
_SIDE, _MIN_CELL, _MAX_CELL = 256, 2, 24  # pixels of the page


def error_picture(check: Check) -> Markup:
    """Return the map of the elements of a check, and what it shows.

    Parameters
    ----------
    check : Check
        Any check.

    Returns
    -------
    Markup
        A figure; empty if the elements were not computed one by one.
    """
    if check.analytic is None or check.numeric is None or check.bar is None:
        return Markup("")
    if not check.analytic.size:
        return Markup("")
    ratio = np.atleast_1d(clipped_ratio(check))
    matrix = ratio.reshape(1, -1) if ratio.ndim == 1 else ratio.reshape(len(ratio), -1)
    wrong = f"{np.count_nonzero(ratio > 1):,} of {ratio.size:,} elements wrong"
    pixels = _colours(worst_of_blocks(matrix))
    height, width = pixels.shape[:2]
    cell = min(max(_SIDE // max(height, width), _MIN_CELL), _MAX_CELL)
    place = shortened(check.location, MAX_LINE)
    alt = f"Map of {place}: {wrong}"
    picture = pixel_picture(pixels, alt, width=cell * width, height=cell * height)
    return element("figure", picture, element("figcaption", _caption(check, ratio.shape)))


def _caption(check: Check, shape: tuple[int, ...]) -> str:
    elements = f"{' x '.join(map(str, shape))} elements"
    if check.block is not None:
        elements += f" of {' x '.join(map(str, check.block.shape))}"
    axes = ", the first axis downward, counted from 0" if len(shape) > 1 else ""
    return f"{elements}{axes}. Blue: right. Orange: wrong, the darker the more."


def _colours(ratio: Array) -> npt.NDArray[np.uint8]:
    powers = np.log10(ratio)
    stops = [*_COLOURS]
    channels = zip(*_COLOURS.values(), strict=True)
    return np.stack([np.interp(powers, stops, channel) for channel in channels], -1).astype(
        np.uint8
    )
