"""
What a layer makes of a picture
===============================

A digit, and what the filters of a trained convolution make of it.
"""

from sklearn.datasets import load_digits

from minidl import Adam, CategoricalCrossEntropy, Conv2D, Flatten, Linear, MaxPool2D, ReLU
from minidl import Sequential, Softmax, plots

digits = load_digits()
layers = [Conv2D(1, 8, 3, padding="same"), ReLU(), MaxPool2D(2), Flatten(), Linear(128, 10)]
model = Sequential([*layers, Softmax()], loss=CategoricalCrossEntropy(), seed=0)
images = digits.images[..., None] / 16
model.fit(images, digits.target, optimizer=Adam(0.01), epochs=10, progress=False)
axes = plots.feature_maps(model, images[0], 1)
