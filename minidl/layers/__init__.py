"""The layers: one file each, the contract in `layer.py`."""

from .activations import Activation, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from .dropout import Dropout
from .flatten import Flatten
from .layer import Layer
from .linear import Linear

__all__ = ["Activation", "Dropout", "Flatten", "Layer", "LeakyReLU", "Linear", "ReLU", "Sigmoid", "Softmax", "Tanh"]
