"""Pictures of the loss: while a model learns, and over the learning rates that were tried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ArgumentError
from ..history import History
from .canvas import COLOURS, GREY, axes_for


def learning_curves(
    history: History | Mapping[str, History], *, measure: str = "loss", against: str | None = None, axes: Any = None
) -> Any:
    """Draw how the loss falls while a model learns, on the training examples and on the validation examples where there are some.

    Parameters
    ----------
    history : History or dict of str to History
        What `fit` returned; several by their names, to compare.
    measure : str, default "loss"
        What to draw: "loss", "accuracy", or another name in the history. A column `"val_" + measure` is drawn with it, dashed.
    against : str, optional
        A name in the history for the horizontal axis, such as the "seconds" of a callback; by default the number of the epoch.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ArgumentError
        If a history is empty or has no such column.
    """
    several = isinstance(history, Mapping)
    histories: Mapping[str, History] = history if isinstance(history, Mapping) else {"": history}
    if not histories or any(not isinstance(one, History) for one in histories.values()):
        raise ArgumentError(f"history must be the History that fit returned, or a dict of them by name, got {history!r} in learning_curves")
    curves = []
    for i, (name, one) in enumerate(histories.items()):
        if not one.epochs:
            raise ArgumentError(f"the history{f' of {name!r}' if several else ''} holds no epoch yet in learning_curves: train first")
        x = range(1, one.epochs + 1) if against is None else one[against]
        for j, column in enumerate([measure, f"val_{measure}"] if f"val_{measure}" in one else [measure]):
            part = ("training", "validation")[j]
            label = f"{name}, {part}" if several and f"val_{measure}" in one else name if several else part
            curves.append((x, one[column], label, COLOURS[(i if several else j) % len(COLOURS)], "-" if j == 0 else "--"))
    axes = axes_for(axes, "learning_curves", (7, 4.5))
    for x, y, label, colour, style in curves:
        axes.plot(x, y, style, color=colour, label=label, linewidth=1.4, marker="o" if len(y) == 1 else None)
    axes.set(
        xlabel=against or "epoch (one pass over the training examples)", ylabel=measure, title=f"{measure.capitalize()} while learning"
    )
    axes.grid(alpha=0.3)
    axes.legend()
    return axes


def rate_search(search: Any, *, axes: Any = None) -> Any:
    """Draw how the loss went as the learning rate rose, step by step, and where the suggestion lies.

    Parameters
    ----------
    search : RateSearch
        What `minidl.tuning.lr_find` returned.
    axes : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ArgumentError
        If `search` is something else.
    """
    if lacking := [name for name in ("rates", "raw", "losses", "least", "suggestion") if not hasattr(search, name)]:
        raise ArgumentError(f"search must be what lr_find returned, got {search!r} without {lacking[0]} in rate_search")
    axes = axes_for(axes, "rate_search", (7, 4.5))
    axes.plot(search.rates, search.raw, ".", color=GREY, alpha=0.5, markersize=5, label="loss of each batch")
    axes.plot(search.rates, search.losses, color=COLOURS[0], linewidth=1.8, label="smoothed")
    early = max(3, len(search.rates) // 4)  # where the loss is what it was at the start; above that, it only goes up
    low = min(float(search.losses.min()), float(search.raw.min()))
    high = max(float(search.losses[:early].max()), sorted(search.raw[:early])[-max(1, early // 10)])
    room = max(high - low, 1e-3 * abs(high), 1e-12)
    axes.set_ylim(low - 0.1 * room, high + 0.2 * room)
    if search.suggestion is not None:
        rate = search.rates[search.least]
        axes.plot(rate, search.losses[search.least], "o", color=COLOURS[0], markersize=7, label=f"least, at {rate:.2g}")
        axes.axvline(search.suggestion, color=COLOURS[1], linestyle="--", label=f"suggestion: a fifth, {search.suggestion:.2g}")
    axes.set_xscale("log")
    axes.set(xlabel="learning rate of the step (logarithmic)", ylabel="loss after the step")
    title = "Loss while the learning rate rises from step to step"
    axes.set_title(title if search.suggestion is not None else f"{title}\nno suggestion: it fell by no more than its noise")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left", framealpha=0.9)
    return axes
