"""The regressor."""

import numpy as np
import pytest
from estimator_data import QUICK, ROWS, SMALL, VALUES
from sklearn.compose import TransformedTargetRegressor
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


def test_a_column_is_taken_as_a_vector_with_the_usual_warning():
    with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
        column = MinidlRegressor(**SMALL).fit(ROWS, VALUES[:, np.newaxis])
    expected = MinidlRegressor(**SMALL).fit(ROWS, VALUES).predict(ROWS)
    np.testing.assert_array_equal(column.predict(ROWS), expected)
