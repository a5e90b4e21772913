"""Which parameter vector an optimizer belongs to, also after both were copied."""

from __future__ import annotations

from weakref import WeakValueDictionary

from .typing import Array


class VectorIdentity:
    """Stands for the parameter vector of a model.

    A copy of a model has another vector. An optimizer that is copied or pickled together with the
    model gets the copied identity, which the copied model attaches to its new vector: so the
    optimizer recognizes it. A copy holds no vector until then.

    Parameters
    ----------
    vector : ndarray
        The parameter vector.
    """

    vector: Array | None = None  # of a copy that no model has attached

    def __init__(self, vector: Array) -> None:
        self.attach(vector)

    def attach(self, vector: Array) -> None:
        """Stand for a vector from now on.

        Parameters
        ----------
        vector : ndarray
            The vector.
        """
        self.vector = vector
        _identities[id(vector)] = self

    def __getstate__(self) -> None:
        """Copy the identity without the vector."""


# By the id of the vector, which the identity keeps alive: an id that is used again is overwritten.
_identities: WeakValueDictionary[int, VectorIdentity] = WeakValueDictionary()


def identity_of(vector: Array) -> VectorIdentity | None:
    """Return the identity of a model's parameter vector.

    Parameters
    ----------
    vector : ndarray
        Any vector.

    Returns
    -------
    VectorIdentity or None
        None if the vector is not that of a model.
    """
    identity = _identities.get(id(vector))
    return identity if identity is not None and identity.vector is vector else None
