"""The layers of a model as boxes, one below the other, for notebooks and reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from ..escaping import MAX_LINE, shortened
from ..html_pages.markup import Markup, element, joined
from ..html_pages.page import fragment
from ..layers.base import Layer, Shape
from ..layers.chain import Chain
from ..layers.container import Container
from ..layers.residual import Residual
from ..objective import Objective
from .summary import LayerRow, format_size, layer_rows, loss_text, shape_text

MAX_LAYERS = 200
"""Layers that are drawn; `summary` has a row for each."""


def diagram(objective: Objective, shape: Shape | None = None) -> Markup:
    """Return the layers of a model as boxes, with their shapes and numbers of parameters.

    Parameters
    ----------
    objective : Objective
        The model.
    shape : tuple of int, optional
        The shape of one example, with which all other shapes are known.

    Returns
    -------
    Markup
        A list of the layers, those inside of another one in its box, and a line of the whole.
    """
    rows = list(layer_rows(objective.layers, shape))
    left_out = len(rows) - MAX_LAYERS
    more = f"... and {left_out:,} more layers: summary() lists them"
    size = objective.parameters.size
    whole = f"{size:,} parameters ({format_size(size * objective.dtype.itemsize)})"
    return joined(
        *[_arrow(f"X {shape_text(shape)}")] * (shape is not None),
        _list_of(_inside(rows[:MAX_LAYERS]), ""),
        *[element("p", more)] * (left_out > 0),
        element("p", f"{whole}, {objective.dtype}; {loss_text(objective)}", class_="muted"),
    )


def diagram_in_notebook(objective: Objective) -> str:
    """Return the layers of a model as boxes, for the output of a cell."""
    return fragment(diagram(objective))


def _inside(rows: Sequence[LayerRow]) -> dict[str, list[LayerRow]]:
    """Return the layers directly in each container by its path, those of the model by ""."""
    inside: dict[str, list[LayerRow]] = {}
    around = [""]
    for row in rows:  # a container comes before what is in it
        while not row.path.startswith(around[-1]):
            around.pop()
        inside.setdefault(around[-1].removesuffix("."), []).append(row)
        around.append(f"{row.path}.")
    return inside


def _list_of(
    inside: dict[str, list[LayerRow]], path: str, *beside: Markup, kind: str = ""
) -> Markup:
    items = (element("li", *_parts(row, inside)) for row in inside[path])
    return element("ol", *items, *beside, class_=f"network {kind}".rstrip())


def _parts(row: LayerRow, inside: dict[str, list[LayerRow]]) -> Iterator[Markup]:
    """Yield the box of a layer, with what is in it, and the arrow below."""
    number = element("span", row.path.rpartition(".")[2], class_="muted")
    count = sum(parameter.size for parameter in row.layer.parameters().values())
    words = f"{count:,} parameters" if count else ""
    name, _, arguments = shortened(row.text.strip(), MAX_LINE).partition("(")
    title = joined(number, " ", element("b", name), f"({arguments}" if arguments else "")
    line = element("div", element("span", title), element("span", words, class_="muted"))
    if row.path not in inside:
        yield element("div", line, class_=f"layer{' learned' * bool(count)}")
    else:
        beside = _unchanged_input(row)
        is_parallel = len(list(cast(Container, row.layer).receivers())) + len(beside) > 1
        layers = _list_of(inside, row.path, *beside, kind="parallel" if is_parallel else "")
        yield element("div", line, *_formula(row.layer), layers, class_="layer")
    yield _arrow(shape_text(row.output))


def _unchanged_input(row: LayerRow) -> list[Markup]:
    """Return the shortcut of a residual block that has no layer in it."""
    if not isinstance(row.layer, Residual) or row.layer.shortcut is not None:
        return []
    box = element("div", "x, unchanged", class_="layer muted")
    return [element("li", box, _arrow(shape_text(row.output)))]


def _formula(layer: Layer) -> Iterator[Markup]:
    """Yield what a container does with the outputs of its layers, unless they follow each other."""
    if not isinstance(layer, Chain):
        yield element("div", layer.formula()[0], class_="muted")


def _arrow(words: str) -> Markup:
    return element("div", f"↓ {words}", class_="arrow muted")
