"""The gradients of a penalty that are those of another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ...utils.typing import Array
from .evidence import Candidate, constant_ratio

OTHER_PENALTIES: dict[str, Callable[[Array], Array]] = {
    "the weights": lambda values: values,
    "the sign of the weights": np.sign,
    "the absolute value of the weights": np.abs,
    "1: the sign of the weights is missing": np.ones_like,
}
"""What the gradient of a penalty may be proportional to, as a function of the weights."""


def penalty_candidates(analytic: Array, numeric: Array, values: Array) -> Iterator[Candidate]:
    """Yield the gradient `analytic` itself if it is proportional to that of another penalty."""
    for name, function in OTHER_PENALTIES.items():
        expected = function(values)
        r = constant_ratio(analytic, expected)
        if r is not None and constant_ratio(numeric, expected) is None:
            words = f"analytic = {r:.4g} x {name}, which numeric is not"
            yield Candidate(f"{words}: the gradient of another penalty", analytic)
