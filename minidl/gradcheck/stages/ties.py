"""Whether the gradient of a model is one of several: equal numbers tie at the point."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..constants import MIN_TIE_SIZE, TIE_RUNS, TIE_STEP
from ..context import CheckContext
from ..rounding.compare import count_jumps
from ..sandbox import ParameterKey
from ..terms import Gradients


def jumping_gradients(
    context: CheckContext, gradients: Gradients, gradients_here: Callable[[], Gradients]
) -> set[ParameterKey]:
    """Return the parameters whose gradient jumps if all parameters move a little.

    Where numbers tie, a layer chooses one of them by their real parts. The complex step leaves
    rounding of the order of its square there, so that it may choose another one.

    Parameters
    ----------
    context : CheckContext
        The model and the data.
    gradients : dict
        The gradients of a term at this point.
    gradients_here : callable
        Returns the gradients of the same term where the parameters are.

    Returns
    -------
    set of ParameterKey
        The parameters; none of a smooth model.
    """
    rng = np.random.default_rng(0)
    sizes = {key: float(np.abs(array).max(initial=0.0)) for key, array in gradients.items()}
    least = MIN_TIE_SIZE * max(sizes.values(), default=0.0)
    jumping = set()
    for _ in range(TIE_RUNS):
        moved = {
            key: arrays["real"] + TIE_STEP * rng.standard_normal(arrays["real"].shape)
            for key, arrays in context.sandbox.arrays.items()
        }
        with context.sandbox.perturbed(moved, dtypes=("real",)):
            nearby = gradients_here()
        for key, gradient in gradients.items():
            if count_jumps(gradient, [nearby[key]], max(sizes[key], least)):
                jumping.add(key)
    return jumping
