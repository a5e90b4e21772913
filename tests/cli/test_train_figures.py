"""The figures of `minidl train --out`."""

import json

import numpy as np
import pytest

from minidl import (
    BinaryCrossEntropy,
    Conv2D,
    Flatten,
    History,
    Linear,
    MissingDependencyError,
    ReLU,
    Reshape,
    Sequential,
    Sigmoid,
    Zeros,
    plots,
)
from minidl.cli import main, make_parser
from minidl.cli.dataset_options import LoadedDataset, load_dataset
from minidl.cli.train_figures import train_figures, write_figures

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure

FIGURES = ("cost.png", "confusion.png", "boundary.png")


@pytest.fixture
def table(tmp_path):
    """Return a function that writes a CSV file of two classes and returns its path."""

    def write(*names, file="table.csv"):
        rows = [f'{i % 7},{i % 5 + i % 2},"{names[i % len(names)]}"\n' for i in range(40)]
        path = tmp_path / file
        path.write_text("".join(rows), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    "names", [(r"$\frac{$", "b$"), ("$5-$10", "_a"), ("\x1b]0;X\x07", r"\$x_1$\alpha")]
)
def test_hostile_names_are_drawn(table, tmp_path, capsys, names):
    out = tmp_path / "out"
    path = table(*names, file="$x_$ \x1b.csv")
    assert main(["train", str(path), "--epochs", "1", "--out", str(out)]) == 0
    shown, err = capsys.readouterr()
    assert err == ""
    assert all(line.isprintable() for line in shown.splitlines())
    assert all((out / name).stat().st_size > 5_000 for name in FIGURES)
    assert set(json.loads((out / "results.json").read_text())["classes"]) == set(names)


@pytest.mark.parametrize("name", ["日本語", "עברית", "हिन्दी"])
def test_letters_that_the_font_lacks_are_no_error(tmp_path, capsys, name):
    """Warnings are errors in tests."""

    def draw():
        axes = Figure(figsize=(1, 1)).subplots()
        axes.set_title(name)
        return axes

    assert write_figures(tmp_path, {"a.png": draw}) == (["a.png"], 0)
    assert capsys.readouterr().err == ""


