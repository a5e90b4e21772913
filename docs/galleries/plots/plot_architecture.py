"""
A network
=========

A small convolutional network with its shapes: sheets are channels, circles features.
"""

from minidl import CategoricalCrossEntropy, Conv2D, Flatten, Linear, MaxPool2D, ReLU
from minidl import Sequential, Softmax, plots

layers = [Conv2D(1, 8, 3, padding="same"), ReLU(), MaxPool2D(2), Flatten(), Linear(128, 10)]
model = Sequential([*layers, Softmax()], loss=CategoricalCrossEntropy())
axes = plots.architecture(model, (8, 8, 1))
