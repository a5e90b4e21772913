"""The warning that a schedule has ended before the training begins."""

from __future__ import annotations

from ..errors import OptimizerWarning
from ..utils.user_warnings import warn_user
from .callbacks.base import TrainingRun


def warn_of_ended_schedule(run: TrainingRun) -> None:
    """Warn if a training that continues would move nothing, since its learning rate is 0.

    A schedule that keeps a positive learning rate at its end, such as
    ``Cosine(0.1, decay_steps=100, final_learning_rate=0.01)``, is meant to be continued.

    Parameters
    ----------
    run : TrainingRun
        The training, before its first step.

    Warns
    -----
    OptimizerWarning
        If the learning rate is 0 in the first step and in the last one, and the optimizer has made
        steps with these parameters before.
    """
    optimizer = run.optimizer
    schedule = optimizer.schedule
    first_step = optimizer.step_count
    last_step = run.epochs * run.batches_per_epoch - 1
    if run.epoch == 0:  # not resumed: the epochs count from here
        last_step += first_step
    if schedule is None or first_step == 0 or first_step > last_step:
        return
    if not optimizer.belongs_to(run.trained.theta):
        return  # it starts anew
    if schedule(first_step) == schedule(last_step) == 0:
        warn_user(
            f"the learning rate of {schedule} is 0 from step {first_step:,} on, so this training "
            "moves no parameter: assign a learning rate or a longer schedule to "
            "optimizer.learning_rate, or pass a new optimizer and no resume=",
            OptimizerWarning,
        )
