"""The networks that the studies train: linear layers with activations, and a sigmoid at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from minidl import (
    L2,
    BinaryCrossEntropy,
    Dropout,
    Initializer,
    Layer,
    Linear,
    ReLU,
    Sequential,
    Sigmoid,
)


def binary_network(
    widths: Sequence[int],
    *,
    init: Initializer | Callable[..., None],
    seed: int | np.random.RandomState,
    activation: type[Layer] = ReLU,
    keep_prob: float = 1.0,
    l2: float = 0.0,
    dtype: npt.DTypeLike = np.float64,
) -> Sequential:
    """Return an untrained network of these widths, inputs first, with one sigmoid output."""
    layers: list[Layer] = []
    for n_inputs, n_outputs in pairwise(widths[:-1]):
        layers += [Linear(n_inputs, n_outputs, init=init), activation()]
        if keep_prob < 1:
            layers.append(Dropout(keep_prob))
    layers += [Linear(widths[-2], widths[-1], init=init), Sigmoid()]
    return Sequential(
        layers,
        loss=BinaryCrossEntropy(),
        penalties=[L2(l2)] if l2 else [],
        seed=seed,
        dtype=dtype,
    )
