"""Inverse time decay: the formulas of the DeepLearning.AI specialization, to the last digit."""

import math

from hypothesis import given
from hypothesis import strategies as st

from minidl import InverseTimeDecay


@given(rate=st.floats(1e-6, 10), decay=st.floats(0, 100), epoch=st.integers(0, 10**6), every=...)
def test_the_learning_rates_are_those_of_the_formulas(rate: float, decay, epoch, every: bool):
    interval = 1000 if every else 1
    expected = rate / (1 + decay * math.floor(epoch / interval))
    assert InverseTimeDecay(rate, decay, interval=interval)(epoch) == expected


def test_learning_rates_by_hand():
    smooth, stairs = InverseTimeDecay(0.5, 1), InverseTimeDecay(0.5, 0.25, interval=100)
    assert [smooth(epoch) for epoch in (0, 1, 3)] == [0.5, 0.25, 0.125]
    assert [stairs(epoch) for epoch in (0, 99, 100, 199, 400)] == [0.5, 0.5, 0.4, 0.4, 0.25]
