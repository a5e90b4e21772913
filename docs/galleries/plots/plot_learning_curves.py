"""
Loss in training and validation
===============================

The validation loss stops falling long before the training loss does.
"""

from minidl import Adam, BinaryCrossEntropy, Linear, ReLU, Sequential, Sigmoid, plots
from minidl.data import planar, train_validation_split

data = planar.moons(150, noise=0.3, rng=3)
train, validation = train_validation_split(*data, validation_fraction=0.4, seed=0)
layers = [Linear(2, 64), ReLU(), Linear(64, 64), ReLU(), Linear(64, 1), Sigmoid()]
model = Sequential(layers, loss=BinaryCrossEntropy(), seed=1)
history = model.fit(*train, optimizer=Adam(0.01), epochs=100, validation=validation, progress=False)
axes = plots.learning_curves(history)
