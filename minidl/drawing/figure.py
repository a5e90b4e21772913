"""New figures, validation of axes that a user passes, and the colours."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, require_extra
from ..escaping import PLAIN_TEXT

# The palette of Okabe and Ito, which readers with any kind of colour vision can distinguish.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
GREY = "#666666"


def class_colours(count: int) -> list[str]:
    """Return a colour for each of some classes: of more than seven, all hues in order."""
    if count <= len(COLOURS):
        return list(COLOURS[:count])
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colormaps["turbo"](0.04 + 0.92 * k / (count - 1))) for k in range(count)]


def new_figure(function: str, width: float, height: float) -> Any:
    """Return an empty figure of `width` x `height` inches, which belongs to no window.

    `function` is the name of the caller, for the error if matplotlib is not installed.
    """
    with require_extra("matplotlib", "plot", function):
        from matplotlib.figure import Figure
    return Figure(figsize=(width, height), layout="constrained")


def single_axes(axes: Any, function: str, width: float, height: float) -> Any:
    """Return `axes` if it is a single Axes, or the Axes of a new figure if it is None."""
    if axes is None:
        return new_figure(function, width, height).add_subplot()
    array = axes_array(axes, function, single=True)
    return array[0]


def axes_array(axes: Any, function: str, *, single: bool = False) -> Any:
    """Return the Axes that a user passed as a flat array; with `single`, require exactly one."""
    from matplotlib.axes import Axes

    array = np.array(axes, dtype=object).ravel()
    valid = all(isinstance(element, Axes) for element in array)
    if not valid or (single and len(array) != 1):
        expected = "one matplotlib Axes" if single else "a sequence of matplotlib Axes"
        raise ArgumentError(f"axes must be {expected}, got {axes!r} in {function}")
    return array


def add_legend(axes: Any, names: list[tuple[Any, str]], **options: Any) -> None:
    """Add a legend of the artists in `names`, each with its name drawn as it is.

    Matplotlib itself would read what is between two dollars as a formula, and leave out a name with
    an underscore at its beginning. Artists that a user has drawn on the axes before keep their
    labels.
    """
    drawn = [artist for artist, _ in names]
    labelled = zip(*axes.get_legend_handles_labels(), strict=True)
    others = [(artist, label) for artist, label in labelled if artist not in drawn]
    artists = [artist for artist, _ in others] + drawn
    labels = [label for _, label in others] + ["name"] * len(drawn)
    texts = axes.legend(artists, labels, **options).get_texts()
    for text, (_, name) in zip(texts[len(others) :], names, strict=True):
        text.set(text=name, **PLAIN_TEXT)
