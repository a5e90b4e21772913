"""Warnings that point at the user's line."""

from __future__ import annotations

import inspect
import os
import warnings
from pathlib import Path

from ..escaping import escaped

_PACKAGE = str(Path(__file__).parents[1]) + os.sep


def warn_user(message: str, category: type[Warning]) -> None:
    """Issue a warning for the innermost line outside of this package that led here."""
    frame = inspect.currentframe()
    level = 1
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
        level += 1
    warnings.warn(escaped(message), category, stacklevel=level)
