"""What every command line here shares: values with their rules, errors in one line, plain JSON."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from .. import __version__
from ..errors import MinidlError


class Parser(argparse.ArgumentParser):
    """An argument parser that tells a mistake in one line, with status 2."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        settings = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False, **settings}
        super().__init__(*arguments, **settings)

    def error(self, message: str) -> NoReturn:
        """End the program with status 2."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())} (see {self.prog} --help)\n")


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the options that each command has."""
    parser.add_argument("--json", action="store_true", help="print JSON on stdout, and nothing else")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")


def number(kind: type, rule: str, fits: Callable[[Any], bool]) -> Callable[[str], Any]:
    """Return a type for argparse: a number of that `kind` for which `fits` is true; `rule` says so in words.

    Examples
    --------
    >>> number(int, "a whole number >= 1", lambda n: n >= 1)("7")
    7
    """

    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and fits(value)):
            raise argparse.ArgumentTypeError(f"must be {rule}, got {text!r}")
        return value

    return parse


WHOLE_OR_0 = number(int, "a whole number >= 0", lambda n: n >= 0)
WHOLE = number(int, "a whole number >= 1", lambda n: n >= 1)
POSITIVE = number(float, "a number > 0", lambda n: n > 0)
NOT_NEGATIVE = number(float, "a number >= 0", lambda n: n >= 0)
SHARE = number(float, "a number in (0, 1]", lambda n: 0 < n <= 1)
SEED = number(int, "a whole number from 0 to 2**32 - 1", lambda n: 0 <= n < 2**32)


def widths(text: str) -> list[int]:
    """Read "20,7,5" as [20, 7, 5], and "none" as [].

    Examples
    --------
    >>> widths("20,7,5"), widths("none")
    ([20, 7, 5], [])
    """
    try:
        found = [] if text == "none" else [int(part) for part in text.split(",")]
    except ValueError:
        found = [0]
    if any(width < 1 for width in found):
        raise argparse.ArgumentTypeError(f'must be whole numbers >= 1 with commas between, such as 20,7,5, or "none", got {text!r}')
    return found


def versions() -> dict[str, str]:
    """Return what numbers were computed with."""
    return {"minidl": __version__, "numpy": np.__version__, "python": sys.version.split()[0]}


def to_json(content: Mapping[str, Any]) -> str:
    """Return `content` as JSON, whose numbers that are not finite are null."""
    return json.dumps(_plain(content), indent=2, allow_nan=False)


def _plain(held: Any) -> Any:
    if isinstance(held, Mapping):
        return {str(name): _plain(value) for name, value in held.items()}
    if isinstance(held, list | tuple):
        return [_plain(value) for value in held]
    if isinstance(held, Path):
        return str(held)
    return None if isinstance(held, float) and not math.isfinite(held) else held


def guarded(name: str, run: Callable[[], int], *, debug: bool = False) -> int:
    """Run a program and return its exit status; an error is one line on stderr and status 1, Ctrl-C status 130.

    With `debug`, an error comes with its traceback.
    """
    try:
        status = run()
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read the output has gone, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if debug:
            raise
        known = isinstance(error, MinidlError | OSError | MemoryError)
        text = " ".join(str(error).split()) or type(error).__name__
        print(f"{name}: {text if known else f'unexpected {type(error).__name__}: {text} (--debug shows where)'}", file=sys.stderr)
        return 1
