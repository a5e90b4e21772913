import numpy as np
import pytest
from helpers import classifier, rows

from minidl import L2, ArgumentError, Linear, MeanSquaredError, Sequential
from minidl.model.evaluation import Validator

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


@pytest.mark.parametrize(("share", "is_copied"), [(0.99, True), (1.01, False)])
def test_a_validation_set_may_be_converted_at_once_within_a_sixteenth_of_the_limit(
    share, is_copied
):
    """What is converted for each batch is what the array holds by then."""
    model = classifier(dtype=np.float32)
    x, y = (values.astype(np.float64) for values in rows(200))
    limit = round(4 * x.size * 16 / share)
    validate = Validator(model.objective_function, (x, y), limit)
    before = validate()
    x += 1
    assert (validate() == before) == is_copied
