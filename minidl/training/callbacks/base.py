"""The base class of all callbacks, and the state of a training that they see."""

from __future__ import annotations

import copy
import inspect
import math
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ...batching.batch import Batch
from ...batching.minibatches import MiniBatches
from ...errors import ArgumentError
from ...escaping import MAX_LINE, shortened
from ...metrics.measurement import Measurement
from ...metrics.monitoring import check_monitored, higher_is_better
from ...objective import ForwardPass
from ...optimizers.base import Optimizer
from ...trained_parameters import TrainedParameters
from ..history import History

if TYPE_CHECKING:
    from ...model.sequential import Sequential
    from ...parallel.measurement import LaneMeasurement
    from ...parallel.parallel_training import ParallelTraining
    from .stop_on_nonfinite import StopOnNonFinite

T = TypeVar("T")


class Validate(Protocol):
    """Evaluates a validation set."""

    def __call__(self) -> dict[str, float]:
        """Return the metrics."""

    def data_description(self) -> dict[str, Any]:
        """Return what identifies the set."""


@dataclass
class Interruption:
    """The end of a training by a signal.

    Parameters
    ----------
    signal : signal.Signals
        SIGINT (Ctrl-C) or SIGTERM.
    files : list of str
        What callbacks have saved, for `history.stopped`, such as "run.h5 holds the training".
    """

    signal: signal.Signals
    files: list[str] = field(default_factory=list)


