"""The data loss and the accuracy of a model over many examples."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from ..batching.arguments import check_memory_limit
from ..batching.data_digest import describe_data
from ..batching.inference_batches import InferenceBatches
from ..batching.read_plan import load_if_fits
from ..errors import ArgumentError
from ..objective import Objective
from .inputs import prepare_data
from .isolated_access import IsolatedAccess
from .passes import inference_batches
from .row_sums import check_row_sums


def evaluate_batches(objective: Objective, batches: InferenceBatches) -> dict[str, float]:
    """Return the data loss over all rows and, for classifications, the accuracy.

    Parameters
    ----------
    objective : Objective
        The model.
    batches : InferenceBatches
        All rows, in batches.

    Returns
    -------
    dict
        "loss" and, for classifications, "accuracy".
    """
    is_classification = objective.loss.is_classification
    loss_sum = 0.0
    n_correct = n_predictions = 0
    with closing(iter(batches)) as slices:
        for _, batch in slices:
            forward_pass = objective.data_loss(batch)
            loss_sum += float(forward_pass.value) * len(batch.x)
            if is_classification:
                correct, predictions = objective.count_correct(
                    forward_pass.output, batch.y, batch.sample_weight
                )
                n_correct += correct
                n_predictions += predictions
    results = {"loss": loss_sum / batches.n_examples}
    return results | {"accuracy": n_correct / n_predictions} if is_classification else results


def evaluate(
    objective: Objective, X: Any, Y: Any, sample_weight: Any, memory_limit: int
) -> dict[str, float]:
    """Return the data loss and the accuracy on (X, Y), as `Sequential.evaluate` does.

    Parameters
    ----------
    objective : Objective
        The model.
    X, Y, sample_weight : array_like
        Examples, targets and weights, or None for no weights.
    memory_limit : int
        Bytes of rows in memory at once where X or Y is not in memory.

    Returns
    -------
    dict
        "loss" and, for classifications, "accuracy".
    """
    check_memory_limit(memory_limit)
    data = prepare_data(objective, X, Y, sample_weight, memory_limit=memory_limit, validate=False)
    with IsolatedAccess(objective) as isolated:
        check_row_sums(isolated, data.x)
        batches = inference_batches(isolated, data, check_finite=True, memory_limit=memory_limit)
        return evaluate_batches(isolated, batches)


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
    """

    def __init__(
        self,
        objective: Objective,
        validation: Any,
        memory_limit: int,
        pass_limit: int | None = None,
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
        self._data = data
        self._data_description: dict[str, Any] | None = None

    def __call__(self) -> dict[str, float]:
        """Return the data loss and, for classifications, the accuracy."""
        return evaluate_batches(self._objective, self._batches)

    def data_description(self) -> dict[str, Any]:
        """Return what identifies the rows, computed when it is first asked for."""
        if self._data_description is None:
            self._data_description = describe_data(self._data, self._objective.input_dtype)
        return self._data_description
