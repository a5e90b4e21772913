"""Initializers, which fill the initial values of parameters; drawn in float64 for any dtype."""

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from .errors import ArgumentError
from .utils.random import RandomGenerator
from .utils.typing import Array
from .utils.underflow import ignore_underflow
from .utils.validation import check_number, greater_than

__all__ = [
    "He",
    "HeUniform",
    "Initializer",
    "LeCun",
    "Ones",
    "Orthogonal",
    "Random",
    "Xavier",
    "XavierUniform",
    "Zeros",
]

CUT_OFF_DEVIATION = 0.8796256610342398
"""The standard deviation of N(0, 1) within [-2, 2]: sqrt(1 - 4 phi(2) / (2 Phi(2) - 1))."""


class Initializer(ABC):
    """Base of all initializers; a function of the same arguments may be used instead.

    Attributes
    ----------
    option_name : str or None
        The name on the command line, such as "he". None if the initializer is not offered there.
    uses_fan_out : bool, default False
        Whether it is called with ``fan_out=`` too, the number of outputs that one input feeds, or
        None if the parameter does not tell.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Initializer
    >>> class Uniform(Initializer):
    ...     def __call__(self, out, *, fan_in, rng):
    ...         out[...] = rng.uniform(-1, 1, out.shape)
    >>> out = np.empty(3)
    >>> Uniform()(out, fan_in=None, rng=np.random.default_rng(0))
    >>> out.round(3)
    array([ 0.274, -0.46 , -0.918])
    """

    option_name: ClassVar[str | None] = None
    uses_fan_out: ClassVar[bool] = False

    @abstractmethod
    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomGenerator) -> None:
        """Fill an array with initial values.

        Parameters
        ----------
        out : ndarray of any shape
            The array to fill, in the model's dtype.
        fan_in : int or None
            The number of inputs that feed one output; None if the parameter does not tell.
        rng : numpy.random.Generator or numpy.random.RandomState
            The only source of randomness.
        """

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Zeros(Initializer):
    """Fill with 0, as is usual for biases.

    Units of one layer whose weights are all 0 stay equal forever: they get equal gradients.

    See Also
    --------
    Ones : Fills with 1.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Zeros
    >>> out = np.empty(3)
    >>> Zeros()(out, fan_in=None, rng=np.random.default_rng(0))
    >>> out
    array([0., 0., 0.])
    """

    option_name = "zeros"

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomGenerator) -> None:
        out[...] = 0


class Ones(Initializer):
    """Fill with 1, as is usual for gains.

    See Also
    --------
    Zeros : Fills with 0.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Ones
    >>> out = np.empty(3)
    >>> Ones()(out, fan_in=None, rng=np.random.default_rng(0))
    >>> out
    array([1., 1., 1.])
    """

    option_name = None  # for gains, not for weights

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomGenerator) -> None:
        out[...] = 1


@ignore_underflow("__call__")
class Random(Initializer):
    """Draw from a normal distribution of a fixed scale: scale * N(0, 1).

    The scale does not depend on the number of inputs.

    Parameters
    ----------
    scale : float, default 10.0
        The standard deviation, > 0. The default is far too large, as an exercise of the
        DeepLearning.AI specialization shows with it; typical is 0.01.

    Raises
    ------
    ArgumentError
        If `scale` is not a finite number > 0.

    See Also
    --------
    He : With a scale that fits the number of inputs.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Random
    >>> out = np.empty(3)
    >>> Random(0.01)(out, fan_in=None, rng=np.random.default_rng(0))
    >>> out.round(4)
    array([ 0.0013, -0.0013,  0.0064])
    """

    option_name = "random"

    def __init__(self, scale: float = 10.0) -> None:
        check_number(scale, "scale", greater_than(0), self, "such as 0.01")
        self.scale = scale

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomGenerator) -> None:
        out[...] = rng.standard_normal(out.shape) * self.scale

    def __repr__(self) -> str:
        return f"Random({self.scale})"


