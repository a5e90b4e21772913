"""The history of a training, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..drawing.curves import draw_curves
from ..errors import ArgumentError
from ..escaping import escaped
from ..metrics import monitoring
from ..utils.atomic_files import FilePath
from .history_table import history_table

__all__ = ["History"]


class History:
    """The metrics of a training: a list with one number per epoch for each name.

    ``history["val_loss"]`` is such a list, also as ``history.val_loss``; ``name in history`` tells
    whether there is one, and iterating over a history yields the names. In a notebook a history is
    its curves and a table.

    The names are "loss", for classifications "accuracy", and the ``metrics`` of `fit`, over the
    examples of an epoch before each update, with penalties and dropout; with a validation set
    "val_loss", "val_accuracy" and so on, evaluated after the epoch, without both; with a schedule
    "learning_rate", that of the last step of the epoch; and the `extra_metrics` of callbacks, NaN
    in epochs in which a callback has added none.

    Parameters
    ----------
    directions : mapping of str to bool or None, optional
        Whether a larger value of a metric is a better one, where its name does not tell it.

    Attributes
    ----------
    columns : dict of str to list of float
        All lists by name.
    directions : dict of str to bool or None
        The argument.
    stopped : str or None
        Why training ended early; None if it did not.
    seconds : float
        How long training took, in seconds.

    See Also
    --------
    minidl.plots.learning_curves : Compares several histories.

    Examples
    --------
    >>> from minidl import Adam, Linear, MeanSquaredError, Sequential
    >>> model = Sequential([Linear(1, 1)], loss=MeanSquaredError())
    >>> history = model.fit([[1.0], [2.0]], [2.0, 4.0], optimizer=Adam(), epochs=3, progress=False)
    >>> list(history), history.epochs, history.best_epoch()
    (['loss'], 3, 3)
    """

    def __init__(self, directions: Mapping[str, bool | None] | None = None) -> None:
        self.directions = dict(directions or {})
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

    def best_epoch(
        self, monitor: str | None = None, *, higher_is_better: bool | None = None
    ) -> int:
        """Return the number of the epoch with the best value of a metric.

        Parameters
        ----------
        monitor : str, optional
            The name of the metric; by default "val_loss" if there is one, else "loss". NaN is
            worse than any number.
        higher_is_better : bool, optional
            Whether a larger value is a better one. By default it is of accuracies and all built-in
            metrics but errors, and of names that end in "_score"; of others it is not.

        Returns
        -------
        int
            The number, from 1: that of the first epoch if several are equally good.

        Raises
        ------
        ArgumentError
            If the history has no such metric, or no epoch.
        """
        name = monitor or self.default_monitor
        values = self[name]
        if not values:
            raise ArgumentError("the history has no epochs yet")
        numbers = [value for value in values if not math.isnan(value)] or values
        is_higher = monitoring.higher_is_better(name, higher_is_better, self.directions)
        best = max(numbers) if is_higher else min(numbers)
        return values.index(best) + 1

    def plot(
        self,
        metric: str = "loss",
        *,
        against: str | None = None,
        held_out: str | None = "validation",
        axes: Any = None,
    ) -> Any:
        """Plot a metric over the epochs, in training and in validation (extra `plot`).

        Parameters
        ----------
        metric : str, default "loss"
            The name of the metric, such as "accuracy".
        against : str, optional
            The column for the x axis. By default, the epoch.
        held_out : str or None, default "validation"
            What the legend calls the dashed curve, such as "test"; None to leave it out.
        axes : matplotlib.axes.Axes, optional
            Where to plot. By default, a new figure.

        Returns
        -------
        matplotlib.axes.Axes
            The axes with the plot; ``axes.figure.savefig("loss.png")`` saves it.

        Raises
        ------
        ArgumentError
            If the history is empty or has no such column, or `axes` is not a single Axes.
        MissingDependencyError
            If matplotlib is not installed.

        See Also
        --------
        minidl.plots.learning_curves : Compares several histories, too.

        Examples
        --------
        >>> from minidl import History
        >>> history = History()
        >>> for loss, val_loss in ((0.7, 0.8), (0.5, 0.6)):
        ...     history.add({"loss": loss, "val_loss": val_loss})
        >>> history.plot().get_title()
        'Loss during training'
        """
        return draw_curves(
            self, metric, against=against, held_out=held_out, axes=axes, function="History.plot"
        )

    @property
    def default_monitor(self) -> str:
        """The name of the metric by which epochs are compared: "val_loss" if there is one."""
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
        header, *rows = history_table(self)
        widths = [max(5, len(rows[-1][0])), *(max(6, len(name)) for name in header[1:])]
        best = str(self.best_epoch())
        lines = []
        for row in (header, *rows):
            line = " ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            lines.append(line + f"  best {self.default_monitor}" * (row[0] == best))
        if self.stopped:
            lines.append(f"stopped: {self.stopped}")
        return "\n".join(map(escaped, lines))

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.columns})

    def __getattr__(self, name: str) -> list[float]:
        columns: dict[str, list[float]] = vars(self).get("columns", {})  # not there in a copy yet
        if name not in columns:
            message = f"'History' object has no attribute {name!r}"
            if not name.startswith("_"):
                message += f": its metrics are {', '.join(columns) or 'none yet'}"
            raise AttributeError(escaped(message), name=name, obj=self)
        return columns[name]

    def _repr_html_(self) -> str:
        from ..html_pages.page import fragment
        from .history_html import render_history

        return fragment(render_history(self))

    def save_html(self, path: FilePath) -> Path:
        """Write the curves and some epochs as a page of HTML, one file that needs no network.

        Without matplotlib (extra `plot`) the page has no curves.

        Parameters
        ----------
        path : path-like
            The file, whose name ends in .html; an old one is replaced.

        Returns
        -------
        Path
            The path.

        Raises
        ------
        ArgumentError
            If the name of the file ends otherwise.
        DataError
            If the file cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> from minidl import History
        >>> history = History()
        >>> history.add({"loss": 0.5, "val_loss": 0.6})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     history.save_html(f"{folder}/training.html").name
        'training.html'
        """
        from ..html_pages.page import save_page
        from .history_html import render_history

        return save_page(path, "History.save_html", "Training", render_history(self))

    def __repr__(self) -> str:
        last = ", ".join(f"{name}={values[-1]:.4g}" for name, values in self.columns.items())
        return escaped(f"History({self.epochs} epochs: {last})")
