"""Validation of the parameters of an estimator, whether they are used or not."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ..batching.arguments import check_batch_size
from ..errors import ArgumentError
from ..schedules.base import Schedule
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
from .optimization import OPTIMIZER_OPTIONS, check_optimizer_options
from .options import ACTIVATIONS, LEARNING_RATES, choose

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
