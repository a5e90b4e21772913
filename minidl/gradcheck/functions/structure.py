"""Gradients of which some have not the structure of their parameters: the others are checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ...utils.typing import Array
from ..result import Check
from .pairs.returned import MISSING, as_gradient
from .pytree import ParameterTree, child_path


class SoundPart(NamedTuple):
    """The check of those arrays of a structure whose gradients can be compared.

    Attributes
    ----------
    cost, gradients, parameters
        What to check instead, by name; the other arrays keep their values.
    names
        The names of all arrays in order.
    problems
        What is wrong with the gradients of the others, by name.
    whole
        Returns the whole structure for arrays by name.
    """

    cost: Callable[[Any], Any]
    gradients: Any
    parameters: dict[str, Array]
    names: list[str]
    problems: dict[str, str]
    whole: Callable[[Mapping[str, Array]], Any]

    def all_rows(self, checks: list[Check]) -> list[Check]:
        """Return the rows, with one for each problem in its place."""
        by_name = {check.parameter: check for check in checks if check.term == "total"}
        rows = [check for check in checks if check.term != "total"]
        for name in self.names:
            if name in self.problems:
                rows.append(failed_row(name, self.problems[name]))
            elif name in by_name:
                rows.append(by_name[name])
        return rows


def failed_row(name: str, problem: str, elements: int = 0) -> Check:
    """Return the row of a gradient that cannot be compared."""
    check = Check(None, "total", name, difference=1.0, verdict="fail", diagnosis=problem)
    check.elements = elements
    return check


def sound_part(cost: Callable[[Any], Any], gradients: Any, parameters: Any) -> SoundPart | None:
    """Return the check of the arrays whose gradients can be compared.

    None if that is all of them, or none: then the structure as a whole is another one.
    """
    tree = ParameterTree(parameters)
    returned = gradients
    if callable(gradients):
        cost(tree.unflatten(tree.theta))
        returned = gradients(tree.unflatten(tree.theta))
    found = dict(_leaves(parameters, returned))
    problems, sound = {}, {}
    for name, _, shape in tree.leaves:
        problem = _problem(found.get(name, MISSING), shape)
        if problem:
            problems[name] = problem
        else:
            sound[name] = np.asarray(found[name])
    if not problems or not sound:
        return None

    def whole(values: Mapping[str, Array]) -> Any:
        theta = tree.theta.astype(np.result_type(*values.values()))
        for name, part, _ in tree.leaves:
            if name in values:
                theta[part] = values[name].ravel()
        return tree.unflatten(theta)

    def sound_gradients(values: Mapping[str, Array]) -> dict[str, Any]:
        leaves = dict(_leaves(parameters, gradients(whole(values))))
        return {name: leaves[name] for name in values}

    arrays = tree.arrays(tree.theta)
    return SoundPart(
        lambda values: cost(whole(values)),
        sound_gradients if callable(gradients) else sound,
        {name: arrays[name] for name in sound},
        [name for name, _, _ in tree.leaves],
        problems,
        whole,
    )


def _problem(gradient: Any, shape: tuple[int, ...]) -> str:
    if gradient is MISSING:
        return "its gradient is missing"
    if gradient is None:
        return "its gradient is None"
    return as_gradient(gradient, shape)[0]


def _leaves(tree: Any, other: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the name of each array of `tree`, and what `other` has there if it has anything."""
    if isinstance(tree, Mapping):
        for key, child in tree.items():
            if isinstance(other, Mapping) and key in other:
                yield from _leaves(child, other[key], child_path(path, key))
    elif isinstance(tree, list | tuple):
        if isinstance(other, list | tuple) and len(other) == len(tree):
            for i, (child, other_child) in enumerate(zip(tree, other, strict=True)):
                yield from _leaves(child, other_child, f"{path}[{i}]")
    else:
        yield path or "parameters", other
