"""Layers side by side, whose outputs are joined."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..utils.typing import Array
from ..utils.workspace import get_workspace
from .base import Layer, Shape, UnknownRank, UnknownSize
from .chain import as_layer
from .container import (
    BackwardStep,
    Container,
    ForwardStep,
    ShapeStep,
    check_inner_layers,
    inner_attribute,
    run_backward_parameters,
)
from .graph import GraphBuilder


class Concat(Container):
    """Layers side by side: y = the outputs of all branches for x, joined along an axis.

    dx is the sum of the gradients through all branches. As layer 2 of a model, the weight of the
    first layer of the second branch is the parameter "2.1.0.weight" if that branch is a list or a
    `Chain`, and "2.1.weight" if it is a single layer.

    Parameters
    ----------
    *branches : Layer or list of Layer
        The branches, at least one; a list becomes a `Chain`.
    axis : int, default -1
        The axis along which the outputs are joined, as in `numpy.concatenate`, of the whole array:
        axis 0 is that of the examples, and is refused. The outputs must be equal in all other axes.

    Attributes
    ----------
    branches : tuple of Layer
        The branches.

    Raises
    ------
    ArgumentError
        If there is no branch, one is not a layer or a list of layers, or `axis` is 0 or not an
        integer.
    LayerReuseError
        If a layer occurs twice.
    ShapeError
        From the model, and from `forward`, if the outputs do not fit together.

    See Also
    --------
    Residual : Adds instead of joining.
    Chain : Layers one after another.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Concat, Linear, ReLU, Tanh
    >>> layer = Concat(ReLU(), [Linear(2, 3), Tanh()])
    >>> layer.forward(np.ones((5, 2))).shape
    (5, 5)
    >>> list(layer.parameters())
    ['1.0.weight', '1.0.bias']
    """

    inference_arrays = 1

    _y_shape: Shape | None = None
    _axis: int
    _sizes: list[int]

    def __init__(self, *branches: Layer | Sequence[Layer], axis: int = -1) -> None:
        parts: list[Any] = [as_layer(branch) for branch in branches]
        self._names = [str(i) for i in range(len(parts))]
        check_inner_layers(parts, "Concat", [f"branch {name}" for name in self._names])
        if isinstance(axis, bool) or not isinstance(axis, int | np.integer) or axis == 0:
            raise ArgumentError(
                "axis must be an integer other than 0, the axis of the examples, "
                f"got {axis!r} in Concat: use -1 for the features"
            )
        self.branches: tuple[Layer, ...] = tuple(parts)
        self.axis = int(axis)
        self.takes_integers = all(inner_attribute(parts, "takes_integers"))
        self.couples_examples = any(inner_attribute(parts, "couples_examples"))

    def named_children(self) -> Iterator[tuple[str, Layer]]:
        yield from zip(self._names, self.branches, strict=True)

    def receivers(self) -> Iterator[tuple[str, Layer]]:
        yield from self.named_children()

    def forward_through(self, x: Array, run: ForwardStep) -> Array:
        outputs = [run(name, branch, x) for name, branch in self.named_children()]
        shape, self._axis = self._joined_shape([output.shape for output in outputs])
        self._sizes = [output.shape[self._axis] for output in outputs]
        self._y_shape = shape
        y = get_workspace(self.workspace, "y", shape, np.result_type(*outputs))
        return np.concatenate(outputs, axis=self._axis, out=y)

    def _joined_shape(self, shapes: Sequence[Any]) -> tuple[Shape, int]:
        """Return the shape of the joined arrays, and the axis counted from the first."""
        first = shapes[0]
        axis = self.axis + len(first) if self.axis < 0 else self.axis
        if not 0 < axis < len(first):
            raise ShapeError(
                f"{self} joins along axis {self.axis}, which arrays of shape {first} must have "
                "behind that of the examples: change axis"
            )
        for i, shape in enumerate(shapes):
            if shape[:axis] != first[:axis] or shape[axis + 1 :] != first[axis + 1 :]:
                raise ShapeError(
                    f"{self} joins outputs that are equal in all axes but axis {self.axis}, "
                    f"got {first} from branch 0 and {shape} from branch {i}: change the branches"
                )
        return (*first[:axis], sum(shape[axis] for shape in shapes), *first[axis + 1 :]), axis

    def _split(self, dy: Array) -> Iterator[tuple[str, Layer, Array]]:
        """Yield the branches with their parts of dy, each in memory of its own."""
        if self._y_shape is None:
            raise self._shape_error(dy, None)
        if dy.shape != self._y_shape:
            raise ShapeError(
                f"{self}.backward expects dy of the shape of the last output, {self._y_shape}, "
                f"got {np.shape(dy)}"
            )
        start = 0
        before: tuple[slice, ...] = (slice(None),) * self._axis
        for (name, branch), size in zip(self.named_children(), self._sizes, strict=True):
            part = dy[(*before, slice(start, start + size))]
            start += size
            own = get_workspace(self.workspace, f"dy {name}", part.shape, dy.dtype)
            own[...] = part
            yield name, branch, own

    def backward_through(self, dy: Array, run: BackwardStep) -> Any:
        terms = [run(name, branch, part) for name, branch, part in self._split(dy)]
        if any(term is None for term in terms):
            return None
        if len(terms) == 1:
            return terms[0]
        shapes = {term.shape for term in terms}
        if len(shapes) > 1:
            raise ShapeError(
                f"{self}.backward adds gradients of equal shapes, got {sorted(shapes)}: correct "
                "the backward of the branches"
            )
        dx = get_workspace(self.workspace, "dx", terms[0].shape, np.result_type(*terms))
        np.add(terms[0], terms[1], out=dx)
        for term in terms[2:]:
            np.add(dx, term, out=dx)
        return dx

    def backward_parameters(self, dy: Array) -> None:
        for _, branch, part in self._split(dy):
            if branch.parameters():
                run_backward_parameters(branch, part)

    def shape_through(self, shape: Shape | None, run: ShapeStep) -> Shape | None:
        shapes = [run(name, branch, shape) for name, branch in self.named_children()]
        known = [output for output in shapes if output is not None]
        if len(known) < len(shapes):
            return None
        if any(isinstance(output, UnknownRank) for output in known):
            # Only the last axes are known.
            if self.axis != -1:
                return None
            is_size = any(isinstance(output, UnknownSize) for output in known)
            unknown = UnknownSize if is_size else UnknownRank
            return unknown((sum(output[-1] for output in known),))
        # The number of examples stands for itself: it is never joined.
        try:
            return self._joined_shape([("m", *output) for output in known])[0][1:]
        except ShapeError as error:
            raise ShapeError(str(error).removeprefix(f"{self} ")) from None

    def formula(self) -> tuple[str, str]:
        return (
            f"y = the outputs of all branches, joined along axis {self.axis}",
            "dx = sum of the gradients through all branches",
        )

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        outputs = [graph.add_layer(name, branch, x) for name, branch in self.named_children()]
        graph.node("Concat", outputs, [y], axis=self.axis)

    def __repr__(self) -> str:
        parts = [str(branch) for branch in self.branches]
        if self.axis != -1:
            parts.append(f"axis={self.axis}")
        return f"{type(self).__name__}({', '.join(parts)})"
