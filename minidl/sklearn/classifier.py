"""A classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, validate_data

from ..arrays import Array, Seed
from ..callbacks import Callback
from ..errors import ArgumentError
from ..labels import one_hot
from ..layers import Layer, Sigmoid, Softmax
from ..losses import BinaryCrossEntropy, CategoricalCrossEntropy, Loss
from ..optimizers import Optimizer
from ..schedules import Schedule
from .network import Builder, Network


class MinidlClassifier(ClassifierMixin, Network):
    """A network for two or more classes, trained by cross-entropy, as a scikit-learn estimator.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default (100,)
        How many units each hidden layer has.
    activation : {"relu", "leaky_relu", "tanh", "logistic", "identity"}, default "relu"
        Of the hidden layers.
    dropout : float, default 0.0
        The share of hidden units that is dropped while training.
    alpha : float, default 0.0
        The strength of the L2 penalty, alpha / (2 m) * sum(weight**2) for a batch of m examples, as in MLPClassifier.
    optimizer : {"adam", "adamw", "momentum", "nesterov", "rmsprop", "sgd"} or Optimizer, default "adam"
        An object is copied, and has a learning rate of its own.
    learning_rate : float or Schedule, default 1e-3
    batch_size : int, "auto" or None, default 64
        "auto" is min(200, m), None the whole set.
    max_iter : int, default 200
        How many epochs; fewer where early stopping or a callback ends the training.
    early_stopping : bool, default False
        Hold out rows, stop when their loss has not improved for `patience` epochs, and return to the best epoch.
    validation_fraction : float, default 0.1
        The share of the rows held out, of each class alike.
    patience : int, default 10
    class_weight : dict of label to weight, or "balanced", optional
        How much the examples of each class count, also of those held out. It multiplies `sample_weight`.
    layers : callable, optional
        Takes the number of features and of outputs, and returns new layers: it takes the place of the first three parameters. Two
        classes have one output. A `Sigmoid`, or a `Softmax` for more classes, is put behind them unless they end in it.
    callbacks : sequence of Callback, default ()
        They are asked themselves; a clone, as in a grid search, has copies.
    random_state : int, RandomState, Generator or None, default None
        Where the first weights, the order of the rows, the dropped units and the rows held out come from. None: from the system, anew at
        each fit, and never from NumPy's global stream, so that `np.random.seed` has no effect.
    warm_start : bool, default False
        Whether `fit` goes on for `max_iter` more epochs with the network and the optimizer there are.
    verbose : bool, default False
        Show a progress bar.
    dtype : {"float32", "float64"} or None, default None
        What the network computes in. None: in float32 if X is of float32, and in float64 if not, as MLPClassifier does. With float32 a
        large network learns in about half the time.

    Attributes
    ----------
    classes_ : ndarray
        The labels, sorted.
    model_ : Sequential
    loss_curve_, validation_loss_curve_ : list of float
        The loss of each epoch, penalty included, and of the rows held out, if there are any.
    history_ : History
        Of the last training: accuracies too, and why it stopped.
    n_iter_ : int
        How many epochs were made, of all calls of `partial_fit` or warm starts.
    n_features_in_ : int
    feature_names_in_ : ndarray
        If X had names of columns that are texts.

    Notes
    -----
    Weights are scaled to a mean of 1 over the rows of a call of `fit` or `partial_fit`, as `Sequential.fit` tells.

    Examples
    --------
    >>> from minidl.data import planar
    >>> X, Y = planar.moons(200, noise=0.1, rng=0)
    >>> labels = np.where(Y[:, 0] == 1, "upper", "lower")
    >>> found = MinidlClassifier((16, 16), learning_rate=0.01, max_iter=50, random_state=0).fit(X, labels)
    >>> found.score(X, labels)
    1.0
    """

    classes_: Array

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str = "relu",
        *,
        dropout: float = 0.0,
        alpha: float = 0.0,
        optimizer: str | Optimizer = "adam",
        learning_rate: float | Schedule = 1e-3,
        batch_size: int | str | None = 64,
        max_iter: int = 200,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        class_weight: dict[Any, float] | str | None = None,
        layers: Builder | None = None,
        callbacks: Sequence[Callback] = (),
        random_state: Seed | None = None,
        warm_start: bool = False,
        verbose: bool = False,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        super().__init__(
            hidden_layer_sizes,
            activation,
            dropout=dropout,
            alpha=alpha,
            optimizer=optimizer,
            learning_rate=learning_rate,
            batch_size=batch_size,
            max_iter=max_iter,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            patience=patience,
            layers=layers,
            callbacks=callbacks,
            random_state=random_state,
            warm_start=warm_start,
            verbose=verbose,
            dtype=dtype,
        )
        self.class_weight = class_weight

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> MinidlClassifier:
        """Train on rows X (m, features) with labels y (m,), each row with its weight; return the estimator."""
        return self._fit(X, y, sample_weight, None, once=False)

    def partial_fit(
        self, X: npt.ArrayLike, y: npt.ArrayLike, classes: npt.ArrayLike | None = None, sample_weight: npt.ArrayLike | None = None
    ) -> MinidlClassifier:
        """Train for one epoch on some of the rows; the first call needs all `classes` that there will be."""
        self._refuse_early_stopping()
        if self.class_weight == "balanced":
            raise ArgumentError("partial_fit does not see how often each class occurs, got class_weight='balanced': give a dict")
        if not hasattr(self, "model_") and classes is None:
            raise ArgumentError("the first call of partial_fit needs all classes, got None: pass classes=np.unique(all_labels)")
        if classes is not None and hasattr(self, "model_") and not np.array_equal(np.unique(np.asarray(classes)), self.classes_):
            raise ArgumentError(f"classes must be those of the first call of partial_fit, {self.classes_}, got {classes}")
        return self._fit(X, y, sample_weight, classes, once=True)

    def _fit(
        self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None, classes: npt.ArrayLike | None, *, once: bool
    ) -> MinidlClassifier:
        more = self._continues(once)
        rows, labels = validate_data(self, X, y, reset=not more)
        check_classification_targets(labels)
        known = self.classes_ if more else np.unique(labels if classes is None else np.asarray(classes))
        if len(known) < 2:
            raise ArgumentError(f"a classifier needs at least two classes, got one class, {known[0]}")
        if len(strange := np.setdiff1d(labels, known)):
            raise ArgumentError(f"y must hold classes that are known, {known}, got the class {strange[0]}")
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, rows, ensure_non_negative=True)
        if self.class_weight is not None:
            by_class = compute_sample_weight(self.class_weight, labels)
            weight = by_class if weight is None else weight * by_class
        numbers = np.searchsorted(known, labels)
        targets = numbers[:, np.newaxis] if len(known) == 2 else one_hot(numbers, len(known))
        head: tuple[Loss, Layer] = (BinaryCrossEntropy(), Sigmoid()) if len(known) == 2 else (CategoricalCrossEntropy(), Softmax())
        self.classes_ = known
        self._train(np.asarray(rows), targets, weight, head, more=more, once=once)
        return self

    def predict_proba(self, X: npt.ArrayLike) -> Array:
        """Return the probability of each class, in the order of `classes_`, for each row: (m, classes)."""
        outputs = self._outputs(X)
        return np.hstack((1 - outputs, outputs)) if len(self.classes_) == 2 else outputs

    def predict(self, X: npt.ArrayLike) -> Array:
        """Return the likeliest label of each row: (m,)."""
        numbers = self.predict_proba(X).argmax(axis=1)
        labels: Array = self.classes_[numbers]
        return labels
