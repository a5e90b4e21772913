"""The base class of the optimizers that minimize the objective of the whole set, through SciPy."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, NoReturn, TypeAlias

import numpy as np

from ..errors import ArgumentError
from ..schedules.base import Schedule
from ..utils.typing import Array
from ..utils.validation import at_least, check_number
from .base import Optimizer

ObjectiveFunction: TypeAlias = Callable[[Array], tuple[float, Array]]
"""Of a point (P,) in float64: the objective there, and its gradient (P,) in float64."""

NO_LEARNING_RATE = "a line search finds the size of each step"
"""The cure for a learning rate, or a schedule of it."""

UNLIMITED = 2**31 - 1
"""Iterations, or evaluations: the training loop ends a training."""

LIMIT_REACHED = 1
"""The status of SciPy's result where an allowed number is used up."""


class FullBatchOptimizer(Optimizer):
    """Base class of the optimizers that minimize the objective of the whole set, through SciPy.

    Such an optimizer does not make a step of one gradient. It evaluates the objective at several
    points in an iteration, until a line search has found the next one, and it remembers earlier
    gradients. An epoch of `Sequential.fit` is one iteration.

    Parameters
    ----------
    gradient_tolerance : float, default 1e-5
        The training ends when no element of the gradient is larger, >= 0.

    Attributes
    ----------
    method : str
        The name of the method in `scipy.optimize.minimize`.
    gradient_tolerance : float
        The tolerance.
    step_count : int
        Number of iterations made on the current parameter vector.
    has_converged : bool or None
        Whether the last minimization ended because a tolerance was reached; None if the training
        loop has ended it.
    """

    method: ClassVar[str]

    def __init__(self, gradient_tolerance: float = 1e-5) -> None:
        super().__init__(1.0)
        self.gradient_tolerance = check_number(
            gradient_tolerance, "gradient_tolerance", at_least(0), self
        )
        self.has_converged: bool | None = None

    @property
    def learning_rate(self) -> float:
        """Always 1: a line search finds the size of each step."""
        return 1.0

    @learning_rate.setter
    def learning_rate(self, value: float | Schedule) -> None:
        if isinstance(value, Schedule) or value != 1:
            raise ArgumentError(
                f"{type(self).__name__} takes no learning rate, got {value}: {NO_LEARNING_RATE}; "
                "leave it out, or use an optimizer such as Adam()"
            )
        self._learning_rate = 1.0
        self._schedule = None

    def hyperparameters(self) -> dict[str, Any]:
        """Return the arguments of the constructor by name.

        Returns
        -------
        dict of str to object
            The values; there is no learning rate.
        """
        values = super().hyperparameters()
        del values["learning_rate"]
        return values

    @abstractmethod
    def scipy_options(self) -> dict[str, Any]:
        """Return the options of the method in `scipy.optimize.minimize`, by their names there."""

    def minimize(
        self,
        function: ObjectiveFunction,
        theta: Array,
        end_iteration: Callable[[Array], bool],
    ) -> str:
        """Minimize a function from a parameter vector on.

        Parameters
        ----------
        function : callable
            Returns the objective at a point, and its gradient as an array of its own.
        theta : ndarray of shape (P,), float
            The parameter vector, where the minimization starts; not modified.
        end_iteration : callable
            Gets the point (P,) in float64 that an iteration has led to, and returns whether another
            one is to follow.

        Returns
        -------
        str
            Why SciPy has ended the minimization; "" if `end_iteration` did.
        """
        from scipy.optimize import minimize  # takes a quarter of a second

        if not theta.size:
            return "there are no parameters"
        if not self.belongs_to(theta):
            self.restore(theta, {"learning_rate": 1.0, "step_count": 0})
        was_ended = False
        self.has_converged = None

        def callback(point: Array) -> None:
            nonlocal was_ended
            self.step_count += 1
            if not end_iteration(point):
                was_ended = True
                raise StopIteration  # which SciPy understands

        result = minimize(
            function,
            theta.astype(np.float64),
            jac=True,
            method=self.method,
            callback=callback,
            options={"maxiter": UNLIMITED, **self.scipy_options()},
        )
        if was_ended:
            return ""
        self.has_converged = bool(result.success)
        return self._reason(result)

    def _reason(self, result: Any) -> str:
        name = type(self).__name__
        largest = float(np.abs(result.jac).max(initial=0.0))
        if largest <= self.gradient_tolerance:
            return (
                f"{name} has converged: no element of the gradient is larger than "
                f"{self.gradient_tolerance:g}"
            )
        problem = "has converged: the objective hardly decreases any more"
        if not result.success:
            problem = "found no lower point along its direction"
            if result.status == LIMIT_REACHED:
                problem = f"has evaluated the objective {result.nfev} times"
        return f"{name} {problem} (the largest element of the gradient is {largest:.2g})"

    def init_state(self, theta: Array) -> None:
        """Create no state: what an iteration learns ends with the call of `fit`.

        Parameters
        ----------
        theta : ndarray of shape (P,), float
            The parameter vector.
        """

    def update(self, theta: Array, grad: Array) -> NoReturn:
        """Refuse to make a step of one gradient.

        Parameters
        ----------
        theta, grad : ndarray of shape (P,)
            The parameter vector, and the gradient there.

        Raises
        ------
        ArgumentError
            In any case.
        """
        raise ArgumentError(
            f"{type(self).__name__} needs the objective at several points, got the gradient at one "
            "alone: pass it to fit(optimizer=..., batch_size=None), or use an optimizer such as "
            "Adam()"
        )
