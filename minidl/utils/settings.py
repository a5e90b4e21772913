"""The constructor arguments of a layer, loss or penalty as plain values."""

from __future__ import annotations

import inspect
from typing import Any

from ..errors import ArgumentError


def settings_of(owner: object) -> dict[str, Any]:
    """Return the arguments of the owner's __init__ by name: what its `settings()` returns, else its attributes of these names.

    Raises
    ------
    ArgumentError
        If one has no attribute, or is not a number, a text, a truth value, None, or a list of such.
    """
    own = getattr(owner, "settings", None)
    found = dict(own()) if callable(own) else init_arguments(owner)
    plain = {
        name: list(value) if isinstance(value, tuple) else value for name, value in found.items()
    }
    for name, value in plain.items():
        for item in value if isinstance(value, list) else [value]:
            if not isinstance(item, bool | int | float | str | None):
                raise _refusal(
                    owner, f"has the argument {name} = {item!r}, which is not a plain value"
                )
    return plain


def init_arguments(owner: object) -> dict[str, Any]:
    """Return the owner's attributes of the names of its arguments, of whatever type."""
    if type(owner).__init__ is object.__init__:
        return {}
    names = list(inspect.signature(type(owner).__init__).parameters)[1:]
    if lacking := [name for name in names if not hasattr(owner, name)]:
        raise _refusal(owner, f"has no attribute {lacking[0]!r} for its argument of that name")
    return {name: getattr(owner, name) for name in names}


def _refusal(owner: object, what: str) -> ArgumentError:
    cure = "define settings() to return the arguments of its __init__ as plain values"
    return ArgumentError(f"{type(owner).__name__} cannot be saved: it {what}; {cure}")
