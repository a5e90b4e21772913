"""Diagnose a failed check by comparing the wrong gradient with those of known mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..constants import DIAGNOSIS_CALLS
from ..layer_harness import LayerHarness, LayerResult
from ..result import Check, worst_element
from ..sandbox import ModelSandbox
from .candidates import layer_candidates, loss_candidates, penalty_candidates
from .patterns import Evidence, constant_ratio, diagnose, error_summary


def explain_array(check: Check, **known: Any) -> None:
    """Fill in the census and the diagnosis of a failed check; `known` goes to `Evidence`."""
    if check.analytic is not None and check.numeric is not None:
        evidence = Evidence(
            check.analytic, check.numeric, bar=0.0 if check.bar is None else check.bar, **known
        )
        check.error_summary = error_summary(evidence)
        check.diagnosis = check.diagnosis or diagnose(evidence)


def explain_layer(check: Check, alone: LayerResult, lone: LayerHarness) -> None:
    """Explain a check of a layer alone."""
    name, x = check.parameter, alone.x
    if check.numeric is None:  # found by probes: now every element is worth its price
        a, found = (
            alone.analytic[name],
            lone.numeric(x, name, [alone.cotangent], np.random.default_rng(0), DIAGNOSIS_CALLS),
        )
        if found is None or found[0].value.shape != a.shape:
            check.error_summary = (
                "found by probes that cover every element; which ones is too dear to tell"
            )
            return
        n = found[0].value
        bar = 1e-12 * np.abs(n) + 1e-13 * float(np.abs(n).max(initial=0.0)) + found[0].error
        check.analytic, check.numeric, check.bar = a, n, bar
        check.worst = worst_element(a, n, bar, np.abs(a - n))
    y = np.array(lone.forward(x))
    settings = {
        setting: held
        for setting, held in vars(lone.layer).items()
        if isinstance(held, float) and not setting.startswith("_")
    }
    key = (lone.number, name)
    explain_array(
        check,
        factors={"m": float(len(x)), **settings},
        candidates=list(layer_candidates(name, alone, lone, check.numeric, y)),
        x=x if name == "input" and x.shape == y.shape else None,
        others={other: found.value for other, found in alone.numeric.items() if other != name},
        value=lone.bench.arrays(key)["real"] if key in lone.bench.parameters else None,
    )


def explain_network(check: Check, same_term: list[Check], m: int) -> None:
    """Explain a check of the whole net or of the loss."""
    a, n = check.analytic, check.numeric
    if a is None or n is None:
        check.error_summary = check.error_summary or "found by probes that cover every element"
    elif check.parameter == "prediction":
        outputs = n.shape[1] if n.ndim > 1 else 1
        proportional = constant_ratio(a, n) is not None  # the factor says more
        candidates = (
            [] if proportional or not check.context else list(loss_candidates(n, **check.context))
        )
        explain_array(check, factors={"m": float(m), "k": float(outputs)}, candidates=candidates)
    else:
        others = {
            c.location: c.numeric
            for c in same_term
            if c is not check and c.numeric is not None and c.numeric.shape == n.shape
        }
        explain_array(check, factors={"m": float(m)}, others=others)


def explain_penalty(check: Check, m: int, bench: ModelSandbox, strength: float = 1.0) -> None:
    """Explain a check of a penalty alone."""
    if check.layer is None:
        return
    a, n, candidates = check.analytic, check.numeric, []
    if not (n.any() if n is not None else check.worst.get("numeric", True)):
        check.diagnosis = f"its value does not depend on {check.parameter}, its gradient does: penalized in the gradient only"
    elif n is None and check.worst.get("analytic", True) == 0:
        check.diagnosis = f"its value depends on {check.parameter}, its gradient does not: missing in the gradient"
    if a is not None and n is not None:
        candidates = list(
            penalty_candidates(a, n, bench.arrays((check.layer, check.parameter))["real"])
        )
    explain_array(check, factors={"m": float(m), "lambda": strength}, candidates=candidates)
