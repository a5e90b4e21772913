"""The cost of a pair: the sum of <dy, y>, and its operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ....utils.typing import Array
from ...diagnosis.tape.graph import Graph
from ...diagnosis.tape.record import record
from .pair import FunctionPair


@dataclass(frozen=True)
class PairCost:
    """The cost of a pair as a function of the values of its inputs."""

    pair: FunctionPair

    def __call__(self, values: Any) -> Any:
        """Return the sum of <dy, y>."""
        return self.pair.cost(values)

    def record(self, values: dict[str, Array]) -> Graph:
        """Return the operations of forward, the cotangents coming in."""
        inputs = {name: v for name, v in values.items() if name in self.pair.inputs.leaves}

        def seeds(result: Any) -> Sequence[tuple[Any, Array]]:
            outputs = self.pair.outputs_of(result)
            return list(zip(outputs, self.pair.cotangents, strict=True))

        try:
            self.pair.run(values)
            return record(self.pair.forward, inputs, self.pair.inputs.arguments, seeds)
        finally:
            self.pair.run(values)  # an object may have stored recorded arrays
