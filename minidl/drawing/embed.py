"""A figure as text that an HTML page holds."""

from __future__ import annotations

import base64
import html
import io
from typing import Any

from ..errors import ArgumentError
from .looks import look_of, set_look

_TYPES = {"svg": "image/svg+xml", "png": "image/png"}
_RESOLUTION = 144  # dots per inch of a PNG: sharp on dense screens


def picture(figure: Any, alt: str, *, file_format: str = "svg") -> str:
    """Return a figure as an HTML element that follows the reader's light or dark look.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure. It is drawn in both looks, and has its own one again afterwards.
    alt : str
        What the figure shows, for those who do not see it; it is escaped.
    file_format : {"svg", "png"}, default "svg"
        The format. An SVG is sharp at any size, and small unless it has thousands of points.

    Returns
    -------
    str
        A ``<picture>`` element that holds both images, without any file or network.

    Raises
    ------
    ArgumentError
        If the format is another one.
    """
    dark = data_uri(figure, "dark", file_format=file_format)
    light = data_uri(figure, "light", file_format=file_format)
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img src="{light}" alt="{html.escape(alt)}" style="max-width: 100%; height: auto">'
        "</picture>"
    )


def data_uri(figure: Any, look: str = "light", *, file_format: str = "svg") -> str:
    """Return a figure in a look as a data URI, for the `src` of an image.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure; it has its own look again afterwards.
    look : {"light", "dark"}, default "light"
        The look.
    file_format : {"svg", "png"}, default "svg"
        The format.

    Returns
    -------
    str
        The URI, which holds the whole image.

    Raises
    ------
    ArgumentError
        If the look or the format is another one.
    """
    if file_format not in _TYPES:
        raise ArgumentError(f'file_format must be "svg" or "png", got {file_format!r} in data_uri')
    before = look_of(figure)
    memory = io.BytesIO()
    set_look(figure, look)
    # Without the date, SVG files of the same figure do not differ by the time.
    options: dict[str, Any] = {"metadata": {"Date": None}} if file_format == "svg" else {}
    try:
        figure.savefig(memory, format=file_format, dpi=_RESOLUTION, **options)
    finally:
        set_look(figure, before)
    coded = base64.b64encode(memory.getvalue()).decode("ascii")
    return f"data:{_TYPES[file_format]};base64,{coded}"
