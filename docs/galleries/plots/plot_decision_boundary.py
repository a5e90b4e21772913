"""
A decision boundary
===================

What the network says at every point of the plane, and the points that it gets wrong.
"""

from minidl import Adam, BinaryCrossEntropy, Linear, ReLU, Sequential, Sigmoid, plots
from minidl.data import planar

X, Y = planar.moons(300, noise=0.2, rng=3)
layers = [Linear(2, 16), ReLU(), Linear(16, 16), ReLU(), Linear(16, 1), Sigmoid()]
model = Sequential(layers, loss=BinaryCrossEntropy(), seed=1)
model.fit(X, Y, optimizer=Adam(0.01), epochs=100, progress=False)
axes = plots.decision_boundary(model, X, Y)
