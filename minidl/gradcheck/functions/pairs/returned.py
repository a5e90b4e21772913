"""What a backward function returned, matched with the inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ....utils.typing import Array
from .inputs import FunctionInputs, Leaf, is_float

_MISSING = object()


@dataclass
class Returned:
    """The gradients that a backward function returned, by the names of the arrays.

    Attributes
    ----------
    arrays : dict of str to ndarray
        Those that can be compared, in float64.
    precisions : dict of str to dtype
        Their dtypes.
    none : set of str
        Arrays for which backward returned None: their gradient is 0 in `arrays`.
    not_returned : set of str
        Numbers for which backward returned nothing: they are not differentiated.
    problems : dict of str to str
        What is wrong with the other ones.
    extra : str
        What is wrong with the number of gradients, beyond the arrays in `problems`.
    """

    arrays: dict[str, Array] = field(default_factory=dict)
    none: set[str] = field(default_factory=set)
    not_returned: set[str] = field(default_factory=set)
    problems: dict[str, str] = field(default_factory=dict)
    extra: str = ""

    def take(self, name: str, leaf: Leaf, shape: tuple[int, ...], gradient: Any) -> None:
        """Take the gradient of one array."""
        if gradient is None or gradient is _MISSING:
            if leaf.is_scalar:
                self.not_returned.add(name)
            elif gradient is None:
                self.none.add(name)
                self.arrays[name] = np.zeros(shape)
            else:
                self.problems[name] = "backward returns no gradient of it"
            return
        problem, array = as_gradient(gradient, shape, is_scalar=leaf.is_scalar)
        if problem:
            self.problems[name] = problem
        else:
            self.arrays[name] = array


def as_gradient(
    gradient: Any, shape: tuple[int, ...], *, is_scalar: bool = False
) -> tuple[str, Array]:
    """Return what prevents a gradient from being compared, or "", and the gradient."""
    nothing = np.zeros(())
    if isinstance(gradient, Mapping):
        return f"its gradient is a {type(gradient).__name__}", nothing
    try:
        array = np.asarray(gradient)
    except ValueError:
        return "its gradient has rows of unequal length", nothing
    if array.dtype.kind == "c":
        return "its gradient is complex", nothing
    if array.dtype.kind not in "iu" and not is_float(array):
        return f"its gradient contains no numbers, but {array.dtype}", nothing
    if is_scalar and array.size == 1:
        return "", array.reshape(())
    if array.shape != shape:
        return f"its gradient has shape {array.shape}, but it has shape {shape}", nothing
    return "", array


def find_key(returned: Mapping[Any, Any], key: Any) -> Any:
    """Return the gradient under `key`, or "d" or "grad_" before it; `_MISSING` if there is none."""
    aliases = [key]
    if isinstance(key, str):
        aliases += [f"d{key}", f"grad_{key}", f"d_{key}", f"{key}_grad"]
    return next((returned[alias] for alias in aliases if alias in returned), _MISSING)


class GradientMatcher:
    """Finds the gradient of each array in what backward returns."""

    def __init__(self, inputs: FunctionInputs) -> None:
        self._inputs = inputs
        leaves = inputs.leaves.items()
        self._of_position: dict[int, list[str]] = {}
        for name, leaf in leaves:
            self._of_position.setdefault(leaf.position, []).append(name)
        self._with_arrays = [
            position
            for position, names in self._of_position.items()
            if not all(inputs.leaves[name].is_scalar for name in names)
        ]

    def match(self, returned: Any) -> Returned:
        """Match what backward returned."""
        result = Returned()
        if isinstance(returned, Mapping):
            by_position: dict[int, Any] = {
                position: self._find_input(returned, position) for position in self._of_position
            }
        else:
            by_position, result.extra = self._by_position(returned)
        for position, names in self._of_position.items():
            gradient = by_position.get(position, _MISSING)
            for name in names:
                if self._inputs.is_selected(name):
                    leaf = self._inputs.leaves[name]
                    part = _descend(gradient, leaf.keys)
                    result.take(name, leaf, self._inputs.values[name].shape, part)
        return result

    def _is_container(self, position: int) -> bool:
        return any(self._inputs.leaves[name].keys for name in self._of_position[position])

    def _find_input(self, returned: Mapping[Any, Any], position: int) -> Any:
        name = self._inputs.names[position]
        gradient = find_key(returned, name)
        if gradient is _MISSING and self._is_container(position):
            return returned  # its own keys
        if gradient is _MISSING and self._with_arrays == [position]:
            return next(
                (returned[key] for key in ("x", "dx", "input") if key in returned), gradient
            )
        return gradient

    def _by_position(self, returned: Any) -> tuple[dict[int, Any], str]:
        several = isinstance(returned, list | tuple)
        gradients: list[Any] = list(returned) if several else [returned]
        differentiable = list(self._of_position)
        only = differentiable if len(differentiable) == 1 else self._with_arrays
        if several and len(only) == 1 and self._has_its_structure(only[0], gradients):
            return {only[0]: returned}, ""
        count = len(self._inputs.names)
        while len(gradients) > count and gradients[-1] is None:
            gradients.pop()
        wanted = [
            position
            for position, names in self._of_position.items()
            if any(map(self._inputs.is_selected, names))
        ]
        orders: Iterable[Sequence[int]] = (range(count), differentiable, self._with_arrays, wanted)
        for order in orders:
            if len(order) == len(gradients):
                return dict(zip(order, gradients, strict=True)), ""
        order = differentiable if len(gradients) > len(self._with_arrays) else self._with_arrays
        extra = ""
        if len(gradients) > len(order):
            extra = f"backward returns {len(gradients)} gradients for {len(order)} inputs"
        return dict(zip(order, gradients, strict=False)), extra

    def _has_its_structure(self, position: int, gradients: list[Any]) -> bool:
        names = self._of_position[position]
        if not self._is_container(position):  # an array as nested lists
            shape = self._inputs.values[names[0]].shape
            return len(gradients) > 1 and not as_gradient(gradients, shape)[0]
        firsts = {self._inputs.leaves[name].keys[0] for name in names}
        is_list = all(isinstance(key, int) for key in firsts)
        return is_list and max(firsts) < len(gradients) and len(gradients) > 1


def _descend(gradient: Any, keys: tuple[Any, ...]) -> Any:
    for key in keys:
        if gradient is None or gradient is _MISSING:
            return gradient
        if isinstance(gradient, Mapping):
            gradient = find_key(gradient, key)
        elif isinstance(gradient, list | tuple) and isinstance(key, int):
            gradient = gradient[key] if key < len(gradient) else _MISSING
        else:
            return _MISSING
    return gradient
