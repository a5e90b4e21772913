"""The order in which the gradients of lanes are added, on any number of ranks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from ..utils.typing import Array

Node: TypeAlias = tuple[int, int]
"""The lanes from the first number to before the second."""


class LaneTree:
    """A binary tree over lanes: the sum of all is that of its two halves, and so on.

    A process adds what it can of its own lanes. With a power of 2 of lanes and of processes that is
    all of them, so that no more is exchanged than of a plain sum.

    Parameters
    ----------
    n_lanes : int
        The number of lanes.

    Examples
    --------
    >>> tree = LaneTree(8)
    >>> list(tree.nodes_within(0, 4)), list(tree.nodes_within(3, 6))
    ([(0, 4)], [(3, 4), (4, 6)])
    """

    def __init__(self, n_lanes: int) -> None:
        self.n_lanes = n_lanes
        self._splits = set(_splits(0, n_lanes))

    def nodes_within(self, first: int, stop: int) -> Iterator[Node]:
        """Yield the largest nodes that have only lanes from `first` to before `stop`, in order."""
        yield from _nodes_within(first, stop, 0, self.n_lanes)

    def are_halves(self, left: Node, right: Node) -> bool:
        """Return whether two neighbouring nodes are the halves of another one."""
        return (left[0], right[0], right[1]) in self._splits


class TreeSum:
    """Adds arrays in the order of a tree, as they come from the first lane to the last.

    Parameters
    ----------
    tree : LaneTree
        The order.

    Attributes
    ----------
    sums : list of (Node, ndarray)
        The sums so far, which lack a neighbour.
    free : list of ndarray
        The arrays whose values have been added to others.
    """

    def __init__(self, tree: LaneTree) -> None:
        self._tree = tree
        self.sums: list[tuple[Node, Array]] = []
        self.free: list[Array] = []

    def add(self, node: Node, array: Array) -> None:
        """Add an array, of which the sum may take the memory."""
        self.sums.append((node, array))
        while len(self.sums) > 1 and self._tree.are_halves(self.sums[-2][0], self.sums[-1][0]):
            (left, total), (right, more) = self.sums[-2:]
            np.add(total, more, out=total)
            self.free.append(more)
            self.sums[-2:] = [((left[0], right[1]), total)]

    def clear(self) -> None:
        """Begin anew."""
        self.free += [array for _, array in self.sums]
        self.sums = []


def _middle(first: int, stop: int) -> int:
    return (first + stop) // 2


def _splits(first: int, stop: int) -> Iterator[tuple[int, int, int]]:
    if stop - first > 1:
        middle = _middle(first, stop)
        yield first, middle, stop
        yield from _splits(first, middle)
        yield from _splits(middle, stop)


def _nodes_within(first: int, stop: int, node_first: int, node_stop: int) -> Iterator[Node]:
    if first <= node_first and node_stop <= stop:
        yield node_first, node_stop
    elif first < node_stop and node_first < stop:
        middle = _middle(node_first, node_stop)
        yield from _nodes_within(first, stop, node_first, middle)
        yield from _nodes_within(first, stop, middle, node_stop)
