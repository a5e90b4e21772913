"""Explain a failed check: which elements are wrong, and which mistake the error looks like."""

from __future__ import annotations

from typing import Any

from ..result import Check
from .diagnose import diagnose
from .error_summary import error_summary
from .evidence import Evidence


def explain_array(check: Check, **evidence: Any) -> None:
    """Fill in the error summary and the diagnosis; `evidence` holds fields of `Evidence`."""
    if check.analytic is None or check.numeric is None:
        return
    bar = 0.0 if check.bar is None else check.bar
    complete = Evidence(check.analytic, check.numeric, bar=bar, **evidence)
    check.error_summary = error_summary(complete)
    check.diagnosis = check.diagnosis or diagnose(complete)
