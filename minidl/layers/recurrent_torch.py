"""Parameters of recurrent layers as PyTorch's layers hold them, which have two biases per gate."""

from __future__ import annotations

import numpy as np

from ..utils.typing import Array

NAMES = {"weight": "weight_ih_l0", "recurrent_weight": "weight_hh_l0", "bias": "bias_ih_l0"}
RECURRENT_BIAS = "bias_hh_l0"


def recurrent_to_torch(arrays: dict[str, Array]) -> dict[str, Array]:
    """Return the parameters under PyTorch's names.

    The bias goes with the inputs, and that of the recurrent products is 0, but for the last gate of
    a `GRU`, which needs both. A learned initial state, which PyTorch's layers do not have, keeps
    its name.

    Parameters
    ----------
    arrays : dict of str to ndarray
        The parameters by their names in the layer.

    Returns
    -------
    dict of str to ndarray
        The parameters by PyTorch's names.
    """
    others = dict(arrays)
    recurrent_bias = np.zeros_like(arrays["bias"])
    if "recurrent_bias" in others:
        own = others.pop("recurrent_bias")
        recurrent_bias[-len(own) :] = own
    renamed = {NAMES.get(name, name): array for name, array in others.items()}
    return {**renamed, RECURRENT_BIAS: recurrent_bias}


def recurrent_from_torch(arrays: dict[str, Array], separate: int = 0) -> dict[str, Array]:
    """Return the parameters of a layer, from those under PyTorch's names.

    Parameters
    ----------
    arrays : dict of str to ndarray
        What `recurrent_to_torch` names. Both biases may have any values.
    separate : int, default 0
        How many biases of the recurrent products, at the end, cannot be added to the others: the
        units of a `GRU`.

    Returns
    -------
    dict of str to ndarray
        The parameters by their names in the layer.
    """
    others = dict(arrays)
    recurrent_bias = others.pop(RECURRENT_BIAS)
    found = {name: others.pop(theirs) for name, theirs in NAMES.items()}
    common = len(recurrent_bias) - separate
    found["bias"] = found["bias"].copy()
    found["bias"][:common] += recurrent_bias[:common]
    if separate:
        found["recurrent_bias"] = recurrent_bias[common:]
    return {**found, **others}
