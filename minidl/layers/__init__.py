"""The layers; their contract is in `layer.py`."""

from .activations import Activation, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from .dropout import Dropout
from .layer import Layer
from .linear import Flatten, Linear

__all__ = ["Activation", "Dropout", "Flatten", "Layer", "LeakyReLU", "Linear", "ReLU", "Sigmoid", "Softmax", "Tanh"]
