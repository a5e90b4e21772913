"""What is found in attributes, lists, tuples and dictionaries, and what is hidden elsewhere."""

import functools
from collections import namedtuple
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl.utils import nested
from minidl.utils.nested import find_hidden, find_nested


class Item:
    pass


def holder(**attributes):
    return SimpleNamespace(**attributes)


def test_names_are_attributes_positions_and_keys():
    a, b, c, d = Item(), Item(), Item(), Item()
    owner = holder(a=a, blocks=[b, {"deep": (1, c)}], other="text", named={3: d})
    assert dict(find_nested(owner, (Item,))) == {
        "a": a,
        "blocks.0": b,
        "blocks.1.deep.1": c,
        "named.3": d,
    }


@given(st.recursive(st.just(0), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_every_item_at_any_depth_is_found_once(structure):
    items = []

    def plant(value):
        if isinstance(value, list):
            return [plant(inner) for inner in value]
        if isinstance(value, dict):
            return {key: plant(inner) for key, inner in value.items()}
        items.append(Item())
        return items[-1]

    owner = holder(structure=plant(structure))
    assert [item for _, item in find_nested(owner, (Item,))] == items
    assert not list(find_hidden(owner, (Item,)))


def test_a_list_that_contains_itself_ends():
    item, loop = Item(), []
    loop += [loop, item]
    assert list(find_nested(holder(loop=loop), (Item,))) == [("loop.1", item)]


def test_a_named_tuple_is_entered():
    pair = namedtuple("Pair", "left right")(Item(), 2)
    assert dict(find_nested(holder(pair=pair), (Item,))) == {"pair.0": pair.left}


@pytest.mark.parametrize(
    ("hide", "place"),
    [
        (lambda item: holder(inner=item), "hidden.inner"),
        (lambda item: {item}, "hidden.0"),
        (lambda item: np.array([None, item]), "hidden.1"),
        (lambda item: functools.partial(print, item), "hidden.0"),
        (lambda item: functools.partial(print, end=item), "hidden.end"),
        (lambda item: [holder(deep=[item])], "hidden.0.deep.0"),
        (lambda item: holder(inner=item).__getattribute__, None),
    ],
)
def test_what_is_not_in_a_container_is_hidden(hide, place):
    item = Item()
    hidden = list(find_hidden(holder(hidden=hide(item)), (Item,)))
    assert hidden == ([(place, item)] if place else [])


def test_a_method_hides_its_object():
    class Helper:
        def __init__(self):
            self.item = Item()

        def method(self):
            pass

    helper = Helper()
    owner = holder(call=helper.method)
    assert list(find_hidden(owner, (Item,))) == [("call.__self__.item", helper.item)]


def test_what_is_reachable_too_is_not_hidden():
    item = Item()
    assert not list(find_hidden(holder(item=item, helper=holder(item=item)), (Item,)))


def test_a_large_program_ends_the_search(monkeypatch):
    monkeypatch.setattr(nested, "MAX_OBJECTS", 5)
    chain = Item()
    for _ in range(10):
        chain = holder(next=chain)
    assert not list(find_hidden(holder(chain=chain), (Item,)))


@pytest.mark.parametrize(("count", "found"), [(9_997, 1), (9_998, 0)])
def test_ten_thousand_objects_are_searched(count, found):
    """The owner, the list and the set count too."""
    owner = holder(many=[*(holder() for _ in range(count - 1)), {Item()}])
    assert len(list(find_hidden(owner, (Item,)))) == found
