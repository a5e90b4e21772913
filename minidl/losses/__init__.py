"""Losses."""

from .base import Loss
from .binary_cross_entropy import BinaryCrossEntropy
from .categorical_cross_entropy import CategoricalCrossEntropy
from .mean_squared_error import MeanSquaredError
from .one_hot import one_hot

__all__ = [
    "BinaryCrossEntropy",
    "CategoricalCrossEntropy",
    "Loss",
    "MeanSquaredError",
    "one_hot",
]
