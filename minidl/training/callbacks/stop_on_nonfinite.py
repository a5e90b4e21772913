"""Stops a training that diverges."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...errors import NonFiniteError
from ...utils.validation import all_finite
from .base import Callback, TrainingRun


class StopOnNonFinite(Callback):
    """Stop before the update when the loss or the gradient is NaN or infinite; on by default, unless not `enabled`.

    The error names epoch, batch and layer. The model gets back parameters of at most 16 steps ago, for which all was finite.
    """

    EVERY = 16  # steps: to keep the parameters of each would take 2 % of the time

    def __init__(self, enabled: bool = True) -> None:
        self.enabled = enabled

    def on_train_begin(self, run: TrainingRun) -> None:
        """Keep the parameters as they are."""
        self._good, self._age = run.model.parameters.theta.copy(), 0
        self._place = "the start"
        self._learning = [i for i, layer in enumerate(run.model.layers) if layer.parameters()]

    def on_gradient(self, run: TrainingRun) -> None:
        """Look at the numbers; if all are finite, keep the parameters now and then."""
        if not self.enabled:
            return
        parameters, outputs = run.model.parameters, run.model.outputs
        # An infinite output may not show in the loss: tanh makes it 1. Those of layers without parameters show in a gradient.
        if math.isfinite(run.loss) and all_finite(
            parameters.grad, *[outputs[i] for i in self._learning]
        ):
            if self._age % self.EVERY == 0:
                np.copyto(self._good, parameters.theta)
                self._place = f"epoch {run.epoch}, batch {run.batch}"
            self._age += 1
            return
        with np.errstate(all="ignore"):
            what = next(
                (place for place, array in _places(run) if not all_finite(np.asarray(array))),
                "the gradient is not finite",
            )
        parameters.theta = self._good
        raise NonFiniteError(
            f"training must stay finite, but at epoch {run.epoch}, batch {run.batch}, {what}. The model holds the parameters of "
            f"{self._place}, for which all was finite. "
            f"Try a smaller learning rate (now {run.optimizer.learning_rate:g}), or scale the inputs"
        )


def _places(run: TrainingRun) -> Iterator[tuple[str, Any]]:
    """Yield each array, forward and back, with what to say where it is not finite."""
    model = run.model
    for i, (layer, out) in enumerate(zip(model.layers, model.outputs, strict=False)):
        for name, parameter in layer.parameters().items():
            yield f"layer {i}, {layer}, has a {name} that is not finite", parameter.value
        yield f"layer {i}, {layer}, gives an output that is not finite", out
    yield f"the loss, {model.loss}, is {run.loss}", run.loss
    dy: Any = model.loss_gradient()
    yield f"the loss, {model.loss}, gives a gradient that is not finite", dy
    for i, layer in reversed(list(enumerate(model._body))):
        dy = layer.backward(dy)
        for name, parameter in layer.parameters().items():
            yield (
                f"layer {i}, {layer}, has a gradient of its {name} that is not finite",
                parameter.grad,
            )
        if dy is not None:
            yield f"layer {i}, {layer}, gives a gradient of its input that is not finite", dy
