"""What both estimators share: their parameters, and how these become a network that is trained."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from ..arrays import Array, Seed
from ..callbacks import Callback, EarlyStopping
from ..data.dataset import split_rows
from ..errors import ArgumentError
from ..initializers import He, Xavier
from ..layers import Dropout, Layer, LeakyReLU, Linear, ReLU, Sigmoid, Tanh
from ..losses import Loss
from ..objective import output_shapes
from ..optimizers import Adam, AdamW, GradientDescent, Momentum, Nesterov, Optimizer, RMSProp
from ..penalties import L2
from ..randomness import spawn, stream, words
from ..schedules import Schedule
from ..sequential import Sequential

Builder: TypeAlias = Callable[[int, int], Sequence[Layer]]

OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "adam": Adam,
    "adamw": AdamW,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "rmsprop": RMSProp,
    "sgd": GradientDescent,
}
ACTIVATIONS: dict[str, tuple[type[Layer] | None, type[He] | type[Xavier]]] = {
    "identity": (None, Xavier),
    "leaky_relu": (LeakyReLU, He),
    "logistic": (Sigmoid, Xavier),
    "relu": (ReLU, He),
    "tanh": (Tanh, Xavier),
}


class Network(BaseEstimator):
    """What both estimators share: the parameters, the building and the training of the network."""

    model_: Sequential
    _optimizer: Optimizer

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

    def _train(self, X: Array, targets: Array, weight: Array | None, head: tuple[Loss, Layer | None], *, more: bool, once: bool) -> None:
        """Train on rows that are checked: `more` of the same network, or a new one; `once`, or for `max_iter` epochs."""
        rng = np.random.default_rng() if self.random_state is None else np.random.default_rng(words(stream(self.random_state)))
        (for_split,) = spawn(rng, 1)
        settings: dict[str, Any] = {"sample_weight": weight}
        callbacks = [*self.callbacks] if isinstance(self.callbacks, Iterable) else [self.callbacks]
        if self.early_stopping and not once:
            train, held = self._split(targets, weight, for_split, stratify=head[1] is not None)
            settings["validation"] = (X[held], targets[held], None if weight is None else weight[held])
            settings["sample_weight"] = None if weight is None else weight[train]
            X, targets = X[train], targets[train]
            callbacks.append(EarlyStopping(patience=self.patience))
        if more:
            optimizer = self._optimizer
            # A copy of an estimator has parameters of its own; its optimizer goes on with those.
            optimizer.restore(self.model_.parameters.theta, optimizer.state())
        else:
            optimizer = self._new_optimizer()
            self.model_ = self._new_model(X.shape[1], targets.shape[1], head, rng, X.dtype)
            self.loss_curve_: list[float] = []
            self.validation_loss_curve_: list[float] = []
        self._optimizer = optimizer
        self.history_ = self.model_.fit(
            X,
            targets,
            optimizer=optimizer,
            epochs=1 if once else self.max_iter,
            batch_size=min(200, len(X)) if self.batch_size == "auto" else self.batch_size,  # type: ignore[arg-type]
            callbacks=callbacks,
            progress=bool(self.verbose),
            **settings,
        )
        self.loss_curve_ = self.loss_curve_ + self.history_.loss
        self.validation_loss_curve_ = self.validation_loss_curve_ + self.history_.columns.get("val_loss", [])
        self.n_iter_ = len(self.loss_curve_)

    def _split(self, targets: Array, weight: Array | None, seed: Seed, *, stratify: bool) -> tuple[Array, Array]:
        """Return the rows to train on and those to hold out, out of all that count."""
        rows = np.arange(len(targets)) if weight is None else np.flatnonzero(weight)
        try:
            train, held = split_rows(targets[rows], share=self.validation_fraction, seed=seed, stratify=stratify)
        except ArgumentError as error:
            raise ArgumentError(f"early_stopping needs a validation_fraction of n_samples = {len(rows)}: {error}") from None
        return rows[train], rows[held]

    def _new_optimizer(self) -> Optimizer:
        if isinstance(self.optimizer, Optimizer):
            return copy.deepcopy(self.optimizer)
        made: Optimizer = _chosen(OPTIMIZERS, "optimizer", self.optimizer, " or an Optimizer")(self.learning_rate)
        return made

    def _new_model(
        self, features: int, outputs: int, head: tuple[Loss, Layer | None], rng: np.random.Generator, given: np.dtype[Any]
    ) -> Sequential:
        loss, last = head
        dtype = self.dtype if self.dtype is not None else np.float32 if given == np.float32 else np.float64
        layers = list(self._hidden(features, outputs) if self.layers is None else self.layers(features, outputs))
        if last is not None and not (layers and isinstance(layers[-1], type(last))):
            layers.append(last)
        penalties = [L2(self.alpha)] if self.alpha else []
        model = Sequential(layers, loss=loss, penalties=penalties, seed=rng, dtype=dtype)
        if (found := output_shapes(model.layers, (features,))[-1]) not in (None, (outputs,)):
            raise ArgumentError(f"layers({features}, {outputs}) must return layers with {outputs} outputs, got {found}: {model.layers}")
        return model

    def _hidden(self, features: int, outputs: int) -> list[Layer]:
        """Return the layers that the plain parameters describe, up to the outputs."""
        activation, init = _chosen(ACTIVATIONS, "activation", self.activation)
        if not 0 <= self.dropout < 1:
            raise ArgumentError(f"dropout must be in [0, 1), got {self.dropout!r}: it is the share of hidden units dropped, such as 0.2")
        layers: list[Layer] = []
        sizes = self.hidden_layer_sizes if isinstance(self.hidden_layer_sizes, Iterable) else [self.hidden_layer_sizes]
        width = features
        for size in sizes:
            layers.append(Linear(width, size, init=init()))
            width = size
            layers += [activation()] if activation else []
            layers += [Dropout(1 - self.dropout)] if self.dropout else []
        return [*layers, Linear(width, outputs, init=Xavier())]

    def _continues(self, incremental: bool) -> bool:
        """Return whether there is a network with which to go on."""
        return hasattr(self, "model_") and (incremental or self.warm_start)

    def _outputs(self, X: npt.ArrayLike) -> Array:
        check_is_fitted(self, "model_")
        return self.model_.predict(np.asarray(validate_data(self, X, reset=False)))

    def _refuse_early_stopping(self) -> None:
        if self.early_stopping:
            raise ArgumentError("partial_fit sees one part of the data at a time, got early_stopping=True: stop calling it instead")


def _chosen(table: dict[str, Any], name: str, value: object, other: str = "") -> Any:
    if not isinstance(value, str) or value not in table:
        raise ArgumentError(f"{name} must be one of {', '.join(map(repr, table))}{other}, got {value!r}")
    return table[value]
