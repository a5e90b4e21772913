"""The history of a training, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..errors import ArgumentError

__all__ = [
    "History",
]


class History:
    """Per-epoch lists of a call of `fit`, by name.

    "loss" and "accuracy" are means before each update, with penalties and dropout; "val_loss" and "val_accuracy" are taken after the
    epoch, without; "learning_rate" is a schedule's last. `stopped` tells why training ended early, `seconds` how long it took.
    """

    def __init__(self) -> None:
        self.columns: dict[str, list[float]] = {}
        self.stopped: str | None = None
        self.seconds = 0.0

    def add(self, row: dict[str, float]) -> None:
        """Append the numbers of one epoch."""
        for name, number in row.items():
            self.columns.setdefault(name, []).append(number)

    @property
    def loss(self) -> list[float]:
        """The training loss of each epoch."""
        return self.columns.get("loss", [])

    @property
    def epochs(self) -> int:
        """The number of complete epochs."""
        return len(self.loss)

    @property
    def _watched(self) -> str:
        return "val_loss" if "val_loss" in self else "loss"

    def best_epoch(self, monitor: str | None = None) -> int:
        """Return the number, from 1, of the first epoch with the best `monitor`: by default "val_loss", else "loss"."""
        name = monitor or self._watched
        numbers = self[name]
        if not numbers:
            raise ArgumentError("the history holds no epoch yet")
        known = [number for number in numbers if not math.isnan(number)] or numbers
        return numbers.index(max(known) if higher_is_better(name) else min(known)) + 1

    def __getitem__(self, name: str) -> list[float]:
        if name == "loss":
            return self.loss
        if name not in self.columns:
            raise ArgumentError(
                f"the history has no {name!r}: it has {', '.join(self.columns) or 'nothing yet'}"
            )
        return self.columns[name]

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return self.epochs

    def __str__(self) -> str:
        if not self.epochs:
            return "no epoch yet"
        best = self.best_epoch()
        step = max(1, self.epochs // 8)
        wide = max(5, len(str(self.epochs)))
        lines = [f"{'epoch':>{wide}}" + "".join(f" {name:>6}" for name in self.columns)]
        for epoch in sorted({1, self.epochs, best, *range(step, self.epochs + 1, step)}):
            cells = [
                f"{column[epoch - 1]:.{'2e' if name == 'learning_rate' else '4f'}}"
                for name, column in self.columns.items()
            ]
            row = "".join(
                f" {cell:>{max(6, len(name))}}"
                for name, cell in zip(self.columns, cells, strict=True)
            )
            lines.append(
                f"{epoch:>{wide}}{row}" + (f"  best {self._watched}" if epoch == best else "")
            )
        return "\n".join(lines + ([f"stopped: {self.stopped}"] if self.stopped else []))

    def __repr__(self) -> str:
        last = ", ".join(f"{name}={column[-1]:.4g}" for name, column in self.columns.items())
        return f"History({self.epochs} epochs: {last})"


def higher_is_better(name: str) -> bool:
    """Return whether `name` is an accuracy."""
    return name.endswith("accuracy")
