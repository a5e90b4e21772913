"""Every tolerance and limit of the gradient checker, each with the reason for its value.

A tolerance is relative unless it says otherwise. Those ending in `_ULPS` are multiples of `EPS`.
"""

from __future__ import annotations

import numpy as np

EPS = float(np.finfo(np.float64).eps)
"""The spacing of float64 at 1: the unit in which rounding errors are counted."""

TINY = 1e-300
"""Absolute. Keeps a division by the largest element of an array of zeros defined."""


# The comparison as courses teach it.

COURSE_EPSILON = 1e-7
"""The default step of `method="central"`: the one of the DeepLearning.AI specialization."""

COURSE_THRESHOLD = 1e-7
"""The relative error below which the DeepLearning.AI specialization calls a gradient right."""


# The rounding error of an analytic gradient: backward runs again with noise (Vignes, 2004).

RELATIVE_NOISE = 2.0**-44
"""The noise put on every array: 256 ulps, clearly above the rounding that it is to reveal."""

NOISY_RUNS = 6
"""How often backward runs with noise. With `NOISE_SAFETY`, the probability that all runs show
less than 1/50 of an element's typical error is about 1e-11."""

NOISY_SCALES = (1.37, 0.83, 1.71)
"""Multiples of the incoming gradient, no powers of two, that round otherwise inside of backward."""

SCALED_ROUNDING = 1e-9
"""Up to this part of the largest element, the change at such a multiple is rounding; above it,
backward is not linear."""

NOISY_SINGLE_RUNS = 8
"""How often backward runs in float32 where terms cancel over the batch: in one run alone, the
rounding of a few elements may happen to be none."""

NOISY_RUNS_OF_LARGE = 4
"""The number of runs for a large gradient. It is probed along directions, whose sums over all
elements are never small by accident."""

LARGE_GRADIENT = 20_000
"""From how many elements on a gradient counts as large; up to here computing every element by
central differences takes seconds."""

NOISE_SAFETY = 50.0
"""The factor between the largest change seen in `NOISY_RUNS` and the error bar."""

LARGER_NOISE = 2.0**-34
"""A second noise on what custom layers store, 1024 times as large: its effect must be larger..."""

MAX_EFFECT_RATIO = 0.1
"""... so that the first one has at most this part of it. That of a comparison stays the same."""

ROUNDING_PER_NOISE = NOISE_SAFETY * EPS / RELATIVE_NOISE
"""What a change seen under noise is multiplied by to give an error bar for plain rounding."""

ROUNDING_ULPS = 16
"""The least error bar of any element, and the rounding of the four to seven function values that
enter a Richardson quotient."""


# The comparison.

MAX_BAR_FRACTION = 1e-3
"""Error bars over this fraction of the gradient hide it: the check is unresolved. A mistake of
one part in a thousand must be visible."""

PROBES = 2
"""Random directions of a gradient that is not computed element by element, at each of the two
points of a model check."""

MIN_PROBE_FRACTION = 1e-3
"""Elements below this fraction of the root mean square are weighted in a probe as if they had it:
otherwise one element that is almost zero would dominate the direction."""


# The complex step.

COMPLEX_STEP = 1e-60
"""Its truncation error is of the order of its square, so only underflow bounds it from below;
1e-60 leaves room for deep networks with tiny weights."""

COMPLEX_AGREEMENT = 1e-6
"""How far the complex step may be from a central difference, in units of the largest slope,
before its imaginary part counts as lost. What is lost is never a millionth."""

BOUND_SAFETY = 10
"""How many error bounds of the central difference are allowed on top of `COMPLEX_AGREEMENT`."""

SHARP_STEPS = (2.0**-12, 2.0**-18, 2.0**-24, 2.0**-30)
"""Short steps, relative to the largest element, that decide where the two differ: a function that
saturates within a long step is steep within one of these."""

SHARP_AGREEMENT = 0.1
"""How close a difference over a short step, with its rounding, must be to the complex step to
confirm it, in units of the gap to the central difference."""


KINK_ESCAPE = 2.0**-4
"""How far the point nearby is, relative to the root mean square of the array, at which the complex
step is tested again: far enough from kinks for short steps, near enough to stay in the domain."""

