"""The regressor."""

import numpy as np
from estimator_data import QUICK, ROWS, SMALL, VALUES
from sklearn.compose import TransformedTargetRegressor
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
