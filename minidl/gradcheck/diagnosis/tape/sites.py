"""Operations in one place of the code: the turns of a loop."""

from __future__ import annotations

import linecache
from dataclasses import dataclass
from functools import cached_property

from .graph import Edge, Graph
from .node import Node

_MAX_CODE = 60  # characters of a line that is quoted

SYMBOLS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "power": "**",
    "matmul": "@",
    "negative": "the minus",
    "add.reduce": "sum",
    "T": ".T",
}
"""How operations are written."""


@dataclass(frozen=True)
class Site:
    """The operations that one place in the code computes, in the order of the computation.

    `name` is that of an input; "" for the result of an operation.
    """

    nodes: tuple[Node, ...]
    name: str = ""

    @property
    def operation(self) -> str:
        """The operation, in words."""
        return SYMBOLS.get(self.nodes[0].name, self.nodes[0].name)

    @property
    def result(self) -> str:
        """The result, in words."""
        return self.name or f"the result of {self.operation}"

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the result."""
        return self.nodes[0].value.shape

    @cached_property
    def where(self) -> str:
        """The line of code, in words; "" if it is not known."""
        file, number, _ = self.nodes[0].site
        if self.name or not number:
            return ""
        code = linecache.getline(file, number).strip()
        if len(code) > _MAX_CODE:
            code = code[:_MAX_CODE] + " ..."
        return f" (line {number}: {code})" if code else f" (line {number})"

    def argument(self, number: int) -> str:
        """Return an argument in words."""
        count = len(set(self.nodes[0].positions))
        position = self.nodes[0].positions[number]
        ordinal = ("first ", "second ", "third ")[min(position, 2)] if count > 1 else ""
        return f"the {ordinal}argument of {self.operation}{self.where}"

    def edges(self, argument: int, graph: Graph) -> list[tuple[Node, Edge]]:
        """Return the edges to an argument along which something flows back."""
        edges = [(node, (node.number, argument)) for node in self.nodes]
        return [(node, edge) for node, edge in edges if edge in graph.contributions]


def sites_of(graph: Graph) -> list[Site]:
    """Return all sites, in the order of their first operation."""
    return [Site(tuple(nodes)) for nodes in _grouped(graph.nodes)]


def turns_of(graph: Graph) -> dict[int, int]:
    """Return the turn of its loop for each node, also of those from which nothing flows back."""
    return {node.number: turn for nodes in _grouped(graph.tape) for turn, node in enumerate(nodes)}


def _grouped(nodes: list[Node]) -> list[list[Node]]:
    groups: dict[tuple[object, ...], list[Node]] = {}
    for node in nodes:
        if node.parents:
            what = (node.name, node.value.shape, tuple(p.value.shape for p in node.parents))
            key = (node.site, *what) if node.site[1] else (node.number,)
            groups.setdefault(key, []).append(node)
    return list(groups.values())


def input_sites(graph: Graph) -> list[Site]:
    """Return the inputs as sites."""
    return [Site((node,), name) for name, node in graph.inputs.items()]
