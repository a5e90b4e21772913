"""Recorded functions for the tests of tapes."""

import numpy as np

from minidl.gradcheck.diagnosis.tape.record import record

RNG = np.random.default_rng(0)
X = RNG.standard_normal((4, 4))
W = RNG.standard_normal((4, 4))
DY = RNG.standard_normal((4, 4))


def graph_of(forward, dy=DY, **values):
    """Return the graph of a function of `values` whose output has the incoming gradient `dy`."""
    values = values or {"x": X, "w": W}
    return record(forward, values, lambda arrays: list(arrays.values()), lambda y: [(y, dy)])


def words_of(edits, graph, **gradients):
    """Return the words of all edits that give these gradients, the others staying right."""
    expected = graph.gradients() | gradients
    with np.errstate(all="ignore"):
        return [
            edit.words
            for edit in edits
            if all(
                np.allclose(found, expected[name], rtol=1e-9, atol=1e-12)
                for name, found in graph.edited(edit).items()
            )
        ]
