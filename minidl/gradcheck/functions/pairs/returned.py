"""What a backward function returned, matched with the inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ....utils.typing import Array
from .inputs import FunctionInputs, is_float

MISSING: Any = object()
"""No gradient at all, not even None."""


@dataclass
class Returned:
    """The gradients that a backward function returned, by the names of the arrays.

    Attributes
    ----------
    arrays : dict of str to ndarray
        Those that can be compared, in float64.
    none : set of str
        Arrays for which backward returned None: their gradient is 0 in `arrays`.
    not_returned : set of str
        Inputs for which it returned nothing, and need not: they are not differentiated.
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

    def take(
        self, name: str, shape: tuple[int, ...], gradient: Any, *, is_scalar: bool = False
    ) -> None:
        """Take the gradient of one array."""
        if gradient is None or gradient is MISSING:
            if is_scalar:
                self.not_returned.add(name)
            elif gradient is None:
                self.none.add(name)
                self.arrays[name] = np.zeros(shape)
            else:
                self.problems[name] = "backward returns no gradient of it"
            return
        problem, array = as_gradient(gradient, shape, is_scalar=is_scalar)
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
        return f"its gradient has shape {array.shape}, but the array has shape {shape}", nothing
    return "", array


def find_key(returned: Mapping[Any, Any], key: Any, *, itself: bool = True) -> Any:
    """Return the gradient under `key`, or "d" or "grad_" before it; `MISSING` if there is none."""
    aliases = [key] if itself else []
    if isinstance(key, str):
        aliases += [f"d{key}", f"grad_{key}", f"d_{key}", f"{key}_grad"]
    return next((returned[alias] for alias in aliases if alias in returned), MISSING)


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

    def match(self, returned: Any, *, has_parameters: bool = False) -> Returned:
        """Match what backward returned.

        The backward method of an object that has parameters may return nothing.
        """
        result = Returned()
        if returned is None and has_parameters:
            result.not_returned |= set(filter(self._inputs.is_selected, self._inputs.leaves))
            return result
        if returned is None:
            by_position: dict[int, Any] = dict.fromkeys(self._of_position)
        elif isinstance(returned, Mapping):
            by_position = {
                position: self._find_input(returned, position) for position in self._of_position
            }
        else:
            by_position, result.extra = self._by_position(returned)
        for position, names in self._of_position.items():
            gradient = by_position.get(position, MISSING)
            for name in names:
                if self._inputs.is_selected(name):
                    leaf = self._inputs.leaves[name]
                    part = descend(gradient, leaf.keys)
                    shape = self._inputs.values[name].shape
                    result.take(name, shape, part, is_scalar=leaf.is_scalar)
        return result

    def _is_container(self, position: int) -> bool:
        return any(self._inputs.leaves[name].keys for name in self._of_position[position])

    def _find_input(self, returned: Mapping[Any, Any], position: int) -> Any:
        name = self._inputs.names[position]
        gradient = find_key(returned, name)
        if gradient is MISSING and self._is_container(position):
            return returned  # its own keys
        if gradient is MISSING and self._with_arrays == [position]:
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


def descend(gradient: Any, keys: tuple[Any, ...]) -> Any:
    """Return the gradient at the end of a way of keys; `MISSING` if there is none."""
    for key in keys:
        if gradient is None or gradient is MISSING:
            return gradient
        if isinstance(gradient, Mapping):
            gradient = find_key(gradient, key)
        elif isinstance(gradient, list | tuple) and isinstance(key, int):
            gradient = gradient[key] if key < len(gradient) else MISSING
        else:
            return MISSING
    return gradient
