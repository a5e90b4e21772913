"""Mistakes with the incoming gradients of operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np

from ....utils.typing import Array
from ..evidence import are_close
from ..limits import TAPE_DISTANCE
from .graph import Contribution, Current, Edit, Graph, NodeChange
from .node import Node
from .sites import Site, input_sites

Formula = Callable[[Array, Array, Array], Array]


def _mask(mask: Array) -> Array:
    """Return a mask; NaN in place of one that keeps all or nothing: it would explain any zeros."""
    is_mask = mask.any() and not mask.all()
    return mask if is_mask else np.full(mask.shape, np.nan)


FORMULAS: dict[str, Formula] = {
    "the derivative is left out": lambda g, u, v: g,
    "the output instead of the derivative": lambda g, u, v: g * v,
    "the input instead of the derivative": lambda g, u, v: g * u,
    "only the diagonal of the derivative, or a sigmoid's": lambda g, u, v: g * v * (1 - v),
    "a tanh's derivative": lambda g, u, v: g * (1 - v * v),
    "a term or a square of the derivative is missing": lambda g, u, v: g * (1 - v),
    "a term of the derivative is missing": lambda g, u, v: g * (1 + v),
    "the derivative's formula for outputs taken at the input, as u (1 - u)": (
        lambda g, u, v: g * u * (1 - u)
    ),
    "the derivative's formula for outputs taken at the input, as 1 - u**2": (
        lambda g, u, v: g * (1 - u * u)
    ),
    "the mask is that of the input": lambda g, u, v: g * _mask(u > 0),
    "the mask is inverted": lambda g, u, v: g * _mask(u <= 0),
    "the mask is that of the incoming gradient": lambda g, u, v: g * (g > 0),
}
"""The gradient of u as a function of that of v, of u and of v, if v is computed from u."""


def cotangent_edits(graph: Graph, sites: list[Site]) -> Iterator[Edit]:
    """Yield wrong incoming gradients."""
    for site in sites:
        yield from _exchanges_within(site)
        for other in sites:
            if other is not site and (other.shape, other.operation) == (site.shape, site.operation):
                yield from _exchanges(_pairs(site, other), site, other)
    ancestors = _ancestors(graph)
    for target in (*sites, *input_sites(graph)):
        for source in sites:
            if source is not target and source.shape == target.shape:
                pairs = _pairs(target, source)
                if pairs and all(u.number in ancestors[v.number] for u, v in pairs):
                    yield from _instead_of_derivative(pairs, target, source, graph)
    for site in sites:
        for argument, parent in enumerate(site.nodes[0].parents):
            if parent in graph.inputs.values():
                yield from _of_other_results(graph, sites, site, argument)


def _ancestors(graph: Graph) -> dict[int, set[int]]:
    """Return the numbers of the nodes that each node is computed from, a few operations before."""
    found: dict[int, set[int]] = {}
    for node in graph.nodes:
        found[node.number] = {parent.number for parent in node.parents}.union(
            *(found.get(parent.number, set()) for parent in node.parents)
        )
        found[node.number] = {i for i in found[node.number] if i >= node.number - TAPE_DISTANCE}
    return found


def _instead_of_derivative(
    pairs: list[tuple[Node, Node]], target: Site, source: Site, graph: Graph
) -> Iterator[Edit]:
    between = f"from {source.result}{source.where} back to {target.result}{target.where}"
    for words, formula in FORMULAS.items():
        nodes = {u.number: _gradient(formula, u, v) for u, v in pairs}
        said = f"{words}: {between}"
        if all(_is_derivative(formula, u, v, graph) for u, v in pairs):
            said = (
                f"only what flows back {between} counts: the other terms are missing, as if they "
                "were held fixed"
            )
        yield Edit(said, nodes=nodes)


def _is_derivative(formula: Formula, u: Node, v: Node, graph: Graph) -> bool:
    """Return whether a formula is the derivative of an operation: that of exp is its output."""
    if not v.is_elementwise:
        return False
    back = np.asarray(formula(graph.cotangents[v.number], u.value, v.value))
    edges = [(v.number, argument) for argument in range(len(v.parents))]
    return any(
        are_close(back, graph.contributions[edge]) for edge in edges if edge in graph.contributions
    )


def _exchanges(pairs: list[tuple[Node, Node]], target: Site, source: Site) -> Iterator[Edit]:
    if pairs:
        yield Edit(
            f"exchanged (as gates are): the gradients of {target.result}{target.where} and of "
            f"{source.result}{source.where}",
            nodes=dict(change for u, v in pairs for change in _exchange(u, v)),
        )


def _exchanges_within(site: Site) -> Iterator[Edit]:
    """Yield exchanges of gates that are computed in one loop of their own."""
    for period in (2, 3, 4):
        if len(site.nodes) % period == 0:
            for a, b in combinations(range(period), 2):
                pairs = list(zip(site.nodes[a::period], site.nodes[b::period], strict=True))
                yield from _exchanges(pairs, site, site)


def _of_other_results(graph: Graph, sites: list[Site], site: Site, argument: int) -> Iterator[Edit]:
    """Yield the gradient of an input from the incoming gradient of another result."""
    edges = site.edges(argument, graph)
    for other in sites:
        if other is site or other.shape != site.shape or len(other.nodes) != len(site.nodes):
            continue
        others = {n.number: o for n, o in zip(site.nodes, other.nodes, strict=True)}
        yield Edit(
            f"the gradient of {other.result}{other.where} is used instead of that of "
            f"{site.result}, whose derivative is left out, for {site.argument(argument)}",
            {edge: _pulled(node, edge[1], graph, others[node.number]) for node, edge in edges},
        )


def _pulled(node: Node, argument: int, graph: Graph, other: Node) -> Contribution:
    return lambda g, right: node.pull(argument, graph.cotangents[other.number])


def _pairs(target: Site, source: Site) -> list[tuple[Node, Node]]:
    """Return each node of the first site with the next one of the second, in one loop."""
    pairs: list[tuple[Node, Node]] = []
    for u in target.nodes:
        v = next((v for v in source.nodes if v.number > u.number), None)
        if v is None or (pairs and pairs[-1][1] is v):
            return []
        pairs.append((u, v))
    return pairs


def _gradient(formula: Formula, u: Node, v: Node) -> NodeChange:
    return lambda current: np.asarray(formula(current(v.number), u.value, v.value))


def _exchange(u: Node, v: Node) -> list[tuple[int, NodeChange]]:
    own: list[Array] = []

    def of_later(current: Current) -> Array:
        own.append(current(v.number))
        return current(u.number)

    return [(v.number, of_later), (u.number, lambda current: own[0])]