MIN_SLOPE_NEARBY = 1e-3
"""The slope there must be at least this part of the one at the point: a flat function has no
imaginary part to lose."""

SHORT_STEP_AGREEMENT = 1e-4
"""How close a short central difference must be to the complex step there, in units of the largest
slope: its rounding may be a hundred-thousandth, and what is lost is more."""


# Differences of affine functions.

AFFINE_AGREEMENT = 1e-12
"""How well differences to both sides must agree with the complex step, in units of the largest
slope: a curvature of 1e-9 must not be taken for none."""

AFFINE_BOUNDS = 4
"""How many error bounds are allowed on top of `AFFINE_AGREEMENT`."""

AFFINE_MIN_CALLS = 8
"""Up to this number of forward calls, testing whether the function is affine costs more than it
saves."""


# Kinks beside central differences.

KINK_ROUNDING = 4
"""How many times its rounding error a gap may be without indicating a kink, and how many times
its rounding error the bound of a one-sided slope is."""


# Numeric gradients.

KINK_AGREEMENT = 1e-9
"""Slopes to both sides along one direction that differ by more indicate a kink."""

VERIFICATION_AGREEMENT = 1e-9
"""The elements' contributions to a directional derivative must add up to it this well, in units
of their sum; a grouping that does not fit the function is off by a large part of it."""

VERIFICATION_ULPS = 64
"""The rounding of the sum on the other side of that comparison."""

SEPARABLE_AGREEMENT = 1e-7
"""How well a penalty, taken apart into elements, must agree with a Richardson difference; that
difference is good to about 1e-12, and `SEPARABLE_BOUNDS` of its bounds are added."""

SEPARABLE_BOUNDS = 4
"""See `SEPARABLE_AGREEMENT`."""

SEPARABLE_ULPS = 64
"""The error bound of the slope of one element of a penalty."""


# check_gradients.

MAX_ELEMENTWISE = 5_000
"""Up to here `check_gradients` computes every element; beyond, two calls of the cost for each
would take minutes."""

IMAGINARY_ROUNDING = 1e-9
"""The imaginary part of a cost of real parameters, relative to it, that may be the rounding of a
Fourier transform: it is left out."""

REPEAT_AGREEMENT = 1e-12
"""How far two values of a cost at the same parameters may differ: threads may sum in another
order, randomness changes far more."""

REPEAT_ULPS = 4
"""The same for a cost in float32, in ulps of float32."""

COARSE_ROUNDING_ULPS = 16
"""The rounding of the values of a float32 cost in a central difference, in ulps of float32."""

SUMMATION_ULPS = 1800
"""What an unlucky order of summation may cost an analytic gradient: it is added to each bar."""

ALL_ELEMENTS_ULPS = 32
"""Rounding carried over from other elements: added in ulps of their root mean square."""

COST_ULPS = 64
"""Rounding of the cost itself, from which a gradient cannot be cleaner: in ulps of the cost."""

SMALL_GAP = 1e-3
"""Only gaps below this part of an element are compared with the roughness of the gradient: larger
ones are no rounding."""

ROUGHNESS_SAFETY = 20
"""The factor between the roughness of a gradient (a standard deviation) and the error bar."""

ROUGHNESS_STEPS = (2.0**-36, 2.0**-28, 2.0**-20, 2.0**-14)
"""Step lengths of the sixth differences (Moré and Wild, 2011): short enough for smooth parts to
vanish in the sixth difference, long enough to leave an ulp."""

ROUGHNESS_POINTS = 10
"""Points on each line: four sixth differences."""

ROUGHNESS_ELEMENTS = 6
"""Elements whose numeric derivative is followed along the lines, as each takes a call per point."""

SIXTH_DIFFERENCE_VARIANCE = 924
"""The sum of squares of the weights 1, -6, 15, -20, 15, -6, 1 of a sixth difference."""

READY_MADE_GAP = 1e-8
"""Gaps of ready-made arrays up to this part of a typical element may be rounding: unresolved."""

PROBE_CONTRADICTION = 2
"""Bounds by which a central difference must contradict the complex step to overrule it."""

TIE_STEP = 2.0**-30
"""Absolute. How far all parameters move to break ties: smooth gradients change by far less than
`MIN_JUMP`, unless the model is very steep..."""

TIE_RUNS = 2
"""... and how often, as one move may break a tie as the layer did."""

