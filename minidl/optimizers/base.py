"""The base class of all optimizers."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar, TypeAlias

import numpy as np

from ..errors import ArgumentError, OptimizerWarning, ShapeError
from ..schedules.base import Schedule
from ..utils.attributes import unshare_attributes
from ..utils.settings import argument_names
from ..utils.typing import Array
from ..utils.underflow import ignore_underflow
from ..utils.user_warnings import warn_user
from ..utils.validation import at_least, check_number, greater_than
from ..utils.vector_identity import VectorIdentity, identity_of
from .clipping import clip_by_norm
from .work_arrays import with_work_arrays, without_work_arrays

LearningRate: TypeAlias = float | Schedule

_RATE_CURE = (
    "pass a number such as 0.001, or pass a Schedule such as Cosine(0.01, decay_steps=1000)"
)


@ignore_underflow("step")
class Optimizer(ABC):
    """Base class of all optimizers.

    A custom optimizer defines `init_state`, which creates its state for a parameter vector, and
    `update`, which makes one step. It lists the attributes that hold its state in `state_names`;
    the names of work arrays that no later step needs begin with an underscore.

    The state belongs to one parameter vector: it persists between calls of `fit` on the same model,
    also where model and optimizer were copied or pickled together. It is created anew when the
    optimizer is used for another vector; an `OptimizerWarning` says so if that loses a state.

    Parameters
    ----------
    learning_rate : float or Schedule
        Size of a step, > 0, or a schedule that returns it for each step.
    clip_norm : float, optional
        Maximum Euclidean norm of the gradient, > 0: a longer gradient is scaled down to this norm
        before the step [1]_. By default gradients are not clipped.

    Attributes
    ----------
    step_count : int
        Number of steps made on the current parameter vector.
    state_names : tuple of str
        Names of the attributes that `init_state` creates and the next step depends on: arrays,
        numbers, strings or None. Checkpoints store them.
    option_name : str or None
        Name of a built-in optimizer on the command line, and in the scikit-learn estimators.
    is_adaptive : bool
        True if the size of a step hardly depends on the scale of the gradient, as in `Adam`.

    Raises
    ------
    ArgumentError
        If an argument is out of its range; at the first step, if `state_names` and the attributes
        that `init_state` creates differ.

    See Also
    --------
    minidl.testing.check_optimizer : Checks a custom optimizer.

    References
    ----------
    .. [1] R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
       networks", 2013, https://arxiv.org/abs/1211.5063, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Optimizer
    >>> class AdaGrad(Optimizer):
    ...     state_names = ("squared_sum",)
    ...
    ...     def init_state(self, theta):
    ...         self.squared_sum = np.zeros_like(theta)
    ...
    ...     def update(self, theta, grad):
    ...         self.squared_sum += grad**2
    ...         theta -= self.learning_rate * grad / (np.sqrt(self.squared_sum) + 1e-8)
    >>> theta = np.array([1.0, -2.0])
    >>> AdaGrad(0.5).step(theta, grad=np.array([4.0, -0.1]))
    >>> theta.round(3)
    array([ 0.5, -1.5])
    """

    state_names: ClassVar[tuple[str, ...]] = ()
    option_name: ClassVar[str | None] = None
    is_adaptive: ClassVar[bool] = False

    def __init__(self, learning_rate: LearningRate, *, clip_norm: float | None = None) -> None:
        self.step_count = 0
        self.learning_rate = learning_rate
        self._clip_norm: float | None = None
        if clip_norm is not None:
            self._clip_norm = check_number(
                clip_norm, "clip_norm", greater_than(0), self, "pass None for no clipping"
            )
        self._workspace: dict[str, Array] = {}
        self._theta: Array | None = None
        self._identity: VectorIdentity | None = None  # of _theta, if it is that of a model
        self._constructed_names: frozenset[str] | None = None

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step.

        Assign a float > 0 or a `Schedule` to change it between steps. A schedule is evaluated at
        `step_count`: its step 0 is the optimizer's first step.
        """
        return self._learning_rate if self._schedule is None else self._evaluate(self._schedule)

    @learning_rate.setter
    def learning_rate(self, value: LearningRate) -> None:
        schedule = value if isinstance(value, Schedule) else None
        if schedule is None:
            rate = check_number(value, "learning_rate", greater_than(0), self, _RATE_CURE)
        else:
            rate = self._evaluate(schedule)
        self._learning_rate = rate
        self._schedule = schedule

    @property
    def schedule(self) -> Schedule | None:
        """The schedule of the learning rate; None if the learning rate is a number."""
        return self._schedule

    @property
    def last_learning_rate(self) -> float:
        """The learning rate of the last step.

        During `update`, this is the learning rate of the current step; before the first step, it
        is that of the first step.
        """
        return self._learning_rate

    @property
    def clip_norm(self) -> float | None:
        """The maximum norm of a gradient; None if gradients are not clipped."""
        return self._clip_norm

    def _evaluate(self, schedule: Schedule) -> float:
        rate = schedule(self.step_count)
        if type(rate) is float and 0 <= rate < math.inf:  # nearly always, in every step
            return rate
        name = f"the learning rate of {schedule} at step {self.step_count}"
        return check_number(rate, name, at_least(0), self)

    def hyperparameters(self) -> dict[str, Any]:
        """Return the arguments of the constructor by name.

        Returns
        -------
        dict of str to object
            First the learning rate, a number or a `Schedule`; then the other arguments that are
            attributes of the same name.
        """
        rate = self._learning_rate if self._schedule is None else self._schedule
        names = [name for name in argument_names(type(self)) if name != "learning_rate"]
        attributes = {name: getattr(self, name) for name in names if hasattr(self, name)}
        return {"learning_rate": rate, **attributes}

    def step(self, theta: Array, grad: Array) -> None:
        """Make one step: update the parameter vector in place.

        Parameters
        ----------
        theta : ndarray of shape (P,), float
            The parameter vector, modified in place. A different array than in the last call starts
            with a new state, unless it is the copy of a model's vector and this optimizer was
            copied with it.
        grad : ndarray of shape (P,)
            The gradient at `theta`, in the dtype of `theta`; not modified.

        Raises
        ------
        ArgumentError
            If the schedule returns a learning rate that is negative or not finite; at the first
            step, if `state_names` and the attributes that `init_state` creates differ.
        ShapeError
            If the shapes of `theta` and `grad` differ.
        MissingDependencyError
            At the first step, if the optimizer has `fast=True` and numba is not installed.

        Warns
        -----
        OptimizerWarning
            If `theta` is another vector than that of the steps before, whose state is lost.
        """
        if theta is not self._theta:
            if theta.shape != grad.shape:
                raise ShapeError(
                    f"theta and its gradient must have the same shape, got {theta.shape} and "
                    f"{grad.shape} in {type(self).__name__}.step"
                )
            if self.belongs_to(theta):
                self._theta = theta
            else:
                if self.step_count and (self.state_names or self._schedule is not None):
                    _warn_of_lost_state(self)
                self._start(theta)
        if self._schedule is not None:
            self._learning_rate = self._evaluate(self._schedule)
        if self._clip_norm is not None:
            grad = clip_by_norm(grad, self._clip_norm, self._workspace)
        self.update(theta, grad)
        self.step_count += 1

    def belongs_to(self, theta: Array) -> bool:
        """Return whether the state belongs to a parameter vector.

        Parameters
        ----------
        theta : ndarray
            The vector.

        Returns
        -------
        bool
            True if the last step moved this vector, or the one that it is a copy of, with this
            optimizer copied together.
        """
        return theta is self._theta or (
            self._identity is not None and self._identity.vector is theta
        )

    def reset(self) -> None:
        """Forget the state: the next step is the first one, of any parameter vector.

        A learning rate that was assigned stays; a schedule begins anew.

        Examples
        --------
        >>> import numpy as np
        >>> from minidl import Adam
        >>> optimizer = Adam()
        >>> optimizer.step(np.zeros(2), np.ones(2))
        >>> optimizer.reset()
        >>> optimizer.step_count
        0
        """
        self._theta = None
        self._identity = None
        self.step_count = 0
        for name in self.state_names:
            vars(self).pop(name, None)
        if self._schedule is not None:
            self._schedule.reset()
            self._learning_rate = self._evaluate(self._schedule)

    def release_memory(self) -> None:
        """Release the work arrays, which the next step makes anew."""
        self._workspace = {}

    def _start(self, theta: Array) -> None:
        """Create the state for `theta`, and check that `state_names` lists all of it."""
        if self._constructed_names is None:
            self._constructed_names = frozenset(unshare_attributes(self))
        self.init_state(theta)
        _check_state_names(self, self._constructed_names)
        if self._schedule is not None:
            self._schedule.reset()
        self._theta = theta
        self._identity = identity_of(theta)
        self.step_count = 0

    def state(self) -> dict[str, Any]:
        """Return what the next step depends on, apart from the constructor's arguments.

        Returns
        -------
        dict of str to object
            "learning_rate" of the last step, "step_count", "schedule" (the state of the schedule,
            unless it is empty), and the attributes in `state_names` once they exist. Arrays are
            not copied.

        Raises
        ------
        ArgumentError
            If an attribute in `state_names` is neither an array nor a number, string or None.
        """
        state: dict[str, Any] = {
            "learning_rate": self._learning_rate,
            "step_count": self.step_count,
        }
        schedule_state = {} if self._schedule is None else self._schedule.state()
        if schedule_state:
            state["schedule"] = schedule_state
        for name in self.state_names:
            if not hasattr(self, name):
                continue
            value = getattr(self, name)
            if not isinstance(value, int | float | str | np.ndarray | None):
                raise ArgumentError(
                    f"{type(self).__name__}.{name} is listed in state_names, so must be an array, "
                    f"a number, a string or None, got {value!r}: store it as several attributes"
                )
            state[name] = value
        return state

    def restore(self, theta: Array, state: dict[str, Any]) -> None:
        """Continue with `theta` from a state of an optimizer with the same arguments.

        Parameters
        ----------
        theta : ndarray of shape (P,), float
            The parameter vector of the next steps.
        state : dict of str to object
            What `state` returned; arrays are copied, those of the shape of theta into its dtype.
            This optimizer keeps its schedule, whose state is restored.

        Raises
        ------
        ArgumentError
            If the state lacks an attribute in `state_names`, or has one that is not listed there.
        """
        values = dict(state)
        rate = float(values.pop("learning_rate"))
        step_count = values.pop("step_count")
        schedule_state = values.pop("schedule", {})
        if step_count and set(values) != set(self.state_names):
            raise ArgumentError(
                f"the state must consist of {', '.join(self.state_names) or 'no attributes'}, got "
                f"{', '.join(values) or 'none'} in {type(self).__name__}: restore the state of "
                "an optimizer of the same class"
            )
        self._start(theta)
        self.step_count = step_count
        for name, value in values.items():
            if isinstance(value, np.ndarray):
                value = value.astype(theta.dtype if value.shape == theta.shape else value.dtype)
            setattr(self, name, value)
        if self._schedule is None:
            self.learning_rate = rate
        else:
            if schedule_state:
                self._schedule.restore(schedule_state)
            self._learning_rate = rate

    @abstractmethod
    def init_state(self, theta: Array) -> None:
        """Create the state for a parameter vector, as attributes listed in `state_names`.

        Parameters
        ----------
        theta : ndarray of shape (P,), float
            The parameter vector; not to be modified.
        """

    @abstractmethod
    def update(self, theta: Array, grad: Array) -> None:
        """Make one step with `self.learning_rate`.

        Parameters
        ----------
        theta : ndarray of shape (P,), float
            The parameter vector, to be modified in place.
        grad : ndarray of shape (P,), float
            The gradient at `theta`, already clipped; not to be modified.
        """

    def __getstate__(self) -> dict[str, Any]:
        # The vector of a model is not copied with the optimizer: its identity stands for it.
        state = vars(self) | {"_theta": None if self._identity else self._theta, "_workspace": {}}
        return without_work_arrays(state, self._constructed_names)

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(with_work_arrays(state))

    def __repr__(self) -> str:
        shown = [
            f"{name}={value}"
            for name, value in self.hyperparameters().items()
            if value is not None and not isinstance(value, bool)  # `fast` does not change results
        ]
        return f"{type(self).__name__}({', '.join(shown)})"


def _check_state_names(optimizer: Optimizer, constructed_names: frozenset[str]) -> None:
    """Raise unless `state_names` lists exactly the state that `init_state` has created."""
    owner = type(optimizer).__name__
    for name, value in vars(optimizer).items():
        created = name not in constructed_names or isinstance(value, np.ndarray)
        if created and name not in optimizer.state_names and not name.startswith("_"):
            raise ArgumentError(
                f"state_names must list the attributes that init_state creates, got "
                f"{optimizer.state_names} without {name!r} in {owner}: add it, so that checkpoints "
                "store it, or begin its name with an underscore if no later step needs it"
            )
    for name in optimizer.state_names:
        if not hasattr(optimizer, name):
            raise ArgumentError(
                f"init_state must create what state_names lists, got no attribute {name!r} "
                f"in {owner}: create it, or remove the name"
            )


def _warn_of_lost_state(optimizer: Optimizer) -> None:
    warn_user(
        f"{type(optimizer).__name__} starts anew: its state after {optimizer.step_count:,} steps "
        "belongs to other parameters. Pass a new optimizer, or call reset() before; to go on with "
        "a copy of a model, copy or pickle the model and the optimizer together",
        OptimizerWarning,
    )
