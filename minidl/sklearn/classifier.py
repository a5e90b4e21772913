"""The classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets

from ..errors import ArgumentError
from ..layers.sigmoid import Sigmoid
from ..layers.softmax import Softmax
from ..losses.binary_cross_entropy import BinaryCrossEntropy
from ..losses.categorical_cross_entropy import CategoricalCrossEntropy
from ..losses.encoding import one_hot
from ..utils.foreign_words import explain_arguments
from ..utils.typing import Array
from .base import MinidlEstimator
from .network import Targets
from .optimization import takes_parts
from .parameters import CURES


@explain_arguments("__init__", **CURES)
@dataclass(eq=False, repr=False, kw_only=True)
class MinidlClassifier(ClassifierMixin, MinidlEstimator):
    """Multilayer perceptron for two or more classes, trained by cross-entropy.

    All parameters of `sklearn.neural_network.MLPClassifier` are understood, with their meaning and
    their defaults: from the same first weights and the same batches they make the same steps.
    `optimizer`, `dropout`, `layers`, `augment`, `callbacks`, `dtype` and `class_weight` are
    minidl's own.

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
        Whether to hold out a validation set, stop by its score (accuracy) instead of the
        training loss, and restore the parameters of the epoch with the best score.
    validation_fraction : float, default 0.1
        The fraction of the examples to hold out, between 0 and 1; each class keeps its
        proportion, and at least one example in training. Used only with
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
        ``"conv 8 3, relu, pool 2, flatten, linear 6"``. Or a function that returns them, of the
        number of features and the number of outputs (1 for two classes); for examples of several
        axes, such as pictures (m, h, w, c), the first argument is their shape, (h, w, c). The last
        `Sigmoid` or `Softmax` may be omitted.
    augment : str or Augmentation, optional
        Random changes of pictures (m, h, w, c) in training, in words such as
        ``"flip, shift 2, rotate 10, crop 0.8"`` with a seed that follows from `random_state`, or an
        object with a seed of its own. Each epoch changes them in another way, also where a training
        goes on.
    callbacks : Callback or sequence of Callback, default ()
        Callbacks that observe the training.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default None
        The source of randomness for weights, batches, dropout and validation set. None gives
        different results at each fit. The first weights are drawn as by `XavierUniform`.
    warm_start : bool, default False
        Whether another `fit` continues the training for `max_iter` more epochs. Parameters that
        were set since then are taken over, as they are by `partial_fit`: another optimizer, or
        other numbers of it than the learning rate, begins with a new state. `hidden_layer_sizes`,
        `activation`, `layers` and `dtype` need a new network, so a change of them is refused.
    verbose : bool or int, default False
        Whether to show a progress bar; 0 for none.
    dtype : {"float32", "float64"} or None, default None
        The dtype in which the network computes. None is float32 if X has it, else float64.
    class_weight : dict of label to float, "balanced" or None, default None
        The weight of each class; "balanced" is inversely proportional to its frequency. It
        multiplies `sample_weight`. A dict may name classes that a portion of the data lacks.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    model_ : Sequential
        The trained network.
    optimizer_ : Optimizer
        The optimizer, with its state.
    history_ : History
        The metrics of the last call of `fit` or `partial_fit`.
    loss_curve_ : list of float
        The training loss of each epoch, with the penalty, over all calls that continue a training.
    best_loss_ : float or None
        The least training loss; None with `early_stopping`.
    validation_scores_ : list of float or None
        The score of the validation set after each epoch; None without `early_stopping`.
    best_validation_score_ : float or None
        The best of the last call; None without `early_stopping`.
    validation_loss_curve_ : list of float
        The loss of the validation set after each epoch; empty without `early_stopping`.
    n_iter_ : int
        The number of epochs of the last call; with L-BFGS, of iterations.
    n_features_in_ : int
        The number of features of X; of pictures, their height.
    input_shape_ : tuple of int
        The shape of one example: (n_features,), or (h, w, c) of a picture.
    feature_names_in_ : ndarray of shape (n_features,), str
        The names of the features, if X has them.

    See Also
    --------
    MinidlRegressor : The same for real values.

    Examples
    --------
    >>> from minidl.data import planar
    >>> from minidl.sklearn import MinidlClassifier
    >>> X, Y = planar.moons(200, noise=0.1, rng=0)
    >>> labels = ["upper" if y else "lower" for y in Y[:, 0]]
    >>> classifier = MinidlClassifier((16,), solver="lbfgs", random_state=0)
    >>> classifier.fit(X, labels).score(X, labels) > 0.95
    True
    """

    class_weight: dict[Any, float] | str | None = None

    @available_if(takes_parts)  # type: ignore[untyped-decorator]
    def partial_fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        classes: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on one portion of the data.

        Parameters
        ----------
        X : array_like of shape (m, n_features), or (m, ...) with `layers`
            The training examples, finite real numbers.
        y : array_like of shape (m,)
            The label of each example; not every class must occur.
        classes : array_like of shape (n_classes,), optional
            All labels that may occur in any call. Required in the first call.
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
        if self.class_weight == "balanced":
            raise ArgumentError(
                "partial_fit does not know how often each class occurs, "
                "got class_weight='balanced': pass a dict"
            )
        if hasattr(self, "model_"):
            labels = self.classes_ if classes is None else np.unique(np.asarray(classes))
            if not np.array_equal(labels, self.classes_):
                raise ArgumentError(
                    f"classes must be those of the first call, {self.classes_}, got {labels}"
                )
        elif classes is None:
            raise ArgumentError(
                "the first call of partial_fit needs all classes, got None: pass np.unique(labels)"
            )
        return self._partial_fit(X, y, sample_weight, classes)

    def predict_proba(self, X: npt.ArrayLike) -> Array:
        """Return the probability of each class.

        Parameters
        ----------
        X : array_like of shape (m, n_features), or (m, ...) with `layers`
            The examples, finite real numbers.

        Returns
        -------
        ndarray of shape (m, n_classes)
            The probabilities, in the order of `classes_` and the dtype of the network.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before `fit` or `partial_fit`.
        ValueError
            If X is invalid.
        """
        outputs = self._outputs(X)
        return np.hstack((1 - outputs, outputs)) if len(self.classes_) == 2 else outputs

    def predict(self, X: npt.ArrayLike) -> Array:
        """Return the most probable label of each example.

        Parameters
        ----------
        X : array_like of shape (m, n_features), or (m, ...) with `layers`
            The examples, finite real numbers.

        Returns
        -------
        ndarray of shape (m,)
            The labels, elements of `classes_`.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before `fit` or `partial_fit`.
        ValueError
            If X is invalid.
        """
        class_numbers = self.predict_proba(X).argmax(axis=1)
        labels: Array = self.classes_[class_numbers]
        return labels

    def _class_weight_of(self, y: Array, classes: Array) -> Any:
        """Return `class_weight` without the classes that this portion of the data lacks."""
        if not isinstance(self.class_weight, dict):
            return self.class_weight
        labels, present = classes.tolist(), {*np.unique(y).tolist()}
        for label in self.class_weight:
            if label not in labels:
                raise ArgumentError(f"class_weight must name labels of {classes}, got {label!r}")
        return {label: weight for label, weight in self.class_weight.items() if label in present}

    def _check_kept_targets(self, y: Array) -> None:
        labels = np.unique(y)
        if not np.array_equal(labels, self.classes_):
            raise ArgumentError(
                f"warm_start goes on with the same classes, {self.classes_}, got {labels}: fit "
                "with warm_start=False, or call partial_fit, which takes portions"
            )

    def _make_targets(
        self, y: Array, sample_weight: Array | None, classes: npt.ArrayLike | None
    ) -> Targets:
        check_classification_targets(y)
        classes = np.unique(y if classes is None else np.asarray(classes))
        if len(classes) < 2:
            raise ArgumentError(f"y must have at least two classes, got one class, {classes[0]}")
        unknown_labels = np.setdiff1d(y, classes)
        if len(unknown_labels):
            raise ArgumentError(
                f"y must hold labels of the first call, {classes}, "
                f"got the label {unknown_labels[0]}"
            )
        if self.class_weight is not None:
            weight_of_class = compute_sample_weight(self._class_weight_of(y, classes), y)
            if sample_weight is None:
                sample_weight = weight_of_class
            else:
                sample_weight = sample_weight * weight_of_class
        self.classes_ = classes
        class_numbers = np.searchsorted(classes, y)
        if len(classes) == 2:
            column = class_numbers[:, np.newaxis]
            return Targets(column, sample_weight, BinaryCrossEntropy(), Sigmoid(), "2 classes")
        vectors = one_hot(class_numbers, len(classes))
        name = f"{len(classes)} classes"
        return Targets(vectors, sample_weight, CategoricalCrossEntropy(), Softmax(), name)
