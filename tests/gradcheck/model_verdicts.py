"""Whether the verdict on a random model, right or with one planted bug, is right."""

from contextlib import nullcontext
from unittest.mock import patch

import numpy as np
from checked_models import RandomModel
from model_bugs import CERTAIN, planted

from minidl.errors import ArgumentError, NonFiniteError


def right_model(seed, dtype):
    """Return (outcome, resolutions, what happened) of the check of a right model."""
    model = RandomModel(seed, dtype)
    report, refusal = _report(model)
    if report is None:
        return f"right {refusal}", [], str(model)
    resolutions = [
        check.resolution
        for check in report.checks
        if check.term != "protocol" and check.parameter != "value" and np.isfinite(check.resolution)
    ]
    return f"right {report.status}", resolutions, f"{model}\n    {_rows(report)} | {report.notes}"


def buggy_model(seed, dtype):
    """Return the same of a wrong model.

    Where nothing failed, the outcome is one of these: "ok", "resolution" (unresolved, but a bug
    above the resolution that is told), "unresolved" (truly), "inert" (a bug that changed nothing
    where the check has looked), "below" (the central differences of courses, of which a row tells
    that it resolves less).
    """
    model = RandomModel(seed, dtype)
    before = model.gradients()
    # Looking for the line to change takes most of the time: it is done for one seed in ten.
    search = "minidl.gradcheck.stages.failed_layer.explain_by_edits"
    searching = patch(search, lambda *_: None) if seed % 10 else nullcontext()
    with planted(model) as bug, searching:
        after = model.gradients()
        if _is_alone(model, bug.path):
            bug.seen_mode = model.training
        report, refusal = _report(model, bug.path)
    if report is None:
        return f"buggy {refusal}", [], str(model)
    changes = _changes(before, after)
    outcome = report.status
    if outcome != "failed":
        is_central = model.method == "central" and not _is_alone(model, bug.path)
        is_in_mode = not _is_alone(model, bug.path) or {model.training, bug.mode} != {True, False}
        if bug.path == "loss":  # a wrong gradient of an example whose weight is 0 is none
            is_in_mode = bool(changes)
        outcome = (
            _outcome_of_rows(report, changes)
            if is_central
            else _outcome(report, bug, is_in_mode=is_in_mode)
        )
    location = ""
    guilty = report.guilty.path if outcome == "failed" else None
    if guilty is not None and bug.path[0].isdigit() and not _is_alone(model, bug.path):
        location = "" if guilty.split(".")[0] == bug.path.split(".")[0] else " elsewhere"
    told = f"{model}\n    {bug}; changes {changes}\n    {_rows(report)}"
    return f"buggy {outcome}{location}", [], told


def _report(model, path=""):
    try:
        return model.check(path), ""
    except NonFiniteError:
        return None, "not finite"
    except ArgumentError as error:
        if "complex-safe" not in str(error):
            raise
        return None, "not complex-safe"


def _is_alone(model, path):
    return model.is_alone and path[0].isdigit()


def _outcome(report, bug, *, is_in_mode):
    """Return the outcome of a bug that did not fail, judged by its size where the check looked."""
    if bug.typical < CERTAIN or not is_in_mode:
        return "inert"
    if report.status == "ok":
        return "ok"
    number = bug.path.split(".")[0]
    rows = [check for check in report.unresolved if check.path == number]
    if bug.path == "loss":
        rows = [check for check in report.unresolved if check.parameter == "prediction"]
    truly = any(check.resolution >= 0.1 * bug.typical for check in rows or report.unresolved)
    return "unresolved" if truly else "resolution"


def _outcome_of_rows(report, changes):
    """Return the same for the method that compares the gradients of the whole model alone."""
    rows = {
        f"{check.path}.{check.parameter}": check
        for check in report.checks
        if check.term == "total" and check.parameter != "value"
    }
    changed = {name: size for name, size in changes.items() if size >= CERTAIN and name in rows}
    if not changed:
        return "inert"
    seen = [name for name, size in changed.items() if size > rows[name].resolution]
    if any(rows[name].verdict == "pass" for name in seen):
        return "ok"
    if seen:
        return "resolution"
    return "unresolved" if report.unresolved else "below"


def _changes(before, after):
    """Return the relative change of each parameter's gradient, as far as it has changed."""
    with np.errstate(all="ignore"):
        sizes = {
            name: float(np.linalg.norm(after[name] - right) / np.linalg.norm(right))
            for name, right in before.items()
        }
    return {name: float(f"{size:.2g}") for name, size in sizes.items() if size > 0}


def _rows(report):
    return "; ".join(
        f"{check.verdict} {check.term} {check.location} {check.difference:.1e} "
        f"resolution {check.resolution:.1e} {check.diagnosis[:100]}"
        for check in report.checks
        if check.verdict != "pass"
    )
