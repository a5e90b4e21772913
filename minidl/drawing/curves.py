"""A metric over the epochs of one or several trainings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from ..errors import ArgumentError
from ..escaping import PLAIN_TEXT, shortened
from .figure import COLOURS, add_legend, single_axes
from .looks import adapt


class Columns(Protocol):
    """What is read of a `History`."""

    @property
    def epochs(self) -> int:
        """The number of epochs."""

    def __getitem__(self, name: str, /) -> Sequence[float]: ...

    def __contains__(self, name: object, /) -> bool: ...


def draw_curves(
    histories: Columns | Mapping[str, Columns],
    metric: str,
    *,
    against: str | None,
    held_out: str | None,
    axes: Any,
    function: str,
) -> Any:
    """Draw a metric of one history, or of several by name.

    Parameters
    ----------
    histories : History or dict of str to History
        A single one has a colour for each curve, several have a colour for each history.
    metric : str
        The column to draw; the column ``"val_" + metric`` is drawn, too, if there is one.
    against : str or None
        The column for the x axis; None for the epoch.
    held_out : str or None
        What the legend calls the curve of validation; None to leave it out.
    axes : matplotlib.axes.Axes or None
        Where to draw; None for a new figure.
    function : str
        What the user has called, for the messages.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    if held_out is not None and not isinstance(held_out, str):
        raise ArgumentError(f"held_out must be a name or None, got {held_out!r} in {function}")
    curves = list(_curves(histories, metric, against, held_out, function))
    axes = single_axes(axes, function, 7, 4.5)
    drawn = []
    for curve in curves:
        (line,) = axes.plot(
            curve.x,
            curve.y,
            curve.style,
            color=curve.colour,
            label=curve.label,
            linewidth=1.4,
            marker="o" if len(curve.y) == 1 else None,  # a line of one point would be invisible
        )
        drawn.append((line, curve.label))
    x_name = shortened(against) if against else "epoch (one pass over the training examples)"
    y_name = shortened(metric)
    axes.set_xlabel(x_name, **PLAIN_TEXT)
    axes.set_ylabel(y_name, **PLAIN_TEXT)
    axes.set_title(f"{y_name[:1].upper()}{y_name[1:]} during training", **PLAIN_TEXT)
    axes.grid(alpha=0.3)
    add_legend(axes, drawn)
    return adapt(axes)


class _Curve(NamedTuple):
    x: Sequence[float]
    y: Sequence[float]
    style: str
    colour: str
    label: str


def _curves(
    histories: Columns | Mapping[str, Columns],
    metric: str,
    against: str | None,
    held_out: str | None,
    function: str,
) -> Iterator[_Curve]:
    is_comparison = isinstance(histories, Mapping)
    named: Mapping[str, Columns] = histories if isinstance(histories, Mapping) else {"": histories}
    for number, (name, columns) in enumerate(named.items()):
        if not columns.epochs:
            note = f" of {name!r}" if is_comparison else ""
            raise ArgumentError(
                f"the history{note} must have at least one epoch, got none in {function}: "
                "train first"
            )
        x = range(1, columns.epochs + 1) if against is None else columns[against]
        validation = f"val_{metric}"
        subsets = [("training", metric)]
        if held_out is not None and validation in columns:
            subsets += [(shortened(held_out), validation)]
        for subset, column in subsets:
            if is_comparison:
                label = shortened(name)
                label += f", {subset}" if len(subsets) > 1 else ""
                colour = number
            else:
                label = subset
                colour = 0 if column == metric else 1
            style = "-" if column == metric else "--"
            yield _Curve(x, columns[column], style, COLOURS[colour % len(COLOURS)], label)
