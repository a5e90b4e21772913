"""Data and parameters for the tests of the estimators."""

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_regression

from minidl import Loss
from minidl.data import planar
from minidl.sklearn import MinidlClassifier, MinidlRegressor

X, MOONS = planar.moons(200, noise=0.15, rng=0)
NAMES = np.where(MOONS[:, 0] == 1, "upper", "lower")
THREE, CLASSES = make_classification(
    150, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=0
)
ROWS, VALUES = make_regression(150, 4, noise=0.1, random_state=0)
VALUES = VALUES / VALUES.std()
QUICK = {"learning_rate_init": 0.01, "max_iter": 30, "batch_size": 64}
SMALL = {"hidden_layer_sizes": (8,), "random_state": 0, **QUICK}
LARGER = {**SMALL, "hidden_layer_sizes": (64,), "max_iter": 60}
both = pytest.mark.parametrize(
    ("kind", "rows", "y"), [(MinidlClassifier, X, NAMES), (MinidlRegressor, ROWS, VALUES)]
)


class Squares(Loss):
    """A loss of one's own, of class numbers 0 and 1."""

    is_classification = True

    def forward(self, prediction, target):
        self.difference = prediction - target
        return (self.difference**2).mean()

    def backward(self):
        return 2 * self.difference / self.difference.size

    def classes(self, prediction):
        return (prediction[:, 0] > 0.5).astype(np.int64)
