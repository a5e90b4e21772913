import json
import os
import signal
import sys

import numpy as np
import pytest

from minidl import (
    Adam,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Cosine,
    ExponentialDecay,
    GradientChecker,
    GradientDescent,
    Linear,
    MeanSquaredError,
    Nesterov,
    Sequential,
    Sigmoid,
    Softmax,
    StepDecay,
    Tanh,
    Zeros,
)
from minidl.cli import commands, main, nets
from minidl.data import write_cats


@pytest.fixture
def results(capsys):
    """Return a function that trains and returns the JSON on stdout."""

    def trained(*words):
        assert main(["train", *map(str, words), "--json"]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return json.loads(out)

    return trained


@pytest.mark.parametrize(
    ("name", "classes", "network"),
    [("moons", 2, "2-16-16-1"), ("circles", 2, "2-16-16-1"), ("blobs", 3, "2-16-3")],
)
def test_the_points_of_the_plane_are_learned(results, name, classes, network):
    found = results(name)
    assert found["network"] == network
    assert np.array(found["confusion"]).shape == (classes, classes)
    assert np.sum(found["confusion"]) == 100
    assert np.trace(found["confusion"]) / 100 == pytest.approx(found["test"]["accuracy"])
    assert found["test"]["accuracy"] > 0.85 > found["majority"]["test"]
    assert found["epochs"] == len(found["loss"])
    assert not found["interrupted"]


def test_the_same_seed_gives_the_same_numbers(results):
    first, second, third = (results("moons", "--epochs", 3, "--seed", seed) for seed in (2, 2, 3))
    assert first["loss"] == second["loss"] != third["loss"]


def test_every_option_arrives(results):
    words = [
        "--layers",
        "8,4",
        "--activation",
        "tanh",
        "--init",
        "xavier",
        "--l2",
        0.5,
        "--keep-prob",
        0.9,
        "--dtype",
        "float64",
    ]
    words += [
        "--optimizer",
        "momentum",
        "--learning-rate",
        0.05,
        "--batch-size",
        10,
        "--epochs",
        4,
        "--seed",
        7,
    ]
    words += ["--points", 60, "--noise", 0]
    found = results("moons", *words)
    settings = found["settings"]
    assert found["network"] == "2-8-4-1"
    assert sum(map(sum, found["confusion"])) == 15
    expected = {
        "layers": [8, 4],
        "activation": "tanh",
        "l2": 0.5,
        "keep_prob": 0.9,
        "dtype": "float64",
        "optimizer": "momentum",
    }
    expected |= {
        "learning_rate": 0.05,
        "batch_size": 10,
        "epochs": 4,
        "seed": 7,
        "noise": 0.0,
        "init": "xavier",
    }
    assert {name: settings[name] for name in expected} == expected


TIMETABLES = {
    "constant": 0.2,
    "step": StepDecay(0.2, decay_steps=40),
    "exponential": ExponentialDecay(0.2, decay_steps=120, factor=0.01),
    "cosine": Cosine(0.2, decay_steps=120),
}


@pytest.mark.parametrize("schedule", TIMETABLES)
def test_a_schedule_spans_the_training(monkeypatch, schedule):
    made = []
    monkeypatch.setattr(
        commands,
        "make_optimizer",
        lambda *given, make=commands.make_optimizer: made.append(make(*given)) or made[-1],
    )
    words = [
        "train",
        "moons",
        "--points",
        "100",
        "--epochs",
        "40",
        "--learning-rate",
        "0.2",
        "--schedule",
        schedule,
        "--json",
    ]
    assert main(words) == 0  # 75 rows in batches of 32: 3 steps per epoch
    assert main([*words, "--warm-up", "8", "--optimizer", "nesterov", "--clip-norm", "2"]) == 0
    (alone, warm), expected = made, TIMETABLES[schedule]
    assert type(alone) is Adam
    assert type(warm) is Nesterov
    assert (alone.schedule or alone.learning_rate) == expected
    assert alone.clip_norm is None
    assert warm.clip_norm == 2
    assert [warm.schedule(step) for step in (0, 23)] == [pytest.approx(0.2 / 24), 0.2]
    assert (
        warm.schedule.after
        == {
            "constant": 0.2,
            "step": StepDecay(0.2, decay_steps=32),
            "exponential": ExponentialDecay(0.2, decay_steps=96, factor=0.01),
            "cosine": Cosine(0.2, decay_steps=96),
        }[schedule]
    )


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
def test_every_optimizer_learns_at_its_usual_rate(results, optimizer):
    loss = results("moons", "--optimizer", optimizer, "--epochs", 30)["loss"]
    assert loss[-1] < 0.7 * loss[0]


def test_a_rise_must_end_before_the_training(capsys, tmp_path):
    assert (
        main(["train", "moons", "--epochs", "5", "--warm-up", "5", "--out", str(tmp_path / "out")])
        == 1
    )
    assert (
        capsys.readouterr().err
        == "minidl train: --warm-up must be less than --epochs, got 5 of 5\n"
    )
    assert not (tmp_path / "out").exists()


def test_cats_from_a_folder(results, tmp_path):
    write_cats(tmp_path / "data")
    found = results(
        "cats",
        "--data",
        tmp_path / "data",
        "--epochs",
        2,
        "--layers",
        "none",
        "--out",
        tmp_path / "out",
    )
    assert found["network"] == "12288-1"
    assert found["majority"]["test"] == pytest.approx(0.66)
    assert "unverified" in found["source"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "model.h5",
        "results.json",
        "cost.png",
        "confusion.png",
        "misclassified.png",
    }


def test_the_pictures_show_something_and_the_table_is_aligned(capsys, tmp_path):
    image = pytest.importorskip("matplotlib.image")
    assert main(["train", "blobs", "--epochs", "30", "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (
        lines[-1]
        == f"wrote model.h5, results.json, cost.png, confusion.png, boundary.png in {tmp_path}"
    )
    assert len({len(line) for line in lines if "really" in line or "called" in line}) == 1
    assert (
        len({len(line) for line in lines if line.startswith(("always", "accuracy", "loss"))}) == 1
    )
    for name in ("cost.png", "confusion.png", "boundary.png"):
        pixels = image.imread(tmp_path / name)[..., :3]
        assert min(pixels.shape[:2]) > 200
        assert pixels.std() > 0.05
    assert json.loads((tmp_path / "results.json").read_text())["set"] == "blobs"


def test_without_matplotlib_the_numbers_come_and_the_pip_line(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(["train", "moons", "--epochs", "2", "--out", str(tmp_path)]) == 0
    assert "no pictures: " in (err := capsys.readouterr().err)
    assert "pip install" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.h5", "results.json"]


def test_an_impossible_out_folder_is_told_before_the_training(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    assert main(["train", "moons", "--out", str(tmp_path / "file")]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1


def test_a_training_that_diverges_is_one_line(capsys):
    assert (
        main(["train", "blobs", "--optimizer", "gd", "--learning-rate", "1e30", "--epochs", "5"])
        == 1
    )
    assert "Try a smaller learning rate" in capsys.readouterr().err


def test_ctrl_c_brings_the_best_epoch_back(capsys, monkeypatch):
    class Impatient(GradientDescent):
        """Trains for two epochs with a good rate, spoils all in the third, and presses Ctrl-C in the fourth."""

        def update(self, theta, grad):
            self.count = getattr(self, "count", 0) + 1
            if self.count == 31:
                raise KeyboardInterrupt
            if self.count <= 20:
                kept[:] = [theta - self.learning_rate * grad] if self.count == 20 else []
            theta -= (self.learning_rate if self.count <= 20 else -0.5) * grad

    kept = []
    models = []
    build = commands.build
    monkeypatch.setattr(commands, "build", lambda *words: models.append(build(*words)) or models[0])
    monkeypatch.setattr(commands, "make_optimizer", lambda options, rows: Impatient(0.1))
    assert (
        main(["train", "moons", "--json", "--epochs", "9", "--points", "400", "--batch-size", "30"])
        == 130
    )
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert err == "minidl train: interrupted\n"
    assert (found["interrupted"], found["epochs"], found["epoch"]) == (True, 3, 2)
    assert np.array_equal(models[0].parameters.theta, kept[0])


def test_ctrl_c_in_the_first_epoch_has_no_results(capsys, monkeypatch, tmp_path):
    class Now(GradientDescent):
        def update(self, theta, grad):
            raise KeyboardInterrupt

    monkeypatch.setattr(commands, "make_optimizer", lambda options, rows: Now(0.1))
    assert main(["train", "moons", "--json", "--out", str(tmp_path)]) == 130
    assert capsys.readouterr() == ("", "minidl train: interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_a_csv_file_is_learned(results, tmp_path):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 90)
    x = rng.normal(size=(90, 4)) * [1, 1000, 0.001, 0] + np.outer(labels, [4, 4000, 0.004, 0])
    names = np.array(["rose", "tulip", "daisy"])
    rows = [
        "a,b,c,d,flower",
        *(",".join([*map(repr, row.tolist()), names[k]]) for row, k in zip(x, labels, strict=True)),
    ]
    (tmp_path / "flowers.csv").write_text("\n".join(rows))
    found = results(tmp_path / "flowers.csv")
    assert found["classes"] == ["daisy", "rose", "tulip"]
    assert found["network"] == "4-16-3"
    assert sum(map(sum, found["confusion"])) == 18
    assert found["test"]["accuracy"] > 0.9


def test_a_stopped_training_goes_on_by_the_same_command(results, tmp_path, monkeypatch, capsys):
    words = ["moons", "--epochs", 6, "--keep-prob", 0.8]
    whole = results(*words)

    class Stops(commands.BestSoFar):
        def on_gradient(self, run):
            if (run.epoch, run.batch) == (4, 2):
                os.kill(os.getpid(), signal.SIGINT)

    words += ["--checkpoint", tmp_path / "run.h5"]
    with monkeypatch.context() as patch:
        patch.setattr(commands, "BestSoFar", Stops)
        Stops.__name__ = "BestSoFar"  # a callback's state is kept under its class
        assert main(["train", *map(str, words)]) == 130
    out = capsys.readouterr().out
    assert "interrupted after 3 epochs; what follows is about epoch" in out
    assert f"{tmp_path / 'run.h5'} holds the training: the same command goes on" in out
    rest = results(*words)
    assert rest["loss"] == whole["loss"]
    assert rest["test"] == whole["test"]
    assert not rest["interrupted"]
    assert results(*words)["test"] == whole["test"]  # once more: it is complete already


# evaluate


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return the folder of a network that was trained on the moons, and its results."""
    folder = tmp_path_factory.mktemp("moons")
    assert main(["train", "moons", "--epochs", "30", "--out", str(folder)]) == 0
    return folder, json.loads((folder / "results.json").read_text())


def test_a_saved_network_is_as_good_as_it_was(saved, capsys):
    folder, results = saved
    assert main(["evaluate", str(folder / "model.h5"), "moons", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    for name in ("train", "test", "confusion", "majority", "network", "parameters"):
        assert found[name] == results[name], name


def test_other_points_give_other_numbers(saved, capsys):
    folder, results = saved
    assert main(["evaluate", str(folder / "model.h5"), "moons", "--noise", "1", "--seed", "5"]) == 0
    out = capsys.readouterr().out
    assert "noise 1, seed 5" in out
    assert f"{results['test']['accuracy']:.3f}" not in out.splitlines()[4]


@pytest.mark.parametrize(
    ("words", "message"),
    [(["blobs"], "must answer the 3 classes of blobs, found 1"), (["signs"], "features")],
)
def test_a_set_that_does_not_fit_is_refused(saved, capsys, words, message):
    assert main(["evaluate", str(saved[0] / "model.h5"), *words]) == 1
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_a_network_without_classes_is_refused(tmp_path, capsys):
    path = Sequential([Linear(2, 1)], loss=MeanSquaredError()).save(tmp_path / "model.h5")
    assert main(["evaluate", str(path), "moons"]) == 1
    assert "classes of moons" in capsys.readouterr().err


def test_a_missing_network_is_named(tmp_path, capsys):
    assert main(["evaluate", str(tmp_path / "none.h5"), "moons"]) == 1
    assert "none.h5" in capsys.readouterr().err


# predict


@pytest.fixture
def pictures(tmp_path):
    """Return the paths of a black and of a white picture."""
    Image = pytest.importorskip("PIL.Image")
    paths = [tmp_path / "black.png", tmp_path / "white.jpg"]
    for path, value in zip(paths, (0, 255), strict=True):
        Image.fromarray(np.full((80, 100, 3), value, np.uint8)).save(path)
    return [str(path) for path in paths]


@pytest.fixture
def light(tmp_path):
    """Return the path of a network that calls light pictures cats."""
    model = Sequential([Linear(12288, 1, init=Zeros()), Sigmoid()], loss=BinaryCrossEntropy())
    model.layers[0].weight.value[...] = 4 / 12288
    model.layers[0].bias.value[...] = -2
    return str(model.save(tmp_path / "model.h5"))


def test_each_picture_gets_its_class_and_probability(light, pictures, capsys):
    assert main(["predict", light, *pictures]) == 0
    header, black, white = capsys.readouterr().out.splitlines()
    assert header.split() == ["picture", "called", "probability"]
    assert black.split() == [pictures[0], "non-cat", "0.881"]
    assert white.split() == [pictures[1], "cat", "0.881"]


def test_predict_in_json_is_for_programs(light, pictures, capsys):
    assert main(["predict", light, *pictures, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["pictures"]
    assert [row["class"] for row in rows] == [0, 1]


def test_six_outputs_are_signs(tmp_path, pictures, capsys):
    model = Sequential([Linear(12288, 6, init=Zeros()), Softmax()], loss=CategoricalCrossEntropy())
    model.layers[0].bias.value[4] = 3
    assert main(["predict", str(model.save(tmp_path / "model.h5")), pictures[0]]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[1] == "4"


def test_a_bad_picture_is_told_and_the_others_are_answered(light, pictures, tmp_path, capsys):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    assert main(["predict", light, str(bad), *pictures]) == 1
    out, err = capsys.readouterr()
    assert "bad.png" in err
    assert len(out.splitlines()) == 3


def test_a_network_for_something_else_sees_no_pictures(tmp_path, pictures, capsys):
    path = Sequential([Linear(2, 1), Sigmoid()], loss=BinaryCrossEntropy()).save(
        tmp_path / "model.h5"
    )
    assert main(["predict", str(path), *pictures]) == 1
    assert "64 x 64 x 3" in capsys.readouterr().err


# check


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
    monkeypatch.setitem(nets.ACTIVATIONS, "tanh", WrongTanh)
    assert main(["check", "moons", "--layers", "4", "--activation", "tanh"]) == 1
    out = capsys.readouterr().out
    assert "FAILED" in out
    assert "2.000 x numeric" in out


@pytest.mark.parametrize("wrong", [False, True])
def test_check_in_json(capsys, monkeypatch, wrong):
    if wrong:
        monkeypatch.setitem(nets.ACTIVATIONS, "tanh", WrongTanh)
    assert main(["check", "moons", "--layers", "4", "--activation", "tanh", "--json"]) == int(wrong)
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is not wrong
    assert report["network"] == "2-4-1"
    assert (report["guilty"] is not None) == wrong


@pytest.mark.parametrize("wanted", [False, True])
def test_exhaustive_arrives(monkeypatch, wanted):
    asked = []
    check = GradientChecker.check
    monkeypatch.setattr(
        GradientChecker,
        "check",
        lambda self, X, Y, *, exhaustive: asked.append(exhaustive) or check(self, X, Y),
    )
    assert main(["check", "moons", "--layers", "2", *(["--exhaustive"] if wanted else [])]) == 0
    assert asked == [wanted]
