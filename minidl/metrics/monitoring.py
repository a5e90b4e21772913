"""Which values of a column of the history are better: for what monitors one."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import ArgumentError
from .table import direction, metric_of_name

Directions = Mapping[str, bool | None]


def higher_is_better(
    name: str, given: bool | None = None, directions: Directions | None = None
) -> bool:
    """Return whether a larger value of a column is a better one.

    Parameters
    ----------
    name : str
        The name of the column, such as "val_loss".
    given : bool, optional
        What the user says of it.
    directions : mapping of str to bool or None, optional
        What is known of the columns, as `TrainingRun.directions`.

    Returns
    -------
    bool
        What the user says, else what is known, else what the name tells: True for "accuracy",
        "f1" and their like, and for a name that ends in "_score".
    """
    for known in (given, (directions or {}).get(name), direction(name)):
        if known is not None:
            return known
    return False


def check_monitored(name: str, given: bool | None, directions: Directions, owner: object) -> None:
    """Raise `ArgumentError` unless a training can monitor a column.

    Parameters
    ----------
    name : str
        The name of the column.
    given : bool, optional
        Whether a larger value is a better one, as the user says.
    directions : mapping of str to bool or None
        Whether it is, of each column that the history will have; None if it is unknown.
    owner : object
        What monitors it, for the message.

    Raises
    ------
    ArgumentError
        If the history will have no such column, or nobody knows which values are better.
    """
    rule = f"{type(owner).__name__} monitors {name!r}"
    if name not in directions:
        base = str(name).removeprefix("val_")
        arguments = []
        if str(name).startswith("val_") and not any(map(is_of_validation, directions)):
            arguments.append("validation=(X, Y)")
        if base not in directions and metric_of_name(base) is not None:
            arguments.append(f"metrics=[{base!r}]")
        cure = f": pass fit({', '.join(arguments)})" if arguments else ""
        raise ArgumentError(f"{rule}, but the history will have only {', '.join(directions)}{cure}")
    if not (given is None or isinstance(given, bool)):
        raise ArgumentError(f"higher_is_better must be True, False or None, got {given!r}")
    if given is None and directions[name] is None:
        raise ArgumentError(
            f"{rule}, a metric of which only you know whether a larger value is better: pass "
            "higher_is_better=True or False"
        )


def is_of_validation(name: str) -> bool:
    """Return whether a column is that of the validation set."""
    return name.startswith("val_")
