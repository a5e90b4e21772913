"""What the diagnosis of a pair knows."""

import numpy as np

from minidl import check_function
from minidl.gradcheck.functions.pairs.evidence import PairEvidence
from minidl.gradcheck.functions.pairs.inputs import FunctionInputs
from minidl.gradcheck.functions.pairs.owner import PairState
from minidl.gradcheck.functions.pairs.pair import FunctionPair
from minidl.gradcheck.result import Check

X = np.random.default_rng(0).standard_normal((5, 3))


def evidence_of(forward, *inputs):
    pair = FunctionPair(
        forward,
        lambda dy: dy,
        FunctionInputs(forward, inputs),
        PairState(forward),
        cache=False,
        backward_inputs=False,
    )
    run = pair.first_run(pair.inputs.values)
    pair.cotangents = pair.draw_cotangents(run, np.random.default_rng(1))
    return PairEvidence(pair, pair.inputs.values)


def test_factors_are_the_numbers_of_the_call():
    evidence = evidence_of(lambda x, k, conf: k * x, X, 2, {"pad": 1, "momentum": 0.9, "on": True})
    check = Check(None, "total", "x", numeric=2 * X, method="complex step")
    found = evidence.of(check)
    assert found["factors"] == {"k": 2.0, "conf.pad": 1.0, "conf.momentum": 0.9, "m": 5.0}
    assert found["input"] is not None
    assert found["candidates"]


def test_a_function_that_refuses_what_a_diagnosis_tries_gives_no_candidates():
    calls = []

    def forward(x):
        if len(calls) > 1:
            raise ValueError
        calls.append(1)
        return x

    evidence = evidence_of(forward, X)
    check = Check(None, "total", "x", numeric=X, method="central differences (Richardson)")
    assert "candidates" not in evidence.of(check)


def test_several_outputs_are_one_vector():
    def forward(x):
        return x**2, x.sum(axis=0)

    def backward(first, second):
        return 2 * X * first  # forgets the second

    report = check_function(forward, backward, X)
    assert report.guilty.parameter == "x"


def test_real_functions_are_diagnosed_by_differences():
    def forward(x):
        out = np.zeros(x.shape)
        out[...] = np.tanh(x)
        return out

    report = check_function(
        forward, lambda dy, x: dy[::-1] * (1 - np.tanh(x) ** 2), X, backward_inputs=True
    )
    assert "in reverse order" in report.guilty.diagnosis


def test_an_input_does_not_follow_from_another_one():
    def backward(dy, x, w):
        return dy @ w.T * np.exp(x), x.T @ dy * np.exp(w)

    w = np.random.default_rng(1).standard_normal((3, 4))
    report = check_function(lambda x, w: x @ w, backward, X, w, backward_inputs=True)
    assert len(report.failures) == 2
    assert not any("follow" in check.diagnosis for check in report.failures)
