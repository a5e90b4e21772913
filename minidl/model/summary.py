"""A table of the layers of a model."""

from __future__ import annotations

from ..objective import Objective, output_shapes


def summarize(model: Objective) -> str:
    """Return a table of the layers of `model`, with their output shapes, parameters and sizes."""
    shapes = [
        "?" if shape is None else f"({', '.join(map(str, ('m', *shape)))})"
        for shape in output_shapes(model.layers, None)
    ]
    counts = [
        sum(parameter.size for parameter in layer.parameters().values()) for layer in model.layers
    ]
    parts = [
        *zip(range(len(counts)), model.layers, shapes, counts, strict=True),
        ("", "total", "", model.parameters.size),
    ]
    rows = [("#", "layer", "output", "parameters", "size")]
    rows += [
        (str(i), str(part), shape, f"{count:,}", _size(count * model.dtype.itemsize))
        for i, part, shape, count in parts
    ]
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    aligned = str.rjust, str.ljust, str.ljust, str.rjust, str.rjust
    lines = [
        " "
        + "  ".join(
            align(cell, width) for align, cell, width in zip(aligned, row, wide, strict=True)
        )
        for row in rows
    ]
    how = ", computed from the logits" if model.is_fused else ""
    terms = "".join(f" + {penalty}" for penalty in model.penalties)
    return "\n".join([*lines, f"loss {model.loss}{how}{terms}; {model.dtype}"])


def _size(count: float) -> str:
    power = min((len(str(int(count))) - 1) // 3, 3)
    return f"{count / 1000**power:.{min(power, 1)}f} {('B', 'kB', 'MB', 'GB')[power]}"
