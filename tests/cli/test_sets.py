"""The sets, `minidl data` and CSV files."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from minidl import DataError, MissingDataError
from minidl.cli import main, sets
from minidl.cli.sets import read_csv
from minidl.data import load_cats, load_signs


@pytest.fixture
def told(capsys):
    """Return a function that gives the status and the JSON of a command."""

    def run(*words):
        status = main(["data", *map(str, words), "--json"])
        out, err = capsys.readouterr()
        assert err == ""
        return status, json.loads(out)

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("made") / "new"
    assert main(["data", "make", str(made)]) == 0
    return made


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


def test_make_of_one_set_alone(told, tmp_path):
    status, content = told("make", tmp_path, "--set", "cats")
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


def test_list_says_what_is_found_and_where(told, folder, monkeypatch):
    monkeypatch.setenv("MINIDL_DATA", str(folder))
    status, content = told("list")
    assert status == 0
    assert content["looked_in"][0] == str(folder)
    cats = content["sets"]["cats"]
    assert (cats["state"], cats["train"], cats["test"]) == ("unverified", 209, 50)
    assert str(folder / "train_catvnoncat.h5") in cats["files"]["train_catvnoncat.h5"]


def test_list_without_files_tells_the_stand_ins(told, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("MINIDL_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("minidl.data.course_images.__file__", str(tmp_path / "a" / "b" / "c.py"))
    status, content = told("list")
    assert status == 0
    assert {one["state"] for one in content["sets"].values()} == {"drawn stand-in"}
    assert main(["data", "list"]) == 0
    assert "not found" in capsys.readouterr().out


def test_list_of_an_empty_folder_is_status_1(told, tmp_path):
    status, content = told("list", "--data", tmp_path)
    assert status == 1
    assert content["looked_in"] == [str(tmp_path)]
    assert {one["state"] for one in content["sets"].values()} == {"error"}


def test_verify_tells_unknown_from_broken(told, folder, tmp_path):
    broken = tmp_path / "broken.h5"
    broken.write_text("<html>")
    status, content = told("verify", folder, broken)
    assert status == 1
    assert [row["verdict"] for row in content["files"]] == ["unknown"] * 4 + ["broken"]
    assert "a web page" in content["files"][-1]["detail"]
    assert all(len(row["sha256"]) == 64 for row in content["files"][:4])
    status, _ = told("verify", folder)
    assert status == 0


def test_verify_knows_the_course_s_files(capsys, folder, monkeypatch):
    sha256 = json.loads(
        (
            main(["data", "verify", str(folder / "test_signs.h5"), "--json"]),
            capsys.readouterr().out,
        )[1]
    )["files"][0]["sha256"]
    monkeypatch.setitem(sets.FILES["signs"].sha256, "test_signs.h5", sha256)
    assert main(["data", "verify", str(folder / "test_signs.h5")]) == 0
    assert capsys.readouterr().out.startswith(
        f"known    {folder / 'test_signs.h5'}: the course's test_signs.h5: 120 pictures"
    )


@pytest.mark.parametrize("name", ["nowhere.h5", "."])
def test_verify_of_nothing(capsys, tmp_path, name):
    status = main(["data", "verify", str(tmp_path / name)])
    out, err = capsys.readouterr()
    assert status == 1
    assert "found none" in out + err


def test_fetch_says_what_it_did_and_what_it_cannot_do(told, tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(
        "minidl.cli.sets.fetch",
        lambda known, urls, folder, **settings: (
            calls.append((known.name, urls)) or {folder / "a.h5": "fetched"}
        ),
    )
    status, content = told(
        "fetch",
        "signs",
        "--url",
        "https://a.org/",
        "--url",
        "test_signs.h5=https://b.org/7",
        "--to",
        tmp_path,
    )
    assert status == 0
    assert content == {
        "command": "data fetch",
        "files": {str(tmp_path / "a.h5"): "fetched"},
        "not_fetched": ["train_signs.h5"],
    }
    assert calls == [("hand-sign", ["https://a.org/", "test_signs.h5=https://b.org/7"])]


def test_fetch_leaves_what_is_there_and_right(capsys, folder, monkeypatch):
    pytest.importorskip("pooch")
    content = (folder / "test_signs.h5").read_bytes()
    monkeypatch.setitem(
        sets.FILES["signs"].sha256, "test_signs.h5", hashlib.sha256(content).hexdigest()
    )
    assert main(["data", "fetch", "signs", "--url", "https://192.0.2.1/", "--to", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == f"there already {folder / 'test_signs.h5'}"
    assert (
        out.splitlines()[1]
        == "not fetched: train_signs.h5, whose SHA-256 is not known; put it there yourself"
    )
    assert err == ""


def test_fetch_goes_where_the_loaders_look(tmp_path, monkeypatch):
    from minidl.cli import parser

    monkeypatch.delenv("MINIDL_DATA", raising=False)
    words = ["data", "fetch", "cats", "--url", "https://a.org/"]
    assert parser().parse_args(words).to == Path("datasets")
    monkeypatch.setenv("MINIDL_DATA", str(tmp_path))
    assert parser().parse_args(words).to == tmp_path


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://example.org/", "url must be https"),
        ("https://a.org/train_catvnoncat.h5", "test_catvnoncat.h5=URL"),
    ],
)
def test_fetch_of_a_wrong_address_is_one_line(capsys, tmp_path, url, told):
    pytest.importorskip("pooch")
    assert main(["data", "fetch", "cats", "--url", url, "--to", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line


def test_fetch_needs_an_address(capsys):
    with pytest.raises(SystemExit) as end:
        main(["data", "fetch", "cats"])
    assert end.value.code == 2
    assert "--url" in capsys.readouterr().err


# CSV files

ROWS = "1,2,no\n3,4,yes\n5,6,no\n7,8,yes\n9,1e1,no\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "table.csv"


@pytest.mark.parametrize(
    "text",
    [
        ROWS,
        "x,y,answer\n" + ROWS,
        "\ufeff" + ROWS,
        ROWS.replace("\n", "\r\n"),
        ROWS.replace(",", ";"),
        ROWS.replace(",", "\t"),
        ROWS.replace("no", '"no"'),
        ROWS.replace("\n", "\n\n"),
        ROWS.replace(",", " , "),
    ],
)
def test_numbers_and_classes_are_read(path, text):
    path.write_bytes(text.encode())
    x, labels, classes = read_csv(path)
    assert np.array_equal(x, [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]])
    assert labels.tolist() == [0, 1, 0, 1, 0]
    assert classes == ("no", "yes")


def test_class_numbers_are_in_their_order(path):
    path.write_text("".join(f"1,{k}\n" for k in (10, 9, 2, 10, 2)))
    assert read_csv(path)[2] == ("2", "9", "10")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "must have at least 5 rows, found 0"),
        ("1,a\n", "found 1"),
        ("1\n2\n3\n4\n5\n", "must have numbers and then a class, found one column"),
        (ROWS + "1,2\n", "line 6: must have 2 finite numbers and then a class, found 2 cells"),
        (
            ROWS + "1,x,no\n",
            "line 6: must have 2 finite numbers and then a class, found 'x' in column 2",
        ),
        (
            ROWS + "1,nan,no\n",
            "line 6: must have 2 finite numbers and then a class, found 'nan' in column 2",
        ),
        (
            ROWS + "1,,no\n",
            "line 6: must have 2 finite numbers and then a class, found '' in column 2",
        ),
        (
            ROWS + "1,2,\n",
            "line 6: must have 2 finite numbers and then a class, found '' in column 3",
        ),
        (ROWS.replace("yes", "no"), "found 1 different values"),
        ("".join(f"1,{i / 7}\n" for i in range(200)), "found 200 different values"),
        (ROWS + '1,2,"no\n', "must be a readable CSV file in UTF-8"),
        (b"\xff\xfe" + ROWS.encode("utf-16-le"), "must be a readable CSV file in UTF-8"),
    ],
)
def test_what_is_no_table_is_told_with_its_line(path, text, told):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError) as caught:
        read_csv(path)
    assert str(path) in str(caught.value)
    assert told in str(caught.value)


def test_a_missing_file_is_told(path):
    with pytest.raises(MissingDataError, match="found none"):
        read_csv(path)


def test_a_folder_is_told(tmp_path):
    with pytest.raises(DataError, match="a CSV file must be a regular file, found a folder"):
        read_csv(tmp_path)


def test_an_enormous_file_is_refused(path, monkeypatch):
    path.write_text(ROWS)
    monkeypatch.setattr("minidl.cli.sets.MOST_BYTES", 10)
    with pytest.raises(DataError, match="may have 10 bytes"):
        read_csv(path)
