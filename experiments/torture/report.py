"""What every torture hands back: a table, numbers for the JSON, and what was violated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Result:
    """The outcome of a torture; it has passed where `violations` is empty."""

    rows: Sequence[Sequence[Any]]
    numbers: dict[str, Any]
    violations: list[str] = field(default_factory=list)
