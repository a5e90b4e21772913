"""Mutation testing: bugs injected into the model's own backward pass.

A check that passes proves something only if it could have failed. So every gradient that passed is
made wrong in several ways, and it is counted how many of these mutants would have been noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ..utils.attributes import replaced_attributes
from ..utils.typing import Array
from .call_limits import (
    MUTANT_OVERHEAD,
    MUTANT_PASSES,
    MUTATION_WORK,
    PRODUCTS_PER_ELEMENT,
)
from .constants import MIN_LAYER_SIZE
from .context import CheckContext
from .contract.layer_rules import LAYER_RULES
from .contract.layer_run import LayerRun
from .layer_harness import LayerHarness
from .result import Check
from .rounding.compare import rounding_bar
from .rounding.zero import ZERO_HERE
from .stages.layers import LayerResult, LayersResult
from .stages.loss import LossResult
from .stages.penalties import PenaltiesResult


class MutationResult(NamedTuple):
    """The result of mutation testing.

    Attributes
    ----------
    score
        How many mutants were noticed, and how many there were.
    survivors
        The names of the others.
    notes
        Why not all bugs were injected.
    """

    score: tuple[int, int]
    survivors: list[str]
    notes: list[str]


class Mutant(NamedTuple):
    """An injected bug.

    Attributes
    ----------
    name
        The part and what is wrong.
    detected
        Whether it was noticed, None if it changes nothing.
    work
        About how much that takes, in elements that are changed and compared.
    """

    name: str
    detected: bool | None
    work: int


class SideEffectBug(NamedTuple):
    """A bug that only a rule can notice.

    `inject(gradient, gradient before backward, dy)` is called for each parameter after backward.
    """

    name: str
    rule_id: str
    inject: Callable[[Array, Array, Array], Any]


def _scaled_at(gradient: Array, index: Any, factor: float) -> Array:
    gradient = gradient.copy()
    gradient[index] *= factor
    return gradient


def _scaled_at_largest(gradient: Array) -> Array:
    largest = np.unravel_index(int(np.abs(gradient).argmax()), gradient.shape)
    return _scaled_at(gradient, largest, 1.5)


def _transposed(gradient: Array) -> Array:
    is_square = gradient.ndim == 2 and gradient.shape[0] == gradient.shape[1]
    return gradient.T.copy() if is_square else gradient


MUTATIONS: dict[str, Callable[[Array], Array]] = {
    "a factor 1.001": lambda g: g * 1.001,
    "the wrong sign": lambda g: -g,
    "a factor 2": lambda g: g * 2,
    "detached (zero)": lambda g: g * 0,
    "its first row zero": lambda g: _scaled_at(g, (0,) * min(g.ndim, 1), 0.0),
    "one element x 1.5": _scaled_at_largest,
    "transposed": _transposed,
    "rounded to float32": lambda g: g.astype(np.float32).astype(np.float64),
}
"""Wrong gradients, by what is wrong with them."""

PENALTY_MUTATIONS = ("a factor 2", "the wrong sign", "detached (zero)")

SIDE_EFFECT_BUGS = (
    SideEffectBug(
        "accumulates",
        "does_not_accumulate",
        lambda grad, before, dy: np.add(grad, np.nan_to_num(before), out=grad),
    ),
    SideEffectBug(
        "writes into dy",
        "arguments_untouched",
        lambda grad, before, dy: np.multiply(dy, 1.0, out=dy),
    ),
    SideEffectBug(
        "leaves an element unwritten",
        "gradients_overwritten",
        lambda grad, before, dy: np.put(grad, 0, before.flat[0]),
    ),
)


def inject_bugs(
    context: CheckContext,
    loss: LossResult,
    layers: LayersResult,
    penalties: PenaltiesResult,
    budget: int = MUTATION_WORK,
) -> MutationResult:
    """Count how many injected bugs would be noticed.

    Parameters
    ----------
    context : CheckContext
        The model and the data.
    loss, layers, penalties
        The results at the user's point, which passed.
    budget : int
        The work after which no more bugs are injected.

    Returns
    -------
    MutationResult
        The counts, and what was not noticed.
    """
    detected = injected = 0
    work = 0
    survivors: list[str] = []
    notes: list[str] = []
    for mutant in _mutants(context, loss, layers, penalties):
        work += mutant.work
        if work > budget:
            notes.append("the injection of bugs was stopped for the time it takes")
            break
        if mutant.detected is not None:
            injected += 1
            detected += mutant.detected
        if mutant.detected is False:
            survivors.append(mutant.name)
    return MutationResult((detected, injected), survivors, notes)


def _mutants(
    context: CheckContext, loss: LossResult, layers: LayersResult, penalties: PenaltiesResult
) -> Iterator[Mutant]:
    for result in layers.layers.values():
        yield from _layer_mutants(result, context.rng)
    for penalty, (_, analytic, numeric) in penalties.gradients.items():
        for key, numeric_gradient in numeric.items():
            right = analytic[key]
            bar = rounding_bar(right, []) + numeric_gradient.error
            for name in PENALTY_MUTATIONS:
                detected = _is_distinguishable(
                    MUTATIONS[name](right), right, numeric_gradient.value, bar
                )
                title = f"{penalty} of layer {key[0]}: {name}"
                yield Mutant(title, detected, _array_work(right))
    for check in loss.checks:
        if check.analytic is not None:
            yield from _loss_mutants(check, check.analytic, len(context.batch.x))


def _loss_mutants(check: Check, right: Array, m: int) -> Iterator[Mutant]:
    for name, factor in (
        ("1/m missing", float(m)),
        ("the wrong sign", -1.0),
        ("a factor 1.001", 1.001),
    ):
        detected = _is_distinguishable(right * factor, right, check.numeric, check.bar)
        yield Mutant(f"{check.component}: {name}", detected, _array_work(right))


def _layer_mutants(result: LayerResult, rng: np.random.Generator) -> Iterator[Mutant]:
    harness = result.harness
    place = f"layer {harness.number} {harness.layer}"
    cancelled = {check.parameter for check in result.checks if check.diagnosis == ZERO_HERE}
    for parameter, right in result.analytic.items():
        if parameter in cancelled:
            continue  # a factor on what is only rounding is no bug
        for name, mutate in MUTATIONS.items():
            detected = _is_detected(result, parameter, mutate(right))
            yield Mutant(f"{place} {parameter}: {name}", detected, _array_work(right))
    if not harness.parameters or harness.training:
        return
    for bug in SIDE_EFFECT_BUGS:
        with _injected(harness, bug):
            run = LayerRun.of(harness, result.x, rng)
            detected = bool(LAYER_RULES[bug.rule_id].find_violation(run))
        yield Mutant(f"{place}: {bug.name}", detected, _rule_work(harness, len(result.x)))


def _array_work(gradient: Array) -> int:
    return MUTANT_OVERHEAD + gradient.size


def _rule_work(harness: LayerHarness, m: int) -> int:
    size = sum(parameter.size for parameter in harness.parameters.values())
    products = m * max(size, MIN_LAYER_SIZE)
    return MUTANT_PASSES * (MUTANT_OVERHEAD + products // PRODUCTS_PER_ELEMENT)


def _is_detected(result: LayerResult, parameter: str, mutated: Array) -> bool | None:
    right = result.analytic[parameter]
    numeric = result.numeric.get(parameter)
    if numeric is not None:
        value = numeric.value
        bar = result.bars[parameter] + numeric.error
        if numeric.lower is not None and numeric.upper is not None:
            value = np.clip(mutated, numeric.lower, numeric.upper)
        return _is_distinguishable(mutated, right, value, bar)
    if np.array_equal(mutated, right):
        return None
    return any(
        not abs((mutated * direction).sum() - values.numeric) <= values.bar
        for direction, values in result.probes[parameter]
    )


def _is_distinguishable(
    mutated: Array, right: Array, numeric: Array | None, bar: Array | None
) -> bool | None:
    if numeric is None or bar is None or np.array_equal(mutated, right):
        return None
    return bool(np.any(~(np.abs(mutated - numeric) <= bar)))


@contextmanager
def _injected(harness: LayerHarness, bug: SideEffectBug) -> Iterator[None]:
    """Replace the layer's backward by one that has the bug, for the length of a context."""
    backward = harness.layer.backward

    def buggy_backward(dy: Array) -> Any:
        parameters = harness.parameters.values()
        before = [parameter.grad.copy() for parameter in parameters]
        dx = backward(dy)
        for parameter, gradient in zip(parameters, before, strict=True):
            bug.inject(parameter.grad, gradient, dy)
        return dx

    with replaced_attributes(harness.layer, backward=buggy_backward):
        yield
