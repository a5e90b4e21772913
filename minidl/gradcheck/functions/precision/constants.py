"""Tolerances of checks in low precision, each with the reason for its value."""

from __future__ import annotations

SINGLE_BITS = 24
"""The significant bits of float32."""

FORMAT_BITS = (8, 11, SINGLE_BITS)
"""The significant bits of bfloat16, float16 and float32."""

FULL_BITS = 53
"""Those of float64."""

COARSEST_UNIT = 2.0**-8
"""The rounding unit of bfloat16, the coarsest format."""

HALF_BITS = 11
"""Formats of at most these bits are half precision."""

ROUND_NUMBER_BITS = 3
"""Numbers of so few bits, such as 1, 0.5 or 5, are in every format: they show no rounding."""

SAMPLED_VALUES = 4096
"""So many numbers of a large array show its format."""

ORDERS_AGREEMENT = 4
"""The factor by which three orders of a difference table may differ: Moré and Wild's."""

NOISE_SPACINGS = (2.0**-18, 2.0**-9, 2.0**-6)
"""Distances of the points of a difference table, relative to the parameters: above an ulp of
float32, of float16 and of bfloat16, so that neighbours are rounded independently."""

TINY_SPACING = 2.0**-40
"""The distance over which the rounding of float64 shows, and no function turns."""

TURNS = 0.01
"""A gradient turns if over such distances it changes by less than this part."""

LINE_POINTS = 9
"""The points of a difference table: enough for six orders."""

DISTINCT_VALUES = 7
"""So many of them differ where rounding is independent from point to point."""

NOISE_REPEATS = 4
"""Calls of a cost at one point that show chance."""

GRADIENT_POINTS = 8
"""The points of a difference table of gradients, each of many elements."""

EXACT_NOISE = 2.0**-40
"""Noise below is that of float64: a thousand ulps and more; float32 starts at 2**-24."""

LOW_PRECISION = 2.0**-16
"""Noise above is that of half precision."""

SINGLE_PRECISION = 2.0**-30
"""Noise above, and up to `LOW_PRECISION`, is that of float32."""

MOVING_NEIGHBOURS = 0.7
"""The share of neighbours in a difference table that differ where the spacing is wide enough."""

MAX_CHANCE = 2.0**-5
"""Gradients that differ by more from call to call are random, or pile up: that is no rounding."""

NOISY_ELEMENT = 1e-3
"""Elements below this part of the root mean square say nothing about the relative rounding."""

FIRST_WINDOW = 0.5
"""The widest window of a line integral, in units of the root mean square of an array."""

WINDOW_SHRINKS = 4
"""The factor between windows."""

MAX_WINDOWS = 10
"""The narrowest window is 2e-6: below, the noise of float32 is all there is."""

SHORT_WINDOW = 0.02
"""Below, wide windows left the domain, or curvature is strong."""

WIDE_WINDOW = 0.1
"""Windows of this width are seldom wider if fewer arrays move."""

LINE_PAIRS = 4
"""Pairs of values at the ends of a window: a few on many lines show more than many on a few."""

LINE_NODES = 12
"""Gradients along a window, at the nodes of Gauss and Legendre."""

FIT_DEGREES = (2, 4, 6, 8)
"""Degrees of the polynomials fitted to them."""

BAR_DEVIATIONS = 6.0
"""Error bars in standard deviations: these are measured with few degrees of freedom, and rounding
is not normally distributed."""

TARGET_BAR = 2e-5
"""A smaller error bar is not sought, relative to the size of the slope."""

NOISE_DOMINATES = 0.6
"""From this share of noise on, narrower windows only have larger error bars."""

CONFIRMING_EFFORT = 2
"""A failure counts if that many times more points, drawn again, fail too."""

RANDOM_DIRECTIONS = 10
"""Along so many random directions an error of any shape shows: see `resolution`."""

NEAR_LINES = 3
"""So many more have elements that move in proportion to themselves..."""

SMALL_ELEMENT = 0.1
"""... where some are below this part of the root mean square of their array: the slope of 1 / x is
another one within a wide window."""

RANDOM_DIRECTIONS_OF_HALF = 16
"""The same in half precision, whose bars are wide: more directions let smaller errors be seen."""

ROUNDING_SAFETY = 1.5
"""Each element of a gradient is off by its rounding unit at most, times this for several steps."""

ROUNDING_SAFETY_OF_HALF = 3.0
"""The same in half precision, in which terms that cancel are rounded, too, at each step."""

FEW_ELEMENTS = 4.0
"""The rounding of fewer elements than the square of this averages less."""

MISS_PROBABILITY = 1e-4
"""The probability that an error of the size of the resolution is missed."""

