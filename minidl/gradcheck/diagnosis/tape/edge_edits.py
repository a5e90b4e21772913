"""Mistakes with what flows back through one argument of an operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ....utils.typing import Array
from .graph import Contribution, Edge, Edit, Graph, NodeChange
from .node import Node, unbroadcast
from .sites import Site

NodeMistake = Callable[[Node, int], Contribution | None]
"""``mistake(node, argument)`` returns what it does to that edge, None if it cannot be made."""


MISSING = "the term that flows back through {place} is missing, as if it were held fixed"

_MASK, _FACTOR = " (a mask)", " (a factor)"
KINDS = {
    "maximum": _MASK,
    "minimum": _MASK,
    "where": _MASK,
    "clip": _MASK,
    "absolute": " (a sign)",
    "multiply": _FACTOR,
    "divide": _FACTOR,
    "T": " (a transposition)",
    "transpose": " (a transposition)",
    "swapaxes": " (a transposition)",
}
"""What the derivative of an operation is."""


def edge_edits(graph: Graph, sites: list[Site]) -> Iterator[Edit]:
    """Yield mistakes in one argument of one operation, in all turns of a loop."""
    places = [
        (edges, site.argument(argument))
        for site in sites
        for argument in range(len(site.nodes[0].parents))
        if (edges := site.edges(argument, graph))
    ]
    for site in sites:
        nodes = {node.number: _nothing(node) for node in site.nodes}
        yield Edit(MISSING.format(place=f"{site.result}{site.where}"), nodes=nodes)
    for words, mistake in SIMPLE_MISTAKES.items():
        for edges, place in places:
            kind = _kind(*edges[0])
            yield from _edit(words.format(place=place, kind=kind), edges, mistake)
    for edges, place in places:
        yield from _of_lengths(edges, place)


def _kind(node: Node, edge: Edge) -> str:
    """Return what the derivative is, in words."""
    if node.is_elementwise and not node.jacobians[edge[1]].all():
        return _MASK
    return KINDS.get(node.name, "")


def _nothing(node: Node) -> NodeChange:
    return lambda current: np.zeros(node.value.shape)


def _of_lengths(edges: list[tuple[Node, Edge]], place: str) -> Iterator[Edit]:
    node, (_, argument) = edges[0]
    lengths = {*node.value.shape, *node.parents[argument].value.shape, node.value.size}
    for n in sorted(lengths - {0, 1, 2}):
        for words, factor in (
            (f"an extra division by {n} (a mean for a sum)", 1 / n),
            (f"an extra factor of {n} (a sum for a mean)", n),
        ):
            yield from _edit(
                f"{words} in the backward pass through {place}", edges, _scaled(factor)
            )


def _scaled(factor: float) -> NodeMistake:
    return lambda node, argument: lambda g, right: factor * right


def _edit(words: str, edges: list[tuple[Node, Edge]], mistake: NodeMistake) -> Iterator[Edit]:
    changes: dict[Edge, Contribution] = {}
    for node, edge in edges:
        change = mistake(node, edge[1])
        if change is None:
            return
        changes[edge] = change
    yield Edit(words, changes)


def _zero(g: Array, right: Array) -> Array:
    return np.zeros_like(right)


def pass_through(node: Node, argument: int) -> Contribution | None:
    """Return the incoming gradient itself."""
    if not node.is_elementwise and node.value.shape != node.parents[argument].value.shape:
        return None
    return lambda g, right: unbroadcast(g, right.shape)


def _derivative_power(exponent: float) -> NodeMistake:
    def mistake(node: Node, argument: int) -> Contribution | None:
        if not node.is_elementwise:
            return None

        def change(g: Array, right: Array) -> Array:
            return node.pull_through(argument, g, node.jacobians[argument] ** exponent)

        return change

    return mistake


def diagonal(node: Node, argument: int) -> Contribution | None:
    """Return each element's own derivative alone, as if there were no others."""
    if node.is_elementwise or node.value.shape != node.parents[argument].value.shape:
        return None
    return lambda g, right: g * np.diag(node.jacobians[argument]).reshape(g.shape)


def transposed(node: Node, argument: int) -> Contribution | None:
    """Return the product with the Jacobian instead of its transpose."""
    if node.is_elementwise or node.value.size != node.parents[argument].value.size:
        return None
    return lambda g, right: (node.jacobians[argument] @ g.ravel()).reshape(right.shape)


