"""Whether a gradient lies between the slopes on both sides of each number, by their definition."""

import numpy as np

STEP, SLACK = 1e-6, 1e-4  # SLACK is a share of the largest slope


def is_subgradient(cost, gradients, arrays):
    """Return whether all numbers of a gradient are between the one-sided slopes of the cost.

    Reverse mode does not promise it at a kink: of 2 leaky(x) - |x| at zero, whose slopes beside it
    are near 1, it gives 2 times the slope of the one minus that of the other, as each was chosen.

    Parameters
    ----------
    cost : callable
        Of a dict of arrays.
    gradients, arrays : dict of str to ndarray
        The gradient, and the point.
    """
    at_point = cost(arrays)
    for name, array in arrays.items():
        slopes = np.empty((2, array.size))
        for side, sign in enumerate((1, -1)):
            for i in range(array.size):
                moved = array.copy()
                step = sign * STEP * max(abs(moved.flat[i]), 1)
                moved.flat[i] += step
                slopes[side, i] = (cost({**arrays, name: moved}) - at_point) / step
        slack = SLACK * np.abs(slopes).max(initial=1e-300)
        gradient = np.ravel(gradients[name])
        if (gradient < slopes.min(0) - slack).any() or (gradient > slopes.max(0) + slack).any():
            return False
    return True
