"""Find the mistake on a tape that gives a wrong gradient."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from ....utils.typing import Array
from ...constants import CLOSE
from ..evidence import are_close, max_abs
from ..limits import TAPE_AGREEMENT, TAPE_EDITS, TAPE_ZERO
from .cotangent_edits import cotangent_edits
from .edge_edits import edge_edits
from .graph import Edit, Graph
from .other_forwards import other_forwards
from .sites import sites_of
from .time_edits import overwriting_edits, time_edits
from .value_edits import value_edits


def find_edit(graph: Graph, analytic: dict[str, Array], numeric: dict[str, Array]) -> str:
    """Return the mistake that gives all analytic gradients, in words.

    It is "" if there is no such mistake, or if the numeric gradients are not those of the tape.
    """
    right = graph.gradients()
    if numeric.keys() != analytic.keys():
        return ""
    if not all(are_close(right[name], numeric[name]) for name in numeric):
        return ""
    wrong = {name for name in analytic if not _same(right[name], analytic[name], numeric[name])}
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
        if all(_same(found[name], analytic[name], right[name]) for name in analytic):
            return edit.words
    for words, found in other_forwards(graph):
        if all(_same(found[name], analytic[name], right[name]) for name in analytic):
            return words
    return ""


def _same(found: Array, analytic: Array, right: Array) -> bool:
    tolerance = TAPE_AGREEMENT * max_abs(right) + CLOSE * max_abs(analytic - right)
    return bool(max_abs(found - analytic) <= tolerance)


def _edits(graph: Graph) -> Iterator[Edit]:
    sites = sites_of(graph)
    return chain(
        time_edits(graph, sites),
        edge_edits(graph, sites),
        overwriting_edits(graph),
        cotangent_edits(graph, sites),
        value_edits(graph, sites),
    )