MIN_TIE_SIZE = 1e-2
"""Smaller gradients count as having this part of the largest one: a gradient that is zero changes
where nothing ties, too."""

NEARBY_STEP = 1e-6
"""How far a point nearby is, in units of the largest element: it breaks ties, and smooth gradients
change less than `MIN_JUMP`."""


# One-sided slopes of a cost.

ONE_SIDED_STEP = 2.0**-20
"""The step for one-sided slopes, relative to max(1, size of the element): kinks of neighbouring
elements are mostly farther away."""

ONE_SIDED_NEAR = 2.0**-14
"""A second step, shorter by this factor, at which the slopes must be the same: otherwise more
kinks lie within the first."""

ONE_SIDED_KINK_RATIO = 0.7
"""Halving the step halves the gap between the one-sided difference quotients of a smooth function;
at a kink the gap stays. Above 0.7 of it, with its rounding, there is a kink."""

ONE_SIDED_SAFETY = 2
"""The factor between the change of a one-sided slope over shorter steps and its error bound."""

ONE_SIDED_ROUNDING_ULPS = 8
"""The rounding of the values in a one-sided quotient."""

MIN_JUMP = 1e-4
"""A jump between the one-sided slopes below this part of them is the rounding of a coarse cost,
and a change of a slope below it is none."""

SIDES_AGREEMENT = 1e-13
"""Complex steps to both sides along one direction that differ by more, in units of the sum of all
terms, indicate that some element sits on a kink."""

SIDES_AGREEMENT_ELEMENT = 1e-11
"""The same for one element, in units of its slopes."""


# The diagnosis.

DIAGNOSIS_CALLS = 20_000
"""Forward calls that the diagnosis of one array may take: a few seconds."""

OUTPUT_CALLS = 4_096
"""Forward calls for the derivative at a layer's output, one of many candidates."""

CLOSE = 1e-7
"""Two arrays are equal if they differ by at most this part of the largest element: far above
rounding, far below any mistake."""

WRONG_ELEMENT = 1e-12
"""Elements off by at most this part of the largest one are not called wrong."""

RATIO_AGREEMENT = 1e-6
"""How well a ratio must agree with a known factor to be called so, and how well the ratios of
several elements with each other."""

NEGLIGIBLE_ELEMENT = 1e-6
"""Elements up to this part of the largest one have no meaningful ratio to their counterpart."""

SLIGHT_FACTOR_AGREEMENT = 0.01
"""How well the excess r of a factor 1 + r must agree among all elements: rounding changes it."""

MIN_SLIGHT_FACTOR = 1e-13
"""Below this excess a factor is rounding."""

MIN_LINE_FACTOR = 1e-4
"""A row or column whose factor differs from 1 by less is not called scaled."""

CONSTANT_AGREEMENT = 1e-4
"""How well the differences of all elements must agree to be called one constant."""

EQUAL_ELEMENTS = 1e-9
"""How well all elements must agree to be called equal."""

RANGE_FRACTION = 0.99
"""The part of the elements with an input in some range that must be wrong: some may be right by
accident, as where the incoming gradient is 0."""

FLOAT32_ERRORS = (1e-10, 1e-3)
"""Between these relative errors the worst element of a gradient in float32 lies; 2**-24 for one
operation, more after sums that cancel."""

FLOAT32_MEDIAN = 1e-6
"""The median relative error of a gradient in float32 is below a few ulps of float32."""

FLOAT32_SIGNS = (0.1, 0.9)
"""The fraction of elements that are too large: rounding has both signs."""

FLOAT32_SMALL = 1e-3
"""Smaller elements, in units of the largest, count as having this size in relative errors."""

MAX_SLIGHT_ERROR = 1e-4
"""The largest error that an epsilon or a clip at the usual places causes."""

EXACT_BAR = 1e-12
"""The error bar of an element that is computed for a diagnosis, in units of the element: there is
no doubt any more that the gradient is wrong."""

EXACT_BAR_OF_LARGEST = 1e-13
"""The same in units of the largest element."""

SMALL_ERROR = 1e-5
"""Up to this relative error nearly all patterns would fit: only those for small errors are
tried."""


# The check of a model.

ALL_CALLS = 10**9
"""Forward calls allowed with `exhaustive=True`: no model that fits into memory needs more."""

