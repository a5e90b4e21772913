"""Nonlinear conjugate gradients."""

from __future__ import annotations

from typing import Any

from ..utils.foreign_words import explain_arguments
from .full_batch import NO_LEARNING_RATE, FullBatchOptimizer


@explain_arguments("__init__", learning_rate=NO_LEARNING_RATE, lr=NO_LEARNING_RATE)
class ConjugateGradient(FullBatchOptimizer):
    """Nonlinear conjugate gradients, by Polak and Ribière, on the whole set.

    An epoch is an iteration, in which a line search finds the step along the direction d::

        theta = theta + step * d
        beta = max(0, g_new @ (g_new - g) / (g @ g))
        d = -g_new + beta * d

    It needs less memory than `LBFGS`, a few vectors, and more evaluations of the objective: about
    two in an iteration. What the objective must be, how a training ends and how it goes on is the
    same as there: pass ``batch_size=None`` to `Sequential.fit`. SciPy runs the iterations
    (``method="CG"``), in float64.

    Parameters
    ----------
    gradient_tolerance : float, default 1e-5
        The training ends when no element of the gradient is larger, >= 0.

    Raises
    ------
    ArgumentError
        If an argument is out of its range.

    See Also
    --------
    LBFGS : Mostly faster.

    References
    ----------
    .. [1] J. Nocedal, S. J. Wright, "Numerical optimization", 2nd edition, 2006, section 5.2.

    Examples
    --------
    >>> from minidl import ConjugateGradient, Linear, MeanSquaredError, Sequential
    >>> model = Sequential([Linear(1, 1)], loss=MeanSquaredError())
    >>> X, Y = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
    >>> history = model.fit(
    ...     X, Y, optimizer=ConjugateGradient(), batch_size=None, epochs=100, progress=False
    ... )
    >>> model.predict([[3.0]]).round(2)
    array([[7.]], dtype=float32)
    """

    method = "CG"
    option_name = "cg"
    is_adaptive = False

    def __init__(self, *, gradient_tolerance: float = 1e-5) -> None:
        super().__init__(gradient_tolerance)

    def scipy_options(self) -> dict[str, Any]:
        return {"gtol": self.gradient_tolerance}
