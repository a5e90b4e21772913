"""The history as a CSV file."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from ...errors import DataError
from ...escaping import escaped
from ...utils.atomic_files import FilePath, atomic_write, check_writable
from .base import Callback, TrainingRun


class CSVLog(Callback):
    """Write the history to a CSV file, one row as soon as an epoch ends.

    The file has a header and one column per metric, with all digits of the numbers. If training is
    resumed, the rows of the epochs before are written again. An old file is replaced when the first
    epoch ends.

    Parameters
    ----------
    path : path-like
        The file; missing folders are created.

    Attributes
    ----------
    path : pathlib.Path
        The file.

    Raises
    ------
    DataError
        From `fit`, if the file cannot be written; before the first epoch where that is known.

    See Also
    --------
    TensorBoardLog : Writes the history for TensorBoard.

    Examples
    --------
    >>> import tempfile
    >>> from minidl import Adam, CSVLog, Linear, MeanSquaredError, Sequential
    >>> model = Sequential([Linear(1, 1)], loss=MeanSquaredError())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = CSVLog(f"{folder}/log.csv")
    ...     X, Y = [[1.0], [2.0]], [2.0, 4.0]
    ...     _ = model.fit(X, Y, optimizer=Adam(), epochs=3, callbacks=[log], progress=False)
    ...     print(log.path.read_text().splitlines()[0])
    epoch,loss
    """

    run_last = True  # after the callbacks that add metrics

    def __init__(self, path: FilePath) -> None:
        self.path = Path(path)

    def on_train_begin(self, run: TrainingRun) -> None:
        check_writable(self.path)
        # Completed epochs before the first value of each column; empty until the file is written.
        self._offsets: list[int] = []

    def on_epoch_end(self, run: TrainingRun) -> None:
        columns = [run.history.columns.get(name, []) for name in run.metric_names]
        is_new = not self._offsets
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if is_new:
            # When training is resumed with another callback, its column begins later.
            self._offsets = [run.epoch - len(column) if run.epoch > 1 else 0 for column in columns]
            writer.writerow(["epoch", *map(escaped, run.metric_names)])
        for epoch in range(1 if is_new else run.epoch, run.epoch + 1):
            writer.writerow([epoch, *self._cells(columns, epoch)])
        content = text.getvalue().encode()
        if is_new:
            atomic_write(self.path, content)
        else:
            self._append(content)

    def _cells(self, columns: list[list[float]], epoch: int) -> list[float | str]:
        cells: list[float | str] = []
        for column, offset in zip(columns, self._offsets, strict=True):
            i = epoch - 1 - offset
            cells.append(column[i] if 0 <= i < len(column) else "")
        return cells

    def _append(self, content: bytes) -> None:
        try:
            with open(self.path, "ab") as file:
                file.write(content)
        except OSError as error:
            rule = f"{self.path}: a row cannot be added, {error.strerror}"
            raise DataError(f"{rule}: choose a folder with enough free space") from error
