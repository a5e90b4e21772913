"""A snapshot restores all that an object holds, however nested."""

from collections import deque
from types import SimpleNamespace

import numpy as np
import pytest

from minidl.utils.random import set_rng_state
from minidl.utils.snapshot import ClassSnapshot, Snapshot, restored


def owner(**attributes):
    return SimpleNamespace(**attributes)


@pytest.mark.parametrize(
    ("make", "change", "content"),
    [
        (lambda: np.zeros(2), lambda value: value.__setitem__(0, 7), lambda value: value.tolist()),
        (lambda: [1, np.zeros(1)], lambda value: value.append(3), lambda value: len(value)),
        (lambda: [1, np.zeros(1)], lambda value: value[1].fill(5), lambda value: value[1][0]),
        (lambda: (np.zeros(1),), lambda value: value[0].fill(5), lambda value: value[0][0]),
        (lambda: {"a": np.zeros(1)}, lambda value: value.update(b=1), lambda value: sorted(value)),
        (
            lambda: {"a": {"b": np.zeros(1)}},
            lambda value: value["a"]["b"].fill(5),
            lambda value: value["a"]["b"][0],
        ),
        (lambda: {1, 2}, lambda value: value.add(3), lambda value: sorted(value)),
        (lambda: deque([1]), lambda value: value.append(3), lambda value: list(value)),
        (
            lambda: deque([np.zeros(1)]),
            lambda value: value[0].fill(5),
            lambda value: value[0][0],
        ),
        (
            lambda: owner(count=0),
            lambda value: setattr(value, "count", 9),
            lambda value: value.count,
        ),
        (
            lambda: owner(deep=[np.zeros(1)]),
            lambda value: value.deep[0].fill(5),
            lambda value: value.deep[0][0],
        ),
        (
            lambda: np.random.default_rng(1),
            lambda value: value.random(),
            lambda value: value.bit_generator.state["state"]["state"],
        ),
        (
            lambda: [np.random.RandomState(1)],
            lambda value: value[0].rand(),
            lambda value: value[0].get_state()[2],
        ),
    ],
)
def test_what_is_held_comes_back_as_it_was(make, change, content):
    thing = owner(held=make())
    value, before = thing.held, content(thing.held)
    snapshot = Snapshot(thing)
    change(thing.held)
    assert content(thing.held) != before
    thing.held = None
    thing.added = 1
    snapshot.restore()
    assert thing.held is value
    assert content(thing.held) == before
    assert not hasattr(thing, "added")


def test_it_can_be_put_back_more_than_once():
    thing = owner(numbers=[1], array=np.zeros(1))
    snapshot = Snapshot(thing)
    for _ in range(2):
        thing.numbers.append(2)
        thing.array += 1
        snapshot.restore()
        assert (thing.numbers, thing.array[0]) == ([1], 0)


def test_rewinding_sets_back_the_streams_alone():
    thing = owner(streams=[np.random.default_rng(3)], count=0)
    snapshot = Snapshot(thing)
    first = thing.streams[0].random()
    thing.count = 5
    for generator, state in snapshot.random_states:
        set_rng_state(generator, state)
    assert thing.streams[0].random() == first
    assert thing.count == 5


def test_a_structure_that_holds_itself_is_no_trap():
    thing = owner(items=[])
    thing.items.append(thing.items)
    snapshot = Snapshot(thing)
    thing.items.append(1)
    snapshot.restore()
    assert len(thing.items) == 1


def test_one_attribute_comes_back_alone():
    thing = owner(array=np.zeros(2), nested={"a": [1]}, number=1, gone=2)
    array, nested = thing.array, thing.nested
    snapshot = Snapshot(thing)
    array += 1
    nested["a"].append(2)
    thing.array, thing.number, thing.new = np.ones(3), 5, 6
    del thing.gone
    snapshot.restore_attribute("array")
    assert thing.array is array
    assert array.tolist() == [0, 0]
    assert (nested, thing.number, thing.new) == ({"a": [1, 2]}, 5, 6)
    for name in ("nested", "gone", "new"):
        snapshot.restore_attribute(name)
    assert nested == {"a": [1]}
    assert (thing.number, thing.gone) == (5, 2)
    assert not hasattr(thing, "new")


def test_an_attribute_that_holds_itself_comes_back_alone():
    thing = owner(items=[1])
    thing.items.append(thing.items)
    snapshot = Snapshot(thing)
    thing.items.clear()
    snapshot.restore_attribute("items")
    assert thing.items[0] == 1
    assert thing.items[1] is thing.items


def test_contents_of_some_types_are_left_out():
    inner = owner(count=0)
    thing = owner(inner=inner, kept=[inner])
    snapshot = Snapshot(thing, (SimpleNamespace,))
    inner.count, thing.inner = 5, None
    thing.kept.clear()
    snapshot.restore()
    assert thing.inner is inner
    assert thing.kept == [inner]
    assert inner.count == 5


def test_a_context_restores_its_objects_even_if_it_raises():
    first, second = owner(kept=np.zeros(2)), owner()

    def change():
        first.kept[0] = 7
        second.new = 1
        raise RuntimeError

    with pytest.raises(RuntimeError), restored([first, second]):
        change()
    assert first.kept.tolist() == [0, 0]
    assert not hasattr(second, "new")


def test_a_container_that_did_not_change_is_not_touched():
    class Watched(dict):
        def clear(self):
            raise AssertionError

    table = Watched(a=1, b=np.zeros(1))
    thing = owner(table=table)
    snapshot = Snapshot(thing)
    table["b"][0] = 5
    snapshot.restore()
    assert table["b"][0] == 0
    table["b"] = np.zeros(1)
    with pytest.raises(AssertionError):
        snapshot.restore()


class Base:
    inherited = 1


def test_the_data_of_a_class_comes_back_alone_or_together():
    class Owner(Base):
        array, items, number, gone = np.zeros(2), [1], 1, 2

        def method(self):
            return 1

        @property
        def half(self):
            return 2

    array, items, method = Owner.array, Owner.items, Owner.method
    snapshot = ClassSnapshot(Owner)
    assert set(snapshot.attributes) == {"array", "items", "number", "gone"}
    for restore in (snapshot.restore, lambda: [snapshot.restore_attribute(n) for n in NAMES]):
        array += 1
        items.append(2)
        Owner.array, Owner.number, Owner.new, Owner.inherited = None, 5, 6, 7
        del Owner.gone
        restore()
        assert Owner.array is array
        assert (array.tolist(), items, Owner.number, Owner.gone) == ([0, 0], [1], 1, 2)
        assert not hasattr(Owner, "new")
        assert (Owner.inherited, Owner.method) == (1, method)


NAMES = ("array", "items", "number", "gone", "new", "inherited")


def test_objects_may_be_linked_thousands_deep():
    first = last = SimpleNamespace()
    for _ in range(5_000):
        last.next = last = SimpleNamespace()
    last.array = np.zeros(2)
    snapshot = Snapshot(first)
    array = last.array
    array += 1
    last.new = 1
    snapshot.restore()
    assert array.tolist() == [0, 0]
    assert not hasattr(last, "new")
