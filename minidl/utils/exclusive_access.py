"""A lock that a training leaves to others between two steps."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock, RLock
from typing import NoReturn, Self

from ..errors import ArgumentError


class ExclusiveAccess:
    """A context in which one thread at a time uses a model's layers, loss and parameters.

    A thread may enter it again.

    Attributes
    ----------
    lock : threading.RLock
        What the context holds. A training enters it instead, and leaves it while hooks of
        callbacks run, and where a thread waits for it.
    training : threading.Lock
        What a training holds.
    is_wanted : bool
        Whether a thread is waiting.

    Examples
    --------
    >>> access = ExclusiveAccess()
    >>> with access:
    ...     access.is_training
    False
    """

    # Without a __dict__: the gradient checker's snapshots do not enter it.
    __slots__ = ("_queue", "is_wanted", "lock", "training")

    def __init__(self) -> None:
        self.lock = RLock()
        self._queue = Lock()  # one thread waits for `lock`, all others for this
        self.training = Lock()
        self.is_wanted = False

    def __enter__(self) -> Self:
        if not self.lock.acquire(False):  # by position: a keyword takes longer
            self.wait()
        return self

    def __exit__(self, *error: object) -> None:
        self.lock.release()

    def wait(self) -> None:
        """Wait for the lock, and let a training know that somebody waits."""
        with self._queue:
            self.is_wanted = True
            try:
                self.lock.acquire()
            except BaseException:  # Ctrl-C
                with suppress(RuntimeError):  # if it came before the lock was held
                    self.lock.release()
                raise
            finally:
                self.is_wanted = False

    def let_others(self) -> None:
        """Leave the lock, which must be held once, until a thread that waits for it has had it.

        To leave it and enter it again at once would keep all others waiting: leaving wakes a
        thread, but does not wait for it.
        """
        self.lock.release()
        try:
            with self._queue:
                pass
        finally:
            self.lock.acquire()

    @property
    def is_training(self) -> bool:
        """Whether a training is running, in whichever thread. Read inside of the context."""
        return self.training.locked()

    def claim_training(self) -> Lock:
        """Return the lock that a training holds from its beginning to its end.

        Returns
        -------
        threading.Lock
            To be entered by ``with``, which leaves it whenever Ctrl-C comes: code of Python at its
            end could be interrupted before it does.

        Raises
        ------
        ArgumentError
            At once, if a training is running; nothing has changed then.
        """
        if self.training.locked():
            self.refuse_training()
        return self.training

    @staticmethod
    def refuse_training() -> NoReturn:
        """Raise the error of a second training.

        Raises
        ------
        ArgumentError
            In any case.
        """
        raise ArgumentError(
            "a model takes one training at a time, got a second call of fit while one is running "
            "(in another thread, or in a callback): wait for its end, or train a copy.deepcopy of "
            "the model"
        )
