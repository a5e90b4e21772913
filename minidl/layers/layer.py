"""The contract of a layer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..arrays import Array, scratch
from ..errors import MinidlError, ShapeError
from ..parameters import Parameter

Shape = tuple[int, ...]


class Layer(ABC):
    """A differentiable step of a model: define `forward` and `backward`, and make a `Parameter` for each array that it learns.

    Parameters are found by themselves: every attribute that is a `Parameter`, and those of attributes that are layers (a list or
    tuple of layers too), in the order in which they were made.

    The contract, for m examples (a check of one's own layer verifies it):

    - `forward(x, *, training=False)` takes x (m, d_in) and returns y (m, d_out); `backward(dy)` takes the gradient of the
      objective with respect to the last y and returns the one with respect to the last x, and overwrites (never adds to)
      `.grad` of each own parameter.
    - Nobody writes into an argument. A result belongs to the layer and is valid until its next call of the same method.
    - Row i of y depends on row i of x alone; chance has a part only where `training` is true, and only through `self.rng`.
    - Sums over the batch are sums, not means: the loss has divided by m already.

    Examples
    --------
    A layer with one learned gain per feature:

    >>> import numpy as np
    >>> from minidl import Ones
    >>> class Gain(Layer):
    ...     def __init__(self, features):
    ...         self.gain = Parameter((features,), init=Ones())
    ...     def forward(self, x, *, training=False):
    ...         self.x = x
    ...         return x * self.gain.value
    ...     def backward(self, dy):
    ...         self.gain.grad[...] = (dy * self.x).sum(axis=0)
    ...         return dy * self.gain.value
    >>> layer = Gain(2)
    >>> layer.forward(np.array([[1.0, 2.0]]))
    array([[1., 2.]])
    """

    stochastic = False
    """Whether `forward` draws from `self.rng` while training; a model gives each such layer a stream of its own."""

    rng: np.random.Generator | None = None

    wants_input_gradient = True
    """A hint: while it is False, `backward` may return None. A model clears it during the backward of its first layer, whose
    input nobody learns, and sets it again."""

    _buffers: dict[str, Array]

    def __new__(cls, *args: Any, **kwargs: Any) -> Layer:
        """Give every layer its scratch buffers, also where a subclass has an __init__ of its own."""
        layer = super().__new__(cls)
        layer._buffers = {}
        return layer

    @abstractmethod
    def forward(self, x: Array, *, training: bool = False) -> Array:
        """Return the output for `x`; remember what `backward` needs."""

    @abstractmethod
    def backward(self, dy: Array) -> Array | None:
        """Return the gradient with respect to the last input, and fill `.grad` of each parameter."""

    def output_shape(self, shape: Shape | None) -> Shape | None:
        """Return the shape of one example's output, given that of its input; None stands for "not known".

        Raises
        ------
        ShapeError
            Where the layer cannot take such an input.
        """
        return None

    def children(self) -> Iterator[tuple[str, Layer]]:
        """Yield (name, layer) of each layer that this one holds as an attribute, or in a list or tuple."""
        for name, held in vars(self).items():
            if isinstance(held, Layer):
                yield name, held
            elif isinstance(held, list | tuple):
                yield from ((f"{name}.{i}", layer) for i, layer in enumerate(held) if isinstance(layer, Layer))

    def parameters(self) -> dict[str, Parameter]:
        """Return the parameters by name: its own, then those of the layers that it holds."""
        found = {name: held for name, held in vars(self).items() if isinstance(held, Parameter)}
        for name, child in self.children():
            found.update({f"{name}.{inner}": parameter for inner, parameter in child.parameters().items()})
        return found

    def walk(self) -> Iterator[Layer]:
        """Yield the layer itself and all layers that it holds."""
        yield self
        for _, child in self.children():
            yield from child.walk()

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __getstate__(self) -> dict[str, Any]:
        # A copy has buffers of its own and belongs to no model.
        return {name: held for name, held in vars(self).items() if name != "_owner"} | {"_buffers": {}}

    def _scratch(self, name: str, shape: Shape, dtype: np.dtype[Any]) -> Array:
        return scratch(self._buffers, name, shape, dtype)

    def _forward_first(self) -> MinidlError:
        return ShapeError(f"{self}.backward has no forward to go back from: call forward(x) first")

    def _unlike(self, dy: Array, y: Array) -> MinidlError:
        return ShapeError(
            f"{self}.backward takes a gradient of the shape of the last output, {y.shape}, got {np.shape(dy)}: nothing is broadcast"
        )


def floats(x: Array) -> Array:
    """Return `x` as an array of real or complex floats: itself, if it is one."""
    if isinstance(x, np.ndarray) and x.dtype.kind in "fc":
        return x
    return np.asarray(x, dtype=np.float64)
