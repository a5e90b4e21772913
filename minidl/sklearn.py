"""Estimators for scikit-learn (extra `sklearn`)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from . import layers as layer_package
from . import optimizers
from .data.split import split_rows
from .errors import ArgumentError, require_extra
from .initializers import Xavier
from .layers.activation import Activation
from .layers.base import Layer
from .layers.dropout import Dropout
from .layers.linear import Linear
from .layers.sigmoid import Sigmoid
from .layers.softmax import Softmax
from .losses.base import Loss
from .losses.binary_cross_entropy import BinaryCrossEntropy
from .losses.categorical_cross_entropy import CategoricalCrossEntropy
from .losses.mean_squared_error import MeanSquaredError
from .losses.one_hot import one_hot
from .model.sequential import Sequential
from .objective import output_shapes
from .optimizers.base import Optimizer
from .penalties import L2
from .schedules.base import Schedule
from .training.callbacks.base import Callback
from .training.callbacks.early_stopping import EarlyStopping
from .utils.parts import parts_by_estimator_name
from .utils.random import as_rng, draw_seed_words, spawn_rngs
from .utils.typing import Array, Seed

with require_extra("scikit-learn >= 1.6", "sklearn", "minidl.sklearn"):
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils.class_weight import compute_sample_weight
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import (  # of 1.6
        _check_sample_weight,
        check_is_fitted,
        column_or_1d,
        validate_data,
    )

__all__ = ["MinidlClassifier", "MinidlRegressor"]

Builder: TypeAlias = Callable[[int, int], Sequence[Layer]]
Targets: TypeAlias = tuple[
    Array, Array | None, Loss, Layer | None
]  # the rows (m, outputs), weights, loss, last layer
Kind = TypeVar("Kind")

OPTIMIZERS: dict[str, Callable[..., Optimizer]] = dict(
    parts_by_estimator_name(optimizers, Optimizer)
)
ACTIVATIONS: dict[str, type[Activation] | None] = {
    "identity": None,
    **parts_by_estimator_name(layer_package, Activation),
}


class _Network(BaseEstimator):
    classes_: Array
    loss_curve_: list[float]
    validation_loss_curve_: list[float]

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
        layers: Builder | None = None,
        callbacks: Sequence[Callback] = (),
        random_state: Seed | None = None,
        warm_start: bool = False,
        verbose: bool = False,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.alpha = alpha
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.layers = layers
        self.callbacks = callbacks
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.dtype = dtype

    def fit(
        self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
    ) -> Self:
        """Train on rows X (m, features) with labels or values y, and return the estimator."""
        return self._fit(X, y, sample_weight)

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, classes: Any = None, *, once: bool = False
    ) -> Self:
        if once and self.early_stopping:
            raise ArgumentError(
                "partial_fit sees one part of the data at a time, got early_stopping=True"
            )
        more = hasattr(self, "model_") and (once or self.warm_start)
        values = isinstance(self, RegressorMixin)
        X, y = validate_data(self, X, y, reset=not more, multi_output=values, y_numeric=values)
        weight = (
            None
            if sample_weight is None
            else _check_sample_weight(sample_weight, X, ensure_non_negative=True)
        )
        targets, weight, loss, last = self._targets(
            y, weight, getattr(self, "classes_", None) if more else classes
        )
        rng = np.random.default_rng(
            None if self.random_state is None else draw_seed_words(as_rng(self.random_state))
        )
        callbacks = [*self.callbacks] if isinstance(self.callbacks, Iterable) else [self.callbacks]
        validation: Any = None
        if self.early_stopping:
            rows = np.arange(len(X)) if weight is None else np.flatnonzero(weight)
            try:
                parts = split_rows(
                    targets[rows],
                    validation_fraction=self.validation_fraction,
                    seed=spawn_rngs(rng, 1)[0],
                    stratify=not values,
                )
            except ArgumentError as error:
                raise ArgumentError(
                    f"early_stopping needs a validation_fraction of n_samples = {len(rows)}: {error}"
                ) from None
            (X, targets, weight), validation = (
                (X[i], targets[i], None if weight is None else weight[i])
                for i in map(rows.take, parts)
            )
            callbacks.append(EarlyStopping(patience=self.patience))
        if more:
            # A copy of an estimator has parameters of its own; its optimizer goes on with those.
            self._optimizer.restore(self.model_.parameters.theta, self._optimizer.state())
        else:
            self._begin(X, targets.shape[1], loss, last, rng)
        size: Any = min(200, len(X)) if self.batch_size == "auto" else self.batch_size
        self.history_ = self.model_.fit(
            X,
            targets,
            optimizer=self._optimizer,
            epochs=1 if once else self.max_iter,
            batch_size=size,
            validation=validation,
            callbacks=callbacks,
            progress=bool(self.verbose),
            sample_weight=weight,
        )
        self.loss_curve_ = self.loss_curve_ + self.history_.loss
        self.validation_loss_curve_ = self.validation_loss_curve_ + self.history_.columns.get(
            "val_loss", []
        )
        self.n_iter_ = len(self.loss_curve_)
        return self

    def _begin(
        self, X: Array, outputs: int, loss: Loss, last: Layer | None, rng: np.random.Generator
    ) -> None:
        features = X.shape[1]
        layers = list((self.layers or self._hidden)(features, outputs))
        if last is not None and not (layers and isinstance(layers[-1], type(last))):
            layers.append(last)
        dtype = (
            self.dtype
            if self.dtype is not None
            else np.float32
            if X.dtype == np.float32
            else np.float64
        )
        model = Sequential(
            layers,
            loss=loss,
            penalties=[L2(self.alpha)] if self.alpha else [],
            seed=rng,
            dtype=dtype,
        )
        if (found := output_shapes(layers, (features,))[-1]) not in (None, (outputs,)):
            raise ArgumentError(
                f"layers({features}, {outputs}) must return layers with {outputs} outputs, got {found}"
            )
        if isinstance(self.optimizer, Optimizer):
            self._optimizer = copy.deepcopy(self.optimizer)
        else:
            self._optimizer = _chosen(OPTIMIZERS, "optimizer", self.optimizer, " or an Optimizer")(
                self.learning_rate
            )
        self.model_ = model
        self.loss_curve_, self.validation_loss_curve_ = [], []

    def _hidden(self, features: int, outputs: int) -> list[Layer]:
        activation = _chosen(ACTIVATIONS, "activation", self.activation)
        if not 0 <= self.dropout < 1:
            raise ArgumentError(f"dropout must be in [0, 1), got {self.dropout!r}")
        layers: list[Layer] = []
        for size in (
            self.hidden_layer_sizes
            if isinstance(self.hidden_layer_sizes, Iterable)
            else [self.hidden_layer_sizes]
        ):
            init = activation.default_init() if activation else Xavier()
            layers.append(Linear(features, size, init=init))
            layers += [activation()] if activation else []
            layers += [Dropout(1 - self.dropout)] if self.dropout else []
            features = size
        return [*layers, Linear(features, outputs, init=Xavier())]

    def _outputs(self, X: npt.ArrayLike) -> Array:
        check_is_fitted(self, "model_")
        return self.model_.predict(np.asarray(validate_data(self, X, reset=False)))


class MinidlClassifier(ClassifierMixin, _Network):
    """A network for two or more classes, trained by cross-entropy, as a scikit-learn estimator.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
    activation : {"relu", "leaky_relu", "tanh", "logistic", "identity"}
    dropout : float
        The share of hidden units dropped.
    alpha : float
        The strength of `L2`.
    optimizer : {"adam", "adamw", "momentum", "nesterov", "rmsprop", "sgd"} or Optimizer
        An object is copied, and has a learning rate of its own.
    learning_rate : float or Schedule
    batch_size : int, "auto" or None
        "auto" is min(200, m), None the whole set.
    max_iter : int
        The most epochs.
    early_stopping : bool
        Hold out rows, stop when their loss has not improved for `patience` epochs, and return to the best epoch.
    validation_fraction : float
        The share held out, of each class alike.
    patience : int
    class_weight : dict of label to weight, or "balanced", optional
        Multiplies `sample_weight`; the product is scaled to a mean of 1 at each call.
    layers : callable, optional
        Takes the number of features and of outputs (1 for two classes) and returns layers, in place of the first three parameters.
        The last `Sigmoid` or `Softmax` may be left out.
    callbacks : sequence of Callback
    random_state : int, RandomState, Generator or None
        None: other weights, batches, dropout and rows held out at each fit.
    warm_start : bool
        Whether `fit` goes on for `max_iter` more epochs.
    verbose : bool
        Show a progress bar.
    dtype : {"float32", "float64"} or None
        What the network computes in; None: float32 if X has it, else float64.

    Attributes
    ----------
    classes_ : ndarray
        The labels, sorted.
    model_ : Sequential
    history_ : History
        Of the last training.
    loss_curve_, validation_loss_curve_ : list of float
        Of all `n_iter_` epochs, penalty included, and of the rows held out.
    """

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

    def partial_fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        classes: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on some of the rows; the first call needs all `classes`."""
        if self.class_weight == "balanced":
            raise ArgumentError(
                "partial_fit does not see how often each class occurs, got class_weight='balanced': give a dict"
            )
        if not hasattr(self, "model_") and classes is None:
            raise ArgumentError(
                "the first call of partial_fit needs all classes, got None: pass np.unique(labels)"
            )
        if (
            classes is not None
            and hasattr(self, "model_")
            and not np.array_equal(np.unique(np.asarray(classes)), self.classes_)
        ):
            raise ArgumentError(
                f"classes must be those of the first call, {self.classes_}, got {classes}"
            )
        return self._fit(X, y, sample_weight, classes, once=True)

    def _targets(self, y: Array, weight: Array | None, classes: npt.ArrayLike | None) -> Targets:
        check_classification_targets(y)
        known = np.unique(y if classes is None else np.asarray(classes))
        if len(known) < 2:
            raise ArgumentError(f"y must have at least two classes, got one class, {known[0]}")
        if len(strange := np.setdiff1d(y, known)):
            raise ArgumentError(
                f"y must hold classes that are known, {known}, got the class {strange[0]}"
            )
        if self.class_weight is not None:
            by_class = compute_sample_weight(self.class_weight, y)
            weight = by_class if weight is None else weight * by_class
        self.classes_ = known
        numbers = np.searchsorted(known, y)
        if len(known) == 2:
            return numbers[:, np.newaxis], weight, BinaryCrossEntropy(), Sigmoid()
        return one_hot(numbers, len(known)), weight, CategoricalCrossEntropy(), Softmax()

    def predict_proba(self, X: npt.ArrayLike) -> Array:
        """Return the probability of each class for each row, in the order of `classes_`."""
        outputs = self._outputs(X)
        return np.hstack((1 - outputs, outputs)) if len(self.classes_) == 2 else outputs

    def predict(self, X: npt.ArrayLike) -> Array:
        """Return the likeliest label of each row: (m,)."""
        numbers = self.predict_proba(X).argmax(axis=1)
        labels: Array = self.classes_[numbers]
        return labels


class MinidlRegressor(RegressorMixin, _Network):
    """A network for values, y of shape (m,) or (m, outputs), trained by the mean squared error, as a scikit-learn estimator.

    The parameters and attributes are those of `MinidlClassifier`, but for `class_weight` and `classes_`. Values far from 1 are best
    scaled, as by `sklearn.compose.TransformedTargetRegressor`.
    """

    def partial_fit(
        self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
    ) -> Self:
        """Train for one epoch on some of the rows."""
        return self._fit(X, y, sample_weight, once=True)

    def _targets(self, y: Array, weight: Array | None, classes: npt.ArrayLike | None) -> Targets:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return y.reshape(len(y), -1), weight, MeanSquaredError(), None

    def predict(self, X: npt.ArrayLike) -> Array:
        """Return the value of each row, (m,), or the values, (m, outputs)."""
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _chosen(table: dict[str, Kind], name: str, value: object, other: str = "") -> Kind:
    if not isinstance(value, str) or value not in table:
        raise ArgumentError(
            f"{name} must be one of {', '.join(map(repr, table))}{other}, got {value!r}"
        )
    return table[value]
