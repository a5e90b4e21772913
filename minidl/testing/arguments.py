"""Validation of the object to be checked."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError


def check_instance(expected: type, value: Any) -> None:
    """Raise `ArgumentError` unless `value` is an instance of a class of minidl."""
    if not isinstance(value, expected):
        name = expected.__name__
        raise ArgumentError(
            f"{name.lower()} must be a {name}, got {value!r}: derive it from minidl.{name}"
        )
