"""Objects in objects."""

from types import SimpleNamespace

import numpy as np

from minidl.gradcheck.functions.pairs.inner_objects import objects_in


def test_objects_have_names_and_are_met_once():
    shared = SimpleNamespace()
    net = SimpleNamespace(
        layers=[SimpleNamespace(inner={"gate": shared}), shared], array=np.ones(2), f=np.tanh
    )
    net.itself = net
    found = dict(objects_in(net))
    assert list(found) == ["", "layers[0]", "layers[1]"]
    assert found["layers[1]"] is shared


def test_the_search_ends():
    first = last = SimpleNamespace()
    for _ in range(2_000):
        last.next = last = SimpleNamespace()
    assert len(list(objects_in(first))) < 10
