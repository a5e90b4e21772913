"""Options of `minidl train` in a TOML file: read before those of the command line, and written."""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .. import ArgumentError, DataError, __version__
from ..escaping import escaped
from ..utils.atomic_files import read_bounded
from .suggestions import did_you_mean

DATASET = "dataset"  # the key of the argument without dashes
MAX_BYTES = 2**20
EITHER = {"layers": "net", "net": "layers"}  # of which one replaces the other
_NO_KEYS = {"command", "run", "set", "config"}
_NOT_REPEATED = {*_NO_KEYS, "json", "debug", "out", "checkpoint", "fresh"}


def settings_words(options: argparse.Namespace) -> list[str]:
    """Return the settings in the file of `--config` as words of a command line.

    Parameters
    ----------
    options : argparse.Namespace
        What was parsed of the command line alone.

    Returns
    -------
    list of str
        Such as ["moons", "--epochs=3"], without what the command line replaces.

    Raises
    ------
    DataError
        If the file is no TOML.
    ArgumentError
        If a key is not known, or its value can be no option.
    """
    known = {_key(name): name for name in vars(options) if name not in _NO_KEYS}
    words = []
    for key, value in _read(options.config).items():
        if key == DATASET:
            words += [_text(key, value)] if options.set is None else []
        elif key not in known:
            names = [DATASET, *known]
            cure = did_you_mean(key, names) or f": write one of {', '.join(names)}"
            raise ArgumentError(f"a key must be an option of minidl train, got {key!r}{cure}")
        elif isinstance(vars(options)[known[key]], bool):
            if not isinstance(value, bool):
                raise ArgumentError(f"{key} must be true or false, got {value!r}")
            words += [f"--{key}"] if value else []
        elif getattr(options, EITHER.get(key, ""), None) is None:
            words.append(f"--{key}={_text(key, value)}")
    return words


def _read(path: Path) -> dict[str, Any]:
    content = read_bounded(path, MAX_BYTES, "a file of settings", "name the right file")
    try:
        return tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise DataError(f'{path}: must be TOML, such as: epochs = 100, found "{error}"') from None


def _key(name: str) -> str:
    return name.replace("_", "-")


def _text(key: str, value: Any) -> str:
    """Return a value as the command line has it."""
    if isinstance(value, list):
        return ",".join(_text(key, item) for item in value)
    if isinstance(value, dict) or not isinstance(value, bool | int | float | str):
        raise ArgumentError(f"{key} must be a number, a text or a list of them, got {value!r}")
    return str(value)


def settings_text(options: argparse.Namespace, source: str) -> str:
    """Return the settings of a training as a file for `--config`.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options, with the defaults filled in.
    source : str
        Where the data is from, for a comment.

    Returns
    -------
    str
        All that decides about the result, and nothing that says where it is written.
    """
    return "".join(f"{line}\n" for line in _lines(options, source))


def _lines(options: argparse.Namespace, source: str) -> Iterator[str]:
    python = sys.version.split()[0]
    yield "# minidl train --config THIS_FILE repeats the training; --out DIR writes its results."
    yield f"# minidl {__version__}, NumPy {np.__version__}, Python {python}"
    yield f"# {escaped(source)}"
    yield f"{DATASET} = {_value(options.set)}"
    for name, value in vars(options).items():
        if name == "layers":  # those of the default are there beside --net, too
            value = None if options.net is not None else value or "none"
        is_given = value is not None and value is not False and value != []
        if name not in _NOT_REPEATED and is_given:
            yield f"{_key(name)} = {_value(value)}"


def _value(value: Any) -> str:
    """Return a value as TOML has it, whose texts and lists are those of JSON but for DEL."""
    if isinstance(value, Path | str):  # bytes of a path that are no text are written as repr does
        value = str(value).encode("utf-8", "backslashreplace").decode()
    return json.dumps(value, ensure_ascii=False).replace("\x7f", r"\u007f")