RESOLUTION_GOAL = 1e-4
"""An array whose resolution is larger gets probes of its own."""

WITHIN_REACH = 4.0
"""An array whose resolution is larger by less than this factor reaches it with more directions:
three times as many make it 2.1 times as fine, on more points each 3 to 6 times."""

GOOD_RESOLUTION = 5e-3
"""An array passes if an error of this part of its norm would have been seen."""

GOOD_RESOLUTION_OF_HALF = 2e-2
"""The same in half precision, whose own rounding is 4e-3."""

MAX_LINE_PAIRS = 16
"""Where noise is all there is, more pairs make the bar smaller; so many make it half as large."""

KINK_NOISE = 1.5
"""A window with kinks is so narrow that noise is this multiple of the bar that is aimed at."""

KINK_INTERVALS = 16
"""Intervals of such a window, in which jumps of the slope are looked for."""

MAX_BISECTIONS = 60
"""So many more slopes along one line locate its kinks: about ten for each."""

TREND_NEIGHBOURS = 3
"""Intervals on each side that say how the slope changes without a jump."""

DITHER = 2.0**-19
"""Values at the ends of a window are averaged over parameters that differ by this part of
themselves: 32 ulps of float32."""

REFRESHING_UNITS = 16
"""A window of at least so many rounding units of the gradient averages its rounding."""

INSIDE_ROUNDING = 2.0**-15
"""A gap of 512 ulps of float32, which is 3e-5 of the slope, may be rounding inside that is the same
at all points: a layer normalization of one number has 2e-5."""

CONFIRMING_WINDOWS = (0.6, 0.35)
"""A failure is measured again in windows of this size."""

CLEAR_GAP = 4.0
"""A gap is clear in a window so narrow that noise is the inverse of this part of it."""

STAIR_HEIGHT = 32.0
"""A staircase is at most so many standard deviations of the noise high."""

STAIR_DEVIATIONS = 8.0
"""The error bar of a slope on a staircase, in standard deviations over the window: right ones in
float32 were off by up to 5.3."""

STAIR_WINDOWS = (1.0, 0.87, 0.73, 0.61, 0.5, 0.39, 0.27, 0.15)
"""Widths, in units of a window, at whose ends a staircase is off by as much each time."""

WIDER_WINDOWS = (64.0, 16.0, 4.0)
"""Factors of a window over which several steps of a staircase may lie."""

SMALL_ARRAY = 1e-2
"""Arrays whose slopes are below this part of all do not set the error bar that is aimed at."""

NOISE_SHARE = 0.05
"""A gradient may be nothing but rounding if this part of it changes from point to point: a few
such numbers are seldom as different as they could be."""

ZERO_HERE = 1e-4
"""A gradient of exact zeros passes if a slope of this part of the whole would have been seen."""

ZERO_WITHIN_ROUNDING = 1e-2
"""The same for one that is rounding, which is zero for a reason: its terms cancel."""

CANCELLED_UNITS = 32
"""Such a gradient is at most so many rounding units of the whole: biases before a normalization of
512 rows in float32 had up to 2."""

POINT_STEPS = (0.25, 0.06, 0.015, 0.004, 0.001)
"""Steps of a difference at the point itself, in units of the root mean square of an array."""

POINT_NOISE = 1.9
"""The noise of a slope extrapolated from four values, in units of theirs over the step."""

EVEN_NOISE = 6.0
"""The noise of the jump of the slope at the point, in the same units: above it, it is a kink."""

POINT_CLEAR = 1e-3
"""A slope whose error bar is below this part of it needs no other step."""

READY_MADE_DIRECTIONS = 10
"""Random directions of a gradient that cannot be asked elsewhere."""

READY_MADE_SAFETY = 2.0
"""Its error bars are wider by this factor: only two steps show curvature and kinks."""

ELEMENTS = 1000
"""Elements of a wrong array that are computed one by one, for its diagnosis."""

ELEMENT_ROUNDING = 4.0
"""The error bar of an analytic element, in its rounding units."""

NICE_RATIO = 1e-2
"""A factor as near as that to a simple number is that number."""

FITTED_DIGITS = 4.0
"""Digits, over all elements but one, that what a fitted factor explains must have above the error
bars: one in ten thousand gradients is explained by accident."""

MOST_AVERAGED = 0.5
"""Slopes of random signs that are averaged over lines are rarely below this part of what the
gradient at the point lets expect, unless it turns within the lines."""

CALLS_OF_LINE = 30
"""About how many calls a line takes."""

USUAL_CALLS = 1000
"""A budget with which nothing is saved."""

LEAST_DIRECTIONS = 5
"""Fewer random directions show too little."""

