"""Windows that slide over pictures: how many there are, and where they begin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from ..errors import ArgumentError, ShapeError
from ..utils.validation import is_integer

Pair: TypeAlias = tuple[int, int]
Padding: TypeAlias = Pair | Literal["same"]


class Windows(NamedTuple):
    """The windows of a layer over the rows and columns of a picture.

    Parameters
    ----------
    kernel_size : tuple of two int
        The height and width of a window: how many pixels it has, its taps.
    stride : tuple of two int
        The distance from one window to the next.
    padding : tuple of two int or "same"
        How many rows and columns of padding are on each side of a picture. With "same" there are
        ceil(size / stride) windows, and the padding is what these need, half of it before the
        picture; where it is odd, the larger half is after it.
    dilation : tuple of two int, default (1, 1)
        The distance between neighboring taps.

    Examples
    --------
    >>> Windows((3, 3), (2, 2), (1, 1)).output_size((5, 6))
    (3, 3)
    """

    kernel_size: Pair
    stride: Pair
    padding: Padding
    dilation: Pair = (1, 1)

    def output_size(self, size: Sequence[int]) -> Pair:
        """Return how many windows there are along each axis.

        Parameters
        ----------
        size : sequence of two int
            The height and width of the pictures.

        Returns
        -------
        tuple of two int
            The height and width of the output.

        Raises
        ------
        ShapeError
            If a window is larger than a picture with its padding.
        """
        if self.padding == "same":
            return _pair([-(-n // stride) for n, stride in zip(size, self.stride, strict=True)])
        extent = self.extent
        padded = [n + 2 * before for n, before in zip(size, self.padding, strict=True)]
        if padded[0] < extent[0] or padded[1] < extent[1]:
            needed, got = (f"{height} x {width}" for height, width in (extent, padded))
            raise ShapeError(f"expects at least {needed} pixels, padding included, got {got}")
        counts = zip(padded, extent, self.stride, strict=True)
        return _pair([(n - length) // stride + 1 for n, length, stride in counts])

    def padding_before(self, size: Sequence[int]) -> Pair:
        """Return how many rows and columns of padding are before the first pixel.

        Parameters
        ----------
        size : sequence of two int
            The height and width of the pictures.

        Returns
        -------
        tuple of two int
            The number of rows above the picture, and of columns to its left.
        """
        if self.padding != "same":
            return self.padding
        axes = zip(size, self.output_size(size), self.stride, self.extent, strict=True)
        totals = [(count - 1) * stride + length - n for n, count, stride, length in axes]
        return _pair([max(0, total) // 2 for total in totals])

    @property
    def extent(self) -> Pair:
        """The height and width of what a window spans, dilation included."""
        taps = zip(self.kernel_size, self.dilation, strict=True)
        return _pair([(count - 1) * dilation + 1 for count, dilation in taps])


def as_pair(value: Any, name: str, minimum: int, owner: object) -> Pair:
    """Return an argument for both axes as (rows, columns).

    Parameters
    ----------
    value : int, or sequence of two int
        What the user passed; one number stands for both axes.
    name : str
        The name of the argument, for the message.
    minimum : int
        The smallest number that is accepted.
    owner : object
        The object whose argument it is; the message names its class.

    Returns
    -------
    tuple of two int
        The numbers for rows and columns.

    Raises
    ------
    ArgumentError
        If it is neither such a number nor two of them.
    """
    pair = value if isinstance(value, tuple | list) else (value, value)
    if len(pair) != 2 or not all(is_integer(number, minimum) for number in pair):
        raise ArgumentError(
            f"{name} must be an integer >= {minimum}, or two of them for rows and columns, "
            f"got {value!r} in {type(owner).__name__}"
        )
    return _pair(pair)


def same_or_pair(padding: Any, owner: object) -> Padding:
    """Return the argument `padding` as "same" or as (rows, columns).

    Parameters
    ----------
    padding : int, sequence of two int, or "same"
        What the user passed.
    owner : object
        The object whose argument it is; the message names its class.

    Returns
    -------
    tuple of two int or "same"
        The padding on each side.

    Raises
    ------
    ArgumentError
        If it is anything else.
    """
    if isinstance(padding, str) and padding == "same":
        return "same"
    if isinstance(padding, str):
        raise ArgumentError(
            f'padding must be an integer >= 0, two of them, or "same", got {padding!r} in '
            f"{type(owner).__name__}: pass 0 for no padding"
        )
    return as_pair(padding, "padding", 0, owner)


def axes_text(value: int | Pair | str) -> str:
    """Return a number or two for the axes, or "same", as a user writes it: "3" for (3, 3)."""
    if isinstance(value, tuple) and value[0] == value[1]:
        return str(value[0])
    return repr(value)


def _pair(numbers: Sequence[int]) -> Pair:
    first, second = numbers
    return int(first), int(second)
