"""Probes along random directions of gradients that are too large to compute element by element."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...utils.typing import Array
from ..constants import (
    EPS,
    KINK_AGREEMENT,
    MAX_BAR_FRACTION,
    MIN_PROBE_FRACTION,
    PROBES,
    ROUNDING_PER_NOISE,
    ROUNDING_ULPS,
    TINY,
)
from ..numeric.differences import Scheme
from ..numeric.function import Function
from ..result import Check
from .compare import KINKS_MEET


class ProbeValues(NamedTuple):
    """What is known along one direction.

    `terms` is the sum of the sizes of the elements' contributions to the analytic slope.
    """

    analytic: float
    numeric: float
    bar: float
    terms: float


class Probe(NamedTuple):
    """A direction and what was found along it."""

    direction: Array
    values: ProbeValues


def balanced_direction(analytic: Array, rng: np.random.Generator) -> Array:
    """Return a random direction along which all elements contribute nearly the same.

    Their contributions differ by random factors: equal ones would cancel.
    """
    size = np.array(np.abs(analytic))
    size[~np.isfinite(size)] = 0.0
    norm = float(np.linalg.norm(size))
    floor = max(MIN_PROBE_FRACTION * norm / np.sqrt(max(size.size, 1)), TINY)
    weights = (
        floor
        / np.maximum(size, floor)
        * (rng.random(analytic.shape, dtype=np.float32) + np.float32(0.5))
    )
    signs = rng.random(analytic.shape, dtype=np.float32) - np.float32(0.5)
    direction: Array = np.copysign(weights, signs)
    return direction


MIN_FLAT_STEP = 0.5
"""The smallest step of one element along `flat_direction`; the mean is 1."""


def flat_direction(analytic: Array, rng: np.random.Generator) -> Array:
    """Return a random direction with steps of nearly the same size for all elements.

    It shows an error that is small beside the whole gradient in a large element, to which
    `balanced_direction` gives little weight.
    """
    direction: Array = np.copysign(
        rng.uniform(MIN_FLAT_STEP, 2 - MIN_FLAT_STEP, analytic.shape),
        rng.uniform(-1, 1, analytic.shape),
    )
    return direction


def directional_check(
    analytic: Array, noisy: list[Array], direction: Array, numeric: float, error: float
) -> ProbeValues:
    """Return the analytic slope along a direction beside the `numeric` one and its `error`."""
    terms = analytic * direction
    size = float(np.abs(terms).sum())
    with np.errstate(all="ignore"):
        spread = max(
            (abs(float(((other - analytic) * direction).sum())) for other in noisy), default=0.0
        )
    rounding = spread * ROUNDING_PER_NOISE + ROUNDING_ULPS * EPS * size
    bar = error + (rounding if np.isfinite(rounding) else 0.0)
    return ProbeValues(float(terms.sum()), numeric, bar, size)


def check_directions(
    check: Check,
    function: Function,
    scheme: Scheme,
    analytic: Array,
    noisy: list[Array],
    rng: np.random.Generator,
    cotangent: Array,
    count: int = PROBES,
) -> list[Probe]:
    """Fill in `check` from probes along `count` directions, and return these probes."""
    probes = []
    for _ in range(count):
        direction = balanced_direction(analytic, rng)
        slope, error = function.directional_derivative(scheme, direction)
        numeric = float((cotangent * slope).sum())
        bound = float((np.abs(cotangent) * error).sum())
        values = directional_check(analytic, noisy, direction, numeric, bound)
        if not abs(values.analytic - values.numeric) <= values.bar:
            jumps = _jumps(function, scheme, direction, slope, error)
            check.kinks = max(check.kinks, int(np.count_nonzero(jumps)))
            bound += float((np.abs(cotangent) * jumps).sum())
            values = directional_check(analytic, noisy, direction, numeric, bound)
        probes.append(Probe(direction, values))
    compare_probes(
        check,
        [probe.values for probe in probes],
        analytic.size,
        f"{scheme.name}, probes of every element",
    )
    if check.kinks and check.verdict == "fail":
        # A gradient may take one side of one kink and the other side of another.
        check.verdict, check.diagnosis, check.worst = "unresolved", KINKS_MEET, {}
        check.resolution = np.inf
    check.untested = int(np.count_nonzero(analytic == 0)) if check.verdict == "pass" else 0
    return probes


def _jumps(
    function: Function, scheme: Scheme, direction: Array, slope: Array, error: Array
) -> Array:
    """Return by how much the slopes of the outputs differ to both sides: 0 where there is no kink.

    At a kink a right gradient may have any slope between.
    """
    back, back_error = function.directional_derivative(scheme, -direction)
    jumps = np.abs(slope + back)
    no_kink = jumps <= KINK_AGREEMENT * np.abs(slope) + error + back_error
    return np.where(no_kink, 0.0, jumps)


def compare_probes(check: Check, probes: list[ProbeValues], elements: int, method: str) -> Check:
    """Fill in `check` from probes, and return it."""
    check.elements, check.method = elements, method
    check.resolution = max((_resolution(probe, elements) for probe in probes), default=np.inf)
    for analytic, numeric, bar, terms in probes:
        gap, scale = abs(analytic - numeric), 2 * max(terms, abs(numeric))
        relative = gap / scale if scale > 0 else 0.0
        if not (np.isfinite(numeric) and bar < np.inf) and check.verdict != "fail":
            check.verdict = "unresolved"
            check.diagnosis = "the numeric derivative overflows or cannot be computed here"
        elif not gap <= bar:
            check.verdict = "fail"
            check.difference = max(check.difference, relative if np.isfinite(relative) else 1.0)
            check.worst = {"analytic": analytic, "numeric": numeric, "bar": bar}
        elif bar > MAX_BAR_FRACTION * scale > 0 and check.verdict == "pass":
            check.verdict = "unresolved"
            check.diagnosis = (
                f"rounding floor: error bars of {bar:.1e} hide a slope of {scale / 2:.1e}"
            )
        if check.verdict != "fail":
            check.difference = max(check.difference, relative)
    return check


def _resolution(probe: ProbeValues, elements: int) -> float:
    """Return the relative error that this probe sees, to the norm of the array.

    An error of all elements, or of a typical one, adds up along random signs to its part of the
    terms over the root of their number.
    """
    _, numeric, bar, terms = probe
    scale = max(terms, abs(numeric))
    if not (np.isfinite(numeric + bar) and scale > 0):
        return np.inf
    return float(bar * np.sqrt(elements) / scale)
