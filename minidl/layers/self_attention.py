"""Self-attention."""

import math
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..initializers import Xavier, Zeros
from ..parameters import InitFunction, Parameter
from ..utils.foreign_words import explain_arguments
from ..utils.linalg import common_dtype, matmul_into
from ..utils.typing import Array
from ..utils.underflow import ignore_underflow
from ..utils.validation import check_flag, check_number, integer_at_least
from ..utils.workspace import get_workspace
from .attention_nodes import write_attention
from .base import Layer, Shape, as_float_array
from .graph import GraphBuilder
from .kept_shape import sequences_only
from .padding import find_padding_of, without_padding

TORCH_NAMES = {
    "weight": "in_proj_weight",
    "bias": "in_proj_bias",
    "out_weight": "out_proj.weight",
    "out_bias": "out_proj.bias",
}
"""The names of the parameters in torch.nn.MultiheadAttention."""


@ignore_underflow("forward", "backward")
@explain_arguments("__init__")
class SelfAttention(Layer):
    """Scaled dot-product self-attention with several heads [1]_.

    x has shape (m, t, features), and so has y. Each position asks all positions of its example. For
    each head, with d = features / heads of the features in q, k and v::

        q, k, v = x @ weight.T + bias, in three parts
        a = softmax(q @ k.T / sqrt(d)), over the positions that are asked
        y = (a @ v, the heads side by side) @ out_weight.T + out_bias

    Going back, with dc = dy @ out_weight of each head, da = dc @ v.T and dv = a.T @ dc; the softmax
    gives ds = a * (da - sum of da * a over the row); dq = ds @ k / sqrt(d) and
    dk = ds.T @ q / sqrt(d). dx = (dq, dk, dv side by side) @ weight, and the gradients of the
    parameters are sums over all positions, as those of `Linear`.

    Parameters
    ----------
    features : int
        The length of the last axis of x, >= 1.
    heads : int, default 1
        How many heads share the features, a divisor of `features`.
    causal : bool, default False
        Whether a position asks only itself and those before it, as a model must that predicts what
        follows.
    skip_padding : bool, default False
        Whether sequences may end early: positions whose features are all exactly 0, up to the end
        of the sequence, are padding. They are not asked, and y and dx there are 0, so that the next
        layer finds them as padding, too; of a sequence that is padding alone, all is 0. Positions
        of zeros before the last other one are asked as usual. Layers before this one must leave
        zeros zero: ``Embedding(padding=0)``, `PositionalEncoding` and `LayerNorm` with
        ``skip_padding=True``, `Linear` with ``bias=False``, `Dropout`, activations with
        f(0) = 0, recurrent layers, and a `Residual` of such layers.
    init : Initializer or callable, default Xavier()
        Draws the initial weights. The initial biases are 0.

    Attributes
    ----------
    weight : Parameter of shape (3 * features, features)
        The weights of q, k and v, one below the other.
    bias : Parameter of shape (3 * features,)
        Their biases.
    out_weight : Parameter of shape (features, features)
        The weights of the output.
    out_bias : Parameter of shape (features,)
        The bias of the output.
    attention : ndarray of shape (m, heads, t, t), or None
        a of the last `forward`, valid until the next: row i tells what position i asks. The rows
        and columns of padding are 0 with ``skip_padding=True``.

    Raises
    ------
    ArgumentError
        If `features` or `heads` is not an integer >= 1, `heads` does not divide `features`, or
        `skip_padding` is no bool.
    ShapeError
        From `forward` and `backward`, if an array has the wrong shape.

    See Also
    --------
    PositionalEncoding : Tells positions apart, which attention alone does not.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention is all you need", 2017, https://arxiv.org/abs/1706.03762,
       sections 3.2.1 to 3.2.3.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import SelfAttention
    >>> layer = SelfAttention(4, heads=2, causal=True)
    >>> layer.forward(np.ones((1, 3, 4))).shape
    (1, 3, 4)
    >>> layer.attention[0, 0].round(2)
    array([[1.  , 0.  , 0.  ],
           [0.5 , 0.5 , 0.  ],
           [0.33, 0.33, 0.33]])
    """

    rounds_inside = True
    attention: Array | None = None
    _x: Array
    _padding: Array | None = None  # (m, t, 1): whether a position is padding; None: not asked
    _projected: Array
    _context: Array

    def __init__(
        self,
        features: int,
        heads: int = 1,
        *,
        causal: bool = False,
        skip_padding: bool = False,
        init: InitFunction | None = None,
    ) -> None:
        self.features = check_number(features, "features", integer_at_least(1), self)
        self.heads = check_number(heads, "heads", integer_at_least(1), self)
        if self.features % self.heads:
            raise ArgumentError(
                f"heads must divide features, got {self.heads} heads and {self.features} features "
                f"in {type(self).__name__}: each head takes an equal part of them"
            )
        self.causal = bool(causal)
        self.skip_padding = check_flag(skip_padding, "skip_padding", self)
        n = self.features
        self.weight = Parameter((3 * n, n), init=init or Xavier(), fan_in=n)
        self.bias = Parameter((3 * n,), init=Zeros(), fan_in=n)
        self.out_weight = Parameter((n, n), init=init or Xavier(), fan_in=n)
        self.out_bias = Parameter((n,), init=Zeros(), fan_in=n)

    def forward(self, x: Array, *, training: bool = False) -> Array:
        x = as_float_array(x)
        if x.ndim != 3 or x.shape[-1] != self.features:
            raise ShapeError(f"{self} expects x of shape (m, t, {self.features}), got {x.shape}")
        dtype = common_dtype(x, self.weight.value)
        self._x = x
        self._padding = find_padding_of(x, self.workspace) if self.skip_padding else None
        self._projected = self._array("projected", (*x.shape[:2], 3 * self.features), dtype)
        _linear(x, self.weight, self.bias, self._projected)
        q, k, v = self._parts(self._projected)
        scores = self._array("attention", (len(x), self.heads, x.shape[1], x.shape[1]), dtype)
        np.matmul(q, k.mT, out=scores)
        np.multiply(scores, self._scale(scores), out=scores)
        self._hide(scores)
        self.attention = _softmax(scores)
        self._context = self._array("context", x.shape, dtype)
        np.matmul(self.attention, v, out=self._by_head(self._context))
        y = self._array("y", x.shape, dtype)
        _linear(self._context, self.out_weight, self.out_bias, y)
        if self._padding is not None:
            np.copyto(y, 0, where=self._padding)
        return y

    def _hide(self, scores: Array) -> None:
        """Set the scores of what is not asked, and of positions that do not ask, to -inf."""
        if self.causal:
            np.add(scores, self._barrier(scores.shape[-1], scores.real.dtype), out=scores)
        if self._padding is not None:
            asking = self._padding[:, np.newaxis]
            np.copyto(scores, -np.inf, where=asking)
            np.copyto(scores, -np.inf, where=asking.mT)

    def backward(self, dy: Array) -> Array:
        a = self.attention
        if a is None or dy.shape != self._context.shape:
            raise self._shape_error(dy, None if a is None else self._context)
        dtype = common_dtype(dy, a)
        dy = without_padding(dy, self._padding, self.workspace)
        dcontext = self._array("dcontext", dy.shape, dtype)
        _linear_backward(dy, self._context, self.out_weight, self.out_bias, dcontext)
        q, k, v = self._parts(self._projected)
        dprojected = self._array("dprojected", self._projected.shape, dtype)
        dq, dk, dv = self._parts(dprojected)
        dc = self._by_head(dcontext)
        np.matmul(a.mT, dc, out=dv)
        ds = np.matmul(dc, v.mT, out=self._array("ds", a.shape, dtype))  # da, as yet
        product = np.multiply(ds, a, out=self._array("product", a.shape, dtype))
        np.subtract(ds, product.sum(axis=-1, keepdims=True), out=ds)
        np.multiply(ds, a, out=ds)
        np.multiply(ds, self._scale(ds), out=ds)
        np.matmul(ds, k, out=dq)
        np.matmul(ds.mT, q, out=dk)
        dx = self._array("dx", dy.shape, dtype)
        return _linear_backward(dprojected, self._x, self.weight, self.bias, dx)

    def _array(self, name: str, shape: Shape, dtype: np.dtype[Any]) -> Array:
        return get_workspace(self.workspace, name, shape, dtype)

    def _scale(self, scores: Array) -> Array:
        return np.asarray(1 / math.sqrt(self.features // self.heads), scores.real.dtype)

    def _barrier(self, t: int, dtype: np.dtype[Any]) -> Array:
        """Return what hides the positions that follow: -inf above the diagonal."""
        barrier = self.workspace.get("barrier")
        if barrier is None or barrier.shape != (t, t) or barrier.dtype != dtype:
            barrier = self.workspace["barrier"] = np.triu(np.full((t, t), -np.inf, dtype), 1)
        return barrier

    def _by_head(self, array: Array) -> Array:
        """Return a view (m, heads, t, d) of an array (m, t, heads * d)."""
        m, t, width = array.shape
        return array.reshape(m, t, self.heads, width // self.heads).transpose(0, 2, 1, 3)

    def _parts(self, projected: Array) -> list[Array]:
        """Return views of q, k and v, each (m, heads, t, d)."""
        return [self._by_head(part) for part in np.split(projected, 3, axis=-1)]

    def output_shape(self, shape: Shape | None) -> Shape | None:
        return sequences_only(shape, self.features)

    def multiply_adds(self, shape: Shape) -> int:
        t = shape[0]
        return 4 * t * self.features**2 + 2 * t**2 * self.features

    def formula(self) -> tuple[str, str]:
        zeros = ("a = 0 and y = 0", "dy = 0") if self.skip_padding else ("", "")
        forward, backward = (f", {zero} at padding" if zero else "" for zero in zeros)
        return (
            "q, k, v = x @ weight.T + bias, a = softmax(q @ k.T / sqrt(d)) of each head, "
            f"y = (a @ v) @ out_weight.T + out_bias{forward}",
            "dc = dy @ out_weight, dv = a.T @ dc, ds = a * (da - sum of da * a), da = dc @ v.T, "
            f"dq = ds @ k / sqrt(d), dk = ds.T @ q / sqrt(d), dx = (dq, dk, dv) @ weight{backward}",
        )

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        write_attention(graph, x, y, **self.settings())

    def to_torch(self, arrays: dict[str, Array]) -> dict[str, Array]:
        return {TORCH_NAMES[name]: array for name, array in arrays.items()}

    def from_torch(self, arrays: dict[str, Array]) -> dict[str, Array]:
        return {name: arrays[theirs] for name, theirs in TORCH_NAMES.items()}

    def settings(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON-compatible values.

        Returns
        -------
        dict of str to object
            `features`, `heads`, `causal` and `skip_padding`. The initializer is left out: a saved
            model has its weights.
        """
        return {
            "features": self.features,
            "heads": self.heads,
            "causal": self.causal,
            "skip_padding": self.skip_padding,
        }

    def __repr__(self) -> str:
        heads = "" if self.heads == 1 else f", heads={self.heads}"
        causal = ", causal=True" if self.causal else ""
        padding = ", skip_padding=True" if self.skip_padding else ""
        return f"{type(self).__name__}({self.features}{heads}{causal}{padding})"


def _softmax(scores: Array) -> Array:
    """Return softmax over the last axis, computed in place; zeros where all scores are -inf."""
    lowest = np.finfo(scores.dtype).min
    np.subtract(scores, scores.real.max(axis=-1, keepdims=True, initial=lowest), out=scores)
    np.exp(scores, out=scores)
    total = scores.sum(axis=-1, keepdims=True)
    total[total == 0] = 1
    np.divide(scores, total, out=scores)
    return scores


def _rows(array: Array) -> Array:
    return array.reshape(-1, array.shape[-1])


def _linear(x: Array, weight: Parameter, bias: Parameter, out: Array) -> Array:
    """Write x @ weight.T + bias, at each position."""
    matmul_into(_rows(x), weight.value.T, _rows(out))
    np.add(out, bias.value, out=out)
    return out


def _linear_backward(dy: Array, x: Array, weight: Parameter, bias: Parameter, out: Array) -> Array:
    """Write dx of the same, and the gradients of weight and bias."""
    matmul_into(_rows(dy).T, _rows(x), weight.grad)
    bias.grad[...] = _rows(dy).sum(axis=0)
    matmul_into(_rows(dy), weight.value, _rows(out))
    return out
