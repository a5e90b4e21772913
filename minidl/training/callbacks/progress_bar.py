"""A progress bar, or some lines where nothing can be drawn again."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from ...utils.output import LenientStream, is_terminal
from .base import Callback, TrainingRun
from .progress_text import Field, fitting_text, metric_field

_SECONDS_BETWEEN_UPDATES = 0.1
_LINES = 10
_COLUMNS = 80  # where the width is not known
_SMALLEST_BAR = 6  # columns, with what is around it
_MAIN_METRICS = ("loss", "val_loss", "accuracy")


class ProgressBar(Callback):
    """Show on stderr how far a training is: epoch, losses, accuracy, time left.

    `fit` adds one by default; pass ``progress=False`` for none.

    One bar stands for all epochs. It fits the width of the terminal: what there is no room for, it
    shortens or leaves out, from the right. With validation it shows the metrics asked for of the
    validation set, if there is room. Where stderr is a file or a pipe, or the terminal is a dumb
    one, it prints at most ten lines instead, each at the end of an epoch, and one at the end.

    See Also
    --------
    PrintEvery : Prints the cost every few epochs.
    CSVLog : Writes all metrics of all epochs to a file.

    Examples
    --------
    >>> from minidl import Adam, Linear, MeanSquaredError, ProgressBar, Sequential
    >>> model = Sequential([Linear(1, 1)], loss=MeanSquaredError())
    >>> bar = ProgressBar()
    >>> history = model.fit(
    ...     [[1.0]], [2.0], optimizer=Adam(), epochs=3, callbacks=[bar], progress=False
    ... )
    """

    root_only = True

    def on_train_begin(self, run: TrainingRun) -> None:
        self._stream = LenientStream(sys.stderr)  # a reader that goes away must not end a training
        self._n_total = run.epochs * run.batches_per_epoch
        self._n_before: int | None = None  # steps made before the training was resumed
        self._start = time.perf_counter()
        self._last_update = 0.0
        asked = run.measurement.shown if run.measurement else ()
        self._asked = [f"val_{name}" if run.validate else name for name in asked]
        self._bar = self._new_bar(run) if _can_draw_again(sys.stderr) else None

    def on_batch_end(self, run: TrainingRun) -> None:
        if self._n_before is None:
            self._n_before = max(0, _n_steps(run) - 1)
        if time.perf_counter() - self._last_update > _SECONDS_BETWEEN_UPDATES:
            self._update(run)

    def on_epoch_end(self, run: TrainingRun) -> None:
        is_tenth = run.epoch * _LINES // run.epochs > (run.epoch - 1) * _LINES // run.epochs
        if self._bar is None and is_tenth and run.epoch < run.epochs:
            self._print_line(run)

    def on_train_end(self, run: TrainingRun) -> None:
        if self._bar is None:
            self._print_line(run, has_ended=True)
        else:
            self._update(run, has_ended=True)
            self._bar.close()

    def clear(self) -> None:
        """Remove the bar from the screen until its next update, for a line that is printed."""
        if self._bar is not None:
            self._bar.clear()

    def _new_bar(self, run: TrainingRun) -> Any:
        from tqdm.auto import tqdm  # only needed where a bar is shown

        return tqdm(
            total=self._n_total,
            ncols=_columns(self._stream),
            bar_format=f"epoch 0/{run.epochs} |{{bar}}|",
            file=self._stream,
        )

    def _update(self, run: TrainingRun, *, has_ended: bool = False) -> None:
        bar = self._bar
        self._last_update = time.perf_counter()
        if bar is None:
            return
        bar.ncols = _columns(self._stream)  # terminals change their size
        columns = bar.ncols or _COLUMNS
        text = fitting_text(self._fields(run, has_ended=has_ended), columns)
        has_room = columns - len(text) >= _SMALLEST_BAR
        text = text.replace("{", "{{").replace("}", "}}")
        bar.bar_format = f"{text} |{{bar}}|" if has_room else text
        bar.n = _n_steps(run)
        bar.refresh()

    def _print_line(self, run: TrainingRun, *, has_ended: bool = False) -> None:
        if run.epoch:
            fields = self._fields(run, has_ended=has_ended)
            self._stream.write(f"{', '.join(field.long for field in fields)}\n")
            self._stream.flush()

    def _fields(self, run: TrainingRun, *, has_ended: bool) -> list[Field]:
        """Return what is told, in its order."""
        values = {name: column[-1] for name, column in run.history.columns.items() if column}
        if "loss" not in values:
            values = {"loss": float(run.loss)}
        others = [name for name in ("val_accuracy", *self._asked) if name not in _MAIN_METRICS]
        others = [name for name in dict.fromkeys(others) if name in values]
        epoch = f"{run.epoch:{len(str(run.epochs))}}/{run.epochs}"
        remaining, elapsed, rate = self._clock(run)
        time_shown = elapsed if has_ended else remaining
        return [
            Field(f"epoch {epoch}", epoch, epoch),
            *(metric_field(name, values[name]) for name in _MAIN_METRICS if name in values),
            *(metric_field(name, values[name], is_optional=True) for name in others),
            Field(f"in {elapsed}" if has_ended else f"{remaining} left", time_shown, time_shown),
            Field(rate, rate, rate, is_optional=True),
        ]

    def _clock(self, run: TrainingRun) -> list[str]:
        """Return the time left, the time since the start, and the speed."""
        from tqdm import tqdm

        text: str = tqdm.format_meter(
            _n_steps(run),
            self._n_total,
            time.perf_counter() - self._start,
            initial=self._n_before or 0,
            unit="step",
            bar_format="{remaining}\n{elapsed}\n{rate_fmt}",
        )
        return text.split("\n")


def _n_steps(run: TrainingRun) -> int:
    return max(0, run.epoch - 1) * run.batches_per_epoch + run.batch


def _can_draw_again(stream: Any) -> bool:
    """Return whether a line can be replaced: in a terminal, and in a notebook."""
    if type(stream).__module__.partition(".")[0] == "ipykernel":
        return True
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def _columns(stream: LenientStream) -> int | None:
    """Return the width of a terminal, None in a notebook."""
    if not stream.isatty():
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or _COLUMNS
    except OSError:  # it is no terminal of the operating system
        return _COLUMNS
