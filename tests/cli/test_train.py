"""`minidl train`."""

import json
import os
import signal
import sys

import numpy as np
import pytest
from mpi_ranks import run_mpi

from minidl import (
    Adam,
    Cosine,
    ExponentialDecay,
    GradientDescent,
    InverseTimeDecay,
    Nesterov,
    Sequential,
    StepDecay,
)
from minidl.cli import main, train
from minidl.cli.defaults import OPTIMIZERS
from minidl.data import write_cats


@pytest.mark.parametrize(
    ("name", "classes", "network"),
    [
        ("moons", 2, "2-16-16-1"),
        ("circles", 2, "2-16-16-1"),
        ("blobs", 3, "2-16-3"),
        ("flower", 2, "2-16-16-1"),
    ],
)
def test_points_in_the_plane_are_learned(results, name, classes, network):
    outcome = results(name)
    assert outcome["network"] == network
    assert np.array(outcome["confusion"]).shape == (classes, classes)
    assert np.sum(outcome["confusion"]) == 100
    assert np.trace(outcome["confusion"]) / 100 == pytest.approx(outcome["test"]["accuracy"])
    assert outcome["test"]["accuracy"] > 0.85 > outcome["majority"]["test"]
    assert outcome["epochs"] == len(outcome["loss"])
    assert not outcome["interrupted"]


def test_the_same_seed_gives_the_same_numbers(results):
    first, second, third = (results("moons", "--epochs", 3, "--seed", seed) for seed in (2, 2, 3))
    assert first["loss"] == second["loss"] != third["loss"]


def test_every_option_is_used(results):
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
    outcome = results("moons", *words)
    settings = outcome["settings"]
    assert outcome["network"] == "2-8-4-1"
    assert sum(map(sum, outcome["confusion"])) == 15
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
    "inverse-time": InverseTimeDecay(0.2, decay=9 / 120),
    "cosine": Cosine(0.2, decay_steps=120),
}


@pytest.mark.parametrize("schedule", TIMETABLES)
def test_a_schedule_spans_the_training(monkeypatch, schedule):
    made = []
    monkeypatch.setattr(
        train,
        "make_optimizer",
        lambda *arguments, make=train.make_optimizer: made.append(make(*arguments)) or made[-1],
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
            "inverse-time": InverseTimeDecay(0.2, decay=9 / 96),
            "cosine": Cosine(0.2, decay_steps=96),
        }[schedule]
    )


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
def test_every_optimizer_learns_at_its_default_rate(results, optimizer):
    loss = results("moons", "--optimizer", optimizer, "--epochs", 30)["loss"]
    assert loss[-1] < 0.7 * loss[0]


def test_a_training_that_has_converged_is_complete(results, capsys, tmp_path):
    words = ["moons", "--optimizer", "lbfgs", "--layers", "none"]
    words += ["--checkpoint", str(tmp_path / "run.h5")]
    outcome = results(*words)
    assert not outcome["interrupted"]
    assert outcome["stopped"].startswith("LBFGS has converged")
    assert outcome["epochs"] == outcome["epoch"] == len(outcome["loss"]) < 30
    assert outcome["train"]["loss"] == pytest.approx(outcome["loss"][-1], rel=1e-5)
    assert main(["train", *words]) == 0  # restored: it makes no step
    printed = capsys.readouterr().out
    assert "\nLBFGS has converged: " in printed
    assert "interrupted" not in printed


