"""Metrics measured batch by batch, against scikit-learn's of all predictions at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metric_cases import Case

from minidl import F1, R2, ArgumentError, MeanSquaredError, Poisson
from minidl.metrics.measurement import Measurement

sklearn_metrics = pytest.importorskip("sklearn.metrics")

cases = {
    "seed": st.integers(0, 10_000),
    "weights": st.sampled_from(["none", "example", "position"]),
    "positions": st.sampled_from([0, 3]),
    "lengths": st.lists(st.integers(1, 6), min_size=1, max_size=4),
    "few": st.booleans(),
}


def close(value):
    return pytest.approx(value, rel=1e-12, abs=1e-12)


@given(kind=st.sampled_from(["binary", "logits", "scores", "classes", "decisions"]), **cases)
def test_metrics_of_classes_are_those_of_scikit_learn(kind, **arguments):
    case = Case(kind, **arguments)
    found = case.measure("precision", "recall", "f1", "class_accuracy")
    average = "binary" if case.k == 1 else "macro"
    arrays = case.expected, case.predicted
    known = {"sample_weight": case.weight, "zero_division": 0}
    for name in ("precision", "recall", "f1"):
        score = getattr(sklearn_metrics, f"{name}_score")
        assert found[name] == close(score(*arrays, average=average, **known)), name
    is_right = arrays[0] == arrays[1]
    right = is_right.reshape(len(case.weight), -1).mean(axis=1)
    assert found["accuracy"] == close(np.average(right, weights=case.weight))
    if kind == "decisions":
        per_class = np.average(is_right, axis=0, weights=case.weight)
    else:
        labels = range(max(2, case.k))
        per_class = sklearn_metrics.recall_score(*arrays, labels=labels, average=None, **known)
    names = [name for name in found if name.startswith("class_accuracy")]
    assert [found[name] for name in names] == close(list(per_class))


@given(k=st.integers(1, 3), **cases)
def test_top_k_accuracy_is_that_of_scikit_learn(k, **arguments):
    case = Case("classes", **arguments)
    expected = sklearn_metrics.top_k_accuracy_score(
        case.expected, case.scores, k=k, labels=range(4), sample_weight=case.weight
    )
    assert case.measure(f"top_{k}")[f"top_{k}"] == close(expected)


@given(kind=st.sampled_from(["numbers", "pairs"]), **cases)
def test_metrics_of_numbers_are_those_of_scikit_learn(kind, **arguments):
    case = Case(kind, **arguments)
    found = case.measure("mean_absolute_error", "r2")
    arguments = case.expected, case.predicted
    weight = {"sample_weight": case.weight}
    error = sklearn_metrics.mean_absolute_error(*arguments, **weight)
    assert found["mean_absolute_error"] == close(error)
    if len(case.weight) < 2:
        assert np.isnan(found["r2"])
    else:
        r2 = sklearn_metrics.r2_score(*arguments, **weight)
        assert found["r2"] == pytest.approx(r2, rel=1e-9, abs=1e-9)


def test_r2_does_not_cancel_and_a_constant_target_has_one_or_zero():
    rng = np.random.default_rng(0)
    measurement = Measurement([R2()], MeanSquaredError(), 3)
    target = np.concatenate([1e8 + rng.standard_normal((40, 1)), np.full((40, 2), 0.1)], axis=1)
    output = target + np.array([0.5, 0.0, 1.0])
    for start in range(0, 40, 7):
        measurement.add(output[start : start + 7], target[start : start + 7])
    varying = 1 - 40 * 0.25 / ((target[:, 0] - target[:, 0].mean()) ** 2).sum()
    assert measurement.values()["r2"] == pytest.approx((varying + 1 + 0) / 3, rel=1e-6)


def test_counts_of_a_poisson_loss_are_the_expected_ones():
    measurement = Measurement([R2()], Poisson(), 1)
    target = np.array([[1.0], [2.0], [4.0]])
    measurement.add(np.log(target), target)
    assert measurement.values()["r2"] == close(1.0)


def test_a_measurement_begins_anew_and_goes_on_from_a_state():
    case = Case("classes", 0)
    first, second = (Measurement([F1()], case.loss, 4) for _ in range(2))
    first.add(case.output[:6], case.target[:6])
    state = first.state()
    second.check_state(state)
    second.restore(state)
    for measurement in (first, second):
        measurement.add(case.output[6:], case.target[6:])
    assert first.values() == second.values() == case.measure("f1")
    first.reset()
    assert first.state() == {}
    first.add(case.output[:6], case.target[:6])
    assert first.state()["f1"][0].tolist() == state["f1"][0].tolist()


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ({"f1": [np.zeros((4, 4))]}, ArgumentError),
        ({"f1": [np.zeros((3, 4))], "accuracy": [np.zeros(()), np.zeros(())]}, ValueError),
        ({"f1": [], "accuracy": [np.zeros(()), np.zeros(())]}, ValueError),
    ],
)
def test_a_state_of_other_metrics_or_shapes_is_refused(state, error):
    with pytest.raises(error):
        Measurement([F1()], Case("classes", 0).loss, 4).check_state(state)


def test_a_sum_that_is_empty_is_no_number():
    case = Case("classes", 0, "example")
    case.given_weight[:] = 0
    found = case.measure("f1", "top_2")
    assert np.isnan([found["accuracy"], found["f1"], found["top_2"]]).all()


def test_measurements_are_put_together():
    def measured(*parts):
        measurement = Measurement([R2()], MeanSquaredError(), 2)
        for part in parts:
            measurement.add(outputs[part], targets[part])
        return measurement

    rng = np.random.default_rng(0)
    outputs, targets = rng.standard_normal((2, 12, 2))
    first, second, whole = measured(slice(5)), measured(slice(5, 12)), measured()
    state = {name: [array.copy() for array in arrays] for name, arrays in first.state().items()}
    whole.merge({})
    whole.merge(first.state())
    whole.merge({})
    whole.merge(second.state())
    assert whole.values() == pytest.approx(measured(slice(12)).values())
    for name, arrays in first.state().items():
        assert all(map(np.array_equal, arrays, state[name]))
