"""The result of a test: a table, numbers for the JSON, and violations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Result:
    """The result of a test, which has passed if there are no violations."""

    rows: Sequence[Sequence[Any]]
    numbers: dict[str, Any]
    violations: list[str] = field(default_factory=list)
