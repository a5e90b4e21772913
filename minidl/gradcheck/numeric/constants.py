"""The steps and error bounds of numeric derivatives, each with the reason for its value."""

from __future__ import annotations

import numpy as np

MAX_IMAGINARY = 1e-10
"""Absolute. Above this imaginary part the square of the step no longer vanishes: a slope over
1e50, for which no error bound holds."""

AFFINE_STEP_EXPONENT = 14
"""The step is 2**14 times the size of the function: an affine function has no truncation error,
and a long step leaves almost no rounding. A power of two keeps the division exact."""

AFFINE_MAX_SIZE = 1e300
"""Absolute. A function above this size leaves no room for such a step."""

AFFINE_ROUNDING_ULPS = 32
"""Sums inside an affine function pass through numbers larger than its value."""

RICHARDSON_STEP = 2.0**-12
"""The first step for parameters of size 1. With an error of the order h**4 after extrapolation,
truncation and rounding are both near 1e-12 there."""

RICHARDSON_LONGER = 8
"""A longer step is 2**8 times the last one: steps are tried in powers of 2**8 up to the size of
the array."""

RICHARDSON_LONG_FROM = 16
"""Absolute. Arrays up to this size need no longer step."""

RICHARDSON_ROUNDED = 1e3
"""The error bound of a step is that of rounding if, times the step, it is up to so many times the
same of a shorter one. From another one on, errors grow with the step, and bounds that seem to fall
are those of a function that has bent within it."""

RICHARDSON_SHORTER = (-6, -12, -18)
"""Exponents of the shorter steps, for functions that bend or end close to the point."""

RICHARDSON_CONVERGED = 1e-5
"""No other step is tried once the error bound of each output is below this part of its slope..."""

RICHARDSON_PRECISE = (4, -3)
"""Exponents of more steps for probes of many elements, where the best of all steps is taken."""

PRECISE_WEIGHT = 2.0**-6
"""The weight of the quotients in the error estimate of these probes, to which the change of the
extrapolated slope is added. What is left after extrapolation is far less, unless by accident."""

ROMBERG_EXPONENTS = range(-24, 0)
"""Exponents of the steps of Romberg's extrapolation, in units of the direction."""

ROMBERG_STEPS = 4
"""Steps of one extrapolation: the error is of the order h**8."""

ROMBERG_SAFETY = 4
"""The factor between the change by the last order and the error bound."""

EVEN_ORDERS = (2, 4, 6)
"""The orders of the errors of central differences of a smooth function..."""

ODD_ORDERS = (1, 3, 5)
"""... those of the gaps between its one-sided quotients..."""

JUMP_ORDERS = (1, 2, 4, 6)
"""... and those of central differences where a second derivative jumps, for one step more."""

RICHARDSON_NEGLIGIBLE = 1e-9
"""... plus this part of the largest slope, below which an output carries no weight."""

COARSE_WEIGHT = 0.25
"""The weight of the coarser pair of quotients in the error estimate. The finer pair alone may
agree by accident near a kink."""

ESTIMATE_SAFETY = ((1e-3, 4.0), (0.05, 10.0), (np.inf, 100.0))
"""(relative error up to, factor): far from convergence the error estimate is a guess itself and
is multiplied by more."""

CENTRAL_SAFETY = 2
"""The factor between the change of a plain central difference over twice its step and the bound of
its truncation error, a third of that for smooth functions; a kink just within the step needs it."""

CENTRAL_ROUNDING_ULPS = 8
"""The rounding of the two values of a plain central difference, in ulps of each."""

MIN_WINDOW_GAIN = 2
"""Windows are looked for, with one call for each position of each axis, only where every other
group takes so many times as many calls."""

LONG_STEPS = range(-8, 0)
"""Exponents of the steps that show what the complex step loses slightly, where there is no kink:
long ones are precise."""

LOSS_FACTORS = (0.77, 0.61)
"""What is lost is the same over steps that are shorter by such factors; rounding is another."""

SLIGHTEST_LOSS = 1e-9
"""The part of the largest slope that is looked for in layers."""

TURNING_STEPS = tuple(2.0**-exponent for exponent in (12, 18, 24, 27, 30, 33, 36))
"""Short steps, for a function that turns or saturates within the long ones."""
