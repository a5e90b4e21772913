"""Rules about gradients: what holds for the derivative of every layer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np

from ...utils.typing import Array
from ..constants import (
    COMBINED_RUNS,
    ROUNDING_PER_NOISE,
    SAME_RUN,
    TINY,
    VANISHING_PART,
)
from ..extended_precision import extended_gradients
from ..rounding.compare import rounding_bar
from ..rounding.noise import ulp_noise
from .layer_run import GradientsByName, LayerRun, first_difference
from .rule import Rule
from .single_precision import float32_as_float64

GradientsAt: TypeAlias = Callable[[Array, Array], GradientsByName]
"""``gradients_at(x, dy)`` returns the gradients for an input and an incoming gradient."""

_Pair: TypeAlias = tuple[GradientsByName, GradientsByName]

Compute: TypeAlias = Callable[[GradientsByName, GradientsAt], _Pair]


def _has_independent_rows(run: LayerRun) -> bool:
    """Return whether there are several rows that must not depend on each other."""
    one_output_each = run.y.shape[:1] == (len(run.x),) > (1,)
    return one_output_each and not run.harness.couples_examples


def _differing(run: LayerRun, compute: Compute) -> str:
    """Return the name of the first gradient that differs by more than rounding explains, or "".

    `compute` returns two gradients that must be equal, from those of the run and a function that
    returns others.
    """
    gradients, expected = compute(run.gradients, run.harness.fresh_gradients)
    name = first_difference(gradients, expected, COMBINED_RUNS)
    if name and name in gradients and gradients[name].shape == expected[name].shape:
        # Of a layer that remembers a batch, the gradient now may be another than in `run`.
        now = run.harness.fresh_gradients(run.x, run.cotangent)[name]
        noisy = run.harness.noisy_gradients(run.x, run.cotangent, run.rng)
        bar = rounding_bar(now, [noisy_run[name] for noisy_run in noisy])
        gap = np.abs(gradients[name] - expected[name])
        if np.all(gap <= COMBINED_RUNS * (bar + bar.mean())):
            return ""
        return "" if _vanishes(run, compute, name, gap) else name
    return name


def _vanishes(run: LayerRun, compute: Compute, name: str, gap: Array) -> bool:
    """Return whether a gap is rounding: the same now, and less in extended precision."""
    if not run.harness.is_custom:
        return False
    rests = []
    for gradients_at in (run.harness.fresh_gradients, partial(extended_gradients, run.harness)):
        try:
            gradients, expected = compute(gradients_at(run.x, run.cotangent), gradients_at)
            rests.append(np.abs(gradients[name] - expected[name]).max(initial=0.0))
        except KeyError:  # the layer has refused it
            return False
    least = VANISHING_PART * gap.max(initial=0.0)
    return bool(rests[0] > least >= rests[1])


def _zero_gives_zero(run: LayerRun) -> str | None:
    gradients = run.harness.fresh_gradients(run.x, np.zeros_like(run.cotangent))
    for name, gradient in gradients.items():
        if np.any(np.nan_to_num(gradient) != 0):
            return (
                f"an incoming gradient of 0 gives a gradient of {name} that is not 0: "
                "is dy ignored?"
            )
    return None


def _linear_in_dy(run: LayerRun) -> str | None:
    def combined(gradients: GradientsByName, gradients_at: GradientsAt) -> _Pair:
        other = gradients_at(run.x, run.other_cotangent)
        combination = gradients_at(run.x, 2 * run.cotangent - 3 * run.other_cotangent)
        expected = {name: 2 * g - 3 * other[name] for name, g in gradients.items() if name in other}
        return combination, expected

    name = _differing(run, combined)
    if name:
        return (
            f"backward is not linear in the incoming gradient ({name}): "
            "does it use the sign or the absolute value of dy?"
        )
    return None


def additive_over_batch(run: LayerRun) -> str | None:
    """Test that the gradient of a batch is that of its first example and of the others together.

    Parameters
    ----------
    run : LayerRun
        The layer with its input.

    Returns
    -------
    str or None
        How it breaks the rule; None also where the rule does not apply.
    """
    # While training, another batch size would draw other random numbers.
    if run.harness.training or not _has_independent_rows(run):
        return None

    def in_parts(gradients: GradientsByName, gradients_at: GradientsAt) -> _Pair:
        first, others = (
            gradients_at(run.x[rows], run.cotangent[rows])
            for rows in (slice(None, 1), slice(1, None))
        )
        sums = {name: first[name] + others[name] for name in run.harness.parameters}
        if "input" in first and "input" in others and "input" in gradients:
            sums["input"] = np.concatenate([first["input"], others["input"]])
        return sums, {name: gradients[name] for name in sums}

    name = _differing(run, in_parts)
    if name:
        return (
            f"the gradient of {name} is not that of the first example and of the others together: "
            "a mean, or a special case for one?"
        )
    return None


def _rows_independent(run: LayerRun) -> str | None:
    if not _has_independent_rows(run):
        return None
    outputs, together = _outputs_in_two_batches(run)
    same_shape = outputs.shape == together.shape
    tolerance = SAME_RUN * np.abs(together).max(initial=0.0) + TINY
    if np.array_equal(outputs, together, equal_nan=True):
        return None
    if same_shape and np.all(np.abs(outputs - together) <= tolerance):
        return None
    # Rounding may be larger, after a cancellation: noise shows how large.
    noisy = run.harness.fresh_output(ulp_noise(run.x, run.rng))[: len(outputs)]
    rounding = ROUNDING_PER_NOISE * np.abs(noisy - together).max(initial=0.0)
    if same_shape and np.all(np.abs(outputs - together) <= tolerance + rounding):
        return None
    dependence = "the output of an example depends on the other examples of its batch"
    if run.harness.training:
        return f"{dependence}: declare it by couples_examples = True in the class"
    return f"{dependence}: it may only in training, declared by couples_examples = True"


def _outputs_in_two_batches(run: LayerRun) -> tuple[Array, Array]:
    """Return outputs of the first examples with other examples beside them, and with the same."""
    fresh_output = run.harness.fresh_output
    if not run.harness.training:
        count = min(3, len(run.x))
        alone = np.concatenate([fresh_output(run.x[i : i + 1]) for i in range(count)])
        return alone, run.y[: len(alone)]
    # A batch of the same shape draws the same random numbers.
    with run.harness.preserved():
        together = fresh_output(run.x)[:1]
    with run.harness.preserved():
        return fresh_output(np.concatenate([run.x[:1], run.other_x[1:]]))[:1], together


GRADIENT_RULES: tuple[Rule[LayerRun], ...] = (
    Rule("zero_gives_zero", "zero gives zero", _zero_gives_zero),
    Rule("linear_in_dy", "linear in the incoming gradient", _linear_in_dy),
    Rule("additive_over_batch", "additive over the batch", additive_over_batch),
    Rule("rows_independent", "rows independent", _rows_independent),
    Rule("float32_as_float64", "float32 as float64", float32_as_float64),
)
