"""Mistakes with the values at which a derivative is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ....utils.typing import Array
from .graph import Contribution, Edge, Edit, Graph
from .node import Node
from .sites import Site

Value = Callable[[Array], Array]
Edges = list[tuple[Node, Edge]]

CHANGES: dict[str, Value] = {
    "transposed": lambda v: np.swapaxes(v, -1, -2),
    "left out, a missing factor,": np.ones_like,
    "squared": lambda v: v * v,
    "without its sign": np.abs,
    "replaced by 1 minus itself": lambda v: 1 - v,
    "replaced by its square root": lambda v: np.sqrt(np.abs(v)),
    "inverted (a product instead of a division, or the reverse)": lambda v: 1 / v,
    "taken with the wrong sign": lambda v: -v,
    "in reverse order": lambda v: v[::-1] if v.ndim else v,
}
"""What may be done to a value by mistake."""


def value_edits(graph: Graph, sites: list[Site]) -> Iterator[Edit]:
    """Yield mistakes in an argument of an operation in the backward pass through another one."""
    for site in sites:
        for argument in range(len(site.nodes[0].parents)):
            edges = site.edges(argument, graph)
            for changed in range(len(site.nodes[0].parents)) if edges else ():
                yield from _edits(graph, site, edges, changed)


def _edits(graph: Graph, site: Site, edges: Edges, changed: int) -> Iterator[Edit]:
    shape = edges[0][0].parents[changed].value.shape
    argument = edges[0][1][1]
    what = "it" if changed == argument else site.argument(changed)
    place = f"in the derivative with respect to {site.argument(argument)}"
    if changed != argument:
        place = "in the derivative with respect to the other one"
    own = changed == argument
    for words, change in CHANGES.items() if not own or edges[0][0].is_elementwise else ():
        if words != "transposed" or (len(shape) > 1 and shape[-1] == shape[-2]):
            values = {n.number: change(n.parents[changed].value) for n, _ in edges}
            yield from _edit(edges, changed, values, f"{what} is {words} {place}")
    if own and edges[0][0].name in ("max", "min", "amax", "amin", "maximum.reduce"):
        values = {n.number: -n.parents[changed].value for n, _ in edges}
        yield from _edit(edges, changed, values, f"the mask is inverted {place}")
    for other in graph.tape if len(edges) == 1 else ():
        if other.value.shape == shape and other is not edges[0][0].parents[changed]:
            values = {edges[0][0].number: other.value}
            yield from _edit(edges, changed, values, f"{_result(other)} is read for {what} {place}")
    if len(edges) > 1:
        yield from _of_turns(graph, edges, changed, what, place)


def _result(node: Node) -> str:
    return node.name if not node.parents else Site((node,)).result


def _of_turns(graph: Graph, edges: Edges, changed: int, what: str, place: str) -> Iterator[Edit]:
    """Yield, for a loop, what is computed in the same turn, and in the turn before or after."""
    first, second = edges[0][0], edges[1][0]
    stride = second.number - first.number
    shape = first.parents[changed].value.shape
    for offset in range(-2 * stride, 2 * stride + 1):
        values: dict[int, Array] = {}
        for node, _ in edges:
            number = node.number + offset
            other = graph.tape[number] if 0 <= number < len(graph.tape) else None
            if other is not None and other.value.shape == shape:
                values[node.number] = other.value
        if len(values) < len(edges):
            continue
        name = _result(graph.tape[first.number + offset])
        yield from _edit(
            edges,
            changed,
            values,
            f"{name}, of this step or the next one (shifted), is read for {what} {place}",
        )


def _edit(edges: Edges, changed: int, replaced: dict[int, Array], words: str) -> Iterator[Edit]:
    changes: dict[Edge, Contribution] = {}
    for node, edge in edges:
        values = [parent.value for parent in node.parents]
        values[changed] = replaced[node.number]
        try:
            derivative = node.derivative(edge[1], values)
        except Exception:  # of an operation that refuses these values
            return
        if derivative.shape != node.jacobians[edge[1]].shape or not np.isfinite(derivative).all():
            return
        changes[edge] = _with_derivative(node, edge[1], derivative)
    yield Edit(words, changes)


def _with_derivative(node: Node, argument: int, derivative: Array) -> Contribution:
    return lambda g, right: node.pull_through(argument, g, derivative)
