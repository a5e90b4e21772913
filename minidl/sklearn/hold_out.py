"""The examples that early stopping holds out for validation."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..data.split import split_rows
from ..errors import ArgumentError
from ..utils.typing import Array

MIN_VALIDATION = 2
"""Examples of a validation set: one alone has no R2."""


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
    """Return the training and the validation examples; examples of weight 0 are in neither.

    With `stratify`, each class is trained: one of its examples at least is not held out.
    """
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
    if stratify:
        rescued = _rows_of_missing_classes(examples.y[rows], train_rows, validation_rows)
        train_rows = np.concatenate((train_rows, rescued))
        validation_rows = np.setdiff1d(validation_rows, rescued, assume_unique=True)
    if len(validation_rows) < MIN_VALIDATION:
        raise ArgumentError(
            f"the validation set is too small, got {len(validation_rows)} of {len(rows)} examples "
            f"and must have at least {MIN_VALIDATION}: pass a larger validation_fraction, or "
            "early_stopping=False"
        )
    return examples.take(rows[train_rows]), examples.take(rows[validation_rows])


def _rows_of_missing_classes(y: Array, train_rows: Array, validation_rows: Array) -> Array:
    """Return the first row of each class that only the validation set has."""
    _, class_of_row = np.unique(y, axis=0, return_inverse=True)
    class_of_row = class_of_row.reshape(len(y))
    held_out, first = np.unique(class_of_row[validation_rows], return_index=True)
    is_missing = ~np.isin(held_out, class_of_row[train_rows])
    missing: Array = validation_rows[first[is_missing]]
    return missing
