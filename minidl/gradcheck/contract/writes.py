"""Detect that a function writes into its arguments."""

from __future__ import annotations

from collections.abc import Callable

from ...utils.typing import Array


def read_only(array: Array) -> Array:
    """Return a read-only copy."""
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def detect_write(target: str, call: Callable[[], object]) -> str | None:
    """Return how `call` breaks the rule if it writes into a read-only array, called `target`."""
    try:
        call()
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        return f"it writes into {target}: {error}"
    return None
