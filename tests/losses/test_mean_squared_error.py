import numpy as np
import pytest

from minidl import (
    ArgumentError,
    MeanSquaredError,
)


def test_a_regression_has_no_classes():
    assert not MeanSquaredError().is_classification
    with pytest.raises(
        ArgumentError, match=r"MeanSquaredError\(\) does not predict classes: use predict"
    ):
        MeanSquaredError().classes(np.ones((1, 1)))
