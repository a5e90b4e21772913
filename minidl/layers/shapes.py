"""The shapes of what layers one after another give."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ShapeError
from .base import Layer, Shape, UnknownRank
from .container import InnerShapeError, fit_with_more_axes


def output_shapes(layers: Sequence[Layer], shape: Shape | None) -> list[Shape | None]:
    """Return the shape of one example after each layer.

    Parameters
    ----------
    layers : sequence of Layer
        The layers, first to last.
    shape : tuple of int or None
        The shape of one example of X, None before it is known. Then layers fit if they fit for
        rows, or for sequences or images.

    Returns
    -------
    list of (tuple of int or None)
        None where the shape is unknown.

    Raises
    ------
    ShapeError
        If two layers do not fit, or the first one does not fit X.
    """
    try:  # nearly always
        return _plain_shapes(layers, shape)
    except (ShapeError, LookupError, ValueError):
        return _shapes_of_some_rank(layers, shape)


def _plain_shapes(layers: Sequence[Layer], shape: Shape | None) -> list[Shape | None]:
    shapes = []
    for layer in layers:
        shape = layer.output_shape(shape)
        shapes.append(shape)
    return shapes


def _shapes_of_some_rank(layers: Sequence[Layer], shape: Shape | None) -> list[Shape | None]:
    """Return the shapes, unknown where layers refuse rows but take sequences or images."""
    shapes: list[Shape | None] = []
    rank_unknown_after: int | None = None
    for i in range(len(layers)):
        try:
            shape = _output_shape(layers, i, shape)
        except (ShapeError, LookupError, ValueError):
            if rank_unknown_after is None:
                raise
            first = rank_unknown_after
            if not fit_with_more_axes(layers[first + 1 : i + 1], shapes[first]):
                raise
            shape = None
        if shape == () and rank_unknown_after is not None:
            shape = None  # the layer takes an axis away that it was not told of
        if shape is None:
            rank_unknown_after = None
        elif rank_unknown_after is None and isinstance(shape, UnknownRank):
            rank_unknown_after = i
        shapes.append(shape)
    return shapes


def _output_shape(layers: Sequence[Layer], i: int, shape: Shape | None) -> Shape | None:
    """Return the shape after layer i; an error names the layer and the one before it."""
    try:
        return layers[i].output_shape(shape)
    except InnerShapeError as error:
        located = error.inside(str(i))
        if i or located.before:
            raise located.after((str(i - 1), layers[i - 1])) from None
        raise ShapeError(f"{located} from X") from None
    except ShapeError as error:
        before = f"layer {i - 1}, {layers[i - 1]}" if i else "X"
        raise ShapeError(f"layer {i}, {layers[i]}, {error} from {before}") from None
