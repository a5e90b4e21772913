"""Probabilities and their logarithms, exact also where a probability rounds to 0 or 1."""

from __future__ import annotations

import numpy as np
from scipy.special import log_expit

from ..layers.sigmoid import Sigmoid
from ..losses.base import Loss
from ..losses.binary_cross_entropy import SigmoidCrossEntropy
from ..losses.categorical_cross_entropy import SoftmaxCrossEntropy
from ..utils.typing import Array
from ..utils.underflow import without_underflow

ROUNDS_TO_1 = np.finfo(np.float32).eps / 4  # half of the distance of 1 to the number before it


@without_underflow
def probabilities_of(loss: Loss, outputs: Array) -> Array:
    """Return the probabilities of all classes, computed in float64 and rounded once.

    Parameters
    ----------
    loss : Loss
        The loss, which predicts probabilities.
    outputs : ndarray of shape (m, k)
        What the loss takes.

    Returns
    -------
    ndarray of shape (m, k), or (m, 2) for one output
        The probabilities, in the dtype of `outputs`; for one output those of classes 0 and 1.
    """
    z = outputs.astype(np.float64)
    if type(loss) is SigmoidCrossEntropy:
        return Sigmoid().forward(_of_both_classes(z)).astype(outputs.dtype)
    p = loss.probabilities(z)
    p = p if z.shape[1] > 1 else np.hstack((1 - p, p))
    return p.astype(outputs.dtype)


@without_underflow
def log_probabilities_of(loss: Loss, outputs: Array) -> Array:
    """Return the logarithms of `probabilities_of`, from the logits where the loss takes them."""
    z = outputs.astype(np.float64)
    if type(loss) is SigmoidCrossEntropy:
        logarithms = log_expit(_of_both_classes(z))
    elif type(loss) is SoftmaxCrossEntropy:
        logarithms = _log_softmax(z)
    else:
        with np.errstate(divide="ignore"):  # log(0) = -inf is right
            logarithms = np.log(probabilities_of(loss, z))
    if outputs.dtype == np.float32:
        logarithms[logarithms >= -ROUNDS_TO_1] = 0  # as that of the probability in float32
    return np.asarray(logarithms, outputs.dtype)


def _of_both_classes(z: Array) -> Array:
    """Return the logits of classes 0 and 1 for one output: 1 - p would round to 0 too soon."""
    return np.hstack((-z, z)) if z.shape[1] == 1 else z


def _log_softmax(z: Array) -> Array:
    """Return z - max(z) - log(1 + the sum of exp(z - max(z)) over all but the largest)."""
    largest = z.argmax(axis=1)[:, np.newaxis]
    shifted = z - np.take_along_axis(z, largest, axis=1)
    others = np.exp(shifted)
    np.put_along_axis(others, largest, 0, axis=1)
    result: Array = shifted - np.log1p(others.sum(axis=1, keepdims=True))
    return result
