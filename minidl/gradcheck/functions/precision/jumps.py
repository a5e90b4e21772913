"""Jumps of a cost within a window, and spikes of its gradient that fall between two points."""

from __future__ import annotations

from collections.abc import Callable

from numpy.polynomial import legendre

from .constants import JUMP_CLEAR, JUMP_LOOK, JUMP_NODES, JUMP_SHARE, JUMP_SPLITS, JUMP_WIDTH


def is_jump(value: Callable[[float], float], slope: Callable[[float], float], noise: float) -> bool:
    """Return whether a gap between a cost and its gradient is that of a jump or of a spike.

    The interval [-1, 1] is split where the gap is largest, again and again. A wrong gradient stays
    wrong in all parts. The choice of the largest numbers jumps between two points: a good part of
    the gap stays in one that is as narrow as can be. A softmax of large numbers has a spike: its
    gap is gone where the parts are narrow enough.

    Parameters
    ----------
    value : callable
        The cost at a place of the interval.
    slope : callable
        The analytic slope there, with respect to the place.
    noise : float
        One standard deviation of the noise of the cost.

    Returns
    -------
    bool
        False also where noise hides what the parts contain.
    """
    nodes, weights = legendre.leggauss(JUMP_NODES)

    def gap(low: float, high: float) -> float:
        half = (high - low) / 2
        slopes = [slope((low + high) / 2 + half * float(node)) for node in nodes]
        integral = half * sum(w * s for w, s in zip(weights, slopes, strict=True))
        return value(high) - value(low) - float(integral)

    parts = {(-1.0, 1.0): gap(-1.0, 1.0)}
    whole = abs(parts[-1.0, 1.0])
    if not whole > JUMP_CLEAR * noise:
        return False
    for _ in range(JUMP_SPLITS):
        low, high = max(parts, key=lambda part: abs(parts[part]))
        if len(parts) == JUMP_LOOK and abs(parts[low, high]) < abs(sum(parts.values())) / 2:
            return False  # it is wrong everywhere
        if high - low <= JUMP_WIDTH:
            break
        del parts[low, high]
        middle = (low + high) / 2
        parts |= {each: gap(*each) for each in ((low, middle), (middle, high))}
    (low, high), largest = max(parts.items(), key=lambda part: abs(part[1]))
    jumps = high - low <= JUMP_WIDTH and abs(largest) > max(JUMP_SHARE * whole, JUMP_CLEAR * noise)
    return jumps or abs(sum(parts.values())) < JUMP_SHARE * whole
