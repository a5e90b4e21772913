import numpy as np
import pytest

from minidl.utils.items import copy_items

X = np.random.default_rng(0).standard_normal((3, 4, 6, 5))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize(
    "where",
    [
        np.s_[:, :, 1::2],
        np.s_[:, ::-1],
        np.s_[..., :1],  # one number each
        np.s_[..., 1:4],
        np.s_[..., ::2],  # not side by side
        np.s_[:0],
        np.s_[..., :0],
    ],
    ids=str,
)
def test_any_view_is_copied_and_nothing_else(where, dtype):
    pixels = X.astype(dtype)
    expected = np.zeros_like(pixels)
    expected[where] = pixels[where]
    scattered = np.zeros_like(pixels)
    copy_items(pixels[where], scattered[where])
    np.testing.assert_array_equal(scattered, expected)
    gathered = np.zeros(pixels[where].shape, dtype)
    copy_items(pixels[where], gathered)
    np.testing.assert_array_equal(gathered, pixels[where])


def test_another_dtype_is_converted():
    target = np.zeros(X.shape, np.float32)
    copy_items(X, target)
    np.testing.assert_array_equal(target, X.astype(np.float32))
