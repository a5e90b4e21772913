"""All kinds of edits, the likeliest and most special first.

To add one: write it in the file of its family, list it below, and add a case to the test beside.
"""

from __future__ import annotations

from ..edit import Kind
from .arithmetic import (
    epsilon,
    other_derivative,
    other_grouping,
    other_operator,
    other_sign,
    superfluous_factor,
)
from .calls import axes, conditions, masks, other_function, superfluous_call
from .carried import missing_carried, missing_path, missing_recurrence
from .matrices import order_of_factors, transposes
from .missing import (
    factor_of_incoming,
    missing_call,
    missing_derivative,
    missing_factor,
    missing_part,
    missing_sum_of_softmax,
    missing_term,
    missing_variable,
)
from .names import exchanged, exchanged_names, number_for_name, other_name
from .numbers import (
    equal_slices,
    flipped_indices,
    indices,
    missing_number,
    missing_strides,
    other_number,
    other_power,
    slices,
    summed_elements,
)
from .shapes import einsum_letters, layouts
from .statements import accumulation, direction_of_loops, left_out, repeated_indices, whole_lines

KINDS: tuple[Kind, ...] = (
    accumulation,
    repeated_indices,
    other_operator,
    other_sign,
    other_derivative,
    missing_sum_of_softmax,
    missing_recurrence,
    missing_carried,
    transposes,
    order_of_factors,
    einsum_letters,
    layouts,
    exchanged,
    exchanged_names,
    other_function,
    conditions,
    epsilon,
    superfluous_factor,
    superfluous_call,
    left_out,
    other_power,
    other_number,
    slices,
    equal_slices,
    missing_strides,
    flipped_indices,
    summed_elements,
    direction_of_loops,
    whole_lines,
    indices,
    missing_derivative,
    number_for_name,
    other_name,
    axes,
    other_grouping,
    missing_number,
    missing_path,
    missing_variable,
    factor_of_incoming,
    missing_call,
    missing_part,
    missing_factor,
    missing_term,
    masks,
)
"""Every kind, in the order in which they are tried."""
