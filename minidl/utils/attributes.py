"""The dictionary in which an object keeps its attributes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def unshare_attributes(owner: object) -> dict[str, Any]:
    """Let an object keep its attributes in a dictionary that shares nothing with other objects.

    Objects of a class share the keys of their attributes until somebody asks for `vars(owner)`.
    From then on Python 3.11 takes 29 ns to read an attribute, instead of 8 ns; of a dictionary that
    shares nothing it takes 10 ns. A step of training reads about a hundred.

    Parameters
    ----------
    owner : object
        An object with a `__dict__`.

    Returns
    -------
    dict of str to object
        Its attributes: the dictionary itself, as `vars` returns it.

    Examples
    --------
    >>> from minidl import ReLU
    >>> layer = ReLU()
    >>> unshare_attributes(layer) is vars(layer)
    True
    """
    owner.__dict__ = dict(vars(owner))
    return vars(owner)


@contextmanager
def replaced_attributes(owner: object, **values: object) -> Iterator[None]:
    """Give an object other attributes, such as methods, for the length of a context.

    Afterwards it has those of before; a method of its class is no attribute of the object again.

    Parameters
    ----------
    owner : object
        An object with a `__dict__`.
    **values : object
        The attributes, by their names.

    Examples
    --------
    >>> from minidl import ReLU
    >>> layer = ReLU()
    >>> with replaced_attributes(layer, forward=abs):
    ...     print(layer.forward(-2))
    2
    >>> "forward" in vars(layer)
    False
    """
    attributes = vars(owner)
    originals = {name: attributes[name] for name in values if name in attributes}
    attributes.update(values)
    try:
        yield
    finally:
        for name in values:
            attributes.pop(name, None)
        attributes.update(originals)
