"""Tables of the built-in parts, made from the packages that export them.

The class of a part (a layer, an optimizer, a schedule, ...) declares its name on the command line
and in the estimators, and the `__all__` of its package lists it. There is no other list.
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
        value
        for value in exported
        if isinstance(value, type) and issubclass(value, base) and not inspect.isabstract(value)
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
        Sorted by name; classes that do not define `option_name` themselves, or as None, are left
        out.
    """
    names = {
        part_class: vars(part_class).get("option_name")
        for part_class in exported_parts(package, base)
    }
    return dict(
        sorted((name, part_class) for part_class, name in names.items() if name is not None)
    )


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
        Sorted by name: the `estimator_name` that the class itself defines, by default its
        `option_name` with underscores instead of hyphens.
    """
    names = {
        part_class: option_name.replace("-", "_")
        for option_name, part_class in parts_by_option(package, base).items()
    }
    for part_class in exported_parts(package, base):
        estimator_name = vars(part_class).get("estimator_name")
        if estimator_name is not None:
            names[part_class] = estimator_name
    return dict(sorted((name, part_class) for part_class, name in names.items()))
