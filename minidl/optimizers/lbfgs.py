"""L-BFGS."""

from __future__ import annotations

from typing import Any

from ..utils.foreign_words import explain_arguments
from ..utils.validation import at_least, check_number, integer_at_least
from .full_batch import NO_LEARNING_RATE, UNLIMITED, FullBatchOptimizer


@explain_arguments("__init__", learning_rate=NO_LEARNING_RATE, lr=NO_LEARNING_RATE)
class LBFGS(FullBatchOptimizer):
    """L-BFGS: Newton's method, its Hessian estimated from the last steps, on the whole set.

    An epoch is an iteration: ``theta = theta - step * H @ g``. H estimates the inverse of the
    Hessian from the last `memory` steps and changes of the gradient g; the step is 1, unless a line
    search finds that another one is needed. An iteration evaluates the objective and its gradient a
    little more than once on average. For small sets, where a pass over all examples is cheap, this
    takes far fewer epochs than gradient descent or Adam, and there is no learning rate to choose.

    Pass ``batch_size=None`` to `Sequential.fit`: mini-batches, dropout, augmentation and batch
    normalization are refused, since the objective must be the same function at each point. The
    training ends early when it has converged; its last epoch makes no step then, and
    `History.stopped` says why. SciPy runs the iterations (``method="L-BFGS-B"``), in float64, while
    the model computes in its own dtype. A training that goes on, by `resume` or by another call of
    `fit`, starts at the point that was reached, with an H that knows no steps.

    Parameters
    ----------
    memory : int, default 10
        How many steps H is estimated from, >= 1.
    gradient_tolerance : float, default 1e-5
        The training ends when no element of the gradient is larger, >= 0.
    loss_tolerance : float, default 2.2e-9
        The training ends when an iteration lowers the objective by no more than this fraction of
        it, or of 1 if it is smaller, >= 0.
    max_evaluations : int, optional
        The training ends after the iteration in which the objective was evaluated more often, >= 1.
        By default there is no limit.

    Raises
    ------
    ArgumentError
        If an argument is out of its range.

    See Also
    --------
    ConjugateGradient : Keeps one direction instead of `memory` steps.
    Adam : For mini-batches.

    References
    ----------
    .. [1] R. H. Byrd, P. Lu, J. Nocedal, C. Zhu, "A limited memory algorithm for bound constrained
       optimization", 1995, https://doi.org/10.1137/0916069.

    Examples
    --------
    >>> from minidl import LBFGS, Linear, MeanSquaredError, Sequential
    >>> model = Sequential([Linear(1, 1)], loss=MeanSquaredError())
    >>> X, Y = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
    >>> history = model.fit(
    ...     X, Y, optimizer=LBFGS(), batch_size=None, epochs=100, progress=False
    ... )
    >>> history.epochs < 10
    True
    >>> model.predict([[3.0]]).round(2)
    array([[7.]], dtype=float32)
    """

    method = "L-BFGS-B"
    option_name = "lbfgs"
    is_adaptive = False

    def __init__(
        self,
        *,
        memory: int = 10,
        gradient_tolerance: float = 1e-5,
        loss_tolerance: float = 2.2e-9,
        max_evaluations: int | None = None,
    ) -> None:
        super().__init__(gradient_tolerance)
        self.memory = check_number(memory, "memory", integer_at_least(1), self)
        self.loss_tolerance = check_number(loss_tolerance, "loss_tolerance", at_least(0), self)
        self.max_evaluations: int | None = None
        if max_evaluations is not None:
            self.max_evaluations = check_number(
                max_evaluations, "max_evaluations", integer_at_least(1), self
            )

    def scipy_options(self) -> dict[str, Any]:
        return {
            "maxcor": self.memory,
            "gtol": self.gradient_tolerance,
            "ftol": self.loss_tolerance,
            "maxfun": self.max_evaluations or UNLIMITED,
        }
