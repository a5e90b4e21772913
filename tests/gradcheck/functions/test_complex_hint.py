"""The hint about buffers."""

from pathlib import Path

import numpy as np
import pytest

from minidl import check_function, check_gradients
from minidl.gradcheck.functions.complex_hint import complex_hint

X = np.array([[0.3, -1.0], [2.0, 0.5]])


def with_buffer(x, dtype):
    out = np.zeros(x.shape, dtype)
    for i, row in enumerate(x):
        out[i] = np.sin(row)
    return out


def has_hint(report):
    line = with_buffer.__code__.co_firstlineno + 3
    place = f"writes in line {line} of {Path(__file__).name}"
    return any(note.startswith("hint: ") and place in note for note in report.notes)


@pytest.mark.parametrize("keeps", [False, True])
def test_a_buffer_that_discards_imaginary_parts_is_told(keeps):
    def forward(x):
        return with_buffer(x, x.dtype if keeps else float)

    def backward(dy, x):
        return dy * np.cos(x)

    report = check_function(forward, backward, X, backward_inputs=True)
    assert report.ok
    assert has_hint(report) != keeps
    assert (report.method == "complex step") == keeps
    report = check_gradients(lambda x: forward(x).sum(), np.cos, X)
    assert has_hint(report) != keeps


def test_other_reasons_have_no_hint():
    assert complex_hint(["numeric side: its derivative for x got lost"]) == []
