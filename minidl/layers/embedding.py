"""The embedding layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, DtypeError
from ..initializers import Random
from ..parameters import InitFunction, Parameter
from ..utils.foreign_words import explain_arguments
from ..utils.random import RandomGenerator
from ..utils.typing import Array
from ..utils.underflow import ignore_underflow
from ..utils.validation import check_number, integer_at_least
from ..utils.workspace import get_workspace
from .base import Layer, Shape, UnknownRank
from .graph import GraphBuilder

BOOL = np.dtype(bool)


@ignore_underflow("backward")
@explain_arguments("__init__")
class Embedding(Layer):
    """Look up a vector of features for each token: y = weight[x].

    x has shape (m, ...) and holds tokens, integers in [0, vocabulary_size), such as the numbers of
    words (m, t); y has shape (m, ..., features). The layer is the product of `weight` with a
    one-hot encoding of the tokens, without the zeros: d weight = one_hot(x).T @ dy, which adds up
    the rows of dy at which the same token stands. There is no dx: `backward` returns None.

    Parameters
    ----------
    vocabulary_size : int
        The number of different tokens, >= 1.
    features : int
        The number of features of each token, >= 1.
    padding : int, optional
        A token that fills short sequences up, such as the 0 of `minidl.data.pad_sequences`: its
        features are 0 whatever its row of `weight` holds, and that row, initially 0, has no
        gradient. Layers with ``skip_padding=True``, recurrent ones and `SelfAttention`, then skip
        it at the end of sequences.
        By default there is none.
    init : Initializer or callable, default Random(1.0)
        Draws the initial weights; each feature of a token is fed by one number (fan_in 1).

    Attributes
    ----------
    weight : Parameter of shape (vocabulary_size, features)
        The features of each token.

    Raises
    ------
    ArgumentError
        If `vocabulary_size` or `features` is no integer >= 1, or `padding` no token; from
        `forward`, if a token is out of range.
    DtypeError
        From `forward`, if x holds anything but whole numbers.
    ShapeError
        From `backward`, if dy has another shape than the last output.

    See Also
    --------
    RNN, LSTM, GRU : Layers for the sequences of features.
    minidl.data.pad_sequences : Makes one array of sequences of different lengths.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Embedding
    >>> layer = Embedding(3, 2)
    >>> layer.weight.value = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    >>> layer.forward(np.array([[2, 0], [2, 2]])).tolist()
    [[[4.0, 5.0], [0.0, 1.0]], [[4.0, 5.0], [4.0, 5.0]]]
    >>> layer.backward(np.ones((2, 2, 2)))
    >>> layer.weight.grad.tolist()
    [[1.0, 1.0], [0.0, 0.0], [3.0, 3.0]]
    """

    takes_integers = True
    inference_arrays = 1
    _tokens: Array
    _y: Array | None = None

    def __init__(
        self,
        vocabulary_size: int,
        features: int,
        *,
        padding: int | None = None,
        init: InitFunction | None = None,
    ) -> None:
        self.vocabulary_size = check_number(
            vocabulary_size, "vocabulary_size", integer_at_least(1), self
        )
        self.features = check_number(features, "features", integer_at_least(1), self)
        self.padding = padding
        if padding is not None:
            self.padding = check_number(padding, "padding", integer_at_least(0), self)
            if self.padding >= self.vocabulary_size:
                raise ArgumentError(
                    f"padding must be a token in [0, {self.vocabulary_size}), got {padding} in "
                    "Embedding: raise vocabulary_size, which counts it too"
                )
        init_with_padding = _InitWithPadding(init or Random(1.0), self.padding)
        shape = (self.vocabulary_size, self.features)
        self.weight = Parameter(shape, init=init_with_padding, fan_in=1)

    def forward(self, x: Array, *, training: bool = False) -> Array:
        tokens = self._tokens = self._checked_tokens(x)
        weight = self.weight.value
        y = get_workspace(self.workspace, "y", (*tokens.shape, self.features), weight.dtype)
        np.take(weight, tokens, axis=0, out=y, mode="clip")  # other modes copy to `out` at the end
        if self.padding is not None:
            is_padding = get_workspace(self.workspace, "is_padding", tokens.shape, BOOL)
            np.equal(tokens, self.padding, out=is_padding)
            np.copyto(y, 0, where=is_padding[..., np.newaxis])
        self._y = y
        return y

    def _checked_tokens(self, x: Array) -> Array:
        tokens = np.asarray(x)
        if tokens.dtype.kind == "f":
            is_whole = np.isfinite(tokens) & (np.trunc(tokens) == tokens)
            if not is_whole.all():
                raise DtypeError(
                    f"{self} takes tokens, which are whole numbers, got "
                    f"{_first(tokens, ~is_whole)}: pass the numbers of the tokens, and use Linear "
                    "for inputs that are measured"
                )
        elif tokens.dtype.kind not in "iu":
            raise DtypeError(
                f"{self} takes tokens, which are whole numbers, got an array of dtype "
                f"{tokens.dtype}: pass x.astype(np.int64)"
            )
        self._check_range(tokens, "x", 0)
        return tokens.astype(np.int64, copy=False)

    def check_integers(self, x: Array, name: str, row_offset: int = 0) -> None:
        if type(self).forward is Embedding.forward:  # another one may take other numbers
            self._check_range(x, name, row_offset)

    def _check_range(self, tokens: Array, name: str, row_offset: int) -> None:
        size = self.vocabulary_size
        if tokens.size and (tokens.min() < 0 or tokens.max() >= size):
            found = _first(tokens, (tokens < 0) | (tokens >= size), name, row_offset)
            raise ArgumentError(
                f"{self} takes tokens in [0, {size}), got {found}: number the tokens from 0, or "
                "raise vocabulary_size"
            )

    def backward(self, dy: Array) -> None:
        from scipy.sparse import csc_array

        y = self._y
        if y is None or dy.shape != y.shape:
            raise self._shape_error(dy, y)
        tokens = self._tokens.ravel()
        n = len(tokens)
        # Column i has its 1 in the row of token i. The product takes a tenth of the time of
        # np.add.at, and adds in the same order every time.
        one_hot = csc_array(
            (np.ones(n, dy.dtype), tokens, np.arange(n + 1)), shape=(self.vocabulary_size, n)
        )
        grad = self.weight.grad
        grad[...] = one_hot @ dy.reshape(n, self.features)
        if self.padding is not None:
            grad[self.padding] = 0

    def output_shape(self, shape: Shape | None) -> Shape | None:
        if type(shape) is tuple:
            return (*shape, self.features)
        return UnknownRank((self.features,))

    def multiply_adds(self, shape: Shape) -> int:
        return 0  # it looks up

    def formula(self) -> tuple[str, str]:
        forward, backward = "y = weight[x]", "d weight = one_hot(x).T @ dy, no dx"
        if self.padding is None:
            return forward, backward
        where = f"where x = {self.padding}"
        return f"{forward}, 0 {where}", f"{backward}, dy = 0 {where}"

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        weight = graph.parameter("weight")
        if self.padding is None:
            graph.node("Gather", [weight, x], [y], axis=0)
            return
        rows, mask, column = f"{y}.rows", f"{y}.is_padding", f"{y}.is_padding_column"
        padding = graph.constant(f"{y}.padding", np.array(self.padding, np.int64))
        zero = graph.constant(f"{y}.zero", np.array(0, graph.dtype))
        axes = graph.constant(f"{y}.axes", np.array([-1], np.int64))
        graph.node("Gather", [weight, x], [rows], axis=0)
        graph.node("Equal", [x, padding], [mask])
        graph.node("Unsqueeze", [mask, axes], [column])
        graph.node("Where", [column, zero, rows], [y])

    def settings(self) -> dict[str, Any]:
        """Return the constructor arguments as JSON-compatible values.

        Returns
        -------
        dict of str to object
            `vocabulary_size`, `features` and `padding`. The initializer is left out: a saved
            model has its weights.
        """
        return {
            "vocabulary_size": self.vocabulary_size,
            "features": self.features,
            "padding": self.padding,
        }

    def __repr__(self) -> str:
        padding = "" if self.padding is None else f", padding={self.padding}"
        return f"{type(self).__name__}({self.vocabulary_size}, {self.features}{padding})"


class _InitWithPadding:
    """An initializer that draws as another one, and then sets the row of padding to 0."""

    def __init__(self, init: InitFunction, padding: int | None) -> None:
        self.init = init
        self.padding = padding

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomGenerator) -> None:
        self.init(out, fan_in=fan_in, rng=rng)
        if self.padding is not None:
            out[self.padding] = 0

    def __repr__(self) -> str:
        return repr(self.init)


def _first(tokens: Array, where: Array, name: str = "x", row_offset: int = 0) -> str:
    """Return the first number that a mask marks, and its place: "12 at x[3, 5]"."""
    row, *others = (int(i) for i in np.argwhere(where)[0])
    place = ", ".join(map(str, (row + row_offset, *others)))
    return f"{tokens[row, *others]} at {name}[{place}]"
