"""The training loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..batching.batch import Batch
from ..batching.minibatches import MiniBatches
from ..metrics.measurement import Measurement
from ..objective import ForwardPass
from ..optimizers.base import Optimizer
from ..optimizers.full_batch import FullBatchOptimizer
from ..trained_parameters import TrainedParameters
from ..utils.atomic_files import FilePath
from ..utils.underflow import unguarded
from .callbacks.base import Callback, TrainingRun, Validate
from .callbacks.progress_bar import ProgressBar
from .callbacks.stop_on_nonfinite import StopOnNonFinite
from .ended_schedule import warn_of_ended_schedule
from .full_batch import ObjectiveAtPoints, run_iterations
from .history import History
from .model_state import ModelState
from .optimizer_state import keep_state
from .saving import Saving, is_saver

if TYPE_CHECKING:
    from ..model.sequential import Sequential
    from ..parallel.parallel_training import ParallelTraining

Hook: TypeAlias = Callable[[TrainingRun], None]
Evaluate: TypeAlias = Callable[[Batch], tuple[Any, ForwardPass]]


def train(
    model: Sequential,
    batches: MiniBatches,
    validate: Validate | None,
    measurement: Measurement,
    *,
    optimizer: Optimizer,
    epochs: int,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
    resume: FilePath | None = None,
    resume_limit: int | None = None,
    parallel: ParallelTraining | None = None,
) -> History:
    """Train a model on mini-batches.

    Parameters
    ----------
    model : Sequential
        The model, of which the parameters change.
    batches : MiniBatches
        The training set.
    validate : callable or None
        Returns the metrics of a validation set after an epoch.
    measurement : Measurement
        What is measured on the training set.
    optimizer : Optimizer
        Makes the steps.
    epochs : int
        Number of passes over the training set.
    callbacks : sequence of Callback
        Observers. `StopOnNonFinite` is added unless there is one.
    progress : bool, default True
        Whether to show a progress bar.
    resume : path-like, optional
        A file of a `Checkpoint`, from which the training continues.
    resume_limit : int, optional
        Bytes that this file may have.
    parallel : ParallelTraining, optional
        How several processes train together, each with a part of the batches.

    Returns
    -------
    History
        The metrics of each epoch.
    """
    objective = model.objective_function
    access = objective.access
    with access.claim_training():
        with access:
            pass  # who uses the model already ends first, all others will use a copy
        try:
            observers = _observers(callbacks, progress)
            if parallel is not None and not parallel.group.is_root:
                observers = [observer for observer in observers if not observer.root_only]
            names = _column_names(measurement, optimizer, callbacks, validates=bool(validate))
            trained_before = objective.parameters.last_trained
            trained = objective.trained_parameters()
            measured = measurement if parallel is None else parallel.measurement(measurement)
            run = TrainingRun(
                *(model, optimizer, epochs, batches, names, observers),
                *(validate, measured, trained, parallel),
            )
            _train_and_check(run, trained_before, resume, resume_limit)
        finally:
            objective.parameters.make_read_only(False)  # again, if Ctrl-C came meanwhile
            objective.backpropagate_to(objective.first_trainable)
            with access:
                objective.scratch.release()
            optimizer.release_memory()
    return run.history


def _column_names(
    measurement: Measurement,
    optimizer: Optimizer,
    callbacks: Sequence[Callback],
    *,
    validates: bool,
) -> tuple[str, ...]:
    """Return the names of the columns that the history will have."""
    metric_names = ["loss", *measurement.columns]
    validation_names = [f"val_{name}" for name in metric_names] if validates else []
    extra_names = [name for callback in callbacks for name in callback.extra_metrics]
    records_rate = optimizer.schedule is not None and "learning_rate" not in extra_names
    rate_names = ["learning_rate"] if records_rate else []
    return (*metric_names, *validation_names, *rate_names, *extra_names)


def _train_and_check(run: TrainingRun, *arguments: Any) -> None:
    """Train, and leave a finite model, also after an error."""
    try:
        _train(run, *arguments)
    except BaseException as error:
        for guard in run.guards:
            guard.check_end(run, error)
        raise
    for guard in run.guards:
        guard.check_end(run, None)


def _train(
    run: TrainingRun,
    trained_before: TrainedParameters | None,
    resume: FilePath | None,
    resume_limit: int | None,
) -> None:
    """Run the epochs, from the start or from a checkpoint."""
    started: list[Callback] = []
    objective = run.model.objective_function
    # What is left open runs when all callbacks have ended.
    with Saving(run.callbacks) as saving, ExitStack() as undoing:
        try:
            if run.parallel is not None:
                run.parallel.check_arguments(run)
            with _agreeing(run):
                if run.optimizer.schedule is not None:
                    run.optimizer.schedule.check_columns(run.directions)
                for observer in run.callbacks:
                    observer.on_train_begin(run)
                    started.append(observer)
            place = "the start"
            if resume is not None:
                from .resume import restore_training  # only files need h5py

                # A callback may have its state already, and restore parameters when it ends.
                undoing.callback(ModelState.of(objective).restore, objective)
                with _agreeing(run):
                    restore_training(resume, run, resume_limit)
                if run.parallel is not None:
                    run.parallel.check_state(run)
                undoing.pop_all()
                place = "the checkpoint"
            for guard in run.guards:
                guard.remember(place)
            keep_state(run.optimizer, trained_before, run.trained)
            warn_of_ended_schedule(run)
            _train_epochs(run, saving)
        finally:
            objective.parameters.make_read_only(False)
            _end(started, run)
            run.history.stopped = run.stopped
            run.history.seconds = time.perf_counter() - run.start_time


def _agreeing(run: TrainingRun) -> AbstractContextManager[None]:
    """Return a context at whose end an error of one process is raised in all of them."""
    return nullcontext() if run.parallel is None else run.parallel.agreeing()


def _train_epochs(run: TrainingRun, saving: Saving) -> None:
    """Make all steps: `_steps` runs everything else between them."""
    objective, optimizer, trained = run.model.objective_function, run.optimizer, run.trained
    trained.read_values()
    theta, grad = trained.theta, trained.grad  # the optimizer writes into theta, and nobody else
    objective.parameters.make_read_only(True)
    if trained.first_layer is not None:
        objective.backpropagate_to(trained.first_layer)
    parallel = run.parallel
    evaluated: Any = objective if parallel is None else parallel.evaluation(run)
    if isinstance(optimizer, FullBatchOptimizer):
        # Several processes keep the outputs of their lanes.
        outputs_change = run.validate is not None and parallel is None
        function = ObjectiveAtPoints(evaluated, trained, outputs_change=outputs_change)
        with closing(_steps(run, saving, function.evaluate)) as steps:
            run_iterations(run, optimizer, theta, function, steps)
        return
    evaluate = partial(evaluated.value_and_gradient, training=True)
    if not trained.is_whole:
        evaluate = partial(_evaluate_part, evaluate, trained)
    step = unguarded(optimizer.step)
    with closing(_steps(run, saving, evaluate)) as steps:
        for _ in steps:
            if trained.is_copy:
                trained.read_gradient()
            step(theta, grad)
            if trained.is_copy:
                trained.write_values()


def _evaluate_part(
    evaluate: Evaluate, trained: TrainedParameters, data: Batch
) -> tuple[Any, ForwardPass]:
    result = evaluate(data)
    trained.clear_frozen_gradient()
    return result


def _steps(run: TrainingRun, saving: Saving, evaluate: Evaluate) -> Generator[None]:
    """Run the epochs, and yield where a step is to be made: the gradient is there."""
    objective = run.model.objective_function
    validate = run.validate
    lock = objective.access.lock
    on_gradient = _overridden_hooks(run.callbacks, "on_gradient", lock)
    on_batch_end = _overridden_hooks(run.callbacks, "on_batch_end", lock)
    if saving.savers or (run.parallel is not None and _may_stop(run.callbacks)):
        on_batch_end.append(_without_lock(saving.after_step, lock))
    if not run.has_next_epoch:  # it was killed before each file had the end of the training
        saving.after_step(run)
    while run.has_next_epoch:
        metrics = yield from _steps_of_epoch(run, evaluate, on_gradient, on_batch_end)
        run.check_finite()
        if run.stop_immediately:
            break
        if validate:
            quiet = np.errstate(over="ignore", invalid="ignore", under="ignore")
            with quiet, objective.access:
                measured = run.of_root(validate())
                metrics |= {f"val_{name}": value for name, value in measured.items()}
        _finish_epoch(run, metrics)
        saving.after_step(run)


def _may_stop(observers: Sequence[Callback]) -> bool:
    """Return whether a callback may end the training within an epoch, in one process alone."""
    own_package = __name__.rpartition(".")[0]
    hooks = ("on_gradient", "on_batch_end")
    return any(
        getattr(type(observer), hook) != getattr(Callback, hook)
        for observer in observers
        if not (observer.root_only or type(observer).__module__.startswith(own_package))
        for hook in hooks
    )


def _finish_epoch(run: TrainingRun, metrics: dict[str, float]) -> None:
    name = "learning_rate"
    if name in run.metric_names:
        by_callback = any(name in callback.extra_metrics for callback in run.callbacks)
        if not by_callback:
            metrics[name] = run.optimizer.last_learning_rate
    run.history.add(metrics)
    run.epoch_ended = True
    run.history.fill(run.metric_names, run.epoch - 1)
    schedule = run.optimizer.schedule
    # It may follow what callbacks measure; the callbacks after those see what it has observed.
    n_before = 0 if schedule is None else _n_measuring(run.callbacks)
    for observer in run.callbacks[:n_before]:
        observer.on_epoch_end(run)
    if schedule is not None:
        schedule.observe(run.history)
    for observer in run.callbacks[n_before:]:
        observer.on_epoch_end(run)
    run.history.fill(run.metric_names, run.epoch)
    run.check_frozen()


def _n_measuring(observers: Sequence[Callback]) -> int:
    """Return how many of the callbacks there are up to the last one that adds a metric."""
    return max((i + 1 for i, each in enumerate(observers) if each.extra_metrics), default=0)


def _observers(callbacks: Sequence[Callback], progress: bool) -> list[Callback]:
    observers = [*callbacks, ProgressBar()] if progress else list(callbacks)
    if not any(isinstance(observer, StopOnNonFinite) for observer in observers):
        observers.insert(0, StopOnNonFinite())
    return sorted(observers, key=_rank)


def _rank(observer: Callback) -> int:
    """Return the place of a callback among all: who saves the state of the others comes last."""
    return 2 if is_saver(observer) else int(observer.run_last)


def _end(started: Sequence[Callback], run: TrainingRun) -> None:
    """Call all `on_train_end`, also if one fails: in reverse order, those that run last at last.

    Those that save come after them, in the order in which they saved.
    """
    savers = [observer for observer in started if is_saver(observer)]
    others = [observer for observer in started if not is_saver(observer)]
    with ExitStack() as ending:  # calls the last one first
        ending.callback(_release_batch, run)
        for observer in [*reversed(savers), *sorted(others, key=lambda other: -_rank(other))]:
            ending.callback(observer.on_train_end, run)


def _release_batch(run: TrainingRun) -> None:
    run.data = run.forward_pass = None  # a callback may keep the run


def _overridden_hooks(observers: Sequence[Callback], name: str, lock: RLock) -> list[Hook]:
    """Return the hooks that do something: those of the base class need not be called."""
    base_hook = getattr(Callback, name)
    hooks: list[Hook] = []
    for observer in observers:
        if getattr(type(observer), name) != base_hook:
            hook = getattr(observer, name)
            # StopOnNonFinite waits for nobody, and each microsecond of a step counts.
            waits = type(observer) is not StopOnNonFinite
            hooks.append(_without_lock(hook, lock) if waits else hook)
    return hooks


def _without_lock(hook: Hook, lock: RLock) -> Hook:
    """Return a hook that leaves the lock: it may wait for threads that use the model."""

    def run_without_lock(run: TrainingRun) -> None:
        lock.release()
        try:
            hook(run)
        finally:
            lock.acquire()

    return run_without_lock


def _steps_of_epoch(
    run: TrainingRun,
    evaluate: Evaluate,
    on_gradient: Sequence[Hook],
    on_batch_end: Sequence[Hook],
) -> Generator[None, None, dict[str, float]]:
    """Yield where the step of each batch is to be made, and return the metrics of the epoch."""
    if not run.resuming_mid_epoch:
        run.start_epoch()
    run.resuming_mid_epoch = False
    objective = run.model.objective_function
    access = objective.access
    measurement = run.measurement
    # StopOnNonFinite reports what is not finite; what rounds to 0 is harmless.
    quiet = np.errstate(over="ignore", invalid="ignore", under="ignore")
    # The lock is left where a thread waits for it: to leave it at each step would take 2 us.
    with quiet, access.lock, closing(iter(run.minibatches)) as batches:
        for data in batches:
            run.batch += 1
            run.data = data
            if access.is_wanted:
                access.let_others()
            loss, forward_pass = evaluate(data)
            run.loss = loss
            run.forward_pass = forward_pass
            for hook in on_gradient:
                hook(run)
            n_examples = data.n_examples
            run.loss_sum += float(loss) * n_examples
            run.n_examples += n_examples
            if measurement:
                measurement.add(forward_pass.output, data.y, data.sample_weight)
            yield
            for hook in on_batch_end:
                hook(run)
            if run.stop_immediately:
                break
    metrics = {"loss": run.loss_sum / run.n_examples}
    return metrics | measurement.values() if measurement else metrics
