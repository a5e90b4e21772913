"""The diagnosis: gather the evidence around a failed check, and what known mistakes of such a layer would have given."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array
from .candidates import of_layer, of_loss, of_penalty
from .signatures import Evidence, census, constant_ratio, name_cause
from .verdict import Check
from .workbench import Alone, LayerBench, Workbench


def explain_array(check: Check, analytic: Array, numeric: Array, **known: Any) -> None:
    """Fill in the census and the diagnosis of a failed check from its arrays alone."""
    if analytic.shape != numeric.shape:
        return
    evidence = Evidence(analytic, numeric, bar=0.0 if check.bar is None else check.bar, **known)
    check.census = census(evidence)
    check.diagnosis = check.diagnosis or name_cause(evidence)


def explain_layer(check: Check, alone: Alone, lone: LayerBench) -> None:
    """Explain a failed check of a layer alone, by what known mistakes of such a layer would have given."""
    name = check.parameter
    x, c = alone.x, alone.cotangent
    numeric = check.numeric
    if numeric is None:  # it was found by probes: now every element is worth its price
        found = lone.numeric(x, name, [c], np.random.default_rng(0), 20_000)
        if found is None or found[0].value.shape != alone.analytic[name].shape:
            check.census = "found by probes that cover every element; which ones is too dear to tell"
            return
        numeric = found[0].value
        check.analytic, check.numeric = alone.analytic[name], numeric
        check.bar = 1e-12 * np.abs(numeric) + 1e-13 * float(np.abs(numeric).max(initial=0.0)) + found[0].error
        gap = np.abs(check.analytic - numeric)
        index = np.unravel_index(int(np.nanargmax(gap)), gap.shape)
        check.worst = {
            "index": [int(i) for i in index],
            "analytic": float(check.analytic[index]),
            "numeric": float(numeric[index]),
            "bar": float(check.bar[index]),
        }
    a = check.analytic
    if a is None:
        return
    y = np.array(lone.forward(x))
    settings = {name: held for name, held in vars(lone.layer).items() if isinstance(held, float) and not name.startswith("_")}
    factors = {"m": float(len(x)), **settings}
    key = (lone.number, name)
    parameter = lone.bench.parameters.get(key)
    explain_array(
        check,
        a,
        numeric,
        factors=factors,
        candidates=list(of_layer(name, alone, lone, numeric, y)),
        x=x if name == "input" and x.shape == a.shape == y.shape else None,
        others={other: found.value for other, found in alone.numeric.items() if other != name},
        value=None if parameter is None else lone.bench.arrays(key)["real"],
    )


def explain_network(check: Check, same_term: list[Check], m: int) -> None:
    """Explain a failed check of the whole net or of the loss."""
    if check.analytic is None or check.numeric is None:
        check.census = check.census or "found by probes that cover every element"
        return
    others = {
        f"{other.place}": other.numeric
        for other in same_term
        if other is not check and other.numeric is not None and other.numeric.shape == check.numeric.shape
    }
    if check.parameter == "prediction":
        p, t = check.context.get("p"), check.context.get("t")
        proportional = constant_ratio(check.analytic, check.numeric) is not None  # the factor says more
        candidates = [] if p is None or t is None or proportional else list(of_loss(check.numeric, p, t, check.context.get("w")))
        outputs = check.numeric.shape[1] if check.numeric.ndim > 1 else 1
        explain_array(check, check.analytic, check.numeric, factors={"m": float(m), "k": float(outputs)}, candidates=candidates)
        return
    explain_array(check, check.analytic, check.numeric, factors={"m": float(m)}, others=others)


def explain_penalty(check: Check, m: int, bench: Workbench, strength: float = 1.0) -> None:
    """Explain a failed check of a penalty alone."""
    if check.layer is None:
        return
    values = bench.arrays((check.layer, check.parameter))["real"]
    if check.analytic is None or check.numeric is None:
        if check.worst and check.worst["numeric"] == 0:
            check.diagnosis = f"its value does not depend on {check.parameter}, its gradient does: penalized in the gradient only"
        elif check.worst and check.worst["analytic"] == 0:
            check.diagnosis = f"its value depends on {check.parameter}, its gradient does not: missing in the gradient"
        return
    if not check.numeric.any():
        check.diagnosis = f"its value does not depend on {check.parameter}, its gradient does: penalized in the gradient only"
    candidates = list(of_penalty(check.analytic, check.numeric, values))
    factors = {"m": float(m), "lambda": strength}
    explain_array(check, check.analytic, check.numeric, factors=factors, candidates=candidates)
