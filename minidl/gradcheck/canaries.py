"""Canaries: bugs that the checker plants into the model it has just passed, to show that it could have failed.

Each bug changes what a layer's own backward returns or fills in, what the loss returns, or what a penalty adds, on this very batch;
it is then held against the numeric gradients that the check has computed. A bug that changes nothing here, such as the sign of a
zero gradient, is not counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..arrays import Array
from ..layers import Layer
from .layer_check import Alone, LayerBench
from .point import Point
from .protocol import arguments_untouched, does_not_accumulate, gradients_overwritten, new_trial
from .verdict import Check, Report, rounding_bar

Mutation = Callable[[Array], Array]


def _first_row_zero(g: Array) -> Array:
    g = g.copy()
    g[(0,) * min(g.ndim, 1)] = 0
    return g


def _one_element(g: Array) -> Array:
    g = g.copy()
    index = np.unravel_index(int(np.abs(g).argmax()), g.shape)
    g[index] *= 1.5
    return g


MUTATIONS: dict[str, Mutation] = {
    "a factor 1.001": lambda g: g * 1.001,
    "the wrong sign": lambda g: -g,
    "a factor 2": lambda g: g * 2,
    "detached (zero)": lambda g: g * 0,
    "its first row zero": _first_row_zero,
    "one element x 1.5": _one_element,
    "transposed": lambda g: g.T.copy() if g.ndim == 2 and g.shape[0] == g.shape[1] else g,
    "rounded to float32": lambda g: g.astype(np.float32).astype(np.float64),
}


def plant(report: Report, point: Point, budget: float) -> None:
    """Plant every bug, one at a time, and write the kill score into the report; stop when it has taken `budget` seconds."""
    begin = time.perf_counter()
    caught = planted = 0
    for name, found in _all(point):
        if time.perf_counter() - begin > max(budget, 0.05):
            report.notes.append("the planting of bugs was ended when it had taken as long as the check itself")
            break
        if found is None:
            continue
        planted += 1
        caught += found
        if not found:
            report.survivors.append(name)
    report.kill_score = (caught, planted)


def _all(point: Point) -> Iterator[tuple[str, bool | None]]:
    """Yield (name, whether it was found, or None where it changes nothing) of every bug."""
    for alone, training in [*((a, False) for a in point.alone.values()), *((a, True) for a in point.on.values())]:
        lone = LayerBench(point.bench, alone.checks[0].layer or 0, training=training)
        for parameter in alone.analytic:
            for words, mutation in MUTATIONS.items():
                yield f"layer {lone.number} {lone.layer} {parameter}: {words}", _in_backward(lone, alone, parameter, mutation)
        if lone.names and not training:
            yield from _in_protocol(lone, alone, point.rng)
    for index, (analytic, numeric) in enumerate(point.penalties):
        for key, known in numeric.items():
            for words in ("a factor 2", "the wrong sign", "detached (zero)"):
                wrong = MUTATIONS[words](analytic[key])
                bar = rounding_bar(analytic[key], []) + known.error
                yield f"{point.model.penalties[index]} of layer {key[0]}: {words}", _told_apart(wrong, analytic[key], known.value, bar)
    for check in [c for c in point.loss_checks if c.analytic is not None]:
        m = len(point.x)
        for words, factor in (("1/m missing", float(m)), ("the wrong sign", -1.0), ("a factor 1.001", 1.001)):
            yield f"{point.model.loss}: {words}", _loss_told_apart(check, factor)


def _loss_told_apart(check: Check, factor: float) -> bool | None:
    if check.analytic is None or check.numeric is None or check.bar is None:
        return None
    return _told_apart(check.analytic * factor, check.analytic, check.numeric, check.bar)


def _told_apart(wrong: Array, right: Array, numeric: Array, bar: Array) -> bool | None:
    if np.array_equal(wrong, right):
        return None
    return bool(np.any(~(np.abs(wrong - numeric) <= bar)))


def _in_backward(lone: LayerBench, alone: Alone, parameter: str, mutation: Mutation) -> bool | None:
    """Plant a bug into the layer's backward and hold what it then gives against the numeric gradient."""

    def mutated(backward: Callable[[Array], Any], dy: Array) -> Any:
        dx = backward(dy)
        if parameter == "input":
            return mutation(np.array(dx))
        grad = lone.bench.parameters[lone.number, parameter].grad
        grad[...] = mutation(grad.copy())
        return dx

    with _replaced(lone.layer, mutated):
        wrong = lone.gradients(alone.x, alone.cotangent)[parameter]
    right = alone.analytic[parameter]
    if np.array_equal(wrong, right):
        return None
    if parameter in alone.numeric:
        known = alone.numeric[parameter]
        value = known.value if known.low is None or known.high is None else np.clip(wrong, known.low, known.high)
        return _told_apart(wrong, right, value, alone.bars[parameter] + known.error)
    return any(not abs(float((wrong * u).sum()) - numeric) <= bar for u, numeric, bar in alone.probed.get(parameter, ()))


def _in_protocol(lone: LayerBench, alone: Alone, rng: np.random.Generator) -> Iterator[tuple[str, bool | None]]:
    """Plant bugs that only the rules of the protocol can see."""
    grads = [lone.bench.parameters[lone.number, name] for name in lone.names]

    def accumulating(backward: Callable[[Array], Any], dy: Array) -> Any:
        before = [np.nan_to_num(parameter.grad) for parameter in grads]
        dx = backward(dy)
        for parameter, old in zip(grads, before, strict=True):
            parameter.grad[...] += old
        return dx

    def writing(backward: Callable[[Array], Any], dy: Array) -> Any:
        dx = backward(dy)
        dy *= 1.0
        return dx

    def forgetful(backward: Callable[[Array], Any], dy: Array) -> Any:
        before = grads[0].grad.flat[0]
        dx = backward(dy)
        grads[0].grad.flat[0] = before
        return dx

    place = f"layer {lone.number} {lone.layer}"
    for words, bug, rule in (
        ("accumulates", accumulating, does_not_accumulate),
        ("writes into dy", writing, arguments_untouched),
        ("leaves an element unwritten", forgetful, gradients_overwritten),
    ):
        with _replaced(lone.layer, bug):
            yield f"{place}: {words}", rule(new_trial(lone, alone.x, rng)) is not None


@contextmanager
def _replaced(layer: Layer, bug: Callable[[Callable[[Array], Any], Array], Any]) -> Iterator[None]:
    """Let the layer's backward be `bug(backward, dy)` for a while."""
    own = vars(layer).get("backward")
    backward = layer.backward
    vars(layer)["backward"] = lambda dy: bug(backward, dy)
    try:
        yield
    finally:
        del vars(layer)["backward"]
        if own is not None:
            vars(layer)["backward"] = own
