"""A table of the layers of a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..layers.base import Layer, Shape
from ..layers.container import Container, inner_shape
from ..layers.shapes import output_shapes
from ..objective import Objective

_ALIGNMENTS = (str.ljust, str.ljust, str.rjust, str.rjust)  # of the columns after the first
_UNITS = ("B", "kB", "MB", "GB")


def summarize(objective: Objective) -> str:
    """Return a table of the layers, with their output shapes, numbers of parameters and sizes.

    Parameters
    ----------
    objective : Objective
        The model.

    Returns
    -------
    str
        A row per layer, indented for a layer inside of another one, and one for the total, then a
        line with loss, penalties and dtype.
    """
    itemsize = objective.dtype.itemsize
    rows = [("#", "layer", "output", "parameters", "size")]
    for path, text, layer, shape in _layer_rows(objective.layers):
        output = "?" if shape is None else f"({', '.join(map(str, ('m', *shape)))})"
        count = sum(parameter.size for parameter in layer.parameters().values())
        rows.append((path, text, output, f"{count:,}", format_size(count * itemsize)))
    has_inner_rows = len(rows) > 1 + len(objective.layers)
    alignments = (str.ljust if has_inner_rows else str.rjust, *_ALIGNMENTS)
    total = objective.parameters.size
    rows.append(("", "total", "", f"{total:,}", format_size(total * itemsize)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        columns = zip(alignments, row, widths, strict=True)
        lines.append(" " + "  ".join(align(cell, width) for align, cell, width in columns))
    fused = ", computed from the logits" if objective.is_fused else ""
    penalties = "".join(f" + {penalty}" for penalty in objective.penalties)
    return "\n".join([*lines, f"loss {objective.loss}{fused}{penalties}; {objective.dtype}"])


def _layer_rows(layers: Sequence[Layer]) -> Iterator[tuple[str, str, Layer, Shape | None]]:
    """Yield path, description, layer and output shape of each layer, inner layers included."""
    shape: Shape | None = None
    for i, (layer, output) in enumerate(zip(layers, output_shapes(layers, None), strict=True)):
        yield str(i), _description(layer), layer, output
        if isinstance(layer, Container):
            yield from _inner_rows(str(i), layer, shape, "  ")
        shape = output


def _inner_rows(
    path: str, container: Container, shape: Shape | None, indent: str
) -> list[tuple[str, str, Layer, Shape | None]]:
    rows: list[tuple[str, str, Layer, Shape | None]] = []

    def run(name: str, layer: Layer, shape: Shape | None) -> Shape | None:
        output = inner_shape(name, layer, shape)
        inner_path = f"{path}.{name}"
        rows.append((inner_path, indent + _description(layer), layer, output))
        if isinstance(layer, Container):
            rows.extend(_inner_rows(inner_path, layer, shape, f"{indent}  "))
        return output

    container.shape_through(shape, run)
    return rows


def _description(layer: Layer) -> str:
    # The layers of a container have their own rows.
    return type(layer).__name__ if isinstance(layer, Container) else str(layer)


def format_size(n_bytes: float) -> str:
    """Return a number of bytes in the unit that suits it, such as "983.2 kB"."""
    n_digits = len(str(int(n_bytes)))
    power = min((n_digits - 1) // 3, len(_UNITS) - 1)
    decimals = 1 if power else 0
    return f"{n_bytes / 1000**power:.{decimals}f} {_UNITS[power]}"
