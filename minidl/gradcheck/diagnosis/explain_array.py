"""Explain a failed check: which elements are wrong, and which mistake the error looks like."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..block import Block
from ..result import Check
from .diagnose import find_pattern
from .error_summary import error_summary
from .evidence import Candidate, Evidence


def explain_array(check: Check, **evidence: Any) -> None:
    """Fill in the error summary and the diagnosis; `evidence` holds fields of `Evidence`.

    Of arrays with the shape of the whole gradient, the block that was computed is taken.
    """
    if check.analytic is None or check.numeric is None:
        return
    bar = 0.0 if check.bar is None else check.bar
    evidence = {name: _of_block(field, check.block) for name, field in evidence.items()}
    complete = Evidence(check.analytic, check.numeric, bar=bar, block=check.block, **evidence)
    check.error_summary = error_summary(complete)
    if not check.diagnosis:
        check.diagnosis, names_cause = find_pattern(complete)
        check.is_cause_unknown = not names_cause


def _of_block(field: Any, block: Block | None) -> Any:
    if block is None:
        return field
    if isinstance(field, np.ndarray):
        return block.of(field) if field.shape == block.shape else field
    if isinstance(field, dict):
        return {name: _of_block(value, block) for name, value in field.items()}
    if isinstance(field, Candidate):
        return Candidate(field.words, _of_block(field.gradient, block))
    if isinstance(field, list):
        return [_of_block(value, block) for value in field]
    return field
