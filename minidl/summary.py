"""The table that `Sequential.summary` returns."""

from __future__ import annotations

from .layers.layer import Shape
from .objective import Objective, output_shapes


def summarize(model: Objective) -> str:
    """Return a table of the layers of `model`, with their output shapes, parameters and sizes.

    Examples
    --------
    >>> from minidl import BinaryCrossEntropy, Linear, Sequential, Sigmoid
    >>> print(Sequential([Linear(4, 1), Sigmoid()], loss=BinaryCrossEntropy()).summary())
     #  layer         output  parameters  size
     0  Linear(4, 1)  (m, 1)           5  20 B
     1  Sigmoid()     (m, 1)           0   0 B
        total                          5  20 B
    loss BinaryCrossEntropy(), computed from the logits; float32
    """
    bytes_each = model.dtype.itemsize
    rows = [("#", "layer", "output", "parameters", "size")]
    for i, (layer, shape) in enumerate(zip(model.layers, output_shapes(model.layers, None), strict=True)):
        count = sum(parameter.size for parameter in layer.parameters().values())
        rows.append((str(i), str(layer), _shape(shape), f"{count:,}", _size(count * bytes_each)))
    rows.append(("", "total", "", f"{model.parameters.size:,}", _size(model.parameters.size * bytes_each)))
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        f"{number:>{wide[0] + 1}}  {layer:<{wide[1]}}  {shape:<{wide[2]}}  {count:>{wide[3]}}  {size:>{wide[4]}}"
        for number, layer, shape, count, size in rows
    ]
    how = ", computed from the logits" if model.from_logits else ""
    terms = "".join(f" + {penalty}" for penalty in model.penalties)
    return "\n".join([*lines, f"loss {model.loss}{how}{terms}; {model.dtype}"])


def _shape(shape: Shape | None) -> str:
    return "?" if shape is None else f"({', '.join(['m', *map(str, shape)])})"


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
