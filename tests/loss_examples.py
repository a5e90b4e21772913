"""The losses that their tests share, and predictions and targets for them."""

import numpy as np
import pytest
from scipy import special

from minidl import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Hinge,
    Loss,
    Poisson,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    losses,
)
from minidl.losses.cross_entropy import BaseCategoricalCrossEntropy
from minidl.utils.parts import exported_parts

F8 = np.dtype(np.float64)
BINARY = [BinaryCrossEntropy(), SigmoidCrossEntropy()]
CATEGORICAL = [CategoricalCrossEntropy(), SoftmaxCrossEntropy()]
SUMMED = [type(loss)(sum_outputs=True) for loss in BINARY]
SMOOTH = [type(loss)(label_smoothing=0.2) for loss in (*BINARY, *CATEGORICAL)]
# A new loss is covered as soon as it is exported.
ALL = [
    *(part() for part in exported_parts(losses, Loss)),
    *SMOOTH,
    *SUMMED,
    Poisson(log_input=False),
]
each = pytest.mark.parametrize("loss", ALL, ids=str)
floats = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def example(loss, m=3, k=4, seed=0, dtype=np.float64, hard=True):
    """Return a prediction that the loss can take, and a target: of zeros and ones if hard."""
    rng = np.random.default_rng(seed)
    prediction = 2 * rng.standard_normal((m, k))
    target = rng.random((m, k))
    if isinstance(loss, BaseCategoricalCrossEntropy):
        target = (
            np.eye(k)[rng.integers(k, size=m)]
            if hard
            else target / target.sum(axis=1, keepdims=True)
        )
    elif isinstance(loss, Hinge) and k > 1:
        target = np.eye(k)[rng.integers(k, size=m)]
    elif hard or isinstance(loss, Hinge):
        target = target.round()
    if str(loss) == "Poisson(log_input=False)":
        prediction = np.abs(prediction) + 0.01
    if isinstance(loss, BinaryCrossEntropy):
        prediction = special.expit(prediction)
    if isinstance(loss, CategoricalCrossEntropy):
        prediction = special.softmax(prediction, axis=1) * 0.9 + 0.01
    return prediction.astype(dtype), target.astype(dtype)
