"""The base class of the classifier and the regressor."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
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
from ..optimizers.full_batch import FullBatchOptimizer
from ..penalties import L2
from ..schedules.base import Schedule
from ..training.callbacks.base import Callback
from ..training.history import History
from ..utils.foreign_words import explain_arguments
from ..utils.random import as_rng, draw_seed_words, spawn_rngs
from ..utils.typing import Array, Seed
from .augmentation import new_augmentation
from .convergence import Convergence, Progress, warn_unless_converged
from .examples import validate_examples, validate_training
from .hold_out import Examples, hold_out
from .network import (
    LayerFactory,
    check_output_shape,
    described_layers,
    multilayer_perceptron,
    network_dtype,
    penalty_strength,
    with_last_layer,
)
from .optimization import (
    DEFAULT_LEARNING_RATE,
    DEFAULT_SOLVER,
    adapted_learning_rate,
    needs_whole_set,
    new_optimizer,
)
from .options import CONSTANT
from .parameters import check_parameters
from .warm_start import Training, UsedOptions, check_kept, continue_with

AUTO_BATCH_SIZE = 200  # at most, as in scikit-learn's MLPClassifier


CURES = {
    "epochs": "write max_iter=",
    "lr": "write learning_rate_init=",
    "patience": "write n_iter_no_change=",
}
"""What is said of arguments that the estimators do not have."""


class Targets(NamedTuple):
    """The targets of a network, its loss and its last layer."""

    y: Array  # (m, n_outputs)
    sample_weight: Array | None  # (m,)
    loss: Loss
    last_layer: Layer | None
    name: str  # such as "3 classes", for errors


# scikit-learn reads the parameters of an estimator from the signature of its __init__, which does
# nothing but store them. A dataclass generates such an __init__, so each parameter is listed once.
@explain_arguments("__init__", **CURES)
@dataclass(eq=False, repr=False)
class MinidlEstimator(BaseEstimator):
    """A network with the interface of a scikit-learn estimator.

    `MinidlClassifier` documents the parameters and the attributes.
    """

    hidden_layer_sizes: int | Sequence[int] = (100,)
    activation: str = "relu"
    _: KW_ONLY
    solver: str = DEFAULT_SOLVER
    alpha: float = 1e-4
    batch_size: int | str | None = "auto"
    learning_rate: str | float | Schedule = CONSTANT
    learning_rate_init: float = DEFAULT_LEARNING_RATE
    power_t: float = 0.5
    max_iter: int = 200
    shuffle: bool = True
    tol: float = 1e-4
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    early_stopping: bool = False
    validation_fraction: float = 0.1
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    n_iter_no_change: float = 10
    max_fun: int = 15_000
    optimizer: str | Optimizer | None = None
    dropout: float = 0.0
    layers: str | LayerFactory | None = None
    augment: str | Augmentation | None = None
    callbacks: Sequence[Callback] = ()
    random_state: Seed | None = None
    warm_start: bool = False
    verbose: bool | int = False
    dtype: npt.DTypeLike | None = None

    def fit(
        self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array_like of shape (m, n_features), or (m, ...) with `layers`
            The training examples, finite real numbers; pictures are (m, h, w, c).
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
        return self._fit(X, y, sample_weight, is_partial=False)

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Self:
        if self.early_stopping:
            raise ArgumentError(
                "partial_fit does not support early_stopping=True: it cannot hold out examples"
            )
        return self._fit(X, y, sample_weight, is_partial=True, classes=classes)

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, *, is_partial: bool, classes: Any = None
    ) -> Self:
        """Train, or raise and leave the estimator as it was."""
        attributes = self.__dict__.copy()
        try:
            self._fit_or_raise(X, y, sample_weight, is_partial, classes)
        except Exception:
            self.__dict__.clear()
            self.__dict__.update(attributes)
            raise
        return self

    def _fit_or_raise(
        self, X: Any, y: Any, sample_weight: Any, is_partial: bool, classes: Any
    ) -> None:
        check_parameters(self)
        resume = (is_partial or self.warm_start) and hasattr(self, "model_")
        options = UsedOptions.of(self)
        if resume:
            check_kept(self.model_, self._used_options(), options)
        X, y, sample_weight = validate_training(self, X, y, sample_weight, resume=resume)
        if resume:
            classes = getattr(self, "classes_", None)
            if not is_partial:
                self._check_kept_targets(y)
        targets = self._make_targets(y, sample_weight, classes)
        options.values["alpha"] = penalty_strength(self.alpha, targets.sample_weight)
        rng = self._new_rng()
        n_epochs = len(self.loss_curve_) if resume else 0
        augment = new_augmentation(self.augment, X.shape, rng, n_epochs)
        examples = Examples(X, targets.y, targets.sample_weight)
        validation = None
        if self.early_stopping:
            examples, validation = hold_out(
                examples,
                self.validation_fraction,
                spawn_rngs(rng, 1)[0],
                stratify=not isinstance(self, RegressorMixin),
            )
        if resume:
            training = continue_with(
                self.model_, self.optimizer_, self._used_options(), options, rng
            )
        else:
            training = self._start(X, targets, options, rng)
        convergence = self._new_convergence(options, validation)
        epochs = 1 if is_partial else self.max_iter
        self._train(training, examples, epochs, convergence, augment)
        self._options: UsedOptions = options
        if not is_partial:
            warn_unless_converged(self.history_, self.optimizer_, epochs)

    def _used_options(self) -> UsedOptions:
        """Return the parameters that the network was made from; the present ones of old pickles."""
        return getattr(self, "_options", None) or UsedOptions.of(self)

    @abstractmethod
    def _make_targets(
        self, y: Array, sample_weight: Array | None, classes: npt.ArrayLike | None
    ) -> Targets:
        """Return the targets for labels or values `y`; `classes` are those of earlier calls."""

    def _check_kept_targets(self, y: Array) -> None:
        """Raise `ArgumentError` if a fit that goes on has targets of another kind."""

    def _new_rng(self) -> np.random.Generator:
        if self.random_state is None:
            return np.random.default_rng()
        return np.random.default_rng(draw_seed_words(as_rng(self.random_state)))

    def _start(
        self, X: Array, targets: Targets, options: UsedOptions, rng: np.random.Generator
    ) -> Training:
        """Create the model and the optimizer."""
        self.input_shape_: tuple[int, ...] = X.shape[1:]
        self.loss_curve_: list[float] = []
        self.validation_loss_curve_: list[float] = []
        self.validation_scores_: list[float] | None = None
        self._progress = Progress()
        self._options = options
        strength = options.values["alpha"]
        return Training(self._new_model(X, targets, strength, rng), new_optimizer(options.values))

    def _new_convergence(self, options: UsedOptions, validation: Examples | None) -> Convergence:
        progress: Progress = getattr(self, "_progress", Progress())  # pickles of old have none
        n_iter_no_change = self.n_iter_no_change
        if validation is not None:
            progress = Progress(n_examples=progress.n_examples)  # another set has other scores
        elif needs_whole_set(options.values):
            n_iter_no_change = math.inf  # `tol` is the tolerance of the optimizer
        return Convergence(
            self.tol,
            n_iter_no_change,
            replace(progress),
            adapted_learning_rate(options.values),
            self.learning_rate_init,
            self.power_t,
            validation,
        )

    def _new_model(
        self, X: Array, targets: Targets, strength: float, rng: np.random.Generator
    ) -> Sequential:
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
            penalties=[L2(strength)] if strength else [],
            seed=rng,
            dtype=network_dtype(self.dtype, X),
        )
        check_output_shape(layers, X.shape, n_outputs)
        return model

    def _train(
        self,
        training: Training,
        examples: Examples,
        epochs: int,
        convergence: Convergence,
        augment: Augmentation | None,
    ) -> None:
        batch_size: Any = self.batch_size
        is_full_batch = isinstance(training.optimizer, FullBatchOptimizer)
        if is_full_batch:
            batch_size = None
        elif batch_size == "auto":
            batch_size = min(AUTO_BATCH_SIZE, len(examples.X))
        validation: Any = convergence.validation
        callbacks = [*self.callbacks] if isinstance(self.callbacks, Iterable) else [self.callbacks]
        steps_before = training.optimizer.step_count
        history = training.model.fit(
            examples.X,
            examples.y,
            sample_weight=examples.sample_weight,
            optimizer=training.optimizer,
            epochs=epochs,
            batch_size=batch_size,
            shuffle=self.shuffle,
            validation=validation,
            augment=augment,
            callbacks=[*callbacks, convergence],
            progress=bool(self.verbose),
        )
        self.model_: Sequential = training.model
        self.optimizer_: Optimizer = training.optimizer
        self.history_: History = history
        n_steps = training.optimizer.step_count - steps_before
        self.n_iter_: int = n_steps if is_full_batch else history.epochs
        self._note(history, convergence)

    def _note(self, history: History, convergence: Convergence) -> None:
        """Keep what the training has measured, after that of the trainings before."""
        self.loss_curve_ = self.loss_curve_ + history.loss
        val_losses = history.columns.get("val_loss", [])
        self.validation_loss_curve_ = self.validation_loss_curve_ + val_losses
        self._progress = convergence.progress
        self.best_loss_: float | None = convergence.progress.best
        self.best_validation_score_: float | None = None
        if convergence.validation is None:
            self.validation_scores_ = None
            return
        self.validation_scores_ = [*(self.validation_scores_ or []), *convergence.scores]
        self.best_validation_score_ = -convergence.progress.best
        self._progress = Progress(n_examples=convergence.progress.n_examples)
        self.best_loss_ = None

    def _outputs(self, X: npt.ArrayLike) -> Array:
        """Return the outputs of the network, shape (m, n_outputs), at least as wide as floats X."""
        check_is_fitted(self, "model_")
        X = validate_examples(self, X)
        outputs = self.model_.predict(X)
        is_wider = X.dtype == np.float64 and outputs.dtype == np.float32
        return outputs.astype(np.float64) if is_wider else outputs
