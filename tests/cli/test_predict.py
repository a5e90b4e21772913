"""`minidl predict`."""

import csv
import json

import numpy as np
import pytest

from minidl import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Hinge,
    Linear,
    MeanSquaredError,
    Sequential,
    Sigmoid,
    SigmoidCrossEntropy,
    Softmax,
    SoftmaxCrossEntropy,
    Zeros,
)
from minidl.cli import main
from minidl.cli.preparation import read_preparation


@pytest.fixture
def images(tmp_path):
    """Return the paths of a black and a white image."""
    Image = pytest.importorskip("PIL.Image")
    paths = [tmp_path / "black.png", tmp_path / "white.jpg"]
    for path, value in zip(paths, (0, 255), strict=True):
        Image.fromarray(np.full((80, 100, 3), value, np.uint8)).save(path)
    return [str(path) for path in paths]


@pytest.fixture
def light(tmp_path):
    """Return the path of a network that classifies light images as cats."""
    model = Sequential([Linear(12288, 1, init=Zeros()), Sigmoid()], loss=BinaryCrossEntropy())
    model.layers[0].weight.value[...] = 4 / 12288
    model.layers[0].bias.value[...] = -2
    return str(model.save(tmp_path / "model.h5"))


def test_each_image_gets_its_class_and_probability(light, images, capsys):
    assert main(["predict", light, *images]) == 0
    header, black, white = capsys.readouterr().out.splitlines()
    assert header.split() == ["image", "prediction", "probability"]
    assert black.split() == [images[0], "non-cat", "0.881"]
    assert white.split() == [images[1], "cat", "0.881"]
    width = max(len(image) for image in images)
    assert header == f"{'image':{width}}  prediction  probability"
    assert black == f"{images[0]:{width}}     non-cat        0.881"
    assert white == f"{images[1]:{width}}         cat        0.881"


