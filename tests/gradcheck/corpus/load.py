"""All cases, from the files of `fields`."""

import importlib
import pkgutil

from . import fields
from .case import CASES


def all_cases(field=None):
    """Return the cases of a field, or of all, in the order of the files."""
    for module in pkgutil.iter_modules(fields.__path__):
        importlib.import_module(f"{fields.__name__}.{module.name}")
    return [one for one in CASES if field in (None, one.field)]
