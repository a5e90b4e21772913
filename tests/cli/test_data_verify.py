"""`minidl data verify`."""

import json
import shutil

import pytest

from minidl.cli import main
from minidl.cli.dataset_options import IMAGE_FILES


def test_verify_distinguishes_unknown_from_broken(run_data, folder, tmp_path):
    broken = tmp_path / "broken.h5"
    broken.write_text("<html>")
    status, content = run_data("verify", folder, broken)
    assert status == 1
    assert [file["verdict"] for file in content["files"]] == ["unknown"] * 4 + ["broken"]
    assert "a web page" in content["files"][-1]["detail"]
    assert all(len(file["sha256"]) == 64 for file in content["files"][:4])
    status, _ = run_data("verify", folder)
    assert status == 0


def test_a_test_file_may_have_any_name(run_data, folder, tmp_path):
    renamed = tmp_path / "trained_on_later.h5"
    shutil.copy(folder / "test_signs.h5", renamed)
    status, content = run_data("verify", renamed)
    assert (status, content["files"][0]["pictures"]) == (0, 120)


def test_verify_recognizes_original_files(capsys, folder, monkeypatch):
    sha256 = json.loads(
        (
            main(["data", "verify", str(folder / "test_signs.h5"), "--json"]),
            capsys.readouterr().out,
        )[1]
    )["files"][0]["sha256"]
    monkeypatch.setitem(IMAGE_FILES["signs"].sha256, "test_signs.h5", sha256)
    assert main(["data", "verify", str(folder / "test_signs.h5")]) == 0
    assert capsys.readouterr().out.startswith(
        f"known    {folder / 'test_signs.h5'}: the original test_signs.h5: 120 images"
    )


@pytest.mark.parametrize(
    ("name", "message"), [("nowhere.h5", "file not found"), (".", "found none")]
)
def test_verify_of_nothing(capsys, tmp_path, name, message):
    status = main(["data", "verify", str(tmp_path / name)])
    out, err = capsys.readouterr()
    assert status == 1
    assert message in out + err
