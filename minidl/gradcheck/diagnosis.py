"""The diagnosis: gather the evidence around a failed check, and what known mistakes of such a layer would have given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..arrays import Array
from .layer_check import Alone, LayerBench
from .signatures import Evidence, census, constant_ratio, name_cause
from .verdict import Check
from .workbench import Workbench


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
        candidates=list(_layer_candidates(name, alone, lone, numeric, y)),
        x=x if name == "input" and x.shape == a.shape == y.shape else None,
        others={other: found.value for other, found in alone.numeric.items() if other != name},
        value=None if parameter is None else lone.bench.arrays(key)["real"],
    )


def _layer_candidates(name: str, alone: Alone, lone: LayerBench, n: Array, y: Array) -> Iterator[tuple[str, Array]]:
    x, c = alone.x, alone.cotangent
    if name == "input":
        if x.shape == c.shape:
            yield from _activation_candidates(x, y, c, n, lone)
        weights = [lone.bench.arrays((lone.number, w))["real"] for w in lone.names]
        for w in weights:
            if w.ndim == 2 and w.shape[0] == w.shape[1] == c.shape[-1] and c.ndim == 2:
                yield "dy @ weight.T in place of dy @ weight: transposed", c @ w.T
        for rows, which in ((-1, "last"), (0, "first")):
            only = np.zeros_like(n)
            only[rows] = n[rows]
            yield f"only the {which} example is there, the others are 0", only
        return
    # Parameters: sums over the examples that leave some out, or that run over another axis.
    for rows, which in ((-1, "last"), (0, "first")):
        part = np.zeros_like(c)
        part[rows] = c[rows]
        found = lone.numeric(x, name, [part], np.random.default_rng(0), 20_000)
        if found is not None:
            yield f"only the {which} example is in the sum over the batch", found[0].value
    if n.ndim == 1 and c.ndim == 2:
        if len(c) == n.size:
            yield "summed over the wrong axis: over the features in place of the examples", c.sum(axis=1)
        yield "all elements equal the sum of dy over both axes", np.full(n.shape, c.sum())
        yield "the mean of dy over both axes in every element", np.full(n.shape, c.mean())
        yield "the incoming gradient's largest in place of its sum", c.max(axis=0) if c.shape[1] == n.size else np.zeros(0)
    if n.ndim == 2 and c.ndim == 2 and x.ndim == 2:
        for first, second, words in ((c, y, "the layer's output in place of its input"), (np.abs(c), x, "the size of dy in place of dy")):
            if first.shape[1] == n.shape[0] and second.shape[1] == n.shape[1]:
                yield f"dy.T @ x with {words}", first.T @ second
        for exponent, words in ((2, "squared"), (0, "left out")):
            if c.shape[1] == n.shape[0] and x.shape[1] == n.shape[1]:
                yield f"dy.T @ x with the input {words}", c.T @ x**exponent


def _activation_candidates(x: Array, y: Array, c: Array, n: Array, lone: LayerBench) -> Iterator[tuple[str, Array]]:
    keep = getattr(lone.layer, "keep_prob", None)
    if keep and lone.training:
        yield "the mask is missing: dx = dy / keep_prob", c / keep
        yield "the mask and its scale are missing: dx = dy, as outside of training", c
        yield "the mask is scaled by 1/keep_prob twice", n / keep
        yield "the mask is inverted", np.where(n == 0, c / keep, 0.0)
        yield "the mask is inverted and unscaled", np.where(n == 0, c, 0.0)
    yield "dx = dy: the derivative of the activation is missing", c
    at_y = lone.numeric(np.array(y), "input", [c], np.random.default_rng(0), 4096)
    if at_y is not None and np.isfinite(at_y[0].value).all():
        yield "the derivative is taken at the output in place of the input", at_y[0].value
    sigma = 1 / (1 + np.exp(-np.clip(y, -700, 700)))
    table: tuple[tuple[str, Array], ...] = (
        ("dx = dy * y: the output in place of the derivative", c * y),
        ("dx = dy * x: the input in place of the derivative", c * x),
        ("dx = dy * (1 - y): a term or a square of the derivative is missing", c * (1 - y)),
        ("dx = dy * (1 + y): a term of the derivative is missing", c * (1 + y)),
        ("dx = dy * y * (1 - y): only the diagonal of the derivative, or a sigmoid's", c * y * (1 - y)),
        ("dx = dy * (1 - y**2): a tanh's derivative", c * (1 - y * y)),
        ("dx = dy * x * (1 - x): the derivative's formula for outputs taken at the input", c * x * (1 - x)),
        ("dx = dy * (1 - x**2): the derivative's formula for outputs taken at the input", c * (1 - x * x)),
        ("dx = dy * s(y) * (1 - s(y)), s the sigmoid: the derivative is taken at the output", c * sigma * (1 - sigma)),
        ("the mask is taken from the incoming gradient (dy > 0) in place of the input", c * (c > 0)),
        ("the mask is inverted: dy where x <= 0", c * (x <= 0)),
        ("the mask is inverted", np.where(n == 0, c, 0.0)),
        ("dx = the derivative alone: the incoming gradient is ignored", np.divide(n, c, out=np.zeros_like(n), where=c != 0)),
        ("dx = the mask alone: the incoming gradient is ignored", (x > 0) * 1.0),
        ("dx = dy * derivative**2: the derivative is applied twice", np.divide(n * n, c, out=np.zeros_like(n), where=c != 0)),
        ("dx = dy / derivative: a division in place of a product", np.divide(c * c, n, out=np.zeros_like(n), where=n != 0)),
        ("the incoming gradient's rows are in reverse order", np.divide(n, c, out=np.zeros_like(n), where=c != 0) * c[::-1]),
    )
    yield from table


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
    candidates: list[tuple[str, Array]] = []
    if check.parameter == "prediction" and len(check.numeric) > 1:
        for rows, which in ((-1, "last"), (0, "first")):
            only = np.zeros_like(check.numeric)
            only[rows] = check.numeric[rows]
            candidates.append((f"only the {which} example's gradient is there", only))
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
    a = check.analytic
    candidates = []
    for name, array in (("the weights", values), ("the sign of the weights", np.sign(values)), ("the size of the weights", np.abs(values))):
        r = constant_ratio(a, array)
        if r is not None and constant_ratio(check.numeric, array) is None:
            candidates.append((f"analytic = {r:.4g} x {name}, which numeric is not: the gradient of another penalty", a))
    explain_array(check, a, check.numeric, factors={"m": float(m), "lambda": strength}, candidates=candidates)
