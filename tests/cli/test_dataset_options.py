"""The datasets of the command line."""

import numpy as np
import pytest
import scipy.io

from minidl import DataError
from minidl.cli import make_parser
from minidl.cli.dataset_options import (
    DEFAULTS,
    FILES,
    IMAGE_FILES,
    IMAGES,
    POINTS,
    incompatible_option,
    load_dataset,
)


def parse(*words):
    return make_parser().parse_args(["train", *map(str, words)])


def test_each_dataset_has_defaults():
    assert set(DEFAULTS) == {*POINTS, *IMAGES, *FILES.values()}
    assert set(IMAGE_FILES) == set(IMAGES)


@pytest.mark.parametrize("name", POINTS)
def test_points_are_drawn_from_the_seed(name):
    first, again, other = (load_dataset(parse(name, "--seed", seed)) for seed in (2, 2, 3))
    assert np.array_equal(first.train[0], again.train[0])
    assert not np.array_equal(first.train[0], other.train[0])
    assert (len(first.train[0]), len(first.test[0])) == (300, 100)
    assert first.n_outputs == (1 if len(first.classes) == 2 else len(first.classes))
    assert first.verified is False  # there is no file


def test_the_defaults_are_filled_in():
    options = parse("blobs", "--epochs", 7)
    load_dataset(options)
    assert (options.layers, options.epochs, options.batch_size) == ([16], 7, 32)


def test_a_csv_file_is_standardized_by_its_training_rows(tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"{value},7,{'ab'[k % 2]}" for k, value in enumerate(rng.normal(5, 3, 50))]
    path = tmp_path / "table.csv"
    path.write_text("\n".join(rows))
    dataset = load_dataset(parse(path))
    assert (dataset.classes, dataset.n_outputs) == (("a", "b"), 1)
    X = dataset.train[0]
    assert X.mean(axis=0) == pytest.approx([0, 0])
    assert X.std(axis=0) == pytest.approx([1, 0])  # a constant column stays 0
    assert (len(X), len(dataset.test[0])) == (40, 10)


@pytest.mark.parametrize(("names", "labels"), [("ab", np.arange(2.0)), ("abc", np.arange(3))])
def test_two_classes_are_numbers_of_one_output_and_more_are_class_numbers(tmp_path, names, labels):
    path = tmp_path / "table.csv"
    path.write_text("".join(f"{k},{names[k % len(names)]}\n" for k in range(50)))
    Y = load_dataset(parse(path)).train[1]
    assert (Y.shape, Y.dtype) == ((40, 1), labels.dtype)
    np.testing.assert_array_equal(np.unique(Y), labels)


@pytest.mark.parametrize("unit", ["e-319", "e-200", "e200", "e307"])
def test_a_csv_file_in_any_unit_is_the_same_set(tmp_path, unit):
    """The squares of these numbers are infinite, or 0."""
    sets = []
    for name, end in (("plain.csv", ""), ("other.csv", unit)):
        rows = "".join(f"{i % 7}{end},{2 - i % 5}{end},{i % 2}\n" for i in range(40))
        (tmp_path / name).write_text(rows)
        sets.append(load_dataset(parse(str(tmp_path / name))))
    tolerance = 1e-3 if unit == "e-319" else 1e-12  # such numbers have few digits
    np.testing.assert_allclose(sets[0].train[0], sets[1].train[0], atol=tolerance)
    np.testing.assert_allclose(sets[0].test[0], sets[1].test[0], atol=tolerance)


def test_pictures_have_other_defaults_with_a_network_in_words(folder):
    words = ["cats", "--data", folder, "--net", "conv 2 8, flatten, linear 1"]
    options = parse(*words, "--epochs", 7)
    load_dataset(options)
    assert (options.epochs, options.optimizer, options.batch_size) == (7, "adam", 32)
    assert (options.learning_rate, options.init) == (0.001, "he")
    points = parse("moons", "--net", "linear 1")
    load_dataset(points)
    assert (points.epochs, points.learning_rate) == (200, 0.01)


def test_options_of_another_dataset_are_refused():
    assert incompatible_option(parse("moons", "--points", 50)) is None
    message = incompatible_option(parse("moons", "--data", "x"))
    assert message == "--data is only for cats, signs, got it with moons"
    message = incompatible_option(parse("a.csv", "--augment", "flip"))
    assert message == "--augment is only for cats, signs, got it with a.csv"


def test_a_mat_file_is_split_or_has_a_test_set(tmp_path):
    path = tmp_path / "data.mat"
    X, y = np.random.default_rng(0).normal(5, 3, (50, 2)), 3 + np.arange(50) % 3
    scipy.io.savemat(path, {"X": X, "y": y})
    dataset = load_dataset(parse(path))
    assert (dataset.classes, dataset.n_outputs) == (("3", "4", "5"), 3)
    assert [len(rows) for rows in (*dataset.train, *dataset.test)] == [40, 40, 10, 10]
    assert dataset.train[1].dtype == np.int64
    scipy.io.savemat(path, {"X": X, "y": y > 3, "Xval": X[:7], "yval": y[:7] > 3})
    dataset = load_dataset(parse(path))
    assert (dataset.classes, dataset.n_outputs) == (("0", "1"), 1)
    assert dataset.train[0].mean(axis=0) == pytest.approx([0, 0])
    np.testing.assert_allclose(dataset.test[0], dataset.train[0][:7])
    assert dataset.test[1].tolist() == [[float(label > 3)] for label in y[:7]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": np.linspace(0, 1, 200), "X": np.ones((200, 2))}, "y must have 2 to 100 different "),
        ({"y": np.zeros(5)}, "y must have 2 to 100 different values, the classes, found 1: use"),
        ({"Xval": np.ones((5, 3)), "yval": np.ones(5)}, r"X and Xval must have .* \(2,\) and \(3,"),
        ({"Xval": np.ones((5, 2))}, "must have the variables Xval and yval, found X, y, Xval"),
    ],
)
def test_a_mat_file_without_classes_or_with_another_test_set_is_refused(tmp_path, changes, message):
    path = tmp_path / "data.MAT"
    scipy.io.savemat(path, {"X": np.ones((5, 2)), "y": np.arange(5) % 2, **changes})
    with pytest.raises(DataError, match=message):
        load_dataset(parse(path))
