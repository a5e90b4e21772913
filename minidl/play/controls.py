"""The widgets with which a user chooses the set and the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from bokeh.models import Select, TextInput

from ..escaping import shortened
from .playground import SPEED
from .points import PointSet
from .settings import (
    ACTIVATIONS,
    BATCH_SIZES,
    DROPOUT_RATES,
    L2_COEFFICIENTS,
    LEARNING_RATES,
    OPTIMIZERS,
    Settings,
    widths_of,
)

SPEEDS: dict[str, float | None] = {
    "2 epochs a second": 2.0,
    "20 epochs a second": SPEED,
    "as fast as it can": None,
}


def _labelled(values: Iterable[Any]) -> dict[str, Any]:
    return {"all" if value is None else f"{value:,}": value for value in values}


CHOICES: dict[str, tuple[str, dict[str, Any]]] = {
    "activation": ("Activation", {name: name for name in ACTIVATIONS}),
    "optimizer": ("Optimizer", {name: name for name in OPTIMIZERS}),
    "learning_rate": ("Learning rate", _labelled(LEARNING_RATES)),
    "batch_size": ("Batch size", _labelled(BATCH_SIZES)),
    "l2": ("L2 penalty", _labelled(L2_COEFFICIENTS)),
    "dropout": ("Dropout rate", _labelled(DROPOUT_RATES)),
}
"""The fields of `Settings` that are chosen from a list: what it is called, labels and values."""


def select(title: str, options: Iterable[str], value: str, **more: Any) -> Any:
    """Return a list to choose from."""
    return Select(
        title=title, options=list(options), value=value, sizing_mode="stretch_width", **more
    )


class Controls:
    """The widgets of a tab.

    Parameters
    ----------
    sets : iterable of str
        The names of the sets.
    settings : Settings
        What is chosen at first.

    Attributes
    ----------
    dataset, x_axis, y_axis, speed : bokeh.models.Select
        The set, the features along both axes, the speed.
    """

    def __init__(self, sets: Iterable[str], settings: Settings) -> None:
        names = list(sets)
        self.dataset = select("Data", names, names[0], name="data")
        self.x_axis = select("Across", [], "", name="across")
        self.y_axis = select("Up", [], "", name="up")
        self.speed = select("Speed", SPEEDS, "20 epochs a second", name="speed")
        self._widths = TextInput(
            title="Units of the hidden layers",
            value=", ".join(map(str, settings.widths)),
            sizing_mode="stretch_width",
            name="widths",
        )
        self._chosen = {}
        for field, (title, values) in CHOICES.items():
            labels = {value: label for label, value in values.items()}
            self._chosen[field] = select(title, values, labels[getattr(settings, field)])
            self._chosen[field].name = field

    @property
    def widgets(self) -> list[Any]:
        """All widgets in their order on the page."""
        axes = [self.dataset, self.x_axis, self.y_axis]
        return [*axes, self._widths, *self._chosen.values(), self.speed]

    def on_settings(self, callback: Callable[[], None]) -> None:
        """Call a function whenever a setting is changed."""
        for widget in (self._widths, *self._chosen.values()):
            widget.on_change("value", lambda name, old, new: callback())

    def settings(self) -> Settings:
        """Return what is chosen, without a mistake.

        Raises
        ------
        ArgumentError
            If the units of the hidden layers are no numbers in their range.
        """
        chosen = {field: CHOICES[field][1][widget.value] for field, widget in self._chosen.items()}
        return Settings(widths=widths_of(self._widths.value), **chosen)

    def show_features(self, points: PointSet) -> None:
        """Offer the features of a set for the axes; of two only there is nothing to choose."""
        options = [(str(k), shortened(name)) for k, name in enumerate(points.features)]
        for number, widget in enumerate((self.x_axis, self.y_axis)):
            widget.options = options
            widget.value = str(number)
            widget.visible = len(options) > 2

    @property
    def features(self) -> tuple[int, int]:
        """The numbers of the features along both axes."""
        return int(self.x_axis.value), int(self.y_axis.value)

    @property
    def epochs_per_second(self) -> float | None:
        """The speed."""
        return SPEEDS[self.speed.value]
