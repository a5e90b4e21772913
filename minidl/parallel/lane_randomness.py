"""Random numbers of stochastic layers that depend on the lane, not on the process."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..layers.base import Layer
from ..utils.random import RandomGenerator, draw_seed_words


class LaneRandomness:
    """Gives layers a generator of each lane: made of a number drawn in each step, and the lane's.

    What is drawn is the same in all processes, and so is the state of the layers' own generators,
    which a checkpoint saves.

    Parameters
    ----------
    layers : sequence of Layer
        The stochastic layers of the model.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = layers
        self._own: list[RandomGenerator | None] = []
        self._words: list[list[int]] = []

    def draw(self) -> None:
        """Draw the numbers of a step."""
        self._own = [layer.rng for layer in self._layers]
        self._words = [[] if rng is None else draw_seed_words(rng) for rng in self._own]

    def give(self, lane: int, layers: Sequence[Layer] | None = None) -> None:
        """Give the layers, or those of a copy of the model, the generators of a lane."""
        layers = self._layers if layers is None else layers
        for layer, words in zip(layers, self._words, strict=True):
            layer.rng = np.random.default_rng([*words, lane])

    def restore(self) -> None:
        """Give the layers their own generators again."""
        for layer, rng in zip(self._layers, self._own, strict=True):
            layer.rng = rng  # type: ignore[assignment]  # a user may assign a RandomState
