"""Backward passes that are right for another forward: without an epsilon, a sign, ..."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ....utils.typing import Array
from ..limits import OTHER_FORWARD_NODES
from .graph import Graph
from .node import Node, Operation
from .sites import Site, sites_of


def other_forwards(graph: Graph) -> Iterator[tuple[str, dict[str, Array]]]:
    """Yield other forwards in words, and their gradients at the same point."""
    if len(graph.tape) > OTHER_FORWARD_NODES:
        return
    for site in sites_of(graph):
        for words, operation in _others(site):
            numbers = {node.number for node in site.nodes}
            try:
                gradients = _gradients(graph, numbers, operation)
            except Exception:  # of an operation that refuses other values
                continue
            place = f"{site.operation}{site.where}"
            yield f"backward is that of another forward: {words.format(place=place)}", gradients


def _others(site: Site) -> Iterator[tuple[str, Operation]]:
    node = site.nodes[0]
    if len(node.parents) == 1 and node.parents[0].value.shape == node.value.shape:
        words = "without {place}"
        if node.name in ("add", "subtract"):
            words = "without the constant, such as an epsilon, in {place}"
        yield words, _first
    if len(node.parents) == 2 and node.name in ("add", "subtract"):
        yield "with the other sign in {place}", _difference if node.name == "add" else _sum


def _first(values: Sequence[Any]) -> Any:
    return values[0]


def _difference(values: Sequence[Any]) -> Any:
    return np.subtract(*values)


def _sum(values: Sequence[Any]) -> Any:
    return np.add(*values)


def _gradients(graph: Graph, numbers: set[int], operation: Operation) -> dict[str, Array]:
    """Return the gradients of the tape with another operation in some places."""
    tape: list[Node] = []
    for node in graph.tape:
        parents = [tape[parent.number] for parent in node.parents]
        chosen = operation if node.number in numbers else node.operation
        value = node.value
        if parents:
            value = np.array(chosen([parent.value for parent in parents]), float)
        tape.append(replace(node, parents=parents, operation=chosen, value=value, jacobians={}))
    inputs = {name: tape[node.number] for name, node in graph.inputs.items()}
    return Graph(tape, inputs, graph.seeds).gradients()
