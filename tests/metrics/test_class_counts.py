import numpy as np

from minidl import BinaryCrossEntropy, Predictions
from minidl.metrics.class_counts import ClassCounts


class Right(ClassCounts):
    name = "right"

    def scores(self, right, predicted, expected):
        return right


def test_decisions_count_for_each_output_also_where_nothing_is_there():
    p, t = np.array([[0.9, 0.1], [0.8, 0.1]]), np.array([[1.0, 0.0], [1.0, 0.0]])
    metric = Right()
    total = metric.sums(Predictions(BinaryCrossEntropy(), p, t))
    assert metric.values(metric.add(total, total)) == (2.0,)  # 4 and 0