def test_a_warm_up_must_end_before_the_training(capsys, tmp_path):
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
    outcome = results(
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
    assert outcome["network"] == "12288-1"
    assert outcome["majority"]["test"] == pytest.approx(0.66)
    assert "unverified" in outcome["source"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "model.h5",
        "results.json",
        "report.html",
        "settings.toml",
        "cost.png",
        "confusion.png",
        "misclassified.png",
    }


def test_the_figures_show_something_and_the_table_is_aligned(capsys, tmp_path):
    image = pytest.importorskip("matplotlib.image")
    assert main(["train", "blobs", "--epochs", "30", "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    figures = "cost.png, confusion.png, boundary.png"
    files = "model.h5, results.json, settings.toml, report.html"
    assert lines[-1] == f"wrote {files}, {figures} in {tmp_path}"
    assert len({len(line) for line in lines if "true" in line or "predicted" in line}) == 1
    assert (
        len({len(line) for line in lines if line.startswith(("majority", "accuracy", "loss"))}) == 1
    )
    for name in ("cost.png", "confusion.png", "boundary.png"):
        pixels = image.imread(tmp_path / name)[..., :3]
        assert min(pixels.shape[:2]) > 200
        assert pixels.std() > 0.05
    assert json.loads((tmp_path / "results.json").read_text())["set"] == "blobs"


def test_without_matplotlib_the_numbers_come_and_the_pip_line(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(["train", "moons", "--epochs", "2", "--out", str(tmp_path)]) == 0
    assert "no figures: " in (err := capsys.readouterr().err)
    assert "pip install" in err
    names = ["model.h5", "report.html", "results.json", "settings.toml"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert "pip install" in (tmp_path / "report.html").read_text("utf-8")


def test_an_impossible_out_folder_is_reported_before_the_training(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    for place in (
        tmp_path / "file",
        "/proc/self",
    ):  # the second is a folder, without room for files
        assert main(["train", "moons", "--out", str(place)]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert len(err.splitlines()) == 1


def test_a_training_that_diverges_is_one_line(capsys):
    assert (
        main(["train", "blobs", "--optimizer", "gd", "--learning-rate", "1e30", "--epochs", "5"])
        == 1
    )
    assert "Try a smaller learning rate" in capsys.readouterr().err


@pytest.mark.parametrize("rate", ["1e308", "1e30"])  # the parameters; the outputs alone
def test_a_network_that_is_not_finite_after_the_last_update_is_not_written(rate, capsys, tmp_path):
    words = ["--optimizer", "gd", "--learning-rate", rate, "--epochs", "1", "--batch-size", "400"]
    assert main(["train", "moons", *words, "--out", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert "accuracy" not in out
    assert "must" in err
    assert "finite" in err
    assert len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_training_that_diverged_but_is_finite_says_so(capsys, results):
    words = ["moons", "--optimizer", "gd", "--learning-rate", 5000, "--epochs", 1]
    words += ["--batch-size", 400]
    assert main(["train", *map(str, words)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "The training diverged: the loss is 3.67e+08, after 0.683 in the first epoch." in out
    assert "The accuracy on the test set, 0.500, is only that of always choosing" in out
    assert len(results(*words)["remarks"]) == 3
    assert results("moons", "--epochs", 5)["remarks"] == []


def test_ctrl_c_restores_the_best_epoch(capsys, monkeypatch):
    class Impatient(GradientDescent):
        """Trains well for two epochs, diverges in the third, interrupts in the fourth."""

        def update(self, theta, grad):
            self.count = getattr(self, "count", 0) + 1
            if self.count == 31:
                raise KeyboardInterrupt
            if self.count <= 20:
                best_theta[:] = [theta - self.learning_rate * grad] if self.count == 20 else []
            theta -= (self.learning_rate if self.count <= 20 else -0.5) * grad

    best_theta = []
    models = []
    build = train.build_model
    monkeypatch.setattr(
        train,
        "build_model",
        lambda *words, **settings: models.append(build(*words, **settings)) or models[0],
    )
    monkeypatch.setattr(train, "make_optimizer", lambda options, rows: Impatient(0.1))
    assert (
        main(["train", "moons", "--json", "--epochs", "9", "--points", "400", "--batch-size", "30"])
        == 130
    )
    out, err = capsys.readouterr()
    outcome = json.loads(out)
    assert err == "minidl train: interrupted\n"
    assert (outcome["interrupted"], outcome["epochs"], outcome["epoch"]) == (True, 3, 2)
    assert np.array_equal(models[0].parameters.theta, best_theta[0])


def test_ctrl_c_in_the_first_epoch_has_no_results(capsys, monkeypatch, tmp_path):
    class Now(GradientDescent):
        def update(self, theta, grad):
            raise KeyboardInterrupt

    monkeypatch.setattr(train, "make_optimizer", lambda options, rows: Now(0.1))
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
        *(
            ",".join([*map(repr, features.tolist()), names[k]])
            for features, k in zip(x, labels, strict=True)
        ),
    ]
    (tmp_path / "flowers.csv").write_text("\n".join(rows))
    outcome = results(tmp_path / "flowers.csv")
    assert outcome["classes"] == ["daisy", "rose", "tulip"]
    assert outcome["network"] == "4-16-3"
    assert sum(map(sum, outcome["confusion"])) == 18
    assert outcome["test"]["accuracy"] > 0.9


def test_a_stopped_training_is_resumed_by_the_same_command(results, tmp_path, monkeypatch, capsys):
    words = ["moons", "--epochs", 6, "--keep-prob", 0.8]
    uninterrupted = results(*words)

    class Stops(train.KeepBestEpoch):
        def on_gradient(self, run):
            if (run.epoch, run.batch) == (4, 2):
                os.kill(os.getpid(), signal.SIGINT)

    words += ["--checkpoint", tmp_path / "run.h5"]
    with monkeypatch.context() as patch:
        patch.setattr(train, "KeepBestEpoch", Stops)
        Stops.__name__ = "KeepBestEpoch"  # a callback's state is kept under its class
        assert main(["train", *map(str, words)]) == 130
    out = capsys.readouterr().out
    assert "interrupted after 3 epochs; the results are those of the best epoch, " in out
    assert f"saved the training in {tmp_path / 'run.h5'}: run the same command to resume it" in out
    resumed = results(*words)
    assert resumed["loss"] == uninterrupted["loss"]
    assert resumed["test"] == uninterrupted["test"]
    assert not resumed["interrupted"]
    assert results(*words)["test"] == uninterrupted["test"]  # once more: it is complete already


NET = ["--net", "conv 2 8 stride=8, relu, flatten, linear 1", "--optimizer", "adam"]


def test_augmented_pictures_are_resumed_exactly(results, folder, tmp_path, capsys):
    words = ["cats", "--data", folder, "--batch-size", 64, *NET]
    plain = results(*words, "--epochs", 2)
    words += ["--augment", "flip, shift 2"]
    whole = results(*words, "--epochs", 2, "--out", tmp_path)
    assert whole["settings"]["augment"] == "flip, shift 2"
    assert whole["loss"] != plain["loss"]
    words += ["--checkpoint", tmp_path / "run.h5"]
    results(*words, "--epochs", 1)
    spaced = [word.replace(", ", " ,") if isinstance(word, str) else word for word in words]
    resumed = results(*spaced, "--epochs", 2)  # words may be written otherwise
    assert (resumed["loss"], resumed["test"]) == (whole["loss"], whole["test"])
    assert main(["evaluate", str(tmp_path / "model.h5"), "cats", "--data", str(folder)]) == 0
    capsys.readouterr()
    assert main(["train", *map(str, words), "--augment", "flip", "--epochs", "2"]) == 1
    told = capsys.readouterr().err
    assert "got augment=Augmentation(flip=True, seed=1) instead of Augmentation(flip=True, " in told


def test_a_fully_connected_network_takes_augmented_pictures(folder, capsys):
    words = ["--layers", "2", "--epochs", "1", "--augment", "rotate 5, crop 0.9", "--seed", "4"]
    assert main(["train", "cats", "--data", str(folder), *words]) == 0
    out = capsys.readouterr().out
    assert "pictures changed at random: Augmentation(rotate=5.0, crop=0.9, seed=4)" in out
    assert "12288-2-1" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["moons", "--augment", "flip"], "--augment is only for cats, signs, got it with moons"),
        (["cats", "--augment", "flop"], "--augment, word 1, 'flop': must begin with one of flip"),
        (["cats", "--augment", "shift 64"], "shift must be smaller than the pictures, got 64"),
    ],
)
def test_what_cannot_be_augmented_is_refused_in_a_sentence(words, message, folder, capsys):
    data = ["--data", str(folder)] if words[0] == "cats" else []
    try:
        status = main(["train", *words, *data, "--epochs", "1"])
    except SystemExit as error:
        status = error.code
    assert status in (1, 2)
    assert message in capsys.readouterr().err


def test_a_long_epoch_is_saved_before_it_ends(results, tmp_path, monkeypatch):
    class Looks(train.KeepBestEpoch):
        def on_gradient(self, run):
            if run.batch > 1:
                sizes.append(path.stat().st_size)

    path, sizes = tmp_path / "run.h5", []
    monkeypatch.setattr(train, "KeepBestEpoch", Looks)
    assert train.CHECKPOINT_SECONDS == 60
    monkeypatch.setattr(train, "CHECKPOINT_SECONDS", 1e-9)
    results("moons", "--epochs", 1, "--checkpoint", path)
    assert sizes


def test_the_ranks_of_mpi_give_the_results_of_one_and_rank_0_alone_writes(tmp_path, capsys):
    pytest.importorskip("mpi4py.MPI")
    words = ["train", "moons", "--mpi", "--epochs", "3", "--batch-size", "64", "--json"]
    assert main([*words, "--checkpoint", str(tmp_path / "one.h5")]) == 0
    one = json.loads(capsys.readouterr().out)
    process = run_mpi(2, ["-m", "minidl", *words, "--checkpoint", tmp_path / "two.h5"])
    assert (process.returncode, process.stderr) == (0, "")
    two = json.loads(process.stdout)  # of rank 0 alone
    for name in ("loss", "train", "test", "confusion", "stopped", "interrupted"):
        assert two[name] == one[name], name
    models = [Sequential.load(tmp_path / f"{name}.h5") for name in ("one", "two")]
    assert np.array_equal(*(model.parameters.theta for model in models))


def test_mpi_without_its_extra_names_the_pip_line(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    assert main(["train", "moons", "--mpi"]) == 1
    assert "--mpi needs mpi4py, which is not installed: pip install" in capsys.readouterr().err
