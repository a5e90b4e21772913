"""Parameters in nested dicts, lists and tuples, and the same numbers as one vector."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ...errors import DtypeError, NonFiniteError, ShapeError
from ...utils.masked import check_not_masked
from ...utils.typing import Array
from ...utils.validation import widened
from ..constants import EPS
from .nesting import check_nesting


class Leaf(NamedTuple):
    """One array of a tree: its name, its place in the vector, its shape."""

    name: str
    part: slice
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many elements it has."""
        return int(self.part.stop - self.part.start)


class ParameterTree:
    """A structure of arrays, and its numbers as one float64 vector.

    Attributes
    ----------
    leaves : list of Leaf
        The arrays in the order of the vector.
    theta : ndarray of shape (P,)
        The vector.
    """

    def __init__(self, tree: Any) -> None:
        check_nesting(tree, "parameters")
        self._tree = tree
        self.leaves: list[Leaf] = []
        arrays: list[Array] = []
        start = 0
        for path, leaf in _matching_leaves(tree, tree):
            name = path or "parameters"
            check_not_masked(leaf, name)
            array = np.asarray(leaf)
            _check_parameter(name, array)
            self.leaves.append(Leaf(name, slice(start, start + array.size), array.shape))
            start += array.size
            arrays.append(array.astype(np.float64).ravel())
        if not arrays:
            raise ShapeError(f"parameters must contain at least one array, got {tree!r}")
        self.theta: Array = np.concatenate(arrays)

    def unflatten(self, theta: Array) -> Any:
        """Return a new structure with copies of the numbers of `theta`."""
        theta = theta.copy()
        arrays = (theta[leaf.part].reshape(leaf.shape) for leaf in self.leaves)
        return map_leaves(lambda _: next(arrays), self._tree)

    def with_leaves(self, leaves: Iterator[Any]) -> Any:
        """Return the structure with other leaves."""
        return map_leaves(lambda _: next(leaves), self._tree)

    def arrays(self, theta: Array) -> dict[str, Array]:
        """Return the parts of a vector by name, each of its shape."""
        return {leaf.name: theta[leaf.part].reshape(leaf.shape) for leaf in self.leaves}

    def part(self, numbers: list[int]) -> PartOfTree:
        """Return the tree of some of the arrays; all others keep their values."""
        return PartOfTree(self, numbers)

    def changed(self, tree: Any, theta: Array) -> list[str]:
        """Return the names of the arrays of `tree` that are not those of `theta` any more."""
        try:
            leaves = [leaf for _, leaf in _matching_leaves(self._tree, tree)]
        except ShapeError:
            return ["its structure"]
        return [
            leaf.name
            for leaf, array in zip(self.leaves, leaves, strict=True)
            if not _are_equal(np.ravel(array), theta[leaf.part])
        ]

    def flatten(self, gradients: Any) -> tuple[Array, list[float]]:
        """Return gradients of the same structure as one vector, and the precision of each."""
        vector, precisions = np.empty(self.theta.size), []
        matching = list(_matching_leaves(self._tree, gradients))
        for leaf, (_, gradient) in zip(self.leaves, matching, strict=True):
            array = _as_gradient(leaf, gradient)
            vector[leaf.part] = array.ravel()
            precision = EPS
            if array.dtype.kind == "f":
                precision = max(EPS, float(np.finfo(array.dtype).eps))
            precisions.append(precision)
        return vector, precisions


class PartOfTree(ParameterTree):
    """Some arrays of a tree; `unflatten` returns the whole structure, `flatten` takes it."""

    def __init__(self, whole: ParameterTree, numbers: list[int]) -> None:
        self._whole, self._numbers = whole, numbers
        self.leaves, places, start = [], [], 0
        for number in numbers:
            name, part, shape = whole.leaves[number]
            size = part.stop - part.start
            self.leaves.append(Leaf(name, slice(start, start + size), shape))
            places.append(np.arange(part.start, part.stop))
            start += size
        self.places: Array = np.concatenate(places)
        self.theta: Array = whole.theta[self.places]

    def unflatten(self, theta: Array) -> Any:
        """Return a new structure of all arrays, with the numbers of `theta` in some of them."""
        return self._whole.unflatten(self._with_others(theta))

    def changed(self, tree: Any, theta: Array) -> list[str]:
        """Return the names of the arrays of `tree` that are not what they were."""
        return self._whole.changed(tree, self._with_others(theta))

    def _with_others(self, theta: Array) -> Array:
        everything = self._whole.theta.astype(theta.dtype)
        everything[self.places] = theta
        return everything

    def flatten(self, gradients: Any) -> tuple[Array, list[float]]:
        """Return these arrays' gradients as one vector, and the precision of each."""
        vector, precisions = self._whole.flatten(gradients)
        return vector[self.places], [precisions[number] for number in self._numbers]


