"""Arrays in a structure of dicts and lists, the same as one vector, and costs that are one number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import DtypeError, NonFiniteError, ShapeError
from .steps import EPS


class Parameters:
    """Arrays in a structure, and as one vector."""

    def __init__(self, tree: Any) -> None:
        self.tree = tree
        found = list(_leaves(tree))
        arrays = [np.asarray(leaf) for _, leaf in found]
        self.names = [name or "parameters" for name, _ in found]
        for name, array in zip(self.names, arrays, strict=True):
            if array.dtype.kind != "f":
                raise DtypeError(
                    f"parameters must be arrays of real floats, got {array.dtype} for {name}: "
                    "a small step in it would be cut off; convert it, e.g. by .astype(np.float64)"
                )
            if array.size == 0:
                raise ShapeError(f"parameters must hold at least one number each, got shape {array.shape} for {name}: leave it out")
            if not np.isfinite(array).all():
                raise NonFiniteError(f"parameters must be finite, got NaN or infinity in {name}")
        if not found:
            raise ShapeError(f"parameters must hold at least one array, got {tree!r}")
        self.shapes = [array.shape for array in arrays]
        ends = np.cumsum([0, *(array.size for array in arrays)])
        self.slices = [slice(int(start), int(end)) for start, end in pairwise(ends)]
        self.theta: Array = np.concatenate([array.astype(np.float64).ravel() for array in arrays])

    def fill(self, theta: Array) -> Any:
        """Return a fresh structure that holds the numbers of `theta`."""
        theta = theta.copy()
        parts = (theta[part].reshape(shape) for part, shape in zip(self.slices, self.shapes, strict=True))
        return _rebuilt(self.tree, parts)

    def vector(self, gradients: Any) -> tuple[Array, list[float]]:
        """Return gradients of the same structure as one vector, and the relative precision of each."""
        leaves = list(_matched(self.tree, gradients, ""))
        vector = np.empty(self.theta.size)
        precision = []
        for name, part, shape, leaf in zip(self.names, self.slices, self.shapes, leaves, strict=True):
            try:
                array = np.asarray(leaf)
            except ValueError:
                raise ShapeError(f"the gradient of {name} must be an array of shape {shape}, got rows of unequal length") from None
            if array.dtype.kind not in "iuf":
                raise DtypeError(f"the gradient of {name} must hold real numbers, got dtype {array.dtype}")
            if array.shape != shape:
                raise ShapeError(f"the gradient of {name} must have its shape {shape}, got {array.shape}: nothing is broadcast")
            vector[part] = array.ravel()
            precision.append(max(EPS, float(np.finfo(array.dtype).eps)) if array.dtype.kind == "f" else EPS)
        return vector, precision


def _leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(tree, Mapping):
        for key, held in tree.items():
            yield from _leaves(held, _under(path, key))
    elif isinstance(tree, list | tuple):
        for i, held in enumerate(tree):
            yield from _leaves(held, f"{path}[{i}]")
    else:
        yield path, tree


def _under(path: str, key: Any) -> str:
    if not isinstance(key, str):
        return f"{path}[{key!r}]"
    return f"{path}.{key}" if path else key


def _rebuilt(tree: Any, parts: Iterator[Array]) -> Any:
    if isinstance(tree, Mapping):
        return {key: _rebuilt(held, parts) for key, held in tree.items()}
    if isinstance(tree, list | tuple):
        items = [_rebuilt(held, parts) for held in tree]
        return tree._make(items) if hasattr(tree, "_make") else tuple(items) if isinstance(tree, tuple) else items
    return next(parts)


def _matched(tree: Any, other: Any, path: str) -> Iterator[Any]:
    """Yield the leaves of `other` in the order of those of `tree`, or say where the structures part."""
    where = f" under {path}" if path else ""
    if isinstance(tree, Mapping):
        if not isinstance(other, Mapping):
            raise ShapeError(f"gradients must have the structure of parameters: a dict is due{where}, got {type(other).__name__}")
        missing, extra = [key for key in tree if key not in other], [key for key in other if key not in tree]
        if missing or extra:
            cure = ""
            if all(f"d{key}" in other for key in missing):
                cure = '; pass {key: gradients["d" + key] for key in parameters}'
            raise ShapeError(
                f"gradients must have the keys of parameters{where}: "
                f"{', '.join(map(repr, missing)) or 'none'} missing, {', '.join(map(repr, extra)) or 'none'} too many{cure}"
            )
        for key, held in tree.items():
            yield from _matched(held, other[key], _under(path, key))
    elif isinstance(tree, list | tuple):
        if not isinstance(other, list | tuple) or len(other) != len(tree):
            got = f"{len(other)}" if isinstance(other, list | tuple) else type(other).__name__
            raise ShapeError(f"gradients must have the structure of parameters: a list of {len(tree)} is due{where}, got {got}")
        for i, (held, given) in enumerate(zip(tree, other, strict=True)):
            yield from _matched(held, given, f"{path}[{i}]")
    elif other is None or isinstance(other, Mapping):
        raise ShapeError(f"gradients must have the structure of parameters: an array is due{where}, got {type(other).__name__}")
    else:
        yield other


def one_number(value: Any) -> Array:
    """Return the value of a cost as an array of rank 0."""
    if isinstance(value, tuple):
        raise ShapeError(f"cost must return one number, got a tuple of {len(value)}: return the cost alone, such as forward(...)[0]")
    array = np.asarray(value) if isinstance(value, np.ndarray | np.generic | int | float | complex) else None
    if array is None or array.dtype.kind not in "biufc":
        raise ShapeError(f"cost must return one number, got {type(value).__name__}")
    if array.size != 1:
        raise ShapeError(f"cost must return one number, got an array of shape {array.shape}: sum it, or take its mean")
    return array.reshape(())
