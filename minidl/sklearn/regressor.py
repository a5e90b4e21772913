"""The regressor."""

from __future__ import annotations

from typing import Any, Self

import numpy.typing as npt
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import column_or_1d

from ..losses.half_squared_error import HalfSquaredError
from ..utils.typing import Array
from .base import MinidlEstimator, Targets
from .optimization import takes_parts


class MinidlRegressor(RegressorMixin, MinidlEstimator):
    """Multilayer perceptron for real values, trained by the mean squared error.

    Values far from 1 are best scaled, as by `sklearn.compose.TransformedTargetRegressor`. The
    parameters have the names of `sklearn.neural_network.MLPRegressor` where both have them.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default (100,)
        The number of units of each hidden layer, >= 1. An empty sequence makes a linear model.
    activation : {"relu", "leaky_relu", "tanh", "logistic", "identity"}, default "relu"
        The activation function of the hidden layers.
    dropout : float, default 0.0
        The fraction of hidden units to drop in each training step, in [0, 1).
    alpha : float, default 0.0
        The strength of the L2 penalty on the weights, >= 0.
    optimizer : {"adam", "adamw", "cg", "lbfgs", "momentum", "nesterov", "rmsprop", "sgd"} \
            or Optimizer, default "adam"
        The optimizer. An object is copied, and its own learning rate is used. "lbfgs" and "cg" see
        all examples in each epoch, take neither `learning_rate` nor `batch_size`, and end when they
        have converged: mostly the best choice for small sets.
    learning_rate : float or Schedule, default 1e-3
        The learning rate, > 0, or a schedule over the steps. Ignored if `optimizer` is an object.
    batch_size : int, "auto" or None, default 64
        The number of examples in a mini-batch; "auto" is min(200, m), None all m examples.
    max_iter : int, default 200
        The maximum number of epochs, >= 1.
    early_stopping : bool, default False
        Whether to hold out a validation set, stop when its loss has not improved for `patience`
        epochs, and restore the parameters of the best epoch.
    validation_fraction : float, default 0.1
        The fraction of the examples to hold out, between 0 and 1. Used only with
        `early_stopping`.
    patience : int, default 10
        The number of epochs without improvement before training stops, >= 1. Used only with
        `early_stopping`.
    layers : str or callable, optional
        The layers instead of the first three parameters, in the words of the command line, such as
        ``"conv 8 3, relu, pool 2, flatten, linear 1"``. Or a function that returns them, of the
        number of features and the number of outputs; for examples of several axes, such as pictures
        (m, h, w, c), the first argument is their shape, (h, w, c).
    augment : str or Augmentation, optional
        Random changes of pictures (m, h, w, c) in training, in words such as
        ``"flip, shift 2, rotate 10, crop 0.8"`` with a seed that follows from `random_state`, or an
        object with a seed of its own. Each epoch changes them in another way, also where a training
        goes on.
    callbacks : Callback or sequence of Callback, default ()
        Callbacks that observe the training.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default None
        The source of randomness for weights, batches, dropout and validation set. None gives
        different results at each fit.
    warm_start : bool, default False
        Whether another `fit` continues the training for `max_iter` more epochs. Parameters that
        were set since then are taken over, as they are by `partial_fit`: another optimizer begins
        with a new state, a learning rate is that of the next step. `hidden_layer_sizes`,
        `activation`, `layers` and `dtype` need a new network, so a change of them is refused.
    verbose : bool, default False
        Whether to show a progress bar.
    dtype : {"float32", "float64"} or None, default None
        The dtype in which the network computes. None is float32 if X has it, else float64.

    Attributes
    ----------
    model_ : Sequential
        The trained network.
    optimizer_ : Optimizer
        The optimizer, with its state.
    history_ : History
        The metrics of the last call of `fit` or `partial_fit`.
    loss_curve_ : list of float
        The training loss of each epoch, with the penalty.
    validation_loss_curve_ : list of float
        The loss of the validation set after each epoch; empty without `early_stopping`.
    n_iter_ : int
        The number of epochs, over all calls that continue a training.
    n_features_in_ : int
        The number of features of X; of pictures, their height.
    input_shape_ : tuple of int
        The shape of one example: (n_features,), or (h, w, c) of a picture.
    feature_names_in_ : ndarray of shape (n_features,), str
        The names of the features, if X has them.

    See Also
    --------
    MinidlClassifier : The same for classes.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl.sklearn import MinidlRegressor
    >>> X = np.linspace(-1, 1, 100).reshape(-1, 1)
    >>> y = X[:, 0] ** 2
    >>> regressor = MinidlRegressor((16,), learning_rate=0.01, max_iter=100, random_state=0)
    >>> regressor.fit(X, y).score(X, y) > 0.9
    True
    """

    @available_if(takes_parts)  # type: ignore[untyped-decorator]
    def partial_fit(
        self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
    ) -> Self:
        """Train for one epoch on one portion of the data.

        Parameters
        ----------
        X : array_like of shape (m, n_features), or (m, ...) with `layers`
            The training examples, finite real numbers.
        y : array_like of shape (m,) or (m, n_outputs)
            The value or values of each example.
        sample_weight : array_like of shape (m,), optional
            The weight of each example in the loss, >= 0. By default, all weights are 1.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data or a parameter is invalid; `ArgumentError` is a subclass.
        """
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: npt.ArrayLike) -> Array:
        """Return the value or values of each example.

        Parameters
        ----------
        X : array_like of shape (m, n_features), or (m, ...) with `layers`
            The examples, finite real numbers.

        Returns
        -------
        ndarray of shape (m,) or (m, n_outputs)
            The predictions, in the dtype of the network.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before `fit` or `partial_fit`.
        ValueError
            If X is invalid.
        """
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def _make_targets(
        self, y: Array, sample_weight: Array | None, classes: npt.ArrayLike | None
    ) -> Targets:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        y = y.reshape(len(y), -1)
        name = f"y of shape (m, {y.shape[1]})"
        return Targets(y, sample_weight, HalfSquaredError(), None, name)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
