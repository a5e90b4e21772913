"""
Filters of a convolution
========================

Sixteen filters of 3 x 3 pixels that a network has learned from digits: edges of every direction.
"""

from sklearn.datasets import load_digits

from minidl import Adam, CategoricalCrossEntropy, Conv2D, Flatten, Linear, MaxPool2D, ReLU
from minidl import Sequential, Softmax, plots

digits = load_digits()
layers = [Conv2D(1, 16, 3), ReLU(), MaxPool2D(2), Flatten(), Linear(144, 10), Softmax()]
model = Sequential(layers, loss=CategoricalCrossEntropy(), seed=0)
images = digits.images[..., None] / 16
model.fit(images, digits.target, optimizer=Adam(0.01), epochs=10, progress=False)
axes = plots.filters(model.layers[0], columns=8)
