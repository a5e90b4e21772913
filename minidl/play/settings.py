"""What a user chooses on the page, and the network and the optimizer that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from .. import layers as layer_package
from .. import optimizers as optimizer_package
from ..errors import ArgumentError
from ..escaping import MAX_LINE, shortened
from ..layers import Activation, Dropout, Layer, Linear, Sigmoid, Softmax
from ..losses import BinaryCrossEntropy, CategoricalCrossEntropy, Loss
from ..model.sequential import Sequential
from ..optimizers import Optimizer
from ..optimizers.full_batch import FullBatchOptimizer
from ..penalties import L2
from ..utils.parts import parts_by_option
from .broken_layers import broken_layer, mistakes_of
from .mistakes import Mistake
from .points import PointSet

ACTIVATIONS = parts_by_option(layer_package, Activation)
OPTIMIZERS = {
    name: kind
    for name, kind in parts_by_option(optimizer_package, Optimizer).items()
    if not issubclass(kind, FullBatchOptimizer)  # they make no steps of batches to watch
}
LEARNING_RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
L2_COEFFICIENTS = (0.0, 0.01, 0.1, 1.0, 10.0)
DROPOUT_RATES = (0.0, 0.1, 0.2, 0.5)
BATCH_SIZES = (1, 8, 32, 128, None)
MAX_LAYERS, MAX_WIDTH = 6, 64
SEED = 1


class LayerPlan(NamedTuple):
    """A layer to make: its class and its arguments."""

    kind: type[Layer]
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = MappingProxyType({})

    def __str__(self) -> str:
        return f"{self.kind.__name__}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True)
class Settings:
    """What a user has chosen.

    Parameters
    ----------
    widths : tuple of int, default (8, 8)
        The units of each hidden layer.
    activation, optimizer : str
        As on the command line.
    learning_rate : float, default 0.01
        The learning rate.
    l2 : float, default 0.0
        The coefficient of the L2 penalty.
    dropout : float, default 0.0
        The part of the hidden units that is dropped in each step.
    batch_size : int or None, default 32
        Examples per step; None for all.
    broken : int or None, default None
        The number of the layer that has a mistake in its backward pass.
    mistake : str, default ""
        The title of the mistake, of `mistakes_of` this layer.

    Examples
    --------
    >>> from minidl.play.points import drawn_sets
    >>> Settings(widths=(4,)).model(drawn_sets()["moons"]()).layers
    (Linear(2, 4), Tanh(), Linear(4, 1), Sigmoid())
    """

    widths: tuple[int, ...] = (8, 8)
    activation: str = "tanh"
    optimizer: str = "adam"
    learning_rate: float = 0.01
    l2: float = 0.0
    dropout: float = 0.0
    batch_size: int | None = 32
    broken: int | None = None
    mistake: str = ""

    def plan(self, points: PointSet) -> list[LayerPlan]:
        """Return the layers of the network for a set, without a mistake.

        Parameters
        ----------
        points : PointSet
            The set.

        Returns
        -------
        list of LayerPlan
            The layers, first to last.
        """
        activation = ACTIVATIONS[self.activation]
        init = activation.default_init
        n_inputs = points.train[0].shape[1]
        plan = []
        for width in self.widths:
            plan += [LayerPlan(Linear, (n_inputs, width), {"init": init()}), LayerPlan(activation)]
            if self.dropout:
                plan.append(LayerPlan(Dropout, (round(1 - self.dropout, 6),)))
            n_inputs = width
        plan.append(LayerPlan(Linear, (n_inputs, points.n_outputs), {"init": init()}))
        return [*plan, LayerPlan(Sigmoid if points.n_outputs == 1 else Softmax)]

    def planned_mistake(self, plan: list[LayerPlan]) -> Mistake | None:
        """Return the mistake that is to be planted, if the network has a layer for it.

        Parameters
        ----------
        plan : list of LayerPlan
            The layers of the network.

        Returns
        -------
        Mistake or None
            The mistake.
        """
        if self.broken is None or self.broken >= len(plan) - 1:
            return None
        kind, arguments, _ = plan[self.broken]
        return mistakes_of(kind, *arguments).get(self.mistake)

    def model(self, points: PointSet) -> Sequential:
        """Return the untrained network for a set, always with the same weights.

        Parameters
        ----------
        points : PointSet
            The set.

        Returns
        -------
        Sequential
            The network, with the mistake.
        """
        plan = self.plan(points)
        mistake = self.planned_mistake(plan)
        made = [
            broken_layer(each.kind, mistake, *each.arguments, **each.options)
            if mistake and number == self.broken
            else each.kind(*each.arguments, **each.options)
            for number, each in enumerate(plan)
        ]
        loss: Loss = BinaryCrossEntropy() if points.n_outputs == 1 else CategoricalCrossEntropy()
        return Sequential(made, loss=loss, penalties=[L2(self.l2)] if self.l2 else [], seed=SEED)

    def new_optimizer(self) -> Optimizer:
        """Return the optimizer."""
        return OPTIMIZERS[self.optimizer](self.learning_rate)


def widths_of(text: str) -> tuple[int, ...]:
    """Return the units of the hidden layers that a text names.

    Parameters
    ----------
    text : str
        Integers separated by commas or blanks, such as "8, 4"; nothing for no hidden layer.

    Returns
    -------
    tuple of int
        The units of each layer.

    Raises
    ------
    ArgumentError
        For any other text.

    Examples
    --------
    >>> widths_of("8, 4")
    (8, 4)
    """
    words = text.replace(",", " ").split()
    try:
        if any(len(word) > len(str(MAX_WIDTH)) or not word.isascii() for word in words):
            raise ValueError
        widths = tuple(map(int, words))
        if len(widths) > MAX_LAYERS or not all(1 <= width <= MAX_WIDTH for width in widths):
            raise ValueError
    except ValueError:
        raise ArgumentError(
            f"the units of the hidden layers must be at most {MAX_LAYERS} numbers from 1 to "
            f"{MAX_WIDTH}, got {shortened(text, MAX_LINE)!r}: write e.g. 8, 4"
        ) from None
    return widths
