"""Loss over epochs, and loss over learning rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ..drawing.curves import draw_curves
from ..drawing.figure import COLOURS, GREY, single_axes
from ..drawing.looks import adapt
from ..errors import ArgumentError
from ..training.history import History
from ..utils.typing import Array


def learning_curves(
    history: History | Mapping[str, History],
    *,
    metric: str = "loss",
    against: str | None = None,
    held_out: str | None = "validation",
    axes: Any = None,
) -> Any:
    """Plot a metric over the epochs of one or several trainings.

    The training curve is solid; the validation curve, if the history has one, is dashed.

    Parameters
    ----------
    history : History or dict of str to History
        What `Sequential.fit` returned, or several histories by name, which are compared. Of a
        name, 24 characters are drawn.
    metric : str, default "loss"
        The column of the history to plot, such as "accuracy". The column ``"val_" + metric`` is
        plotted too if the history has it.
    against : str, optional
        The column for the x axis, such as "seconds". By default, the epoch.
    held_out : str or None, default "validation"
        What the legend calls the dashed curve, such as "test"; None to leave it out.
    axes : matplotlib.axes.Axes, optional
        Where to plot. By default, a new figure of 7 x 4.5 inches.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the plot; `axes.figure.savefig(path)` saves it.

    Raises
    ------
    ArgumentError
        If a history is empty or does not have the column, or `axes` is not a single Axes.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> from minidl import History
    >>> history = History()
    >>> for loss in (0.7, 0.5, 0.4):
    ...     history.add({"loss": loss})
    >>> learning_curves(history).get_ylabel()
    'loss'
    """
    function = "learning_curves"
    named = history if isinstance(history, Mapping) else {"": history}
    if not named or any(not isinstance(value, History) for value in named.values()):
        raise ArgumentError(
            "history must be the History that fit returned, or a dict of them by name, "
            f"got {history!r} in {function}"
        )
    return draw_curves(
        history, metric, against=against, held_out=held_out, axes=axes, function=function
    )


class LearningRateCurve(Protocol):
    """The attributes that `learning_rate_curve` plots, those of `tuning.LearningRateSearch`."""

    learning_rates: Array
    raw_losses: Array
    losses: Array
    best_index: int
    suggestion: float | None


def learning_rate_curve(search: LearningRateCurve, *, axes: Any = None) -> Any:
    """Plot the losses of a learning-rate search over its learning rates.

    Parameters
    ----------
    search : LearningRateSearch
        What `tuning.lr_find` returned.
    axes : matplotlib.axes.Axes, optional
        Where to plot. By default, a new figure of 7 x 4.5 inches.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the plot; the x axis is logarithmic.

    Raises
    ------
    ArgumentError
        If `search` is not the result of `lr_find`, or `axes` is not a single Axes.
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    minidl.tuning.lr_find : Suggests a learning rate.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl.tuning import LearningRateSearch
    >>> search = LearningRateSearch(np.geomspace(1e-4, 1, 20), np.linspace(1.0, 0.5, 20), 20)
    >>> learning_rate_curve(search).get_xscale()
    'log'
    """
    fields = LearningRateCurve.__annotations__
    if not all(hasattr(search, field) for field in fields):
        raise ArgumentError(
            f"search must be what lr_find returned, got {search!r} in learning_rate_curve"
        )
    axes = single_axes(axes, "learning_rate_curve", 7, 4.5)
    axes.plot(
        search.learning_rates,
        search.raw_losses,
        ".",
        color=GREY,
        alpha=0.5,
        markersize=5,
        label="loss of each batch",
    )
    axes.plot(
        search.learning_rates, search.losses, color=COLOURS[0], linewidth=1.8, label="smoothed"
    )
    # The losses of the first quarter, before the loss falls, set the scale: it may explode later.
    n_early = max(3, len(search.learning_rates) // 4)
    low, high = search.raw_losses.min(), search.raw_losses[:n_early].max()
    height = max(high - low, 1e-3 * abs(high), 1e-12)
    axes.set_ylim(low - 0.1 * height, high + 0.2 * height)
    title = "Loss while the learning rate rises from step to step"
    if search.suggestion is None:
        title += "\nno suggestion: the loss fell by no more than its noise"
    else:
        _mark_suggestion(axes, search, search.suggestion)
    axes.set(
        xscale="log",
        xlabel="learning rate of the step (logarithmic)",
        ylabel="loss after the step",
        title=title,
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left", framealpha=0.9)
    return adapt(axes)


def _mark_suggestion(axes: Any, search: LearningRateCurve, suggestion: float) -> None:
    best_rate = search.learning_rates[search.best_index]
    axes.plot(
        best_rate,
        search.losses[search.best_index],
        "o",
        color=COLOURS[0],
        markersize=7,
        label=f"minimum at {best_rate:.2g}",
    )
    axes.axvline(
        suggestion,
        color=COLOURS[1],
        linestyle="--",
        label=f"suggestion (a fifth): {suggestion:.2g}",
    )
