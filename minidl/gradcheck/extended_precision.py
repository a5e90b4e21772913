"""The rounding of a layer's gradients in float64, seen in extended precision."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import numpy as np

from ..utils.typing import Array
from .constants import EPS, EXTENDED_SAFETY, MAX_ROUNDING, ROUNDING_PER_NOISE
from .layer_harness import LayerHarness
from .numeric.function import Function
from .numeric.gradient import numeric_gradients
from .numeric.numeric_gradient import NumericGradient
from .result import Check
from .sandbox import EXTENDED, EXTENDED_NAMES

IS_AVAILABLE = bool(np.finfo(np.longdouble).eps < EPS)
"""Whether this machine has a precision beyond float64: x86 has, some others have not."""


def may_be_rounding(harness: LayerHarness, check: Check, x: Array, cotangent: Array) -> bool:
    """Return whether a failure may be that of rounding inside of a custom layer.

    Parameters
    ----------
    harness : LayerHarness
        The layer. Those of minidl have their rounding declared.
    check : Check
        The failure.
    x, cotangent : ndarray
        The input and the incoming gradient.

    Returns
    -------
    bool
        False where the error is far above the rounding of products of both.
    """
    if not (IS_AVAILABLE and harness.is_custom and check.verdict == "fail"):
        return False
    if x.dtype.kind in "iu" or not {"analytic", "numeric"} <= check.worst.keys():
        return False
    sizes = [float(np.abs(array).max(initial=1.0)) for array in (x, cotangent)]
    gap = abs(check.worst["analytic"] - check.worst["numeric"])
    return bool(gap <= MAX_ROUNDING * float(np.prod(sizes)) * x.size)


def extended_gradients(harness: LayerHarness, x: Array, cotangent: Array) -> dict[str, Array]:
    """Return the gradients in extended precision.

    Noise on what goes into a layer moves all numbers inside together, and in float32, where
    1 - 1e-9 is 1, a difference of nearly equal ones may vanish. The same computation in extended
    precision shows how much of it is rounding in float64.

    Parameters
    ----------
    harness : LayerHarness
        The layer.
    x, cotangent : ndarray
        The input and the incoming gradient.

    Returns
    -------
    dict of ndarray
        By name. None that the layer computes in float64 all the same, or does not compute at all.
    """
    gradients: dict[str, Array] = {}  # also where the layer, which has never met such arrays, fails
    if not IS_AVAILABLE or x.dtype.kind in "iu":
        return gradients
    with harness.sandbox.extended_precision(), suppress(Exception), np.errstate(all="ignore"):
        harness.forward(x.astype(np.longdouble), "extended")
        gradients = harness.collect(cotangent.astype(np.longdouble))
    return gradients


def run_with_rounding(gradient: Array, extended: Array) -> Array:
    """Return a gradient that differs from another as one under noise would for its rounding.

    Parameters
    ----------
    gradient, extended : ndarray
        The gradient in float64 and in extended precision.

    Returns
    -------
    ndarray
        As `rounding_bar` takes it.
    """
    rounding = (extended - gradient).astype(np.float64)
    noisy: Array = gradient + EXTENDED_SAFETY / ROUNDING_PER_NOISE * rounding
    return noisy


def widen_by_rounding(
    harness: LayerHarness,
    x: Array,
    name: str,
    cotangent: Array,
    numeric: NumericGradient,
    rng: np.random.Generator,
    limit: int,
) -> NumericGradient:
    """Return a numeric gradient whose error bounds cover its rounding.

    A derivative may be the difference of nearly equal numbers inside of forward, of which neither
    the complex step nor differences of outputs know.

    Parameters
    ----------
    harness : LayerHarness
        The layer.
    x : ndarray
        Its input.
    name : str
        The parameter, or "input".
    cotangent : ndarray
        The incoming gradient.
    numeric : NumericGradient
        The gradient.
    rng : numpy.random.Generator
        Draws the directions that verify the gradient.
    limit : int
        Forward calls that it may take.

    Returns
    -------
    NumericGradient
        The same values.
    """
    extended = None
    with harness.sandbox.extended_precision(), suppress(Exception):
        function = _extended_function(harness, x, name)
        extended = numeric_gradients(function, [cotangent], rng, harness.scheme, limit)
    if not extended:
        return numeric
    rounding = np.abs(extended[0].value - numeric.value)
    error = numeric.error + EXTENDED_SAFETY * np.where(np.isfinite(rounding), rounding, 0.0)
    return replace(numeric, error=error)


def _extended_function(harness: LayerHarness, x: Array, name: str) -> Function:
    """Return the output as a function of "input" or of a parameter, in extended precision."""
    inputs: dict[str, Array] = {
        kind: x.astype(EXTENDED[wider]) for kind, wider in EXTENDED_NAMES.items()
    }
    own = {} if name == "input" else harness.sandbox.arrays[harness.number, name]
    return Function(
        lambda kind: harness.forward(inputs[kind], EXTENDED_NAMES[kind]),
        inputs if name == "input" else {kind: own[EXTENDED_NAMES[kind]] for kind in inputs},
    )
