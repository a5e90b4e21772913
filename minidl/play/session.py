"""The training of one browser tab: a network, its thread, and what it has reached."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..errors import MinidlError
from ..gradcheck import GradientChecker
from ..gradcheck.report.report import Report
from ..model.sequential import Sequential
from ..training.callbacks.base import Callback, TrainingRun
from ..utils.typing import Array
from .control import CLOSED, Control
from .points import PointSet
from .settings import Settings

MAX_EPOCHS = 10**6
CHECKED_EXAMPLES = 6


class Progress(NamedTuple):
    """What a training has reached.

    Parameters
    ----------
    theta : ndarray of shape (P,)
        The parameters: a copy.
    epoch, batch : int
        The last batch, from 1; 0 before the first.
    batches : int
        How many batches an epoch has; 0 before the first.
    batch_loss : float
        The objective of the last batch, before its step.
    epochs : int
        How many epochs are complete.
    loss, val_loss : sequence of float
        Those of each epoch. The training adds later ones: only the first `epochs` count.
    """

    theta: Array
    epoch: int = 0
    batch: int = 0
    batches: int = 0
    batch_loss: float = math.nan
    epochs: int = 0
    loss: Sequence[float] = ()
    val_loss: Sequence[float] = ()


class _Watcher(Callback):
    """Keeps what the training has reached, for the thread that draws it."""

    def __init__(self, session: TrainingSession) -> None:
        self.session = session

    def on_batch_end(self, run: TrainingRun) -> None:
        self.session.progress = _progress_of(run)

    def on_epoch_end(self, run: TrainingRun) -> None:
        self.session.progress = _progress_of(run)


def _progress_of(run: TrainingRun) -> Progress:
    columns = run.history.columns
    loss, val_loss = columns.get("loss", []), columns.get("val_loss", [])
    return Progress(
        run.model.parameters.theta.copy(),
        *(run.epoch, run.batch, run.batches_per_epoch, float(run.loss)),
        *(len(val_loss), loss, val_loss),
    )


class TrainingSession:
    """A network that is trained in a thread of its own, by `Sequential.fit`.

    Parameters
    ----------
    points : PointSet
        What it is trained on.
    settings : Settings
        The network and how it is trained.
    epochs_per_second : float or None
        At most this many; None for as many as possible.

    Attributes
    ----------
    progress : Progress
        What it has reached: another object whenever this has changed.
    problem : str
        Why the training has ended of itself, such as a loss that is not finite; else "".

    Examples
    --------
    >>> from minidl.play.points import drawn_sets
    >>> session = TrainingSession(drawn_sets()["moons"](), Settings(), None)
    >>> session.step()
    >>> session.close()
    >>> session.progress.batch
    1
    """

    def __init__(
        self, points: PointSet, settings: Settings, epochs_per_second: float | None
    ) -> None:
        self.points = points
        self.settings = settings
        self._control = Control(epochs_per_second)
        self._model = settings.model(points)
        self.progress = Progress(self._model.parameters.theta.copy())
        self.problem = ""
        self._thread = threading.Thread(target=self._train, name="minidl play", daemon=True)

    @property
    def is_running(self) -> bool:
        """Whether batches are being trained, one after another."""
        return self._control.is_running and not self.problem

    def start(self) -> None:
        """Train on."""
        self._control.start()
        self._begin()

    def pause(self) -> None:
        """Pause after the current batch."""
        self._control.pause()

    def step(self) -> None:
        """Train one batch, then pause."""
        self._control.step()
        self._begin()

    def set_speed(self, epochs_per_second: float | None) -> None:
        """Set how many epochs are trained in a second at most; None for as many as possible."""
        self._control.set_speed(epochs_per_second)

    def close(self) -> None:
        """End the training after the current batch, and those that `step` has asked for."""
        self._control.close()
        if self._thread.ident is not None:
            self._thread.join()

    def twin(self) -> Sequential:
        """Return a network with the parameters that the training has reached.

        Returns
        -------
        Sequential
            A network of its own, for the thread that asks for it.
        """
        twin = self.settings.model(self.points)
        twin.parameters.theta[...] = self.progress.theta
        return twin

    def check(self) -> Report:
        """Check the gradients of the network, at the parameters that the training has reached.

        Returns
        -------
        Report
            The report of the `GradientChecker`.

        Raises
        ------
        NonFiniteError
            If the network has outputs that are not finite.
        """
        X, Y = (array[:CHECKED_EXAMPLES] for array in self.points.train)
        with np.errstate(all="ignore"):
            return GradientChecker(self.twin()).check(X, Y)

    def _begin(self) -> None:
        if self._thread.ident is None:
            self._thread.start()

    def _train(self) -> None:
        X, Y = self.points.train
        try:
            history = self._model.fit(
                X,
                Y,
                optimizer=self.settings.new_optimizer(),
                epochs=MAX_EPOCHS,
                batch_size=self.settings.batch_size,
                validation=self.points.validation,
                callbacks=[_Watcher(self), self._control],
                progress=False,
            )
            if history.stopped != CLOSED:
                self.problem = history.stopped or f"{MAX_EPOCHS:,} epochs are trained"
        except MinidlError as error:
            self.problem = str(error)
