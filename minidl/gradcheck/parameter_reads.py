"""Note which parameters and buffers are read, while a check asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from threading import Lock
from typing import Any, TypeAlias

from ..buffers import Buffer
from ..parameters import Parameter

Member: TypeAlias = Parameter | Buffer

_PROPERTIES = ((Parameter, "value"), (Parameter, "grad"), (Buffer, "value"))

_reads: ContextVar[list[Member] | None] = ContextVar("reads", default=None)
_lock = Lock()
_originals: dict[tuple[type, str], Any] = {}
_n_contexts = 0


@contextmanager
def recorded_reads() -> Iterator[list[Member]]:
    """Record each `Parameter` and `Buffer` whose value or gradient is read in this context.

    In the meantime their properties are replaced in the class, so that reading costs nothing
    outside of checks. What another thread reads is not recorded, and gives what it always gives.

    Yields
    ------
    list of (Parameter or Buffer)
        It is filled in the order of the reads. Assigning to `value` or `grad` reads them, too.
    """
    reads: list[Member] = []
    token = _reads.set(reads)
    _enter()
    try:
        yield reads
    finally:
        _leave()
        _reads.reset(token)


def _enter() -> None:
    """Replace the properties, unless another context has done so."""
    global _n_contexts
    with _lock:
        _n_contexts += 1
        if _n_contexts > 1:
            return
        for owner, name in _PROPERTIES:
            original = _originals[owner, name] = vars(owner)[name]
            setattr(owner, name, original.getter(_recording(original.fget)))


def _leave() -> None:
    """Restore the properties at the end of the last context."""
    global _n_contexts
    with _lock:
        _n_contexts -= 1
        if not _n_contexts:
            for (owner, name), original in _originals.items():
                setattr(owner, name, original)


def _recording(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @wraps(read)
    def read_and_record(member: Any) -> Any:
        reads = _reads.get()
        if reads is not None:
            reads.append(member)
        return read(member)

    return read_and_record
