import numpy as np
import pytest

from minidl import ArgumentError, CategoricalCrossEntropy, Predictions, TopK


@pytest.mark.parametrize(("k", "value"), [(1, 1 / 4), (2, 2 / 4), (3, 3 / 4)])
def test_of_equal_outputs_the_larger_class_counts_first(k, value):
    p = np.array([[0.1, 0.4, 0.4, 0.1], [0.1, 0.4, 0.4, 0.1], [0.1, 0.3, 0.4, 0.2], [0.25] * 4])
    t = np.eye(4)[[2, 1, 3, 0]]
    metric = TopK(k)
    assert metric.values(metric.sums(Predictions(CategoricalCrossEntropy(), p, t))) == (value,)


@pytest.mark.parametrize("k", [0, 1.5, "2"])
def test_k_is_a_whole_number(k):
    with pytest.raises(ArgumentError, match="k must be an integer >= 1"):
        TopK(k)


def test_its_name_has_the_number():
    assert TopK.from_name("top_12").k == 12
    assert TopK.from_name("top_k") is TopK.from_name("top_01") is None
    assert repr(TopK(3)) == "TopK(3)"
