"""The base class of all callbacks, and the state of a training that they see."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

from ...batching.minibatches import MiniBatches
from ...errors import ArgumentError
from ...objective import Objective
from ...optimizers.base import Optimizer
from ...utils.typing import Array
from ..history import History


class TrainingRun:
    """The state of a training that callbacks see.

    `epoch` and `batch` are the present ones, from 1, of `epochs` and `batches` in an epoch; `x`, `y`, `weight`, `loss` are those of the
    batch. `names` is what `history` will have. `total`, `rows`, `right`, `asked` are sums over the epoch so far: loss times rows, rows,
    right classes, all classes. `stopped` tells why training is to end, once it is.
    """

    dealer: MiniBatches | None = None
    callbacks: Sequence[Callback] = ()
    epoch = batch = rows = right = asked = 0
    total = 0.0
    x: Array | None = None
    y: Array | None = None
    weight: Array | None = None
    loss: Any = math.nan
    weighted = resumes = halted = False
    stopped: str | None = None

    def __init__(
        self,
        model: Objective,
        optimizer: Optimizer,
        epochs: int,
        batches: int,
        names: tuple[str, ...] = ("loss",),
    ) -> None:
        self.model, self.optimizer = model, optimizer
        self.epochs, self.batches, self.names = epochs, batches, names
        self.recipe = str(optimizer)  # before any schedule
        self.history = History()
        self.begin = time.perf_counter()  # earlier, in a resumed training

    def stop(self, why: str, *, now: bool = False) -> None:
        """End the training after this epoch, or `now`; `history.stopped` tells `why`."""
        self.stopped, self.halted = why, now

    def require_metric(self, name: str, watcher: object) -> None:
        """Raise `ArgumentError` unless `history` will have what `watcher` watches."""
        if name not in self.names:
            hint = ": give fit(validation=(X, Y))" if name.startswith("val_") else ""
            what = f"{type(watcher).__name__} watches {name!r}, but the history will have only {', '.join(self.names)}{hint}"
            raise ArgumentError(what)


class Callback:
    """Base of all callbacks: override the hooks that are wanted, and `state` and `restore` to remember over an interruption.

    `adds` names the numbers that `on_epoch_end` writes into `run.history`; who is `late` is asked after all others.
    """

    adds: tuple[str, ...] = ()
    late = False

    def on_train_begin(self, run: TrainingRun) -> None:
        """Look on before the first epoch."""

    def on_gradient(self, run: TrainingRun) -> None:
        """Look on at every batch, when its gradient is known and the parameters have not moved yet."""

    def on_batch_end(self, run: TrainingRun) -> None:
        """Look on after every batch, when the parameters have moved."""

    def on_epoch_end(self, run: TrainingRun) -> None:
        """Look on after an epoch, when its row is in `run.history`."""

    def on_train_end(self, run: TrainingRun) -> None:
        """Look on at the end: also when training was stopped, interrupted, or failed."""

    def state(self) -> dict[str, Any]:
        """Return what to remember: numbers, texts, None, arrays, and lists and dictionaries of them."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned, after `on_train_begin`."""
