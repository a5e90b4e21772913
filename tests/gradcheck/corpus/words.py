"""Patterns of the names that the diagnosis gives, one per kind of mistake.

Where a mistake has two true descriptions, the pattern accepts both.
"""

SIGN = r"sign is wrong|wrong sign|minus"
MEAN = r"1/m|mean"
TRANSPOSED = r"transpos"
ZERO = r"analytic = 0|missing|not propagated"
MASK = r"mask|where|range|slope|missing"
AXIS = r"axis"
ROWS = r"rows|columns|row|column|wrong at|wrong only|right at"
IGNORED = r"incoming gradient|dy"
PENALTY = r"penalty|proportional|weights|times"
DUPLICATES = r"duplicate|overwrit|only the last|added up"
OVERLAP = r"overlap|overwrit|duplicate|only the last|added up"
FLIPPED = r"flip|revers|permut|order|mirror"
EPSILON = r"epsilon|clip|slight"


def factor(value):
    """Return the pattern of a constant factor."""
    return rf"= {value:#.4g} x|factor of {value:.4g}"


DERIVATIVE = r"derivative|missing|factor left out"
OTHER_ARRAY = r"belongs to|swapped|exchanged|gradient of"
DIAGONAL = r"diagonal|sums? to zero|held fixed"
SUM_TO_ZERO = r"sums? to zero|mean"
HELD = r"held fixed|sums? to zero|scal|mean|norm"
IN_TIME = r"in time|over time|wrong at|right at|carried back|column|row"
GATES = r"gate|exchanged|swapped|permut|column"
BRANCH = r"branch|quotient|product|term|minus"
SIDE = r"side|order|transpos|group"
