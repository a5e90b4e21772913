"""The precision in which a network of float32 is trained."""

from __future__ import annotations

import numpy as np

from ..model.sequential import Sequential

SMALL = 2**18
"""Weights times examples. Up to so many, float64 takes up to 1.3 times as long (100 units, 15 to
200 examples), which is less than 0.1 ms in an epoch. Above, it takes up to twice as long."""


def training_model(model: Sequential, m: int, *, is_chunk: bool = False) -> Sequential:
    """Return the network in the precision in which it is trained on m examples.

    In float32, each step depends on the order of sums by 6e-8, which grows in training: repeated
    examples would give another network than weighted ones. `fit` trains small sets in float64,
    where that costs next to nothing, and rounds the network at the end.

    Parameters
    ----------
    model : Sequential
        The network of an estimator.
    m : int
        The number of examples.
    is_chunk : bool, default False
        Whether they are a chunk of `partial_fit`, which may take less time than the two copies of
        the network: it is trained as it is.

    Returns
    -------
    Sequential
        A copy in float64 if the set is small, else the network itself.
    """
    if is_chunk or model.dtype == np.float64 or m * model.parameters.theta.size > SMALL:
        return model
    return model.astype(np.float64)


def trained_model(model: Sequential, dtype: np.dtype[np.floating]) -> Sequential:
    """Return a trained network in the dtype of its estimator, itself if it has it.

    Parameters
    ----------
    model : Sequential
        The network in the precision in which it was trained.
    dtype : numpy.dtype
        The dtype of the estimator's network.

    Returns
    -------
    Sequential
        The network.
    """
    return model if model.dtype == dtype else model.astype(dtype)
