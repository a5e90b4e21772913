"""What the pictures share: colours, axes that are given or new, and the door for their arguments."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Array, numeric
from ..errors import ArgumentError, DtypeError, MissingExtraError, ShapeError

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
GREY = "#666666"


def figure_class(where: str) -> Callable[..., Any]:
    """Return matplotlib's Figure, or say how to install it."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError(f"{where} needs matplotlib, which is not installed: pip install minidl[plot]") from None
    return Figure


def axes_for(axes: Any, where: str, size: tuple[float, float]) -> Any:
    """Return the one Axes given, or a new one."""
    new = figure_class(where)
    return new(figsize=size, layout="constrained").add_subplot() if axes is None else given(axes, where, one=True)[0]


def grid_for(axes: Any, count: int, columns: int, where: str, title: str) -> Any:
    """Return an array of bare Axes for `count` pictures: those given, or new ones under a title."""
    new = figure_class(where)
    if axes is None:
        rows, columns = math.ceil(count / columns), min(columns, max(count, 4))
        figure = new(figsize=(1.8 * columns, 0.8 + 2.15 * rows), layout="constrained")
        figure.suptitle(textwrap.fill(title, 21 * columns), fontsize=11)
        axes = figure.subplots(rows, columns, squeeze=False) if count else []
    found = given(axes, where)
    for one in found:
        one.axis("off")
    return found


def given(axes: Any, where: str, *, one: bool = False) -> Any:
    """Return the Axes given, as a vector."""
    from matplotlib.axes import Axes

    found = np.array(axes, dtype=object).ravel()
    if (one and len(found) != 1) or not all(isinstance(each, Axes) for each in found):
        raise ArgumentError(f"axes must be {'a matplotlib Axes' if one else 'matplotlib Axes'}, got {axes!r} in {where}")
    return found


def class_names(classes: Sequence[str], count: int | None, where: str) -> list[str]:
    """Return the names of `count` classes, of as many as there are where it is None."""
    if isinstance(classes, str) or not isinstance(classes, Sequence) or not classes or len(classes) != (count or len(classes)):
        raise ArgumentError(f"classes must be the names of {f'the {count}' if count else 'all'} classes, got {classes!r} in {where}")
    return [str(name) for name in classes]


def class_numbers(values: npt.ArrayLike, name: str, classes: int, where: str) -> Array:
    """Return class numbers from 0 to classes - 1 as a vector."""
    labels = numeric(values, name)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.size == 0:
        raise ShapeError(f"{name} must be a vector (m,) of at least one class number, got shape {labels.shape} in {where}")
    if not (np.mod(labels, 1) == 0).all():
        raise DtypeError(f"{name} must hold whole numbers, got {labels[np.mod(labels, 1) != 0][0]} in {where}: pass predict_classes(X)")
    if labels.min() < 0 or labels.max() >= classes:
        raise ArgumentError(f"{name} must lie in 0..{classes - 1}, got {labels.min()} to {labels.max()} in {where}")
    return labels.astype(np.int64)


def whole(value: Any, name: str, where: str) -> int:
    """Return `value` as a whole number >= 1."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ArgumentError(f"{name} must be a whole number >= 1, got {value!r} in {where}")
    return int(value)
