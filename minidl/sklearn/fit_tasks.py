"""The callbacks of scikit-learn, which see each epoch of a fit as a task."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ..training.callbacks.base import Callback, TrainingRun

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn < 1.9 has none

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Adds nothing."""

    def with_callbacks(method: Any) -> Any:
        """Return the method."""
        return method


class TakesCallbacks(CallbackSupportMixin):
    """Adds `set_callbacks` to an estimator, where scikit-learn has it."""

    def _observe(self, train: Callable[[list[Callback]], None], data: tuple[Any, Any, Any]) -> None:
        """Train, and call the callbacks of scikit-learn, if there are any.

        Parameters
        ----------
        train : callable
            Fits the estimator with the callbacks of minidl that it gets: one or none.
        data : (X, y, sample_weight)
            What `fit` was passed.
        """
        if not getattr(self, "_skl_callbacks", None):
            train([])
            return
        X, y, sample_weight = data
        weight = {} if sample_weight is None else {"sample_weight": sample_weight}
        seen = {"estimator": self, "X": X, "y": y, "metadata": weight}
        _train_as_task(self, train, FitTasks(self._init_callback_context, seen))


@with_callbacks  # type: ignore[untyped-decorator]
def _train_as_task(
    estimator: Any, train: Callable[[list[Callback]], None], tasks: FitTasks
) -> None:
    """Train an estimator, whose callbacks are told the end also if an error ends it."""
    train([tasks])
    tasks.end()


class FitTasks(Callback):
    """Calls the callbacks of scikit-learn: the fit is a task, of which each epoch is a part.

    Parameters
    ----------
    begin : callable
        Begins the task of the fit, and returns its context.
    data : dict of str to object
        The estimator, which has all attributes of a fitted one but the network, and what each
        callback may ask for.
    """

    run_last = True  # others decide before whether an epoch is the last one

    def __init__(self, begin: Callable[..., Any], data: dict[str, Any]) -> None:
        self.begin = begin
        self.data = data

    def on_train_begin(self, run: TrainingRun) -> None:
        self._fit = self.begin(max_subtasks=run.epochs)
        self._fit.call_on_fit_task_begin(**self.data)
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self.data)

    def on_epoch_end(self, run: TrainingRun) -> None:
        def fitted() -> dict[str, Any]:
            return {"model_": copy.deepcopy(run.model)}

        if self._epoch.call_on_fit_task_end(**self.data, reconstruction_attributes=fitted):
            run.stop("a callback of scikit-learn has ended the training")
        if run.has_next_epoch:
            self._begin_epoch()

    def end(self) -> None:
        """End the task of the fit, once the estimator is fitted."""
        self._fit.call_on_fit_task_end(**self.data, reconstruction_attributes={})
