"""The order of the patterns."""

import numpy as np
from pattern_evidence import N, X, diagnosis_of

from minidl.gradcheck.diagnosis.diagnose import UNKNOWN
from minidl.gradcheck.diagnosis.patterns import PATTERNS


def test_the_order_is_kept():
    """Zero also is 0 x numeric, transposed and clipped: the first pattern that fits decides."""
    names = [pattern.name for pattern in PATTERNS]
    order = ["all zero", "known mistake", "constant factor", "clipped"]
    assert sorted(order, key=names.index) == order
    assert diagnosis_of(0 * N, candidates=[("zeros", 0 * N)]).startswith("analytic = 0")
    assert diagnosis_of(2 * N, candidates=[("twice", 2 * N)]).count("twice (equal")
    assert diagnosis_of(np.where(X > 0, np.nan, 0), candidates=[]).endswith("divided by zero")


def test_what_nothing_explains_is_unknown():
    assert diagnosis_of(N + X) == UNKNOWN
    assert diagnosis_of([1.5, 2.0, -1.0], [0.5, 3.0, 2.0]) == UNKNOWN
