"""Every tolerance and limit of the gradient checker."""

from __future__ import annotations

import numpy as np

EPS = float(np.finfo(np.float64).eps)


COURSE_THRESHOLD = 1e-7


# The rounding of backward is measured: it runs again with noise on all that flows (Vignes, 2004).
NOISE = 2.0**-44  # relative: 256 ulps, clear of the rounding itself


RUNS = 6


SAFETY = 50.0  # all runs show an element under 1/50 of its typical error with a chance of 1e-11

DIAGNOSIS_CALLS = 20_000
"""Forward calls that the diagnosis of one array may take."""
