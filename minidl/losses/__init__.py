"""Losses."""

from .base import Loss
from .binary_cross_entropy import BinaryCrossEntropy
from .binary_cross_entropy import SigmoidCrossEntropy as SigmoidCrossEntropy
from .categorical_cross_entropy import CategoricalCrossEntropy
from .categorical_cross_entropy import SoftmaxCrossEntropy as SoftmaxCrossEntropy
from .mean_squared_error import MeanSquaredError
from .one_hot import one_hot

__all__ = [
    "BinaryCrossEntropy",
    "CategoricalCrossEntropy",
    "Loss",
    "MeanSquaredError",
    "one_hot",
]
