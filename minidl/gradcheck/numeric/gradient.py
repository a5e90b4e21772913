"""Numeric gradients of sum(cotangent * f) with respect to an array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...utils.typing import Array
from ..constants import (
    AFFINE_MIN_CALLS,
    EPS,
    SEPARABLE_AGREEMENT,
    SEPARABLE_BOUNDS,
    SEPARABLE_ULPS,
)
from .constants import MIN_WINDOW_GAIN
from .differences import ComplexStep, RichardsonDifference, Scheme
from .function import Function
from .grouping import (
    SINGLE,
    STRATEGIES,
    Grouping,
    affine_difference,
    are_independent,
    collect_elements,
    is_verified,
    probe_random_direction,
)
from .numeric_gradient import NumericGradient
from .windows import find_windows


def numeric_gradients(
    function: Function,
    cotangents: Sequence[Array | NumericGradient],
    rng: np.random.Generator,
    scheme: Scheme,
    limit: int,
) -> list[NumericGradient] | None:
    """Return the gradient for each cotangent, or None if it takes over `limit` forward calls."""
    shape = function.arrays["real"].shape
    with_errors = [
        cotangent if isinstance(cotangent, NumericGradient) else NumericGradient.exact(cotangent)
        for cotangent in cotangents
    ]
    output_shape = with_errors[0].value.shape
    fitting = [group for group in STRATEGIES if group.fits(shape, output_shape)]
    fitting.sort(key=lambda group: group.forward_calls(shape))
    if fitting[0].forward_calls(shape) > MIN_WINDOW_GAIN * sum(shape[1:]):
        windows = find_windows(function, scheme, output_shape, rng, limit)
        gradients = windows and _gradients_by(windows, function, with_errors, rng, scheme)
        if gradients:
            return gradients
    for group in fitting:
        if group.forward_calls(shape) > limit:
            return None
        if not group.is_single and not are_independent(function, scheme, group, rng):
            continue
        gradients = _gradients_by(group, function, with_errors, rng, scheme)
        if gradients is not None:
            return gradients
    return None


def _gradients_by(
    group: Grouping,
    function: Function,
    cotangents: list[NumericGradient],
    rng: np.random.Generator,
    scheme: Scheme,
) -> list[NumericGradient] | None:
    """Return the gradients, or None if they do not add up to the slope along a direction."""
    probe = probe_random_direction(function, scheme, rng)
    calls = group.forward_calls(function.arrays["real"].shape)
    faster: Scheme | None = None
    if isinstance(scheme, ComplexStep) and not probe.at_kink and calls > AFFINE_MIN_CALLS:
        faster = affine_difference(function, probe.direction, probe.slope)
    gradients = collect_elements(function, faster or scheme, group, cotangents, 1.0)
    # Elements of a function that is affine along one line may still leave its part alone.
    if (faster or not group.is_single) and not all(
        is_verified(gradient, cotangent.value, probe.direction, probe.slope, probe.error)
        for gradient, cotangent in zip(gradients, cotangents, strict=True)
    ):
        if not group.is_single:
            return None
        gradients = collect_elements(function, scheme, group, cotangents, 1.0)
    if probe.at_kink:
        backward = collect_elements(function, scheme, group, cotangents, -1.0)
        for right, left in zip(gradients, backward, strict=True):
            right.error = np.maximum(right.error, left.error)
            right.kinks_overlap = not group.is_elementwise
            right.lower = np.minimum(right.value, left.value)
            right.upper = np.maximum(right.value, left.value)
    return gradients


def elementwise_gradient(function: Function, scheme: Scheme, sign: float = 1.0) -> NumericGradient:
    """Return the slopes of a scalar function, each element moved alone."""
    unit_cotangent = NumericGradient.exact(np.ones(()))
    return collect_elements(function, scheme, SINGLE, [unit_cotangent], sign)[0]


def separable_gradient(
    f: Callable[[Array], Any], arrays: dict[str, Array], rng: np.random.Generator
) -> NumericGradient | None:
    """Return the numeric gradient of f, or None unless f is a sum over elements."""
    real, moved = arrays["real"], arrays["complex"].reshape(-1) + 1j * ComplexStep.h
    # Proportional to the elements: a direction that does not cross the kink of L1 at 0.
    direction = rng.standard_normal(real.shape) * np.abs(real)
    direction /= float(np.abs(direction).max(initial=0.0)) or 1.0
    try:
        slopes = np.array(
            [complex(f(moved[j : j + 1])).imag / ComplexStep.h for j in range(real.size)]
        ).reshape(real.shape)
        slope, error = RichardsonDifference().along(
            lambda: np.asarray(f(real)), real, ..., direction
        )
    except Exception:  # f may need the whole array, or real numbers
        return None
    bound = SEPARABLE_ULPS * EPS * np.abs(slopes)
    gradient = NumericGradient(slopes, bound, ComplexStep.name)
    tolerance = SEPARABLE_BOUNDS * error + SEPARABLE_AGREEMENT * np.abs(slope)
    verified = is_verified(gradient, np.ones(()), direction, slope, tolerance)
    return gradient if verified else None
