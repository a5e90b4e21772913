import os
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest

from minidl.data import load_cats, load_signs
from minidl.data.course_images import CATS, SIGNS
from minidl.data.hdf5_writer import write_hdf5
from minidl.data.synthetic_images import draw_cats, draw_signs
from minidl.errors import DataError, MissingDataError

REAL = os.environ.get("MINIDL_DATA")
CAT_FILES = ("train_catvnoncat.h5", "test_catvnoncat.h5")
LOADERS = {"cats": load_cats, "signs": load_signs}


def lacks(*names):
    return REAL is None or not all((Path(REAL) / name).is_file() for name in names)


needs_cats = pytest.mark.skipif(lacks(*CAT_FILES), reason="MINIDL_DATA has no cat files")
needs_signs = pytest.mark.skipif(lacks("test_signs.h5"), reason="MINIDL_DATA has no test_signs.h5")


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """A current folder, a package and an environment without any data."""
    monkeypatch.delenv("MINIDL_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "minidl.data.course_images.__file__",
        str(tmp_path / "site" / "minidl" / "data" / "course_images.py"),
    )
    return tmp_path


def arrays(prefix, count=4, names=(b"non-cat", b"cat"), value=0):
    return {
        f"{prefix}_set_x": np.full((count, 64, 64, 3), value, np.uint8),
        f"{prefix}_set_y": np.arange(count) % len(names),
        "list_classes": np.array(names),
    }


def small_cats(folder, value=0):
    write_hdf5(
        {
            folder / f"{prefix}_catvnoncat.h5": arrays(prefix, value=value)
            for prefix in ("train", "test")
        }
    )


@pytest.mark.parametrize(("name", "drawn"), [("cats", draw_cats), ("signs", draw_signs)])
def test_without_files_a_stand_in_is_drawn_and_named_as_such(nowhere, name, drawn):
    loaded = LOADERS[name]()
    assert loaded.source.startswith("stand-in images drawn by minidl, because no ")
    assert str(nowhere / "datasets") in loaded.source
    assert str(nowhere / "site" / "datasets") in loaded.source
    assert not loaded.verified
    assert "\n" not in loaded.source
    assert (loaded.train, loaded.test) == drawn()
    assert list(nowhere.iterdir()) == []


def test_the_folder_that_is_passed_is_used(tmp_path):
    small_cats(tmp_path / "mine")
    loaded = load_cats(str(tmp_path / "mine"))
    assert len(loaded.train) == len(loaded.test) == 4
    assert loaded.classes == ("non-cat", "cat")
    assert loaded.train.y.tolist() == [[0], [1], [0], [1]]
    assert "unverified" in loaded.source
    assert str(tmp_path / "mine" / "test_catvnoncat.h5") in loaded.source
    assert not loaded.verified


def test_a_missing_file_in_the_passed_folder_is_an_error(tmp_path):
    small_cats(tmp_path / "datasets")
    write_hdf5({tmp_path / "mine" / CAT_FILES[0]: arrays("train")})
    with pytest.raises(
        MissingDataError,
        match=r"mine: the cat images need test_catvnoncat\.h5, file not found",
    ):
        load_cats(tmp_path / "mine")
    with pytest.raises(MissingDataError, match=r"train_catvnoncat\.h5 and test_catvnoncat\.h5"):
        load_cats(tmp_path / "none")
    with pytest.raises(MissingDataError, match=r"need test_signs\.h5"):
        load_signs(tmp_path / "mine")


def test_folders_are_searched_in_order(nowhere, monkeypatch):
    places = [nowhere / "site" / "datasets", nowhere / "datasets", nowhere / "chosen"]
    monkeypatch.setenv("MINIDL_DATA", str(places[2]))
    for value, place in enumerate(places, start=1):
        small_cats(place, value=value)
        loaded = load_cats()
        assert loaded.train.images.max() == value
        assert str(place) in loaded.source


@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_chosen_folder_without_files_is_named_in_the_source(nowhere, monkeypatch, elsewhere):
    monkeypatch.setenv("MINIDL_DATA", str(nowhere / "chosen"))
    if elsewhere:
        small_cats(nowhere / "datasets")
    loaded = load_cats()
    assert loaded.source.startswith("cat images" if elsewhere else "stand-in")
    assert loaded.source.endswith(
        f"MINIDL_DATA={nowhere / 'chosen'} lacks train_catvnoncat.h5 and test_catvnoncat.h5"
    )


def test_an_empty_variable_counts_as_unset(monkeypatch):
    monkeypatch.setenv("MINIDL_DATA", "")
    assert "MINIDL_DATA" not in load_cats().source


@pytest.mark.parametrize(
    "spoil",
    [lambda path: path.write_bytes(b"<html>"), lambda path: path.symlink_to("nowhere")],
    ids=["html", "link"],
)
def test_a_broken_file_is_an_error_not_a_stand_in(nowhere, spoil):
    small_cats(nowhere / "datasets")
    (nowhere / "datasets" / CAT_FILES[1]).unlink()
    spoil(nowhere / "datasets" / CAT_FILES[1])
    with pytest.raises(DataError, match=r"test_catvnoncat\.h5"):
        load_cats()


