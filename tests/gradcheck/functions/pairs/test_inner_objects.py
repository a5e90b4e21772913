"""Objects in objects."""

from types import SimpleNamespace

import numpy as np

from minidl.gradcheck.functions.pairs.inner_objects import has_attributes, objects_in


def test_objects_have_names_and_are_met_once():
    shared = SimpleNamespace()
    net = SimpleNamespace(
        layers=[SimpleNamespace(inner={"gate": shared}), shared], array=np.ones(2), f=np.tanh
    )
    net.itself = net
    found = dict(objects_in(net))
    assert list(found) == ["", "layers[0]", "layers[1]"]
    assert found["layers[1]"] is shared


def test_functions_classes_modules_and_arrays_are_no_objects():
    assert not any(map(has_attributes, (len, np, np.tanh, dict, np.ones(2), 3, lambda: 1)))
    assert has_attributes(SimpleNamespace())


def test_the_search_ends():
    first = last = SimpleNamespace()
    for _ in range(2_000):
        last.next = last = SimpleNamespace()
    assert len(list(objects_in(first))) < 10
