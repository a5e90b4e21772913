"""Points at which several kinks meet, such as all units of a layer whose input is zero."""

from __future__ import annotations

import numpy as np

from ...utils.typing import Array

MEETING_KINKS = (
    "several kinks meet here, as those of all units whose input is zero: this is right at points "
    "nearby, but is none of the gradients there, nor between them; one fixed slope at each kink "
    "gives such values, which are no derivative; check another point"
)
"""The diagnosis of such a check."""


def several_kinks_meet(forward: Array, back: Array, tolerance: Array | float) -> bool:
    """Return whether kinks that meet may explain elements outside of their gradients nearby.

    At a single kink, an element has one of two slopes nearby. Where kinks of several units meet,
    it has more, and not every choice of their sides exists nearby: with a slope of zero at each
    kink, reverse-mode differentiation gives relu(x) - relu(-x) the slope 0, not 1 (Kakade and Lee,
    "Provably Correct Automatic Subdifferentiation for Qualified Programs", 2018). A step back turns
    the sides of all such kinks, so that the gradients on opposite sides have the same sum wherever
    they are; those of ties of a maximum or a sort have not.

    Parameters
    ----------
    forward : ndarray of shape (k, n)
        By how much the gradients at k points nearby differ from those here, of n elements.
    back : ndarray of shape (k, n)
        The same at the opposite points.
    tolerance : float or ndarray of shape (n,)
        Changes below it are none.

    Returns
    -------
    bool
        Whether each element lies within its gradients nearby, or has at least three of them and is
        not farther from them than they are from each other.
    """
    changes = np.concatenate([forward, back])
    if not len(changes) or not np.isfinite(changes).all():
        return False
    if not (np.ptp(forward + back, axis=0) <= 2 * tolerance).all():
        return False
    lowest, highest = changes.min(axis=0), changes.max(axis=0)
    beyond = np.maximum(lowest, -highest)
    between = (changes > lowest + tolerance) & (changes < highest - tolerance)
    has_three = between.any(axis=0) & (beyond <= highest - lowest)
    return bool(((beyond <= tolerance) | has_three).all())
