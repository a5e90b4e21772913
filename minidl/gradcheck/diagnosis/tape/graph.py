"""Gradients from a tape, and what changes in them if something is changed in the backward pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ....utils.typing import Array
from .node import Node

Contribution = Callable[[Array, Array], Array]
"""``edit(g, right)`` returns what flows back instead of `right` for the incoming gradient `g`."""

Current = Callable[[int], Array]
"""The incoming gradient of each node by its number, as changed so far."""

NodeChange = Callable[[Current], Array]
"""``change(current)`` returns the incoming gradient of a node."""

Edge = tuple[int, int]
"""The number of a node and of one of its arguments."""


@dataclass(frozen=True)
class Edit:
    """A mistake: what it does to edges and to the incoming gradients of nodes, and its words."""

    words: str
    edges: dict[Edge, Contribution] = field(default_factory=dict)
    nodes: dict[int, NodeChange] = field(default_factory=dict)


class Graph:
    """A function of several arrays that returns one number.

    Attributes
    ----------
    tape : list of Node
        All nodes, by number.
    nodes : list of Node
        The operations from which the number is computed.
    inputs : dict of str to Node
        Its arrays.
    cotangents : list of ndarray
        The gradient of the number with respect to each node on the tape.
    seeds : dict
        The incoming gradients of the outputs.
    contributions : dict
        What flows back along each edge.
    depends_on : dict
        The names of the inputs that each node depends on.
    """

    def __init__(self, tape: list[Node], inputs: dict[str, Node], seeds: dict[int, Array]) -> None:
        self.inputs = inputs
        self.tape, self.seeds = tape, seeds
        depends = {node.number for node in inputs.values()}
        for node in tape:
            if any(parent.number in depends for parent in node.parents):
                depends.add(node.number)
        self.cotangents = [np.zeros(node.value.shape) for node in tape]
        self.contributions: dict[Edge, Array] = {}
        reached = set(seeds)
        for number, seed in seeds.items():
            self.cotangents[number] = self.cotangents[number] + seed
        for node in reversed(tape):
            if node.number not in reached:
                continue
            for argument, parent in enumerate(node.parents):
                if parent.number in depends:
                    reached.add(parent.number)
                    back = node.pull(argument, self.cotangents[node.number])
                    self.contributions[node.number, argument] = back
                    self.cotangents[parent.number] = self.cotangents[parent.number] + back
        self.nodes = [node for node in tape if node.number in reached & depends]
        self.depends_on = self._dependences()

    def _dependences(self) -> dict[int, set[str]]:
        """Return the names of the inputs that each node depends on."""
        found: dict[int, set[str]] = {}
        names = {node.number: name for name, node in self.inputs.items()}
        for node in self.tape:
            own = {names[node.number]} if node.number in names else set()
            found[node.number] = own.union(*(found[p.number] for p in node.parents))
        return found

    def reach(self, edit: Edit) -> set[str]:
        """Return the names of the inputs whose gradients an edit may change."""
        numbers = [self.tape[i].parents[argument].number for i, argument in edit.edges]
        return set().union(*(self.depends_on[i] for i in (*numbers, *edit.nodes)))

    def gradients(self) -> dict[str, Array]:
        """Return the gradients of the inputs."""
        return {name: self.cotangents[node.number] for name, node in self.inputs.items()}

    def edited(self, edit: Edit) -> dict[str, Array]:
        """Return the gradients after an edit."""
        changes: dict[int, Array] = {}
        latest = max([number for number, _ in edit.edges] + list(edit.nodes))

        def current(number: int) -> Array:
            right = self.cotangents[number]
            return right + changes[number] if number in changes else right

        edited_nodes = {number for number, _ in edit.edges}
        for node in reversed(self.nodes):
            number = node.number
            if number > latest:
                continue
            if number in edit.nodes:
                changes[number] = edit.nodes[number](current) - self.cotangents[number]
            if number in changes or number in edited_nodes:
                self._pull_changes(node, edit, changes)
        return {
            name: self.cotangents[node.number] + changes.get(node.number, 0.0)
            for name, node in self.inputs.items()
        }

    def _pull_changes(self, node: Node, edit: Edit, changes: dict[int, Array]) -> None:
        """Add what changes in the incoming gradients of the arguments of a node."""
        change = changes.get(node.number)
        for argument, parent in enumerate(node.parents):
            edge = (node.number, argument)
            if edge not in self.contributions:
                continue
            back = None if change is None else node.pull(argument, change)
            if edge in edit.edges:
                right, g = self.contributions[edge], self.cotangents[node.number]
                if change is not None and back is not None:
                    back = edit.edges[edge](g + change, right + back) - right
                else:
                    back = edit.edges[edge](g, right) - right
            if back is not None:
                before = changes.get(parent.number)
                changes[parent.number] = back if before is None else before + back
