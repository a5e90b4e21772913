"""What the command line calls a network."""

from __future__ import annotations

from .. import Linear, Sequential
from ..layers.container import Container
from ..layers.tree import named_modules


def network_shape(model: Sequential) -> str:
    """Return the widths of a network, inputs first.

    Parameters
    ----------
    model : Sequential
        A model.

    Returns
    -------
    str
        The number of inputs and the width of each linear layer, at any depth, such as "2-16-1"; the
        number of layers if none is linear; all layers if others, such as `Conv2D`, have parameters.

    Examples
    --------
    >>> from minidl import Linear, MeanSquaredError, Sequential
    >>> network_shape(Sequential([Linear(4, 3), Linear(3, 1)], loss=MeanSquaredError()))
    '4-3-1'
    """
    modules = [module for _, module in named_modules(model.layers)]
    linear_layers = [module for module in modules if isinstance(module, Linear)]
    others = (module for module in modules if not isinstance(module, Linear | Container))
    if any(module.parameters() for module in others):
        return ", ".join(map(str, model.layers))
    if not linear_layers:
        return f"{len(model.layers)} layers"
    widths = [linear_layers[0].in_features]
    widths += [layer.out_features for layer in linear_layers]
    return "-".join(map(str, widths))
