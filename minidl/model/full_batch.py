"""Whether a training can minimize its objective on the whole set."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from ..batching.minibatches import MiniBatches
from ..batching.out_of_core import Rows, first_rows
from ..batching.shuffled_rows import WITH_REPLACEMENT
from ..errors import ArgumentError
from ..layers.tree import named_modules
from ..objective import Objective
from ..optimizers.base import Optimizer
from ..optimizers.full_batch import FullBatchOptimizer
from ..parameters import Parameter
from ..utils.snapshot import restored

_N_ROWS = 8  # with which a buffer that changes in training does


def check_full_batch(
    optimizer: Optimizer, objective: Objective, x: Rows, batches: MiniBatches
) -> None:
    """Raise `ArgumentError` if an optimizer needs the objective of the whole set, and has none.

    Its objective must be a function of the parameters alone: the same at each point in each call.

    Parameters
    ----------
    optimizer : Optimizer
        Any optimizer; only a `FullBatchOptimizer` needs that.
    objective : Objective
        The model, which is restored if it is tried.
    x : ndarray, SparseRows or ArraySource of shape (m, ...)
        The examples, of which a few are tried.
    batches : MiniBatches
        The mini-batches of an epoch.

    Raises
    ------
    ArgumentError
        If there are several mini-batches, if examples are drawn or pictures are changed at random,
        or if a layer draws random numbers or changes a buffer in training.
    """
    if not isinstance(optimizer, FullBatchOptimizer):
        return
    name = type(optimizer).__name__
    if len(batches) > 1:
        raise ArgumentError(
            f"{name} needs the whole set in each step, got batch_size={batches.batch_size} for "
            f"{batches.n_examples:,} examples: pass batch_size=None, or use an optimizer such as "
            "Adam()"
        )
    rule = f"{name} needs an objective that depends on nothing but the parameters"
    if batches.shuffle == WITH_REPLACEMENT:
        raise ArgumentError(
            f'{rule}, got shuffle="{WITH_REPLACEMENT}", which draws other examples in each epoch: '
            "pass batch_size=None without it, or use an optimizer such as Adam()"
        )
    if batches.augment is not None:
        raise ArgumentError(
            f"{rule}, got augment={batches.augment}, which changes the examples at random: leave "
            "it out, or use an optimizer such as Adam()"
        )
    for path, module in named_modules(objective.layers):
        if module.stochastic:
            raise ArgumentError(
                f"{rule}, but layer {path}, {module}, draws random numbers in training: remove it "
                "(penalties such as L2(0.1) regularize, too), or use an optimizer such as Adam()"
            )
    changed = _changed_buffers(objective, x)
    if changed:
        raise ArgumentError(
            f"{rule}, but training changes the buffers {', '.join(changed)} whenever it is "
            "evaluated, as batch normalization does: use LayerNorm, which keeps nothing, or an "
            "optimizer such as Adam()"
        )


def _changed_buffers(objective: Objective, x: Rows) -> list[str]:
    """Return the paths of the buffers that a forward pass of training changes."""
    if not objective.buffers:
        return []
    before = objective.buffers.copy_values()
    with restored(objective.layers, (Parameter,)), np.errstate(all="ignore"):
        with suppress(Exception):  # training raises it again
            objective.forward(first_rows(x, _N_ROWS, objective.input_dtype), training=True)
        after = objective.buffers.copy_values()
    return [name for name, value in before.items() if value.tobytes() != after[name].tobytes()]
