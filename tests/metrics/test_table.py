import pytest

from minidl import F1, ArgumentError, BinaryCrossEntropy, FunctionMetric, Metric
from minidl.metrics.table import METRICS, as_metrics, direction, with_accuracy


def gain(y_true, y_pred):
    return 0.0


class Own(Metric):
    name = "f1"

    def sums(self, predictions):
        return (0,)

    def values(self, total):
        return (0.0,)


def test_metrics_are_found_by_name_and_made_of_functions():
    first, second, third, fourth = as_metrics(["f1", "top_12", gain, Hits()])
    assert (first.name, second.name, third.name) == ("f1", "top_12", "gain")
    assert second.k == 12
    assert isinstance(third, FunctionMetric)
    assert isinstance(fourth, Hits)


class Hits(Own):
    name = "hits"


def test_every_metric_has_a_name_and_a_direction():
    assert {direction(name) for name in METRICS if name != "mean_absolute_error"} == {True, None}
    for name in set(METRICS) - {"mean_absolute_error", "top_k"}:
        assert direction(f"val_{name}") is True


@pytest.mark.parametrize(
    ("name", "larger"),
    [
        ("accuracy", True),
        ("val_accuracy", True),
        ("dev_accuracy", True),
        ("loss", False),
        ("val_loss", False),
        ("val_top_3", True),
        ("val_class_accuracy_2", True),
        ("mean_absolute_error", False),
        ("val_mean_absolute_error", False),
        ("jaccard_score", True),
        ("max_error", False),
        ("gain", None),
        ("learning_rate", None),
    ],
)
def test_a_name_tells_whether_larger_is_better(name, larger):
    assert direction(name) is larger


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        (
            ["f2"],
            r"one of accuracy, class_accuracy, f1, .*top_2, top_3, \.\.\., or a function.*'f2'",
        ),
        (["top_0"], "got 'top_0'"),
        ("f1", r"metrics must be a list such as \['f1'\], got 'f1'"),
        ([F1], r"write F1\(\)"),
        ([3], "a metric must be a name such as 'f1', or a function of .*, got 3"),
        (["f1", F1()], "got 'f1' twice"),
        ([Own()], "must not be called 'f1'"),
        ([FunctionMetric(gain, name="val_gain")], "must not be called 'val_gain'"),
        ([FunctionMetric(gain, name="loss")], "must not be called 'loss'"),
    ],
)
def test_what_is_no_metric_is_refused(metrics, message):
    with pytest.raises(ArgumentError, match=message):
        as_metrics(metrics)


def test_a_classification_has_its_accuracy_once_and_first():
    names = [
        metric.name
        for metric in with_accuracy(as_metrics(["f1", "accuracy"]), BinaryCrossEntropy())
    ]
    assert names == ["accuracy", "f1"]
