"""How many calls of a function a check may take: fixed numbers, never the clock."""

from __future__ import annotations

BUDGET = (100, 5_000)
"""The least and the most calls of a cost for the elements of its gradient, by default, ..."""

BUDGET_WORK = 10**8
"""... and the product of calls and elements in between: seconds for a cost that is cheap for its
size. What goes beyond is probed."""

CALLS_PER_COMPLEX_ELEMENT = 1
"""Calls of a cost for one derivative by the complex step, ..."""

CALLS_PER_CENTRAL_ELEMENT = 7
"""... and by Richardson's extrapolation, if its first step does."""

LOCATION_CALLS = 1_000
"""The most probes, and elements after them, that locating the errors of one array may take."""

FIRST_GROUPS = 16
"""Groups of rows or columns of a wrong array that are probed first; wrong ones are halved."""

FOCUS_LINES = 8
"""Wrong rows in which wrong columns are looked for, so that a block holds wrong elements..."""

FOCUS_PROBES = 64
"""... and the probes of that search."""

KINK_ELEMENTS = 32
"""How many of the elements of a large array that sit on kinks are moved alone, to both sides."""

UNRESOLVED_BUDGETS = 4
"""How many budgets computing an array element by element may take that probes leave unresolved."""

MAX_EDIT_ELEMENTS = 5_000
"""The most elements of all arrays for which edits of a wrong backward function are tried: edits may
broadcast arrays against each other."""

MAX_EDIT_STEPS = 400_000
"""The most nodes of syntax trees that are evaluated then: a second; ..."""

EDIT_RUNS = 3_000
"""... more for a function that takes many nodes itself, such as one that converts its arguments:
so many times its own, ..."""

MOST_EDIT_STEPS = 1_500_000
"""... but never more than this."""

MUTATION_WORK = 50_000_000
"""The most elements that injected bugs may change and compare, half a second: so the same model has
the same report under any load. What else they take is counted in elements, too."""

MUTANT_OVERHEAD = 2_000
"""Elements in the time that one injected bug or one pass takes whatever its size."""

MUTANT_PASSES = 30
"""Passes through a layer, forward or backward, that a bug takes which only a rule can notice."""

PRODUCTS_PER_ELEMENT = 50
"""Products of an example and a parameter in the time of one element."""
