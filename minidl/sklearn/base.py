"""The base class of the classifier and the regressor."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from ..batching.augmentation import Augmentation
from ..errors import ArgumentError
from ..layers.base import Layer
from ..losses.base import Loss
from ..model.sequential import Sequential
from ..optimizers.base import Optimizer
from ..penalties import L2
from ..schedules.base import Schedule
from ..training.callbacks.base import Callback
from ..training.callbacks.early_stopping import EarlyStopping
from ..utils.random import as_rng, draw_seed_words, spawn_rngs
from ..utils.sparse_rows import ExamplesLike
from ..utils.typing import Array, Seed
from .augmentation import new_augmentation
from .examples import validate_examples, validate_training
from .hold_out import Examples, hold_out
from .network import (
    LayerFactory,
    check_output_shape,
    described_layers,
    multilayer_perceptron,
    needs_whole_set,
    network_dtype,
    new_optimizer,
    with_last_layer,
)
from .warm_start import Training, UsedOptions, check_kept, continue_with

AUTO_BATCH_SIZE = 200  # at most, as in scikit-learn's MLPClassifier


class Targets(NamedTuple):
    """The targets of a network, its loss and its last layer."""

    y: Array  # (m, n_outputs)
    sample_weight: Array | None  # (m,)
    loss: Loss
    last_layer: Layer | None
    name: str  # such as "3 classes", for errors


# scikit-learn reads the parameters of an estimator from the signature of its __init__, which does
# nothing but store them. A dataclass generates such an __init__, so each parameter is listed once.
@dataclass(eq=False, repr=False)
class MinidlEstimator(BaseEstimator):
    """A network with the interface of a scikit-learn estimator.

    `MinidlClassifier` documents the parameters and the attributes.
    """

    hidden_layer_sizes: int | Sequence[int] = (100,)
    activation: str = "relu"
    _: KW_ONLY
    dropout: float = 0.0
    alpha: float = 0.0
    optimizer: str | Optimizer = "adam"
    learning_rate: float | Schedule = 1e-3
    batch_size: int | str | None = 64
    max_iter: int = 200
    early_stopping: bool = False
    validation_fraction: float = 0.1
    patience: int = 10
    layers: str | LayerFactory | None = None
    augment: str | Augmentation | None = None
    callbacks: Sequence[Callback] = ()
    random_state: Seed | None = None
    warm_start: bool = False
    verbose: bool = False
    dtype: npt.DTypeLike | None = None

    def fit(
        self, X: ExamplesLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (m, n_features), or (m, ...) with `layers`
            The training examples, finite real numbers; pictures are (m, h, w, c). A sparse matrix
            stays sparse.
        y : array_like of shape (m,) or (m, n_outputs)
            The label of each example for a classifier, its value or values for a regressor.
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
        NonFiniteError
            If the loss is not finite, as with too high a learning rate.
        """
        return self._fit(X, y, sample_weight, epochs=self.max_iter, resume=self.warm_start)

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Self:
        if self.early_stopping:
            raise ArgumentError(
                "partial_fit cannot hold out a validation set, got early_stopping=True"
            )
        return self._fit(X, y, sample_weight, epochs=1, resume=True, classes=classes)

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        *,
        epochs: int,
        resume: bool,
        classes: Any = None,
    ) -> Self:
        resume = resume and hasattr(self, "model_")
        options = UsedOptions.of(self)
        if resume:
            check_kept(self.model_, self._used_options(), options)
        X, y, sample_weight = validate_training(self, X, y, sample_weight, resume=resume)
        if resume:
            classes = getattr(self, "classes_", None)
        targets = self._make_targets(y, sample_weight, classes)
        rng = self._new_rng()
        n_epochs = len(self.loss_curve_) if resume else 0
        augment = new_augmentation(self.augment, X.shape, rng, n_epochs)
        examples = Examples(X, targets.y, targets.sample_weight)
        validation = None
        callbacks = [*self.callbacks] if isinstance(self.callbacks, Iterable) else [self.callbacks]
        if self.early_stopping:
            examples, validation = hold_out(
                examples,
                self.validation_fraction,
                spawn_rngs(rng, 1)[0],
                stratify=not isinstance(self, RegressorMixin),
            )
            callbacks.append(EarlyStopping(patience=self.patience))
        if resume:
            training = continue_with(
                self.model_, self.optimizer_, self._used_options(), options, rng
            )
        else:
            training = self._start(X, targets, options, rng)
        self._train(training, examples, validation, epochs, callbacks, augment)
        self._options: UsedOptions = options
        return self

    def _used_options(self) -> UsedOptions:
        """Return the parameters that the network was made from; the present ones of old pickles."""
        return getattr(self, "_options", None) or UsedOptions.of(self)

    @abstractmethod
    def _make_targets(
        self, y: Array, sample_weight: Array | None, classes: npt.ArrayLike | None
    ) -> Targets:
        """Return the targets for labels or values `y`; `classes` are those of earlier calls."""

    def _new_rng(self) -> np.random.Generator:
        if self.random_state is None:
            return np.random.default_rng()
        return np.random.default_rng(draw_seed_words(as_rng(self.random_state)))

    def _start(
        self, X: Array, targets: Targets, options: UsedOptions, rng: np.random.Generator
    ) -> Training:
        """Create the model and the optimizer; if that fails, the estimator is unchanged."""
        model = self._new_model(X, targets, rng)
        self.optimizer_: Optimizer = new_optimizer(self.optimizer, self.learning_rate)
        self.model_: Sequential = model
        self.input_shape_: tuple[int, ...] = X.shape[1:]
        self.loss_curve_: list[float] = []
        self.validation_loss_curve_: list[float] = []
        self._options = options
        return Training(self.model_, self.optimizer_)

    def _new_model(self, X: Array, targets: Targets, rng: np.random.Generator) -> Sequential:
        n_features, n_outputs = X.shape[1], targets.y.shape[1]
        if self.layers is not None:
            layers = described_layers(self.layers, X.shape[1:], n_outputs, targets.name)
        else:
            layers = multilayer_perceptron(
                n_features,
                n_outputs,
                hidden_layer_sizes=self.hidden_layer_sizes,
                activation=self.activation,
                dropout=self.dropout,
            )
        layers = with_last_layer(layers, targets.last_layer)
        model = Sequential(
            layers,
            loss=targets.loss,
            penalties=[L2(self.alpha)] if self.alpha else [],
            seed=rng,
            dtype=network_dtype(self.dtype, X),
        )
        check_output_shape(layers, X.shape, n_outputs)
        return model

    def _train(
        self,
        training: Training,
        examples: Examples,
        validation: Any,
        epochs: int,
        callbacks: Sequence[Callback],
        augment: Augmentation | None,
    ) -> None:
        batch_size: Any = self.batch_size
        if needs_whole_set(training.optimizer):
            batch_size = None
        elif batch_size == "auto":
            batch_size = min(AUTO_BATCH_SIZE, len(examples.y))
        self.history_ = training.model.fit(
            examples.X,
            examples.y,
            sample_weight=examples.sample_weight,
            optimizer=training.optimizer,
            epochs=epochs,
            batch_size=batch_size,
            validation=validation,
            augment=augment,
            callbacks=callbacks,
            progress=bool(self.verbose),
        )
        self.model_, self.optimizer_ = training
        validation_losses = self.history_.columns.get("val_loss", [])
        self.loss_curve_ = self.loss_curve_ + self.history_.loss
        self.validation_loss_curve_ = self.validation_loss_curve_ + validation_losses
        self.n_iter_ = len(self.loss_curve_)

    def _outputs(self, X: ExamplesLike) -> Array:
        """Return the outputs of the network, shape (m, n_outputs)."""
        check_is_fitted(self, "model_")
        return self.model_.predict(validate_examples(self, X))
