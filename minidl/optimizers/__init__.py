"""Optimizers, which update the parameter vector in place."""

from .adam import Adam
from .adamw import AdamW
from .base import Optimizer
from .gradient_descent import GradientDescent
from .momentum import Momentum
from .nesterov import Nesterov
from .rmsprop import RMSProp

__all__ = [
    "Adam",
    "AdamW",
    "GradientDescent",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSProp",
]
