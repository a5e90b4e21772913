"""What an optimizer remembers, where other layers are frozen than before."""

from __future__ import annotations

from ..optimizers.base import Optimizer
from ..trained_parameters import TrainedParameters


def keep_state(
    optimizer: Optimizer, before: TrainedParameters | None, now: TrainedParameters
) -> None:
    """Let an optimizer go on with the parameters that are left, if layers have been frozen.

    Where layers are trained that were frozen, it has no state for them: it starts anew at its next
    step, and says so.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer.
    before : TrainedParameters or None
        What the last training of the model has moved.
    now : TrainedParameters
        What the next one moves.
    """
    if before is None or optimizer.belongs_to(now.theta) or not optimizer.belongs_to(before.theta):
        return
    state = now.state_of(before, optimizer.state())
    if state is not None:
        optimizer.restore(now.theta, state)
