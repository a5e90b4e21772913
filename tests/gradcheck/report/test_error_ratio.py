"""How wrong each element is."""

import numpy as np

from minidl.gradcheck import Check
from minidl.gradcheck.report.error_ratio import (
    MAX_CELLS,
    MAX_RATIO,
    MIN_RATIO,
    block_size,
    clipped_ratio,
    worst_of_blocks,
)


def test_the_ratio_has_limits_and_nan_is_wrong():
    gradients = {
        "analytic": np.array([1.0, 1.0, 9e9, np.nan]),
        "numeric": np.array([1.0, 1.2, 0.0, 0.0]),
        "bar": np.full(4, 0.1),
    }
    ratio = clipped_ratio(Check(0, "layer", "weight", **gradients))
    np.testing.assert_allclose(ratio, [MIN_RATIO, 2.0, MAX_RATIO, MAX_RATIO])


def test_no_wrong_column_is_lost_between_pixels():
    ratio = np.zeros((3, 10 * MAX_CELLS))
    ratio[1, 777] = 5.0
    shown = worst_of_blocks(ratio)
    assert shown.shape == (3, MAX_CELLS)
    assert shown[1].nonzero()[0].tolist() == [777 // 10]
    assert block_size(10 * MAX_CELLS) == 10
    assert worst_of_blocks(ratio[:, :5]).shape == (3, 5)
