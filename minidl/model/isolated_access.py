"""Access to a model besides its training, from any thread, and inside of callbacks."""

from __future__ import annotations

import copy

from ..objective import Objective

KEPT_BYTES = 2**20
"""Work arrays up to this size are kept for the next call, which they make faster."""


class IsolatedAccess:
    """A context in which a model is used by one thread, isolated from a training.

    While a training is running, the context returns a copy of the model. Layers, loss and gradient
    stay as the training left them, and callbacks may use the model from threads of their own.

    Parameters
    ----------
    objective : Objective
        The model. The context returns the objective to use: this one, or the copy.
    input_size : int, optional
        The number of elements of the input. If it is given, work arrays of up to `KEPT_BYTES` are
        kept for the next call; 0 where layers and loss are not used, or restored. Otherwise all
        are released.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Linear, MeanSquaredError, Sequential
    >>> model = Sequential([Linear(2, 1)], loss=MeanSquaredError())
    >>> with IsolatedAccess(model.objective_function) as objective:
    ...     objective.forward(np.zeros((1, 2), np.float32))
    array([[0.]], dtype=float32)
    """

    __slots__ = ("_input_size", "_objective")

    def __init__(self, objective: Objective, *, input_size: int | None = None) -> None:
        self._objective = objective
        self._input_size = input_size

    def __enter__(self) -> Objective:
        objective = self._objective
        access = objective.access
        if not access.lock.acquire(False):  # by position: a keyword takes longer
            access.wait()
        if access.training.locked():
            try:
                twin = self._objective = copy.deepcopy(objective)
            finally:
                access.lock.release()
            twin.access.lock.acquire()  # nobody else has it
            return twin
        return objective

    def __exit__(self, *error: object) -> None:
        objective = self._objective
        size = self._input_size
        try:
            if size is None or size > objective.scratch.small_input_size:
                self._release(objective, size)
            # Once, since `forward` may have made some anew; and where an attribute is missing:
            # an array may be in the place of a parameter.
            is_new = not objective.members.checked and error[0] is None
            if (is_new or error[0] is AttributeError) and size != 0:
                objective.members.check()
        finally:
            objective.access.lock.release()

    @staticmethod
    def _release(objective: Objective, input_size: int | None) -> None:
        if input_size is not None and objective.scratch.size_in_bytes() <= KEPT_BYTES:
            objective.scratch.small_input_size = input_size  # need not be measured again
        else:
            objective.scratch.release()
