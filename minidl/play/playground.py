"""What one browser tab plays with: a set, the settings, the training, and what is to be drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..gradcheck.report.report import Report
from .broken_layers import mistakes_of
from .mistakes import Mistake
from .pictures import Pictures, Plane, draw
from .points import PointSet
from .session import Progress, TrainingSession
from .settings import Settings

SPEED = 20.0
Sets = Mapping[str, Callable[[], PointSet]]


class Drawing(NamedTuple):
    """What is to be drawn of a training.

    Parameters
    ----------
    progress : Progress
        What it has reached.
    pictures : Pictures
        The pictures of the network.
    """

    progress: Progress
    pictures: Pictures


class Playground:
    """A set, settings, and the training that follows from them.

    A change of the set or of the settings begins a new training, from the same weights; it runs at
    once if the old one did. The old curves are kept to compare them.

    Parameters
    ----------
    sets : mapping of str to callable
        The functions that return the sets; the first one is shown first.

    Attributes
    ----------
    points : PointSet
        The set.
    settings : Settings
        The settings.
    session : TrainingSession
        The training.
    plane : Plane
        The part of the plane that is drawn.
    earlier : Progress or None
        What the training before the last change had reached.
    epochs_per_second : float or None
        At most this many are trained in a second.

    Examples
    --------
    >>> from minidl.play.points import drawn_sets
    >>> playground = Playground(drawn_sets())
    >>> drawing = playground.drawing()
    >>> drawing.progress.epoch, [layer.title for layer in drawing.pictures.units]
    (0, ['layer 0, Linear(2, 8)', 'layer 2, Linear(8, 8)'])
    >>> playground.drawing() is None  # nothing has changed
    True
    >>> playground.close()
    """

    def __init__(self, sets: Sets) -> None:
        self._sets = sets
        self.points = next(iter(sets.values()))()
        self.settings = Settings()
        self.epochs_per_second: float | None = SPEED
        self.earlier: Progress | None = None
        self.plane = Plane.around(self.points, (0, 1))
        self._drawn: Progress | None = None
        self.session = self._new_session()

    def choose_set(self, name: str) -> None:
        """Take another set.

        Parameters
        ----------
        name : str
            Its name in the sets.
        """
        self.points = self._sets[name]()
        self.plane = Plane.around(self.points, (0, 1))
        self._restart()
        self.earlier = None  # its curves are of other examples

    def choose_features(self, x: int, y: int) -> None:
        """Draw the plane of two other features; the training goes on.

        Parameters
        ----------
        x, y : int
            The numbers of the features along both axes.
        """
        self.plane = Plane.around(self.points, (x, y))
        self._drawn = None

    def choose_settings(self, settings: Settings) -> None:
        """Take other settings.

        Parameters
        ----------
        settings : Settings
            All of them.
        """
        if settings != self.settings:
            self.settings = settings
            self._restart()

    def choose_speed(self, epochs_per_second: float | None) -> None:
        """Take another speed; the training goes on.

        Parameters
        ----------
        epochs_per_second : float or None
            At most this many are trained in a second; None for as many as possible.
        """
        self.epochs_per_second = epochs_per_second
        self.session.set_speed(epochs_per_second)

    def reset(self) -> None:
        """Begin the training anew, paused and without the earlier curves."""
        self.session.pause()
        self._restart()
        self.earlier = None

    def close(self) -> None:
        """End the training."""
        self.session.close()

    def drawing(self) -> Drawing | None:
        """Return what is to be drawn, None if that has not changed since the last call."""
        progress = self.session.progress
        if progress is self._drawn:
            return None
        self._drawn = progress
        self._network.parameters.theta[...] = progress.theta
        return Drawing(progress, draw(self._network, self.plane))

    def breakable_layers(self) -> dict[int, str]:
        """Return the layers in which a mistake can be made.

        Returns
        -------
        dict of int to str
            The number of each layer, and what it is called. Without the last one, whose gradient is
            that of the loss.
        """
        plan = self.settings.plan(self.points)[:-1]
        return {number: f"layer {number}, {layer}" for number, layer in enumerate(plan)}

    def mistakes(self, number: int) -> dict[str, Mistake]:
        """Return the mistakes that can be made in a layer, by title.

        Parameters
        ----------
        number : int
            The number of the layer.
        """
        kind, arguments, _ = self.settings.plan(self.points)[number]
        return mistakes_of(kind, *arguments)

    def check(self) -> Report:
        """Check the gradients of the network as it is now."""
        return self.session.check()

    def _restart(self) -> None:
        old = self.session
        is_running = old.is_running
        old.close()
        self.earlier = old.progress if old.progress.epochs else None
        self.session = self._new_session()
        if is_running:
            self.session.start()

    def _new_session(self) -> TrainingSession:
        self._drawn = None
        self._network = self.settings.model(self.points)
        return TrainingSession(self.points, self.settings, self.epochs_per_second)
