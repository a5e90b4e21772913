import pytest
from out_of_core_array import numbered_rows

from minidl import MiniBatches, ShapeError


def test_x_and_y_must_have_the_same_number_of_rows():
    with pytest.raises(ShapeError, match="X and Y must have the same number of rows, got 3 and 4"):
        MiniBatches(numbered_rows(3)[0], numbered_rows(4)[1])
