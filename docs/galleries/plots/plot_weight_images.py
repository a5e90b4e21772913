"""
Weights as pictures
===================

What each unit of the first layer looks for: dark for less than zero, bright for more.
"""

from sklearn.datasets import load_digits

from minidl import L2, Adam, CategoricalCrossEntropy, Linear, Sequential, Softmax, plots

images, labels = load_digits(return_X_y=True)
loss = CategoricalCrossEntropy()
model = Sequential([Linear(64, 10), Softmax()], loss=loss, penalties=[L2(10)], seed=0)
model.fit(images / 16, labels, optimizer=Adam(0.01), epochs=30, progress=False)
axes = plots.weight_images(model.layers[0].weight.value, shape=(8, 8))
