"""A table of the layers of a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from ..escaping import escaped
from ..layers.base import Layer, Shape, UnknownSize
from ..layers.container import Container, inner_shape
from ..layers.shapes import output_shapes
from ..layers.tree import described, trained_flags
from ..objective import Objective
from ..utils.validation import check_example_shape

_UNITS = ("B", "kB", "MB", "GB")

Row: TypeAlias = tuple[str, ...]


class LayerRow(NamedTuple):
    """A layer of the table: its path, what it is called, and the shapes of one example."""

    path: str
    text: str
    layer: Layer
    shape: Shape | None
    output: Shape | None


class Table(str):
    """Lines that a notebook shows as they are, where a string would be shown in quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def summarize(objective: Objective, shape: Shape | None = None) -> Table:
    """Return a table of the layers, with their output shapes, numbers of parameters and sizes.

    Parameters
    ----------
    objective : Objective
        The model.
    shape : tuple of int, optional
        The shape of one example. With it, there is a column of multiply-adds.

    Returns
    -------
    Table
        A row per layer, indented for a layer inside of another one, and one for the total; a table
        of the buffers, if there are any; then a line with loss, penalties and dtype.
    """
    if shape is not None:
        shape = check_example_shape(shape, "summary")
    lines = [
        *_layer_table(objective, shape),
        *_frozen_line(objective),
        *_buffer_table(objective),
        escaped(f"{loss_text(objective)}; {objective.dtype}"),
    ]
    return Table("\n".join(lines))


def loss_text(objective: Objective) -> str:
    """Return what a model minimizes, such as "loss MeanSquaredError() + L2(0.1)"."""
    fused = ", computed from the logits" if objective.is_fused else ""
    penalties = "".join(f" + {penalty}" for penalty in objective.penalties)
    return f"loss {objective.loss}{fused}{penalties}"


def _layer_table(objective: Objective, shape: Shape | None) -> list[str]:
    itemsize = objective.dtype.itemsize
    rows: list[Row] = [("#", "layer", "output", "parameters", "size")]
    of_layers = list(layer_rows(objective.layers, shape))
    for path, text, layer, _, output in of_layers:
        count = sum(parameter.size for parameter in layer.parameters().values())
        rows.append((path, text, shape_text(output), *_count_and_size(count, itemsize)))
    has_inner_rows = len(rows) > 1 + len(objective.layers)
    rows.append(("", "total", "", *_count_and_size(objective.parameters.size, itemsize)))
    if shape is not None:
        column = ["multiply-adds", *_multiply_adds(of_layers)]
        rows = [(*row, cell) for row, cell in zip(rows, column, strict=True)]
    return _aligned(rows, n_left=3, first=str.ljust if has_inner_rows else str.rjust)


def _frozen_line(objective: Objective) -> list[str]:
    """Return how many parameters training moves, where it does not move all."""
    flags = trained_flags(objective.layers)
    sizes = [parameter.size for _, parameter in objective.parameters]
    n_trained = sum(size for size, is_trained in zip(sizes, flags, strict=True) if is_trained)
    n_frozen = objective.parameters.size - n_trained
    return [f"trainable {n_trained:,}, frozen {n_frozen:,} parameters"] if n_frozen else []


def _multiply_adds(rows: Sequence[LayerRow]) -> list[str]:
    """Return the number of each row, a container's being the sum of what is in it, then of all."""
    counts = {
        row.path: None if row.shape is None else row.layer.multiply_adds(row.shape)
        for row in rows
        if not isinstance(row.layer, Container)
    }

    def within(path: str) -> list[int | None]:
        return [count for inner, count in counts.items() if f"{inner}.".startswith(f"{path}.")]

    sums = [*(within(row.path) for row in rows), list(counts.values())]
    return ["?" if None in inner else f"{sum(filter(None, inner)):,}" for inner in sums]


def shape_text(shape: Shape | None) -> str:
    """Return the shape of m examples of which one has `shape`, "?" if it is not known."""
    if shape is None:
        return "?"
    axes = ("m", "...", *shape) if isinstance(shape, UnknownSize) else ("m", *shape)
    return f"({', '.join(map(str, axes))})"


def _buffer_table(objective: Objective) -> list[str]:
    if not objective.buffers:
        return []
    itemsize = objective.dtype.itemsize
    rows: list[Row] = [("buffer (kept, not learned)", "shape", "elements", "size")]
    for name, buffer in objective.buffers.items():
        rows.append((name, str(buffer.shape), *_count_and_size(buffer.size, itemsize)))
    total = sum(buffer.size for buffer in objective.buffers.values())
    rows.append(("total", "", *_count_and_size(total, itemsize)))
    return _aligned(rows, n_left=2)


def _count_and_size(count: int, itemsize: int) -> tuple[str, str]:
    return f"{count:,}", format_size(count * itemsize)


def _aligned(
    rows: list[Row], n_left: int, first: Callable[[str, int], str] = str.ljust
) -> list[str]:
    """Return lines with equal columns: `n_left` to the left, the rest, numbers, to the right."""
    rows = [tuple(map(escaped, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    alignments = [first, *[str.ljust] * (n_left - 1), *[str.rjust] * (len(widths) - n_left)]
    lines = []
    for row in rows:
        columns = zip(alignments, row, widths, strict=True)
        lines.append(" " + "  ".join(align(cell, width) for align, cell, width in columns))
    return lines


def layer_rows(layers: Sequence[Layer], shape: Shape | None) -> Iterator[LayerRow]:
    """Yield the row of each layer, inner layers included.

    Parameters
    ----------
    layers : sequence of Layer
        The layers of a model.
    shape : tuple of int or None
        The shape of one example, if it is known.

    Yields
    ------
    LayerRow
        That of a container, and then those of the layers in it.
    """
    for i, (layer, output) in enumerate(zip(layers, output_shapes(layers, shape), strict=True)):
        yield LayerRow(str(i), _description(layer), layer, shape, output)
        if isinstance(layer, Container):
            yield from _inner_rows(str(i), layer, shape, "  ")
        shape = output


def _inner_rows(
    path: str, container: Container, shape: Shape | None, indent: str
) -> list[LayerRow]:
    rows: list[LayerRow] = []

    def run(name: str, layer: Layer, shape: Shape | None) -> Shape | None:
        output = inner_shape(name, layer, shape)
        inner_path = f"{path}.{name}"
        rows.append(LayerRow(inner_path, indent + _description(layer), layer, shape, output))
        if isinstance(layer, Container):
            rows.extend(_inner_rows(inner_path, layer, shape, f"{indent}  "))
        return output

    container.shape_through(shape, run)
    return rows


def _description(layer: Layer) -> str:
    # The layers of a container have their own rows.
    return type(layer).__name__ if isinstance(layer, Container) else described(layer)


def format_size(n_bytes: float) -> str:
    """Return a number of bytes in the unit that suits it, such as "983.2 kB"."""
    n_digits = len(str(int(n_bytes)))
    power = min((n_digits - 1) // 3, len(_UNITS) - 1)
    decimals = 1 if power else 0
    return f"{n_bytes / 1000**power:.{decimals}f} {_UNITS[power]}"
