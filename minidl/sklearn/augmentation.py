"""The augmentation that the parameters of an estimator describe."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ..batching.augmentation import Augmentation
from ..errors import ArgumentError
from ..utils.given_class import cure_for_class
from ..utils.random import RandomGenerator, spawn_rngs
from ..words.augmentation import augmentation_of_words
from .random_state import N_SEEDS


def new_augmentation(
    augment: Any, X_shape: tuple[int, ...], rng: RandomGenerator, n_epochs: int
) -> Augmentation | None:
    """Return the augmentation of a training, or raise in a sentence.

    Parameters
    ----------
    augment : str, Augmentation or None
        The parameter of the estimator, which is not changed.
    X_shape : tuple of int
        The shape of the examples.
    rng : numpy.random.Generator or numpy.random.RandomState
        Gives the seed of one in words.
    n_epochs : int
        The epochs that were trained before. The seed depends on them, so that a training that goes
        on does not show the pictures of its first epochs again.

    Returns
    -------
    Augmentation or None
        A new one; None if there is none.

    Raises
    ------
    ArgumentError
        If it is neither words nor an `Augmentation`, or the words are wrong.
    ShapeError
        If the examples are no pictures, or smaller than the shift.
    """
    if augment is None:
        return None
    if isinstance(augment, str):
        seed = int(spawn_rngs(rng, 1)[0].integers(N_SEEDS))
        made = augmentation_of_words(augment, source="augment", seed=seed)
    elif isinstance(augment, Augmentation):
        made = copy.copy(augment)
    else:
        raise ArgumentError(
            'augment must be words such as "flip, shift 2", or an Augmentation, '
            f"got {augment!r}{cure_for_class(augment)}"
        )
    made.check(X_shape, np.dtype(np.float64))
    made.seed = (made.seed + n_epochs) % N_SEEDS
    return made
