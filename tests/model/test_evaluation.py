import pytest
from helpers import classifier, rows

from minidl import L2, ArgumentError, Linear, MeanSquaredError, Sequential

X, Y = rows(10)


def test_a_regression_has_no_classes_and_no_accuracy():
    model = Sequential([Linear(3, 2)], loss=MeanSquaredError())
    assert set(model.evaluate(X, X[:, :2])) == {"loss"}
    with pytest.raises(ArgumentError, match="does not predict classes"):
        model.predict_classes(X)


def test_evaluate_counts_correct_predictions_and_omits_penalties():
    model = classifier(penalties=[L2(10)])
    found = model.evaluate(X, Y)
    assert found["loss"] == pytest.approx(model.objective(X, Y)["data"])
    assert found["accuracy"] == (model.predict_classes(X) == Y[:, 0]).mean()
