"""The options of a command as a page shows them."""

from __future__ import annotations

import argparse
from typing import Any

_NOT_SETTINGS = ("command", "run", "json", "debug")


def settings_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options that say what is computed.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options, with the defaults filled in.

    Returns
    -------
    dict
        Their values by name.
    """
    return {name: value for name, value in vars(options).items() if name not in _NOT_SETTINGS}


def setting_texts(options: argparse.Namespace) -> dict[str, str]:
    """Return the options that have a value, as texts.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options, with the defaults filled in.

    Returns
    -------
    dict of str to str
        Their values, by the names that they have on the command line.

    Examples
    --------
    >>> setting_texts(argparse.Namespace(layers=[16, 16], batch_size=None, fresh=False, l2=0.1))
    {'layers': '16, 16', 'l2': '0.1'}
    """
    return {
        name.replace("_", "-"): _text(value)
        for name, value in settings_of(options).items()
        if value is not None and value is not False and value not in ([], ())
    }


def _text(value: Any) -> str:
    if value is True:
        return "yes"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
