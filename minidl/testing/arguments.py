"""Validation of the arguments of checks."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError
from ..utils.validation import is_integer


def check_instance(expected: type, value: Any) -> None:
    """Raise `ArgumentError` unless `value` is an instance of a class of minidl."""
    if not isinstance(value, expected):
        name = expected.__name__
        raise ArgumentError(
            f"{name.lower()} must be a {name}, got {value!r}: derive it from minidl.{name}"
        )


def check_count(name: str, value: Any, usual: int) -> None:
    """Raise `ArgumentError` unless `value` is an integer >= 1."""
    if not is_integer(value):
        raise ArgumentError(
            f"{name} must be an integer >= 1, got {value!r}: pass e.g. {name}={usual}"
        )
