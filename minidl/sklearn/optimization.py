"""The optimizer that the parameters of an estimator describe."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ..errors import ArgumentError
from ..optimizers.base import LearningRate, Optimizer
from ..optimizers.full_batch import FullBatchOptimizer
from ..optimizers.rmsprop import RMSProp
from ..schedules.base import Schedule
from ..utils.settings import argument_names
from .options import CONSTANT, OPTIMIZERS, SOLVERS, choose
from .solvers import SGD

OPTIMIZER_OPTIONS = (
    *("solver", "optimizer", "learning_rate", "learning_rate_init", "momentum"),
    *("nesterovs_momentum", "beta_1", "beta_2", "epsilon", "tol", "max_fun"),
)
"""The parameters of an estimator that its optimizer is made from."""

DEFAULT_SOLVER, DEFAULT_LEARNING_RATE = "adam", 1e-3

_PARAMETER_OF_ARGUMENT = {
    "beta": "momentum",
    "beta1": "beta_1",
    "beta2": "beta_2",
    "epsilon": "epsilon",
    "epsilon_hat": "epsilon",
    "gradient_tolerance": "tol",
    "max_evaluations": "max_fun",
    "momentum": "momentum",
    "nesterov": "nesterovs_momentum",
}


def check_optimizer_options(options: Mapping[str, Any]) -> None:
    """Raise `ArgumentError` if two parameters contradict each other, or one is not known.

    Parameters
    ----------
    options : mapping of str to object
        The parameters in `OPTIMIZER_OPTIONS` by name; the numbers are validated.
    """
    solver, optimizer = options["solver"], options["optimizer"]
    choose(SOLVERS, "solver", solver, "; optimizer= takes others")
    if optimizer is not None:
        if not isinstance(optimizer, Optimizer):
            choose(OPTIMIZERS, "optimizer", optimizer, " or an Optimizer")
        if solver != DEFAULT_SOLVER:
            raise ArgumentError(
                "optimizer is chosen instead of solver, got both, "
                f"optimizer={optimizer!r} and solver={solver!r}: leave one out"
            )
    rate, first_rate = options["learning_rate"], options["learning_rate_init"]
    if not isinstance(rate, str):
        if first_rate != DEFAULT_LEARNING_RATE:
            raise ArgumentError(
                "learning_rate is a number or a schedule instead of learning_rate_init, got both, "
                f"learning_rate={rate!r} and learning_rate_init={first_rate!r}: leave one out"
            )
        if isinstance(rate, Schedule) and needs_whole_set(options):
            raise ArgumentError(
                f"optimizer={_chosen(options)!r} takes no learning rate, got {rate}: leave it out"
            )
    elif rate != CONSTANT and not (optimizer is None or _is_solver(optimizer)):
        raise ArgumentError(
            f'learning_rate={rate!r} is for solver="sgd", got optimizer={optimizer!r}: pass '
            "learning_rate=PlateauDecay(0.1) or another Schedule"
        )


def new_optimizer(options: Mapping[str, Any]) -> Optimizer:
    """Return a new optimizer, or a copy of an object that was given.

    Parameters
    ----------
    options : mapping of str to object
        The parameters in `OPTIMIZER_OPTIONS` by name, which are validated.

    Returns
    -------
    Optimizer
        The optimizer.
    """
    chosen = _chosen(options)
    if isinstance(chosen, Optimizer):
        return copy.deepcopy(chosen)
    kind: Any = OPTIMIZERS[chosen]
    names = [] if kind is RMSProp else argument_names(kind)  # its beta and epsilon are others
    arguments = {
        name: options[_PARAMETER_OF_ARGUMENT[name]]
        for name in names
        if name in _PARAMETER_OF_ARGUMENT
    }
    if not issubclass(kind, FullBatchOptimizer):
        arguments["learning_rate"] = first_learning_rate(options)
    optimizer: Optimizer = kind(**arguments)
    return optimizer


def first_learning_rate(options: Mapping[str, Any]) -> LearningRate:
    """Return the learning rate at the start, or the schedule of it."""
    rate: LearningRate | str = options["learning_rate"]
    if not isinstance(rate, str):
        return rate
    first_rate: float = options["learning_rate_init"]
    return first_rate


def adapted_learning_rate(options: Mapping[str, Any]) -> str:
    """Return how training changes the learning rate: "constant", "invscaling" or "adaptive"."""
    rate = options["learning_rate"]
    is_sgd = isinstance(rate, str) and OPTIMIZERS.get(_name(options)) is SGD
    return rate if is_sgd else CONSTANT


def needs_whole_set(options: Mapping[str, Any]) -> bool:
    """Return whether the optimizer is one that takes no mini-batches."""
    chosen = _chosen(options)
    kind = type(chosen) if isinstance(chosen, Optimizer) else OPTIMIZERS.get(_name(options))
    return kind is not None and issubclass(kind, FullBatchOptimizer)


def takes_parts(estimator: Any) -> bool:
    """Return whether an estimator has `partial_fit`, or raise `AttributeError` with the reason."""
    options = {name: getattr(estimator, name) for name in OPTIMIZER_OPTIONS}
    if needs_whole_set(options):
        raise AttributeError(
            "partial_fit trains on one part of the set after another, got "
            f"{_chosen(options)!r}, which needs the whole set: call fit, or choose another one"
        )
    return True


def _chosen(options: Mapping[str, Any]) -> Any:
    """Return the value of the parameter that chooses the optimizer."""
    return options["solver"] if options["optimizer"] is None else options["optimizer"]


def _name(options: Mapping[str, Any]) -> str:
    chosen = _chosen(options)
    return chosen if isinstance(chosen, str) else ""


def _is_solver(optimizer: object) -> bool:
    return isinstance(optimizer, str) and optimizer in SOLVERS
