"""
Which learning rate
===================

The loss while the learning rate grows from step to step, and the rate that ``lr_find`` suggests.
"""

from minidl import Adam, BinaryCrossEntropy, Linear, ReLU, Sequential, Sigmoid, lr_find, plots
from minidl.data import planar

X, Y = planar.moons(300, noise=0.2, rng=3)
layers = [Linear(2, 16), ReLU(), Linear(16, 16), ReLU(), Linear(16, 1), Sigmoid()]
model = Sequential(layers, loss=BinaryCrossEntropy(), seed=1)
search = lr_find(model, X, Y, optimizer=Adam(), batch_size=32)
axes = plots.learning_rate_curve(search)
