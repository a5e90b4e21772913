"""Type aliases for arrays and seeds."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]

# A string: NumPy imports its random module when it is first used.
Seed: TypeAlias = "int | np.random.Generator | np.random.RandomState"
