"""Adam with decoupled weight decay."""

from ..utils.typing import Array
from ..utils.validation import at_least, check_number
from .adam import Adam
from .base import Rate


class AdamW(Adam):
    """Adam with decoupled weight decay: theta = theta - learning_rate * weight_decay * theta, then a step of `Adam`.

    Unlike `L2` it is neither scaled, nor clipped, nor in the loss, and acts on biases too. The other parameters are those of `Adam`.
    Loshchilov, Hutter (2019, arXiv:1711.05101), algorithm 2.

    Parameters
    ----------
    weight_decay : float, default 0.01
        >= 0.
    """

    option_name = "adamw"

    def __init__(
        self,
        learning_rate: Rate = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        *,
        clip_norm: float | None = None,
        fast: bool | None = None,
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon, clip_norm=clip_norm, fast=fast)
        self.weight_decay = check_number(weight_decay, "weight_decay", at_least(0), self)

    def update(self, theta: Array, grad: Array) -> None:
        """Make one step."""
        theta *= 1 - self._learning_rate * self.weight_decay
        super().update(theta, grad)
