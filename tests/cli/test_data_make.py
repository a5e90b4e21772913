"""`minidl data make`."""

from pathlib import Path

from minidl.cli import main
from minidl.data import load_cats, load_signs


def test_make_writes_files_that_load(folder):
    assert sorted(path.name for path in folder.iterdir()) == [
        "test_catvnoncat.h5",
        "test_signs.h5",
        "train_catvnoncat.h5",
        "train_signs.h5",
    ]
    assert len(load_cats(folder).train) == 209
    signs = load_signs(folder)
    assert (len(signs.train), len(signs.test), signs.classes) == (
        480,
        120,
        ("0", "1", "2", "3", "4", "5"),
    )


def test_make_of_one_set_alone(run_data, tmp_path):
    status, content = run_data("make", tmp_path, "--set", "cats")
    assert status == 0
    assert [Path(path).name for path in content["files"]] == [
        "train_catvnoncat.h5",
        "test_catvnoncat.h5",
    ]


def test_make_never_replaces_a_file(capsys, tmp_path):
    (tmp_path / "test_signs.h5").write_text("mine")
    assert main(["data", "make", str(tmp_path)]) == 1
    assert "must not replace another" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["test_signs.h5"]
