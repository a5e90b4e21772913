"""The examples that early stopping holds out for validation."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..data.split import split_rows
from ..errors import ArgumentError
from ..utils.typing import Array


class Examples(NamedTuple):
    """Inputs, targets and weights, in the order of a validation set of `Sequential.fit`."""

    X: Any  # an array, or a sparse one
    y: Array
    sample_weight: Array | None

    def take(self, rows: Array) -> Examples:
        """Return copies of these rows."""
        weight = None if self.sample_weight is None else self.sample_weight[rows]
        return Examples(self.X[rows], self.y[rows], weight)


def hold_out(
    examples: Examples, validation_fraction: float, rng: np.random.Generator, *, stratify: bool
) -> tuple[Examples, Examples]:
    """Return the training and the validation examples; examples of weight 0 are in neither."""
    rows = np.arange(len(examples.y))
    if examples.sample_weight is not None:
        rows = np.flatnonzero(examples.sample_weight)
    try:
        train_rows, validation_rows = split_rows(
            examples.y[rows],
            validation_fraction=validation_fraction,
            seed=rng,
            stratify=stratify,
        )
    except ArgumentError as error:
        raise ArgumentError(
            f"early_stopping needs a validation_fraction of n_samples = {len(rows)}: {error}"
        ) from None
    return examples.take(rows[train_rows]), examples.take(rows[validation_rows])
