"""The layers, parameters and buffers that a model was built with."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ArgumentError
from .base import Layer
from .tree import MEMBERS_CURE, find_change, find_owner, members_by_path


class Members:
    """All layers, parameters and buffers of a model: none may be added, removed or replaced.

    Parameters
    ----------
    layers : sequence of Layer
        The layers of the model. Everything in them is marked as being in a model.

    Attributes
    ----------
    checked : bool
        Whether `check` has passed since then.

    Examples
    --------
    >>> from minidl import Linear
    >>> layer = Linear(2, 1)
    >>> members = Members([layer])
    >>> layer.in_model, layer.weight.in_model
    (True, True)
    >>> members.check()
    >>> members.checked
    True
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = layers
        self._by_path = members_by_path(layers)
        self.checked = False
        for member in self._by_path.values():
            member.in_model = True  # copies do not keep it

    def check(self) -> None:
        """Raise `ArgumentError` if the layers contain other objects than at first."""
        change = find_change(self._by_path, members_by_path(self._layers))
        if change is not None:
            path, verb = change
            owner_path, owner, name = find_owner(path, self._layers)
            raise ArgumentError(
                "a model must keep the layers, Parameter and Buffer objects that it was built "
                f"with, but {name!r} of layer {owner_path}, {owner}, was {verb}: {MEMBERS_CURE}"
            )
        self.checked = True
