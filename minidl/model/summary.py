"""A table of the layers of a model."""

from __future__ import annotations

from ..objective import Objective, output_shapes

_ALIGNMENTS = (str.rjust, str.ljust, str.ljust, str.rjust, str.rjust)
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
        A row per layer and one for the total, then a line with loss, penalties and dtype.
    """
    itemsize = objective.dtype.itemsize
    rows = [("#", "layer", "output", "parameters", "size")]
    shapes = output_shapes(objective.layers, None)
    for i, (layer, shape) in enumerate(zip(objective.layers, shapes, strict=True)):
        output = "?" if shape is None else f"({', '.join(map(str, ('m', *shape)))})"
        count = sum(parameter.size for parameter in layer.parameters().values())
        rows.append((str(i), str(layer), output, f"{count:,}", format_size(count * itemsize)))
    total = objective.parameters.size
    rows.append(("", "total", "", f"{total:,}", format_size(total * itemsize)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        columns = zip(_ALIGNMENTS, row, widths, strict=True)
        lines.append(" " + "  ".join(align(cell, width) for align, cell, width in columns))
    fused = ", computed from the logits" if objective.is_fused else ""
    penalties = "".join(f" + {penalty}" for penalty in objective.penalties)
    return "\n".join([*lines, f"loss {objective.loss}{fused}{penalties}; {objective.dtype}"])


def format_size(n_bytes: float) -> str:
    """Return a number of bytes in the unit that suits it, such as "983.2 kB"."""
    n_digits = len(str(int(n_bytes)))
    power = min((n_digits - 1) // 3, len(_UNITS) - 1)
    decimals = 1 if power else 0
    return f"{n_bytes / 1000**power:.{decimals}f} {_UNITS[power]}"
