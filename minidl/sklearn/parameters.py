"""The parameters of an estimator, and their validation, whether they are used or not."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, TypeAlias

import numpy.typing as npt
from sklearn.base import BaseEstimator

from ..batching.arguments import check_batch_size
from ..batching.augmentation import Augmentation
from ..errors import ArgumentError
from ..layers.base import Layer
from ..optimizers.base import Optimizer
from ..schedules.base import Schedule
from ..training.callbacks.base import Callback
from ..utils.foreign_words import explain_arguments
from ..utils.typing import Seed
from ..utils.validation import (
    NumberRule,
    at_least,
    check_flag,
    check_number,
    greater_than,
    in_range,
    integer_at_least,
    is_integer,
    model_dtype,
)
from .optimization import (
    DEFAULT_LEARNING_RATE,
    DEFAULT_SOLVER,
    OPTIMIZER_OPTIONS,
    check_optimizer_options,
)
from .options import ACTIVATIONS, CONSTANT, LEARNING_RATES, choose

LayerFactory: TypeAlias = Callable[[Any, int], Sequence[Layer]]
"""Of the number of features, or the shape (h, w, c) of a picture, and the number of outputs."""

NUMBERS: dict[str, NumberRule[Any]] = {
    "dropout": in_range(0, 1, closed="left"),
    "alpha": at_least(0),
    "learning_rate_init": greater_than(0),
    "power_t": at_least(0),
    "max_iter": integer_at_least(1),
    "tol": at_least(0),
    "momentum": in_range(0, 1),
    "validation_fraction": in_range(0, 1, closed="neither"),
    "beta_1": in_range(0, 1, closed="left"),
    "beta_2": in_range(0, 1, closed="left"),
    "epsilon": greater_than(0),
    "max_fun": integer_at_least(1),
}
FLAGS = ("shuffle", "nesterovs_momentum", "early_stopping", "warm_start")


CURES = {
    "epochs": "write max_iter=",
    "lr": "write learning_rate_init=",
    "patience": "write n_iter_no_change=",
}
"""What is said of arguments that the estimators do not have."""


# scikit-learn reads the parameters of an estimator from the signature of its __init__, which does
# nothing but store them. A dataclass generates such an __init__, so each parameter is listed once.
@explain_arguments("__init__", **CURES)
@dataclass(eq=False, repr=False)
class EstimatorParameters(BaseEstimator):
    """The parameters of both estimators, with their defaults; `MinidlClassifier` documents them."""

    hidden_layer_sizes: int | Sequence[int] = (100,)
    activation: str = "relu"
    _: KW_ONLY
    solver: str = DEFAULT_SOLVER
    alpha: float = 1e-4
    batch_size: int | str | None = "auto"
    learning_rate: str | float | Schedule = CONSTANT
    learning_rate_init: float = DEFAULT_LEARNING_RATE
    power_t: float = 0.5
    max_iter: int = 200
    shuffle: bool = True
    tol: float = 1e-4
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    early_stopping: bool = False
    validation_fraction: float = 0.1
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    n_iter_no_change: float = 10
    max_fun: int = 15_000
    optimizer: str | Optimizer | None = None
    dropout: float = 0.0
    layers: str | LayerFactory | None = None
    transform_layer: int | None = None
    augment: str | Augmentation | None = None
    callbacks: Sequence[Callback] = ()
    random_state: Seed | None = None
    warm_start: bool = False
    verbose: bool | int = False
    dtype: npt.DTypeLike | None = None


def check_parameters(estimator: Any) -> None:
    """Raise `ArgumentError` in a sentence if a parameter is invalid.

    The data decides on `layers` and `augment`, which are checked with it.

    Parameters
    ----------
    estimator : MinidlEstimator
        The estimator.
    """
    choose(ACTIVATIONS, "activation", estimator.activation)
    for size in hidden_sizes(estimator.hidden_layer_sizes):
        rule = integer_at_least(1)
        check_number(size, "each of hidden_layer_sizes", rule, estimator)
    for name, number_rule in NUMBERS.items():
        check_number(getattr(estimator, name), name, number_rule, estimator)
    for name in FLAGS:
        check_flag(getattr(estimator, name), name, estimator)
    if estimator.n_iter_no_change != math.inf:
        cure = "or math.inf, for all epochs"
        value = estimator.n_iter_no_change
        check_number(value, "n_iter_no_change", integer_at_least(1), estimator, cure)
    if not (isinstance(estimator.verbose, bool) or is_integer(estimator.verbose, 0)):
        raise ArgumentError(f"verbose must be True or False, got {estimator.verbose!r}")
    if estimator.batch_size != "auto":
        check_batch_size(estimator.batch_size)
    if estimator.dtype is not None:
        model_dtype(estimator.dtype)
    _check_learning_rate(estimator)
    check_optimizer_options({name: getattr(estimator, name) for name in OPTIMIZER_OPTIONS})


def hidden_sizes(hidden_layer_sizes: Any) -> list[Any]:
    """Return the sizes of the hidden layers; a number stands for one layer."""
    if isinstance(hidden_layer_sizes, Iterable) and not isinstance(hidden_layer_sizes, str):
        return [*hidden_layer_sizes]
    return [hidden_layer_sizes]


def _check_learning_rate(estimator: Any) -> None:
    rate = estimator.learning_rate
    if isinstance(rate, str):
        choose(LEARNING_RATES, "learning_rate", rate, ", a number or a Schedule")
    elif not isinstance(rate, Schedule):
        cure = 'or "constant", "invscaling", "adaptive" or a Schedule'
        check_number(rate, "learning_rate", greater_than(0), estimator, cure)
