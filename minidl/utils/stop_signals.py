"""SIGINT and SIGTERM, which end a training after a step instead of within it."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Self


class StopSignals:
    """Notes the first SIGINT (Ctrl-C) or SIGTERM while it is in use; a second acts as before.

    A signal that is ignored stays ignored, and so does a handler stay that was not installed from
    Python, since it could not be installed again. Python delivers signals to the main thread:
    nothing is noted in others.

    Attributes
    ----------
    received : signal.Signals or None
        The signal that was noted.

    Examples
    --------
    >>> with StopSignals() as signals:
    ...     signal.raise_signal(signal.SIGINT)
    ...     print(signals.received.name)
    SIGINT
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._previous_handlers: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                handler = signal.getsignal(number)
                if handler not in (None, signal.SIG_IGN):
                    self._previous_handlers[number] = handler
                    signal.signal(number, self._note)
        return self

    def __exit__(self, *exception: object) -> None:
        self._restore_handlers()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received = signal.Signals(number)
        self._restore_handlers()  # the next signal acts as before
        previous = self._previous_handlers[number]
        if isinstance(getattr(previous, "__self__", None), StopSignals):
            previous(number, frame)  # of a training around this one, which ends, too

    def _restore_handlers(self) -> None:
        for number, handler in self._previous_handlers.items():
            if signal.getsignal(number) == self._note:  # else it is another's by now
                signal.signal(number, handler)
