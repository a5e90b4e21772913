"""minidl: deep learning whose every gradient is written by hand, fits in your head, and is proved right.

>>> import minidl
>>> model = minidl.Sequential([minidl.Linear(2, 1), minidl.Sigmoid()], loss=minidl.BinaryCrossEntropy())
>>> model.parameters.size
3
"""

from typing import TYPE_CHECKING, Any

from .batches import MiniBatches
from .callbacks import Callback, EarlyStopping, ProgressBar, StopOnNonFinite
from .errors import (
    ArgumentError,
    DataError,
    DtypeError,
    MinidlError,
    MissingDataError,
    MissingExtraError,
    NonFiniteError,
    OwnershipError,
    ShapeError,
)
from .history import History
from .initializers import He, Initializer, Ones, Random, Xavier, Zeros
from .layers import Dropout, Flatten, Layer, LeakyReLU, Linear, ReLU, Sigmoid, Softmax, Tanh
from .losses import BinaryCrossEntropy, CategoricalCrossEntropy, Loss, MeanSquaredError, one_hot
from .optimizers import Adam, GradientDescent, Momentum, Optimizer
from .parameters import Parameter, ParameterVector
from .penalties import L1, L2, Penalty
from .sequential import Sequential

if TYPE_CHECKING:
    from .gradcheck import Check, GradientChecker, GradientError, Report, check_gradients

__version__ = "0.1.0"

__all__ = [
    "Adam",
    "ArgumentError",
    "BinaryCrossEntropy",
    "Callback",
    "CategoricalCrossEntropy",
    "Check",
    "DataError",
    "Dropout",
    "DtypeError",
    "EarlyStopping",
    "Flatten",
    "GradientChecker",
    "GradientDescent",
    "GradientError",
    "He",
    "History",
    "Initializer",
    "L1",
    "L2",
    "Layer",
    "LeakyReLU",
    "Linear",
    "Loss",
    "MeanSquaredError",
    "MiniBatches",
    "MinidlError",
    "MissingDataError",
    "MissingExtraError",
    "Momentum",
    "NonFiniteError",
    "Ones",
    "Optimizer",
    "OwnershipError",
    "Parameter",
    "ParameterVector",
    "Penalty",
    "ProgressBar",
    "Random",
    "ReLU",
    "Report",
    "Sequential",
    "ShapeError",
    "Sigmoid",
    "Softmax",
    "StopOnNonFinite",
    "Tanh",
    "Xavier",
    "Zeros",
    "check_gradients",
    "one_hot",
]


def __getattr__(name: str) -> Any:
    # The checker is a third of the package: whoever only trains need not wait for it at import.
    if name in ("Check", "GradientChecker", "GradientError", "Report", "check_gradients"):
        from . import gradcheck

        return getattr(gradcheck, name)
    raise AttributeError(f"module 'minidl' has no attribute {name!r}")
