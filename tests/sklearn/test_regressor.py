"""The regressor."""

import numpy as np
import pytest
from estimator_data import QUICK, ROWS, SMALL, VALUES
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import make_regression
from sklearn.exceptions import DataConversionWarning
from sklearn.preprocessing import StandardScaler

from minidl.sklearn import MinidlRegressor


def test_targets_can_be_scaled():
    scaled = TransformedTargetRegressor(
        MinidlRegressor((32,), **QUICK, random_state=0), transformer=StandardScaler()
    )
    assert scaled.fit(ROWS, 1000 + 100 * VALUES).score(ROWS, 1000 + 100 * VALUES) > 0.9


def test_values_keep_their_shape():
    single, double = (
        MinidlRegressor(**SMALL).fit(ROWS, VALUES),
        MinidlRegressor(**SMALL).fit(ROWS, np.c_[VALUES, -VALUES]),
    )
    assert single.predict(ROWS).shape == (150,)
    assert double.predict(ROWS).shape == (150, 2)


def test_several_values_are_learned_together():
    """The set, the sizes and the bar of scikit-learn's test."""
    rows, y = make_regression(200, n_targets=5, random_state=11)
    regressor = MinidlRegressor(50, optimizer="lbfgs", max_iter=200, random_state=1)
    assert regressor.fit(rows, y).score(rows, y) > 0.9


def test_a_column_is_taken_as_a_vector_with_the_usual_warning():
    with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
        column = MinidlRegressor(**SMALL).fit(ROWS, VALUES[:, np.newaxis])
    expected = MinidlRegressor(**SMALL).fit(ROWS, VALUES).predict(ROWS)
    np.testing.assert_array_equal(column.predict(ROWS), expected)
