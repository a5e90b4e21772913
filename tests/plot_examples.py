"""Data that the tests of the plots draw."""

import io

import numpy as np

from minidl import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Conv2D,
    Flatten,
    History,
    Linear,
    MeanSquaredError,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Softmax,
    Zeros,
    check_gradients,
)

CLASSES = ("non-cat", "cat")


def history(*losses, val=()):
    made = History()
    for i, loss in enumerate(losses):
        made.add({"loss": loss, "seconds": 0.5 * (i + 1)} | ({"val_loss": val[i]} if val else {}))
    return made


def classifier(weight=((1.0, 0.0),), outputs=1):
    """Return a classifier that predicts class 1 where weight . x > 0."""
    last, loss = (
        (Sigmoid(), BinaryCrossEntropy())
        if outputs == 1
        else (Softmax(), CategoricalCrossEntropy())
    )
    model = Sequential([Linear(2, outputs, init=Zeros()), last], loss=loss)
    model.layers[0].weight.value = weight
    return model


def convolutions():
    """Return a model that takes `IMAGES`: a convolution to two channels, ReLU, a block, a row."""
    block = Residual(Conv2D(2, 2, 3, padding=1), ReLU())
    layers = [Conv2D(3, 2, 3), ReLU(), block, Flatten(), Linear(72, 1)]
    return Sequential(layers, loss=MeanSquaredError())


def report(bug=1.0):
    W = np.arange(12.0).reshape(3, 4)
    return check_gradients(lambda W: (W**2).sum(), lambda W: 2 * W * np.array([1, 1, bug, 1]), W)


X = np.array([[-1.0, 0.0], [-2.0, 1.0], [1.0, 0.5], [2.0, -1.0]])


Y = np.array([0, 1, 1, 1])


IMAGES = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)


LABELS, PREDICTED = np.array([0, 0, 1, 1, 1, 0]), np.array([0, 1, 0, 1, 0, 0])


def pixels(axes):
    from matplotlib.image import imread

    memory = io.BytesIO()
    np.ravel(axes)[0].figure.savefig(memory, format="png")
    memory.seek(0)
    return imread(memory)[..., :3]


def titles(axes):
    return [element.get_title() for element in axes]
