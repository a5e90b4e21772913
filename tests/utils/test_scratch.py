"""What layers and losses hold between calls is counted and released; what they had stays."""

import copy

import numpy as np

from minidl import Linear, MeanSquaredError, Sequential
from minidl.utils.scratch import Scratch
from minidl.utils.workspace import HasWorkspace, get_workspace


class Part(HasWorkspace):
    last = None

    def __init__(self):
        self.unset = None
        self.constant = np.ones(2)
        self.log = []

    def call(self, x):
        self.x = self.last = self.unset = x
        self.pair = {"both": (x, [x])}
        self.count = 1
        self.log.append(x)
        get_workspace(self.workspace, "y", x.shape, x.dtype)


def test_it_counts_and_releases_what_calls_left_behind():
    part = Part()
    scratch = Scratch([part])
    attributes = {**vars(part), "log": [], "workspace": {}}
    assert scratch.size_in_bytes() == 0
    x = np.ones(10)
    part.call(x)
    assert scratch.size_in_bytes() == 80 * 6
    scratch.release()
    assert scratch.size_in_bytes() == 0
    assert part.last is None
    assert part.count == 1
    assert part.log == [x]  # it was there before
    del part.count
    part.log.clear()
    assert vars(part) == attributes


def test_parts_of_no_model_keep_their_attributes():
    part = Part()
    part.call(np.ones(3))
    part.release_memory()
    assert part.workspace == {}
    assert part.x.sum() == 3
    assert copy.copy(part).x is part.x


def test_copies_hold_nothing_of_it_and_note_anew():
    part = Part()
    Scratch([part])
    part.call(np.ones(3))
    twin = copy.deepcopy(part)
    assert "x" not in vars(twin)
    assert "pair" not in vars(twin)
    assert twin.unset is None
    assert twin.workspace == {}
    twin.extra = np.ones(5)  # before it becomes part of another model
    assert copy.deepcopy(twin).extra.sum() == 5
    scratch = Scratch([twin])
    scratch.release()
    assert twin.extra.sum() == 5


def test_a_loss_without_a_call_has_nothing():
    assert Scratch([MeanSquaredError()]).size_in_bytes() == 0


def test_one_number_may_leave_much_behind():
    model = Sequential([Linear(1, 500_000)], loss=MeanSquaredError())
    model.predict([[1.0]])
    assert model.objective_function.scratch.size_in_bytes() == 0
