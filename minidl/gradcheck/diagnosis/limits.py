"""Limits of the diagnosis: what counts as zero, as an accident, and as too long to search."""

TAPE_NODES = 600
"""Operations of a function that are recorded for a diagnosis; long loops have more."""

TAPE_ARRAY = 2_000
"""Elements of the arguments of recorded operations, whose derivatives take a call for each..."""

TAPE_DERIVATIVE = 160_000
"""... and elements of such a derivative: one for each of the argument and each of the result."""

TAPE_STEP = 1e-3
"""Absolute. The step of the fourth-order differences of recorded operations that refuse complex
numbers: of numbers of size 1, their error is about 1e-12."""

TAPE_EDITS = 4_000
"""Mistakes that are tried on a tape: a few seconds."""

TAPE_DISTANCE = 40
"""How many operations may lie between an activation's input and its output."""

TAPE_USES = 8
"""Arrays that are used more often are those of loops."""

OTHER_FORWARD_NODES = 60
"""Operations of a function that is computed again for each mistake, with one of them changed."""

TAPE_ZERO = 1e-12
"""Absolute. Gradients up to this size are zero: a mistake may leave them so."""

TAPE_AGREEMENT = 1e-11
"""The rounding of a gradient from a tape, in units of its largest element."""

EDIT_AGREEMENT = 1e-7
"""How close to the numeric gradient an edited one must be, relative to the largest element."""

EDIT_MAX_BAR = 1e-3
"""Error bars that are wider, relative to the gradient, would let wrong edits pass."""

TAPE_DIGITS = 8.0
"""Digits that a wrong gradient in low precision must have above its rounding, in all elements
together: one in ten thousand times ten thousand, for the `TAPE_EDITS` that are tried."""

INVARIANCE_AGREEMENT = 1e-9
"""A line of a numeric gradient sums to zero if its sum is below this part of the sum of sizes: far
above rounding, and above the error of extrapolated differences."""

NOT_INVARIANT = 1e-3
"""A line of an analytic gradient surely does not sum to zero above this part of the same sum."""

MIN_SPARE_ELEMENTS = 4
"""How many more elements than fitted coefficients a match by least squares needs: four numbers do
not agree to seven digits by accident."""

MAX_CHANCE = 1e-6
"""How likely it may be that the wrong elements of a gradient are neighbours by accident, when their
inputs are sorted, to be called a range of the input..."""

MAX_CHANCE_OF_RATIO = 1e-2
"""... and where they are all zero, a multiple of the right ones, or all inputs above or below a
threshold."""

MIN_WRONG_OF_LINES = 0.9
"""The part of the elements of wrong rows or columns that must be wrong: fewer are wrong elsewhere
for another reason."""
