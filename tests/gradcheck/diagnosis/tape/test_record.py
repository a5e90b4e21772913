"""Recording a function."""

import numpy as np
import pytest
from tape_graphs import DY, W, X

from minidl.gradcheck.diagnosis.tape.node import NotTraceable
from minidl.gradcheck.diagnosis.tape.record import record


def test_several_outputs_have_their_own_incoming_gradients():
    graph = record(
        lambda x: (x * 2, x.sum(), np.ones(3)),
        {"x": X},
        lambda arrays: list(arrays.values()),
        lambda ys: list(zip(ys, (DY, 5.0, np.ones(3)), strict=True)),
    )
    np.testing.assert_allclose(graph.gradients()["x"], 2 * DY + 5)


def test_what_does_not_depend_on_the_inputs_is_refused():
    with pytest.raises(NotTraceable, match="no output"):
        record(lambda x: W, {"x": X}, lambda arrays: [arrays["x"]], lambda y: [(y, DY)])