class He(Initializer):
    """Draw from N(0, 2 / fan_in), which keeps the variance of signals through ReLU layers.

    See Also
    --------
    HeUniform : Of the same variance, without large values.
    Xavier : For layers before `Tanh` or `Sigmoid`.

    References
    ----------
    He et al. (2015), "Delving deep into rectifiers: surpassing human-level performance on
    ImageNet classification", arXiv:1502.01852, section 2.2.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import He
    >>> weight = np.empty((100, 50))
    >>> He()(weight, fan_in=50, rng=np.random.default_rng(0))
    >>> round(float(weight.std()), 2)
    0.2
    """

    option_name = "he"

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomGenerator) -> None:
        out[...] = rng.standard_normal(out.shape) * math.sqrt(2.0 / _require_fan_in(fan_in, self))


class HeUniform(Initializer):
    """Draw uniformly from [-a, a], a = sqrt(6 / fan_in), of the variance of `He`, 2 / fan_in.

    For layers before `ReLU`. PyTorch calls it ``kaiming_uniform_(weight, nonlinearity="relu")``,
    Keras HeUniform.

    See Also
    --------
    He : Normally distributed.
    XavierUniform : For layers before `Tanh` or `Sigmoid`.

    References
    ----------
    He et al. (2015), "Delving deep into rectifiers: surpassing human-level performance on
    ImageNet classification", arXiv:1502.01852, section 2.2.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import HeUniform
    >>> weight = np.empty((100, 24))
    >>> HeUniform()(weight, fan_in=24, rng=np.random.default_rng(0))
    >>> round(float(np.abs(weight).max()), 2)
    0.5
    """

    option_name = "he-uniform"

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomGenerator) -> None:
        limit = math.sqrt(6.0 / _require_fan_in(fan_in, self))
        out[...] = rng.uniform(-limit, limit, out.shape)


class Xavier(Initializer):
    """Draw from N(0, 1 / fan_in), which keeps the variance of signals through tanh layers.

    See Also
    --------
    He : For layers before `ReLU`.
    LeCun : Of the same variance, without large values.
    XavierUniform : Of the variance 2 / (fan_in + fan_out).

    Notes
    -----
    Glorot and Bengio (2010) use the variance 2 / (fan_in + fan_out) instead, as `XavierUniform`
    does. The formula here is that of the DeepLearning.AI specialization.

    References
    ----------
    LeCun et al. (1998), "Efficient BackProp", section 4.6.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Xavier
    >>> weight = np.empty((100, 25))
    >>> Xavier()(weight, fan_in=25, rng=np.random.default_rng(0))
    >>> round(float(weight.std()), 2)
    0.2
    """

    option_name = "xavier"

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomGenerator) -> None:
        out[...] = rng.standard_normal(out.shape) / math.sqrt(_require_fan_in(fan_in, self))


class XavierUniform(Initializer):
    """Draw uniformly from [-a, a], a = sqrt(6 / (fan_in + fan_out)).

    The variance, 2 / (fan_in + fan_out), is a compromise between that which keeps the variance of
    signals on their way forward, 1 / fan_in as in `Xavier`, and that of gradients on their way
    back, 1 / fan_out. For layers before `Tanh` or `Sigmoid`. PyTorch calls it
    ``xavier_uniform_``, Keras GlorotUniform.

    See Also
    --------
    Xavier : Normally distributed, of the variance 1 / fan_in.
    HeUniform : For layers before `ReLU`.

    References
    ----------
    X. Glorot, Y. Bengio (2010), "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS, section 4.2.1.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import XavierUniform
    >>> weight = np.empty((72, 24))
    >>> XavierUniform()(weight, fan_in=24, fan_out=72, rng=np.random.default_rng(0))
    >>> round(float(np.abs(weight).max()), 2)
    0.25
    """

    option_name = "xavier-uniform"
    uses_fan_out = True

    def __call__(
        self,
        out: Array,
        *,
        fan_in: int | None,
        fan_out: int | None = None,
        rng: RandomGenerator,
    ) -> None:
        """Fill an array with initial values.

        Parameters
        ----------
        out : ndarray of any shape
            The array to fill, in the model's dtype.
        fan_in : int or None
            The number of inputs that feed one output.
        fan_out : int or None
            The number of outputs that one input feeds.
        rng : numpy.random.Generator or numpy.random.RandomState
            The only source of randomness.

        Raises
        ------
        ArgumentError
            If one of both numbers is None.
        """
        n_inputs = _require_fan_in(fan_in, self)
        if fan_out is None:
            raise ArgumentError(
                f"{self} needs the number of outputs that one input feeds: pass fan_out= to "
                "Parameter"
            )
        limit = math.sqrt(6.0 / (n_inputs + fan_out))
        out[...] = rng.uniform(-limit, limit, out.shape)


