import hashlib

import numpy as np
import pytest

from minidl.data import load_cats, write_cats
from minidl.data.canvas import Canvas
from minidl.data.synthetic_images import (
    _FIGURES,
    CAT_CLASSES,
    SIGN_CLASSES,
    _draw_hand,
    draw_cat_split,
    draw_cats,
    draw_signs,
)
from minidl.errors import DataError

PINNED = {
    "train": "81135c4891ea1e89974880477c2e7e0d3acc2bff36a5ff00b9a9418ab6fdcd8f",
    "test": "e270d580b18e630caf84a1311222e64932bfa12addc4a42f41735765df653812",
}


def digest(split):
    return hashlib.sha256(split.images.tobytes() + split.labels.astype("<i8").tobytes()).hexdigest()


def test_the_cat_images_are_pinned():
    assert {name: digest(split) for name, split in zip(PINNED, draw_cats(), strict=True)} == PINNED


def test_shapes_and_class_counts_are_those_of_the_original_images():
    train, test = draw_cats()
    assert train.classes == test.classes == CAT_CLASSES == ("non-cat", "cat")
    assert train.images.shape == (209, 64, 64, 3)
    assert train.class_counts == (137, 72)
    assert test.images.shape == (50, 64, 64, 3)
    assert test.class_counts == (17, 33)


def test_no_test_image_is_a_training_image():
    train, test = draw_cats()
    assert len({image.tobytes() for split in (train, test) for image in split.images}) == 259


def test_the_global_random_stream_is_not_used():
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    draw_cat_split(5, n_images=3, n_cats=1)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_every_figure_occurs_among_the_non_cats(monkeypatch):
    drawn = []
    spies = tuple(
        lambda canvas, shape=shape: drawn.append(shape) or shape(canvas) for shape in _FIGURES
    )
    monkeypatch.setattr("minidl.data.synthetic_images._FIGURES", spies)
    draw_cat_split(1, n_images=80, n_cats=0)
    assert set(drawn) == set(_FIGURES)
    assert len(drawn) == 80


def accuracy(train, test, widths, seed, steps):
    """Train a ReLU network by full-batch gradient descent, and return both accuracies.

    The first layer's weights stay in the span of the images, so a Gram matrix is enough.
    """
    rng = np.random.RandomState(seed)
    dims = (train.x.shape[1], *widths)
    weights = [
        rng.standard_normal((out, into)) / np.sqrt(into) * (len(widths) > 1)
        for into, out in zip(dims, widths, strict=False)
    ]
    biases = [np.zeros(width) for width in widths]
    m, gram, start = len(train), train.x @ train.x.T, train.x @ weights[0].T
    moved = np.zeros((m, widths[0]))

    def forward(z):
        outs = [z + biases[0]]
        for weight, bias in zip(weights[1:], biases[1:], strict=True):
            outs.append(np.maximum(outs[-1], 0) @ weight.T + bias)
        return outs

    for _ in range(steps):
        outs = forward(start + gram @ moved)
        delta = (1 / (1 + np.exp(-outs[-1])) - train.y) / m
        for i in range(len(widths) - 1, 0, -1):
            gradient, bias = delta.T @ np.maximum(outs[i - 1], 0), delta.sum(axis=0)
            delta = (delta @ weights[i]) * (outs[i - 1] > 0)
            weights[i] -= 0.0075 * gradient
            biases[i] -= 0.0075 * bias
        moved -= 0.0075 * delta
        biases[0] -= 0.0075 * delta.sum(axis=0)
    fitted = forward(start + gram @ moved)[-1]
    judged = forward(test.x @ weights[0].T + test.x @ train.x.T @ moved)[-1]
    return float(((fitted > 0) == train.y).mean()), float(((judged > 0) == test.y).mean())


def test_a_deep_network_learns_what_logistic_regression_cannot():
    train, test = draw_cats()
    _, linear = accuracy(train, test, (1,), 0, 2000)
    fitted, deep = np.mean(
        [accuracy(train, test, (20, 7, 5, 1), seed, 2500) for seed in (0, 1)], axis=0
    )
    assert linear <= 0.72
    assert 0.84 <= deep < 1
    assert fitted > 0.97


def test_written_files_are_loaded_again(tmp_path):
    folder = tmp_path / "new" / "folder"
    paths = write_cats(folder)
    assert [path.name for path in paths] == ["train_catvnoncat.h5", "test_catvnoncat.h5"]
    loaded = load_cats(folder)
    assert loaded.classes == CAT_CLASSES
    assert "unverified" in loaded.source
    assert not loaded.verified
    for split, drawn in zip((loaded.train, loaded.test), draw_cats(), strict=True):
        np.testing.assert_array_equal(split.images, drawn.images)
        np.testing.assert_array_equal(split.labels, drawn.labels)


def test_written_files_have_the_types_of_the_original_files(tmp_path):
    import h5py

    with h5py.File(write_cats(tmp_path)[0]) as file:
        assert {key: file[key].dtype.str for key in file} == {
            "train_set_x": "|u1",
            "train_set_y": "<i8",
            "list_classes": "|S7",
        }


def test_an_existing_file_is_never_replaced(tmp_path):
    real = tmp_path / "test_catvnoncat.h5"
    real.write_bytes(b"real")
    with pytest.raises(DataError, match="must not replace"):
        write_cats(tmp_path)
    assert real.read_bytes() == b"real"
    assert [path.name for path in tmp_path.iterdir()] == ["test_catvnoncat.h5"]


PINNED_SIGNS = [
    "d70902fe21bfbea297a5837b52c27129d0f4157ed1d4705e723ee1dc7507fcc8",
    "242cadd16d4d7be0cb207f5152747809425e615f9f3340c515267c9f5833dd89",
]


def test_the_sign_images_are_pinned():
    assert [digest(split) for split in draw_signs()] == PINNED_SIGNS


def test_every_sign_is_equally_frequent():
    train, test = draw_signs()
    assert SIGN_CLASSES == train.classes == ("0", "1", "2", "3", "4", "5")
    assert train.class_counts == (80,) * 6
    assert test.class_counts == (20,) * 6
    assert train.y.dtype == np.int64


@pytest.mark.parametrize("fingers", range(5))
def test_one_more_finger_changes_the_image(fingers):
    fewer, more = (
        _draw_hand(Canvas(np.random.RandomState(3)), count).astype(int)
        for count in (fingers, fingers + 1)
    )
    assert (np.abs(fewer - more).max(axis=2) > 60).sum() > 25


def test_images_are_drawn_once():
    assert draw_cats() is draw_cats()
    assert draw_signs() is draw_signs()
