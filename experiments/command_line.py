"""What the command lines of the studies share: values with their rules, and files that are written whole."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def number(kind: type, rule: str, fits: Callable[[Any], bool]) -> Callable[[str], Any]:
    """Return a type for argparse: a number of that `kind` for which `fits` is true; `rule` says so in words."""

    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and fits(value)):
            raise argparse.ArgumentTypeError(f"must be {rule}, got {text!r}")
        return value

    return parse


def widths(text: str) -> list[int]:
    """Read "20,7,5" as [20, 7, 5], and "none" as []."""
    try:
        found = [] if text == "none" else [int(part) for part in text.split(",")]
    except ValueError:
        found = [0]
    if any(width < 1 for width in found):
        raise argparse.ArgumentTypeError(f'must be whole numbers >= 1 with commas between, such as 20,7,5, or "none", got {text!r}')
    return found


def write_whole(path: Path, content: bytes) -> None:
    """Write beside the goal, then give it its name: a file is whole or not there."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
