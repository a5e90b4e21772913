"""Scores of a network on a dataset."""

import numpy as np
import pytest

from minidl import BinaryCrossEntropy, Linear, NonFiniteError, ReLU, Sequential, Sigmoid, Zeros
from minidl.cli.dataset_options import LoadedDataset
from minidl.cli.scores import MAX_CONFUSION_CLASSES, measure, remarks, score_lines

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
    assert lines[1] == "majority class            0.750   0.500"
    assert lines[-1].split() == ["true", "yes", "0", "1"]


def test_columns_stay_below_each_other_however_long_names_are():
    perfect = {"accuracy": 1.0, "loss": 0.0}
    scores = {"train": perfect, "test": perfect, "majority": {"train": 0.5, "test": 0.5}}
    lines = score_lines(
        {**scores, "classes": ["a" * 100_000, "\x1b\u202e"], "confusion": [[3, 4], [5, 6]]}
    )
    cut = f"{'a' * 23}…"
    assert lines[-3:] == [
        f"test examples, predicted         {cut}                \\x1b\\u202e",
        f"  true {cut}{3:26}{4:26}",
        f"  true \\x1b\\u202e              {5:26}{6:26}",
    ]


def test_the_confusion_matrix_of_many_classes_is_left_out():
    size = MAX_CONFUSION_CLASSES + 1
    perfect = {"accuracy": 1.0, "loss": 0.0}
    scores = {"train": perfect, "test": perfect, "majority": {"train": 0.5, "test": 0.5}}
    scores |= {"classes": ["c"] * size, "confusion": np.eye(size, dtype=int).tolist()}
    assert len(score_lines(scores)) == 4


@pytest.mark.parametrize("name", ["training", "test"])
def test_a_network_whose_numbers_are_not_finite_has_no_scores(name):
    layers = [Linear(1, 1, init=Zeros()), ReLU(), Linear(1, 1, init=Zeros()), Sigmoid()]
    model = Sequential(layers, loss=BinaryCrossEntropy())
    model.parameters.theta = [1e30, 0, 1e30, 0]
    train, test = (X[:2] * 0, Y[:2]), (X[2:], Y[2:])
    if name == "training":
        train, test = test, train
    dataset = LoadedDataset("name", "source", ("no", "yes"), train, test)
    with pytest.raises(NonFiniteError, match=f"its loss on the {name} set is (inf|nan): train"):
        measure(model, dataset)


def scores_of(loss=0.1, train=0.9, test=0.9):
    return {
        "train": {"accuracy": train, "loss": loss},
        "test": {"accuracy": test, "loss": loss},
        "majority": {"train": 0.5, "test": 0.6},
        "classes": ["a", "b"],
    }


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        (scores_of(), []),
        (scores_of(loss=0.76), []),  # worse than ln 2, but by less than a tenth
        (scores_of(loss=0.765), ["diverged: the loss is 0.765, after 0.693 in the first epoch"]),
        (scores_of(loss=2.0), ["diverged: the loss is 2, after 0.693 in the first epoch"]),
        (scores_of(test=0.6), ["test set, 0.600, is only that of always choosing"]),
        (
            scores_of(train=0.4, test=0.59),
            ["training set, 0.400, is below that", "test set, 0.590, is below that of always"],
        ),
    ],
)
def test_a_failed_training_is_said_in_sentences(scores, words):
    sentences = remarks(scores, first_loss=0.693)
    assert len(sentences) == len(words)
    for sentence, expected in zip(sentences, words, strict=True):
        assert expected in sentence


def test_a_loss_is_compared_with_the_larger_one_of_the_first_epoch_and_of_chance():
    assert remarks(scores_of(loss=0.76), first_loss=0.1) == []
    assert remarks(scores_of(loss=3.0), first_loss=2.8) == []
    assert len(remarks(scores_of(loss=3.1), first_loss=2.8)) == 1


def test_large_losses_keep_their_columns_apart():
    lines = score_lines({**scores_of(loss=366805472.0), "confusion": [[1, 0], [0, 1]]})
    assert lines[3].split() == ["loss", "3.7e+08", "3.7e+08"]
    assert len({len(line) for line in lines[1:4]}) == 1
    lines = score_lines({**scores_of(loss=4e148), "confusion": [[1, 0], [0, 1]]})
    assert lines[3].split() == ["loss", "4.0e+148", "4.0e+148"]
    for loss, text in ((999.94, "999.940"), (1000.0, "1.0e+03")):
        lines = score_lines({**scores_of(loss=loss), "confusion": [[1, 0], [0, 1]]})
        assert lines[3].split() == ["loss", text, text]
