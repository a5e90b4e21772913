"""Arrays in objects of which no gradient was found."""

import numpy as np

from minidl import check_function

X = np.random.default_rng(0).standard_normal((4, 3))


class Layer:
    """Its gradient has a name of its own; only some of its arrays move the output."""

    def __init__(self):
        self.W, self.more = np.ones((3, 2)), {"scales": [np.ones(2), np.ones(2)]}
        self.cache, self.mean, self.gradient_of_W = np.zeros((4, 3)), np.zeros(3), np.zeros((3, 2))

    def forward(self, x):
        self.cache = x
        self.mean = 0.9 * self.mean + 0.1 * x.mean(axis=0)
        return np.sin(x) @ self.W * self.more["scales"][0]

    def backward(self, dy):
        dy = dy * self.more["scales"][0]
        self.gradient_of_W[...] = 7 * np.sin(self.cache).T @ dy
        return np.cos(self.cache) * (dy @ self.W.T)


def test_arrays_that_move_the_output_are_named():
    layer = Layer()
    report = check_function(layer.forward, layer.backward, X)
    assert report.ok
    assert [note.split()[2] for note in report.notes] == ["W", "more.scales[0]"]
    assert all("of which no gradient was found" in note for note in report.notes)
    assert not layer.mean.any()
    assert (layer.W == 1).all()
    assert check_function(layer.forward, layer.backward, X, wrt=0).notes == []
