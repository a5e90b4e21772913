"""The training and the validation set of a call of `fit`, within one memory limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..batching.minibatches import MiniBatches, check_batch_size
from ..batching.out_of_core import is_out_of_core
from ..batching.read_plan import check_memory_limit
from ..batching.sample_weights import ClassWeight
from ..batching.shuffled_rows import ShuffleFunction
from ..objective import Objective
from ..utils.random import RandomStream
from .evaluation import make_validator
from .inputs import prepare_data


class TrainingData(NamedTuple):
    """What training reads."""

    batches: MiniBatches
    """The training set, in mini-batches."""

    validate: Callable[[], dict[str, float]] | None
    """Returns the metrics of the validation set, if there is one."""


def prepare_training_data(
    objective: Objective,
    X: Any,
    Y: Any,
    sample_weight: Any,
    class_weight: ClassWeight | None,
    validation: Sequence[Any] | None,
    *,
    batch_size: int | None,
    shuffle: bool | ShuffleFunction,
    rng: RandomStream,
    memory_limit: int,
) -> TrainingData:
    """Validate and prepare the arguments of `Sequential.fit` that hold data.

    Parameters
    ----------
    objective : Objective
        The model that takes the data.
    X, Y, sample_weight, class_weight, validation, batch_size, shuffle, memory_limit
        As `Sequential.fit` takes them.
    rng : numpy.random.Generator or numpy.random.RandomState
        Shuffles the examples.

    Returns
    -------
    TrainingData
        Mini-batches and, if there is a validation set, a function that evaluates it.
    """
    check_batch_size(batch_size)
    check_memory_limit(memory_limit)
    validation_arrays = validation or ()
    # Where both sets are read from files, validation gets an eighth of the memory.
    both_read = any(map(is_out_of_core, (X, Y))) and any(map(is_out_of_core, validation_arrays))
    validation_limit = memory_limit // 8 if both_read else memory_limit
    training_limit = memory_limit - validation_limit if both_read else memory_limit
    data = prepare_data(objective, X, Y, sample_weight, class_weight, memory_limit=training_limit)
    validate = None
    if validation is not None:
        validate = make_validator(objective, validation, validation_limit)
    batches = MiniBatches.from_batch(
        data,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=rng,
        dtype=objective.dtype,
        memory_limit=training_limit,
    )
    return TrainingData(batches, validate)
