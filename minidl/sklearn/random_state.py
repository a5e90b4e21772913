"""The source of randomness that the parameter `random_state` of an estimator means."""

from __future__ import annotations

import numpy as np

from ..utils.random import RandomGenerator, as_rng, draw_seed_words
from ..utils.typing import Seed
from ..utils.validation import is_integer

N_SEEDS = 2**32
"""How many integers are seeds of a `RandomState`, and of an augmentation."""


def new_rng(random_state: Seed | None, *, resume: bool) -> RandomGenerator:
    """Return the source of the first weights, which are drawn first, and of all other streams.

    Parameters
    ----------
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        The parameter of the estimator.
    resume : bool
        Whether a training goes on, so that no weights are drawn.

    Returns
    -------
    numpy.random.RandomState or numpy.random.Generator
        For the first weights, scikit-learn's own source if there is one: the same seed gives the
        same weights there.
    """
    if random_state is None:
        return np.random.default_rng()
    if not resume and is_integer(random_state, 0) and int(random_state) < N_SEEDS:
        return np.random.RandomState(int(random_state))
    rng = as_rng(random_state, "random_state")
    if not resume and isinstance(rng, np.random.RandomState):
        return rng
    return np.random.default_rng(draw_seed_words(rng))
