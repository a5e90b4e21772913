"""A history as HTML: its curves, and some of its epochs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from ..html_pages.figures import Picture, drawn
from ..html_pages.markup import Markup, element, joined
from ..html_pages.tables import facts, table
from .history_table import history_table

if TYPE_CHECKING:
    from .history import History

_MAX_CURVES = 4
_MAX_POINTS = 500
"""Epochs that a curve has: with thousands of them a page would exceed a megabyte."""
_NOT_DRAWN = "learning_rate"


def render_history(history: History, held_out: str = "validation") -> Markup:
    """Return a history as HTML.

    Parameters
    ----------
    history : History
        The history.
    held_out : str, default "validation"
        What the columns "val_..." are measured on.

    Returns
    -------
    Markup
        What happened, a figure for each metric, and a table; without an epoch, only that it has
        none.
    """
    if not history.epochs:
        return element("p", "No epochs yet.")
    header, *rows = history_table(history)
    step = -(-history.epochs // _MAX_POINTS)
    note = f"The curves show one epoch in {step}."
    best = history.best_epoch()
    monitor = history.default_monitor
    caption = f"Some epochs; the best {monitor} is that of epoch {best:,}"
    return joined(
        facts(_facts(history, monitor, best)),
        element("div", drawn(_curves(history, held_out, step)), class_="figures"),
        *[element("p", note, class_="muted")] * (step > 1),
        table(header, rows, caption=caption, numbers=header),
    )


def _facts(history: History, monitor: str, best: int) -> dict[str, str]:
    values = {
        "epochs": f"{history.epochs:,}",
        "time": f"{history.seconds:.1f} s",
        f"best {monitor}": f"{history[monitor][best - 1]:.4g}, epoch {best:,}",
    }
    if history.stopped:
        values["stopped"] = history.stopped
    return values


def _curves(history: History, held_out: str, step: int) -> Iterator[Picture]:
    """Yield a figure of each metric with that of the validation, of one of `step` epochs."""
    shown = _thinned(history, step)
    names = [name for name in history if not name.startswith("val_") and name != _NOT_DRAWN]
    for name in names[:_MAX_CURVES]:
        draw = partial(shown.plot, name, held_out=held_out, against="epoch" if step > 1 else None)
        yield Picture(draw, _alt(history, name, held_out))


def _thinned(history: History, step: int) -> History:
    """Return the last epoch and each `step`-th one before it, with their numbers."""
    if step == 1:
        return history
    thinned = type(history)()
    for epoch in range((history.epochs - 1) % step + 1, history.epochs + 1, step):
        metrics = {name: values[epoch - 1] for name, values in history.columns.items()}
        thinned.add(metrics | {"epoch": epoch})
    return thinned


def _alt(history: History, name: str, held_out: str) -> str:
    """Return in words what the curves of a metric show."""
    curves = {"training": name, held_out: f"val_{name}"}
    ways = [
        f"{subset} from {history[column][0]:.3g} to {history[column][-1]:.3g}"
        for subset, column in curves.items()
        if column in history
    ]
    return f"{name} over {history.epochs:,} epochs: {'; '.join(ways)}"
