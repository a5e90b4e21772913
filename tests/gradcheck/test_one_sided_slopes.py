import numpy as np
import pytest
from one_sided_slopes import is_subgradient

ARRAYS = {"x": np.array([0.0, 1.0, -2.0]), "y": np.array([3.0])}


def bent(arrays):
    x, y = arrays["x"], arrays["y"]
    return (2 * np.where(x > 0, x, x / 8) - np.abs(x)).sum() + (y**2).sum()


@pytest.mark.parametrize(
    ("at_zero", "of_y", "expected"),
    [(1.0, 6.0, True), (1.2, 6.0, True), (0.25, 6.0, False), (1.5, 6.0, False), (1.0, 6.1, False)],
)
def test_a_subgradient_lies_between_the_slopes_on_both_sides(at_zero, of_y, expected):
    gradients = {"x": np.array([at_zero, 1.0, 1.25]), "y": np.array([of_y])}
    assert is_subgradient(bent, gradients, ARRAYS) is expected