class TrainingRun:
    """The state of a training that callbacks see.

    Parameters
    ----------
    model : Sequential
        The model being trained.
    optimizer : Optimizer
        The optimizer.
    epochs : int
        The number of epochs to train.
    minibatches : MiniBatches
        The training set.
    metric_names : tuple of str
        The names of the columns that `history` will have.
    callbacks : sequence of Callback
        All callbacks, in the order in which they are called.
    validate : callable, optional
        Returns the metrics of the validation set after an epoch.
    measurement : Measurement or LaneMeasurement, optional
        The metrics of the training set over the current epoch so far.
    trained : TrainedParameters, optional
        What the optimizer moves.
    parallel : ParallelTraining, optional
        How several processes train together.

    Attributes
    ----------
    history : History
        The metrics of the completed epochs.
    group : ProcessGroup or None
        The processes that train together; None of one alone. `data` and `forward_pass` are those of
        the rows of this process then, all other numbers those of the whole batch.
    directions : dict of str to bool or None
        Whether a larger value of each column is a better one; None if it is unknown.
    epoch, batch : int
        The numbers of the current epoch and of the current batch in it, from 1.
    data : Batch
        The current batch: examples x, targets y and sample weights.
    loss : float
        The objective of the current batch before the step, with penalties.
    forward_pass : ForwardPass
        The outputs of the layers for the current batch.
    loss_sum, n_examples : float, int
        Sums over the current epoch so far: loss times examples, examples.
    settings : dict of str to object
        What else identifies the training, such as the noise of its data: numbers, strings, None,
        and lists and dictionaries of them. A callback may add to it in `on_train_begin`; a training
        with other settings does not resume from a checkpoint.
    initial_optimizer : Optimizer
        A copy of the optimizer with the arguments that it had at the start. Callbacks may change
        the learning rate of `optimizer`.
    start_time : float
        ``time.perf_counter()`` at the start, earlier if the training was resumed.
    stopped : str or None
        Why training ends early.
    stop_immediately : bool
        Whether training ends after the current batch, not after the epoch.
    resuming_mid_epoch : bool
        Whether the training continues within an epoch.
    restored : str or None
        Where the parameters are from that a callback has restored at the end, such as "epoch 3".
    guards : list of StopOnNonFinite
        Those that have started.
    epoch_ended : bool
        Whether the current epoch is complete, with its metrics in the history.
    interruption : Interruption or None
        The signal that ends the training now, in `on_save`.

    Examples
    --------
    >>> from minidl import Callback
    >>> class PrintLoss(Callback):
    ...     def on_epoch_end(self, run):
    ...         print(run.epoch, run.history.loss[-1])
    """

    def __init__(
        self,
        model: Sequential,
        optimizer: Optimizer,
        epochs: int,
        minibatches: MiniBatches,
        metric_names: tuple[str, ...] = ("loss",),
        callbacks: Sequence[Callback] = (),
        validate: Validate | None = None,
        measurement: Measurement | LaneMeasurement | None = None,
        trained: TrainedParameters | None = None,
        parallel: ParallelTraining | None = None,
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.epochs = epochs
        self.minibatches = minibatches
        self.metric_names = metric_names
        self.callbacks = callbacks
        self.validate = validate
        self.measurement = measurement
        self._trained = trained
        self.parallel = parallel
        self.group = None if parallel is None else parallel.group
        self._modules = model.objective_function.modules if trained else ()
        self._frozen = [module.is_frozen for module in self._modules]
        self.settings: dict[str, Any] = {}
        self.initial_optimizer = copy.copy(optimizer)
        known = measurement.directions if measurement else {}
        self.directions = {
            name: known.get(name.removeprefix("val_"), higher_is_better(name))
            for name in metric_names
        }
        self.history = History(self.directions)
        self.start_time = time.perf_counter()
        self.data: Batch | None = None
        self.loss: Any = math.nan
        self.forward_pass: ForwardPass | None = None
        self.stopped: str | None = None
        self.stop_immediately = False
        self.resuming_mid_epoch = False
        self.restored: str | None = None
        self.guards: list[StopOnNonFinite] = []
        self.epoch_ended = False
        self.interruption: Interruption | None = None
        self.epoch = 0
        self.batch = 0
        self.loss_sum = 0.0
        self.n_examples = 0

    @property
    def trained(self) -> TrainedParameters:
        """What the optimizer moves: the parameters of all layers but those that are frozen."""
        if self._trained is None:
            raise ArgumentError("a run must be told what it trains, got none: it is one of a test")
        return self._trained

    def check_frozen(self) -> None:
        """Raise `ArgumentError` if layers were frozen, or set free again, while training."""
        if [module.is_frozen for module in self._modules] != self._frozen:
            raise ArgumentError(
                "trainable must be set before or between calls of fit, but a layer's was set while "
                "a training was running: train the epochs until then in a fit of their own"
            )

    @property
    def is_root(self) -> bool:
        """Whether this process writes files and shows the progress: of several only rank 0."""
        return self.group is None or self.group.is_root

    def of_root(self, value: T) -> T:
        """Return what rank 0 has as `value`: all processes must do the same.

        Parameters
        ----------
        value : object
            The value of this process, such as one that depends on its clock.

        Returns
        -------
        object
            That of rank 0.
        """
        return value if self.group is None else self.group.of_root(value)

    @property
    def batches_per_epoch(self) -> int:
        """Number of batches in an epoch."""
        return len(self.minibatches)

    @property
    def is_ending(self) -> bool:
        """Whether no step will follow, for another reason than a signal."""
        is_complete = self.epoch_ended and (bool(self.stopped) or self.epoch == self.epochs)
        return self.stop_immediately or is_complete

    @property
    def has_next_epoch(self) -> bool:
        """Whether an epoch is to be trained, or the rest of the one in which training resumes."""
        if self.resuming_mid_epoch:  # a stop at the end of this epoch may have been asked for
            return not self.stop_immediately
        return not self.stopped and self.epoch < self.epochs

    def start_epoch(self) -> None:
        """Count the next epoch, and reset the sums over it."""
        self.epoch += 1
        self.epoch_ended = False
        self.batch = 0
        self.loss_sum = 0.0
        self.n_examples = 0
        if self.measurement:
            self.measurement.reset()

    def stop(self, reason: str, *, now: bool = False) -> None:
        """End the training early.

        Parameters
        ----------
        reason : str
            Why; `history.stopped` holds it.
        now : bool, default False
            Whether to end after the current batch instead of after the epoch.
        """
        self.stopped = reason
        self.stop_immediately = now

    def check_finite(self, *, at_end: bool = False) -> None:
        """Raise `NonFiniteError` if the model is not finite: before it is saved or kept.

        A model with such values gets its last finite parameters back. Nothing is checked if there
        is no `StopOnNonFinite`, or a disabled one.

        Parameters
        ----------
        at_end : bool, default False
            Whether the training has ended, and not only a step of it.
        """
        for guard in self.guards:
            guard.check_model(self, at_end=at_end)

    def measures_before_step(self, name: str) -> bool:
        """Return whether a metric is that of the parameters before the only step of an epoch.

        The metrics of training are measured before each step. If an epoch has several, they are
        means over parameters that move, and no parameters have them exactly.

        Parameters
        ----------
        name : str
            The name of the metric.

        Returns
        -------
        bool
            False for other metrics, which belong to the parameters after the epoch.
        """
        columns = self.measurement.columns if self.measurement else ()
        return name in ("loss", *columns) and self.batches_per_epoch == 1

    def require_metric(
        self, name: str, callback: object, larger_is_better: bool | None = None
    ) -> bool:
        """Return whether a larger value of the metric that a callback monitors is a better one.

        Parameters
        ----------
        name : str
            The name of the metric.
        callback : Callback
            The callback, for the message.
        larger_is_better : bool, optional
            What the user says of it.

        Returns
        -------
        bool
            What the user says, or what is known of the metric.

        Raises
        ------
        ArgumentError
            If the history will have no such metric, or nobody knows which values are better.
        """
        check_monitored(name, larger_is_better, self.directions, callback)
        return higher_is_better(name, larger_is_better, self.directions)


class Callback:
    """Base class of all callbacks, which observe training.

    Override the hooks you need; override `state` and `restore` if the callback must remember
    something when a training is resumed. Hooks must not change the parameters.

    Attributes
    ----------
    extra_metrics : tuple of str
        The names of the columns to which `on_epoch_end` adds a number in `run.history`.
    run_last : bool
        Whether the callback is called after all others.
    root_only : bool
        Whether only rank 0 calls it where several processes train together: one that writes or
        shows something, adds no metric, and never ends the training.

    Examples
    --------
    >>> class PrintLoss(Callback):
    ...     def on_epoch_end(self, run):
    ...         print(run.epoch, run.history.loss[-1])
    """

    extra_metrics: tuple[str, ...] = ()
    run_last = False
    root_only = False

    def on_train_begin(self, run: TrainingRun) -> None:
        """React to the start of training, before the first epoch.

        Parameters
        ----------
        run : TrainingRun
            The state of the training.
        """

    def on_gradient(self, run: TrainingRun) -> None:
        """React to the gradient of a batch, before the optimizer's step.

        Parameters
        ----------
        run : TrainingRun
            The state of the training.
        """

    def on_batch_end(self, run: TrainingRun) -> None:
        """React to the end of a batch, after the optimizer's step.

        Parameters
        ----------
        run : TrainingRun
            The state of the training.
        """

    def on_epoch_end(self, run: TrainingRun) -> None:
        """React to the end of an epoch, when its metrics are in `run.history`.

        Parameters
        ----------
        run : TrainingRun
            The state of the training.
        """

    def on_save(self, run: TrainingRun) -> None:
        """Save the state of the training, if it is time to.

        Called after each batch and each epoch, when all callbacks have seen it, in the order in
        which the callbacks were passed: one that is listed after a `Checkpoint` finds its file. All
        are called again if one of them has ended the training. A class that overrides it lets
        Ctrl-C and SIGTERM end the training after a step.

        Parameters
        ----------
        run : TrainingRun
            The state of the training. `run.epoch_ended` tells whether the epoch is complete, and
            `run.interruption` which signal ends the training, if one does.
        """

    def on_train_end(self, run: TrainingRun) -> None:
        """React to the end of training, also if it was stopped, was interrupted, or failed.

        Parameters
        ----------
        run : TrainingRun
            The state of the training.
        """

    def state(self) -> dict[str, Any]:
        """Return what the callback must remember when a training is resumed.

        It is called before the first step, too, so that what a file cannot store is an error then.

        Returns
        -------
        dict
            None, bools, numbers, strings, NumPy scalars, arrays of bools or numbers, and lists,
            tuples and dicts of them to a depth of 100. `restore` gets exactly the same values.
        """
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what `state` returned; called after `on_train_begin`.

        Parameters
        ----------
        state : dict
            What `state` returned.
        """

    def __repr__(self) -> str:
        parameters = inspect.signature(type(self)).parameters
        shown = [
            f"{name}={self._shown(name)}"
            for name, parameter in parameters.items()
            if hasattr(self, name) and self._shown(name) != repr(parameter.default)
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def _shown(self, name: str) -> str:
        """Return an argument as `repr` shows it."""
        value = getattr(self, name)
        return shortened(repr(str(value) if isinstance(value, os.PathLike) else value), MAX_LINE)


def check_monitor(state: Mapping[str, Any], monitor: str) -> None:
    """Raise `ArgumentError` if a saved state is about another metric than the one monitored now.

    Parameters
    ----------
    state : mapping of str to object
        The state of a callback; that in the file of an earlier minidl has no "monitor".
    monitor : str
        The name of the metric.
    """
    saved = state.get("monitor", monitor)
    if saved != monitor:
        raise ArgumentError(f"monitor must be {saved!r}, got {monitor!r}")
