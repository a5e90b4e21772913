"""Rules of calls: the same twice, its argument untouched and followed, alone or not."""

import numpy as np
import pytest

from minidl import check_gradients
from minidl.gradcheck.functions.second_point import SecondPoint

X = np.random.default_rng(0).standard_normal((3, 4))


def cost(p):
    return np.tanh(p["W"]).sum() + (p["b"] ** 2).sum()


def right(p):
    return {"W": 1 - np.tanh(p["W"]) ** 2, "b": 2 * p["b"]}


PARAMETERS = {"W": X, "b": np.array([1.0, -2.0])}


class PilesUp:
    def __init__(self):
        self.total = {"W": 0.0, "b": 0.0}

    def __call__(self, p):
        self.total = {name: self.total[name] + g for name, g in right(p).items()}
        return self.total


class Late:
    """The gradient of the call before."""

    last = None

    def __call__(self, p):
        last, self.last = self.last, right(p)
        return last or self.last


def noisy(p, rng=np.random.default_rng(1)):  # noqa: B008
    return {name: g * (1 + 1e-9 * rng.standard_normal(g.shape)) for name, g in right(p).items()}


def writes(p):
    gradients = right(p)
    p["W"] -= 0.1 * gradients["W"]
    return gradients


def rebinds(p):
    gradients = right(p)
    p["b"] = p["b"] - 0.1 * gradients["b"]
    return gradients


def removes(p):
    return {"W": 1 - np.tanh(p.pop("W")) ** 2, "b": 2 * p["b"]}


def partly_stale(p, first=np.tanh(X) ** 2):  # noqa: B008
    return right(p) | {"W": 1 - np.tanh(p["W"]) * np.sqrt(first) * np.sign(X)}


BROKEN = {
    "piles up": (PilesUp, "the same twice", ["piles up", "W, b"]),
    "noisy": (lambda: noisy, "the same twice", ["random"]),
    "writes": (lambda: writes, "argument untouched", ["argument: W;"]),
    "rebinds": (lambda: rebinds, "argument untouched", ["argument: b;"]),
    "removes": (lambda: removes, "argument untouched", ["its structure"]),
    "stays": (
        lambda: lambda p: right(p) | {"W": 1 - np.tanh(X) ** 2},
        "follows its argument",
        ["at a second point 20% away", "for W,", "ignores its argument"],
    ),
    "late": (Late, "follows its argument", ["W, b", "stale"]),
    "partly stale": (lambda: partly_stale, "follows its argument", ["gradient of W is", "stale"]),
}


@pytest.mark.parametrize("method", ["auto", "central"])
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_fails_and_is_named(name, method):
    make, rule, words = BROKEN[name]
    settings = {"method": method, "epsilon": 1e-5} if method == "central" else {}
    report = check_gradients(cost, make(), PARAMETERS, **settings)
    assert [check.parameter for check in report.failures if check.term == "protocol"] == [rule]
    for word in words:
        assert word in report.checks[0].diagnosis
    assert report.checks[0].resolution == 0.0
    assert report.guilty is report.checks[0]


def test_a_random_gradient_is_compared_within_its_noise():
    report = check_gradients(cost, noisy, PARAMETERS)
    assert {check.parameter for check in report.failures} == {"the same twice"}
    assert all(1e-11 < check.resolution < 1e-6 for check in report.checks[1:])


def test_a_gradient_that_piles_up_and_is_wrong_fails_for_both():
    class Doubled(PilesUp):
        def __call__(self, p):
            self.total = {name: self.total[name] + 2 * g for name, g in right(p).items()}
            return self.total

    report = check_gradients(cost, Doubled(), PARAMETERS)
    assert {check.parameter for check in report.failures} == {"the same twice", "W", "b"}


@pytest.mark.parametrize("method", ["auto", "central"])
def test_a_right_gradient_breaks_no_rule(method):
    report = check_gradients(cost, right, PARAMETERS, method=method)
    assert report.ok
    assert not [check for check in report.checks if check.term == "protocol"]
    assert not [note for note in report.notes if "second point" in note or "alone" in note]


def test_a_wrong_gradient_that_follows_its_argument_breaks_no_rule():
    report = check_gradients(cost, lambda p: right(p) | {"W": 1 - np.tanh(p["W"])}, PARAMETERS)
    assert [check.parameter for check in report.failures] == ["W"]


def test_what_cannot_be_asked_of_arrays_is_noted():
    report = check_gradients(cost, right(PARAMETERS), PARAMETERS)
    assert report.ok
    assert any(note.startswith("not asked, as the gradients are arrays") for note in report.notes)


def test_a_gradient_that_goes_back_from_the_last_forward_is_right_and_noted():
    seen = {}

    def remembering(p):
        seen.update(W=np.tanh(p["W"]).real, b=p["b"].real)
        return cost(p)

    report = check_gradients(
        remembering, lambda p: {"W": 1 - seen["W"] ** 2, "b": 2 * seen["b"]}, PARAMETERS
    )
    assert report.ok
    assert any("goes back from the last forward pass" in note for note in report.notes)


def test_a_gradient_that_raises_alone_is_noted():
    seen = []

    def remembering(p):
        seen[:] = [p["b"].real]
        return cost(p)

    def gradients(p):
        if not np.array_equal(seen[0], p["b"]):
            raise ValueError("another point")
        return right(p)

    report = check_gradients(remembering, gradients, PARAMETERS)
    assert report.ok
    assert any("before, raises ValueError" in note for note in report.notes)


def test_a_cost_that_writes_into_its_argument_is_noted_by_name():
    def writing(p):
        value = cost(p)
        p["b"] *= 0
        return value

    report = check_gradients(writing, right, PARAMETERS)
    assert report.ok
    assert "cost writes into its argument: b; it got copies here" in report.notes


def test_a_function_of_one_point_alone_is_noted():
    def one_point(p):
        return (p**3).sum() if np.abs(p.real - X).max() < 1e-3 else np.nan

    report = check_gradients(one_point, lambda p: 3 * p**2, X)
    assert not report.failures
    assert any("not asked at a second point" in note for note in report.notes)


def test_an_array_that_the_cost_ignores_is_told():
    report = check_gradients(
        lambda p: (p["a"] ** 2).sum(),
        lambda p: {"a": 2 * p["a"], "b": 0 * p["b"]},
        {"a": X, "b": X},
    )
    assert report.ok
    assert "the cost does not change with b, neither here nor nearby: is it used?" in report.notes


def test_arrays_that_are_wrong_here_are_not_asked_at_a_second_point(monkeypatch):
    asked = []

    def wrong_arrays(second, resolutions):
        asked.append(sorted(resolutions))
        return []

    monkeypatch.setattr(SecondPoint, "wrong_arrays", wrong_arrays)
    check_gradients(cost, lambda p: {**right(p), "W": 2 * right(p)["W"]}, PARAMETERS)
    check_gradients(cost, right, PARAMETERS)
    assert asked == [[1], [0, 1]]


@pytest.mark.parametrize("size", [0.0, 1e-6])
def test_chance_within_rounding_is_told_and_is_no_trace_of_the_last_forward_pass(size):
    rng = np.random.default_rng(0)

    def gradient(p):
        return np.cos(p.astype(np.float32)) * (1 + size * rng.standard_normal(p.shape))

    report = check_gradients(
        lambda p: float(np.sin(p.astype(np.float32)).sum()),
        lambda p: gradient(p).astype(np.float32),
        X,
    )
    assert report.ok
    assert any("random" in note for note in report.notes) == (size > 0)
    assert not any("last forward pass" in note for note in report.notes)
