"""`minidl predict`."""

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
