import numpy as np
import pytest

from minidl import ArgumentError, ShapeError
from minidl.layers.windows import Windows, as_pair, axes_text, same_or_pair


def test_windows_are_counted():
    for size in range(1, 12):
        for extent, stride, padding in np.ndindex(4, 3, 3):
            windows = Windows((extent + 1, 1), (stride + 1, 1), (padding, 0))
            starts = range(0, size + 2 * padding - extent, stride + 1)
            if starts:
                assert windows.output_size((size, 2)) == (len(starts), 2)
            else:
                with pytest.raises(ShapeError):
                    windows.output_size((size, 2))


def test_dilated_windows_span_more():
    windows = Windows((3, 2), (1, 1), (0, 0), dilation=(2, 4))
    assert windows.extent == (5, 5)
    assert windows.output_size((5, 6)) == (1, 2)


@pytest.mark.parametrize(
    ("kernel_size", "stride", "size", "count", "before"),
    [
        (3, 1, 5, 5, 1),
        (4, 1, 5, 5, 1),
        (3, 2, 5, 3, 1),
        (3, 2, 6, 3, 0),
        (2, 3, 7, 3, 0),
        (1, 2, 6, 3, 0),
    ],
)
def test_same_padding_by_hand(kernel_size, stride, size, count, before):
    windows = Windows((kernel_size, 1), (stride, 1), "same")
    assert windows.output_size((size, 4)) == (count, 4)
    assert windows.padding_before((size, 4)) == (before, 0)


def test_given_padding_is_the_same_for_each_size():
    assert Windows((3, 3), (2, 2), (1, 2)).padding_before((9, 9)) == (1, 2)


def test_a_window_larger_than_a_padded_picture():
    with pytest.raises(ShapeError, match="at least 5 x 3 pixels, padding included, got 4 x 6"):
        Windows((3, 3), (1, 1), (1, 0), (2, 1)).output_size((2, 6))


def test_one_number_stands_for_both_axes():
    assert as_pair(3, "stride", 1, object()) == (3, 3)
    assert as_pair([1, np.int64(2)], "stride", 1, object()) == (1, 2)
    assert all(type(n) is int for n in as_pair((np.int64(2), 1), "stride", 1, object()))


@pytest.mark.parametrize(
    "value", [0, -1, 1.0, "3", None, True, (1,), (1, 2, 3), (1, 0), np.ones(2)]
)
def test_other_values_are_refused(value):
    with pytest.raises(ArgumentError, match="stride must be an integer >= 1, or two of them"):
        as_pair(value, "stride", 1, object())


def test_padding_is_same_or_numbers():
    assert same_or_pair("same", object()) == "same"
    assert same_or_pair((0, 2), object()) == (0, 2)
    with pytest.raises(ArgumentError, match="or \"same\", got 'SAME'"):
        same_or_pair("SAME", object())


def test_pairs_as_a_user_writes_them():
    assert [axes_text(v) for v in ((3, 3), (3, 2), 4, "same")] == ["3", "(3, 2)", "4", "'same'"]