class LeCun(Initializer):
    """Draw from a normal distribution that is cut off at two standard deviations.

    The variance is 1 / fan_in, as that of `Xavier`, but no value is larger than
    2.27 / sqrt(fan_in). It is the LecunNormal of Keras and the lecun_normal of JAX, the default of
    many networks there; of a normal distribution that is not cut off, it would be `Xavier` itself.

    See Also
    --------
    Xavier : Not cut off.

    References
    ----------
    LeCun et al. (1998), "Efficient BackProp", section 4.6.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import LeCun
    >>> weight = np.empty((100, 25))
    >>> LeCun()(weight, fan_in=25, rng=np.random.default_rng(0))
    >>> round(float(weight.std()), 2), round(float(np.abs(weight).max()), 2)
    (0.2, 0.45)
    """

    option_name = "lecun"

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomGenerator) -> None:
        from scipy.special import ndtr, ndtri  # the distribution function of N(0, 1), its inverse

        deviation = math.sqrt(1.0 / _require_fan_in(fan_in, self)) / CUT_OFF_DEVIATION
        out[...] = ndtri(rng.uniform(ndtr(-2.0), ndtr(2.0), out.shape)) * deviation


class Orthogonal(Initializer):
    """Draw a random orthogonal matrix, times a factor.

    W @ W.T = gain**2 I, or W.T @ W = gain**2 I where the matrix has more rows than columns. All
    such matrices are equally likely: W is the factor Q of the QR decomposition of a matrix of
    normally distributed numbers, with the signs for which the diagonal of R is positive. An array
    of more axes is filled as the matrix of its first axis and all others. The product with an
    orthogonal matrix keeps the norm of a vector, also over many steps of a recurrent layer [1]_.

    Parameters
    ----------
    gain : float, default 1.0
        The factor, > 0.

    Raises
    ------
    ArgumentError
        If `gain` is not a finite number > 0, or, when it is called, if the array has fewer than
        two axes.

    See Also
    --------
    Xavier : Draws each weight alone.
    RNN, LSTM, GRU : Begin with an orthogonal recurrent matrix of each gate.

    References
    ----------
    .. [1] A. M. Saxe, J. L. McClelland, S. Ganguli, "Exact solutions to the nonlinear dynamics of
       learning in deep linear neural networks", 2014, https://arxiv.org/abs/1312.6120, section 3.
    .. [2] F. Mezzadri, "How to generate random matrices from the classical compact groups", 2007,
       https://arxiv.org/abs/math-ph/0609050, on the signs.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Orthogonal
    >>> weight = np.empty((3, 3))
    >>> Orthogonal()(weight, fan_in=3, rng=np.random.default_rng(0))
    >>> bool(np.allclose(weight @ weight.T, np.eye(3)))
    True
    """

    option_name = "orthogonal"

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = check_number(gain, "gain", greater_than(0), self)

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomGenerator) -> None:
        if out.ndim < 2:
            raise ArgumentError(
                f"{self} fills matrices, got an array of shape {out.shape}: use another "
                "initializer, such as Zeros()"
            )
        rows, columns = len(out), out[0].size
        q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
        q *= np.where(np.diagonal(r) < 0, -self.gain, self.gain)
        out[...] = (q if rows >= columns else q.T).reshape(out.shape)

    def __repr__(self) -> str:
        return f"Orthogonal({self.gain})"


def _require_fan_in(fan_in: int | None, init: Initializer) -> int:
    if fan_in is None:
        raise ArgumentError(
            f"{init} needs the number of inputs that feed one output: pass fan_in= to Parameter"
        )
    return fan_in
