"""The classes that a file names, and whose they are: minidl's or the user's.

A name alone does not identify a class: minidl may get a class `Huber` after a user has written one.
So a file says of each class where it is from, its origin. A class is minidl's if it is itself one
of the classes that minidl exports; its module's name, which anybody may imitate, does not count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import layers, losses, penalties
from ..errors import ArgumentError, DataError
from ..layers.base import Layer
from ..losses.base import Loss
from ..penalties import Penalty
from ..utils.atomic_files import FilePath
from ..utils.parts import exported_parts

MINIDL, CUSTOM = "minidl", "custom"
ORIGINS = (MINIDL, CUSTOM)

# Those that a model consists of, by name.
MODEL_CLASSES: dict[str, type[Any]] = {
    part_class.__name__: part_class
    for part_class in (
        *exported_parts(layers, Layer),
        *exported_parts(losses, Loss),
        *exported_parts(penalties, Penalty),
    )
}


def class_entry(
    owner_class: type[Any], own_classes: Mapping[str, type[Any]] = MODEL_CLASSES
) -> dict[str, str]:
    """Return how a file names a class.

    Parameters
    ----------
    owner_class : type
        The class.
    own_classes : mapping of str to type, optional
        minidl's classes by name, by default those that a model consists of.

    Returns
    -------
    dict of str to str
        Its name as "class" and its "origin", "minidl" or "custom".
    """
    name = owner_class.__name__
    origin = MINIDL if own_classes.get(name) is owner_class else CUSTOM
    return {"class": name, "origin": origin}


def check_custom(custom: Sequence[type[Any]]) -> dict[str, type[Any]]:
    """Return the classes that a user passes as `custom=` by name.

    Parameters
    ----------
    custom : sequence of type
        Classes of layers, losses and penalties, minidl's among them: files of version 1 do not say
        whose a class is.

    Returns
    -------
    dict of str to type
        The classes by name.

    Raises
    ------
    ArgumentError
        If `custom` is not a sequence of such classes, or two of them have the same name.
    """
    if isinstance(custom, type):
        raise ArgumentError(
            f"custom must be a list of classes, got {custom!r}: pass custom=[{custom.__name__}]"
        )
    for custom_class in custom:
        if not (
            isinstance(custom_class, type) and issubclass(custom_class, Layer | Loss | Penalty)
        ):
            raise ArgumentError(
                "custom must be a list of classes of layers, losses or penalties, "
                f"got {custom_class!r}: pass the classes themselves"
            )
    by_name: dict[str, type[Any]] = {}
    for custom_class in custom:
        add_distinct(by_name, custom_class, "custom must not have two classes with the same name")
    return by_name


def add_distinct(by_name: dict[str, type[Any]], added: type[Any], rule: str) -> None:
    """Add a class to those that a file tells apart by their names.

    Parameters
    ----------
    by_name : dict of str to type
        The classes so far.
    added : type
        The class, which may be there already.
    rule : str
        What is violated if another class has this name, as an error begins.

    Raises
    ------
    ArgumentError
        If another class has this name.
    """
    other = by_name.setdefault(added.__name__, added)
    if other is not added:
        both = f"{_place_of(other)} and {_place_of(added)}"
        raise ArgumentError(f"{rule}, got {both}: rename one of them")


def _place_of(part_class: type[Any]) -> str:
    return f"{part_class.__module__}.{part_class.__qualname__}"


def find_class(
    path: FilePath, entry: Mapping[str, Any], base: type[Any], custom: Mapping[str, type[Any]]
) -> type[Any]:
    """Return the class that a file names.

    Parameters
    ----------
    path : path-like
        The file, for the message of an error.
    entry : mapping
        What `class_entry` returned; of a layer also its "path" in the model.
    base : type
        The base that the class must have: `Layer`, `Loss` or `Penalty`.
    custom : mapping of str to type
        What `check_custom` returned.

    Returns
    -------
    type
        Of the origin "minidl" minidl's class of that name, of the origin "custom" the user's.

    Raises
    ------
    DataError
        If there is no such class.
    """
    name, origin = entry["class"], entry["origin"]
    part_class = (MODEL_CLASSES if origin == MINIDL else custom).get(name)
    if (
        part_class is not None
        and issubclass(part_class, base)
        and class_entry(part_class)["origin"] == origin
    ):
        return part_class
    place = f" at {entry['path'][:80]!r}" if "path" in entry else ""
    found = f"found the {base.__name__.lower()} {name[:80]!r}{place}"
    if origin == MINIDL or not name.isidentifier():
        raise DataError(
            f"{path}: must use classes that this version of minidl has, {found}: restore a copy, "
            "or install the version that wrote it"
        )
    other = f"; minidl's {name} is another class" if name in MODEL_CLASSES else ""
    raise DataError(
        f"{path}: needs each class that is not minidl's, {found}: pass custom=[{name}], "
        f"your own class{other}"
    )