def test_unverified_files_are_named_with_their_digest(tmp_path):
    import hashlib

    small_cats(tmp_path)
    digests = ", ".join(
        f"{name} {hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()[:12]}"
        for name in CAT_FILES
    )
    assert f"(unknown SHA-256: {digests})" in load_cats(tmp_path).source


def test_a_file_with_a_changed_pixel_is_unverified(tmp_path, monkeypatch):
    import hashlib

    small_cats(tmp_path)
    for name in CAT_FILES:
        digest = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
        monkeypatch.setitem(CATS.sha256, name, digest)
    assert load_cats(tmp_path).verified
    changed = arrays("test")
    changed["test_set_x"][3, 63, 63, 2] = 1
    write_hdf5({tmp_path / CAT_FILES[1]: changed}, replace=True)
    loaded = load_cats(tmp_path)
    assert not loaded.verified
    assert f"unverified (unknown SHA-256: {CAT_FILES[1]} " in loaded.source


def test_files_of_different_classes_are_refused(tmp_path):
    write_hdf5(
        {
            tmp_path / CAT_FILES[0]: arrays("train"),
            tmp_path / CAT_FILES[1]: arrays("test", names=(b"cat", b"dog")),
        }
    )
    with pytest.raises(DataError, match=r"'list_classes'.*take both files from one source"):
        load_cats(tmp_path)


def test_control_characters_in_a_class_name_are_escaped(tmp_path):
    write_hdf5(
        {
            tmp_path / name: arrays(prefix, names=(b"\x1b[2J", b"\xffcat"))
            for name, prefix in zip(CAT_FILES, ("train", "test"), strict=True)
        }
    )
    assert load_cats(tmp_path).classes == (r"\x1b[2J", "\ufffdcat")


def test_a_file_has_at_most_1000_classes(tmp_path):
    for count in (1000, 1001):
        numbers = {"list_classes": np.arange(count)}
        files = zip(CAT_FILES, ("train", "test"), strict=True)
        content = {tmp_path / name: arrays(prefix) | numbers for name, prefix in files}
        write_hdf5(content, replace=True)
        if count == 1000:
            assert len(load_cats(tmp_path).classes) == 1000
    with pytest.raises(DataError, match=r"key 'list_classes': .* with at most 1,000 elements"):
        load_cats(tmp_path)


def test_both_sign_files_are_used_as_they_are(tmp_path):
    write_hdf5(
        {
            tmp_path / f"{prefix}_signs.h5": arrays(prefix, 12, range(6))
            for prefix in ("train", "test")
        }
    )
    loaded = load_signs(tmp_path)
    assert loaded.classes == ("0", "1", "2", "3", "4", "5")
    assert loaded.train.labels.tolist() == [0, 1, 2, 3, 4, 5] * 2
    assert "split" not in loaded.source


def test_the_test_signs_alone_are_split_the_same_way_every_time(tmp_path):
    content = arrays("test", 60, range(6))
    content["test_set_x"][:, 0, 0, 0] = np.arange(60)
    write_hdf5({tmp_path / "test_signs.h5": content})
    first, second = load_signs(tmp_path), load_signs(tmp_path)
    assert first.train.class_counts == (8,) * 6
    assert first.test.class_counts == (2,) * 6
    rows = [split.images[:, 0, 0, 0] for split in (first.train, first.test)]
    assert sorted(np.concatenate(rows)) == list(range(60))
    np.testing.assert_array_equal(rows[1] % 6, first.test.labels)
    np.testing.assert_array_equal(second.test.images, first.test.images)
    assert (
        "the images of test_signs.h5 are split 48/12 with equal class proportions" in first.source
    )


@needs_cats
def test_the_real_cats_are_recognised():
    loaded = load_cats(REAL)
    assert loaded.verified
    assert str(loaded).startswith("source  real cat images, verified by SHA-256 (")
    assert loaded.train.x.shape == (209, 12288)
    assert loaded.test.x.shape == (50, 12288)
    assert loaded.train.y.shape == (209, 1)
    assert loaded.train.x.max() <= 1
    assert {
        split: (name, round(share, 3)) for split, (name, share) in loaded.majority_class.items()
    } == {
        "train": ("non-cat", 0.656),
        "test": ("cat", 0.66),
    }


@needs_cats
def test_the_environment_variable_names_the_folder_of_the_real_cats(monkeypatch):
    monkeypatch.setenv("MINIDL_DATA", str(REAL))
    assert load_cats().verified


@needs_cats
def test_the_stand_in_has_the_shapes_and_class_counts_of_the_real_cats():
    real = load_cats(REAL)
    for split, drawn in zip((real.train, real.test), draw_cats(), strict=True):
        assert split.images.shape == drawn.images.shape
        assert split.class_counts == drawn.class_counts
        assert split.classes == drawn.classes


@needs_signs
@pytest.mark.skipif(not lacks("train_signs.h5"), reason="MINIDL_DATA has train_signs.h5 as well")
def test_the_real_test_signs_are_split():
    loaded = load_signs(REAL)
    assert loaded.verified
    assert loaded.train.class_counts == (16,) * 6
    assert loaded.test.class_counts == (4,) * 6
    assert "split 96/24" in loaded.source


def test_what_is_known_of_the_files_cannot_be_changed():
    for files in (CATS, SIGNS):
        with pytest.raises(FrozenInstanceError):
            files.name = "other"
