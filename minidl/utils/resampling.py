"""Pictures interpolated at other places, as in a window that is turned, or at another size."""

from __future__ import annotations

import numpy as np

from .typing import Array


def interpolate(picture: Array, matrix: Array, offset: Array, out: Array) -> None:
    """Write the values of a picture at other places into an output array.

    ``out[i, j]`` is the value at ``matrix @ (i, j) + offset``, interpolated linearly between four
    pixels. Beyond the border, pixels are those at the border.

    Parameters
    ----------
    picture : ndarray of shape (h, w, c)
        The pixels.
    matrix : ndarray of shape (2, 2) or (2,)
        The linear part of the map; two numbers are those of a diagonal matrix.
    offset : ndarray of shape (2,)
        The place of the first output pixel, in pixels.
    out : ndarray of shape (height, width, c)
        The output, of floats.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl.utils.resampling import interpolate
    >>> picture, out = np.array([[[0.0], [8.0]]]), np.empty((1, 3, 1))
    >>> interpolate(picture, np.array([1.0, 0.25]), np.array([0.0, 0.5]), out)
    >>> out[0, :, 0]
    array([4., 6., 8.])
    """
    from scipy.ndimage import affine_transform

    for channel in range(picture.shape[2]):
        affine_transform(
            picture[:, :, channel],
            matrix,
            offset,
            output=out[:, :, channel],
            output_shape=out.shape[:2],
            order=1,
            mode="nearest",
        )


def resize(
    picture: Array, size: tuple[int, int], extent: tuple[float, float] | None = None
) -> Array:
    """Return a picture at another size.

    Along an axis that becomes s times shorter, the picture is smoothed by a Gaussian filter with a
    standard deviation of (s - 1) / 2 pixels before it is interpolated, so that no pixel is left
    out. The value at output pixel p is that at (p + 1/2) s - 1/2.

    Parameters
    ----------
    picture : ndarray of shape (h, w, c)
        The pixels, of floats. They are not modified.
    size : tuple of two int
        The height and width of the result.
    extent : tuple of two float, optional
        How many rows and columns are shown, from the first on; a border may be a part of a pixel.
        By default all.

    Returns
    -------
    ndarray of shape (height, width, c)
        The result, in the dtype of the picture.

    References
    ----------
    Lindeberg (1994), "Scale-space theory: a basic tool for analyzing structures at different
    scales", Journal of Applied Statistics 21, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl.utils.resampling import resize
    >>> resize(np.array([[[0.0], [8.0]]]), (1, 4))[0, :, 0]
    array([0., 2., 6., 8.])
    """
    from scipy.ndimage import gaussian_filter

    scale = np.divide(extent or picture.shape[:2], size)
    sigma = np.maximum((scale - 1) / 2, 0)
    if sigma.any():
        picture = gaussian_filter(picture, (*sigma, 0), mode="nearest")
    out = np.empty((*size, picture.shape[2]), picture.dtype)
    interpolate(picture, scale, (scale - 1) / 2, out)
    return out
