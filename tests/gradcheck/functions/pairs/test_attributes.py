"""Attributes in dictionaries and in slots."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from minidl.gradcheck.functions.pairs.attributes import attributes_of, has_attributes, slots_of


class Slotted:
    __slots__ = ("W", "__private", "empty")

    def __init__(self):
        self.W, self.__private = 1, 2


class Both(Slotted):
    def __init__(self):
        super().__init__()
        self.other = 3


@dataclass(frozen=True, slots=True)
class Frozen:
    W: float


def test_slots_are_attributes():
    both = Both()
    attributes = attributes_of(both)
    assert dict(attributes) == {"W": 1, "_Slotted__private": 2, "other": 3}
    assert len(attributes) == 3
    assert "empty" not in attributes
    attributes["empty"], attributes["new"] = 4, 5
    del attributes["W"], attributes["other"]
    assert (both.empty, both.new) == (4, 5)
    assert not hasattr(both, "W")
    with pytest.raises(KeyError):
        attributes["W"]
    frozen = Frozen(1.0)
    attributes_of(frozen)["W"] = 2.0
    assert frozen.W == 2.0


def test_the_dictionary_of_other_objects_is_their_own():
    owner = SimpleNamespace(a=1)
    assert attributes_of(owner) is vars(owner)
    assert slots_of(owner) == []


def test_functions_classes_modules_and_arrays_are_no_objects():
    assert not any(map(has_attributes, (len, np, np.tanh, dict, np.ones(2), 3, lambda: 1)))
    assert has_attributes(SimpleNamespace())
    assert has_attributes(Slotted())
