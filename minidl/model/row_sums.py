"""Whether the outputs of a model are what its loss takes: probabilities of classes."""

from __future__ import annotations

import numpy as np

from ..batching.out_of_core import Rows, first_rows
from ..errors import ArgumentError
from ..losses.categorical_cross_entropy import CategoricalCrossEntropy
from ..objective import Objective

N_ROWS = 32
"""Rows that are tried."""

TOLERANCE = 1e-2
"""Largest accepted difference of a row's sum from 1, wider than any rounding."""


def check_row_sums(objective: Objective, x: Rows) -> None:
    """Raise `ArgumentError` if outputs under a `CategoricalCrossEntropy` do not sum to 1.

    A model that ends in a `Softmax` is not run: its rows always do.

    Parameters
    ----------
    objective : Objective
        The model.
    x : ndarray, SparseRows or ArraySource of shape (m, ...)
        The examples, of which the first are tried.

    Raises
    ------
    ArgumentError
        If a row of outputs has another sum.
    """
    if objective.is_fused or type(objective.loss) is not CategoricalCrossEntropy:
        return
    with np.errstate(all="ignore"):
        output = objective.forward(first_rows(x, N_ROWS, objective.input_dtype))
        sums = output.sum(axis=-1).ravel()
        deviations = np.abs(sums - 1)
    wrong = np.flatnonzero(deviations > TOLERANCE)  # what is not finite is reported elsewhere
    if len(wrong):
        raise ArgumentError(
            f"each row of outputs must sum to 1 under {objective.loss}, got a sum of "
            f"{sums[wrong[0]]:g} from the last layer, {objective.layers[-1]}: end the layers in "
            "Softmax()"
        )
