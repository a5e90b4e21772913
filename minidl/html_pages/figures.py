"""Figures in a page, in the light and the dark look; without matplotlib, how to install it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ..drawing.embed import data_uri
from ..errors import MissingDependencyError
from .markup import Markup, element, joined


class Picture(NamedTuple):
    """What is to be drawn.

    Parameters
    ----------
    draw : callable
        Draws, and returns matplotlib's Axes.
    alt : str
        What the picture shows, for readers who do not see it.
    file_format : {"svg", "png"}
        As which it is kept; PNG is smaller for thousands of points.
    """

    draw: Callable[[], Any]
    alt: str
    file_format: str = "svg"


def drawn(pictures: Iterable[Picture]) -> Markup:
    """Return pictures, each in both looks, of which the reader sees that of the page.

    Parameters
    ----------
    pictures : iterable of Picture
        What is to be drawn.

    Returns
    -------
    Markup
        A figure for each; where matplotlib is missing, a line with the command that installs it.
    """
    try:
        return joined(*map(_figure, pictures))
    except MissingDependencyError as error:
        return element("p", f"No pictures: {error}", class_="muted")


def _figure(picture: Picture) -> Markup:
    figure = picture.draw().figure
    images = []
    for look in ("light", "dark"):
        uri = Markup(data_uri(figure, look, file_format=picture.file_format))
        images.append(element("img", src=uri, alt=picture.alt, class_=f"for-{look}"))
        figure.set_layout_engine("none")  # the second look has the layout of the first
    return element("figure", *images)
