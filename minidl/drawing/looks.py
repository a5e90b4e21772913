"""The light and the dark look of a figure."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ArgumentError
from .figure import GREY, axes_array

INK, PAPER = "#000000", "#ffffff"
# What has a colour of the light look has the other one in the dark look. The dark paper is nearly
# that of Sphinx's theme furo; the blues are lighter, so that lines stand out from it by 3 : 1.
DARK = {
    INK: "#f0f0f0",
    PAPER: "#131416",
    GREY: "#a3a3a3",
    "#0072b2": "#2f9be0",
    "#333333": "#c8c8c8",
    "#b0b0b0": "#767676",  # matplotlib's grid
    "#cccccc": "#4c4c4c",  # matplotlib's frame of a legend
}
LOOKS = {"light": {dark: light for light, dark in DARK.items()}, "dark": DARK}
_SCALES = {"Blues": [DARK[PAPER], "#1c4a73", "#3f8fd0", "#cfe6fb"]}  # from 0 to the largest number
_PARTS = ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor")


def set_look(figure: Any, look: str) -> Any:
    """Give a figure the light or the dark look.

    The colours of text, lines, areas and backgrounds are exchanged, and the scale of blues of
    matrices. What has none of minidl's colours stays as it is, so a look can be set twice, or
    changed back. Nothing else changes: neither matplotlib's settings nor other figures.

    Parameters
    ----------
    figure : matplotlib.figure.Figure or matplotlib.axes.Axes
        The figure, or one of its axes, or several in an array.
    look : {"light", "dark"}
        The look. Figures are drawn in the light one, unless matplotlib's own style is dark.

    Returns
    -------
    Figure or Axes
        The argument `figure`.

    Raises
    ------
    ArgumentError
        If the look is another one, or `figure` is neither a figure nor axes.

    Examples
    --------
    A figure in both looks, for a page that has both:

    >>> import io
    >>> from minidl import plots
    >>> axes = plots.confusion_matrix([0, 0, 1, 1], [0, 1, 1, 1], ["non-cat", "cat"])
    >>> pictures = {"light": io.BytesIO(), "dark": io.BytesIO()}  # or names of files
    >>> for look, file in pictures.items():
    ...     plots.set_look(axes, look).figure.savefig(file, format="svg")
    """
    if look not in LOOKS:
        raise ArgumentError(f'look must be "light" or "dark", got {look!r} in set_look')
    from matplotlib.colors import to_hex

    whole = figure if hasattr(figure, "savefig") else axes_array(figure, "set_look")[0].figure
    tables = [LOOKS[look]]
    if look_of(whole) == "dark" and to_hex(whole.get_facecolor()) != DARK[PAPER]:
        if look == "dark":  # by a style of matplotlib's
            return figure
        tables.insert(0, {INK: DARK[PAPER], PAPER: DARK[INK]})
    for table in tables:
        for artist in whole.findobj():
            _recolour(artist, table)
    return figure


def look_of(figure: Any) -> str:
    """Return "dark" if the background of a figure or of axes is dark, else "light"."""
    from matplotlib.colors import to_rgb

    return "dark" if np.mean(to_rgb(figure.get_facecolor())) < 0.5 else "light"


def adapt(axes: Any) -> Any:
    """Return axes, or an array of them, on which all is seen that was drawn in the light look.

    On a dark background, as of matplotlib's style "dark_background", what is black or dark becomes
    lighter. What matplotlib draws by itself follows its style already.
    """
    table = {light: dark for light, dark in DARK.items() if light != PAPER}
    for each in np.ravel(axes):
        if look_of(each) == "dark":
            for artist in (*each.lines, *each.collections, *each.patches, *each.texts):
                _recolour(artist, table)
            legend = each.get_legend()
            for artist in legend.legend_handles if legend is not None else ():
                _recolour(artist, table)
    return axes


def _recolour(artist: Any, table: dict[str, str]) -> None:
    is_scaled = getattr(artist, "get_array", None) is not None and artist.get_array() is not None
    if is_scaled and hasattr(artist, "set_cmap"):
        before = artist.get_cmap()
        scale = _exchanged_scale(before, table)
        if scale is not before:  # a new scale is drawn anew
            artist.set_cmap(scale)
    for part in _PARTS:
        get: Callable[[], Any] | None = getattr(artist, f"get_{part}", None)
        if get is None or (is_scaled and part == "facecolor"):
            continue
        colours = _exchanged(get(), table)
        if colours is not None:
            getattr(artist, f"set_{part}")(colours)


def _exchanged(colours: Any, table: dict[str, str]) -> Any:
    """Return a colour, or several, with those of the table exchanged; None if there are none."""
    from matplotlib.colors import to_hex, to_rgb, to_rgba_array

    if isinstance(colours, str):
        return table.get(_hexadecimal(colours))
    rows = to_rgba_array(colours)
    new = rows.copy()
    for row in new:
        row[:3] = to_rgb(table.get(to_hex(row), to_hex(row)))
    if np.array_equal(np.round(new, 3), np.round(rows, 3)):
        return None
    return new[0] if np.ndim(colours) == 1 else new


@functools.cache
def _hexadecimal(colour: str) -> str:
    """Return the name of a colour as it stands in the tables; "auto" and the like stay."""
    from matplotlib.colors import is_color_like, to_hex

    return to_hex(colour) if is_color_like(colour) and colour != "none" else colour


def _exchanged_scale(scale: Any, table: dict[str, str]) -> Any:
    """Return a colour scale for the look of the table."""
    from matplotlib import colormaps
    from matplotlib.colors import LinearSegmentedColormap, ListedColormap

    light_name = scale.name.removesuffix(" (dark)")
    if light_name in _SCALES:
        dark = LinearSegmentedColormap.from_list(f"{light_name} (dark)", _SCALES[light_name])
        return dark if table is DARK else colormaps[light_name]
    if isinstance(scale, ListedColormap) and scale.N < 64:  # of classes, not of numbers
        colours = _exchanged(scale(np.arange(scale.N)), table)
        return scale if colours is None else ListedColormap(colours, name=scale.name)
    return scale