def _are_equal(a: Array, b: Array) -> bool:
    """Return whether arrays are equal, NaN included, for which a second look is needed."""
    return np.array_equal(a, b) or np.array_equal(a, b, equal_nan=True)


def _check_parameter(name: str, array: Array) -> None:
    if array.dtype.kind != "f":
        raise DtypeError(
            f"parameters must be real floats, got {array.dtype} for {name}: "
            "convert it by .astype(np.float64)"
        )
    if array.size == 0:
        raise ShapeError(
            f"parameters must not be empty, got shape {array.shape} for {name}: leave it out"
        )
    if not np.isfinite(array).all():
        raise NonFiniteError(f"parameters must be finite, got NaN or infinity in {name}")


def _as_gradient(leaf: Leaf, gradient: Any) -> Array:
    rule = f"the gradient of {leaf.name} must"
    try:
        array = widened(np.asarray(gradient))
    except ValueError:
        raise ShapeError(
            f"{rule} have its shape {leaf.shape}, got rows of unequal length"
        ) from None
    if array.dtype.kind not in "iuf":
        raise DtypeError(f"{rule} contain real numbers, got dtype {array.dtype}")
    if array.shape != leaf.shape:
        raise ShapeError(
            f"{rule} have its shape {leaf.shape}, got {array.shape}: nothing is broadcast"
        )
    return array


def _matching_leaves(tree: Any, other: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path of each leaf of `tree`, and what `other` has there."""
    if isinstance(tree, Mapping):
        _check_keys(tree, other, path)
        for key, child in tree.items():
            yield from _matching_leaves(child, other[key], child_path(path, key))
    elif isinstance(tree, list | tuple):
        if not isinstance(other, list | tuple) or len(other) != len(tree):
            raise _structure_error(f"a list of {len(tree)}", path, other)
        for i, (child, other_child) in enumerate(zip(tree, other, strict=True)):
            yield from _matching_leaves(child, other_child, f"{path}[{i}]")
    else:
        if other is not tree and (other is None or isinstance(other, Mapping)):
            raise _structure_error("an array", path, other)
        yield path, other


def child_path(path: str, key: Any) -> str:
    """Return the name of what a dictionary has under a key."""
    if not isinstance(key, str):
        return f"{path}[{key!r}]"
    return f"{path}.{key}" if path else key


def _structure_error(expected: str, path: str, received: Any) -> ShapeError:
    got = type(received).__name__
    if isinstance(received, list | tuple):
        got = f"a {got} of {len(received)}"
    return ShapeError(
        f"gradients must have the structure of parameters: expected {expected}{_under(path)}, "
        f"got {got}"
    )


def _check_keys(tree: Mapping[Any, Any], other: Any, path: str) -> None:
    if not isinstance(other, Mapping):
        raise _structure_error("a dict", path, other)
    missing = [key for key in tree if key not in other]
    extra = [key for key in other if key not in tree]
    if not missing and not extra:
        return
    cure = f"; leave out {_listed(extra)}"
    if missing:
        has_all = all(f"d{key}" in other for key in tree)
        cure = '; pass {key: gradients["d" + key] for key in parameters}' if has_all else ""
    raise ShapeError(
        f"gradients must have the keys of parameters{_under(path)}: "
        f"{_listed(missing)} missing, {_listed(extra)} too many{cure}"
    )


def _under(path: str) -> str:
    return f" under {path}" if path else ""


def _listed(keys: list[Any]) -> str:
    return ", ".join(map(repr, keys)) or "none"


def map_leaves(change: Callable[[Any], Any], tree: Any) -> Any:
    """Return a structure of dictionaries, lists and tuples with changed leaves.

    Parameters
    ----------
    change : callable
        Returns what stands for a leaf; it is called in order.
    tree : object
        The structure, or one leaf.

    Returns
    -------
    object
        A new structure; a named tuple stays one.
    """
    if isinstance(tree, Mapping):
        return {key: map_leaves(change, child) for key, child in tree.items()}
    if not isinstance(tree, list | tuple):
        return change(tree)
    children = [map_leaves(change, child) for child in tree]
    if hasattr(tree, "_make"):  # a named tuple
        return tree._make(children)
    return tuple(children) if isinstance(tree, tuple) else children
