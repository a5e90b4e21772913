"""The data loss and the metrics of a model over many examples."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from ..batching.arguments import check_memory_limit
from ..batching.data_digest import describe_data
from ..batching.inference_batches import InferenceBatches
from ..batching.read_plan import load_if_fits
from ..errors import ArgumentError
from ..metrics.base import Metric
from ..metrics.measurement import Measurement
from ..metrics.table import MetricLike, as_metrics
from ..objective import Objective
from .inputs import prepare_data
from .isolated_access import IsolatedAccess
from .passes import inference_batches
from .row_sums import check_row_sums


def evaluate_batches(
    objective: Objective, batches: InferenceBatches, measurement: Measurement
) -> dict[str, float]:
    """Return the data loss over all rows, and metrics.

    Parameters
    ----------
    objective : Objective
        The model.
    batches : InferenceBatches
        All rows, in batches.
    measurement : Measurement
        The metrics, which are measured anew.

    Returns
    -------
    dict
        "loss", and the values of the metrics.
    """
    loss_sum = 0.0
    measurement.reset()
    with closing(iter(batches)) as slices:
        for _, batch in slices:
            forward_pass = objective.data_loss(batch)
            loss_sum += float(forward_pass.value) * len(batch.x)
            measurement.add(forward_pass.output, batch.y, batch.sample_weight)
    return {"loss": loss_sum / batches.n_examples} | measurement.values()


def evaluate(
    objective: Objective,
    X: Any,
    Y: Any,
    sample_weight: Any,
    memory_limit: int,
    metrics: Sequence[MetricLike] = (),
) -> dict[str, float]:
    """Return the data loss and metrics on (X, Y), as `Sequential.evaluate` does.

    Parameters
    ----------
    objective : Objective
        The model.
    X, Y, sample_weight : array_like
        Examples, targets and weights, or None for no weights.
    memory_limit : int
        Bytes of rows in memory at once where X or Y is not in memory.
    metrics : sequence of str, Metric or callable
        What is measured besides the loss and the accuracy.

    Returns
    -------
    dict
        "loss", and the values of the metrics.
    """
    check_memory_limit(memory_limit)
    measured = as_metrics(metrics)
    data = prepare_data(objective, X, Y, sample_weight, memory_limit=memory_limit, validate=False)
    with IsolatedAccess(objective) as isolated:
        measurement = isolated.measurement(measured, data.y.shape[-1])
        check_row_sums(isolated, data.x)
        batches = inference_batches(isolated, data, check_finite=True, memory_limit=memory_limit)
        return evaluate_batches(isolated, batches, measurement)


class Validator:
    """A validation set, which is evaluated after each epoch.

    Parameters
    ----------
    objective : Objective
        The model.
    validation : (X, Y) or (X, Y, sample_weight)
        The set, as `Sequential.fit` takes it.
    memory_limit : int
        Bytes that its rows may take.
    pass_limit : int, optional
        Bytes that passing them through the model may take.
    metrics : sequence of Metric
        What is measured besides the loss and the accuracy.
    """

    def __init__(
        self,
        objective: Objective,
        validation: Any,
        memory_limit: int,
        pass_limit: int | None = None,
        metrics: Sequence[Metric] = (),
    ) -> None:
        # A quarter for what is converted: the training set has as much, and the passes the rest.
        data = prepare_data(objective, *validation, memory_limit=memory_limit // 4)
        arrays = load_if_fits(data[:2], memory_limit // 2)  # a small set is read once and kept
        if arrays is not None:
            data = data._replace(x=arrays[0], y=arrays[1])
        try:
            self._batches = inference_batches(
                objective, data, memory_limit=memory_limit, pass_limit=pass_limit
            )
        except ArgumentError as error:
            hint = "validation gets an eighth of it where X and Y lie in files too"
            raise ArgumentError(f"{error}; {hint}") from None
        self._objective = objective
        self._measurement = objective.measurement(metrics, data.y.shape[-1])
        self._data = data
        self._data_description: dict[str, Any] | None = None

    def __call__(self) -> dict[str, float]:
        """Return the data loss and the metrics."""
        return evaluate_batches(self._objective, self._batches, self._measurement)

    def data_description(self) -> dict[str, Any]:
        """Return what identifies the rows, computed when it is first asked for."""
        if self._data_description is None:
            self._data_description = describe_data(self._data, self._objective.input_dtype)
        return self._data_description
