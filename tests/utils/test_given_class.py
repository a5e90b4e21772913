"""A class in place of an object gets the cure."""

import pytest

from minidl import (
    L2,
    Adam,
    BinaryCrossEntropy,
    EarlyStopping,
    He,
    Linear,
    ReLU,
    Sequential,
    Sigmoid,
)
from minidl.errors import ArgumentError
from minidl.utils.given_class import cure_for_class


def model(layers=None, loss=None, **arguments):
    return Sequential(
        layers or [Linear(2, 1), Sigmoid()], loss=loss or BinaryCrossEntropy(), **arguments
    )


def fit(**arguments):
    arguments = {"optimizer": Adam(), "epochs": 1, "progress": False} | arguments
    model().fit([[0.0, 1.0]], [1], **arguments)


USES = {
    "loss": (lambda: model(loss=BinaryCrossEntropy), r"write BinaryCrossEntropy\(\)"),
    "layer": (lambda: model([Linear(2, 1), ReLU]), r"layer 1 must be a Layer.*write ReLU\("),
    "penalty": (lambda: model(penalties=[L2]), r"write L2\(\)"),
    "initializer": (lambda: Linear(2, 1, init=He), r"write He\(\)"),
    "optimizer": (lambda: fit(optimizer=Adam), r"write Adam\(\)"),
    "callback": (lambda: fit(callbacks=[EarlyStopping]), r"write EarlyStopping\(\)"),
}


@pytest.mark.parametrize(("use", "cure"), USES.values(), ids=USES)
def test_a_class_in_place_of_an_object_is_refused_with_the_cure(use, cure):
    with pytest.raises(ArgumentError, match=cure):
        use()


def test_only_what_is_no_object_yet_gets_the_cure():
    assert cure_for_class(Adam()) == ""
    assert cure_for_class("adam") == ": it is a text; make an object of a class"
