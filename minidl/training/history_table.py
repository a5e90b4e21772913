"""Some epochs of a history as a table of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .history import History

_ROWS = 8
"""About how many epochs are shown, at equal distances."""


def history_table(history: History) -> list[tuple[str, ...]]:
    """Return some epochs of a history.

    Parameters
    ----------
    history : History
        A history with at least one epoch.

    Returns
    -------
    list of tuple of str
        The header, "epoch" and the names of the metrics; then the first epoch, the best one, the
        last one, and some between them, each with its number and its metrics.
    """
    interval = max(1, history.epochs // _ROWS)
    shown = {1, history.epochs, history.best_epoch()}
    shown |= {*range(interval, history.epochs + 1, interval)}
    return [
        ("epoch", *history),
        *((str(epoch), *_numbers(history, epoch)) for epoch in sorted(shown)),
    ]


def _numbers(history: History, epoch: int) -> list[str]:
    return [
        format(values[epoch - 1], ".2e" if name == "learning_rate" else ".4f")
        for name, values in history.columns.items()
    ]