STAIRCASE = 0.15
"""A gradient that stays the same over short steps, and of which this share changes from one wider
step to the next, is rounded inside; kinks are crossed less often."""

FAR_STAIRCASE = 0.25
"""The same for neighbours so far apart that bfloat16 differs, of which few change..."""

STAIR_STEP = 2.0**-5
"""... by less than this part of them: of a few numbers rounded to bfloat16, each by 2**-8."""

ROUNDING_EXPLAINS = 8.0
"""A difference of more rounding units than this has another reason than rounding."""

CERTAIN_BARS = 8.0
"""A slope outside of so many of its error bars is wrong, however much the code rounds inside: that
is 10 % of the gradient in bfloat16, of which rounding takes 1 % in a layer normalization."""

PERSISTENCE_POINTS = 6
"""A smaller difference is a mistake if it is the same at so many other points."""

LEAST_PERSISTING = 4
"""At least so many of them must be in the domain."""

PERSISTENCE_DISTANCES = (0.3, 0.1, 0.03)
"""How far away these are, relative to the parameters: many ulps of bfloat16, so that everything is
rounded differently; nearer where the domain ends."""

PERSISTENCE_DEVIATIONS = 7.0
"""The mean of these differences in standard errors: by chance, one in a thousand exceeds it."""

LINES_OF_HALF = 16
"""Random directions along which a gradient in half precision is compared with a reference."""

LEAST_LINES = 8
"""Fewer of them prove nothing."""

UPHILL_LINES = 3
"""Lines along the gradient: the one in the middle shows a wrong factor."""

REFERENCE_PAIRS = 2
"""Pairs of values of a reference at the ends of a window: they have next to no noise."""

MORE_EFFORT = 2
"""Where the first lines do not suffice, as many more have that many times as many nodes."""

MISS_QUANTILE = -3.891
"""The quantile of the normal distribution at half of `MISS_PROBABILITY`, for each of two means."""

LEAST_SLOPE = 0.2
"""A slope of less than this part of what the gradient says at the point is no unit for errors."""

HALF_MISTAKE = 0.035
"""Relative errors above, at all points alike, are mistakes in half precision: half-way between a
factor of 1.02, which may read unresolved, and of 1.05, which must fail. Rounding seldom takes so
much without a change from point to point, but it may where terms of a constant gradient cancel."""

PILOT_LINES = 4
"""So many lines show which window suits."""

NARROWEST_UNITS = 4
"""A window for half precision is at least that many of its rounding units."""

CLEAR_UNITS = 6
"""Error bars of at most so many rounding units are as small as they get."""

WORTH_NARROWING = 0.7
"""A narrower window, in which rounding averages less, is taken where it makes error bars smaller
than this part of what they were."""

UNCERTAIN = 3.0
"""Standard errors by which a factor may be off."""

FACTOR_DEVIATIONS = 5.0
"""The mean factor in standard errors: by chance, one in a thousand of ten lines exceeds it."""

LINES_ELSEWHERE = 10
"""So many lines through other points tell whether a gradient has a wrong factor there as well."""

SAME_GRADIENT = 0.7
"""Gradients are not noise if they differ from the slopes by less than that: noise is off by one."""

NEIGHBOUR_DISTANCE = 2.0**-12
"""How far the neighbours of a point are that show both sides of its kinks, relative to the size of
arrays: many ulps of float32."""

NEAREST_NEIGHBOUR = 2.0**-21
"""How far the nearest ones are, relative to each element: a few ulps of float32, ..."""

NEAREST_TO_ZERO = 2.0**-60
"""... and next to zero relative to the size of its array."""

NEIGHBOUR_PAIRS = 16
"""So many pairs of them at most; one suffices where no element is outside of its neighbours."""

OUTSIDE = 0.01
"""Elements outside of their neighbours by more than this part of their size are looked at..."""

OUTSIDE_OF_ARRAY = 1e-3
"""... plus this part of the size of their array..."""

OUTSIDE_UNITS = 8
"""... plus so many rounding units of both."""

OUTSIDE_ELEMENTS = 8
"""So many of them are looked at in each array."""

JUMP_SPLITS = 24
"""So often a window is split, in search of the place where its cost jumps..."""

JUMP_WIDTH = 2.0**-6
"""... which has at most this width, of 2, ..."""

JUMP_SHARE = 0.125
"""... and a larger part of the gap: of a wrong gradient 1 / 128 is there."""

JUMP_LOOK = 4
"""If the gap is spread over so many parts, it is no jump."""

JUMP_CLEAR = 8.0
"""The least gap there, in standard deviations of the noise of the cost."""

JUMP_REACH = 1.5
"""How far jumps are looked for, in windows."""

JUMP_NODES = 5
"""Gradients in each part."""
