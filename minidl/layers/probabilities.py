"""Layers at the end of a model, or one after another, that are surely a mistake."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from ..errors import ArgumentError
from ..losses.base import Loss
from ..losses.binary_cross_entropy import SigmoidCrossEntropy
from ..losses.categorical_cross_entropy import CategoricalCrossEntropy, SoftmaxCrossEntropy
from ..losses.hinge import Hinge
from .base import Layer
from .chain import Chain
from .elu import ELU
from .gelu import GELU
from .leaky_relu import LeakyReLU
from .linear import Linear
from .relu import ReLU
from .sigmoid import Sigmoid
from .silu import SiLU
from .softmax import Softmax
from .softplus import Softplus
from .tanh import Tanh

# Exact types: a subclass may compute something else.
NOT_PROBABILITIES = (ELU, GELU, LeakyReLU, Linear, ReLU, Sigmoid, SiLU, Softplus, Tanh)

# Losses of logits or scores, with the layer that makes something else of them and its loss.
OF_LOGITS: dict[type[Loss], tuple[type[Layer], str]] = {
    SigmoidCrossEntropy: (Sigmoid, "BinaryCrossEntropy()"),
    Hinge: (Sigmoid, "BinaryCrossEntropy()"),
    SoftmaxCrossEntropy: (Softmax, "CategoricalCrossEntropy()"),
}


def check_probabilities(layers: Sequence[Layer], loss: Loss) -> None:
    """Raise `ArgumentError` where layers and loss cannot give probabilities of classes.

    Layers of other classes are judged by their values, once they meet data.

    Parameters
    ----------
    layers : sequence of Layer
        At least one.
    loss : Loss
        The loss after them.

    Raises
    ------
    ArgumentError
        If the rows of the last layer do not sum to 1 under a `CategoricalCrossEntropy`, if a
        `Softmax` follows another one, or if a loss of logits or scores gets probabilities.
    """
    steps = [step for i, layer in enumerate(layers) for step in _steps(str(i), layer)]
    for (path_before, before), (path, layer) in pairwise(steps):
        if type(before) is type(layer) is Softmax:
            raise ArgumentError(
                f"a Softmax must not follow another one, got layers {path_before} and {path}: "
                "remove one, since the second makes all probabilities nearly equal"
            )
    last_path, last_layer = steps[-1]
    if type(loss) in OF_LOGITS and type(last_layer) is OF_LOGITS[type(loss)][0]:
        kind = "scores" if type(loss) is Hinge else "logits"
        raise ArgumentError(
            f"{loss} takes {kind}, but the last layer is {last_layer}: remove layer {last_path}, "
            f"or use {OF_LOGITS[type(loss)][1]}, which is computed from its logits"
        )
    if type(loss) is CategoricalCrossEntropy and type(last_layer) in NOT_PROBABILITIES:
        replaces = "put it in place of" if type(last_layer) is Sigmoid else "append it after"
        raise ArgumentError(
            f"each row of outputs must sum to 1 under {loss}, but the last layer is {last_layer}: "
            f"end the layers in Softmax(); {replaces} layer {last_path}"
        )


def _steps(path: str, layer: Layer) -> Iterator[tuple[str, Layer]]:
    """Yield the layers of a chain with their paths, or the layer itself."""
    if type(layer) is Chain:
        for name, inner in layer.named_children():
            yield from _steps(f"{path}.{name}", inner)
    else:
        yield path, layer
