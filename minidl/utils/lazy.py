"""Packages whose modules are imported when their names are first used (PEP 562)."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

_NAME = re.compile(r"^from \.([\w.]+) import (\w+) as \2$", re.MULTILINE)
_SUBMODULE = re.compile(r"^from \. import (\w+) as \1$", re.MULTILINE)


def attach_stub(
    package: str, file: str
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return `__getattr__`, `__dir__` and `__all__` of a package, as its stub file lists them.

    The stub, `__init__.pyi`, has one line for each public name, such as
    ``from .adam import Adam as Adam`` or ``from . import planar as planar``. Editors and type
    checkers read it too, so that a new name needs no other line. Scientific Python recommends this
    form in SPEC 1.

    Parameters
    ----------
    package : str
        The `__name__` of the package.
    file : str
        Its `__file__`.

    Returns
    -------
    getattr_ : callable
        Imports the module of a name, and returns the value of the name.
    dir_ : callable
        Returns the public names and those in the namespace of the package.
    names : list of str
        The public names.
    """
    # The loader of the package reads its files in a zip archive, too.
    loader: Any = sys.modules[package].__loader__
    text = loader.get_data(file.rpartition(".")[0] + ".pyi").decode()
    module_of = {name: module for module, name in _NAME.findall(text)}
    submodules = _SUBMODULE.findall(text)

    names = sorted([*module_of, *submodules])

    def getattr_(name: str) -> Any:
        if name in submodules:
            return import_module(f".{name}", package)
        if name not in module_of:
            from .foreign_words import cure_for_name

            is_module = name in module_of.values()  # `from minidl.layers import linear` asks first
            cure = "" if is_module else cure_for_name(name, module_of)
            if cure:  # `from minidl.layers import Dense` would replace an AttributeError's message
                raise ImportError(f"{package} has no {name}{cure}", name=name)
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f".{module_of[name]}", package), name)
        setattr(sys.modules[package], name, value)
        return value

    def dir_() -> list[str]:
        return sorted({*vars(sys.modules[package]), *names})

    return getattr_, dir_, names
