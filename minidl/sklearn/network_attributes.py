"""The attributes of scikit-learn's networks, read from the network of an estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..layers.linear import Linear
from ..layers.sigmoid import Sigmoid
from ..layers.softmax import Softmax
from ..utils.typing import Array
from .losses import predicts_logarithm


class NetworkAttributes:
    """Adds the attributes that `sklearn.neural_network.MLPClassifier` has to an estimator.

    Attributes
    ----------
    coefs_ : list of ndarray of shape (n_inputs, n_units)
        The weights of each `Linear`, first to last.
    intercepts_ : list of ndarray of shape (n_units,)
        Their biases.
    n_layers_ : int
        The number of `Linear` layers, and one for the input.
    best_validation_score_ : float or None
        The best of `validation_scores_`, if a validation set was held out.
    loss_ : float
        The training loss of the last epoch, with the penalty.
    t_ : int
        The number of examples that were trained on, counted in each epoch.
    out_activation_ : str
        What becomes of the last scores: "logistic", "softmax", "exp", "identity", or the name of
        another layer in small letters.
    """

    model_: Any
    _progress: Any
    loss_curve_: list[float]
    validation_scores_: list[float] | None

    @property
    def coefs_(self) -> list[Array]:
        """The weights of each `Linear`: views, so that what is written into them counts."""
        return [layer.matrix.T for layer in self._linear_layers()]

    @property
    def intercepts_(self) -> list[Array]:
        """The biases of each `Linear`, views too; zeros where it has none."""
        return [
            np.zeros(layer.out_features) if layer.bias is None else layer.bias.value
            for layer in self._linear_layers()
        ]

    @property
    def n_layers_(self) -> int:
        """The number of `Linear` layers, and one for the input."""
        return len(self._linear_layers()) + 1

    @property
    def loss_(self) -> float:
        """The training loss of the last epoch, with the penalty."""
        check_is_fitted(self, "model_")
        return self.loss_curve_[-1]

    @property
    def t_(self) -> int:
        """The number of examples that were trained on, counted in each epoch."""
        check_is_fitted(self, "model_")
        n_examples: int = self._progress.n_examples
        return n_examples

    @property
    def out_activation_(self) -> str:
        """What becomes of the last scores."""
        check_is_fitted(self, "model_")
        if predicts_logarithm(self.model_.loss):
            return "exp"
        last_layer = self.model_.layers[-1]
        names: dict[type, str] = {Sigmoid: "logistic", Softmax: "softmax"}
        if isinstance(last_layer, Linear):
            return "identity"
        return names.get(type(last_layer), type(last_layer).__name__.lower())

    @property
    def best_validation_score_(self) -> float | None:
        """The best of `validation_scores_`, NaN if all are; None if there are none."""
        check_is_fitted(self, "model_")
        scores = self.validation_scores_
        return None if scores is None else float(np.fmax.reduce(scores))

    def _linear_layers(self) -> list[Any]:
        check_is_fitted(self, "model_")
        modules = self.model_.objective_function.modules
        return [module for module in modules if isinstance(module, Linear)]