def _transposed_result(node: Node, argument: int) -> Contribution | None:
    shape = node.parents[argument].value.shape
    if len(shape) < 2 or shape[-1] != shape[-2] or node.is_elementwise:
        return None
    return lambda g, right: np.swapaxes(right, -1, -2)


def _one_wins(*, last: bool) -> NodeMistake:
    """Of several elements that are read from one place, keep the last or the first."""

    def mistake(node: Node, argument: int) -> Contribution | None:
        if node.is_elementwise:
            return None

        def change(g: Array, right: Array) -> Array:
            jacobian = node.jacobians[argument]
            found = jacobian != 0
            if not (found.sum(axis=0) > 1).any():
                return right
            order = found[::-1] if last else found
            row = order.argmax(axis=0)
            row = len(jacobian) - 1 - row if last else row
            columns = np.arange(jacobian.shape[1])
            kept: Array = g.ravel()[row] * jacobian[row, columns] * found.any(axis=0)
            return kept.reshape(right.shape)

        return change

    return mistake


def _times(*, own: bool, power: int) -> NodeMistake:
    def mistake(node: Node, argument: int) -> Contribution | None:
        parent = node.parents[argument].value
        if own:
            return lambda g, right: right * parent**power
        if not node.is_elementwise and node.value.shape != parent.shape:
            return None
        return lambda g, right: node.pull(argument, g * node.value**power)

    return mistake


def _of(change: Callable[[Array], Array]) -> NodeMistake:
    """Return the mistake of another incoming gradient."""
    return lambda node, argument: lambda g, right: node.pull(argument, change(g))


def _transposed_square(g: Array) -> Array:
    if g.ndim > 1 and g.shape[-1] == g.shape[-2]:
        return np.swapaxes(g, -1, -2)
    return g


def _only(axis: int, index: int, *, kept: bool) -> NodeMistake:
    def mistake(node: Node, argument: int) -> Contribution | None:
        if node.value.ndim <= axis or node.value.shape[axis] < 2:
            return None

        def change(g: Array, right: Array) -> Array:
            part = np.zeros_like(g)
            place = (slice(None),) * axis + (index,)
            part[place] = g[place]
            return node.pull(argument, part if kept else g - part)

        return change

    return mistake


SIMPLE_MISTAKES: dict[str, NodeMistake] = {
    MISSING: lambda *_: _zero,
    "the sign is wrong in what flows back through {place}": _scaled(-1),
    "an extra factor of 2 in what flows back through {place}": _scaled(2),
    "a factor of 2 is missing in what flows back through {place}": _scaled(0.5),
    "the derivative{kind} with respect to {place} is left out": pass_through,
    "the derivative with respect to {place} is applied twice": _derivative_power(2),
    "a square of the derivative with respect to {place} is missing": _derivative_power(0.5),
    "a division by the derivative with respect to {place} instead of a product": (
        _derivative_power(-1)
    ),
    "only the diagonal of the derivative with respect to {place}": diagonal,
    "transposed in the backward pass through {place}": transposed,
    "transposed: what flows back through {place}": _transposed_result,
    "duplicates overwrite (= for +=) in what flows back through {place}: only the last counts": (
        _one_wins(last=True)
    ),
    "duplicates overwrite (= for +=) in what flows back through {place}: only the first counts": (
        _one_wins(last=False)
    ),
    "an extra factor, the input itself: what flows back is times {place}": _times(
        own=True, power=1
    ),
    "a factor is missing (left out), the input itself: {place}": _times(own=True, power=-1),
    "an extra factor, the output, in the backward pass through {place}": _times(own=False, power=1),
    "a factor is missing (left out), the output, in the backward pass through {place}": _times(
        own=False, power=-1
    ),
    "the incoming gradient is ignored in the backward pass through {place}": _of(np.ones_like),
    "the incoming gradient is in reverse order in the backward pass through {place}": _of(
        lambda g: g[::-1] if g.ndim else g
    ),
    "the incoming gradient is transposed in the backward pass through {place}": _of(
        _transposed_square
    ),
    "only the first row flows back through {place}": _only(0, 0, kept=True),
    "only the last row flows back through {place}": _only(0, -1, kept=True),
    "the first row is left out of what flows back through {place}": _only(0, 0, kept=False),
    "the last row is left out of what flows back through {place}": _only(0, -1, kept=False),
    "only the first column flows back through {place}": _only(1, 0, kept=True),
    "only the last column flows back through {place}": _only(1, -1, kept=True),
}
"""For every argument of every operation."""
