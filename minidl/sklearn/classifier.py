"""The classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..errors import ArgumentError
from ..losses.base import Loss
from ..utils.foreign_words import explain_arguments
from ..utils.sparse_rows import ExamplesLike
from ..utils.typing import Array
from .base import MinidlEstimator
from .class_weights import weigh_by_class
from .examples import validate_examples
from .hold_out import Examples
from .labels import Labels
from .losses import (
    classification_loss,
    count_outputs,
    has_probabilities,
    has_scores,
    last_layer_of,
)
from .optimization import takes_parts
from .outputs import outputs_of
from .parameters import CURES
from .probabilities import log_probabilities_of, probabilities_of
from .targets import Targets


@explain_arguments("__init__", **CURES)
@dataclass(eq=False, repr=False, kw_only=True)
class MinidlClassifier(ClassifierMixin, MinidlEstimator):
    """Multilayer perceptron for two or more classes, trained by cross-entropy.

    All parameters of `sklearn.neural_network.MLPClassifier` are understood, with their meaning and
    their defaults: from the same first weights and the same batches they make the same steps.
    `optimizer`, `dropout`, `layers`, `augment`, `callbacks`, `dtype` and `class_weight` are
    minidl's own.

    Where y has several columns of 0 and 1, an example has any number of labels: each column is a
    decision of its own, a sigmoid. The score is the share of examples whose labels are all right.

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
        Whether to hold out a validation set, stop by its score (the accuracy) instead of the
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
    class_weight : dict of label to float, "balanced" or None, default None
        The weight of each class; "balanced" is inversely proportional to its frequency. It
        multiplies `sample_weight`. A label of the dict need not occur in y. Not for several labels
        per example.
    loss : {"log_loss", "hinge"} or Loss, default "log_loss"
        The loss. "log_loss" is `BinaryCrossEntropy` after a `Sigmoid` for two classes, and for
        several labels per example, `CategoricalCrossEntropy` after a `Softmax` for more classes.
        "hinge" is `Hinge` of scores, which has no `predict_proba` but a `decision_function`. An
        object of such a class gets the same layer, another `Loss` that predicts classes the
        outputs of the last `Linear`. `CategoricalCrossEntropy` and `SoftmaxCrossEntropy` have two
        outputs for two classes.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted. Of several labels per example, the numbers of the columns of y.
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
        The number of outputs of the network: 1 for two classes.
    out_activation_ : str
        What becomes of the last scores: "logistic", "softmax", "identity", or the name of another
        layer.
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
    loss: str | Loss = "log_loss"

    @available_if(takes_parts)  # type: ignore[untyped-decorator]
    def partial_fit(
        self,
        X: ExamplesLike,
        y: npt.ArrayLike,
        classes: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on one portion of the data.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (m, n_features), or (m, ...) with `layers`
            The training examples, finite real numbers.
        y : array_like of shape (m,), or array_like or sparse matrix (m, n_classes)
            The label of each example; not every class must occur. Or 0 and 1 for several labels.
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
                "the first call of partial_fit needs all classes, got None: pass "
                "np.unique(labels), or range(y.shape[1]) where y has a column for each label"
            )
        return self._partial_fit(X, y, sample_weight, classes)

    @available_if(has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: ExamplesLike) -> Array:
        """Return the probability of each class.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (m, n_features), or (m, ...) with `layers`
            The examples, finite real numbers.

        Returns
        -------
        ndarray of shape (m, n_classes)
            The probabilities, in the order of `classes_`. Of several labels per example, those of
            each label, which need not sum to 1.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before `fit` or `partial_fit`.
        ValueError
            If X is invalid.
        """
        return probabilities_of(*self._loss_and_input(X))

    @available_if(has_probabilities)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: ExamplesLike) -> Array:
        """Return the logarithm of the probability of each class.

        It is computed from the logits, so that it is exact also where a probability rounds to 0
        or 1. Only in float32 it is 0 where the probability rounds to 1.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (m, n_features), or (m, ...) with `layers`
            The examples, finite real numbers.

        Returns
        -------
        ndarray of shape (m, n_classes)
            The logarithms, in the order of `classes_`.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before `fit` or `partial_fit`.
        ValueError
            If X is invalid.
        """
        return log_probabilities_of(*self._loss_and_input(X))

    @available_if(has_scores)  # type: ignore[untyped-decorator]
    def decision_function(self, X: ExamplesLike) -> Array:
        """Return the score of each class, under a loss without probabilities such as "hinge".

        Parameters
        ----------
        X : array_like or sparse matrix of shape (m, n_features), or (m, ...) with `layers`
            The examples, finite real numbers.

        Returns
        -------
        ndarray of shape (m, n_classes), or (m,) for two classes
            The scores; of two classes, that of the second one, which is predicted where it is > 0.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before `fit` or `partial_fit`.
        ValueError
            If X is invalid.
        """
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def predict(self, X: ExamplesLike) -> Array:
        """Return the most probable label of each example.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (m, n_features), or (m, ...) with `layers`
            The examples, finite real numbers.

        Returns
        -------
        ndarray of shape (m,), or ndarray or sparse matrix of shape (m, n_classes)
            The labels, elements of `classes_`. Of several labels per example, 1 where a label is
            more probable than not, else 0: a sparse matrix if the y of the first fit was sparse.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before `fit` or `partial_fit`.
        ValueError
            If X is invalid.
        """
        outputs = self._outputs(X)
        labels: Array = self._fitted_labels().decode(self.model_.loss.classes(outputs))
        return labels

    def _check_kept_targets(self, y: Array) -> None:
        if self._fitted_labels().is_multilabel or y.ndim > 1:
            return  # the number of columns is checked as that of a portion
        labels = np.unique(y)
        if not np.array_equal(labels, self.classes_):
            raise ArgumentError(
                f"warm_start goes on with the same classes, {self.classes_}, got {labels}: fit "
                "with warm_start=False, or call partial_fit, which takes portions"
            )

    def _make_targets(
        self,
        y: Any,
        sample_weight: Array | None,
        classes: npt.ArrayLike | None,
        *,
        resume: bool,
    ) -> Targets:
        labels = self._fitted_labels() if resume else Labels.of(y, classes)
        y = labels.check(y)
        loss = classification_loss(self.loss, labels)
        sample_weight = weigh_by_class(self, labels, y, sample_weight)
        n_outputs = count_outputs(loss, labels)
        return Targets(
            labels.encode(y, n_outputs),
            sample_weight,
            loss,
            last_layer_of(loss),
            labels.name,
            {"classes_": labels.classes, "_labels": labels, "n_outputs_": n_outputs},
            stratify=not labels.is_multilabel,
        )

    def _score_outputs(self, loss: Loss, outputs: Array, examples: Examples) -> float:
        is_right = loss.classes(outputs) == loss.classes(examples.y)
        rows = is_right.all(axis=1) if is_right.ndim == 2 else is_right
        return float(np.average(rows, weights=examples.sample_weight))

    def _loss_and_input(self, X: ExamplesLike) -> tuple[Loss, Array]:
        """Return the loss that training computes, and what it takes for X: logits if possible."""
        check_is_fitted(self, "model_")
        objective = self.model_.objective_function
        n_layers = len(objective.layers_before_loss)
        outputs = outputs_of(objective, validate_examples(self, X), n_layers)
        return objective.training_loss, outputs

    def _fitted_labels(self) -> Labels:
        """Return the labels of the last fit; a pickle of an earlier version has classes only."""
        labels: Labels | None = getattr(self, "_labels", None)
        return labels or Labels(self.classes_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.input_tags.sparse = True
        return tags
