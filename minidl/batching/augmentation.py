"""Random changes of the pictures in a mini-batch, which show the training more of the same kind."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..utils.foreign_words import explain_arguments
from ..utils.resampling import interpolate
from ..utils.settings import init_arguments
from ..utils.sparse_rows import is_sparse
from ..utils.typing import Array
from ..utils.validation import check_number, in_range, integer_at_least

_MAX_SEED = 2**32 - 1


@explain_arguments("__init__")
class Augmentation:
    """Flips, shifts, rotates and crops pictures at random, each time in another way.

    Each picture of a mini-batch is shifted and mirrored first, pixel by pixel. Then a window of it,
    which may be turned and smaller than the picture, is scaled to the size of the picture: the
    window's middle is ``c + d``, and the value at pixel ``p`` is that at ``c + R (s (p - c) + d)``,
    with the middle ``c`` of the picture, the rotation ``R`` and the scale ``s``, interpolated
    linearly between four pixels by `scipy.ndimage`. Pixels beyond the border are those at the
    border. Size and dtype stay as they are. All of this is drawn uniformly, and from nothing but
    the seed, the number of the epoch and that of the batch, so that a training that resumes within
    an epoch meets the same pictures.

    Pass it to `Sequential.fit` as ``augment=``. Only the batches of training are augmented, never
    the validation set, `evaluate` or `predict`.

    Parameters
    ----------
    flip : bool, default False
        Whether half of the pictures are mirrored, left to right. Leave it out where the side
        matters, as in digits and letters.
    shift : int, default 0
        The most pixels by which a picture moves, up or down and to the left or right.
    rotate : float, default 0.0
        The largest angle by which a picture turns, to either side, in degrees from 0 to 180.
    crop : float, default 1.0
        The smallest share of height and width, the same for both, that the window may have, in
        (0, 1]. With 1 nothing is cut off.
    seed : int, default 0
        The source of randomness, from 0 to 2**32 - 1.

    Raises
    ------
    ArgumentError
        If an argument is out of its range, or nothing would change.

    See Also
    --------
    minidl.data.read_image : Reads a picture in any size.

    References
    ----------
    Simard, Steinkraus and Platt (2003), "Best practices for convolutional neural networks applied
    to visual document analysis", ICDAR, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Augmentation
    >>> X = np.arange(3.0).reshape(1, 1, 3, 1)  # a picture of 1 x 3 pixels
    >>> augment = Augmentation(flip=True)
    >>> [augment(X, epoch=epoch, batch=1)[0, 0, :, 0].tolist() for epoch in (7, 8, 9)]
    [[2.0, 1.0, 0.0], [0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]
    """

    def __init__(
        self,
        *,
        flip: bool = False,
        shift: int = 0,
        rotate: float = 0.0,
        crop: float = 1.0,
        seed: int = 0,
    ) -> None:
        if not isinstance(flip, bool):
            raise ArgumentError(f"flip must be True or False, got {flip!r} in Augmentation")
        self.flip = flip
        self.shift = check_number(shift, "shift", integer_at_least(0), self, "it counts pixels")
        self.rotate = check_number(rotate, "rotate", in_range(0, 180), self, "it is in degrees")
        cure = "it is the smallest share of the sides, such as 0.8"
        self.crop = check_number(crop, "crop", in_range(0, 1, closed="right"), self, cure)
        self.seed = check_number(seed, "seed", integer_at_least(0), self)
        if self.seed > _MAX_SEED:
            raise ArgumentError(f"seed must be at most 2**32 - 1, got {seed!r} in Augmentation")
        self._scales = self.rotate > 0 or self.crop < 1
        if not (self.flip or self.shift or self._scales):
            raise ArgumentError(
                "Augmentation must change something, got none of flip, shift, rotate and crop: "
                "write e.g. Augmentation(flip=True, shift=4)"
            )

    def check(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        """Raise unless it takes examples of a shape and dtype.

        Parameters
        ----------
        shape : tuple of int
            The shape of X.
        dtype : numpy.dtype
            The dtype of the mini-batches.

        Raises
        ------
        ShapeError
            If they are no pictures (m, h, w, c), or smaller than the shift.
        ArgumentError
            If they are integers, such as tokens.
        """
        if len(shape) != 4:
            cure = ": reshape X to pictures, and begin the network with Flatten()?"
            raise ShapeError(
                f"augment takes pictures of shape (m, h, w, c), got X of shape {shape}"
                f"{cure if len(shape) == 2 else ''}"
            )
        if dtype.kind != "f":
            raise ArgumentError(
                f"augment takes pictures of floats, got {dtype}: an interpolated pixel is no "
                "integer; pass dtype=np.float32 to MiniBatches, and no augment for tokens"
            )
        if self.shift >= min(shape[1:3]):
            raise ShapeError(
                f"shift must be smaller than the pictures, got {self.shift} for "
                f"{shape[1]} x {shape[2]} pixels in Augmentation"
            )

    def __call__(
        self,
        x: Array,
        *,
        epoch: int,
        batch: int,
        out: Array | None = None,
        part: tuple[slice, int] | None = None,
    ) -> Array:
        """Return the pictures of a mini-batch, changed.

        Parameters
        ----------
        x : ndarray of shape (m, h, w, c)
            The pictures, of floats; they are not modified.
        epoch, batch : int
            The numbers of the epoch and of the batch in it. The same numbers change the same
            pictures in the same way.
        out : ndarray of shape (m, h, w, c), optional
            Where the result is written; by default a new array.
        part : (slice, int), optional
            The rows of the mini-batch that x has, and the number of all its rows: they change as
            beside all others. By default x has all.

        Returns
        -------
        ndarray of shape (m, h, w, c)
            `out`, in the dtype of x.
        """
        self.check(x.shape, x.dtype)
        rng = np.random.default_rng([self.seed, epoch, batch])
        out = np.empty_like(x) if out is None else out
        rows, m = part or (slice(len(x)), len(x))
        moved = self._moved(x, rng, rows, m) if self.flip or self.shift else x
        if self._scales:
            self._write_windows(moved, rng, rows, m, out)
        else:
            out[...] = moved
        return out

    def _moved(self, x: Array, rng: np.random.Generator, part: slice, m: int) -> Array:
        """Return the pictures shifted and mirrored, by the numbers of their rows and columns."""
        _, height, width, _ = x.shape
        shifts = rng.integers(-self.shift, self.shift + 1, size=(m, 2, 1))[part]
        rows = np.clip(np.arange(height) - shifts[:, 0], 0, height - 1)
        columns = np.clip(np.arange(width) - shifts[:, 1], 0, width - 1)
        if self.flip:
            mirrored = rng.integers(2, size=m)[part] == 1
            columns[mirrored] = columns[mirrored, ::-1]
        return np.asarray(
            x[np.arange(len(x))[:, None, None], rows[:, :, None], columns[:, None, :]]
        )

    def _write_windows(
        self, x: Array, rng: np.random.Generator, part: slice, m: int, out: Array
    ) -> None:
        """Write the windows of the pictures into `out`, at the size of the pictures."""
        center = (np.array(x.shape[1:3]) - 1) / 2
        angles = np.deg2rad(rng.uniform(-self.rotate, self.rotate, m))[part]
        scales = rng.uniform(self.crop, 1, m)[part]
        # d of the formula
        moves = rng.uniform(-1, 1, (m, 2))[part] * (1 - scales)[:, None] * center
        for i in range(len(x)):
            sine, cosine = np.sin(angles[i]), np.cos(angles[i])
            rotation = np.array([[cosine, -sine], [sine, cosine]])
            offset = center + rotation @ (moves[i] - scales[i] * center)
            interpolate(x[i], scales[i] * rotation, offset, out[i])

    def __repr__(self) -> str:
        defaults = {"flip": False, "shift": 0, "rotate": 0.0, "crop": 1.0, "seed": 0}
        changed = [
            f"{name}={value!r}"
            for name, value in init_arguments(self).items()
            if name not in defaults or value != defaults[name]
        ]
        return f"{type(self).__name__}({', '.join(changed)})"


def refuse_sparse(X: Any) -> None:
    """Raise `ArgumentError` if examples are sparse: their rows are no pictures."""
    if is_sparse(X):
        raise ArgumentError(
            f"augment changes pictures of shape (m, h, w, c), got a sparse X of shape {X.shape}, "
            "whose rows are no pictures: leave augment out"
        )
