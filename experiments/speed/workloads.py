"""What is trained: five networks and their data.

They are described by plain values, so that a description can be sent to a process.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from minidl.data import load_cats, planar


@dataclass(frozen=True)
class Workload:
    """A network of ReLU layers with a sigmoid (one output) or a softmax, its data and training.

    `batch` is None for a full batch; `optimizer` is "adam" or "gd"; `source` is "random", "moons"
    or "cats"; `folder` is that of the cat images.
    """

    name: str
    widths: Sequence[int]
    rows: int
    batch: int | None = None
    optimizer: str = "adam"
    learning_rate: float = 0.001
    source: str = "random"
    folder: str | None = None

    @property
    def batch_sizes(self) -> list[int]:
        """The sizes of the batches of one epoch, one per step."""
        size = min(self.batch or self.rows, self.rows)
        return [min(size, self.rows - start) for start in range(0, self.rows, size)]

    @property
    def is_full_batch(self) -> bool:
        """Whether all rows are one batch."""
        return len(self.batch_sizes) == 1

    @property
    def n_outputs(self) -> int:
        """The width of the last layer."""
        return self.widths[-1]

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Return X, float32 (rows, features), and the class numbers, int64 (rows,)."""
        if self.source == "cats":
            train = load_cats(self.folder).train
            X, Y = train.x[: self.rows], train.y[: self.rows, 0]
            return X.astype(np.float32), Y.astype(np.int64)
        if self.source == "moons":
            X, Y = planar.moons(self.rows, 0.2, np.random.RandomState(0))
            return X.astype(np.float32), Y[:, 0].astype(np.int64)
        rng = np.random.default_rng(0)
        X = rng.random((self.rows, self.widths[0]), dtype=np.float32)
        return X, np.arange(self.rows) % max(2, self.n_outputs)

    def weights(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the initial weights (out, in) and biases (out,) of each layer, for all peers.

        He's initialization, in float32.
        """
        rng = np.random.default_rng(1)
        drawn = [
            rng.standard_normal((out, into)) * math.sqrt(2 / into)
            for into, out in pairwise(self.widths)
        ]
        return [(weight.astype(np.float32), np.zeros(len(weight), np.float32)) for weight in drawn]

    def quick(self) -> Workload:
        """Return the same with few rows, to try out a benchmark quickly."""
        batch = self.batch and min(self.batch, 16)
        return replace(self, rows=min(self.rows, 40), batch=batch)

    def as_dict(self) -> dict[str, Any]:
        """Return the constructor arguments as JSON-compatible values."""
        return asdict(self)

    def __str__(self) -> str:
        network = "-".join(map(str, self.widths))
        batch = "full batch" if self.batch is None else f"batches of {self.batch}"
        optimizer = "Adam" if self.optimizer == "adam" else "gradient descent"
        return f"{self.name}: {network}, {self.rows:,} rows, {batch}, {optimizer}"


_CATS = (12288, 20, 7, 5, 1)

TRAINING = {
    load.name: load
    for load in (
        Workload("moons", (2, 5, 2, 1), 300, 64, learning_rate=0.01, source="moons"),
        Workload("cats", _CATS, 209, None, "gd", 0.0075, source="cats"),
        Workload("cats64", _CATS, 209, 64, source="cats"),
        Workload("signs", (12288, 25, 12, 6), 1080, 32),
        Workload("digits", (784, 512, 512, 10), 6000, 128),
    )
}

PREDICTION = {
    load.name: load for load in (Workload("one", _CATS, 1), Workload("many", _CATS, 10_000))
}
