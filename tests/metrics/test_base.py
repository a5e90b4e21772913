import numpy as np
import pytest

from minidl import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Hinge,
    Linear,
    MeanSquaredError,
    Metric,
    Sequential,
)
from minidl.metrics.base import decides_each, divide


class LargestOutput(Metric):
    """A metric whose total is no sum."""

    name = "largest_output"

    def sums(self, predictions):
        return (predictions.output.max(),)

    def add(self, total, sums):
        return (max(total[0], sums[0]),)

    def values(self, total):
        return (float(total[0]),)


def test_a_metric_of_ones_own_is_measured_over_all_batches():
    model = Sequential([Linear(1, 1)], loss=MeanSquaredError(), dtype=np.float64)
    X = np.random.default_rng(0).standard_normal((5000, 1))
    found = model.evaluate(X, X, metrics=[LargestOutput()], memory_limit=20_000)
    assert found["largest_output"] == model.predict(X).max()
    assert repr(LargestOutput()) == "LargestOutput()"


def test_a_total_becomes_arrays_and_comes_back():
    metric = LargestOutput()
    arrays = metric.to_arrays((3.5,))
    assert metric.values(metric.from_arrays(arrays)) == (3.5,)


def test_by_default_a_metric_suits_every_model():
    LargestOutput().check(MeanSquaredError(), 1)
    assert LargestOutput.from_name("largest_output") is None
    with pytest.raises(TypeError, match="abstract"):
        Metric()


def test_which_outputs_are_decisions():
    assert decides_each(BinaryCrossEntropy(), 2)
    assert not decides_each(BinaryCrossEntropy(), 1)
    assert not decides_each(CategoricalCrossEntropy(), 3)
    assert not decides_each(Hinge(), 3)


def test_a_division_by_0_is_0():
    assert divide([1.0, 2.0], [0.0, 4.0]).tolist() == [0.0, 0.5]
