"""Tolerances and limits of the checks of functions; those that all checks share are one level up.

A tolerance is relative unless it says otherwise.
"""

from __future__ import annotations

# Error bars.

MAX_BAR_EXACT = 1e-8
"""Error bars over this fraction of a gradient in float64 make it unresolved, where the complex step
computed the numeric side. It has no truncation error: wider bars come from rounding that the
function itself makes, and could hide a slight mistake."""

MAX_BAR_RICHARDSON = 1e-6
"""The same for differences: those of ordinary functions are good to 1e-7, after a second look at
the elements that are not."""

FINE_BAR = 1e-5
"""Error bars of differences below this fraction are finer than those of line integrals."""

FINER_PROBES = 10
"""Random directions of the finer look at an array: an error of any shape shows along some."""

FEWEST_WRONG_PROBES = 3
"""So many of them must be wrong for a failure."""

ROUGHNESS_LINES = 3
"""So many lines show the rounding of doubtful elements: one may happen to show little of it."""

TURN_POINTS = 8
"""At so many points nearby an element is compared with its slope..."""

TURN_DISTANCE = 0.02
"""... as far away, relative to each parameter: units that saturate keep their last digits over
short moves, and a slight mistake keeps its sign over this one."""

MEASURED_ELEMENTS = 8
"""At how many elements of an array the rounding of numeric slopes is measured: those with the
largest gaps."""

MAX_REFINED = 256
"""At most so many differences of an array are computed again with more steps: those with the widest
error bounds."""

UNREFINED_PART = 0.5
"""Error bounds up to this part of `MAX_BAR_RICHARDSON` need no second look."""

FAR_MOVES = (1.0, 1e3, 1e6)
"""In units of the elements: moves of an array whose gradient is zero by differences. Where only the
longer ones change the cost, its rounding hides the slope."""


# Kinks.

SIDES_STEP = 1e-170
"""The complex step that compares the sides of kinks where all elements move: its square vanishes,
so that the product of two moved numbers does not decide on which side of a kink zero is."""

BESIDE_KINK = 2.0**-44
"""How far beside a kink, relative to max(1, size of the element), the complex step is taken: slopes
hardly change on the way."""

BESIDE_AGREEMENT = 1e-6
"""The part of a one-sided slope within which that of the complex step is the same one: differences
over 2**-20 are known to 1e-9 where numbers of 10 are rounded inside."""

MAX_VAIN_SEARCHES = 16
"""The search for kinks ends after this number of failed elements in a row without one."""

KINK_SEARCH_BOUND = 1e-6
"""Elements whose Richardson difference is worse than this are searched for kinks."""


# Ties.

TIED_ELEMENTS = 16
"""How many of the elements on kinks are tested together with one that shares their kink."""

TIE_ANGLES = 16
"""Around a tie the gradient is computed at so many angles. Steps of differences are shorter than
the moves by this factor, so that most stay on one side."""

TIE_SCALES = (1.0, 2.0**-8)
"""Steps around a tie: a mistake is one at both. Other kinks may lie within the longer one."""


# The rules of calls.

REPEATS = 3
"""How often a gradient is called again at the same point: what piles up, moves on or is random
differs in how."""

REPEAT_ULPS = 64
"""What another order of summation may change in float32 between two calls: 8e-6 of an element and
as much of the root mean square. Most code repeats bit by bit."""

MAX_REPEAT_ROUNDING = 0.05
"""The same in half precision: six ulps of bfloat16."""

JITTER_SAFETY = 10
"""The factor between the range of an element over these calls and the error bar of a gradient that
is random: that it is, is said by a rule of its own."""

SAME_GRADIENT = 1e-9
"""Two gradients that differ by at most this part are the same: far above rounding, far below what
another point changes."""

MOVES_ON = 0.9
"""The cosine of the angle between one change and the next above which a gradient moves on with each
call, rather than at random."""

REPEATED_DIFFERENCES = 10.0
"""A call alone may differ by so many times what repeated calls differ by."""

TOLD_DIFFERENCE = 1e-8
"""A difference of repeated calls that is told: threads that add in another order make a smaller
one in float64."""

NEARBY_DISTANCES = (0.2, 0.05, 0.01)
"""How far a second point is away, in units of each element: the first distance at which the
functions are defined."""

NEARBY_FACTORS = (0.5, 1.5)
"""Random factors on this distance: equal ones would keep ratios, and ties between elements."""

NEARBY_AGREEMENT = 1e-5
"""How well a gradient must agree with the slopes of the cost at a second point, in units of the
root of the squares of all terms, where the complex step computes them: rounding is far smaller."""

NEARBY_AGREEMENT_COARSE = 1e-2
"""The same for differences of a cost whose precision is not known."""

NEARBY_BOUNDS = 10
"""How many error bounds, of both sides, are allowed on top: no right gradient may fail here."""

NEARBY_STEPS = (2.0**-6, 2.0**-9, 2.0**-12)
"""Steps along a direction at a second point, in units of the elements. How far their quotients
differ shows noise, curvature and kinks."""

NEARBY_SHORT_STEPS = (2.0**-15, 2.0**-18, 2.0**-21, 2.0**-24, 2.0**-27)
"""Steps that are tried before a gradient counts as wrong there: a function that oscillates within
the steps above has its slope within two of these in a row."""


# Linearity of a backward function in its incoming gradient.
LINEAR_SCALES = (1.37, 0.83, 1.71, 1.19)
"""backward(1.37 dy) / 1.37 shows by which rounding backward(dy) is known: no power of two. The
others are asked where terms may cancel, as two roundings may happen to be the same."""

LINEAR_ROUNDING = 1e-12
"""Below it, relative to the gradients, backward computes in float64."""

LINEAR_EXACT = 1e-8
"""How far backward(2 a - 3 b) may be from 2 backward(a) - 3 backward(b) then, relatively."""

LINEAR_COARSE = 0.05
"""The same in lower precision: bfloat16 rounds each number by up to 0.4 %, and sums of them more.
Functions that are not linear, of dy's sign or size, miss by 30 % and more."""

LINEAR_SAFETY = 10.0
"""A gap above so many times the changes at other scales is no rounding: those of 2 a and 3 b and of
their difference add up to 6 of them, and few scales do not show the largest."""

LINEAR_POWER = 1e-3
"""How far backward(8 dy) / 8 may be from backward(dy) in any precision. A factor of 8 rounds
nothing, but may lift numbers of float16 above its smallest one."""

ORDERED_STEP = 1e-3
"""How far away, in units of the array, a gradient with the same order of ties must be right: the
steps of differences are shorter."""

RANDOM_ORDERS = 8
"""So many more orders are drawn: of a few ties, one of them is likely the gradient's own."""

LOST_ELEMENTS = 6
"""Where elements sit on kinks, so many others that fail are asked whether the complex step loses a
part of their derivative."""

SLIGHT_GAP = 1e-6
"""Up to this relative error, a gradient and the complex step may differ by what differences cannot
show. More would be seen at some point."""

RECORD_AGREEMENT = 0.1
"""How close to the complex step the slope from the operations of a cost must be to confirm it, in
units of the gap to the gradient."""

OTHERS_SMALLER = 2.0**-10
"""How small the other arrays are made where a cost is too large for differences to show what the
complex step loses."""

HIDDEN_LOSS = 1e-8
"""The part of a slope that the complex step may not lose, even if the gradient forgets it, too."""

ALL_STEPS = range(-26, 0)
"""Exponents of the steps where long ones say little, since there are kinks."""

WORTHWHILE = 0.1
"""The cost must be smaller than this part of itself at another point, where rounding is less."""
