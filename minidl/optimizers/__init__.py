"""Optimizers: how a step of training moves the parameter vector along its gradient.

Each acts on the whole vector at once, in place, and knows nothing of layers. The steps are written as passes over scratch arrays:
nothing is allocated after the first.
"""

from .adaptive import Adam, AdamW, RMSProp
from .descent import GradientDescent, Momentum, Nesterov
from .optimizer import Optimizer

__all__ = ["Adam", "AdamW", "GradientDescent", "Momentum", "Nesterov", "Optimizer", "RMSProp"]
