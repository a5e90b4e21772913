"""`python -m experiments.own_image`, run as a user runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from minidl.data import load_cats, write_cats

Image = pytest.importorskip("PIL.Image")
ROOT = Path(__file__).resolve().parents[2]
STUDY = [sys.executable, "-W", "error", "-m", "experiments.own_image"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "MINIDL_DATA"}


def run(*arguments, command=STUDY):
    words = [*command, *map(str, arguments)]
    return subprocess.run(
        words, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=90
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the drawn cats, and two of the training images as image files."""
    drawn = tmp_path_factory.mktemp("data")
    write_cats(drawn)
    train = load_cats(drawn).train
    cat, other = (train.images[list(train.labels).index(label)] for label in (1, 0))
    Image.fromarray(cat).resize((256, 256), Image.Resampling.NEAREST).save(drawn / "my $cat$.png")
    Image.fromarray(other).convert("L").save(drawn / "other.jpg", quality=95)
    return drawn


@pytest.fixture(scope="module")
def trained(tmp_path_factory, folder):
    out = tmp_path_factory.mktemp("out") / "new"
    return run(
        folder / "my $cat$.png",
        folder / "other.jpg",
        "--epochs",
        300,
        "--data",
        folder,
        "--out",
        out,
    ), out


def test_a_training_image_is_classified(trained, folder):
    done, out = trained
    assert done.returncode == 0, done.stderr
    answers = json.loads((out / "results.json").read_text())["answers"]
    assert [answer["picture"] for answer in answers] == [
        str(folder / "my $cat$.png"),
        str(folder / "other.jpg"),
    ]
    assert [answer["called"] for answer in answers] == ["cat", "non-cat"]
    assert answers[0]["probability_of_cat"] > 0.5 > answers[1]["probability_of_cat"]


def test_prints_the_source_that_it_trains_and_the_table(trained):
    done, _ = trained
    assert done.stdout.startswith("source  cat images, unverified")
    assert "training first" in done.stdout
    assert "accuracy on the 50 test images" in done.stdout
    assert any(
        line.startswith("image ") and line.endswith("probability of a cat")
        for line in done.stdout.splitlines()
    )


def test_the_figure_of_the_predictions_shows_something(trained):
    image = pytest.importorskip("matplotlib.image")
    pixels = image.imread(trained[1] / "answers.png")[..., :3]
    assert min(pixels.shape[:2]) > 200
    assert pixels.std() > 0.05


def test_quick_on_stand_ins_says_that_they_are_drawn(tmp_path, folder):
    done = run(folder / "other.jpg", "--quick", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert ("note: trained on drawn cats" in done.stdout) == (
        "stand-in" in done.stdout.splitlines()[0]
    )
    assert json.loads((tmp_path / "results.json").read_text())["settings"]["epochs"] == 30


def test_a_corrupt_image_is_one_line_before_the_training(tmp_path, folder):
    content = (folder / "my $cat$.png").read_bytes()
    (tmp_path / "half.png").write_bytes(content[: len(content) // 2])
    done = run(folder / "other.jpg", tmp_path / "half.png", "--out", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert "half.png: must be a complete JPEG or PNG image" in done.stderr


def test_without_pillow_the_pip_line_is_printed(tmp_path, folder):
    code = (
        "import sys; sys.modules['PIL'] = None; from experiments.own_image import main; "
        "sys.exit(main(sys.argv[1:]))"
    )
    done = run(folder / "other.jpg", "--out", tmp_path, command=[sys.executable, "-c", code])
    assert (done.returncode, done.stdout) == (1, "")
    assert 'pip install "matplotlib' in done.stderr


def test_without_an_image_it_is_status_2():
    done = run()
    assert done.returncode == 2
    assert "the following arguments are required: IMAGE" in done.stderr


def test_help():
    done = run("--help")
    assert done.returncode == 0, done.stderr
    assert "IMAGE..." in done.stdout
    assert "examples:" in done.stdout
