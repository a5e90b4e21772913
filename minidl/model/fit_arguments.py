"""Validates the arguments of `Sequential.fit`, and prepares its training and validation set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..batching.arguments import check_batch_size, check_memory_limit
from ..batching.augmentation import Augmentation
from ..batching.minibatches import MiniBatches
from ..batching.out_of_core import Rows, is_out_of_core
from ..batching.sample_weights import ClassWeight
from ..batching.shuffled_rows import Shuffle
from ..errors import ArgumentError
from ..layers.tree import trained_flags
from ..metrics.measurement import Measurement
from ..metrics.table import MetricLike, as_metrics
from ..objective import Objective
from ..optimizers.base import Optimizer
from ..training.callbacks.base import Callback
from ..utils.given_class import cure_for_class
from ..utils.random import RandomGenerator
from ..utils.source_files import note_source_files
from ..utils.validation import is_integer
from .evaluation import Validator
from .full_batch import check_full_batch
from .hidden_state import check_hidden_state
from .inputs import prepare_data
from .last_batch import check_last_batch
from .row_sums import check_row_sums

if TYPE_CHECKING:
    from ..parallel.parallel_training import ParallelTraining


def check_fit_arguments(
    optimizer: Any,
    epochs: Any,
    batch_size: Any,
    memory_limit: Any,
    callbacks: Any,
    validation: Any,
    resume_limit: Any = None,
) -> list[Callback]:
    """Validate the arguments of `Sequential.fit` that hold no data.

    Parameters
    ----------
    optimizer, epochs, batch_size, memory_limit, callbacks, validation, resume_limit
        As `Sequential.fit` takes them.

    Returns
    -------
    list of Callback
        The callbacks.

    Raises
    ------
    ArgumentError
        If an argument is invalid.
    """
    if not isinstance(optimizer, Optimizer):
        rule = "optimizer must be an Optimizer such as Adam()"
        raise ArgumentError(f"{rule}, got {optimizer!r}{cure_for_class(optimizer)}")
    if not is_integer(epochs):
        raise ArgumentError(f"epochs must be an integer >= 1, got {epochs!r}")
    check_batch_size(batch_size)
    check_memory_limit(memory_limit)
    if not (resume_limit is None or is_integer(resume_limit)):
        rule = "resume_limit must be a number of bytes >= 1, or None"
        raise ArgumentError(f"{rule}, got {resume_limit!r}")
    callback_list = list(callbacks) if isinstance(callbacks, Iterable) else [callbacks]
    for callback in callback_list:
        if not isinstance(callback, Callback):
            rule = "callbacks must be a list of Callback objects such as EarlyStopping()"
            raise ArgumentError(f"{rule}, got {callback!r}{cure_for_class(callback)}")
    is_pair = isinstance(validation, tuple | list) and len(validation) in (2, 3)
    if validation is not None and not is_pair:
        rule = "validation must be a pair (X, Y), or (X, Y, sample_weight)"
        cure = "minidl.data.train_validation_split makes one"
        raise ArgumentError(f"{rule}, got {type(validation).__name__}: {cure}")
    return callback_list


class TrainingData(NamedTuple):
    """What training reads."""

    batches: MiniBatches
    """The training set, in mini-batches."""

    validate: Validator | None
    """Returns the metrics of the validation set, if there is one."""

    measurement: Measurement
    """What is measured on the training set."""


def prepare_training_data(
    objective: Objective,
    X: Any,
    Y: Any,
    sample_weight: Any,
    class_weight: ClassWeight | None,
    validation: Sequence[Any] | None,
    *,
    batch_size: int | None,
    shuffle: Shuffle,
    rng: RandomGenerator,
    memory_limit: int,
    optimizer: Optimizer,
    augment: Augmentation | None = None,
    metrics: Sequence[MetricLike] = (),
    parallel: ParallelTraining | None = None,
) -> TrainingData:
    """Validate the arguments of `Sequential.fit` that hold data, and prepare both sets.

    Parameters
    ----------
    objective : Objective
        The model that takes the data.
    X, Y, sample_weight, class_weight, validation, batch_size, shuffle, memory_limit, augment
        As `Sequential.fit` takes them; `check_fit_arguments` has validated those without data, but
        for `augment`.
    optimizer : Optimizer
        What will make the steps.
    rng : numpy.random.Generator or numpy.random.RandomState
        Shuffles the examples.
    metrics : sequence of str, Metric or callable
        What is measured besides the loss and the accuracy.
    parallel : ParallelTraining, optional
        How several processes train together.

    Returns
    -------
    TrainingData
        Mini-batches, what is measured on them and, if there is a validation set, a function that
        evaluates it.
    """
    if not (augment is None or isinstance(augment, Augmentation)):
        rule = "augment must be an Augmentation such as Augmentation(flip=True, shift=4)"
        raise ArgumentError(f"{rule}, got {augment!r}{cure_for_class(augment)}")
    measured = as_metrics(metrics)
    if objective.access.is_training:  # at once, before anything is read
        objective.access.refuse_training()
    training_limit, validation_limit, pass_limit = _limits(X, Y, validation, memory_limit)
    data = prepare_data(objective, X, Y, sample_weight, class_weight, memory_limit=training_limit)
    # What it was converted to, too: the memory of a tensor, for example, is known only then.
    note_source_files(X, Y, sample_weight, *(validation or ()), data.x, data.y)
    with objective.access:
        if objective.access.is_training:
            objective.access.refuse_training()
        measurement = objective.measurement(measured, data.y.shape[-1])
        _check_model(objective, data.x)
        if parallel is not None:
            parallel.check(objective, data, batch_size)
        validate = None
        if validation is not None:
            validate = Validator(objective, validation, validation_limit, pass_limit, measured)
    batches = MiniBatches.from_batch(
        data,
        batch_size=batch_size,
        shuffle=shuffle,
        rng=rng,
        dtype=objective.input_dtype,
        memory_limit=training_limit,
        augment=augment,
        lanes=None if parallel is None else parallel.lanes,
    )
    with objective.access:
        check_last_batch(objective, data.x, batches)
        check_full_batch(optimizer, objective, data.x, batches)
    return TrainingData(batches, validate, measurement)


def _check_model(objective: Objective, x: Rows) -> None:
    objective.members.check()
    _check_trainable(objective)
    check_hidden_state(objective, x)
    check_row_sums(objective, x)


def _check_trainable(objective: Objective) -> None:
    if not any(module.is_frozen for module in objective.modules):
        return
    if objective.parameters.size and not any(trained_flags(objective.layers)):
        raise ArgumentError(
            "a layer with parameters must be trainable, but all of them are frozen: set trainable "
            "= True of one, such as model.layers[0]"
        )


def _limits(X: Any, Y: Any, validation: Any, memory_limit: int) -> tuple[int, int, int | None]:
    """Return the memory limits of the training set, the validation set and of passes over it."""
    if validation is None or not any(map(is_out_of_core, (X, Y))):
        return memory_limit, memory_limit, None
    if not any(map(is_out_of_core, validation)):
        return memory_limit, memory_limit, memory_limit // 2  # the training set stays in memory
    validation_limit = memory_limit // 8  # the buffers of both sets stay in memory
    return memory_limit - validation_limit, validation_limit, None
