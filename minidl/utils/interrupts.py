"""Ctrl-C, which may come within any function."""

from __future__ import annotations

from collections.abc import Callable


def finish(restore: Callable[[], object]) -> None:
    """Call a function that gives something back; if Ctrl-C interrupts it, call it once more.

    Half of what it gives back would be worse than nothing: a layer without its attributes.

    Parameters
    ----------
    restore : callable
        The function, which does the same when it is called twice.

    Raises
    ------
    KeyboardInterrupt
        When the second call has ended.

    Examples
    --------
    >>> layer = {}
    >>> finish(lambda: layer.update(size=3))
    >>> layer
    {'size': 3}
    """
    try:
        restore()
    except KeyboardInterrupt:
        restore()
        raise
