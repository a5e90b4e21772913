"""
A dataset
=========

The first pictures of each class, as a network gets them.
"""

from sklearn.datasets import load_digits

from minidl import plots

digits = load_digits()
images = digits.images / 16  # in [0, 1]
axes = plots.dataset(images, digits.target, classes=list("0123456789"), max_images=10)
