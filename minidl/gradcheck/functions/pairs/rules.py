"""Rules of backward functions that need no derivative."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ....utils.typing import Array
from ...contract.rule import Rule
from ..constants import (
    LINEAR_COARSE,
    LINEAR_EXACT,
    LINEAR_POWER,
    LINEAR_ROUNDING,
    LINEAR_SAFETY,
    LINEAR_SCALES,
)
from .pair import FunctionPair, copy_arrays


class PairRun(NamedTuple):
    """A pair at one point.

    Attributes
    ----------
    pair
        The pair, with a first list of cotangents.
    values
        The arrays that are differentiated.
    other_cotangents
        A second list of cotangents.
    """

    pair: FunctionPair
    values: Mapping[str, Array]
    other_cotangents: list[Any]


def _combine(a: float, first: list[Any], b: float, second: list[Any]) -> list[Any]:
    return [
        np.asarray(a * x + b * y).astype(x.dtype)
        if isinstance(x, np.ndarray)
        else _number(a, x, b, y)
        for x, y in zip(first, second, strict=True)
    ]


def _number(a: float, x: Any, b: float, y: Any) -> Any:
    return None if x is None else type(x)(a * x + b * y)


DY_IGNORED = "the incoming gradient is ignored"


def _is_same(array: Array, other: Array | None) -> bool:
    return other is not None and bool(array.any()) and np.array_equal(array, other)


def _differ(first: Mapping[str, Array], again: Mapping[str, Array]) -> bool:
    """Return whether two gradients at one point differ by more than rounding."""
    return any(
        name in again
        and np.linalg.norm(again[name] - array) > LINEAR_COARSE * np.linalg.norm(array)
        for name, array in first.items()
    )


def _linear_in_dy(run: PairRun) -> str | None:
    pair = run.pair
    if not pair.takes_dy:
        return None

    def gradients(a: float, b: float) -> dict[str, Array]:
        cotangents = _combine(a, pair.cotangents, b, run.other_cotangents)
        arrays = pair.vjp(run.values, cotangents).arrays
        return {name: array.astype(np.float64) for name, array in arrays.items()}

    first, second, combined = gradients(1, 0), gradients(0, 1), gradients(2, -3)
    same = [
        name
        for name, array in first.items()
        if _is_same(array, second.get(name)) and _is_same(array, combined.get(name))
    ]
    if same:
        return f"{DY_IGNORED}: the gradient of {', '.join(same)} is the same for every dy"
    if _differ(first, gradients(1, 0)):
        return None  # random: another rule says so
    scaled, large = gradients(LINEAR_SCALES[0], 0), gradients(8, 0)
    for name in first:
        if not all(name in others for others in (second, combined, scaled, large)):
            continue
        size = np.linalg.norm(2 * first[name]) + np.linalg.norm(3 * second[name])
        if not 0 < size < np.inf:
            continue
        rounding = np.linalg.norm(scaled[name] / LINEAR_SCALES[0] - first[name]) / size
        homogeneity = np.linalg.norm(large[name] / 8 - first[name]) / size
        gap = np.linalg.norm(combined[name] - (2 * first[name] - 3 * second[name])) / size
        tolerance = LINEAR_EXACT if rounding < LINEAR_ROUNDING else LINEAR_COARSE
        if max(gap, rounding) <= tolerance and homogeneity <= LINEAR_POWER:
            continue
        changes = max(
            float(np.linalg.norm(gradients(scale * a, scale * b)[name] / scale - array))
            for a, b, array in ((1, 0, first[name]), (0, 1, second[name]), (2, -3, combined[name]))
            for scale in LINEAR_SCALES
        )
        changes /= float(size)
        if homogeneity > LINEAR_POWER or gap > LINEAR_SAFETY * changes:
            return (
                f"backward is not linear in the incoming gradient ({name}): "
                "does it use the sign, the absolute value or the square of dy?"
            )
        # Its terms cancel: what is left is rounding, which a power of two leaves as it is.
    return None


def _inputs_untouched(run: PairRun) -> str | None:
    pair = run.pair
    forward_run = pair.run(run.values)
    before = _copies(pair.inputs.arrays_in(forward_run.arguments))
    pair.call_backward(forward_run, copy_arrays(pair.cotangents))
    moved = _changed(before, pair.inputs.arrays_in(forward_run.arguments))
    return f"backward writes into its inputs: {moved}; work on a copy" if moved else None


def writing_notes(run: PairRun) -> list[str]:
    """Return notes if forward writes into its inputs, or backward into the incoming gradient.

    That is no mistake of the gradient; it saves memory where nobody else needs these arrays.
    """
    pair, notes = run.pair, []
    before = pair.inputs.arrays_in(pair.inputs.arguments(run.values))
    forward_run = pair.run(run.values)
    moved = _changed(before, pair.inputs.arrays_in(forward_run.arguments))
    if moved:
        notes.append(f"forward writes into its inputs: {moved}; it got copies here")
    cotangents = copy_arrays(pair.cotangents)
    pair.call_backward(forward_run, cotangents)
    for dy, original in zip(cotangents, pair.cotangents, strict=True):
        if isinstance(dy, np.ndarray) and not np.array_equal(dy, original):
            notes.append(
                "backward writes into the incoming gradient, which is wrong where another function "
                "needs it, too, as in a residual connection; it got copies here"
            )
            break
    return notes


def _copies(arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name: array.copy() for name, array in arrays.items()}


def _changed(before: Mapping[str, Array], after: Mapping[str, Array]) -> str:
    return ", ".join(
        name
        for name, array in before.items()
        if not np.array_equal(array, after[name], equal_nan=True)
    )


def _parameters_untouched(run: PairRun) -> str | None:
    owned = run.pair.owned
    if owned is None:
        return None
    owned.set(run.values)
    changed = owned.watch()
    forward_run, writer = run.pair.run(run.values), "forward"
    names = changed()
    if not names:
        run.pair.call_backward(forward_run, copy_arrays(run.pair.cotangents))
        names, writer = changed(), "backward"
    if not names:
        return None
    return f"{writer} writes into {', '.join(names)}, which is the optimizer's work"


PAIR_RULES: tuple[Rule[PairRun], ...] = (
    Rule("linear_in_dy", "linear in the incoming gradient", _linear_in_dy),
    Rule("inputs_untouched", "inputs untouched", _inputs_untouched),
)
"""In the order of the rows."""

OBJECT_RULES: tuple[Rule[PairRun], ...] = (
    Rule("parameters_untouched", "parameters untouched", _parameters_untouched),
)
"""Those of objects that have parameters."""
