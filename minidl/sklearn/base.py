"""The base class of the classifier and the regressor."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, Self

import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from ..batching.augmentation import Augmentation
from ..errors import ArgumentError
from ..losses.base import Loss
from ..model.sequential import Sequential
from ..optimizers.base import Optimizer
from ..optimizers.full_batch import FullBatchOptimizer
from ..training.callbacks.base import Callback
from ..training.history import History
from ..utils.random import RandomGenerator, spawn_rngs
from ..utils.sparse_rows import ExamplesLike
from ..utils.typing import Array
from .augmentation import new_augmentation
from .convergence import Convergence, Progress, new_convergence, warn_unless_converged
from .examples import validate_examples, validate_training
from .fit_tasks import TakesCallbacks
from .hidden_activations import HiddenActivations, count_layers
from .hold_out import Examples, hold_out
from .network import new_model, penalty_strength
from .network_attributes import NetworkAttributes
from .optimization import new_optimizer
from .outputs import outputs_of
from .parameters import EstimatorParameters, check_parameters
from .random_state import new_rng
from .targets import Targets
from .training_precision import trained_model, training_model
from .validation_scores import ValidationScores
from .warm_start import Training, UsedOptions, check_kept, continue_with

AUTO_BATCH_SIZE = 200  # at most, as in scikit-learn's MLPClassifier


class MinidlEstimator(NetworkAttributes, HiddenActivations, TakesCallbacks, EstimatorParameters):
    """A network with the interface of a scikit-learn estimator.

    `MinidlClassifier` documents the parameters and the attributes.
    """

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
            The label of each example for a classifier, or 0 and 1 for each of several labels, also
            as a sparse matrix; the value or values of each example for a regressor.
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
        """Train, or raise and leave the estimator as it was, unless epochs were made."""
        attributes = self.__dict__.copy()
        try:
            self._fit_or_raise(X, y, sample_weight, is_partial, classes)
        except BaseException:
            if self.__dict__.get("history_") is attributes.get("history_"):
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
        given = X, y, sample_weight
        X, y, sample_weight = validate_training(self, X, y, sample_weight, resume=resume)
        if resume and not is_partial:
            self._check_kept_targets(y)
        targets = self._make_targets(y, sample_weight, None if resume else classes, resume=resume)
        options.values["alpha"] = penalty_strength(self.alpha, targets.sample_weight)
        rng = new_rng(self.random_state, resume=resume)
        n_epochs = len(self.loss_curve_) if resume else 0
        augment = new_augmentation(self.augment, X.shape, rng, n_epochs)
        examples = Examples(X, targets.y, targets.sample_weight)
        validation = None
        if self.early_stopping:
            fraction, child = self.validation_fraction, spawn_rngs(rng, 1)[0]
            examples, validation = hold_out(examples, fraction, child, stratify=targets.stratify)
        model = self.model_ if resume else self._new_model(X, targets, options, rng)
        dtype = model.dtype
        model = training_model(model, len(examples.y), is_chunk=is_partial)
        if resume:
            used = self._used_options()
            training = continue_with(model, self.optimizer_, used, options, rng)
        else:
            training = Training(model, new_optimizer(options.values))
        progress = getattr(self, "_progress", Progress())  # pickles of old have none
        convergence = new_convergence(vars(self), progress, validation)
        epochs = 1 if is_partial else self.max_iter
        callbacks = [*self.callbacks] if isinstance(self.callbacks, Iterable) else [self.callbacks]
        if validation and (not targets.stratify or validation.sample_weight is not None):
            callbacks.append(ValidationScores(self._score_outputs, validation))

        def note() -> None:
            model = trained_model(training.model, dtype)
            self._note(Training(model, training.optimizer), options, convergence)

        def train(tasks: list[Callback]) -> None:
            try:
                self._train(training, examples, epochs, convergence, [*callbacks, *tasks], augment)
            except KeyboardInterrupt:
                if convergence.history.epochs:
                    note()  # what was learned is not lost
                raise
            note()

        self._observe(train, given)
        if not is_partial:
            warn_unless_converged(self.history_, self.optimizer_, epochs)

    def _used_options(self) -> UsedOptions:
        """Return the parameters that the network was made from; the present ones of old pickles."""
        return getattr(self, "_options", None) or UsedOptions.of(self)

    @abstractmethod
    def _make_targets(
        self,
        y: Any,
        sample_weight: Array | None,
        classes: npt.ArrayLike | None,
        *,
        resume: bool,
    ) -> Targets:
        """Return the targets for labels or values `y`; `classes` are those that y may have."""

    @abstractmethod
    def _score_outputs(self, loss: Loss, outputs: Array, examples: Examples) -> float:
        """Return what `score` gives for examples, from the outputs of the network for them."""

    def _check_kept_targets(self, y: Array) -> None:
        """Raise `ArgumentError` if a fit that goes on has targets of another kind."""

    def _new_model(
        self, X: Array, targets: Targets, options: UsedOptions, rng: RandomGenerator
    ) -> Sequential:
        """Create the network, and forget what was measured of another one."""
        self.input_shape_: tuple[int, ...] = X.shape[1:]
        self.loss_curve_: list[float] = []
        self.validation_loss_curve_: list[float] = []
        self.validation_scores_: list[float] | None = None
        self._progress = Progress()
        self.__dict__.update(targets.attributes)
        model = new_model(options.values, X, targets, rng)
        if self.transform_layer is not None:
            count_layers(model.layers, self.transform_layer)
        return model

    def _train(
        self,
        training: Training,
        examples: Examples,
        epochs: int,
        convergence: Convergence,
        callbacks: list[Callback],
        augment: Augmentation | None,
    ) -> None:
        batch_size: Any = self.batch_size
        if isinstance(training.optimizer, FullBatchOptimizer):
            batch_size = None
        elif batch_size == "auto":
            batch_size = min(AUTO_BATCH_SIZE, len(examples.y))
        validation: Any = convergence.validation
        training.model.fit(
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

    def _note(self, training: Training, options: UsedOptions, convergence: Convergence) -> None:
        """Keep what was trained, and what was measured after that of the trainings before."""
        self._options: UsedOptions = options
        history = convergence.history
        self.model_: Sequential = training.model
        self.optimizer_: Optimizer = training.optimizer
        self.history_: History = history
        is_full_batch = isinstance(training.optimizer, FullBatchOptimizer)
        self.n_iter_: int = convergence.n_steps if is_full_batch else history.epochs
        self.loss_curve_ = self.loss_curve_ + history.loss
        val_losses = history.columns.get("val_loss", [])
        self.validation_loss_curve_ = self.validation_loss_curve_ + val_losses
        self._progress = convergence.progress
        self.best_loss_: float | None = convergence.progress.best
        if convergence.validation is None:
            self.validation_scores_ = None
            return
        self.validation_scores_ = [*(self.validation_scores_ or []), *convergence.scores]
        self._progress = Progress(n_examples=convergence.progress.n_examples)
        self.best_loss_ = None

    def _outputs(self, X: ExamplesLike) -> Array:
        """Return the outputs of the network, shape (m, n_outputs)."""
        check_is_fitted(self, "model_")
        return outputs_of(self.model_.objective_function, validate_examples(self, X))
