"""The history as a CSV file."""

from __future__ import annotations

import csv
import io
import math
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
    root_only = True

    def __init__(self, path: FilePath) -> None:
        self.path = Path(path)

    def on_train_begin(self, run: TrainingRun) -> None:
        check_writable(self.path)
        self._is_written = False

    def on_epoch_end(self, run: TrainingRun) -> None:
        columns = [run.history.columns.get(name, []) for name in run.metric_names]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if not self._is_written:
            writer.writerow(["epoch", *map(escaped, run.metric_names)])
        for epoch in range(run.epoch if self._is_written else 1, run.epoch + 1):
            # What a callback has not measured in this epoch is not there yet.
            numbers = (
                column[epoch - 1] if epoch <= len(column) else math.nan for column in columns
            )
            writer.writerow([epoch, *numbers])
        content = text.getvalue().encode()
        if self._is_written:
            self._append(content)
        else:
            atomic_write(self.path, content)
            self._is_written = True

    def _append(self, content: bytes) -> None:
        try:
            with open(self.path, "ab") as file:
                file.write(content)
        except OSError as error:
            rule = f"{self.path}: a row cannot be added, {error.strerror}"
            raise DataError(f"{rule}: choose a folder with enough free space") from error
