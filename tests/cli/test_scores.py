"""Scores of a network on a dataset."""

import numpy as np

from minidl import BinaryCrossEntropy, Linear, Sequential, Sigmoid, Zeros
from minidl.cli.dataset_options import LoadedDataset
from minidl.cli.scores import MAX_CONFUSION_CLASSES, measure, score_lines

X, Y = np.arange(4.0).reshape(4, 1), np.array([[0.0], [1.0], [1.0], [1.0]])


def test_measured_and_in_words():
    model = Sequential([Linear(1, 1, init=Zeros()), Sigmoid()], loss=BinaryCrossEntropy())
    model.layers[0].bias.value[...] = 1  # always predicts class 1
    dataset = LoadedDataset("name", "source", ("no", "yes"), (X, Y), (X[:2], Y[:2]))
    scores = measure(model, dataset)
    assert scores["majority"] == {"train": 0.75, "test": 0.5}
    assert scores["train"]["accuracy"] == 0.75
    assert scores["confusion"] == [[0, 1], [0, 1]]
    lines = score_lines(scores)
    assert lines[1].split() == ["majority", "class", "0.750", "0.500"]
    assert lines[-1].split() == ["true", "yes", "0", "1"]


def test_the_confusion_matrix_of_many_classes_is_left_out():
    size = MAX_CONFUSION_CLASSES + 1
    perfect = {"accuracy": 1.0, "loss": 0.0}
    scores = {"train": perfect, "test": perfect, "majority": {"train": 0.5, "test": 0.5}}
    scores |= {"classes": ["c"] * size, "confusion": np.eye(size, dtype=int).tolist()}
    assert len(score_lines(scores)) == 4
