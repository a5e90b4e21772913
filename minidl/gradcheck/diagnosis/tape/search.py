"""Find the mistake on a tape that gives a wrong gradient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import NamedTuple

import numpy as np

from ....utils.typing import Array
from ...constants import CLOSE
from ..evidence import are_close, max_abs
from ..limits import TAPE_AGREEMENT, TAPE_DIGITS, TAPE_EDITS, TAPE_ZERO
from .cotangent_edits import cotangent_edits
from .edge_edits import edge_edits
from .graph import Edit, Graph
from .other_forwards import other_forwards
from .sites import sites_of
from .time_edits import overwriting_edits, time_edits
from .value_edits import value_edits


class Rounding(NamedTuple):
    """What rounding may change in the gradients of one array.

    `bar` is the error bar of the numeric gradient, `analytic` the rounding of the analytic one.
    """

    bar: Array
    analytic: Array


def find_edit(
    graph: Graph,
    analytic: dict[str, Array],
    numeric: dict[str, Array],
    rounding: Mapping[str, Rounding] | None = None,
) -> str:
    """Return the mistake that gives all analytic gradients, in words.

    It is "" if there is no such mistake, or if the numeric gradients are not those of the tape.
    `rounding` is for functions in low precision; the tape is in float64.
    """
    right = graph.gradients()
    if numeric.keys() != analytic.keys():
        return ""
    rounding = rounding or {}
    if not all(_is_right(right[name], numeric[name], rounding.get(name)) for name in numeric):
        return ""
    if rounding and not _is_clear(analytic, right, rounding):
        return ""

    def is_given(found: dict[str, Array], name: str) -> bool:
        own = rounding[name].analytic if name in rounding else 0.0
        return _same(found[name], analytic[name], right[name], own)

    wrong = {name for name in analytic if not is_given(right, name)}
    zero = {name for name in numeric if max_abs(numeric[name]) <= TAPE_ZERO}
    tried = 0
    for edit in _edits(graph):
        reached = graph.reach(edit) & analytic.keys()
        if not wrong <= reached or reached - wrong - zero:
            continue
        tried += 1
        if tried > TAPE_EDITS:
            break
        try:
            found = graph.edited(edit)
        except Exception:  # of an operation that refuses what is tried
            continue
        if all(is_given(found, name) for name in analytic):
            return edit.words
    for words, found in other_forwards(graph):
        if all(is_given(found, name) for name in analytic):
            return words
    return ""


def _same(found: Array, analytic: Array, right: Array, rounding: Array | float) -> bool:
    tolerance = TAPE_AGREEMENT * max_abs(right) + CLOSE * max_abs(analytic - right)
    return bool((np.abs(found - analytic) <= tolerance + rounding).all())


def _is_right(right: Array, numeric: Array, rounding: Rounding | None) -> bool:
    if rounding is None:
        return are_close(right, numeric)
    return right.shape == numeric.shape and bool((np.abs(right - numeric) <= rounding.bar).all())


def _is_clear(
    analytic: dict[str, Array], right: dict[str, Array], rounding: Mapping[str, Rounding]
) -> bool:
    """Return whether wrong gradients have so many digits that no mistake gives them by accident."""
    digits = 0.0
    for name, (_, unit) in rounding.items():
        gap = np.abs(analytic[name] - right[name])
        unit = np.maximum(unit, TAPE_AGREEMENT * max_abs(right[name]))  # zeros are exact
        seen = (gap > unit) & (unit > 0)
        digits += float(np.log10(gap[seen] / unit[seen]).sum())
    return digits >= TAPE_DIGITS


def _edits(graph: Graph) -> Iterator[Edit]:
    sites = sites_of(graph)
    return chain(
        time_edits(graph, sites),
        edge_edits(graph, sites),
        overwriting_edits(graph),
        cotangent_edits(graph, sites),
        value_edits(graph, sites),
    )
