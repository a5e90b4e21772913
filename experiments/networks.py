"""The networks that the studies train: linear layers with ReLU between them and one sigmoid at the end."""

from __future__ import annotations

from collections.abc import Sequence
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


def relu_network(
    widths: Sequence[int],
    *,
    init: Initializer,
    seed: int,
    keep_prob: float = 1.0,
    l2: float = 0.0,
    dtype: npt.DTypeLike = np.float64,
) -> Sequential:
    """Return an untrained network of these widths, inputs first, whose weights the course's generator draws from `seed`."""
    layers: list[Layer] = []
    for inputs, outputs in pairwise(widths[:-1]):
        layers += [Linear(inputs, outputs, init=init), ReLU()] + (
            [Dropout(keep_prob)] if keep_prob < 1 else []
        )
    layers += [Linear(widths[-2], widths[-1], init=init), Sigmoid()]
    penalties = [L2(l2)] if l2 else []
    return Sequential(
        layers,
        loss=BinaryCrossEntropy(),
        penalties=penalties,
        seed=np.random.RandomState(seed),
        dtype=dtype,
    )
