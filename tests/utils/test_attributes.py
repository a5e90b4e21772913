"""Attributes in a dictionary of their own."""

import contextlib
import sys

from minidl.utils.attributes import replaced_attributes, unshare_attributes


class Point:
    def __init__(self):
        self.x = 1
        self.y = [2]


def test_the_attributes_stay_as_they_were_in_another_dictionary():
    point = Point()
    before, y = vars(point), point.y
    attributes = unshare_attributes(point)
    assert attributes is vars(point) is not before
    assert attributes == before
    assert point.y is y
    point.z = 3
    assert attributes["z"] == 3


def test_no_keys_are_shared():
    """A dictionary whose keys are shared does not count them in its size."""
    point, other = Point(), Point()
    unshare_attributes(point)
    assert sys.getsizeof(vars(point)) == sys.getsizeof(dict(vars(other)))


def test_attributes_and_methods_are_replaced_for_a_context():
    point = Point()
    before = dict(vars(point))
    with replaced_attributes(point, x=5, norm=lambda: 7):
        assert (point.x, point.norm()) == (5, 7)
    assert vars(point) == before


def test_they_come_back_after_an_error():
    point = Point()
    with contextlib.suppress(ValueError), replaced_attributes(point, x=5):
        raise ValueError
    assert point.x == 1
