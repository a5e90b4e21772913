"""Mutation testing: bugs injected into the model's own backward pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..utils.typing import Array
from .contract.layer_rules import LAYER_RULES, LayerRun
from .layer_harness import LayerHarness, LayerResult
from .point import Point
from .report.report import Report
from .rounding.compare import rounding_bar


def _times(g: Array, index: Any, factor: float) -> Array:
    g = g.copy()
    g[index] *= factor
    return g


MUTATIONS: dict[str, Callable[[Array], Array]] = {
    "a factor 1.001": lambda g: g * 1.001,
    "the wrong sign": lambda g: -g,
    "a factor 2": lambda g: g * 2,
    "detached (zero)": lambda g: g * 0,
    "its first row zero": lambda g: _times(g, (0,) * min(g.ndim, 1), 0.0),
    "one element x 1.5": lambda g: _times(
        g, np.unravel_index(int(np.abs(g).argmax()), g.shape), 1.5
    ),
    "transposed": lambda g: g.T.copy() if g.ndim == 2 and g.shape[0] == g.shape[1] else g,
    "rounded to float32": lambda g: g.astype(np.float32).astype(np.float64),
}


# (The rule that sees it, what spoils a gradient after backward.)
SIDE_EFFECT_BUGS: dict[str, tuple[str, Callable[[Array, Array, Array], Any]]] = {
    "accumulates": (
        "does not accumulate",
        lambda grad, old, dy: np.add(grad, np.nan_to_num(old), out=grad),
    ),
    "writes into dy": ("arguments untouched", lambda grad, old, dy: np.multiply(dy, 1.0, out=dy)),
    "leaves an element unwritten": (
        "gradients overwritten",
        lambda grad, old, dy: np.put(grad, 0, old.flat[0]),
    ),
}


def inject_bugs(report: Report, point: Point, budget: float) -> None:
    """Write into the report which bugs are found, for `budget` seconds."""
    begin = time.perf_counter()
    caught = planted = 0
    for name, found in _canaries(point):
        if time.perf_counter() - begin > max(budget, 0.05):
            report.notes.append("the planting of bugs was ended for the time it took")
            break
        if found is not None:
            planted += 1
            caught += found
        if found is False:
            report.surviving_mutants.append(name)
    report.mutation_score = (caught, planted)


def _canaries(point: Point) -> Iterator[tuple[str, bool | None]]:
    """Yield the name of each bug, and whether it is found, if it changes anything."""
    for (i, training), alone in point.alone.items():
        lone = LayerHarness(point.bench, i, training=training)
        place = f"layer {i} {lone.layer}"
        for parameter, right in alone.analytic.items():
            for words, mutation in MUTATIONS.items():
                yield f"{place} {parameter}: {words}", _noticed(alone, parameter, mutation(right))
        if lone.names and not training:
            for words, (rule, spoil) in SIDE_EFFECT_BUGS.items():
                with _spoiled(lone, spoil):
                    yield (
                        f"{place}: {words}",
                        any(LAYER_RULES[rule](LayerRun(lone, alone.x, point.rng))),
                    )
    for penalty, (analytic, numeric) in point.penalties.items():
        for key, known in numeric.items():
            right, bar = analytic[key], rounding_bar(analytic[key], []) + known.error
            for words in ("a factor 2", "the wrong sign", "detached (zero)"):
                yield (
                    f"{penalty} of layer {key[0]}: {words}",
                    _told_apart(MUTATIONS[words](right), right, known.value, bar),
                )
    for check in point.loss_checks:
        for words, factor in (
            ("1/m missing", float(len(point.x))),
            ("the wrong sign", -1.0),
            ("a factor 1.001", 1.001),
        ):
            if check.analytic is not None:
                yield (
                    f"{point.model.loss}: {words}",
                    _told_apart(check.analytic * factor, check.analytic, check.numeric, check.bar),
                )


def _told_apart(
    wrong: Array, right: Array, numeric: Array | None, bar: Array | None
) -> bool | None:
    if numeric is None or bar is None or np.array_equal(wrong, right):
        return None
    return bool(np.any(~(np.abs(wrong - numeric) <= bar)))


def _noticed(alone: LayerResult, parameter: str, wrong: Array) -> bool | None:
    right = alone.analytic[parameter]
    if known := alone.numeric.get(parameter):
        value = (
            known.value
            if known.lower is None or known.upper is None
            else np.clip(wrong, known.lower, known.upper)
        )
        return _told_apart(wrong, right, value, alone.bars[parameter] + known.error)
    if np.array_equal(wrong, right):
        return None
    return any(
        not abs((wrong * u).sum() - numeric) <= bar
        for u, (_, numeric, bar, _) in alone.probed[parameter]
    )


@contextmanager
def _spoiled(lone: LayerHarness, spoil: Callable[[Array, Array, Array], Any]) -> Iterator[None]:
    held, backward = vars(lone.layer), lone.layer.backward
    own = held.get("backward")

    def spoiled(dy: Array) -> Any:
        before = [parameter.grad.copy() for parameter in lone.parameters.values()]
        dx = backward(dy)
        for parameter, old in zip(lone.parameters.values(), before, strict=True):
            spoil(parameter.grad, old, dy)
        return dx

    held["backward"] = spoiled
    try:
        yield
    finally:
        del held["backward"]
        if own is not None:
            held["backward"] = own
