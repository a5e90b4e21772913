"""The result of one comparison."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..utils.typing import Array
from .block import Block


@dataclass
class Check:
    """One comparison: a row of the report.

    Stages of a check create it; the diagnosis of a failure then fills in `diagnosis`,
    `error_summary` and `caused_by`.

    Parameters
    ----------
    layer : int or None
        The number of the layer, None for the loss, a penalty's rule or the whole objective.
    term : str
        What was checked: "layer" (a layer alone), "data" (the data loss), the name of a penalty
        such as "L2(0.1)", "total" (the objective), or "protocol" (a rule of the contract).
    parameter : str
        Which gradient: "weight", "bias", ..., "input" or "prediction"; or the title of the rule.
    difference : float
        The relative error ||g - n|| / (||g|| + ||n||) of the analytic gradient g against the
        numeric one n; for probes, the worst relative error along a direction.
    verdict : {"pass", "fail", "unresolved"}
        The result. "unresolved": error bars hide a possible mistake.
    diagnosis : str
        What a failure is consistent with, or why nothing can be decided.
    component : str
        The layer, loss or penalty, as it prints.
    elements : int
        How many elements were compared.
    method : str
        How the numeric side was computed.
    worst : dict
        "index", "analytic", "numeric" and "bar" of the element with the largest error.
    error_summary : str
        How many elements are wrong, and where.
    caused_by : str
        The failure that explains this one, if there is one.
    training : bool
        Whether the layer was in training mode, with its randomness frozen.
    kinks : int
        How many elements sit exactly on a kink.
    untested : int
        How many elements are 0 on both sides, so that the check shows nothing about them.
    analytic, numeric, bar : ndarray or None
        The gradients, where each element was computed. An element passes if the two differ by at
        most `bar`.
    context : dict
        Arrays that help the diagnosis of the loss: "prediction", "target" and, if there are
        weights, "sample_weight".
    inner : str
        The path inside of the layer, such as "body.0", of the inner layer that was checked alone;
        "" for the layer itself.
    block : Block or None
        Which part of a large array `analytic`, `numeric` and `bar` are: ``block.indices`` has the
        numbers of its lines along each axis. None for a whole array.
    resolution : float
        The smallest relative error, to the norm of the array, that would have been seen. Infinity
        where no error could be: nothing was computed, or the gradient is zero here. 0.0 for a rule
        that needs no derivative.
    is_cause_unknown : bool
        Whether the diagnosis of a failure says how the gradient is wrong, but not why.

    Examples
    --------
    >>> Check(2, "layer", "weight", component="Linear(4, 1)").location
    'layer 2 Linear(4, 1) weight'
    """

    layer: int | None
    term: str
    parameter: str
    difference: float = 0.0
    verdict: str = "pass"
    diagnosis: str = ""
    component: str = ""
    elements: int = 0
    method: str = ""
    worst: dict[str, Any] = field(default_factory=dict)
    error_summary: str = ""
    caused_by: str = ""
    training: bool = False
    kinks: int = 0
    untested: int = 0
    analytic: Array | None = field(default=None, repr=False)
    numeric: Array | None = field(default=None, repr=False)
    bar: Array | None = field(default=None, repr=False)
    context: dict[str, Array] = field(default_factory=dict, repr=False)
    inner: str = ""
    block: Block | None = field(default=None, repr=False)
    resolution: float = 0.0
    is_cause_unknown: bool = False

    @property
    def path(self) -> str | None:
        """Where the layer is in the model, such as "2" or "2.body.0"; None if there is none."""
        if self.layer is None:
            return None
        return f"{self.layer}.{self.inner}" if self.inner else str(self.layer)

    @property
    def location(self) -> str:
        """Where it is, in words."""
        if self.layer is None:
            return f"{self.component or self.term} {self.parameter}"
        mode = " (training)" if self.training else ""
        return f"layer {self.path} {self.component} {self.parameter}{mode}"


def error_in_bars(check: Check) -> Array:
    """Return |analytic - numeric| / bar of each element: above 1 it is wrong."""
    if check.analytic is None or check.numeric is None or check.bar is None:
        raise ArgumentError(
            f"the elements of {check.location} were not computed, only probes: use exhaustive=True"
        )
    with np.errstate(all="ignore"):
        gap = np.abs(check.analytic - check.numeric)
        return np.where(gap == 0, 0.0, gap / check.bar)


def latest_first(checks: list[Check]) -> list[Check]:
    """Return checks of the arrays of a function, those of the last computed array first.

    The numbers in all names are those of the layers, as in W1, b1, W2, b2; without them arrays
    are computed in the order of their checks.
    """
    numbers = [[int(digits) for digits in re.findall(r"\d+", c.parameter)] for c in checks]
    if not all(numbers):
        return checks[::-1]
    order = sorted(range(len(checks)), key=lambda i: (numbers[i], i), reverse=True)
    return [checks[i] for i in order]
