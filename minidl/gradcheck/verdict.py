"""Verdicts: whether an analytic gradient is the numeric one, as far as rounding lets anybody tell.

There is no threshold to choose. Each element has an error bar, made of the numeric side's own bound and of the *measured* rounding
error of the analytic side: the backward is repeated with noise of a few ulps on everything that flows (a stochastic arithmetic as
in Vignes, "Discrete stochastic arithmetic" (2004)), and what changes by noise is not evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Array
from .steps import EPS

if TYPE_CHECKING:
    from .jacobian import Numeric

NOISE = 2.0**-44  # relative size of the injected noise: 256 ulps of float64, to stand clear of the rounding itself
RUNS = 6
SAFETY = 50.0  # the chance that all runs show an element under 1/50 of its typical error is about 1e-11


def runs_for(size: int) -> int:
    """Return how many noisy runs a gradient of that size gets: a probe of a large one is a sum, whose noise is never small by chance."""
    return RUNS if size <= 20_000 else 4


@dataclass
class Check:
    """One comparison: a row of the report.

    Attributes
    ----------
    layer : int or None
        The layer's number; None for what belongs to no layer.
    term : str
        "layer" (alone), "data", a penalty's name, "total" or "protocol".
    parameter : str
        "weight", "bias", "input", ..., or the name of a protocol rule.
    difference : float
        ||g - n|| / (||g|| + ||n||) of this array, g analytic, n numeric; for probes their worst relative error.
    verdict : str
        "pass", "fail" or "unresolved".
    diagnosis : str
        What is known about a failure, or why there is no verdict.
    training : bool
        Whether the layer was checked as it is while training, its random streams frozen.
    follows : str
        The failure that brings this one about, if it is known.
    where : str
        The layer, loss or penalty in words.
    elements : int
        How many numbers were compared.
    method : str
        Where the numeric gradient comes from.
    worst : dict
        Of a failure, the element that is most wrong: its "index", "analytic", "numeric" and "bar", the error bar.
    census : str
        How many elements are wrong, in which rows and columns, and the histogram of their ratios analytic / numeric.
    kinks, untested : int
        How many elements sit exactly on a kink; how many are 0 on both sides, so that a factor would not be seen.
    analytic, numeric, bar : ndarray or None
        Both gradients and the error bars, where every element was computed.
    context : dict of str to ndarray
        What the diagnosis had beside them.
    """

    layer: int | None
    term: str
    parameter: str
    difference: float = 0.0
    verdict: str = "pass"
    diagnosis: str = ""
    where: str = ""
    elements: int = 0
    method: str = ""
    worst: dict[str, Any] = field(default_factory=dict)
    census: str = ""
    follows: str = ""
    training: bool = False
    kinks: int = 0
    untested: int = 0
    analytic: Array | None = field(default=None, repr=False)
    numeric: Array | None = field(default=None, repr=False)
    bar: Array | None = field(default=None, repr=False)
    context: dict[str, Array] = field(default_factory=dict, repr=False)

    @property
    def place(self) -> str:
        """Where it is, in words."""
        mode = " (training)" if self.training else ""
        return (
            f"layer {self.layer} {self.where} {self.parameter}{mode}"
            if self.layer is not None
            else f"{self.where or self.term} {self.parameter}"
        )


def difference(analytic: Array, numeric: Array) -> float:
    """Return the course's number ||g - n|| / (||g|| + ||n||), 0 where both are 0, 1 where one is not finite.

    Examples
    --------
    >>> difference(np.array([3.0]), np.array([1.0]))
    0.5
    """
    below = float(np.linalg.norm(analytic)) + float(np.linalg.norm(numeric))
    if not np.isfinite(below):
        return 1.0
    return float(np.linalg.norm(analytic - numeric)) / below if below > 0 else 0.0


def rounding_bar(analytic: Array, noisy: list[Array]) -> Array:
    """Return the error bar of each element of `analytic`, from the same gradient under noise."""
    spread = np.zeros(analytic.shape)
    for other in noisy:
        np.maximum(spread, np.abs(other - analytic), out=spread)
    return spread * (SAFETY * EPS / NOISE) + 16 * EPS * np.abs(analytic)


def compare(check: Check, analytic: Array, numeric: Numeric, bar: Array) -> Check:
    """Fill in `check` from an element-wise comparison, and return it."""
    check.elements, check.method = analytic.size, numeric.step
    if analytic.shape != numeric.value.shape:
        check.verdict, check.difference = "fail", 1.0
        check.diagnosis = f"its gradient has shape {analytic.shape}, but it has shape {numeric.value.shape}"
        return check
    value = numeric.value
    if numeric.low is not None and numeric.high is not None:
        # At a kink every slope between the one-sided ones is right; NaN lies between no slopes.
        value = np.where(np.isfinite(analytic), np.clip(analytic, numeric.low, numeric.high), value)
        check.kinks = numeric.kinks
    known = np.isfinite(value) & np.isfinite(numeric.error)
    bar = np.where(np.isfinite(bar), bar, 0.0) + numeric.error
    with np.errstate(all="ignore"):
        gap = np.abs(analytic - value)
        wrong = ~(gap <= bar) & known
    check.analytic, check.numeric, check.bar = analytic, value, bar
    check.difference = difference(analytic, value) if np.isfinite(analytic).all() else 1.0
    check.untested = int(np.count_nonzero((analytic == 0) & (value == 0)))
    if wrong.any() and numeric.mingled:
        check.verdict = "unresolved"
        check.diagnosis = "several kinks meet here: the slopes at a point nearby decide"
    elif wrong.any():
        check.verdict = "fail"
        excess = np.where(wrong, np.nan_to_num(gap / np.maximum(bar, 1e-300), nan=np.inf), -1.0)
        order = np.where(np.isfinite(gap), gap, np.inf) * (excess >= 0)
        index = np.unravel_index(int(order.argmax()), order.shape) if analytic.ndim else ()
        check.worst = {
            "index": [int(i) for i in index],
            "analytic": float(analytic[index]),
            "numeric": float(value[index]),
            "bar": float(bar[index]),
        }
    elif not known.all():
        check.verdict = "unresolved"
        check.diagnosis = f"{np.count_nonzero(~known)} of {known.size} numeric derivatives overflow or cannot be computed here"
    elif float(np.linalg.norm(bar)) > 1e-3 * float(np.linalg.norm(value)) > 0:
        check.verdict = "unresolved"
        check.diagnosis = f"rounding floor: error bars of {np.linalg.norm(bar):.1e} hide a gradient of {np.linalg.norm(value):.1e}"
    return check


def compare_probes(check: Check, pairs: list[tuple[float, float, float, float]], elements: int, method: str) -> Check:
    """Fill in `check` from directional probes: (analytic, numeric, bar, sum of the terms' sizes) of each."""
    check.elements, check.method = elements, method
    for analytic, numeric, bar, terms in pairs:
        gap, scale = abs(analytic - numeric), 2 * max(terms, abs(numeric))
        relative = gap / scale if scale > 0 else 0.0
        if not (np.isfinite(numeric) and bar < np.inf) and check.verdict != "fail":
            check.verdict, check.diagnosis = "unresolved", "the numeric derivative overflows or cannot be computed here"
        elif not gap <= bar:
            check.verdict = "fail"
            check.difference = max(check.difference, relative if np.isfinite(relative) else 1.0)
            check.worst = {"analytic": analytic, "numeric": numeric, "bar": bar}
        elif bar > 1e-3 * scale > 0 and check.verdict == "pass":
            check.verdict = "unresolved"
            check.diagnosis = f"rounding floor: error bars of {bar:.1e} hide a slope of {scale / 2:.1e}"
        if check.verdict != "fail":
            check.difference = max(check.difference, relative)
    return check
