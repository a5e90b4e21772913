"""`minidl data fetch`."""

import hashlib
from pathlib import Path

import pytest

from minidl.cli import main
from minidl.cli.dataset_options import IMAGE_FILES


def test_fetch_reports_files_fetched_and_not_fetched(run_data, tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(
        "minidl.cli.data_fetch.fetch",
        lambda dataset, urls, folder, **settings: (
            calls.append((dataset.name, urls)) or {folder / "a.h5": "fetched"}
        ),
    )
    status, content = run_data(
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


def test_fetch_keeps_correct_files(capsys, folder, monkeypatch):
    pytest.importorskip("pooch")
    content = (folder / "test_signs.h5").read_bytes()
    monkeypatch.setitem(
        IMAGE_FILES["signs"].sha256, "test_signs.h5", hashlib.sha256(content).hexdigest()
    )
    assert main(["data", "fetch", "signs", "--url", "https://192.0.2.1/", "--to", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == f"there already {folder / 'test_signs.h5'}"
    assert (
        out.splitlines()[1]
        == "not fetched: train_signs.h5, whose SHA-256 is not known; put it there yourself"
    )
    assert err == ""


def test_fetch_writes_where_the_loaders_search(tmp_path, monkeypatch):
    from minidl.cli import make_parser

    monkeypatch.delenv("MINIDL_DATA", raising=False)
    words = ["data", "fetch", "cats", "--url", "https://a.org/"]
    assert make_parser().parse_args(words).to == Path("datasets")
    monkeypatch.setenv("MINIDL_DATA", str(tmp_path))
    assert make_parser().parse_args(words).to == tmp_path


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://example.org/", "url must be https"),
        ("https://a.org/train_catvnoncat.h5", "test_catvnoncat.h5=URL"),
    ],
)
def test_fetch_of_a_wrong_address_is_one_line(capsys, tmp_path, url, message):
    pytest.importorskip("pooch")
    assert main(["data", "fetch", "cats", "--url", url, "--to", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_fetch_needs_an_address(capsys):
    with pytest.raises(SystemExit) as end:
        main(["data", "fetch", "cats"])
    assert end.value.code == 2
    assert "--url" in capsys.readouterr().err
