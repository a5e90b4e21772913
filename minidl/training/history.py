"""The history of a training, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from ..errors import ArgumentError
from ..escaping import escaped
from ..utils.metrics import higher_is_better

__all__ = ["History"]


class History:
    """The metrics of a training: a list with one number per epoch for each name.

    ``history["val_loss"]`` is such a list, ``name in history`` tells whether there is one, and
    iterating over a history yields the names.

    The names are "loss" and, for classifications, "accuracy", means over the examples of an epoch
    before each update, with penalties and dropout; with a validation set "val_loss" and
    "val_accuracy", evaluated after the epoch, without both; with a schedule "learning_rate", that
    of the last step of the epoch; and the `extra_metrics` of callbacks, NaN in epochs in which a
    callback has added none.

    Attributes
    ----------
    columns : dict of str to list of float
        All lists by name.
    stopped : str or None
        Why training ended early; None if it did not.
    seconds : float
        How long training took, in seconds.

    See Also
    --------
    minidl.plots.learning_curves : Draws a history.

    Examples
    --------
    >>> from minidl import Adam, Linear, MeanSquaredError, Sequential
    >>> model = Sequential([Linear(1, 1)], loss=MeanSquaredError())
    >>> history = model.fit([[1.0], [2.0]], [2.0, 4.0], optimizer=Adam(), epochs=3, progress=False)
    >>> list(history), history.epochs, history.best_epoch()
    (['loss'], 3, 3)
    """

    def __init__(self) -> None:
        self.columns: dict[str, list[float]] = {}
        self.stopped: str | None = None
        self.seconds = 0.0

    def add(self, metrics: Mapping[str, float]) -> None:
        """Append the metrics of one epoch.

        Parameters
        ----------
        metrics : dict of str to float
            The value of each metric by name.
        """
        for name, value in metrics.items():
            self.columns.setdefault(name, []).append(value)

    def fill(self, names: Iterable[str], epochs: int) -> None:
        """Append NaN where there are fewer numbers than epochs: what a callback has not measured.

        Parameters
        ----------
        names : iterable of str
            The metrics.
        epochs : int
            The number of epochs.
        """
        for name in names if epochs else ():
            column = self.columns.setdefault(name, [])
            column += [math.nan] * (epochs - len(column))

    @property
    def loss(self) -> list[float]:
        """The training loss of each epoch."""
        return self.columns.get("loss", [])

    @property
    def epochs(self) -> int:
        """The number of complete epochs."""
        return len(self.loss)

    def best_epoch(self, monitor: str | None = None) -> int:
        """Return the number of the epoch with the best value of a metric.

        Parameters
        ----------
        monitor : str, optional
            The name of the metric; by default "val_loss" if there is one, else "loss". Accuracies
            are better if higher, all other metrics if lower; NaN is worse than any number.

        Returns
        -------
        int
            The number, from 1: that of the first epoch if several are equally good.

        Raises
        ------
        ArgumentError
            If the history has no such metric, or no epoch.
        """
        name = monitor or self._default_monitor()
        values = self[name]
        if not values:
            raise ArgumentError("the history has no epochs yet")
        numbers = [value for value in values if not math.isnan(value)] or values
        best = max(numbers) if higher_is_better(name) else min(numbers)
        return values.index(best) + 1

    def _default_monitor(self) -> str:
        return "val_loss" if "val_loss" in self else "loss"

    def __getitem__(self, name: str) -> list[float]:
        if name == "loss":
            return self.loss
        if name not in self.columns:
            names = ", ".join(self.columns) or "no metrics yet"
            raise ArgumentError(f"the history has no {name!r}: it has {names}")
        return self.columns[name]

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __str__(self) -> str:
        if not self.epochs:
            return "no epochs yet"
        best = self.best_epoch()
        interval = max(1, self.epochs // 8)
        epoch_width = max(5, len(str(self.epochs)))
        lines = [f"{'epoch':>{epoch_width}}" + "".join(f" {name:>6}" for name in self.columns)]
        for epoch in sorted({1, self.epochs, best, *range(interval, self.epochs + 1, interval)}):
            line = f"{epoch:>{epoch_width}}"
            for name, values in self.columns.items():
                number_format = ".2e" if name == "learning_rate" else ".4f"
                line += f" {format(values[epoch - 1], number_format):>{max(6, len(name))}}"
            if epoch == best:
                line += f"  best {self._default_monitor()}"
            lines.append(line)
        if self.stopped:
            lines.append(f"stopped: {self.stopped}")
        return "\n".join(map(escaped, lines))

    def __repr__(self) -> str:
        last = ", ".join(f"{name}={values[-1]:.4g}" for name, values in self.columns.items())
        return escaped(f"History({self.epochs} epochs: {last})")
