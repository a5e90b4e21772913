"""Saving the state of a training, so that it can be resumed."""

from __future__ import annotations

import copy
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ArgumentError
from ...utils.atomic_files import FilePath, check_writable, real_path
from ...utils.foreign_words import explain_arguments
from ...utils.validation import is_integer
from ..model_state import ModelState, state_from_dict, state_to_dict
from .base import Callback, TrainingRun, check_monitor

if TYPE_CHECKING:
    from ..resume import ResumableState


@explain_arguments("__init__")
class Checkpoint(Callback):
    """Save the training state to a file at regular intervals.

    On Ctrl-C or SIGTERM, the current step is finished, the state is saved, and `fit` returns; a
    second signal has its usual effect. Signals that are ignored, or handled by a program that
    Python is part of, are left alone. Several checkpoints of one training each save.

    `fit(..., resume=path)`, with the same model, data, weights, optimizer and callbacks, continues
    bit for bit as if training had never stopped, provided that NumPy, its BLAS, the processor and
    the number of threads are the same; otherwise a warning names the differences. Other data and
    other arguments are refused. `LBFGS` and `ConjugateGradient` begin anew at the saved point, and
    a warning says so. What is saved is what all callbacks hold after a batch or an epoch,
    wherever they are in the list.

    When training ends, the model in the file is the one that `fit` leaves, such as the best one
    that `EarlyStopping` has restored; the parameters to resume from are stored beside it.

    Parameters
    ----------
    path : path-like
        The file, which `Sequential.load` reads as well. Missing folders are created.
    every_epochs : int or None, default 1
        Number of epochs between two saves; the state after the last epoch is always saved. With
        None, only that one is saved.
    every_seconds : float, optional
        Number of seconds after a save until the next one, also within an epoch. By default, the
        state is saved at the end of epochs only.
    keep : {"last", "best", "both"}, default "last"
        Which state `path` holds: the latest one, or the one after the epoch with the best
        `monitor`. With "both", `path` holds the latest and `best_path` the best: `name.best.h5`
        beside `name.h5`. Where an epoch is one step, the model in the file of the best "loss" or
        metric of training is the one before the step, to which they belong.
    monitor : str, default "val_loss"
        The name of a metric in the history, such as "val_f1".
    higher_is_better : bool, optional
        Whether a larger value of the metric is a better one. By default it is of accuracies and all
        built-in metrics but errors, and of names that end in "_score"; of other names a smaller one
        is. A metric of your own that tells neither must be told.

    Attributes
    ----------
    path : Path or None
        The file with the latest state; None with `keep="best"`.
    best_path : Path or None
        The file with the best state; None with `keep="last"`.

    Raises
    ------
    ArgumentError
        If an argument is invalid; from `fit`, if the history will have no `monitor`, or the model,
        the optimizer or a callback has a state that cannot be stored, or a callback adds to the
        history what is not in its `extra_metrics`, or not one number per epoch.
    DataError
        From `fit`, if a file cannot be written, is read-only, or is one that is being trained
        from; before the first epoch where that is known.

    See Also
    --------
    EarlyStopping : Stop when a metric no longer improves.

    Examples
    --------
    >>> import tempfile
    >>> from minidl import Adam, Checkpoint, Linear, MeanSquaredError, Sequential
    >>> X, Y = [[0.0], [1.0], [2.0]], [0.0, 2.0, 4.0]
    >>> model = Sequential([Linear(1, 1)], loss=MeanSquaredError())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     checkpoint = Checkpoint(f"{folder}/run.h5")
    ...     _ = model.fit(
    ...         X, Y, optimizer=Adam(), epochs=3, callbacks=[checkpoint], progress=False
    ...     )
    ...     model = Sequential([Linear(1, 1)], loss=MeanSquaredError())
    ...     history = model.fit(
    ...         X, Y, optimizer=Adam(), epochs=5, resume=checkpoint.path, progress=False
    ...     )
    >>> history.epochs
    5
    """

    def __init__(
        self,
        path: FilePath,
        every_epochs: int | None = 1,
        every_seconds: float | None = None,
        keep: str = "last",
        monitor: str = "val_loss",
        higher_is_better: bool | None = None,
    ) -> None:
        if not (every_epochs is None or is_integer(every_epochs)):
            raise ArgumentError(
                f"every_epochs must be an integer >= 1 or None, got {every_epochs!r} in Checkpoint"
            )
        if not (
            every_seconds is None or (isinstance(every_seconds, int | float) and every_seconds > 0)
        ):
            raise ArgumentError(
                f"every_seconds must be > 0 or None, got {every_seconds!r} in Checkpoint"
            )
        if keep not in ("last", "best", "both"):
            raise ArgumentError(
                f"keep must be 'last', 'best' or 'both', got {keep!r} in Checkpoint"
            )
        self.every_epochs = every_epochs
        self.every_seconds = every_seconds
        self.keep = keep
        self.monitor = monitor
        self.higher_is_better = higher_is_better
        path = Path(path)
        if not path.name:
            raise ArgumentError(f"path must be that of a file, got {str(path)!r} in Checkpoint")
        self.path: Path | None = path
        self.best_path: Path | None = None
        if keep == "best":
            self.path = None
            self.best_path = path
        elif keep == "both":
            self.best_path = path.with_name(f"{path.stem}.best{path.suffix}")
        self._reset()

    def on_train_begin(self, run: TrainingRun) -> None:
        from ..resume import check_savable  # the file formats are loaded when they are needed

        if self.best_path:
            self._is_higher_better = run.require_metric(self.monitor, self, self.higher_is_better)
        self._reset()
        check_savable(run)
        for path in self._paths() if run.is_root else ():
            check_writable(path)
        self._check_distinct(run)
        self._keeps_measured = bool(self.best_path) and run.measures_before_step(self.monitor)

    def _reset(self) -> None:
        self.best = math.nan
        self._measured_state: ModelState | None = None  # before the step of the current epoch
        self._improved_state: ModelState | None = None  # of the epoch that was the best
        self._has_saved_best = False
        self._final_state: ResumableState | None = None
        self._last_save = time.perf_counter()

    def _paths(self) -> list[Path]:
        return [path for path in (self.path, self.best_path) if path]

    def _check_distinct(self, run: TrainingRun) -> None:
        """Raise `ArgumentError` if another `Checkpoint` would replace a file of this one."""
        others = [other for other in run.callbacks if isinstance(other, Checkpoint)]
        paths = [real_path(path) for other in others for path in other._paths()]
        for path in self._paths():
            if paths.count(real_path(path)) > 1:
                rule = "each Checkpoint must have files of its own"
                raise ArgumentError(f"{rule}, got {path} twice in callbacks: choose another name")

    def on_gradient(self, run: TrainingRun) -> None:
        if self._keeps_measured:
            self._measured_state = ModelState.of(run.model.objective_function)

    def on_epoch_end(self, run: TrainingRun) -> None:
        measured_state, self._measured_state = self._measured_state, None
        self._improved_state = None
        if self.best_path and self._improves(run.history[self.monitor][-1]):
            self.best = run.history[self.monitor][-1]
            self._improved_state = measured_state or ModelState.of(run.model.objective_function)

    def on_save(self, run: TrainingRun) -> None:
        ends = run.epoch_ended or run.interruption or run.stop_immediately
        if not (ends or self.every_seconds):
            return  # as after nearly each step
        # A file tells which epoch was the best for each Checkpoint: that one must be saved before,
        # or a training that is killed in between and resumed would never write it.
        for each in run.callbacks:
            if isinstance(each, Checkpoint):
                each.save_best(run)
        is_final = run.is_ending or run.interruption is not None
        if self.path and (is_final or self._is_due(run)):
            state = self._save(run, self.path)
            # When the other callbacks have ended, the model may be another one. A copy, since
            # they may have emptied what they hold.
            self._final_state = copy.deepcopy(state) if is_final else None
        if run.interruption:
            run.interruption.files.append(self._description())

    def save_best(self, run: TrainingRun) -> None:
        """Save the model of the epoch that has just ended, if it was the best so far.

        Parameters
        ----------
        run : TrainingRun
            The training.
        """
        improved_state, self._improved_state = self._improved_state, None
        if self.best_path and improved_state:
            self._save(run, self.best_path, model_state=improved_state)
            self._has_saved_best = True

    def _is_due(self, run: TrainingRun) -> bool:
        if run.epoch_ended:
            return self.every_epochs is not None and run.epoch % self.every_epochs == 0
        if self.every_seconds is None:
            return False
        return run.of_root(time.perf_counter() - self._last_save >= self.every_seconds)

    def _description(self) -> str:
        if self.path:
            return f"{self.path} holds the training: resume it with fit(resume=...)"
        if self._has_saved_best:
            return f"{self.best_path} holds its best epoch"
        rule = f"{self.best_path} was not written"
        return f"{rule}: no epoch has ended with a better {self.monitor}"

    def on_train_end(self, run: TrainingRun) -> None:
        from ..resume import save_training

        final_state, self._final_state = self._final_state, None
        if self.path and final_state and final_state.differs_from(run.model):
            run.check_finite(at_end=True)
            if run.is_root:
                save_training(self.path, run, state=final_state)

    def state(self) -> dict[str, Any]:
        if not self.best_path:
            return {}
        state: dict[str, Any] = {"monitor": self.monitor, "best": self.best}
        if self._measured_state is not None:  # between the step and the end of the epoch
            state |= state_to_dict(self._measured_state, "measured_theta")
        return state

    def restore(self, state: dict[str, Any]) -> None:
        if not self.best_path:
            return
        check_monitor(state, self.monitor)
        self.best = float(state["best"])
        self._measured_state = state_from_dict(state, "measured_theta")

    def __repr__(self) -> str:
        shown = copy.copy(self)
        shown.path = self.path or self.best_path  # that of the argument
        return super(Checkpoint, shown).__repr__()

    def _improves(self, value: float) -> bool:
        if math.isnan(self.best):
            return not math.isnan(value)
        return value > self.best if self._is_higher_better else value < self.best

    def _save(
        self, run: TrainingRun, path: Path, *, model_state: ModelState | None = None
    ) -> ResumableState:
        from ..resume import capture_resumable_state, save_training

        run.check_finite()
        state = capture_resumable_state(run)
        if run.is_root:
            save_training(path, run, state=state, model_state=model_state)
        self._last_save = time.perf_counter()
        return state