def test_a_figure_that_fails_loses_nothing_else(table, tmp_path, capsys, monkeypatch):
    def broken(*arguments, **options):
        raise ZeroDivisionError("of\n\x1b")

    monkeypatch.setattr(plots, "confusion_matrix", broken)
    out = tmp_path / "out"
    words = ["train", str(table("a", "b")), "--epochs", "1", "--out", str(out)]
    assert main(words) == 1
    shown, err = capsys.readouterr()
    problem = r"unexpected ZeroDivisionError: of \x1b"
    assert err == f"minidl train: no figure confusion.png: {problem}\n"
    names = "model.h5, results.json, settings.toml, report.html, cost.png, boundary.png"
    assert shown.endswith(f"wrote {names} in {out}\n")
    written = {
        "model.h5",
        "results.json",
        "settings.toml",
        "report.html",
        "cost.png",
        "boundary.png",
    }
    assert {path.name for path in out.iterdir()} == written
    Sequential.load(out / "model.h5")
    assert main([*words, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["epochs"] == 1


def test_without_matplotlib_there_are_no_figures_which_is_no_failure(tmp_path, capsys):
    def missing():
        raise MissingDependencyError("needs matplotlib")

    assert write_figures(tmp_path, {"a.png": missing, "b.png": missing}) == ([], 0)
    assert capsys.readouterr().err == "minidl train: no figures: needs matplotlib\n"


def test_only_two_features_have_a_plane(tmp_path, capsys):
    path, out = tmp_path / "table.csv", tmp_path / "out"
    path.write_text("".join(f"{i % 7},{i % 5},{i % 3},{i % 2}\n" for i in range(40)))
    assert main(["train", str(path), "--epochs", "1", "--out", str(out)]) == 0
    assert {file.name for file in out.glob("*.png")} == {"cost.png", "confusion.png"}
    assert capsys.readouterr().err == ""


def test_a_misclassified_image_has_the_probability_of_what_was_predicted():
    model = Sequential([Linear(12, 1, init=Zeros()), Sigmoid()], loss=BinaryCrossEntropy())
    model.layers[0].bias.value[...] = -np.log(9)  # class 1 has 10 %, so class 0 has 90 %
    rows, images = np.zeros((2, 12)), np.zeros((2, 2, 2, 3), np.uint8)
    sets = (rows, np.array([[0.0], [1.0]]))
    dataset = LoadedDataset("cats", "drawn", ("non-cat", "cat"), sets, sets, test_images=images)
    axes = train_figures(model, History(), dataset)["misclassified.png"]()
    assert "90" in axes.get_title()


@pytest.mark.parametrize("activation", [[ReLU()], []])
def test_a_convolution_that_comes_first_is_drawn_with_what_it_gives(tmp_path, activation):
    layers = [Reshape((9, 9, 3)), Conv2D(3, 2, 5), *activation, Flatten(), Linear(50, 1), Sigmoid()]
    model = Sequential(layers, loss=BinaryCrossEntropy())
    sets = np.random.default_rng(0).random((2, 243)), np.zeros((2, 1))
    figures = train_figures(model, History(), LoadedDataset("a", "", ("b", "c"), sets, sets))
    drawn = {name: figures[name] for name in ("filters.png", "feature_maps.png")}
    assert write_figures(tmp_path, drawn) == ([*drawn], 0)
    assert all((tmp_path / name).stat().st_size > 5_000 for name in drawn)
    axes = drawn["feature_maps.png"]()
    assert axes.get_title() == "input"  # in the shape of the pictures
    np.testing.assert_allclose(axes.images[0].get_array(), sets[0][0].reshape(9, 9, 3))
    layer = "2, ReLU()" if activation else "1, Conv2D(3, 2, 5)"
    assert f"Outputs of layer {layer}" in axes.figure.get_suptitle()


@pytest.mark.parametrize("layers", [[Reshape((2,)), Linear(2, 1)], [Linear(2, 1)]])
def test_other_networks_have_no_filters(layers):
    model = Sequential([*layers, Sigmoid()], loss=BinaryCrossEntropy())
    sets = np.zeros((2, 2)), np.zeros((2, 1))
    figures = train_figures(model, History(), LoadedDataset("a", "", ("b", "c"), sets, sets))
    assert not {"filters.png", "feature_maps.png"} & figures.keys()


def test_the_axes_have_the_names_of_the_columns(tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "table.csv"
    rows = "".join(f"{i % 7},{i % 5},{'ab'[i % 2]}\n" for i in range(40))
    path.write_text(f"petal $length,{'w' * 50},kind\n{rows}")
    dataset = load_dataset(make_parser().parse_args(["train", str(path)]))
    model = Sequential([Linear(2, 1), Sigmoid()], loss=BinaryCrossEntropy())
    axes = train_figures(model, History(), dataset)["boundary.png"]()
    assert axes.get_xlabel() == "petal $length, scaled"
    assert axes.get_ylabel() == f"{'w' * 23}…, scaled"
    assert not axes.xaxis.label.get_parse_math()


def test_the_dashed_curve_is_that_of_the_test_and_the_plane_is_shaded():
    model = Sequential([Linear(2, 1), Sigmoid()], loss=BinaryCrossEntropy())
    sets = np.eye(2), np.array([[0.0], [1.0]])
    history = History()
    history.add({"loss": 0.7, "val_loss": 0.8})
    figures = train_figures(model, history, LoadedDataset("a", "", ("b", "c"), sets, sets))
    labels = [text.get_text() for text in figures["cost.png"]().get_legend().get_texts()]
    assert labels == ["training", "test"]
    assert figures["boundary.png"]().get_images()
