"""Tables of the built-in parts, made from the packages that export them.

A part (a layer, an optimizer, a schedule, ...) says itself what it is called on the command line
and in the estimators; the `__all__` of its package says that it exists. Nothing else is listed
anywhere.
"""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any, TypeVar

Part = TypeVar("Part")


def exported_parts(package: ModuleType, base: type[Part]) -> list[type[Part]]:
    """Return the concrete subclasses of `base` in a package's `__all__`.

    Parameters
    ----------
    package : module
        A package with an `__all__`, such as `minidl.optimizers`.
    base : type
        The base class of the parts, such as `Optimizer`.

    Returns
    -------
    list of type
        In the order of `__all__`, without abstract classes.
    """
    exported: list[Any] = [getattr(package, name) for name in package.__all__]
    return [
        part
        for part in exported
        if isinstance(part, type) and issubclass(part, base) and not inspect.isabstract(part)
    ]


def parts_by_option(package: ModuleType, base: type[Part]) -> dict[str, type[Part]]:
    """Return the parts of a package by their names on the command line.

    Parameters
    ----------
    package : module
        A package with an `__all__`.
    base : type
        The base class of the parts, which has an attribute `option_name`.

    Returns
    -------
    dict of str to type
        Sorted by name; parts whose own `option_name` is None are left out.
    """
    names = {part: vars(part).get("option_name") for part in exported_parts(package, base)}
    return dict(sorted((name, part) for part, name in names.items() if name is not None))


def parts_by_estimator_name(package: ModuleType, base: type[Part]) -> dict[str, type[Part]]:
    """Return the parts of a package by their names as arguments of the estimators.

    Parameters
    ----------
    package : module
        A package with an `__all__`.
    base : type
        The base class of the parts, which has attributes `estimator_name` and `option_name`.

    Returns
    -------
    dict of str to type
        Sorted by name: a part's own `estimator_name`, by default its `option_name` with
        underscores instead of hyphens.
    """
    by_option = parts_by_option(package, base).items()
    names = {part: name.replace("-", "_") for name, part in by_option}
    for part in exported_parts(package, base):
        own_name = vars(part).get("estimator_name")
        if own_name is not None:
            names[part] = own_name
    return dict(sorted((name, part) for part, name in names.items()))
