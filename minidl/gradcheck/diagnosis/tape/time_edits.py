"""Mistakes with what a loop carries from one turn to the next, and with the turns themselves."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from ....utils.typing import Array
from ..limits import TAPE_USES
from .edge_edits import diagonal, pass_through, transposed
from .graph import Contribution, Edge, Edit, Graph
from .node import Node
from .sites import Site, turns_of

Edges = list[tuple[Node, Edge]]


def time_edits(graph: Graph, sites: list[Site]) -> Iterator[Edit]:
    """Yield mistakes with the turns of loops."""
    turns = turns_of(graph)
    for site in sites:
        for argument in range(len(site.nodes[0].parents)):
            edges = site.edges(argument, graph)
            place = site.argument(argument)
            if edges and site.nodes[0].name in ACCUMULATIONS:
                yield from _accumulation(edges, place)
            if len(edges) > 1 and _are_turns(edges):
                if _is_carried(edges, turns):
                    yield from _carried(edges, place)
                yield from _some_turns(edges, place)


ACCUMULATIONS = ("cumsum", "cumprod", "add.accumulate", "multiply.accumulate")


def _accumulation(edges: Edges, place: str) -> Iterator[Edit]:
    """Yield mistakes in a cumulative sum or product, which is a loop of its own."""
    for words, mistake in (
        (
            f"not carried back in time: only the diagonal of the derivative, through {place}",
            diagonal,
        ),
        (f"not carried back in time: without the derivative, through {place}", pass_through),
        (f"accumulated in the wrong direction, not back in time (reversed): {place}", transposed),
    ):
        changes = {edge: mistake(node, edge[1]) for node, edge in edges}
        found = {edge: change for edge, change in changes.items() if change is not None}
        if len(found) == len(changes):
            yield Edit(words, found)


def overwriting_edits(graph: Graph) -> Iterator[Edit]:
    """Yield, for an array that is used in several places, one use that overwrites another."""
    uses: dict[int, list[tuple[Node, Edge]]] = {}
    for number, argument in graph.contributions:
        node = graph.tape[number]
        uses.setdefault(node.parents[argument].number, []).append((node, (number, argument)))
    for edges in uses.values():
        if not 1 < len(edges) <= TAPE_USES:
            continue
        for node, edge in edges:
            free = 1.0 - _reached(node, edge[1])
            place = Site((node,)).argument(edge[1])
            words = f"overwritten (= for +=): what flows back through {place} replaces"
            others = [other for _, other in edges if other != edge]
            yield Edit(f"{words} all the rest", {other: _times(free) for other in others})
            for other in others if len(others) > 1 else ():
                yield Edit(f"{words} another term", {other: _times(free)})


def _are_turns(edges: Edges) -> bool:
    """Return whether an argument is that of turns of a loop, not of several calls of a helper.

    In a loop it is one array in all turns, or computed in one place, but for the first turn, which
    may begin with another array than what is carried on. A helper takes arrays of several places.
    """
    arguments = [node.parents[argument] for node, (_, argument) in edges]
    are_alike = [_come_from_one_place(a, b) for a, b in itertools.pairwise(arguments)]
    first, second = arguments[:2]
    begins_anew = second.number > edges[0][0].number  # computed after the first turn
    if begins_anew and (len(arguments) > 2 or not first.parents):
        return all(are_alike[1:])
    return all(are_alike)


def _come_from_one_place(a: Node, b: Node) -> bool:
    """Return whether two arrays are one, or two inputs, or results of one place in the code."""
    if not (a.parents and b.parents):
        return not (a.parents or b.parents)
    return a is b or a.site == b.site


def _is_carried(edges: Edges, turns: dict[int, int]) -> bool:
    """Return whether the argument is computed in the turn before."""
    later = edges[1:]
    return all(
        turns.get(node.parents[argument].number, -1) == turns[node.number] - 1
        for node, (_, argument) in later
    )


def _carried(edges: Edges, place: str) -> Iterator[Edit]:
    carried = f"what one turn of a loop passes to the one before, through {place}"
    yield Edit(
        f"not carried back in time: {carried}, is missing",
        {edge: _nothing for _, edge in edges},
    )
    if len(edges) > 2:
        yield Edit(
            f"carried back in time by one step only: {carried}",
            {edge: _nothing for _, edge in edges[:-1]},
        )
    yield Edit(f"accumulated in time twice: {carried}, is added again and again", _piled(edges))
    yield Edit(
        f"carried back in time without its derivative: {carried}",
        {edge: _unchanged(node, edge) for node, edge in edges},
    )


def _nothing(g: Array, right: Array) -> Array:
    return np.zeros_like(right)


def _unchanged(node: Node, edge: Edge) -> Contribution:
    return lambda g, right: g if g.shape == right.shape else right


def _piled(edges: Edges) -> dict[Edge, Contribution]:
    """Add to what flows back in each turn what has flowed back in the turns after it."""
    seen: list[Array] = []

    def change(g: Array, right: Array) -> Array:
        seen.append(right + seen[-1] if seen else right)
        return seen[-1]

    return {edge: change for _, edge in edges}


def _some_turns(edges: Edges, place: str) -> Iterator[Edit]:
    """Yield what is left of the turns of a loop, in the order of the computation."""
    numbers = [edge for _, edge in edges]
    back = f"flows back through {place}"
    for words, dropped in (
        (
            f"a loop that is left after its first turn in the backward pass: only that {back}",
            numbers[:-1],
        ),
        (
            f"overwritten (= for +=) in each turn of a loop, or left out of all but one: only "
            f"the last one {back}",
            numbers[1:],
        ),
        (f"the first turn in the backward pass is left out of what {back}", numbers[-1:]),
        (f"the last turn in the backward pass is left out of what {back}", numbers[:1]),
    ):
        yield Edit(words, dict.fromkeys(dropped, _nothing))
    for last in (True, False):
        yield Edit(
            f"overwritten where turns of a loop overlap (= for +=): what {back}",
            _overwriting(edges, last=last),
        )


def _overwriting(edges: Edges, *, last: bool) -> dict[Edge, Contribution]:
    """Keep, of each element of an array, what comes from the last turn that reaches it."""
    changes: dict[Edge, Contribution] = {}
    taken: dict[int, Array] = {}
    for node, edge in edges[::-1] if last else edges:
        parent = node.parents[edge[1]].number
        reached = _reached(node, edge[1])
        before = taken.get(parent, np.zeros_like(reached))
        changes[edge] = _times(1.0 - before)
        taken[parent] = np.maximum(reached, before)
    return changes


def _times(factor: Array) -> Contribution:
    return lambda g, right: right * factor


def _reached(node: Node, argument: int) -> Array:
    """Return 1 for each element of an argument on which the result depends."""
    node.pull(argument, np.zeros(node.value.shape))
    depends = (node.jacobians[argument] != 0) * 1.0
    reached: Array = (node.pull_through(argument, np.ones(node.value.shape), depends) != 0) * 1.0
    return reached
