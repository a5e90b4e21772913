"""The regressor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import column_or_1d

from ..losses.base import Loss
from ..utils.foreign_words import explain_arguments
from ..utils.sparse_rows import ExamplesLike
from ..utils.typing import Array
from .base import MinidlEstimator
from .hold_out import Examples
from .losses import last_layer_of, predicts_logarithm, regression_loss
from .optimization import takes_parts
from .parameters import CURES
from .targets import Targets
from .validation_scores import r2


@explain_arguments("__init__", **CURES)
@dataclass(eq=False, repr=False, kw_only=True)
class MinidlRegressor(RegressorMixin, MinidlEstimator):
    """Multilayer perceptron for real values.

    All parameters of `sklearn.neural_network.MLPRegressor` are understood, with their meaning and
    their defaults: from the same first weights and the same batches they make the same steps.
    `optimizer`, `dropout`, `layers`, `augment`, `callbacks` and `dtype` are minidl's own. The loss
    of several outputs is the sum over them, of which scikit-learn descends the gradient, too, while
    it reports their mean: there `tol` compares other numbers. Values far from 1 are best scaled, as
    by `sklearn.compose.TransformedTargetRegressor`.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default (100,)
        The number of units of each hidden layer, >= 1. An empty sequence makes a linear model.
    activation : {"relu", "leaky_relu", "tanh", "logistic", "identity", "elu", "gelu", "silu", \
            "softplus"}, default "relu"
        The activation function of the hidden layers.
    solver : {"adam", "sgd", "lbfgs"}, default "adam"
        What makes the steps: Adam, gradient descent with momentum, or L-BFGS, which sees all
        examples in each epoch and is mostly the best choice for small sets. `optimizer` takes
        others.
    alpha : float, default 1e-4
        The strength of the L2 penalty on the weights, >= 0: ``alpha / (2 n) * sum(weight**2)`` is
        added to the mean loss of a batch of n examples, or of examples whose weights sum to n.
    batch_size : int, "auto" or None, default "auto"
        The number of examples in a mini-batch; "auto" is min(200, m), None all m examples. Not
        used with L-BFGS.
    learning_rate : {"constant", "invscaling", "adaptive"}, float or Schedule, default "constant"
        How the learning rate changes with ``solver="sgd"``; the other solvers keep it constant.
        "invscaling": after an epoch it is ``learning_rate_init / (t + 1)**power_t``, of t
        examples so far. "adaptive": it is divided by 5 instead of stopping, until it is 1e-6.
        A number > 0, or a schedule over the steps, is the learning rate itself for any optimizer
        by name, instead of `learning_rate_init`.
    learning_rate_init : float, default 1e-3
        The learning rate at the start, > 0. Not used with L-BFGS.
    power_t : float, default 0.5
        The exponent of "invscaling", >= 0.
    max_iter : int, default 200
        The maximum number of epochs, >= 1; with L-BFGS, of iterations. A training that has not
        converged by then issues a `sklearn.exceptions.ConvergenceWarning`.
    shuffle : bool, default True
        Whether each epoch has a new random order.
    tol : float, default 1e-4
        The training stops when the training loss has not fallen below the least so far by at least
        `tol`, >= 0, in more than `n_iter_no_change` epochs in a row. With L-BFGS, it stops when no
        element of the gradient is larger.
    momentum : float, default 0.9
        The fraction of the velocity v that a step of ``solver="sgd"`` keeps, in [0, 1]:
        ``v = momentum * v - learning_rate * g``, added to the parameters. This is not the
        `Momentum` of minidl, which multiplies g by 1 - momentum.
    nesterovs_momentum : bool, default True
        Whether ``momentum * v - learning_rate * g`` is added, of the new v.
    early_stopping : bool, default False
        Whether to hold out a validation set, stop by its score (R2) instead of the
        training loss, and restore the parameters of the epoch with the best score.
    validation_fraction : float, default 0.1
        The fraction of the examples to hold out, between 0 and 1. Used only with
        `early_stopping`.
    beta_1, beta_2 : float, default 0.9 and 0.999
        The weights of the past in both averages of Adam, in [0, 1).
    epsilon : float, default 1e-8
        What Adam adds to the root of the second average, before the correction for its start, > 0.
    n_iter_no_change : int or inf, default 10
        The number of epochs in a row without improvement that are tolerated, >= 1. Infinity: all
        `max_iter` epochs are made.
    max_fun : int, default 15000
        The maximum number of evaluations of the objective by L-BFGS, >= 1.
    optimizer : {"adam", "adamw", "cg", "gd", "lbfgs", "momentum", "nesterov", "rmsprop", "sgd"} \
            or Optimizer, optional
        The optimizer instead of `solver`, by its name in minidl's command line, or an object,
        which is copied, with its own learning rate. "adam", "lbfgs" and "sgd" are the solvers of
        these names; "momentum" and "nesterov" have the beta `momentum`.
    dropout : float, default 0.0
        The fraction of hidden units to drop in each training step, in [0, 1).
    layers : str or callable, optional
        The layers instead of the first three parameters, in the words of the command line, such as
        ``"conv 8 3, relu, pool 2, flatten, linear 1"``. Or a function that returns them, of the
        number of features and the number of outputs; for examples of several axes, such as pictures
        (m, h, w, c), the first argument is their shape, (h, w, c).
    transform_layer : int or None, default None
        The layer whose output `transform` returns, an index into ``model_.layers``; negative ones
        count from the end. None is the layer before the last one with weights: the activations of
        the last hidden layer.
    augment : str or Augmentation, optional
        Random changes of pictures (m, h, w, c) in training, in words such as
        ``"flip, shift 2, rotate 10, crop 0.8"`` with a seed that follows from `random_state`, or an
        object with a seed of its own. Each epoch changes them in another way, also where a training
        goes on.
    callbacks : Callback or sequence of Callback, default ()
        Callbacks that observe the training.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default None
        The source of randomness for weights, batches, dropout and validation set. None gives
        different results at each fit. An integer below 2**32 and a RandomState draw the same first
        weights as in scikit-learn.
    warm_start : bool, default False
        Whether another `fit` continues the training for `max_iter` more epochs. Parameters that
        were set since then are taken over, as they are by `partial_fit`: another optimizer, or
        other numbers of it than the learning rate, begins with a new state. `hidden_layer_sizes`,
        `activation`, `layers`, `loss` and `dtype` need a new network, so a change of them is
        refused.
    verbose : bool or int, default False
        Whether to show a progress bar; 0 for none.
    dtype : {"float32", "float64"} or None, default None
        The dtype of the weights, in which the network is trained; but `fit` trains a network of
        float32 whose weights times examples are at most 262,144 in float64, which takes hardly
        longer, and rounds it at the end. None is float32 if X has it, else float64. For X of
        float64 a network of float32 predicts in float64, as in scikit-learn: pass X of float32 to
        halve the time.
    loss : {"squared_error", "huber", "absolute_error", "poisson"} or Loss, default "squared_error"
        The loss: `HalfSquaredError`, `Huber`, `MeanAbsoluteError` or `Poisson`, or an object.
        "huber" counts errors of more than 1 as linear; ``Huber(2.0)`` has another limit. Under
        "poisson", for counts y >= 0, the network gives the logarithm of what `predict` returns;
        ``Poisson(log_input=False)`` gets a `Softplus` at the end instead.

    Attributes
    ----------
    model_ : Sequential
        The trained network.
    optimizer_ : Optimizer
        The optimizer, with its state.
    history_ : History
        The metrics of the last call of `fit` or `partial_fit`.
    loss_curve_ : list of float
        The training loss of each epoch, with the penalty, over all calls that continue a training.
    loss_ : float
        The last of them; with L-BFGS, the loss before the last step.
    best_loss_ : float or None
        The least training loss; None with `early_stopping`.
    n_iter_ : int
        The number of epochs of the last call; with L-BFGS, of iterations.
    coefs_, intercepts_ : list of ndarray of shape (n_inputs, n_units), (n_units,)
        The weights and the biases of each `Linear` layer: views, so that what is written into them
        is in the network.
    n_layers_ : int
        The number of `Linear` layers, and one for the input.
    n_outputs_ : int
        The number of outputs of the network.
    out_activation_ : str
        What becomes of the last scores: "identity", "exp" where `predict` returns exp(scores), or
        the name of another layer.
    t_ : int
        The number of examples that were trained on, counted in each epoch.
    validation_scores_ : list of float or None
        What `score` gives for the validation set after each epoch, with the weights of the loss;
        None without `early_stopping`.
    best_validation_score_ : float or None
        The best of them.
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
    >>> regressor = MinidlRegressor((16,), solver="lbfgs", random_state=0)
    >>> regressor.fit(X, y).score(X, y) > 0.9
    True
    """

    loss: str | Loss = "squared_error"

    @available_if(takes_parts)  # type: ignore[untyped-decorator]
    def partial_fit(
        self, X: ExamplesLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
    ) -> Self:
        """Train for one epoch on one portion of the data.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (m, n_features), or (m, ...) with `layers`
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

    def predict(self, X: ExamplesLike) -> Array:
        """Return the value or values of each example.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (m, n_features), or (m, ...) with `layers`
            The examples, finite real numbers.

        Returns
        -------
        ndarray of shape (m,) or (m, n_outputs)
            The predictions.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before `fit` or `partial_fit`.
        ValueError
            If X is invalid.
        """
        outputs = self._outputs(X)
        if predicts_logarithm(self.model_.loss):
            np.exp(outputs, out=outputs)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def _make_targets(
        self,
        y: Any,
        sample_weight: Array | None,
        classes: npt.ArrayLike | None,
        *,
        resume: bool,
    ) -> Targets:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        y = y.reshape(len(y), -1)
        n_outputs = y.shape[1]
        loss = regression_loss(self.loss)
        loss.prepare_targets(y, n_outputs, np.dtype(np.float64))  # it raises for wrong values
        name = f"y of shape (m, {n_outputs})"
        attributes = {"n_outputs_": n_outputs}
        last_layer = last_layer_of(loss)
        return Targets(y, sample_weight, loss, last_layer, name, attributes, stratify=False)

    def _score_outputs(self, loss: Loss, outputs: Array, examples: Examples) -> float:
        values = np.exp(outputs) if predicts_logarithm(loss) else outputs
        return r2(values, examples.y, examples.sample_weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        return tags
