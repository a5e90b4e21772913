"""`minidl data list`."""

import pytest

from minidl.cli import main


def test_list_reports_files_and_folders(run_data, folder, monkeypatch):
    monkeypatch.setenv("MINIDL_DATA", str(folder))
    status, content = run_data("list")
    assert status == 0
    assert content["looked_in"][0] == str(folder)
    cats = content["sets"]["cats"]
    assert (cats["state"], cats["train"], cats["test"]) == ("unverified", 209, 50)
    assert str(folder / "train_catvnoncat.h5") in cats["files"]["train_catvnoncat.h5"]


def test_list_without_files_reports_stand_ins(run_data, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("MINIDL_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("minidl.data.course_images.__file__", str(tmp_path / "a" / "b" / "c.py"))
    status, content = run_data("list")
    assert status == 0
    assert {dataset["state"] for dataset in content["sets"].values()} == {"drawn stand-in"}
    assert main(["data", "list"]) == 0
    assert "not found" in capsys.readouterr().out


def test_list_of_an_empty_folder_is_status_1(run_data, tmp_path):
    status, content = run_data("list", "--data", tmp_path)
    assert status == 1
    assert content["looked_in"] == [str(tmp_path)]
    assert {dataset["state"] for dataset in content["sets"].values()} == {"error"}


def test_the_help_says_what_a_folder_is_for(capsys):
    with pytest.raises(SystemExit):
        main(["data", "list", "--help"])
    assert "--data FOLDER search only this folder" in " ".join(capsys.readouterr().out.split())
