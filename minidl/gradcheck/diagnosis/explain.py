"""Explain failed checks of a model: of a layer, a loss, a penalty or the whole network."""

from __future__ import annotations

import numpy as np

from ..layer_harness import LayerHarness
from ..result import Check
from ..sandbox import ModelSandbox
from ..stages.layers import LayerResult
from .evidence import Candidate, constant_ratio
from .explain_array import explain_array
from .layer_candidates import layer_candidates
from .layer_elements import compute_elements
from .loss_candidates import LossCase, loss_candidates
from .penalty_candidates import penalty_candidates

_PROBES_ONLY = "found by probes that cover every element"


def explain_layer(check: Check, result: LayerResult, harness: LayerHarness) -> None:
    """Explain a failed check of one layer alone."""
    name, x, numeric = check.parameter, result.x, check.numeric
    if numeric is None:
        compute_elements(check, result, harness)
        numeric = check.numeric
    if numeric is None:
        check.error_summary = f"{_PROBES_ONLY}; no element was seen to be wrong by itself"
        return
    if check.block is not None:
        numeric = check.block.embed(numeric)
    y = np.array(harness.forward(x))
    key = (harness.number, name)
    is_parameter = key in harness.sandbox.parameters
    explain_array(
        check,
        factors={"m": float(len(x)), **_float_attributes(harness.layer)},
        candidates=list(layer_candidates(name, result, harness, numeric, y)),
        input=x if name == "input" and x.shape == y.shape else None,
        layer_input=x if name == "input" else None,
        other_gradients={
            other: gradient.value for other, gradient in result.numeric.items() if other != name
        },
        parameter_value=harness.sandbox.arrays[key]["real"] if is_parameter else None,
    )


def _float_attributes(layer: object) -> dict[str, float]:
    """Return the numbers that the layer was made with: a wrong factor may be one of them."""
    return {
        name: value
        for name, value in vars(layer).items()
        if isinstance(value, float) and not name.startswith("_")
    }


def explain_network(check: Check, same_term: list[Check], m: int) -> None:
    """Explain a failed check of the whole network, or of the loss, on a batch of `m` examples.

    `same_term` are the checks of the same term of the objective.
    """
    analytic, numeric = check.analytic, check.numeric
    if analytic is None or numeric is None:
        check.error_summary = check.error_summary or _PROBES_ONLY
    elif check.parameter == "prediction":
        outputs = numeric.shape[1] if numeric.ndim > 1 else 1
        candidates: list[Candidate] = []
        # Of a gradient that is off by a factor, the factor says more.
        if check.context and constant_ratio(analytic, numeric) is None:
            candidates = list(loss_candidates(LossCase(numeric, **check.context)))
        explain_array(check, factors={"m": float(m), "k": float(outputs)}, candidates=candidates)
    else:
        others = {
            other.location: other.numeric
            for other in same_term
            if other is not check
            and other.numeric is not None
            and other.numeric.shape == numeric.shape
        }
        explain_array(check, factors={"m": float(m)}, other_gradients=others)


def explain_penalty(check: Check, m: int, sandbox: ModelSandbox, strength: float = 1.0) -> None:
    """Explain a failed check of a penalty alone, on a batch of `m` examples."""
    if check.layer is None:
        return
    analytic, numeric = check.analytic, check.numeric
    if not (numeric.any() if numeric is not None else check.worst.get("numeric", True)):
        check.diagnosis = (
            f"its value does not depend on {check.parameter}, its gradient does: penalized in the "
            "gradient only"
        )
    elif numeric is None and check.worst.get("analytic", True) == 0:
        check.diagnosis = (
            f"its value depends on {check.parameter}, its gradient does not: missing in the "
            "gradient"
        )
    candidates: list[Candidate] = []
    if analytic is not None and numeric is not None:
        values = sandbox.arrays[check.layer, check.parameter]["real"]
        candidates = list(penalty_candidates(analytic, numeric, values))
    explain_array(check, factors={"m": float(m), "lambda": strength}, candidates=candidates)
