"""What every stage of a model check reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from ..batching.batch import Batch
from ..errors import NonFiniteError
from ..objective import Objective
from ..utils.typing import Array
from .layer_harness import LayerHarness
from .sandbox import ModelSandbox


@dataclass(frozen=True)
class CheckContext:
    """A model in the sandbox, with the data and the means of its check.

    Attributes
    ----------
    objective
        The objective and its gradient, as training uses them.
    sandbox
        Where its layers are.
    batch
        The examples, targets and weights, in float64.
    rng
        Draws all random numbers of the check.
    min_calls
        Forward calls that one gradient may take whatever they cost.
    training_only
        The numbers of the layers whose backward works in training alone.
    """

    objective: Objective
    sandbox: ModelSandbox
    batch: Batch
    rng: np.random.Generator
    min_calls: int = 0
    training_only: frozenset[int] = frozenset()

    def mode(self, number: int) -> bool | None:
        """Return the only mode in which a layer can be checked: True, or None for both."""
        return True if number in self.training_only else None


def layer_inputs(context: CheckContext) -> list[Array]:
    """Return the input of each layer before the loss, and of the loss (or its fused layer)."""
    context.sandbox.set_dtype("real")
    x = context.batch.x
    inputs = [np.array(x)]
    for layer in context.objective.layers_before_loss:
        x = layer.forward(x)
        inputs.append(np.array(x))
    return inputs


def require_finite_objective(context: CheckContext) -> None:
    """Raise `NonFiniteError` if a layer's output or the objective is not finite."""
    objective = context.objective
    rule = "the objective must be finite to be checked, but"
    for i, output in enumerate(layer_inputs(context)[1:]):
        if not np.isfinite(output).all():
            raise NonFiniteError(
                f"{rule} layer {i}, {objective.layers[i]}, gives an output that is not"
            )
    value = float(objective.terms(context.batch)["total"])
    if not np.isfinite(value):
        raise NonFiniteError(f"{rule} the loss {objective.loss} or a penalty gives {value}")


def harness_by_mode(
    sandbox: ModelSandbox, number: int, x: Array, training: bool | None = None
) -> Iterator[LayerHarness]:
    """Yield the harness of a layer at inference, and at training if that computes another thing.

    With `training` True or False, yield the harness of that mode alone. The layer is reset before
    and after the second one is used.
    """
    inference = LayerHarness(sandbox, number)
    if training is not None:
        yield replace(inference, training=training)
        return
    yield inference
    results = []
    for harness in (inference, replace(inference, training=True)):
        y = np.array(harness.forward(x.copy()))
        results.append([y])
        with suppress(Exception):  # a backward that fails is reported by the rules
            cotangent = np.random.default_rng(0).standard_normal(y.shape)
            results[-1] += harness.collect(cotangent).values()
        sandbox.reset(harness.layer)
    if any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(*results, strict=False)):
        yield harness
        sandbox.reset(harness.layer)
