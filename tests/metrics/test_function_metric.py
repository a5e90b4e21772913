import numpy as np
import pytest
from metric_cases import Case

from minidl import ArgumentError, FunctionMetric, MeanSquaredError
from minidl.metrics.measurement import Measurement

sklearn_metrics = pytest.importorskip("sklearn.metrics")


@pytest.mark.parametrize("kind", ["binary", "classes", "decisions", "numbers", "pairs"])
@pytest.mark.parametrize("weights", ["none", "example", "position"])
def test_a_function_gets_all_targets_and_predictions_with_weights(kind, weights):
    case = Case(kind, 1, weights, positions=2)

    def gathered_score(y_true, y_pred, sample_weight):
        np.testing.assert_array_equal(y_true, np.squeeze(case.expected))
        np.testing.assert_array_equal(y_pred, np.squeeze(case.predicted))
        np.testing.assert_array_equal(sample_weight, case.weight)
        return np.float32(0.5)

    assert case.measure(gathered_score)["gathered_score"] == 0.5


def test_metrics_of_scikit_learn_are_functions():
    case = Case("binary", 3, "example")
    found = case.measure(
        sklearn_metrics.matthews_corrcoef,
        FunctionMetric(sklearn_metrics.roc_auc_score, probabilities=True),
    )
    arguments = {"sample_weight": case.weight}
    assert found["matthews_corrcoef"] == pytest.approx(
        sklearn_metrics.matthews_corrcoef(case.expected, case.predicted, **arguments), rel=1e-12
    )
    assert found["roc_auc_score"] == pytest.approx(
        sklearn_metrics.roc_auc_score(case.expected, case.scores[:, 0], **arguments), rel=1e-12
    )


def test_probabilities_of_logits_are_no_logits():
    case = Case("logits", 3)

    def largest(y_true, y_pred):
        return y_pred.max()

    metric = FunctionMetric(largest, name="largest_score", probabilities=True)
    expected = 1 / (1 + np.exp(-case.output.max()))
    assert case.measure(metric)["largest_score"] == pytest.approx(expected, rel=1e-12)


def test_arrays_that_the_model_reuses_are_copied():
    def first_score(y_true, y_pred):
        return y_pred[0]

    measurement = Measurement([FunctionMetric(first_score)], MeanSquaredError(), 1)
    output, target = np.array([[1.0], [2.0]]), np.zeros((2, 1))
    measurement.add(output, target)
    output[...] = 9.0
    assert measurement.values() == {"first_score": 1.0}


def test_the_name_tells_the_direction():
    def gain(y_true, y_pred):
        return 0.0

    assert FunctionMetric(gain).higher_is_better is None
    assert FunctionMetric(gain, name="gain_score").higher_is_better is True
    assert FunctionMetric(gain, name="worst_error").higher_is_better is False
    assert FunctionMetric(gain, name="gain_score", higher_is_better=False).higher_is_better is False


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (3, "a metric must be a function, got 3"),
        (lambda y_true, y_pred: 0, "must have a name such as 'worst_error', got '<lambda>'"),
        (lambda y_true: 0, r"a function of \(y_true, y_pred\), got one of \(y_true\)"),
    ],
)
def test_what_is_no_function_of_two_arrays_is_refused(function, message):
    with pytest.raises(ArgumentError, match=message):
        FunctionMetric(function)


def test_what_it_returns_must_be_a_number():
    def pair_score(y_true, y_pred):
        return y_pred[:2]

    case = Case("numbers", 0)
    with pytest.raises(ArgumentError, match="'pair_score' must return a number, got array"):
        case.measure(pair_score)
    with pytest.raises(ArgumentError, match="'pair_score' needs a loss that predicts classes"):
        case.measure(FunctionMetric(pair_score, probabilities=True))
