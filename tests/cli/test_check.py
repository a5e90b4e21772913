"""`minidl check`."""

import json

import pytest

from minidl import GradientChecker, Tanh
from minidl.cli import main, network_options


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
    monkeypatch.setitem(network_options.ACTIVATIONS, "tanh", WrongTanh)
    assert main(["check", "moons", "--layers", "4", "--activation", "tanh"]) == 1
    out = capsys.readouterr().out
    assert "FAILED" in out
    assert "2.000 x numeric" in out


@pytest.mark.parametrize("has_bug", [False, True])
def test_check_in_json(capsys, monkeypatch, has_bug):
    if has_bug:
        monkeypatch.setitem(network_options.ACTIVATIONS, "tanh", WrongTanh)
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


@pytest.mark.parametrize(
    "option",
    [
        "epochs",
        "optimizer",
        "learning-rate",
        "schedule",
        "warm-up",
        "clip-norm",
        "batch-size",
        "dtype",
        "out",
    ],
)
def test_options_of_a_training_are_refused_and_not_ignored(capsys, option):
    with pytest.raises(SystemExit) as end:
        main(["check", "moons", f"--{option}", "1"])
    assert end.value.code == 2
    assert f"unrecognized arguments: --{option} 1" in capsys.readouterr().err


def test_every_setting_of_a_check_is_used(monkeypatch):
    made = {}

    class Made(GradientChecker):
        def __init__(self, model, **options):
            super().__init__(model, **options)
            made.update(options, dtype=model.dtype, layers=model.layers)

        def check(self, X, Y, **options):
            made.update(options, shape=X.shape)
            return super().check(X, Y, **options)

    monkeypatch.setattr("minidl.cli.check.GradientChecker", Made)
    words = "check moons --layers 3 --method central --epsilon 1e-4 --seed 5 --examples 2"
    assert main(words.split()) == 0
    expected = {"method": "central", "epsilon": 1e-4, "seed": 5, "exhaustive": False}
    assert expected.items() <= made.items()
    assert made["shape"] == (2, 2)
    assert made["dtype"] == "float64"
    assert made["layers"][0].weight.shape == (3, 2)


def test_a_step_without_the_method_that_has_one_is_refused(capsys):
    assert main(["check", "moons", "--epsilon", "1e-4"]) == 1
    rule = "--epsilon is the step of --method central, got it with auto"
    assert capsys.readouterr().err.startswith(f"minidl check: {rule}")


@pytest.mark.parametrize(
    ("name", "words", "layer"),
    [
        ("cats", "conv 2 8 stride=8, relu, flatten, linear 1", "1 Conv2D(3, 2, 8, stride=8)"),
        ("moons", "reshape 2x1, gru 3 return_sequences=false, linear 1", "1 GRU(1, 3"),
    ],
)
def test_check_of_a_network_in_words(name, words, layer, folder, capsys):
    data = ["--data", str(folder)] if name == "cats" else []
    assert main(["check", name, *data, "--net", words, "--examples", "2"]) == 0
    out = capsys.readouterr().out
    assert layer in out
    assert "\nok: " in out


@pytest.mark.parametrize("has_bug", [False, True])
def test_the_report_as_a_page(capsys, monkeypatch, tmp_path, has_bug):
    if has_bug:
        monkeypatch.setitem(network_options.ACTIVATIONS, "tanh", WrongTanh)
    path = tmp_path / "new" / "check.html"
    words = ["check", "moons", "--layers", "4", "--activation", "tanh", "--html", str(path)]
    assert main(words) == int(has_bug)
    assert capsys.readouterr().out.endswith(f"wrote {path}\n")
    html = path.read_text("utf-8")
    assert ("it looks like an extra factor of 2" in html) == has_bug
    assert ("Map of layer 1 WrongTanh()" in html) == has_bug
    assert ("bugs that were injected into this model were detected" in html) != has_bug
    assert "<dt>activation</dt><dd>tanh</dd>" in html
    assert main([*words, "--json"]) == int(has_bug)
    assert json.loads(capsys.readouterr().out)["ok"] is not has_bug


def test_a_page_that_cannot_be_written_is_told_before_the_check(capsys, tmp_path):
    for name, problem in (("check.pdf", "must be a path that ends in .html"), ("", "must be a")):
        with pytest.raises(SystemExit):
            main(["check", "moons", "--html", name])
        assert problem in capsys.readouterr().err
    (tmp_path / "folder.html").mkdir()
    assert main(["check", "moons", "--html", str(tmp_path / "folder.html")]) == 1
    assert capsys.readouterr().out == ""
