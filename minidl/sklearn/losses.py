"""The losses that the parameter `loss` of an estimator describes, and what belongs to them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ..errors import ArgumentError
from ..layers.base import Layer
from ..layers.sigmoid import Sigmoid
from ..layers.softmax import Softmax
from ..layers.softplus import Softplus
from ..losses.base import Loss
from ..losses.binary_cross_entropy import BinaryCrossEntropy
from ..losses.categorical_cross_entropy import CategoricalCrossEntropy
from ..losses.cross_entropy import BaseBinaryCrossEntropy, BaseCategoricalCrossEntropy
from ..losses.half_squared_error import HalfSquaredError
from ..losses.hinge import Hinge
from ..losses.huber import Huber
from ..losses.mean_absolute_error import MeanAbsoluteError
from ..losses.poisson import Poisson
from .labels import Labels
from .options import choose

REGRESSION_LOSSES: Mapping[str, type[Loss]] = {
    "squared_error": HalfSquaredError,
    "huber": Huber,
    "absolute_error": MeanAbsoluteError,
    "poisson": Poisson,
}


def regression_loss(loss: str | Loss) -> Loss:
    """Return the loss of that name, or a copy of the object.

    Parameters
    ----------
    loss : str or Loss
        The parameter of a regressor.

    Returns
    -------
    Loss
        A new one.

    Raises
    ------
    ArgumentError
        If it is neither a name nor a loss, or one of classes.
    """
    if not isinstance(loss, Loss):
        return choose(REGRESSION_LOSSES, "loss", loss, ", or a Loss such as Huber(2.0)")()
    if loss.is_classification:
        raise ArgumentError(
            f"loss must be one of real values, got {loss}, which predicts classes: use "
            "MinidlClassifier"
        )
    return copy.deepcopy(loss)


def classification_loss(loss: str | Loss, labels: Labels) -> Loss:
    """Return the loss of that name, or a copy of the object.

    Parameters
    ----------
    loss : str or Loss
        The parameter of a classifier.
    labels : Labels
        The labels, which decide between the cross-entropies, and must fit the loss.

    Returns
    -------
    Loss
        A new one.

    Raises
    ------
    ArgumentError
        If it is neither a name nor a loss, or not one of such labels.
    """
    is_binary = labels.is_multilabel or len(labels.classes) == 2
    made = copy.deepcopy(loss)
    if not isinstance(made, Loss):
        log_loss = BinaryCrossEntropy(sum_outputs=labels.is_multilabel)
        named: dict[str, Loss] = {
            "log_loss": log_loss if is_binary else CategoricalCrossEntropy(),
            "hinge": Hinge(),
        }
        made = choose(named, "loss", loss, ", or a Loss such as Hinge()")
    rule = f"loss must be one of {labels.name}, got {made}"
    if not made.is_classification:
        raise ArgumentError(
            f"{rule}, which predicts no classes: use MinidlRegressor, or 'log_loss'"
        )
    if labels.is_multilabel and made.takes_class_numbers:
        raise ArgumentError(f"{rule}, which chooses one class of all: use 'log_loss'")
    if not is_binary and isinstance(made, BaseBinaryCrossEntropy):
        raise ArgumentError(
            f"{rule}, which decides between two: use 'log_loss', or CategoricalCrossEntropy()"
        )
    return made


def count_outputs(loss: Loss, labels: Labels) -> int:
    """Return how many outputs a network for these labels has: one decides between two classes."""
    n_classes = len(labels.classes)
    decides_by_one = not labels.is_multilabel and n_classes == 2
    return 1 if decides_by_one and not isinstance(loss, BaseCategoricalCrossEntropy) else n_classes


def last_layer_of(loss: Loss) -> Layer | None:
    """Return the layer that makes of any output what the loss takes; None if it takes any."""
    if isinstance(loss, BinaryCrossEntropy):
        return Sigmoid()
    if isinstance(loss, CategoricalCrossEntropy):
        return Softmax()
    return Softplus() if isinstance(loss, Poisson) and not loss.log_input else None


def predicts_logarithm(loss: Loss) -> bool:
    """Return whether the outputs under a loss are logarithms of the values that are predicted."""
    return isinstance(loss, Poisson) and loss.log_input


def has_probabilities(estimator: Any) -> bool:
    """Return whether a classifier predicts probabilities, or raise `AttributeError` with why."""
    loss = _loss_of(estimator)
    if _gives_probabilities(loss):
        return True
    raise AttributeError(
        f"loss={loss!r} gives scores, no probabilities: use decision_function, or train with "
        'loss="log_loss"'
    )


def has_scores(estimator: Any) -> bool:
    """Return whether a classifier gives scores, or raise `AttributeError` with the reason."""
    loss = _loss_of(estimator)
    if not _gives_probabilities(loss):
        return True
    raise AttributeError(f"loss={loss!r} gives probabilities: use predict_proba")


def _loss_of(estimator: Any) -> Any:
    """Return the loss of the network, or before it is there the parameter."""
    return estimator.model_.loss if hasattr(estimator, "model_") else estimator.loss


def _gives_probabilities(loss: Any) -> bool:
    if isinstance(loss, Loss):
        return type(loss).probabilities is not Loss.probabilities
    return bool(loss != "hinge")
