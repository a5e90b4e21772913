"""Check one backward of a case by the checker under test, and judge what it says."""

import functools
from dataclasses import dataclass

import numpy as np

from minidl import check_function, check_gradients

from .case import Rule, is_named
from .forms import in_precision, layer_in_precision
from .load import all_cases
from .repaired import is_repaired
from .truth import analytic, cotangents, is_float, outputs, relative_sizes

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
    is_right_here: bool = False  # a wrong one that makes no difference at these inputs

    @property
    def title(self):
        return f"{self.field}/{self.case} [{self.precision}] {self.edit or 'right'}"


def counted(function):
    """Return the function and a list that grows by one item with each call."""
    calls = []

    @functools.wraps(function)
    def count(*arguments):
        calls.append(1)
        return function(*arguments)

    return count, calls


def report_of(case, backward, precision, seed=0):
    """Return the checker's report, and the number of calls of the function."""
    inputs = case.inputs(seed, precision)
    if case.kind == "object":
        layer = layer_in_precision(backward, precision)()
        for name, value in list(inputs.items())[1:]:
            layer.params[name][...] = value
        return check_function(layer.forward, layer.backward, inputs["x"], seed=seed), 0
    forward, calls = counted(in_precision(case.forward, precision))
    back = in_precision(backward, precision)
    reference = case.forward if precision == "bf16" else None
    if case.kind == "cost":
        floats = {name: value for name, value in inputs.items() if is_float(value)}

        def gradients(p):
            return dict(zip(inputs, _tuple(back(*(inputs | p).values())), strict=True))

        report = check_gradients(
            lambda p: forward(*(inputs | p).values()),
            lambda p: {name: gradients(p)[name] for name in floats},
            floats,
            seed=seed,
            **({"reference": lambda p: reference(*(inputs | p).values())} if reference else {}),
        )
        return report, len(calls)
    count = len(outputs(case, case.forward, list(inputs.values())))

    def take_separate_cotangents(*arguments):
        return back(arguments[:count] if count > 1 else arguments[0], *arguments[count:])

    if reference and case.kind == "cache":
        reference = lambda *x: case.forward(*x)[0]  # noqa: E731
    report = check_function(
        forward,
        take_separate_cotangents,
        *inputs.values(),
        cache=case.kind == "cache",
        backward_inputs=case.kind == "pair",
        reference=reference,
        seed=seed,
    )
    return report, len(calls)


def _tuple(grads):
    return grads if isinstance(grads, tuple) else (grads,)


def outcome(case, wrong, precision, seed=0):
    """Check the right backward (`wrong` None) or a wrong one, and judge the report."""
    edit = wrong.edit if wrong else ""
    result = Outcome(case.field, case.name, edit, precision, "raised")
    inputs = case.inputs(seed, precision)
    dy = cotangents(case, inputs, seed)
    right = analytic(case, case.backward, inputs, dy)
    backward = wrong.backward if wrong else case.backward
    sizes = relative_sizes(analytic(case, backward, inputs, dy), right)
    result.size = max(sizes.values())
    is_rule = wrong is not None and isinstance(wrong.says, Rule)
    result.is_right_here = wrong is not None and not is_rule and result.size < SEEN["float64"]
    try:
        report, result.calls = report_of(case, backward, precision, seed)
    except Exception as error:
        result.diagnosis = f"{type(error).__name__}: {error}"
        result.is_wrong_verdict = True
        return result
    result.status, result.text = report.status, report.text(colour=False)
    resolutions = [check.resolution for check in report.checks]
    result.resolution = max(resolutions, default=np.nan)
    guilty = report.guilty
    if guilty is not None:
        result.guilty, result.diagnosis = guilty.parameter, guilty.diagnosis
    if guilty is not None and wrong is not None:
        result.name = _name_of(result, case, wrong)
    if is_rule:
        result.is_wrong_verdict = result.status == "ok"
        return result
    result.is_wrong_verdict = (wrong is None and result.status == "failed") or any(
        _is_wrong_verdict(check, sizes[check.parameter], precision)
        for check in report.checks
        if check.parameter in sizes
    )
    return result


def _is_wrong_verdict(check, size, precision):
    """Return whether a row fails without a bug, or passes with one that must be seen."""
    if check.verdict == "fail":
        return size < SEEN["float64"]
    return check.verdict == "pass" and size > min(SEEN[precision], max(check.resolution, 1e-8))


def _name_of(result, case, wrong):
    """Judge the name; an edit must be right at other inputs, whatever its words are."""
    if not result.diagnosis or "unknown" in result.diagnosis:
        return "unknown"
    repaired = is_repaired(case, wrong, result.diagnosis, result.guilty)
    if repaired is None:
        repaired = is_named(wrong.says, result.diagnosis)
    return "right" if repaired else "wrong"


def outcomes_of(task):
    """Check one case in one precision for one seed: its right backward and all wrong ones."""
    name, precision, seed = task
    case = next(one for one in all_cases() if one.name == name)
    # In other precisions functions get copies, which hide writes from the checker.
    seen = [w for w in case.wrong if precision == "float64" or not isinstance(w.says, Rule)]
    found = [outcome(case, wrong, precision, seed) for wrong in (None, *seen)]
    return [one for one in found if not one.is_right_here]
