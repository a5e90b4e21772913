"""`minidl check`."""

import json

import pytest

from minidl import GradientChecker, Tanh
from minidl.cli import main, model_options


class WrongTanh(Tanh):
    def backward(self, dy):
        return 2 * super().backward(dy)


@pytest.mark.parametrize(
    "words",
    [
        "moons --layers 5,3",
        "circles --layers 4 --activation tanh --keep-prob 0.8 --l2 0.7",
        "blobs --layers 4 --activation leaky-relu --init xavier",
        "moons --layers none --activation sigmoid --examples 2",
        "moons --layers 3 --activation tanh --method central --epsilon 1e-5",
    ],
)
def test_a_right_network_passes_with_status_0(capsys, words):
    assert main(["check", *words.split()]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("source  drawn")
    assert "checks passed" in out


def test_a_wrong_gradient_is_status_1_and_named(capsys, monkeypatch):
    monkeypatch.setitem(model_options.ACTIVATIONS, "tanh", WrongTanh)
    assert main(["check", "moons", "--layers", "4", "--activation", "tanh"]) == 1
    out = capsys.readouterr().out
    assert "FAILED" in out
    assert "2.000 x numeric" in out


@pytest.mark.parametrize("has_bug", [False, True])
def test_check_in_json(capsys, monkeypatch, has_bug):
    if has_bug:
        monkeypatch.setitem(model_options.ACTIVATIONS, "tanh", WrongTanh)
    assert main(["check", "moons", "--layers", "4", "--activation", "tanh", "--json"]) == int(
        has_bug
    )
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is not has_bug
    assert report["network"] == "2-4-1"
    assert (report["guilty"] is not None) == has_bug


@pytest.mark.parametrize("wanted", [False, True])
def test_exhaustive_is_passed_on(monkeypatch, wanted):
    asked = []
    check = GradientChecker.check
    monkeypatch.setattr(
        GradientChecker,
        "check",
        lambda self, X, Y, *, exhaustive: asked.append(exhaustive) or check(self, X, Y),
    )
    assert main(["check", "moons", "--layers", "2", *(["--exhaustive"] if wanted else [])]) == 0
    assert asked == [wanted]


def test_what_is_unresolved_is_status_3(capsys, monkeypatch):
    check = GradientChecker.check

    def doubtful(self, X, Y, *, exhaustive):
        report = check(self, X, Y, exhaustive=exhaustive)
        report.checks[-1].verdict = "unresolved"
        return report

    monkeypatch.setattr(GradientChecker, "check", doubtful)
    assert main(["check", "moons", "--layers", "2"]) == 3
    assert "UNRESOLVED" in capsys.readouterr().out
