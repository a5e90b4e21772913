"""Whether a peer of `layers` computes what the others do, and the memory that it takes.

The times of peers that compute something else would mean nothing.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..layer_loads import Arrays, LayerLoad

MAX_ERROR = 1e-4
CHECKED_STEPS = 2  # of a network that is trained


class DisagreementError(Exception):
    """A peer computes something else; the message says what."""


@dataclass
class Checked:
    """A callable that runs n times, after what it computes was checked.

    A run computes `steps` times. `facts` are the largest `error`, and of a layer in NumPy
    `work_mib`: the memory that it takes at most beyond its inputs and outputs.
    """

    run: Callable[[int], None]
    facts: dict[str, float]
    steps: int

    def __call__(self, times: int) -> None:
        """Run n times."""
        self.run(self.steps * times)


def checked(
    load: LayerLoad,
    run: Callable[[int], None],
    compute: Callable[[], Arrays],
    expected: Arrays,
    *,
    is_traced: bool = True,
) -> Checked:
    """Return `run`, after `compute` has computed once what is expected.

    Python can trace the memory of NumPy's arrays, not that of others.
    """
    tracemalloc.start()
    try:
        found = compute()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    facts = {"error": largest_error(found, expected)}
    if is_traced and load.kind != "step":
        outputs = sum(found[name].nbytes for name in ("y", "dx") if name in found)
        facts["work_mib"] = (peak - outputs) / 2**20
    return Checked(run, facts, load.steps)


def largest_error(found: Arrays, expected: Arrays) -> float:
    """Return the largest error of an array as a vector, relative to its length.

    Examples
    --------
    >>> largest_error({"y": np.array([3.0, 4.0])}, {"y": np.array([3.0, 4.0])})
    0.0
    """
    errors = {}
    for name, array in expected.items():
        if name not in found or found[name].shape != array.shape:
            shape = found[name].shape if name in found else "missing"
            raise DisagreementError(f"{name} is {shape}, expected {array.shape}")
        errors[name] = float(np.linalg.norm(found[name] - array) / np.linalg.norm(array))
        if not errors[name] <= MAX_ERROR:
            raise DisagreementError(f"{name} differs by {errors[name]:.1e} of its length")
    return max(errors.values())
