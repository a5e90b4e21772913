"""Pictures that know their own rows and columns tell what happened to each pixel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from resuming import Signal

from minidl import (
    Adam,
    ArgumentError,
    Augmentation,
    Callback,
    CategoricalCrossEntropy,
    Checkpoint,
    Conv2D,
    Dropout,
    Embedding,
    Flatten,
    Linear,
    MiniBatches,
    ResumeError,
    Sequential,
    ShapeError,
    Softmax,
)

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((26, 6, 5, 2)), RNG.integers(0, 3, 26)
EVERYTHING = Augmentation(flip=True, shift=1, rotate=20, crop=0.8)


def maps(augment, height, width, m=40, dtype=np.float64, batch=1):
    """Return the row and the column from which each pixel of m pictures was taken."""
    picture = np.stack(np.mgrid[:height, :width], axis=-1).astype(dtype)
    changed = augment(np.repeat(picture[np.newaxis], m, axis=0), epoch=1, batch=batch)
    assert changed.dtype == dtype
    return np.moveaxis(changed, -1, 0)


def interpolated(picture, row, column):
    """Return the value between four pixels; those beyond the border are those at the border."""
    height, width = picture.shape

    def pixel(i, j):
        return picture[min(max(i, 0), height - 1), min(max(j, 0), width - 1)]

    i, j = int(np.floor(row)), int(np.floor(column))
    below, right = row - i, column - j
    return (1 - below) * ((1 - right) * pixel(i, j) + right * pixel(i, j + 1)) + below * (
        (1 - right) * pixel(i + 1, j) + right * pixel(i + 1, j + 1)
    )


def test_half_of_the_pictures_are_mirrored_left_to_right():
    rows, columns = maps(Augmentation(flip=True), 3, 4)
    assert (rows == np.arange(3)[:, np.newaxis]).all()
    mirrored = columns[:, 0, 0] == 3
    assert 10 < mirrored.sum() < 30
    assert (columns[mirrored] == [3, 2, 1, 0]).all()
    assert (columns[~mirrored] == [0, 1, 2, 3]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pictures_are_shifted_by_whole_pixels_and_their_border_is_repeated(dtype):
    rows, columns = maps(Augmentation(shift=2), 7, 6, m=200, dtype=dtype)
    down, right = 3 - rows[:, 3, 0], 3 - columns[:, 0, 3]
    assert {*down} == {*right} == {-2, -1, 0, 1, 2}
    assert len({*zip(down, right, strict=True)}) == 25
    for i in range(200):
        assert (rows[i] == np.clip(np.arange(7) - down[i], 0, 6)[:, np.newaxis]).all()
        assert (columns[i] == np.clip(np.arange(6) - right[i], 0, 5)).all()


def linear_map(rows, columns):
    """Return the matrix and the middle of the window of one picture, from its inner pixels."""
    height, width = rows.shape
    limits = zip((rows, columns), (height - 1, width - 1), strict=True)
    inside = np.all([(v > 1e-9) & (v < limit - 1e-9) for v, limit in limits], axis=0)
    i, j = np.nonzero(inside)
    from_middle = np.stack([i - (height - 1) / 2, j - (width - 1) / 2, np.ones(len(i))], axis=1)
    source = np.stack([rows[inside], columns[inside]], axis=1)
    solution = np.linalg.lstsq(from_middle, source, rcond=None)[0]
    np.testing.assert_allclose(from_middle @ solution, source, atol=1e-12)
    return solution[:2].T, solution[2]


def test_pictures_are_rotated_about_their_middle():
    angles = []
    for rows, columns in zip(*maps(Augmentation(rotate=30), 9, 12), strict=True):
        matrix, middle = linear_map(rows, columns)
        np.testing.assert_allclose(middle, [4, 5.5], atol=1e-12)
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(2), atol=1e-12)
        assert np.linalg.det(matrix) > 0
        angles.append(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])))
    assert -30 <= min(angles) < -20
    assert 20 < max(angles) <= 30


def test_a_window_inside_of_the_picture_is_scaled_to_its_size():
    scales, middles = [], []
    for rows, columns in zip(*maps(Augmentation(crop=0.5), 9, 12), strict=True):
        matrix, middle = linear_map(rows, columns)
        np.testing.assert_allclose(matrix, matrix[0, 0] * np.eye(2), atol=1e-12)
        assert rows.min() >= -1e-12
        assert rows.max() <= 8 + 1e-12
        assert columns.min() >= -1e-12
        assert columns.max() <= 11 + 1e-12
        scales.append(matrix[0, 0])
        middles.append(middle - [4, 5.5])
    assert 0.5 <= min(scales) < 0.6
    assert 0.9 < max(scales) <= 1
    assert (np.ptp(middles, axis=0) > [1.5, 2]).all()


@settings(max_examples=25, deadline=None)
@given(
    st.integers(2, 7),
    st.integers(2, 7),
    st.integers(1, 3),
    st.floats(0, 180),
    st.floats(0.1, 1),
    st.integers(0, 2**32 - 1),
)
def test_pixels_are_interpolated_between_four(height, width, channels, rotate, crop, seed):
    augment = Augmentation(flip=True, rotate=rotate, crop=crop, seed=seed)
    x = np.random.default_rng(seed).standard_normal((2, height, width, channels))
    kept = x.copy()
    y = augment(x, epoch=3, batch=2)
    assert (x == kept).all()
    rows, columns = source_coordinates(augment, height, width)
    for picture, changed, i, j in zip(x, y, rows, columns, strict=True):
        for channel in range(channels):
            expected = [
                [interpolated(picture[..., channel], *place) for place in zip(*line, strict=True)]
                for line in zip(i, j, strict=True)
            ]
            np.testing.assert_allclose(changed[..., channel], expected, atol=1e-9)


def source_coordinates(augment, height, width):
    """Return the coordinates before they are cut off, by the formula and the order of draws."""
    rng = np.random.default_rng([augment.seed, 3, 2])
    rng.integers(0, 1, (2, 2, 1))  # no shift
    mirrored = rng.integers(2, size=2)
    angles = np.deg2rad(rng.uniform(-augment.rotate, augment.rotate, 2))
    scales = rng.uniform(augment.crop, 1, 2)
    moves = rng.uniform(-1, 1, (2, 2))
    rows, columns = np.empty((2, 2, height, width))
    for n in range(2):
        a, s = angles[n], scales[n]
        for i in range(height):
            for j in range(width):
                p = s * (i - (height - 1) / 2) + moves[n, 0] * (1 - s) * (height - 1) / 2
                q = s * (j - (width - 1) / 2) + moves[n, 1] * (1 - s) * (width - 1) / 2
                rows[n, i, j] = np.cos(a) * p - np.sin(a) * q + (height - 1) / 2
                columns[n, i, j] = np.sin(a) * p + np.cos(a) * q + (width - 1) / 2
        if mirrored[n]:
            columns[n] = width - 1 - columns[n]
    return rows, columns


def test_the_change_depends_on_seed_epoch_and_batch_only():
    first = EVERYTHING(X, epoch=1, batch=1)
    np.random.seed(1)  # noqa: NPY002
    assert (EVERYTHING(X, epoch=1, batch=1) == first).all()
    other = Augmentation(flip=True, shift=1, rotate=20, crop=0.8, seed=1)
    for changed in (
        EVERYTHING(X, epoch=2, batch=1),
        EVERYTHING(X, epoch=1, batch=2),
        other(X, epoch=1, batch=1),
    ):
        assert (changed != first).any(axis=(1, 2, 3)).all()


def network(dtype=np.float32, seed=0):
    layers = [Conv2D(2, 3, 3), Flatten(), Dropout(0.8), Linear(36, 3), Softmax()]
    return Sequential(layers, loss=CategoricalCrossEntropy(), seed=seed, dtype=dtype)


def fit(model, *callbacks, augment=EVERYTHING, **arguments):
    return model.fit(
        X,
        Y,
        **{"optimizer": Adam(0.01), "epochs": 3, "batch_size": 8, "validation": (X, Y)} | arguments,
        callbacks=callbacks,
        augment=augment,
        progress=False,
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("position", [(1, 1), (2, 3), (3, 4)])
def test_a_training_that_resumes_within_an_epoch_is_the_uninterrupted_one(
    tmp_path, dtype, position
):
    path, model, fresh = tmp_path / "run.h5", network(dtype), network(dtype, seed=5)
    whole = fit(model)
    broken = fit(network(dtype), Signal(*position), Checkpoint(path))
    assert "SIGINT" in broken.stopped
    rest = fit(fresh, resume=path)
    assert fresh.parameters.theta.tobytes() == model.parameters.theta.tobytes()
    assert rest.columns == whole.columns
    assert model.evaluate(X, Y)["loss"] == whole["val_loss"][-1]  # never augmented


@pytest.mark.parametrize("batch_size", [8, None])
def test_batches_of_training_are_augmented_and_the_users_array_is_not(batch_size):
    seen, kept = [], X.copy()

    class See(Callback):
        def on_batch_end(self, run):
            seen.append(run.data.x.copy())

    fit(network(), See(), shuffle=False, epochs=2, batch_size=batch_size)
    assert (kept == X).all()
    batches = np.split(X.astype(np.float32), [8, 16, 24] if batch_size else [])
    for i, x in enumerate(seen):
        epoch, batch = divmod(i, len(batches))
        expected = EVERYTHING(batches[batch], epoch=epoch + 1, batch=batch + 1)
        assert x.dtype == np.float32
        assert x.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("augment", "text"),
    [
        (None, r"augment=None instead of Augmentation\(flip=True, shift=1, rotate=20.0, crop=0.8"),
        (Augmentation(shift=1, seed=3), r"augment=Augmentation\(shift=1, seed=3\) instead of Aug"),
    ],
)
def test_another_augmentation_does_not_resume(tmp_path, augment, text):
    path = tmp_path / "run.h5"
    fit(network(), Checkpoint(path), epochs=1)
    with pytest.raises(ResumeError, match=f"needs the data of the saved training, got {text}"):
        fit(network(), augment=augment, resume=path)


def test_a_training_without_augmentation_does_not_resume_with_one(tmp_path):
    path = tmp_path / "run.h5"
    fit(network(), Checkpoint(path), augment=None, epochs=1)
    text = r"got augment=Augmentation\(.*\) instead of None: pass the same"
    with pytest.raises(ResumeError, match=text):
        fit(network(), resume=path)


def test_a_part_of_a_batch_changes_as_in_the_whole():
    whole = EVERYTHING(X, epoch=2, batch=3)
    for rows in (slice(0, 7), slice(7, 26), slice(4, 4)):
        part = EVERYTHING(X[rows], epoch=2, batch=3, part=(rows, len(X)))
        np.testing.assert_array_equal(part, whole[rows])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "must change something, got none of flip, shift, rotate and crop: write e.g. Augm"),
        ({"flip": 1}, "flip must be True or False, got 1 in Augmentation"),
        ({"shift": 1.5}, "shift must be an integer >= 0, got 1.5 in Augmentation: it counts pix"),
        ({"shift": -1}, "shift must be an integer >= 0, got -1"),
        ({"rotate": 200}, r"rotate must be in \[0, 180\], got 200 in Augmentation: it is in deg"),
        ({"crop": 0}, r"crop must be in \(0, 1\], got 0 in Augmentation: it is the smallest sha"),
        ({"crop": 24}, r"crop must be in \(0, 1\], got 24"),
        ({"flip": True, "seed": -1}, "seed must be an integer >= 0, got -1"),
        ({"flip": True, "seed": 2**32}, r"seed must be at most 2\*\*32 - 1, got 4294967296"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        Augmentation(**arguments)


def test_what_is_no_picture_is_refused_before_the_training():
    flat = Sequential([Linear(60, 3), Softmax()], loss=CategoricalCrossEntropy())
    arguments = {"optimizer": Adam(), "epochs": 1, "progress": False}
    before = flat.parameters.theta.copy()
    message = r"augment takes pictures .*\(m, h, w, c\), got X of shape \(26, 60\): reshape X to"
    with pytest.raises(ShapeError, match=message):
        flat.fit(X.reshape(26, 60), Y, augment=EVERYTHING, **arguments)
    assert (flat.parameters.theta == before).all()
    message = "shift must be smaller than the pictures, got 5 for 6 x 5 pixels"
    with pytest.raises(ShapeError, match=message):
        fit(network(), augment=Augmentation(shift=5))
    tokens = Sequential([Embedding(4, 3), Flatten(), Linear(24, 3), Softmax()], loss=flat.loss)
    with pytest.raises(ShapeError, match=r"got X of shape \(3, 8\)"):
        tokens.fit(np.zeros((3, 8), int), np.zeros(3, int), augment=EVERYTHING, **arguments)
    with pytest.raises(ArgumentError, match="takes pictures of floats, got int64: an interpol"):
        MiniBatches(np.zeros((3, 8, 8, 1), np.int64), np.zeros((3, 1)), augment=EVERYTHING)


@pytest.mark.parametrize("augment", [Augmentation, "flip", lambda x: x])
def test_augment_must_be_an_augmentation(augment):
    message = r"augment must be an Augmentation such as Augmentation\(flip=True, shift=4\), got"
    with pytest.raises(ArgumentError, match=message):
        fit(network(), augment=augment)


def test_it_shows_the_arguments_that_are_not_the_defaults():
    assert repr(EVERYTHING) == "Augmentation(flip=True, shift=1, rotate=20.0, crop=0.8)"
    assert repr(Augmentation(shift=4, seed=2)) == "Augmentation(shift=4, seed=2)"
