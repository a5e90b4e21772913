"""Learning rate schedules."""

from .base import Schedule
from .constant import Constant
from .cosine import Cosine
from .exponential_decay import ExponentialDecay
from .step_decay import StepDecay
from .warm_up import WarmUp

__all__ = [
    "Constant",
    "Cosine",
    "ExponentialDecay",
    "Schedule",
    "StepDecay",
    "WarmUp",
]
