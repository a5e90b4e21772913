"""Stage 0, preconditions: what keeps a layer from being checked as part of its model."""

from __future__ import annotations

import numpy as np

from ...errors import DtypeError
from ...layers.tree import trained_flags
from ...objective import Objective
from ...utils.typing import Array
from ..context import CheckContext, layer_inputs
from ..layer_harness import LayerHarness
from ..result import Check

MAX_NAMES = 8  # of frozen parameters, in the note


def require_declared_integers(context: CheckContext) -> None:
    """Raise `DtypeError` if the first layer needs integers and does not declare it."""
    layer, x = context.objective.layers[0], context.batch.x
    harness = LayerHarness(context.sandbox, 0)
    if layer.takes_integers or not harness.is_custom:
        return
    try:
        harness.forward(x.copy())
    except (IndexError, TypeError) as error:
        if (x != np.round(x)).any() or not _works(harness, x.astype(np.int64)):
            return  # the error that follows is the one to show
        raise DtypeError(
            f"layer 0, {layer}, needs integers: with floats it raises {type(error).__name__} "
            f"({error}); a model converts X to floats unless its first layer declares that it "
            "takes integers: write takes_integers = True in the class of the layer"
        ) from error
    finally:
        context.sandbox.reset(layer)


def training_only_rows(context: CheckContext) -> list[Check]:
    """Return a failed row for each custom layer whose `backward` works in training alone."""
    rows = []
    for number, x in enumerate(layer_inputs(context)[: len(context.objective.layers)]):
        harness = LayerHarness(context.sandbox, number)
        if not harness.is_custom:
            continue
        error = _backward_error(harness, x)
        if error and not _backward_error(LayerHarness(context.sandbox, number, True), x):
            if not _backward_error(harness, x):
                raise error  # it comes and goes, whatever the mode
            rows.append(_training_only_row(harness, error))
        context.sandbox.reset(harness.layer)
    return rows


def frozen_note(objective: Objective) -> list[str]:
    """Return the note that parameters are checked, though training leaves them as they are."""
    flags = trained_flags(objective.layers)
    named = zip(objective.parameters, flags, strict=True)
    names = [name for (name, _), is_trained in named if not is_trained]
    if len(names) > MAX_NAMES:
        names[MAX_NAMES:] = [f"{len(names) - MAX_NAMES} others"]
    return [f"frozen, but checked: {', '.join(names)}"] if names else []


def whole_net_note(rows: list[Check]) -> list[str]:
    """Return the note of a model with such layers."""
    layers = ", ".join(f"{row.layer} {row.component}" for row in rows)
    return [f"the whole net was not checked, as it needs backward of {layers}"] if rows else []


def _works(harness: LayerHarness, x: Array) -> bool:
    try:
        harness.forward(x)
    except Exception:
        return False
    return True


def _backward_error(harness: LayerHarness, x: Array) -> Exception | None:
    """Return what `backward` raises, if `forward` works."""
    harness.sandbox.reset(harness.layer)
    try:
        y = harness.forward(x.copy())
    except Exception:
        return None
    try:
        harness.collect(np.zeros(np.shape(y)))
    except Exception as error:
        return error
    return None


def _training_only_row(harness: LayerHarness, error: Exception) -> Check:
    row = Check(harness.number, "protocol", "backward at inference", component=str(harness.layer))
    row.method, row.verdict, row.difference = "no derivative needed", "fail", 1.0
    row.diagnosis = (
        f"after forward(training=False) it raises {type(error).__name__}: {error}; after "
        "forward(training=True) it does not: store in both modes what backward needs"
    )
    return row