def test_predict_in_json_is_for_programs(light, images, capsys):
    assert main(["predict", light, *images, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["pictures"]
    assert [prediction["class"] for prediction in rows] == [0, 1]


def test_six_outputs_are_signs(tmp_path, images, capsys):
    model = Sequential([Linear(12288, 6, init=Zeros()), Softmax()], loss=CategoricalCrossEntropy())
    model.layers[0].bias.value[4] = 3
    assert main(["predict", str(model.save(tmp_path / "model.h5")), images[0]]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[1] == "4"


def test_logits_are_shown_as_probabilities(tmp_path, images, capsys):
    for outputs, loss, label, probability in (
        (1, SigmoidCrossEntropy(), "non-cat", 1 / (1 + np.exp(-3))),
        (6, SoftmaxCrossEntropy(), "4", np.exp(3) / (5 + np.exp(3))),
    ):
        model = Sequential([Linear(12288, outputs, init=Zeros())], loss=loss)
        model.layers[0].bias.value[min(4, outputs - 1)] = 3 if outputs > 1 else -3
        assert main(["predict", str(model.save(tmp_path / "model.h5")), images[0]]) == 0
        _, predicted, shown = capsys.readouterr().out.splitlines()[1].split()
        assert (predicted, float(shown)) == (label, pytest.approx(probability, abs=6e-4))


def test_scores_are_refused_since_they_are_no_probabilities(tmp_path, images, capsys):
    model = Sequential([Linear(12288, 6, init=Zeros())], loss=Hinge())
    assert main(["predict", str(model.save(tmp_path / "model.h5")), images[0]]) != 0
    assert "Hinge() does not predict probabilities: train under" in capsys.readouterr().err


def test_a_bad_image_is_reported_and_the_others_are_classified(light, images, tmp_path, capsys):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    assert main(["predict", light, str(bad), *images]) == 1
    out, err = capsys.readouterr()
    assert "bad.png" in err
    assert len(out.splitlines()) == 3


def test_numbers_that_are_not_finite_are_no_prediction(light, images, tmp_path, capsys):
    model = Sequential.load(light)
    model.layers[0].weight.value[:, ::2] = 3e38
    model.layers[0].weight.value[:, 1::2] = -3e38
    path = str(model.save(tmp_path / "model.h5"))
    assert main(["predict", path, images[1], "--json"]) == 1
    problem = f"must give finite numbers, but gives nan for {images[1]}: train it with"
    out, err = capsys.readouterr()
    assert out == ""
    assert problem in err


def test_the_first_number_that_is_not_finite_is_named(images, tmp_path, capsys):
    model = Sequential([Linear(12288, 3, init=Zeros())], loss=SoftmaxCrossEntropy())
    model.layers[0].weight.value[1] = -3e38
    model.layers[0].weight.value[2] = 3e38
    assert main(["predict", str(model.save(tmp_path / "model.h5")), images[1]]) == 1
    assert f"must give finite numbers, but gives -inf for {images[1]}" in capsys.readouterr().err


def test_a_network_without_classes_is_refused(images, tmp_path, capsys):
    model = Sequential([Linear(12288, 1)], loss=MeanSquaredError())
    assert main(["predict", str(model.save(tmp_path / "model.h5")), *images]) == 1
    assert "predicts classes, found the loss MeanSquaredError()" in capsys.readouterr().err


def test_a_network_for_other_data_is_refused(tmp_path, images, capsys):
    path = Sequential([Linear(2, 1), Sigmoid()], loss=BinaryCrossEntropy()).save(
        tmp_path / "model.h5"
    )
    assert main(["predict", str(path), *images]) == 1
    assert "64 x 64 x 3" in capsys.readouterr().err


@pytest.fixture(scope="module")
def flowers(tmp_path_factory, no_pictures):
    """Return the file of a network that was trained on a CSV file with names."""
    rng = np.random.default_rng(0)
    rows = ["length,width,kind"]
    rows += [
        f"{a:.3f},{1000 * b:.3f},{('daisy', 'rose', 'tulip')[k]}"
        for k in range(3)
        for a, b in rng.normal(5 * k, 1, (30, 2))
    ]
    folder = tmp_path_factory.mktemp("flowers")
    (folder / "flowers.csv").write_text("\n".join(rows))
    words = [str(folder / "flowers.csv"), "--epochs", "60", "--out", str(folder)]
    assert main(["train", *words, "--json"]) == 0
    return folder / "model.h5"


NEW = "0,0\n5,5000\n10,10000\n"


@pytest.mark.parametrize("header", ["", "length,width\n", "length,width,kind\n"])
def test_rows_of_a_csv_file_are_scaled_as_in_the_training(flowers, tmp_path, capsys, header):
    new = tmp_path / "new.csv"
    new.write_text(header + (NEW.replace("\n", ",rose\n") if "kind" in header else NEW))
    assert main(["predict", str(flowers), str(new)]) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert shown[0] == ["row", "prediction", "probability", "daisy", "rose", "tulip"]
    assert [cells[:2] for cells in shown[1:]] == [["1", "daisy"], ["2", "rose"], ["3", "tulip"]]
    for k, cells in enumerate(shown[1:]):
        assert float(cells[2]) == float(cells[3 + k]) > 0.9
        assert sum(map(float, cells[3:])) == pytest.approx(1, abs=0.002)


def test_predictions_are_those_of_the_training_s_own_scores(flowers, capsys):
    table = flowers.parent / "flowers.csv"
    assert main(["predict", str(flowers), str(table), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    kinds = [line.split(",")[2] for line in table.read_text().split()[1:]]
    right = sum(p["called"] == k for p, k in zip(found["predictions"], kinds, strict=True))
    scores = json.loads((flowers.parent / "results.json").read_text())
    assert right == round(72 * scores["train"]["accuracy"] + 18 * scores["test"]["accuracy"])
    assert scores["columns"] == ["length", "width", "kind"]


def test_predictions_are_written_as_csv(flowers, tmp_path, capsys):
    new, out = tmp_path / "new.csv", tmp_path / "predictions.csv"
    new.write_text(NEW)
    assert main(["predict", str(flowers), str(new), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"wrote 3 predictions in {out}\n"
    header, *rows = csv.reader(out.read_text().splitlines())
    names = ["daisy", "rose", "tulip"]
    assert header == ["row", "prediction", "probability", *(f"probability of {n}" for n in names)]
    model = Sequential.load(flowers)
    preparation = read_preparation(flowers, 2**20)
    X = np.array([[0.0, 0], [5, 5000], [10, 10000]])
    preparation.scaling.apply(X)
    np.testing.assert_array_equal([[*map(float, row[3:])] for row in rows], model.predict(X))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("width,length\n1,2\n", "column 1 must be 'length', found 'width'"),
        ("lenght,width\n1,2\n", "found 'lenght': did you mean length?"),
        ("1,2,3,4\n", "must have 2 finite numbers, which a class may follow, found 4 cells"),
    ],
)
def test_other_columns_than_those_of_the_training_are_refused(
    flowers, tmp_path, capsys, text, message
):
    new = tmp_path / "new.csv"
    new.write_text(text)
    assert main(["predict", str(flowers), str(new)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err


def test_a_network_of_your_own_gets_the_numbers_as_they_are(tmp_path, capsys):
    model = Sequential([Linear(2, 1, init=Zeros()), Sigmoid()], loss=BinaryCrossEntropy())
    model.layers[0].weight.value[...] = [[1, -1]]
    path, new = str(model.save(tmp_path / "model.h5")), tmp_path / "new.csv"
    new.write_text("a,b\n3,1\n1,3\n")
    assert main(["predict", path, str(new)]) == 0
    assert [line.split()[:3] for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["1", "1", "0.881"],
        ["2", "0", "0.881"],
    ]
    new.write_text("1,2,3\n")
    assert main(["predict", path, str(new)]) == 1
    assert f"{path}: must be a network for rows of {new}, but" in capsys.readouterr().err


def test_one_table_at_a_time(flowers, tmp_path, capsys):
    assert main(["predict", str(flowers), "a.csv", "b.png"]) == 1
    assert "one CSV file at a time, got 2 files" in capsys.readouterr().err


def test_points_are_predicted_too(tmp_path, capsys, no_pictures):
    assert main(["train", "moons", "--epochs", "30", "--out", str(tmp_path)]) == 0
    new = tmp_path / "points.csv"
    new.write_text("0.5,0\n0.5,1\n")
    capsys.readouterr()
    assert main(["predict", str(tmp_path / "model.h5"), str(new), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["predictions"]
    assert [one["called"] for one in found] == ["class 1", "class 0"]
