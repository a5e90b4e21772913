"""The steps of an optimizer beside those of a formula."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..optimizers.base import Optimizer
from ..utils.typing import Array

_STEPS = 12
_ELEMENTS = 16
_SMALLEST, _LARGEST = -4, 2
"""Powers of ten between which gradients lie: an epsilon of 1e-8 in another place is seen."""

_AGREEMENT = 1e-8
"""Of a movement: far above rounding in float64, far below the effect of a wrong constant."""
_ROUNDING = 1e-13  # of theta, which hides the last digits of small movements
_RATIO_AGREEMENT = 1e-6

Formula = Callable[[Array, Array, int, dict[str, Any]], Array]


def as_formula(reference: Callable[..., Any]) -> Formula:
    """Return a reference as a formula ``(theta, gradient, step, state) -> theta``.

    Parameters
    ----------
    reference : callable
        Such a formula, or a function without arguments that returns another optimizer.

    Returns
    -------
    callable
        The formula; it keeps an optimizer in `state`.

    Raises
    ------
    ArgumentError
        If it is neither of the two.
    """
    cure = "pass def reference(theta, gradient, step, state), or lambda: AnotherOptimizer()"
    if isinstance(reference, Optimizer) or not callable(reference):
        raise ArgumentError(f"reference must be a function, got {reference!r}: {cure}")
    for arguments in ((None,) * 4, ()):
        try:
            inspect.signature(reference).bind(*arguments)
        except TypeError:
            continue
        if arguments:
            return reference
        if isinstance(reference(), Optimizer):
            return _steps_of(reference)
    raise ArgumentError(f"reference must be a formula or return an optimizer: {cure}")


def _steps_of(make: Callable[[], Optimizer]) -> Formula:
    def formula(theta: Array, gradient: Array, step: int, state: dict[str, Any]) -> Array:
        if step == 1:
            state["optimizer"], state["theta"] = make(), theta
        state["optimizer"].step(state["theta"], gradient)
        moved: Array = state["theta"]
        return moved

    return formula


def why_not_as_formula(make: Callable[[], Optimizer], formula: Formula) -> str | None:
    """Return where an optimizer leaves the steps of a formula, or None.

    Parameters
    ----------
    make : callable
        ``make()`` returns a new optimizer.
    formula : callable
        ``formula(theta, gradient, step, state)`` returns theta after the step.

    Returns
    -------
    str or None
        The first step that differs, and how.

    Raises
    ------
    ShapeError
        If the formula returns another shape than that of theta.
    """
    optimizer, state = make(), dict[str, Any]()
    start = np.random.default_rng(0).standard_normal(_ELEMENTS)
    actual, expected = start.copy(), start.copy()
    for step, gradient in enumerate(_gradients(), start=1):
        before, expected_before = actual.copy(), expected.copy()
        optimizer.step(actual, gradient.copy())
        expected = np.array(formula(expected.copy(), gradient.copy(), step, state), np.float64)
        if expected.shape != start.shape:
            raise ShapeError(
                f"reference must return theta, of shape {start.shape}, got {expected.shape}"
            )
        moved, should_move = actual - before, expected - expected_before
        bar = _AGREEMENT * np.abs(should_move) + _ROUNDING * np.abs(expected)
        wrong = ~(np.abs(moved - should_move) <= bar)
        if wrong.any():
            return _describe(step, moved, should_move, wrong)
    return None


def _gradients() -> Iterator[Array]:
    """Yield gradients of all sizes, some of whose elements are zero."""
    rng = np.random.default_rng(1)
    sizes = 10.0 ** rng.uniform(_SMALLEST, _LARGEST, _ELEMENTS)
    for step in range(_STEPS):
        gradient = sizes * rng.standard_normal(_ELEMENTS)
        if step:
            gradient[rng.integers(_ELEMENTS, size=2)] = 0.0
        yield gradient


def _describe(step: int, moved: Array, expected: Array, wrong: Array) -> str:
    index = int(np.flatnonzero(wrong)[0])
    words = (
        f"step {step} moves element {index} by {moved[index]:.6g}, by the reference "
        f"{expected[index]:.6g}; {np.count_nonzero(wrong)} of {wrong.size} elements differ"
    )
    ratios = moved[expected != 0] / expected[expected != 0]
    if ratios.size > 1 and np.ptp(ratios) <= _RATIO_AGREEMENT * abs(ratios[0]):
        words += f": all move {ratios[0]:.6g} times as far"
    if step > 1:
        agree = "the first step agrees" if step == 2 else f"the first {step - 1} steps agree"
        words += f". As {agree}, look at what changes from step to step: a state, a step counter"
    return words
