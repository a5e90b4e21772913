"""The base class of all layers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from ..errors import MinidlError, ShapeError
from ..parameters import Parameter
from ..utils.typing import Array

Shape = tuple[int, ...]


class Layer(ABC):
    """A differentiable step of a model: define `forward` and `backward`.

    What it learns is found by itself: attributes that are parameters, layers, or lists or tuples of layers.

    - `forward` takes x (m, d_in) and returns y (m, d_out). Row i of y depends on row i of x alone, and on chance only where `training` is
      true, from `self.rng`.
    - `backward` takes dy, the gradient with respect to the last y, returns dx, and overwrites `.grad` of each own parameter with sums
      over the m examples: the loss has divided by m.
    - Nobody writes into an argument. A result belongs to the layer until its next call.
    """

    stochastic = False
    """Whether `forward` draws from `self.rng`, a stream that a model gives, while training."""

    rng: np.random.Generator | None = None

    _workspace: dict[str, Array]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Make the scratch buffers."""
        layer = super().__new__(cls)
        layer._workspace = {}
        return layer

    @abstractmethod
    def forward(self, x: Array, *, training: bool = False) -> Array:
        """Return y."""

    @abstractmethod
    def backward(self, dy: Array) -> Array | None:
        """Return dx, and fill `.grad` of each parameter."""

    def backward_parameters(self, dy: Array) -> None:
        """Fill `.grad` of each parameter without computing dx, after the last `forward`.

        A model calls this for its first layer with parameters. By default it calls `backward`;
        override it where computing dx costs time.

        Parameters
        ----------
        dy : array of the shape of the last output
            The gradient with respect to the last output.
        """
        self.backward(dy)

    def output_shape(self, shape: Shape | None) -> Shape | None:
        """Return the shape of one row of y, given that of x, or raise `ShapeError`; None is unknown."""
        return None

    def named_children(self) -> Iterator[tuple[str, Layer]]:
        """Yield the layers that this one holds, by name."""
        for name, held in vars(self).items():
            if isinstance(held, Layer):
                yield name, held
            elif isinstance(held, list | tuple):
                yield from (
                    (f"{name}.{i}", layer)
                    for i, layer in enumerate(held)
                    if isinstance(layer, Layer)
                )

    def parameters(self) -> dict[str, Parameter]:
        """Return the parameters by name, its own first."""
        found = {name: held for name, held in vars(self).items() if isinstance(held, Parameter)}
        for name, child in self.named_children():
            found |= {
                f"{name}.{inner}": parameter for inner, parameter in child.parameters().items()
            }
        return found

    def modules(self) -> Iterator[Layer]:
        """Yield the layer itself and all that it holds."""
        yield self
        for _, child in self.named_children():
            yield from child.modules()

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __getstate__(self) -> dict[str, Any]:
        return {name: held for name, held in vars(self).items() if name != "_owner"} | {
            "_workspace": {}
        }  # a copy has no model

    def _refusal(self, dy: Array, y: Array | None) -> MinidlError:
        if y is None:
            return ShapeError(
                f"{self}.backward has no forward to go back from: call forward(x) first"
            )
        return ShapeError(
            f"{self}.backward takes a gradient of the shape of the last output, {y.shape}, got {np.shape(dy)}"
        )


def as_float_array(x: Array) -> Array:
    """Return `x` itself, or as an array of floats."""
    if isinstance(x, np.ndarray) and x.dtype.kind in "fc":
        return x
    return np.asarray(x, dtype=np.float64)
