"""Whether a check gives the same report again, and beside another check in a second thread."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

from checked_models import RandomModel
from function_bugs import plant
from model_bugs import planted
from random_functions import RandomFunction

from minidl import check_gradients
from minidl.errors import MinidlError


def repeated(what, seed, precision):
    """Return (outcome, resolutions, what differs) of four checks of one function or model.

    Two are one after the other, two at once in two threads. Every second seed is a wrong one.
    """
    check = _model_report if what == "models" else _function_report
    reports = [check(seed, precision) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        reports += pool.map(check, (seed, seed), (precision, precision))
    first, *others = reports
    differing = [
        f"{key} of run {number}: {first.get(key)} and {other.get(key)}"
        for number, other in enumerate(others, 1)
        for key in sorted({*first, *other})
        if first.get(key) != other.get(key)
    ]
    outcome = "differs" if differing else first.get("status", "refused")
    return f"repeat {outcome}", [], "; ".join(differing)


def _model_report(seed, dtype):
    model = RandomModel(seed, dtype)
    with planted(model) if seed % 2 else nullcontext():
        return _content(model.check)


def _function_report(seed, precision):
    function = RandomFunction(seed, precision)
    bug = plant(function) if seed % 2 else None
    gradients = function.gradients if bug is None else bug.gradients
    reference = function.reference if precision in ("bfloat16", "float16") else None
    return _content(
        lambda: check_gradients(function.cost, gradients, function.parameters, reference=reference)
    )


def _content(check):
    """Return the report as a dictionary without its time, or the error."""
    try:
        content = json.loads(check().to_json())
    except MinidlError as error:
        return {"error": f"{type(error).__name__}: {error}"}
    content.pop("seconds")
    return content
