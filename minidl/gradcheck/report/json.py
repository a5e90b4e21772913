"""A report as JSON, for programs."""

from __future__ import annotations

import json
from typing import Any

from ..result import Check

_ARRAYS = {"analytic", "numeric", "bar", "context", "block"}


def render_json(fields: dict[str, Any], checks: list[Check]) -> str:
    """Return the `fields` of a report and its `checks`, without their arrays, as strict JSON.

    Numbers that are not finite are the strings "nan", "inf" and "-inf".
    """
    rows = [
        {name: value for name, value in vars(check).items() if name not in _ARRAYS}
        | {"path": check.path}
        for check in checks
    ]
    text = json.dumps({**fields, "checks": rows}, default=float)
    strict = json.loads(text, parse_constant=lambda constant: str(float(constant)))
    return json.dumps(strict, indent=1)
