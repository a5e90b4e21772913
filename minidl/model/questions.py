"""Questions to a model, from any thread, and inside of callbacks."""

from __future__ import annotations

import copy

from ..objective import Objective

KEPT_BYTES = 2**20
"""Work arrays up to this size are kept for the next call, which they make faster."""


class Asking:
    """A context in which a model is asked something: nobody else uses it, nothing is disturbed.

    While a training is running, a copy of the model is asked. Layers, loss and gradient stay as the
    training left them, and its callbacks may also ask from threads of their own.

    Parameters
    ----------
    objective : Objective
        The model. The context returns the objective to ask: this one, or the copy.
    input_size : int, optional
        The number of elements of the input. If it is given, work arrays of up to `KEPT_BYTES` are
        kept for the next call; 0 where layers and loss are not used, or restored. Otherwise all
        are released.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Linear, MeanSquaredError, Sequential
    >>> model = Sequential([Linear(2, 1)], loss=MeanSquaredError())
    >>> with Asking(model.objective_function) as objective:
    ...     objective.forward(np.zeros((1, 2), np.float32))
    array([[0.]], dtype=float32)
    """

    __slots__ = ("_asked", "_input_size")

    def __init__(self, objective: Objective, *, input_size: int | None = None) -> None:
        self._asked = objective
        self._input_size = input_size

    def __enter__(self) -> Objective:
        asked = self._asked
        access = asked.access
        access.__enter__()
        if access.is_training:
            try:
                twin = self._asked = copy.deepcopy(asked)
            finally:
                access.__exit__()
            twin.access.__enter__()  # nobody else has it
            return twin
        return asked

    def __exit__(self, *error: object) -> None:
        asked = self._asked
        size = self._input_size
        try:
            if size is None or size > asked.scratch.small_input_size:
                self._release(asked, size)
            if not asked.members.checked and size != 0 and error[0] is None:
                asked.members.check()  # once: `forward` may have made some anew
        finally:
            asked.access.__exit__()

    @staticmethod
    def _release(asked: Objective, input_size: int | None) -> None:
        if input_size is not None and asked.scratch.size_in_bytes() <= KEPT_BYTES:
            asked.scratch.small_input_size = input_size  # need not be measured again
        else:
            asked.scratch.release()
