"""
What each layer gives
=====================

Histograms of a network that starts from small weights: the numbers shrink from layer to layer.
"""

import numpy as np

from minidl import CategoricalCrossEntropy, Linear, Random, Sequential, Softmax, Tanh, plots

layers = []
for _ in range(3):
    layers += [Linear(20, 20, init=Random(0.1)), Tanh()]
layers += [Linear(20, 4, init=Random(0.1)), Softmax()]
model = Sequential(layers, loss=CategoricalCrossEntropy(), seed=0)
axes = plots.activations(model, np.random.default_rng(0).standard_normal((300, 20)))
