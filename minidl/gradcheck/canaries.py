"""Canaries: bugs that the checker plants into the model it has just passed, to show that it could have failed."""

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
from .protocol import RULES, Trial
from .report import Report
from .verdict import Check, rounding_bar

Mutation = Callable[[Array], Array]
Backward = Callable[[Array], Any]
Planted = tuple[str, bool | None]
"""The name of a bug, and whether it was found, or None where it changes nothing, as the sign of a zero."""


def _times(g: Array, index: Any, factor: float) -> Array:
    g = g.copy()
    g[index] *= factor
    return g


MUTATIONS: dict[str, Mutation] = {
    "a factor 1.001": lambda g: g * 1.001,
    "the wrong sign": lambda g: -g,
    "a factor 2": lambda g: g * 2,
    "detached (zero)": lambda g: g * 0,
    "its first row zero": lambda g: _times(g, (0,) * min(g.ndim, 1), 0.0),
    "one element x 1.5": lambda g: _times(g, np.unravel_index(int(np.abs(g).argmax()), g.shape), 1.5),
    "transposed": lambda g: g.T.copy() if g.ndim == 2 and g.shape[0] == g.shape[1] else g,
    "rounded to float32": lambda g: g.astype(np.float32).astype(np.float64),
}


def plant(report: Report, point: Point, budget: float) -> None:
    """Write into the report how many bugs are found, and which are not; stop after `budget` seconds."""
    begin = time.perf_counter()
    caught = planted = 0
    for name, found in _all(point):
        if time.perf_counter() - begin > max(budget, 0.05):
            report.notes.append("the planting of bugs was ended when it had taken as long as the check itself")
            break
        if found is not None:
            planted += 1
            caught += found
        if found is False:
            report.survivors.append(name)
    report.kill_score = (caught, planted)


def _all(point: Point) -> Iterator[Planted]:
    for alone in (*point.alone.values(), *point.on.values()):
        row = alone.checks[0]
        lone = LayerBench(point.bench, row.layer or 0, training=row.training)
        place = f"layer {lone.number} {lone.layer}"
        for parameter in alone.analytic:
            for words, mutation in MUTATIONS.items():
                yield f"{place} {parameter}: {words}", _in_backward(alone, parameter, mutation)
        if lone.names and not row.training:
            yield from _in_protocol(place, lone, alone, point.net.rng)
    for penalty, (analytic, numeric) in zip(point.model.penalties, point.penalties, strict=True):
        for key, known in numeric.items():
            right = analytic[key]
            bar = rounding_bar(right, []) + known.error
            for words in ("a factor 2", "the wrong sign", "detached (zero)"):
                yield f"{penalty} of layer {key[0]}: {words}", _told_apart(MUTATIONS[words](right), right, known.value, bar)
    for check in point.loss_checks:
        for words, factor in (("1/m missing", float(len(point.net.x))), ("the wrong sign", -1.0), ("a factor 1.001", 1.001)):
            yield f"{point.model.loss}: {words}", _loss_told_apart(check, factor)


def _loss_told_apart(check: Check, factor: float) -> bool | None:
    if check.analytic is None or check.numeric is None or check.bar is None:
        return None
    return _told_apart(check.analytic * factor, check.analytic, check.numeric, check.bar)


def _told_apart(wrong: Array, right: Array, numeric: Array, bar: Array) -> bool | None:
    return None if np.array_equal(wrong, right) else bool(np.any(~(np.abs(wrong - numeric) <= bar)))


def _in_backward(alone: Alone, parameter: str, mutation: Mutation) -> bool | None:
    right, known = alone.analytic[parameter], alone.numeric.get(parameter)
    wrong = mutation(right)
    if known is not None:
        value = known.value if known.low is None or known.high is None else np.clip(wrong, known.low, known.high)
        return _told_apart(wrong, right, value, alone.bars[parameter] + known.error)
    if np.array_equal(wrong, right):
        return None
    return any(not abs(float((wrong * u).sum()) - numeric) <= bar for u, (_, numeric, bar, _) in alone.probed.get(parameter, ()))


def _in_protocol(place: str, lone: LayerBench, alone: Alone, rng: np.random.Generator) -> Iterator[Planted]:
    parameters = [lone.bench.parameters[lone.number, name] for name in lone.names]

    def accumulating(backward: Backward, dy: Array) -> Any:
        before = [np.nan_to_num(parameter.grad) for parameter in parameters]
        dx = backward(dy)
        for parameter, old in zip(parameters, before, strict=True):
            parameter.grad[...] += old
        return dx

    def writing(backward: Backward, dy: Array) -> Any:
        dx = backward(dy)
        dy *= 1.0
        return dx

    def forgetful(backward: Backward, dy: Array) -> Any:
        before = parameters[0].grad.flat[0]
        dx = backward(dy)
        parameters[0].grad.flat[0] = before
        return dx

    for words, bug, rule in (
        ("accumulates", accumulating, "does not accumulate"),
        ("writes into dy", writing, "arguments untouched"),
        ("leaves an element unwritten", forgetful, "gradients overwritten"),
    ):
        with _replaced(lone.layer, bug):
            yield f"{place}: {words}", RULES[rule](Trial(lone, alone.x, rng)) is not None


@contextmanager
def _replaced(layer: Layer, bug: Callable[[Backward, Array], Any]) -> Iterator[None]:
    own, backward = vars(layer).get("backward"), layer.backward
    vars(layer)["backward"] = lambda dy: bug(backward, dy)
    try:
        yield
    finally:
        del vars(layer)["backward"]
        if own is not None:
            vars(layer)["backward"] = own
