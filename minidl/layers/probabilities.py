"""Layers at the end of a model, or one after another, that are surely a mistake."""

from collections.abc import Sequence

from ..errors import ArgumentError
from ..losses.base import Loss
from ..losses.categorical_cross_entropy import CategoricalCrossEntropy
from .base import Layer
from .elu import ELU
from .leaky_relu import LeakyReLU
from .linear import Linear
from .relu import ReLU
from .sigmoid import Sigmoid
from .softmax import Softmax
from .tanh import Tanh

# Exact types: a subclass may compute something else.
NOT_PROBABILITIES = (ELU, LeakyReLU, Linear, ReLU, Sigmoid, Tanh)


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
        If the rows of the last layer do not sum to 1 under a `CategoricalCrossEntropy`, or if a
        `Softmax` follows another one.
    """
    for i in range(1, len(layers)):
        if type(layers[i]) is type(layers[i - 1]) is Softmax:
            raise ArgumentError(
                f"a Softmax must not follow another one, got layers {i - 1} and {i}: remove one, "
                "since the second makes all probabilities nearly equal"
            )
    last_layer = layers[-1]
    if type(loss) is CategoricalCrossEntropy and type(last_layer) in NOT_PROBABILITIES:
        replaces = "put it in place of" if type(last_layer) is Sigmoid else "append it after"
        raise ArgumentError(
            f"each row of outputs must sum to 1 under {loss}, but the last layer is {last_layer}: "
            f"end the layers in Softmax(); {replaces} layer {len(layers) - 1}"
        )
