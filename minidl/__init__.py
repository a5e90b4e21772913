"""minidl: deep learning whose every gradient is written by hand, fits in your head, and is proved right."""

from typing import TYPE_CHECKING, Any

from ._version import __version__
from .batching import MiniBatches
from .errors import (
    ArgumentError,
    DataError,
    DtypeError,
    EnvironmentWarning,
    LayerReuseError,
    MinidlError,
    MissingDataError,
    MissingDependencyError,
    NonFiniteError,
    ShapeError,
)
from .initializers import He, Initializer, Ones, Random, Xavier, Zeros
from .layers import Dropout, Flatten, Layer, LeakyReLU, Linear, ReLU, Sigmoid, Softmax, Tanh
from .losses import BinaryCrossEntropy, CategoricalCrossEntropy, Loss, MeanSquaredError, one_hot
from .model.sequential import Sequential
from .optimizers import Adam, AdamW, GradientDescent, Momentum, Nesterov, Optimizer, RMSProp
from .parameters import Parameter, ParameterVector
from .penalties import L1, L2, Penalty
from .schedules import Constant, Cosine, ExponentialDecay, Schedule, StepDecay, WarmUp
from .training.callbacks import (
    Callback,
    CSVLog,
    EarlyStopping,
    ProgressBar,
    StopOnNonFinite,
    TensorBoardLog,
)
from .training.history import History
from .tuning import lr_find, overfit_one_batch

if TYPE_CHECKING:
    from .gradcheck import Check, GradientChecker, GradientError, Report, check_gradients
    from .training.callbacks.checkpoint import Checkpoint

__all__ = [
    "Adam",
    "AdamW",
    "ArgumentError",
    "BinaryCrossEntropy",
    "CSVLog",
    "Callback",
    "CategoricalCrossEntropy",
    "Check",
    "Checkpoint",
    "Constant",
    "Cosine",
    "DataError",
    "Dropout",
    "DtypeError",
    "EarlyStopping",
    "EnvironmentWarning",
    "ExponentialDecay",
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
    "MissingDependencyError",
    "Momentum",
    "Nesterov",
    "NonFiniteError",
    "Ones",
    "Optimizer",
    "LayerReuseError",
    "Parameter",
    "ParameterVector",
    "Penalty",
    "ProgressBar",
    "RMSProp",
    "Random",
    "ReLU",
    "Report",
    "Schedule",
    "Sequential",
    "ShapeError",
    "Sigmoid",
    "Softmax",
    "StepDecay",
    "StopOnNonFinite",
    "Tanh",
    "TensorBoardLog",
    "WarmUp",
    "Xavier",
    "Zeros",
    "__version__",
    "check_gradients",
    "lr_find",
    "one_hot",
    "overfit_one_batch",
]


def __getattr__(name: str) -> Any:
    # Not at import: whoever only trains need not wait for the checker, nor for h5py.
    if name == "Checkpoint":
        from .training.callbacks.checkpoint import Checkpoint

        return Checkpoint
    if name in __all__:
        from . import gradcheck

        return getattr(gradcheck, name)
    raise AttributeError(f"module 'minidl' has no attribute {name!r}")
