"""Checks of the arguments that training, prediction and `MiniBatches` share."""

from __future__ import annotations

from ..errors import ArgumentError
from ..utils.validation import is_integer

MEMORY_LIMIT = 256 * 2**20
"""Bytes of rows that may be in memory at once, by default."""


def check_batch_size(batch_size: int | None) -> None:
    """Raise `ArgumentError` unless `batch_size` is None or an integer >= 1."""
    if not (batch_size is None or is_integer(batch_size)):
        rule = "batch_size must be an integer >= 1, or None for the whole set"
        raise ArgumentError(f"{rule}, got {batch_size!r}")


def check_memory_limit(memory_limit: int) -> None:
    """Raise `ArgumentError` unless `memory_limit` is an integer >= 1, in bytes."""
    if not is_integer(memory_limit):
        rule = "memory_limit must be an integer >= 1, in bytes, such as 256 * 2**20"
        raise ArgumentError(f"{rule}, got {memory_limit!r}")
