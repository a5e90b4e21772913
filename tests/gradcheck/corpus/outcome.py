"""Check one backward of a case by the checker under test, and judge what it says."""

from dataclasses import dataclass

import numpy as np

from minidl import check_gradients

from .case import is_named
from .forms import in_precision
from .load import all_cases
from .truth import analytic, cotangents, is_float, relative_sizes

SEEN = {"float64": 1e-8, "float32": 1e-2, "noisy": 1e-2, "bf16": 5e-2}
"""The relative size of a bug from which on "ok" is a wrong verdict."""


@dataclass
class Outcome:
    """What the checker says of one backward: the verdict, the guilty array and its name."""

    field: str
    case: str
    edit: str  # "" for the right one
    precision: str
    status: str
    guilty: str = ""
    diagnosis: str = ""
    name: str = ""  # "right", "unknown" or "wrong"
    size: float = 0.0
    resolution: float = np.nan
    calls: int = 0
    text: str = ""
    is_wrong_verdict: bool = False

    @property
    def title(self):
        return f"{self.field}/{self.case} [{self.precision}] {self.edit or 'right'}"


class Counter:
    """Counts the calls of a function."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *arguments):
        self.calls += 1
        return self.function(*arguments)


def report_of(case, backward, precision, seed=0):
    """Return the checker's report, and the number of calls of the function."""
    inputs = case.inputs(seed)
    floats = {name: value for name, value in inputs.items() if is_float(value)}
    dy = cotangents(case, inputs, seed)
    forward = Counter(in_precision(case.forward, precision))
    back = in_precision(backward, precision)

    def scalar(ys):
        if case.kind == "cost":
            return ys
        ys = ys if isinstance(ys, tuple) else (ys,)
        dys = dy if isinstance(dy, tuple) else (dy,)
        return sum((d * y).sum() for d, y in zip(dys, ys, strict=True))

    def cost(p):
        result = forward(*(inputs | p).values())
        return scalar(result[0] if case.kind == "cache" else result)

    def gradients(p):
        values = (inputs | p).values()
        if case.kind == "cost":
            grads = back(*values)
        elif case.kind == "cache":
            grads = back(dy, forward(*values)[1])
        else:
            grads = back(dy, *values)
        grads = grads if isinstance(grads, tuple) else (grads,)
        return {n: g for n, g in zip(inputs, grads, strict=True) if n in floats}

    report = check_gradients(cost, gradients, floats, seed=seed)
    return report, forward.calls


def status_of(report):
    if report.failures:
        return "failed"
    unresolved = any(check.verdict == "unresolved" for check in report.checks)
    return "unresolved" if unresolved else "ok"


def outcome(case, wrong, precision, seed=0):
    """Check the right backward (`wrong` None) or a wrong one, and judge the report."""
    edit = wrong.edit if wrong else ""
    result = Outcome(case.field, case.name, edit, precision, "raised")
    inputs = case.inputs(seed)
    dy = cotangents(case, inputs, seed)
    right = analytic(case, case.backward, inputs, dy)
    backward = wrong.backward if wrong else case.backward
    sizes = relative_sizes(analytic(case, backward, inputs, dy), right)
    result.size = max(sizes.values())
    try:
        report, result.calls = report_of(case, backward, precision, seed)
    except Exception as error:
        result.diagnosis = f"{type(error).__name__}: {error}"
        result.is_wrong_verdict = True
        return result
    result.status, result.text = status_of(report), report.text(colour=False)
    resolutions = [getattr(check, "resolution", np.nan) for check in report.checks]
    result.resolution = max(resolutions, default=np.nan)
    guilty = report.guilty
    if guilty is not None:
        result.guilty, result.diagnosis = guilty.parameter, guilty.diagnosis
    if wrong is None:
        result.is_wrong_verdict = result.status == "failed"
        return result
    if result.status == "ok":
        is_seen = result.size > min(SEEN[precision], np.nan_to_num(result.resolution, nan=np.inf))
        result.is_wrong_verdict = bool(is_seen)
    if guilty is not None:
        result.name = _name_of(result, wrong)
        is_right = sizes.get(guilty.parameter, np.inf) > SEEN["float64"]
        result.is_wrong_verdict |= not is_right
    return result


def _name_of(result, wrong):
    if not result.diagnosis or "unknown" in result.diagnosis:
        return "unknown"
    return "right" if is_named(wrong.says, result.diagnosis) else "wrong"


def outcomes_of(task):
    """Check one case in one precision for one seed: its right backward and all wrong ones."""
    name, precision, seed = task
    case = next(one for one in all_cases() if one.name == name)
    return [outcome(case, wrong, precision, seed) for wrong in (None, *case.wrong)]
