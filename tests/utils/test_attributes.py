"""Attributes in a dictionary of their own."""

import sys

from minidl.utils.attributes import unshare_attributes


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