LAYER_SECONDS = 0.1
"""Seconds: what computing every element of one gradient of a layer may take, by the estimate
below. Above it the gradient is probed, so that a check of a large model takes seconds."""

FORWARD_SECONDS = 2e-5
"""Seconds that one call of `forward` takes for an empty layer: Python and NumPy's overhead."""

MULTIPLY_SECONDS = 2e-10
"""Seconds for each product of an example and a parameter: about 5 billion a second on one core."""

MIN_LAYER_SIZE = 100
"""A layer with fewer parameters, such as an activation, takes about as long as one of this size."""

LOSS_CALLS = 4_096
"""Calls that the gradient of the loss alone may take: one for each output, up to about 0.1 s."""

PENALTY_ELEMENTS = 5_000
"""Up to here a penalty is computed for each element of a weight, with two calls for each."""

CENTRAL_ELEMENTS = 20_000
"""Up to this number of parameters `method="central"` computes every element: each takes five
forward passes of the whole model, and 20,000 of them some ten seconds."""

NEARBY_SPREAD = 0.3
"""The random point nearby: the standard deviation of a parameter's change, relative to its root
mean square. Far enough to leave kinks and zeros, near enough to keep activations unsaturated."""

SYNTHETIC_EXAMPLES = 61
"""Number of examples of a synthetic input: a prime, so that a wrong factor m cannot be mistaken for
another number, and enough to reach every branch of an activation."""

SYNTHETIC_EXAMPLES_OF_WIDE = 7
"""The same for examples of `WIDE_EXAMPLE` features or more: fewer of them reach every branch."""

WIDE_EXAMPLE = 16
"""See `SYNTHETIC_EXAMPLES_OF_WIDE`."""

SYNTHETIC_SIZES = (1e-4, 12.0)
"""Absolute. The smallest and the largest size of half of the numbers of a synthetic input: from
where activations are linear to where they saturate, but not to where they overflow."""

OBJECTIVE_AGREEMENT = 1e-12
"""How far the objective reported by training may be from the sum of its terms: both add the same
numbers in another order."""


# The rules of the contract.

OTHER_INPUT_FACTORS = (0.5, 1.5)
"""The second input of a layer's rules is the first one times random factors in this range, ..."""

OTHER_INPUT_NOISE = 0.1
"""Absolute. ... plus normal numbers of this size: every element changes, most stay in the domain
of the layer."""

SAME_RATIO = 1e-6
"""Gradients whose ratios differ by less are reported as a multiple of each other."""

SAME_RUN = 1e-9
"""Two runs that should agree may differ by this part of the largest element, since matrix products
of other shapes may add up in another order..."""

SAME_ELEMENT = 1e-12
"""... plus this part of the element itself."""

COMBINED_RUNS = 10.0
"""The factor on these tolerances where a run is compared with a combination of several others."""

SINGLE_FLOOR_ULPS = 8
"""Gaps below this number of ulps (of float32) of the incoming gradient, and of its products with
the input, are rounding: that of a derivative such as y (1 - y) is one ulp."""

SINGLE_GAP = 1e-3
"""How far a gradient in float32 may be from the one in float64: more is another computation. An
error of one in a hundred must be seen in a random gradient, where it may be smaller..."""

SINGLE_USUAL = 0.2
"""Inputs of another size than between this and its reciprocal are tried at size 1 instead: where a
sigmoid is saturated, its gradient is zero in any precision, or rounding."""

SINGLE_NOISE = 1e-6
"""... unless noise of this part, about 8 ulps of float32, ..."""

SINGLE_NOISE_EFFECT = 0.1
"""... moves the gradient or the gap by this part of the gap: then it is rounding..."""

SINGLE_RUNS = 8
"""... in one of so many runs: noise flips a kink, or how a number is rounded, in a part of them."""

EXTENDED_SAFETY = 2.0
"""The factor between the rounding that extended precision shows and its part of an error bar: the
next run of the same may be rounded in another way."""

MAX_ROUNDING = 1e-9
"""The largest error that may be rounding, in units of the largest products of input and incoming
gradient. What is larger needs no run in extended precision to be called wrong."""

VANISHING_PART = 0.1
"""A gap of which no more than this part is left in extended precision is rounding."""
