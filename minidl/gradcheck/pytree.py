"""Arrays in a nested structure, and as one vector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..errors import DtypeError, NonFiniteError, ShapeError
from ..utils.typing import Array
from .constants import EPS


class Parameters:
    """Arrays in a structure, and as one vector `theta`, where `parts` has the name, slice and shape of each."""

    def __init__(self, tree: Any) -> None:
        self.tree = tree
        self.parts: list[tuple[str, slice, tuple[int, ...]]] = []
        arrays: list[Array] = []
        for path, leaf in _leaves(tree, tree):
            name, array = path or "parameters", np.asarray(leaf)
            if array.dtype.kind != "f":
                raise DtypeError(
                    f"parameters must be real floats, got {array.dtype} for {name}: convert it by .astype(np.float64)"
                )
            if array.size == 0:
                raise ShapeError(
                    f"parameters must not be empty, got shape {array.shape} for {name}: leave it out"
                )
            if not np.isfinite(array).all():
                raise NonFiniteError(f"parameters must be finite, got NaN or infinity in {name}")
            start = self.parts[-1][1].stop if arrays else 0
            self.parts.append((name, slice(start, start + array.size), array.shape))
            arrays.append(array.astype(np.float64).ravel())
        if not arrays:
            raise ShapeError(f"parameters must hold at least one array, got {tree!r}")
        self.theta: Array = np.concatenate(arrays)

    def fill(self, theta: Array) -> Any:
        """Return a fresh structure of the numbers of `theta`."""
        theta = theta.copy()
        return _rebuilt(self.tree, (theta[part].reshape(shape) for _, part, shape in self.parts))

    def vector(self, gradients: Any) -> tuple[Array, list[float]]:
        """Return gradients of the same structure as one vector, and the relative precision of each."""
        vector, precision = np.empty(self.theta.size), []
        for (name, part, shape), (_, leaf) in zip(
            self.parts, list(_leaves(self.tree, gradients)), strict=True
        ):
            try:
                array = np.asarray(leaf)
            except ValueError:
                raise ShapeError(
                    f"the gradient of {name} must have its shape {shape}, got rows of unequal length"
                ) from None
            if array.dtype.kind not in "iuf":
                raise DtypeError(
                    f"the gradient of {name} must hold real numbers, got dtype {array.dtype}"
                )
            if array.shape != shape:
                raise ShapeError(
                    f"the gradient of {name} must have its shape {shape}, got {array.shape}: nothing is broadcast"
                )
            vector[part] = array.ravel()
            precision.append(
                max(EPS, float(np.finfo(array.dtype).eps)) if array.dtype.kind == "f" else EPS
            )
        return vector, precision


def _leaves(tree: Any, other: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path of each leaf of `tree` and what `other` has there."""
    where = f" under {path}" if path else ""
    if isinstance(tree, Mapping):
        due, fits = "a dict", isinstance(other, Mapping)
    elif isinstance(tree, list | tuple):
        due, fits = (
            f"a list of {len(tree)}",
            isinstance(other, list | tuple) and len(other) == len(tree),
        )
    else:
        due, fits = "an array", other is tree or not (other is None or isinstance(other, Mapping))
    if not fits:
        got = len(other) if isinstance(other, list | tuple) else type(other).__name__
        raise ShapeError(
            f"gradients must have the structure of parameters: {due} is due{where}, got {got}"
        )
    if isinstance(tree, Mapping):
        missing, extra = (
            [key for key in one if key not in two] for one, two in ((tree, other), (other, tree))
        )
        if missing or extra:
            cure = (
                '; pass {key: gradients["d" + key] for key in parameters}'
                if all(f"d{key}" in other for key in missing)
                else ""
            )
            listed = [", ".join(map(repr, keys)) or "none" for keys in (missing, extra)]
            raise ShapeError(
                f"gradients must have the keys of parameters{where}: {listed[0]} missing, {listed[1]} too many{cure}"
            )
        for key, held in tree.items():
            name = (
                f"{path}[{key!r}]" if not isinstance(key, str) else f"{path}.{key}" if path else key
            )
            yield from _leaves(held, other[key], name)
    elif isinstance(tree, list | tuple):
        for i, (held, given) in enumerate(zip(tree, other, strict=True)):
            yield from _leaves(held, given, f"{path}[{i}]")
    else:
        yield path, other


def _rebuilt(tree: Any, parts: Iterator[Array]) -> Any:
    if isinstance(tree, Mapping):
        return {key: _rebuilt(held, parts) for key, held in tree.items()}
    if isinstance(tree, list | tuple):
        items = [_rebuilt(held, parts) for held in tree]
        return (
            tree._make(items)
            if hasattr(tree, "_make")
            else tuple(items)
            if isinstance(tree, tuple)
            else items
        )
    return next(parts)
