"""The check that check_gradients and check_function share."""

import numpy as np

from minidl.gradcheck.functions.run_check import run_check


def test_the_diagnosis_is_drawn_from_the_evidence():
    asked = []

    def evidence(check):
        asked.append(check.parameter)
        return {"factors": {"gamma": 1.7}}

    report = run_check(
        lambda p: (p["a"] ** 2).sum() + p["b"].sum(),
        lambda p: {"a": 3.4 * p["a"], "b": np.ones_like(p["b"])},
        {"a": np.array([1.0, 2.0]), "b": np.ones(2)},
        evidence=evidence,
    )
    assert asked == ["a"]
    assert "gamma" in report.guilty.diagnosis
    assert report.seconds > 0
